//! User mood ([XEP-0107](https://xmpp.org/extensions/xep-0107.html)): one of the schema's words, and why. The text is
//! cleaned here, whoever wrote it.

use crate::text;
use crate::xml::{Element, ns};

/// The schema's words (section 3).
pub const VALUES: [&str; 84] = [
    "afraid",
    "amazed",
    "amorous",
    "angry",
    "annoyed",
    "anxious",
    "aroused",
    "ashamed",
    "bored",
    "brave",
    "calm",
    "cautious",
    "cold",
    "confident",
    "confused",
    "contemplative",
    "contented",
    "cranky",
    "crazy",
    "creative",
    "curious",
    "dejected",
    "depressed",
    "disappointed",
    "disgusted",
    "dismayed",
    "distracted",
    "embarrassed",
    "envious",
    "excited",
    "flirtatious",
    "frustrated",
    "grateful",
    "grieving",
    "grumpy",
    "guilty",
    "happy",
    "hopeful",
    "hot",
    "humbled",
    "humiliated",
    "hungry",
    "hurt",
    "impressed",
    "in_awe",
    "in_love",
    "indignant",
    "interested",
    "intoxicated",
    "invincible",
    "jealous",
    "lonely",
    "lost",
    "lucky",
    "mean",
    "moody",
    "nervous",
    "neutral",
    "offended",
    "outraged",
    "playful",
    "proud",
    "relaxed",
    "relieved",
    "remorseful",
    "restless",
    "sad",
    "sarcastic",
    "satisfied",
    "serious",
    "shocked",
    "shy",
    "sick",
    "sleepy",
    "spontaneous",
    "stressed",
    "strong",
    "surprised",
    "thankful",
    "thirsty",
    "tired",
    "undefined",
    "weak",
    "worried",
];

/// A mood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mood {
    /// One of [`VALUES`].
    pub value: &'static str,
    /// In the person's own words, clean.
    pub text: Option<String>,
}

impl Mood {
    /// A mood of the schema; nothing for another word.
    pub fn new(value: &str, text: Option<&str>) -> Option<Self> {
        let value = VALUES.into_iter().find(|known| *known == value)?;
        Some(Self { value, text: text.and_then(|text| text::line(text, text::READ)) })
    }
}

/// The element for a mood, or for none.
pub fn to_element(mood: Option<&Mood>) -> Element {
    let element = Element::new("mood", ns::MOOD);
    let Some(Mood { value, text }) = mood else { return element };
    let text = text.as_ref().map(|text| Element::new("text", ns::MOOD).with_text(text));
    element.with_child(Element::new(value, ns::MOOD)).with_children(text)
}

/// Reads a `<mood/>`: `None` for any other element, `Some(None)` for none, which is also what a word that the schema does
/// not have says. Of several the first counts.
pub fn parse(element: &Element) -> Option<Option<Mood>> {
    if !element.is("mood", ns::MOOD) {
        return None;
    }
    let text = element.child_text("text", ns::MOOD);
    let mut words = element.children().filter(|child| child.namespace() == ns::MOOD);
    Some(words.find_map(|word| Mood::new(word.name(), text.as_deref())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    #[test]
    fn a_mood_is_written_and_reads_back_and_no_mood_is_empty() {
        for value in VALUES {
            let mood = Mood::new(value, Some("Yay, the mood  spec!\u{7}"));
            assert_eq!(parse(&to_element(mood.as_ref())), Some(mood));
        }
        let happy = Mood::new("in_love", Some("a<b"));
        assert_eq!(
            writer::to_string(&to_element(happy.as_ref())),
            "<mood xmlns='http://jabber.org/protocol/mood'><in_love/><text>a&lt;b</text></mood>",
        );
        assert_eq!(writer::to_string(&to_element(None)), "<mood xmlns='http://jabber.org/protocol/mood'/>");
        assert_eq!(Mood::new("splendid", None), None);
    }

    #[test]
    fn what_contacts_send_is_read_leniently_and_bounded() {
        let check = |inside: &str, expected: Option<(&str, Option<&str>)>| {
            let element = testing::element(&format!("<mood xmlns='http://jabber.org/protocol/mood'>{inside}</mood>"));
            let expected = expected.and_then(|(value, text)| Mood::new(value, text));
            assert_eq!(parse(&element), Some(expected), "{inside}");
        };
        check("<text>why</text>", None);
        check("<splendid/><text>why</text>", None);
        check("<splendid/><sad/><happy/>", Some(("sad", None)));
        check("<text> a\n b</text><happy><deep/></happy>", Some(("happy", Some("a b"))));
        check("<happy xmlns='urn:x'/>", None);
        let long = Mood::new("sad", Some(&"x".repeat(10 << 20)));
        assert_eq!(long.and_then(|mood| mood.text).map(|text| text.len()), Some(4096));
        assert_eq!(parse(&Element::new("mood", ns::CLIENT)), None);
    }
}
