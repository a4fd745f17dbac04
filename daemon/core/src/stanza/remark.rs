//! What a message says of another one, in place of a text or beside it: markers
//! ([XEP-0333](https://xmpp.org/extensions/xep-0333.html)), corrections
//! ([XEP-0308](https://xmpp.org/extensions/xep-0308.html)), retractions
//! ([XEP-0424](https://xmpp.org/extensions/xep-0424.html)), reactions
//! ([XEP-0444](https://xmpp.org/extensions/xep-0444.html)), replies
//! ([XEP-0461](https://xmpp.org/extensions/xep-0461.html)); receipts are [`super::receipts`]'s. Anyone can write these:
//! whether the sender may say so is the account's decision (S44).

use super::Message;
use super::receipts::Receipt;
use crate::text;
use crate::xml::{Element, ns};

/// So many reactions of one person's to one message are read.
const REACTIONS: usize = 20;
/// One of them is an emoji, which may be made of several code points.
const EMOJI: text::Limit = text::Limit::CodePoints(32);
/// As many bytes as an id may have.
const LONGEST: usize = 256;

/// What a message without a text of its own says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The message with this id has arrived.
    Received(String),
    /// The messages up to the one with this id were seen.
    Displayed(String),
    /// The reactions of the sender to the message with this id, all of them.
    Reactions(String, Vec<String>),
    /// The sender takes the message with this id back.
    Retraction(String),
}

impl Remark {
    /// Finds it. What stands in for a retraction or a reaction in programs that do not know them is no text.
    pub fn find(message: &Message) -> Option<Self> {
        if let Some(retract) = message.payload("retract", ns::RETRACT) {
            return id_of(retract).map(Self::Retraction);
        }
        if let Some(reactions) = message.payload("reactions", ns::REACTIONS) {
            return Some(Self::Reactions(id_of(reactions)?, emojis(reactions)));
        }
        if message.body.is_some() {
            return None;
        }
        if let Some(Receipt::Received { id }) = Receipt::of(message) {
            return is_id(&id).then_some(Self::Received(id));
        }
        message.payload("displayed", ns::CHAT_MARKERS).and_then(id_of).map(Self::Displayed)
    }

    /// The same, about the message with this id.
    pub fn about_instead(self, id: String) -> Self {
        match self {
            Self::Received(_) => Self::Received(id),
            Self::Displayed(_) => Self::Displayed(id),
            Self::Reactions(_, emojis) => Self::Reactions(id, emojis),
            Self::Retraction(_) => Self::Retraction(id),
        }
    }

    /// Which message it is about.
    pub fn about(&self) -> &str {
        match self {
            Self::Received(id) | Self::Displayed(id) | Self::Reactions(id, _) | Self::Retraction(id) => id,
        }
    }
}

/// Which message of the sender's this one takes the place of.
pub fn replaces(message: &Message) -> Option<String> {
    message.payload("replace", ns::CORRECT).and_then(id_of)
}

/// What says that a message takes the place of the one with this id.
pub fn replace(id: &str) -> Element {
    Element::new("replace", ns::CORRECT).with_attr("id", id)
}

/// Which message this one answers.
pub fn reply_to(message: &Message) -> Option<String> {
    message.payload("reply", ns::REPLY).and_then(id_of)
}

/// Whether the sender wants to know when it was seen.
pub fn is_markable(message: &Message) -> bool {
    message.id.is_some() && message.payload("markable", ns::CHAT_MARKERS).is_some()
}

/// The messages up to the one with this id were seen.
pub fn displayed(id: &str) -> Element {
    Element::new("displayed", ns::CHAT_MARKERS).with_attr("id", id)
}

fn id_of(element: &Element) -> Option<String> {
    element.attr("id").filter(|id| is_id(id)).map(str::to_owned)
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST
}

fn emojis(reactions: &Element) -> Vec<String> {
    let texts = reactions.children().filter(|child| child.is("reaction", ns::REACTIONS)).map(Element::text);
    let mut emojis: Vec<String> = Vec::new();
    for emoji in texts.filter_map(|text| text::line(&text, EMOJI)).take(REACTIONS) {
        if !emojis.contains(&emoji) {
            emojis.push(emoji);
        }
    }
    emojis
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::testing;

    fn message(inside: &str) -> Message {
        Message::parse(testing::element(&format!("<message xmlns='jabber:client' id='m'>{inside}</message>")))
    }

    #[test]
    fn a_remark_is_found_beside_what_stands_in_for_it() {
        let check = |inside: &str, expected: Option<Remark>| {
            assert_eq!(Remark::find(&message(inside)), expected, "{inside}");
        };
        let id = || "1".to_owned();
        let retract = "<retract xmlns='urn:xmpp:message-retract:1' id='1'/>";
        check(retract, Some(Remark::Retraction(id())));
        check(&format!("{retract}<body>I take it back</body>"), Some(Remark::Retraction(id())));
        check("<retract xmlns='urn:xmpp:message-retract:1'/>", None);
        let reactions = "<reactions xmlns='urn:xmpp:reactions:0' id='1'>";
        let both =
            format!("{reactions}<reaction>♥</reaction><reaction> ♥\n</reaction><reaction>👍</reaction></reactions>");
        check(&both, Some(Remark::Reactions(id(), vec!["♥".into(), "👍".into()])));
        check(&format!("{reactions}</reactions>"), Some(Remark::Reactions(id(), vec![])));
        check("<received xmlns='urn:xmpp:receipts' id='1'/>", Some(Remark::Received(id())));
        check("<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", Some(Remark::Displayed(id())));
        check("<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/><body>x</body>", None);
        check(&format!("<displayed xmlns='urn:xmpp:chat-markers:0' id='{}'/>", "x".repeat(257)), None);
        check("<displayed xmlns='urn:xmpp:chat-markers:0'/>", None);
        check("<body>x</body>", None);
    }

    #[test]
    fn what_a_text_says_of_another_is_found() {
        let check = |inside: &str, found: (Option<&str>, Option<&str>, bool)| {
            let message = message(inside);
            let (replaces, reply_to) = (replaces(&message), reply_to(&message));
            assert_eq!((replaces.as_deref(), reply_to.as_deref(), is_markable(&message)), found, "{inside}");
        };
        check("<replace xmlns='urn:xmpp:message-correct:0' id='1'/>", (Some("1"), None, false));
        check("<reply xmlns='urn:xmpp:reply:0' to='a@b' id='1'/>", (None, Some("1"), false));
        check("<markable xmlns='urn:xmpp:chat-markers:0'/>", (None, None, true));
        check("<replace xmlns='urn:xmpp:message-correct:0' id=''/><reply id='1'/>", (None, None, false));
    }
}
