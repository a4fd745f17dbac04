//! User activity ([XEP-0108](https://xmpp.org/extensions/xep-0108.html)): a general word of the schema, a specific one
//! where there is one, and why. The text is cleaned here, whoever wrote it.

use crate::text;
use crate::xml::{Element, ns};

/// The schema's words: each general one with its specific ones (section 4). Every general one may be `other`, too.
pub const VALUES: [(&str, &[&str]); 12] = [
    (
        "doing_chores",
        &[
            "buying_groceries",
            "cleaning",
            "cooking",
            "doing_maintenance",
            "doing_the_dishes",
            "doing_the_laundry",
            "gardening",
            "running_an_errand",
            "walking_the_dog",
        ],
    ),
    ("drinking", &["having_a_beer", "having_coffee", "having_tea"]),
    ("eating", &["having_a_snack", "having_breakfast", "having_dinner", "having_lunch"]),
    (
        "exercising",
        &["cycling", "dancing", "hiking", "jogging", "playing_sports", "running", "skiing", "swimming", "working_out"],
    ),
    ("grooming", &["at_the_spa", "brushing_teeth", "getting_a_haircut", "shaving", "taking_a_bath", "taking_a_shower"]),
    ("having_appointment", &[]),
    (
        "inactive",
        &["day_off", "hanging_out", "hiding", "on_vacation", "praying", "scheduled_holiday", "sleeping", "thinking"],
    ),
    (
        "relaxing",
        &[
            "fishing",
            "gaming",
            "going_out",
            "partying",
            "reading",
            "rehearsing",
            "shopping",
            "smoking",
            "socializing",
            "sunbathing",
            "watching_a_movie",
            "watching_tv",
        ],
    ),
    ("talking", &["in_real_life", "on_the_phone", "on_video_phone"]),
    (
        "traveling",
        &[
            "commuting",
            "cycling",
            "driving",
            "in_a_car",
            "on_a_bus",
            "on_a_plane",
            "on_a_train",
            "on_a_trip",
            "walking",
        ],
    ),
    ("undefined", &[]),
    ("working", &["coding", "in_a_meeting", "studying", "writing"]),
];

/// The specific word of every general one.
const OTHER: &str = "other";

/// An activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// One of [`VALUES`].
    pub general: &'static str,
    /// One of those beside it.
    pub specific: Option<&'static str>,
    /// In the person's own words, clean.
    pub text: Option<String>,
}

impl Activity {
    /// An activity of the schema; nothing for other words.
    pub fn new(general: &str, specific: Option<&str>, text: Option<&str>) -> Option<Self> {
        let (general, words) = VALUES.into_iter().find(|(known, _)| *known == general)?;
        let specific = match specific {
            Some(word) => Some(words.iter().copied().chain([OTHER]).find(|known| *known == word)?),
            None => None,
        };
        Some(Self { general, specific, text: text.and_then(|text| text::line(text, text::READ)) })
    }
}

/// The element for an activity, or for none.
pub fn to_element(activity: Option<&Activity>) -> Element {
    let element = Element::new("activity", ns::ACTIVITY);
    let Some(Activity { general, specific, text }) = activity else { return element };
    let specific = specific.map(|specific| Element::new(specific, ns::ACTIVITY));
    let text = text.as_ref().map(|text| Element::new("text", ns::ACTIVITY).with_text(text));
    element.with_child(Element::new(general, ns::ACTIVITY).with_children(specific)).with_children(text)
}

/// Reads an `<activity/>`: `None` for any other element, `Some(None)` for none, which is also what a general word that the
/// schema does not have says. A specific word that it does not have is left out (section 2).
pub fn parse(element: &Element) -> Option<Option<Activity>> {
    if !element.is("activity", ns::ACTIVITY) {
        return None;
    }
    let text = element.child_text("text", ns::ACTIVITY);
    let mut words = element.children().filter(|child| child.namespace() == ns::ACTIVITY);
    Some(words.find_map(|word| {
        let specific = word.children().find(|child| child.namespace() == ns::ACTIVITY).map(Element::name);
        Activity::new(word.name(), specific, text.as_deref())
            .or_else(|| Activity::new(word.name(), None, text.as_deref()))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    #[test]
    fn an_activity_is_written_and_reads_back_and_none_is_empty() {
        for (general, specifics) in VALUES {
            for specific in specifics.iter().copied().map(Some).chain([None, Some(OTHER)]) {
                let activity = Activity::new(general, specific, Some("My nurse's birthday!"));
                assert!(activity.is_some(), "{general}/{specific:?}");
                assert_eq!(parse(&to_element(activity.as_ref())), Some(activity));
            }
        }
        let partying = Activity::new("relaxing", Some("partying"), None);
        assert_eq!(
            writer::to_string(&to_element(partying.as_ref())),
            "<activity xmlns='http://jabber.org/protocol/activity'><relaxing><partying/></relaxing></activity>",
        );
        assert_eq!(writer::to_string(&to_element(None)), "<activity xmlns='http://jabber.org/protocol/activity'/>");
        assert_eq!(Activity::new("relaxing", Some("coding"), None), None);
        assert_eq!(Activity::new("loafing", None, None), None);
    }

    #[test]
    fn what_contacts_send_is_read_leniently() {
        let check = |inside: &str, expected: Option<(&str, Option<&str>, Option<&str>)>| {
            let element =
                testing::element(&format!("<activity xmlns='http://jabber.org/protocol/activity'>{inside}</activity>"));
            let expected = expected.and_then(|(general, specific, text)| Activity::new(general, specific, text));
            assert_eq!(parse(&element), Some(expected), "{inside}");
        };
        check("<text>why</text>", None);
        check("<loafing/>", None);
        check("<working><napping/></working><text> a\tb</text>", Some(("working", None, Some("a b"))));
        check("<working><napping xmlns='urn:x'/><coding/></working>", Some(("working", Some("coding"), None)));
        check("<loafing/><eating/>", Some(("eating", None, None)));
        assert_eq!(parse(&Element::new("activity", ns::CLIENT)), None);
    }
}
