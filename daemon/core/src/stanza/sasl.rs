//! SASL's first profile on the wire ([RFC 6120 section 6](https://www.rfc-editor.org/rfc/rfc6120#section-6)).
//! What the mechanisms say, and whether a success is believed, is [`crate::sasl`]'s.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::conditions::conditions;
use crate::xml::{Element, ns};

conditions! {
    /// Why a login failed (RFC 6120 section 6.5).
    Condition or "not-authorized" {
        /// We gave up.
        Aborted = "aborted",
        /// The account exists and may not be used.
        AccountDisabled = "account-disabled",
        /// The password or token is too old.
        CredentialsExpired = "credentials-expired",
        /// The mechanism needs TLS.
        EncryptionRequired = "encryption-required",
        /// What we sent was not base64.
        IncorrectEncoding = "incorrect-encoding",
        /// We may not act for that address.
        InvalidAuthzid = "invalid-authzid",
        /// No such mechanism.
        InvalidMechanism = "invalid-mechanism",
        /// What we sent cannot be read.
        MalformedRequest = "malformed-request",
        /// The mechanism is too weak for this account.
        MechanismTooWeak = "mechanism-too-weak",
        /// Wrong name or password; also said of everything a server does not want to explain.
        NotAuthorized = "not-authorized",
        /// Not now.
        TemporaryAuthFailure = "temporary-auth-failure",
    }
}

/// What the server says during a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Goes on.
    Challenge(Vec<u8>),
    /// Says yes; what it proves is in the data.
    Success(Vec<u8>),
    /// Says no.
    Failure {
        /// Why; `NotAuthorized` when nothing is given.
        condition: Condition,
        /// A text for people.
        text: Option<String>,
    },
    /// Its data is not base64.
    Undecodable,
}

impl Answer {
    /// Reads one of these; `None` for any other element.
    pub fn parse(element: &Element) -> Option<Self> {
        if element.namespace() != ns::SASL {
            return None;
        }
        match element.name() {
            "challenge" => Some(decode(element).map_or(Self::Undecodable, Self::Challenge)),
            "success" => Some(decode(element).map_or(Self::Undecodable, Self::Success)),
            "failure" => {
                Some(Self::Failure { condition: condition(element), text: element.child_text("text", ns::SASL) })
            }
            _ => None,
        }
    }
}

/// Begins a login; `None` is no initial response, an empty one is written as `=`.
pub fn auth(mechanism: &str, initial_response: Option<&[u8]>) -> Element {
    let element = Element::new("auth", ns::SASL).with_attr("mechanism", mechanism);
    match initial_response {
        None => element,
        Some([]) => element.with_text("="),
        Some(data) => element.with_text(STANDARD.encode(data)),
    }
}

/// Answers a challenge.
pub fn response(data: &[u8]) -> Element {
    let element = Element::new("response", ns::SASL);
    if data.is_empty() { element } else { element.with_text(STANDARD.encode(data)) }
}

/// Gives up.
pub fn abort() -> Element {
    Element::new("abort", ns::SASL)
}

fn decode(element: &Element) -> Option<Vec<u8>> {
    match element.text().trim() {
        "=" => Some(Vec::new()),
        text => STANDARD.decode(text).ok(),
    }
}

/// The first child other than the text, one in the right namespace before others: servers get it wrong.
pub(super) fn condition(failure: &Element) -> Condition {
    let all = || failure.children().filter(|child| child.name() != "text");
    let found = all().find(|child| child.namespace() == ns::SASL).or_else(|| all().next());
    found.map_or(Condition::NotAuthorized, |child| Condition::from_name(child.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    #[test]
    fn the_servers_answers_are_read() {
        let check = |name: &str, inside: &str, expected: Option<Answer>| {
            let text = format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{inside}</{name}>");
            assert_eq!(Answer::parse(&testing::element(&text)), expected, "{text}");
        };
        let failure =
            |condition, text: Option<&str>| Some(Answer::Failure { condition, text: text.map(str::to_owned) });
        check("challenge", " cj1h\n", Some(Answer::Challenge(b"r=a".to_vec())));
        check("challenge", "", Some(Answer::Challenge(Vec::new())));
        check("challenge", "=", Some(Answer::Challenge(Vec::new())));
        check("challenge", "cj1", Some(Answer::Undecodable));
        check("success", "dj1h", Some(Answer::Success(b"v=a".to_vec())));
        check("success", "", Some(Answer::Success(Vec::new())));
        check("success", "(none)", Some(Answer::Undecodable));
        check("failure", "", failure(Condition::NotAuthorized, None));
        check("failure", "<text>No</text><account-disabled/>", failure(Condition::AccountDisabled, Some("No")));
        check("failure", "<aborted xmlns='urn:x'/>", failure(Condition::Aborted, None));
        check("failure", "<x xmlns='urn:x'/><credentials-expired/>", failure(Condition::CredentialsExpired, None));
        check("failure", "<bad-luck/>", failure(Condition::Unknown("bad-luck".to_owned()), None));
        check("mechanisms", "", None);
        assert_eq!(Answer::parse(&Element::new("success", ns::SASL2)), None);
    }

    #[test]
    fn what_we_send_is_written() {
        let check = |element: Element, expected: &str| {
            let text = writer::to_string(&element).replace(" xmlns='urn:ietf:params:xml:ns:xmpp-sasl'", "");
            assert_eq!(text, expected);
        };
        check(auth("EXTERNAL", None), "<auth mechanism='EXTERNAL'/>");
        check(auth("EXTERNAL", Some(b"")), "<auth mechanism='EXTERNAL'>=</auth>");
        check(auth("SCRAM-SHA-1", Some(b"n,,")), "<auth mechanism='SCRAM-SHA-1'>biws</auth>");
        check(response(b""), "<response/>");
        check(response(b"c=biws"), "<response>Yz1iaXdz</response>");
        check(abort(), "<abort/>");
    }
}
