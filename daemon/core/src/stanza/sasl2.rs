//! The login in one exchange on the wire: extensible SASL ([XEP-0388](https://xmpp.org/extensions/xep-0388.html)) with
//! binding ([XEP-0386](https://xmpp.org/extensions/xep-0386.html)), tokens
//! ([XEP-0484](https://xmpp.org/extensions/xep-0484.html)) and stream management inside. Which parts to ask for, and
//! what the answer means for a session, is the login's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jid::Jid;

use super::datetime;
use super::management::Management;
use super::sasl::{Condition, condition};
use crate::secret::Secret;
use crate::stream::features::ConfigVersion;
use crate::time::Wall;
use crate::xml::{Element, ns};

/// Everything that is asked for at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticate<'a> {
    /// The mechanism.
    pub mechanism: &'a str,
    /// Its first message.
    pub initial: &'a [u8],
    /// This installation's UUID.
    pub user_agent: &'a str,
    /// The program's name.
    pub software: &'a str,
    /// The login is by a token, used for the so manieth time.
    pub token_use: Option<u64>,
    /// Ask for a token of this mechanism.
    pub token_request: Option<&'a str>,
    /// Go on with a session if there still is one (XEP-0198).
    pub resume: Option<Element>,
    /// Else begin a session, with these parts in it.
    pub bind: Option<Bind<'a>>,
    /// The offer that this rests on, when it is not of this stream
    /// ([XEP-0509](https://xmpp.org/extensions/xep-0509.html)).
    pub config_version: Option<&'a ConfigVersion>,
}

/// What a new session is to have from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind<'a> {
    /// What the resource's name begins with.
    pub tag: &'a str,
    /// Parts to enable.
    pub inline: Vec<Element>,
}

impl Authenticate<'_> {
    /// The element to send.
    pub fn to_element(&self) -> Element {
        let software = Element::new("software", ns::SASL2).with_text(self.software);
        let user_agent = Element::new("user-agent", ns::SASL2).with_attr("id", self.user_agent).with_child(software);
        let token_use =
            self.token_use.map(|count| Element::new("fast", ns::FAST).with_attr("count", count.to_string()));
        let token_request =
            self.token_request.map(|name| Element::new("request-token", ns::FAST).with_attr("mechanism", name));
        let bind = self.bind.as_ref().map(|bind| {
            let tag = Element::new("tag", ns::BIND2).with_text(bind.tag);
            Element::new("bind", ns::BIND2).with_child(tag).with_children(bind.inline.iter().cloned())
        });
        Element::new("authenticate", ns::SASL2)
            .with_attr("mechanism", self.mechanism)
            .with_child(data("initial-response", self.initial))
            .with_child(user_agent)
            .with_children(token_use)
            .with_children(token_request)
            .with_children(self.resume.clone())
            .with_children(bind)
            .with_children(self.config_version.map(ConfigVersion::to_element))
    }
}

/// Answers a challenge.
pub fn response(message: &[u8]) -> Element {
    data("response", message)
}

/// Gives up.
pub fn abort() -> Element {
    Element::new("abort", ns::SASL2)
}

/// What the server says during a login.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Goes on.
    Challenge(Vec<u8>),
    /// Says yes.
    Success(Box<Success>),
    /// Says no; nothing that was asked for inside was done, and the stream can be used for another try.
    Failure {
        /// Why; `NotAuthorized` when nothing is given.
        condition: Condition,
        /// A text for people.
        text: Option<String>,
        /// The request was not looked at, because it rests on an offer of before (XEP-0509 section 2.2).
        outdated: bool,
    },
    /// Wants something done before it says yes.
    Continue,
    /// Its data is not base64.
    Undecodable,
}

/// A login that worked, and what it brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Success {
    /// The mechanism's last message; empty when there is none.
    pub proof: Vec<u8>,
    /// Who we are now: bare, or full when bound.
    pub identity: Option<Jid>,
    /// A token for the next login.
    pub token: Option<IssuedToken>,
    /// What became of stream management, outside a new session.
    pub management: Option<Management>,
    /// The new session, when one was bound.
    pub bound: Option<Bound>,
}

/// A token as it is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedToken {
    /// As text, to be used as it is.
    pub secret: Secret,
    /// When it lapses, if that is known.
    pub expiry: Option<Wall>,
}

/// A new session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bound {
    /// What became of stream management in it.
    pub management: Option<Management>,
}

impl Answer {
    /// Reads one of these; `None` for any other element.
    pub fn parse(element: &Element) -> Option<Self> {
        if element.namespace() != ns::SASL2 {
            return None;
        }
        match element.name() {
            "challenge" => Some(decode(Some(element)).map_or(Self::Undecodable, Self::Challenge)),
            "success" => {
                Some(Success::parse(element).map_or(Self::Undecodable, |success| Self::Success(Box::new(success))))
            }
            "failure" => {
                let text = element.children().find(|child| child.name() == "text").map(Element::text);
                let outdated = element.child("config-version-mismatch", ns::IAP).is_some();
                Some(Self::Failure { condition: condition(element), text, outdated })
            }
            "continue" => Some(Self::Continue),
            _ => None,
        }
    }
}

