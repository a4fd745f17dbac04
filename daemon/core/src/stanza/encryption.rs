//! Which messages are encrypted, and with what ([XEP-0380](https://xmpp.org/extensions/xep-0380.html)): those that say
//! so, and those of the methods that are known without it. Nothing is decrypted; the body beside it is what a program
//! wrote for clients that cannot read it, and no text of the sender's.

use crate::text::{self, Limit};
use crate::xml::{Element, ns};

/// As much of a method's name as is read.
const NAME: Limit = Limit::CodePoints(64);

/// Methods by their namespace, and what people call them (XEP-0380 section 3).
const METHODS: &[(&str, &str)] = &[
    ("urn:xmpp:otr:0", "OTR"),
    ("jabber:x:encrypted", "OpenPGP"),
    ("urn:xmpp:openpgp:0", "OpenPGP for XMPP"),
    ("eu.siacs.conversations.axolotl", "OMEMO"),
    ("urn:xmpp:omemo:1", "OMEMO"),
    ("urn:xmpp:omemo:2", "OMEMO"),
];

/// What the text of a message is encrypted with, if it is; for OMEMO messages that only exchange keys, nothing.
pub fn method(payloads: &[Element], body: Option<&str>) -> Option<String> {
    let carriers = payloads.iter().filter_map(carrier);
    let told = payloads.iter().find(|payload| payload.is("encryption", ns::ENCRYPTION));
    if let Some(carrier) = carriers.clone().next() {
        let is_text = |carrier: &Carrier<'_>| carrier.has_text;
        return carriers.clone().find(is_text).map(|_| carrier.name.to_owned());
    }
    if let Some(told) = told {
        let namespace = told.attr("namespace").unwrap_or_default();
        let known = METHODS.iter().find(|(known, _)| *known == namespace).map(|(_, name)| (*name).to_owned());
        let named = || told.attr("name").and_then(|name| text::line(name, NAME));
        return known.or_else(named).or_else(|| text::line(namespace, NAME)).or_else(|| Some("unknown".to_owned()));
    }
    // Off-the-Record Messaging 3: queries, data and errors begin so.
    let is_otr =
        body.is_some_and(|body| ["?OTR:", "?OTR?", "?OTRv", "?OTR,", "?OTR|"].iter().any(|it| body.starts_with(it)));
    is_otr.then(|| "OTR".to_owned())
}

/// The element that carries what is encrypted.
struct Carrier<'a> {
    name: &'a str,
    has_text: bool,
}

fn carrier(payload: &Element) -> Option<Carrier<'static>> {
    let element = match payload.namespace() {
        "jabber:x:encrypted" => "x",
        "urn:xmpp:openpgp:0" => "openpgp",
        "eu.siacs.conversations.axolotl" | "urn:xmpp:omemo:1" | "urn:xmpp:omemo:2" => "encrypted",
        _ => return None,
    };
    let (namespace, name) = METHODS.iter().find(|(known, _)| *known == payload.namespace())?;
    let has_text = element != "encrypted" || payload.child("payload", namespace).is_some();
    (payload.name() == element).then_some(Carrier { name, has_text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::testing::element;

    #[test]
    fn what_is_encrypted_is_known_by_what_it_says_and_by_what_it_carries() {
        let check = |payloads: &[&str], body: Option<&str>, expected: Option<&str>| {
            let parsed: Vec<Element> = payloads.iter().map(|payload| element(payload)).collect();
            assert_eq!(method(&parsed, body).as_deref(), expected, "{payloads:?} {body:?}");
        };
        let eme = |rest: &str| format!("<encryption xmlns='urn:xmpp:eme:0' {rest}/>");
        check(&[], Some("hi"), None);
        check(&[&eme("namespace='urn:xmpp:omemo:2' name='Mine'")], Some("fallback"), Some("OMEMO"));
        check(&[&eme("namespace='urn:x' name='Ju\u{202e}ne'")], None, Some("June"));
        check(&[&eme("namespace='urn:x'")], None, Some("urn:x"));
        check(&[&eme("")], None, Some("unknown"));
        let omemo =
            "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>x</payload></encrypted>";
        let keys = "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>";
        check(&[omemo], Some("I sent you an OMEMO message"), Some("OMEMO"));
        check(&["<openpgp xmlns='urn:xmpp:openpgp:0'>x</openpgp>"], Some("fallback"), Some("OpenPGP for XMPP"));
        check(&["<x xmlns='jabber:x:encrypted'>x</x>"], Some("fallback"), Some("OpenPGP"));
        check(&[keys], None, None);
        check(&[keys, &eme("namespace='eu.siacs.conversations.axolotl'")], None, None);
        check(&[], Some("?OTR:AAMC…"), Some("OTR"));
        check(&[], Some("?OTRv3?"), Some("OTR"));
        check(&[], Some("What is ?OTR?"), None);
        check(&["<other xmlns='urn:xmpp:omemo:2'/>"], Some("hi"), None);
    }
}
