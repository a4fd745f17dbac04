//! The elements of stream management ([XEP-0198](https://xmpp.org/extensions/xep-0198.html)). Counting, and keeping
//! what is not acknowledged, is [`crate::management`]'s.

use std::time::Duration;

use super::error::Condition;
use crate::xml::{Element, ns};

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Management {
    /// Counting has begun.
    Enabled {
        /// The name to resume by; `None` when the session cannot be resumed.
        resume_by: Option<String>,
        /// How long it can be resumed.
        max: Option<Duration>,
        /// Where to resume it.
        location: Option<String>,
    },
    /// The session goes on.
    Resumed {
        /// The name it was resumed by.
        previd: String,
        /// How many of our stanzas the server has handled.
        h: u32,
    },
    /// Not enabled, or not resumed.
    Failed {
        /// How many of our stanzas the server had handled.
        h: Option<u32>,
        /// Why; `UndefinedCondition` when none is given.
        condition: Condition,
    },
    /// Asks how many stanzas we have handled.
    Request,
    /// Tells how many of our stanzas the server has handled.
    Ack {
        /// That number, modulo 2^32.
        h: u32,
    },
}

impl Management {
    /// Reads one of these; `None` for any other element, and for one that lacks what it is there to tell.
    pub fn parse(element: &Element) -> Option<Self> {
        if element.namespace() != ns::SM {
            return None;
        }
        let text = |name| element.attr(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let h = element.attr("h").and_then(|h| h.trim().parse().ok());
        match element.name() {
            "enabled" => Some(Self::Enabled {
                resume_by: text("id").filter(|_| matches!(element.attr("resume"), Some("true" | "1"))),
                max: text("max").and_then(|max| max.trim().parse().ok()).map(Duration::from_secs),
                location: text("location"),
            }),
            "resumed" => Some(Self::Resumed { previd: text("previd")?, h: h? }),
            "failed" => Some(Self::Failed { h, condition: condition(element) }),
            "r" => Some(Self::Request),
            "a" => Some(Self::Ack { h: h? }),
            _ => None,
        }
    }
}

/// Asks to begin counting, and for how long the session may be resumed; `None` asks for no resumption.
pub fn enable(resume_for: Option<Duration>) -> Element {
    Element::new("enable", ns::SM)
        .with_optional_attr("resume", resume_for.map(|_| "true"))
        .with_optional_attr("max", resume_for.map(|max| max.as_secs().to_string()))
}

/// Asks to go on with a session, having handled `h` of its stanzas.
pub fn resume(previd: &str, h: u32) -> Element {
    Element::new("resume", ns::SM).with_attr("previd", previd).with_attr("h", h.to_string())
}

/// Asks how many stanzas the server has handled.
pub fn request() -> Element {
    Element::new("r", ns::SM)
}

/// Tells how many stanzas we have handled.
pub fn ack(h: u32) -> Element {
    Element::new("a", ns::SM).with_attr("h", h.to_string())
}

/// Some servers wrap the condition into an `<error/>`.
fn condition(failed: &Element) -> Condition {
    let wrapped = failed.children().filter(|child| child.name() == "error").flat_map(Element::children);
    let found =
        failed.children().chain(wrapped).find(|child| child.namespace() == ns::STANZA_ERRORS && child.name() != "text");
    found.map_or(Condition::UndefinedCondition, |child| Condition::from_name(child.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    fn check(text: &str, expected: Option<Management>) {
        let (name, rest) = text.split_once([' ', '/', '>']).unwrap_or((text, ""));
        let separator = text.as_bytes().get(name.len()).map_or(' ', |byte| char::from(*byte));
        let element = testing::element(&format!("{name} xmlns='urn:xmpp:sm:3'{separator}{rest}"));
        assert_eq!(Management::parse(&element), expected, "{text}");
    }

    #[test]
    fn answers_to_enable_are_read() {
        let enabled = |resume_by: Option<&str>, max: Option<u64>, location: Option<&str>| {
            Some(Management::Enabled {
                resume_by: resume_by.map(str::to_owned),
                max: max.map(Duration::from_secs),
                location: location.map(str::to_owned),
            })
        };
        check("<enabled id='a' resume='1' max='600'/>", enabled(Some("a"), Some(600), None));
        check("<enabled id='a' resume='true' location='[::1]:5'/>", enabled(Some("a"), None, Some("[::1]:5")));
        check("<enabled id='a' resume='false' max='soon'/>", enabled(None, None, None));
        check("<enabled resume='true'/>", enabled(None, None, None));
    }

    #[test]
    fn both_forms_of_failed_are_read() {
        let stanzas = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";
        let failed = |h, condition| Some(Management::Failed { h, condition });
        check(&format!("<failed><item-not-found {stanzas}/></failed>"), failed(None, Condition::ItemNotFound));
        check(
            &format!("<failed h='2'><text {stanzas}>x</text><unexpected-request {stanzas}/></failed>"),
            failed(Some(2), Condition::UnexpectedRequest),
        );
        for xmlns in ["", " xmlns='jabber:client'"] {
            let inside = format!("<error{xmlns} type='cancel'><item-not-found {stanzas}/></error>");
            check(&format!("<failed>{inside}</failed>"), failed(None, Condition::ItemNotFound));
        }
        check("<failed h='many'/>", failed(None, Condition::UndefinedCondition));
    }

    #[test]
    fn counts_are_read_and_nonsense_is_none() {
        check("<r/>", Some(Management::Request));
        check("<a h='4294967295'/>", Some(Management::Ack { h: u32::MAX }));
        check("<a h='4294967296'/>", None);
        check("<a h='-1'/>", None);
        check("<a/>", None);
        check("<resumed previd='p' h='0'/>", Some(Management::Resumed { previd: "p".to_owned(), h: 0 }));
        check("<resumed h='0'/>", None);
        check("<resumed previd='p'/>", None);
        check("<unheard-of/>", None);
        assert_eq!(Management::parse(&Element::new("r", "urn:xmpp:sm:2")), None);
    }

    #[test]
    fn what_we_send_is_written() {
        let check = |element: Element, expected: &str| assert_eq!(writer::to_string(&element), expected);
        check(enable(None), "<enable xmlns='urn:xmpp:sm:3'/>");
        check(enable(Some(Duration::from_secs(600))), "<enable xmlns='urn:xmpp:sm:3' max='600' resume='true'/>");
        check(resume("p", 7), "<resume xmlns='urn:xmpp:sm:3' h='7' previd='p'/>");
        check(request(), "<r xmlns='urn:xmpp:sm:3'/>");
        check(ack(u32::MAX), "<a xmlns='urn:xmpp:sm:3' h='4294967295'/>");
    }
}
