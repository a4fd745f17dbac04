//! Copies of what other clients of ours send and receive ([XEP-0280](https://xmpp.org/extensions/xep-0280.html)).
//! Anyone can write these: whether the sender is to be believed is the account's decision (S38).

use super::Message;
use crate::xml::{Element, ns};

/// A copy, taken out of its wrapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carbon {
    /// Another client of ours sent it; else it was sent to us.
    pub sent: bool,
    /// The message itself; none when the wrapping holds nothing that is one, or another copy.
    pub message: Option<Box<Message>>,
}

impl Carbon {
    /// Finds a copy among a message's payloads.
    pub fn find(payloads: &[Element]) -> Option<Self> {
        let wrapping = payloads.iter().find(|payload| is_wrapping(payload))?;
        let inner = wrapping.child("forwarded", ns::FORWARD).and_then(|inner| inner.child("message", ns::CLIENT));
        let message = inner.map(|inner| Message::parse(inner.clone()));
        let message = message.filter(|message| !message.payloads.iter().any(is_wrapping)).map(Box::new);
        Some(Self { sent: wrapping.name() == "sent", message })
    }
}

/// Asks for copies.
pub fn enable() -> Element {
    Element::new("enable", ns::CARBONS)
}

fn is_wrapping(payload: &Element) -> bool {
    payload.namespace() == ns::CARBONS && matches!(payload.name(), "sent" | "received")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::testing;

    #[test]
    fn a_copy_is_taken_out_of_its_wrapping() {
        let check = |inside: &str, expected: Option<(bool, Option<&str>)>| {
            let text = format!("<message xmlns='jabber:client'>{inside}</message>");
            let found = Carbon::find(&Message::parse(testing::element(&text)).payloads);
            let found = found.map(|carbon| (carbon.sent, carbon.message.and_then(|message| message.body)));
            assert_eq!(found, expected.map(|(sent, body)| (sent, body.map(str::to_owned))), "{inside}");
        };
        let wrapped = |name: &str, inside: &str| {
            format!(
                "<{name} xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>{inside}</forwarded></{name}>"
            )
        };
        let message = |inside: &str| format!("<message xmlns='jabber:client'>{inside}</message>");
        let plain = message("<body>x</body>");
        check(&wrapped("sent", &plain), Some((true, Some("x"))));
        check(&wrapped("received", &plain), Some((false, Some("x"))));
        check(&wrapped("private", &plain), None);
        check(&wrapped("sent", ""), Some((true, None)));
        check(&wrapped("sent", "<message xmlns='jabber:server'><body>x</body></message>"), Some((true, None)));
        let nested = message(&format!("<body>x</body>{}", wrapped("sent", &plain)));
        check(&wrapped("received", &nested), Some((false, None)));
        check("<body>x</body>", None);
    }
}