impl Success {
    fn parse(element: &Element) -> Option<Self> {
        let identity = element.child_text("authorization-identifier", ns::SASL2);
        let token = element.child("token", ns::FAST).and_then(|token| {
            let secret = token.attr("token").filter(|secret| !secret.is_empty())?;
            Some(IssuedToken {
                secret: Secret::new(secret.to_owned()),
                expiry: token.attr("expiry").and_then(datetime::parse),
            })
        });
        Some(Self {
            proof: decode(element.child("additional-data", ns::SASL2))?,
            identity: identity.and_then(|jid| Jid::new(jid.trim()).ok()),
            token,
            management: element.children().find_map(Management::parse),
            bound: element
                .child("bound", ns::BIND2)
                .map(|bound| Bound { management: bound.children().find_map(Management::parse) }),
        })
    }
}

fn data(name: &'static str, data: &[u8]) -> Element {
    let element = Element::new(name, ns::SASL2);
    if data.is_empty() { element } else { element.with_text(STANDARD.encode(data)) }
}

/// The data inside; none for an absent element.
fn decode(element: Option<&Element>) -> Option<Vec<u8>> {
    STANDARD.decode(element.map(Element::text).unwrap_or_default().trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    #[test]
    fn everything_is_asked_for_in_one_element() {
        let authenticate = Authenticate {
            mechanism: "HT-SHA-256-EXPR",
            initial: b"mira\0x",
            user_agent: "6f3c1d1e-2f0a-4f0b-9a86-0d5b6a1c7e42",
            software: "xmppd",
            token_use: Some(7),
            token_request: None,
            resume: Some(super::super::management::resume("sm-81f", 42)),
            bind: Some(Bind { tag: "xmppd", inline: vec![Element::new("enable", ns::CARBONS)] }),
            config_version: Some(&ConfigVersion { scheme: Some("opaque".into()), value: "cfg-41".into() }),
        };
        let expected = "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-EXPR'>\
            <initial-response>bWlyYQB4</initial-response>\
            <user-agent id='6f3c1d1e-2f0a-4f0b-9a86-0d5b6a1c7e42'><software>xmppd</software></user-agent>\
            <fast xmlns='urn:xmpp:fast:0' count='7'/><resume xmlns='urn:xmpp:sm:3' h='42' previd='sm-81f'/>\
            <bind xmlns='urn:xmpp:bind:0'><tag>xmppd</tag><enable xmlns='urn:xmpp:carbons:2'/></bind>\
            <config-version xmlns='urn:xmpp:iap:0' scheme='opaque' value='cfg-41'/></authenticate>";
        assert_eq!(authenticate.to_element(), testing::element(expected));
    }

    #[test]
    fn the_parts_of_a_success_are_found_in_any_order() {
        let parts = [
            "<additional-data>dj1YWA==</additional-data>",
            "<authorization-identifier>mira@heron.example/xmppd.1</authorization-identifier>",
            "<token xmlns='urn:xmpp:fast:0' token='secret' expiry='2026-03-01T10:00:00Z'/>",
            "<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:carbons:2'/>\
             <enabled xmlns='urn:xmpp:sm:3' id='a' resume='1'/></bound>",
            "<failed xmlns='urn:xmpp:sm:3' h='3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
        ];
        let read = |parts: &[&str]| {
            let text = format!("<success xmlns='urn:xmpp:sasl:2'>{}</success>", parts.concat());
            Answer::parse(&testing::element(&text))
        };
        let Some(Answer::Success(success)) = read(&parts) else { panic!("no success") };
        assert_eq!(success.proof, b"v=XX");
        assert_eq!(success.identity, Jid::new("mira@heron.example/xmppd.1").ok());
        assert_eq!(success.token.as_ref().map(|token| token.secret.reveal()), Some("secret"));
        assert!(matches!(success.management, Some(Management::Failed { h: Some(3), .. })));
        let bound = success.bound.as_ref().and_then(|bound| bound.management.as_ref());
        assert!(matches!(bound, Some(Management::Enabled { resume_by: Some(_), .. })));
        let mut turned = parts;
        turned.reverse();
        assert_eq!(read(&turned), Some(Answer::Success(success)));
        assert_eq!(read(&["<additional-data>?</additional-data>"]), Some(Answer::Undecodable));
    }

    #[test]
    fn other_answers_are_told_apart() {
        let read = |text: &str| Answer::parse(&testing::element(text));
        let failure = "<failure xmlns='urn:xmpp:sasl:2'><credentials-expired \
            xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/><text>old</text></failure>";
        let (condition, text) = (Condition::CredentialsExpired, Some("old".into()));
        let expected = Answer::Failure { condition, text, outdated: false };
        assert_eq!(read(failure), Some(expected));
        assert_eq!(read("<challenge xmlns='urn:xmpp:sasl:2'>cj0=</challenge>"), Some(Answer::Challenge(b"r=".into())));
        assert_eq!(read("<continue xmlns='urn:xmpp:sasl:2'/>"), Some(Answer::Continue));
        assert_eq!(read("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"), None);
        assert_eq!(writer::to_string(&response(b"")), "<response xmlns='urn:xmpp:sasl:2'/>");
    }
}
