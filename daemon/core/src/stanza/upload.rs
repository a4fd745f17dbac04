//! Places for files at a server ([XEP-0363](https://xmpp.org/extensions/xep-0363.html)): who gives them, how large a file
//! may be, the question and its answer. What of an answer may be used is [`crate::upload`]'s.

use jid::Jid;

use super::disco::Info;
use crate::xml::{Element, ns};

/// So many of a server's services are looked at.
const MOST_SERVICES: usize = 32;

/// A place as the service describes it, nothing of it believed yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// Where the file is to be put.
    pub put: String,
    /// What the service wants to be told there: names and values.
    pub headers: Vec<(String, String)>,
    /// Where it can be fetched afterwards.
    pub get: String,
}

/// The question which services a server has (XEP-0030 section 4).
pub fn services_request() -> Element {
    Element::new("query", ns::DISCO_ITEMS)
}

/// The services of the answer; those with a node of their own are none.
pub fn services(answer: &Element) -> Vec<Jid> {
    let items = answer.children().filter(|child| child.is("item", ns::DISCO_ITEMS) && child.attr("node").is_none());
    items.filter_map(|item| Jid::new(item.attr("jid")?).ok()).take(MOST_SERVICES).collect()
}

/// What a service says of itself: whether it gives places for files, and up to which size, in bytes.
pub fn offer(answer: &Element) -> Option<Option<u64>> {
    let info = Info::parse(answer).filter(|info| info.has(ns::UPLOAD))?;
    let form = info.forms.iter().find(|form| form.value("FORM_TYPE") == Some(ns::UPLOAD));
    Some(form.and_then(|form| form.value("max-file-size")?.trim().parse().ok()))
}

/// The question for a place for a file, by its name, its size in bytes, and what it is.
pub fn request(name: &str, size: u64, media_type: &str) -> Element {
    Element::new("request", ns::UPLOAD)
        .with_attr("filename", name)
        .with_attr("size", size.to_string())
        .with_attr("content-type", media_type)
}

impl Slot {
    /// Reads a `<slot/>`; `None` where one of its halves is missing.
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("slot", ns::UPLOAD) {
            return None;
        }
        let put = element.child("put", ns::UPLOAD)?;
        let headers = put.children().filter(|child| child.is("header", ns::UPLOAD));
        Some(Self {
            put: put.attr("url")?.to_owned(),
            headers: headers.filter_map(|header| Some((header.attr("name")?.to_owned(), header.text()))).collect(),
            get: element.child("get", ns::UPLOAD)?.attr("url")?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::testing::element;

    #[test]
    fn a_service_says_what_it_takes() {
        let check = |rest: &str, expected: Option<Option<u64>>| {
            let info = format!("<query xmlns='http://jabber.org/protocol/disco#info'>{rest}</query>");
            assert_eq!(offer(&element(&info)), expected, "{rest}");
        };
        let feature = "<feature var='urn:xmpp:http:upload:0'/>";
        let limit = |value: &str| {
            format!(
                "{feature}<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>\
                 <value>urn:xmpp:http:upload:0</value></field><field var='max-file-size'><value>{value}</value></field></x>"
            )
        };
        check("", None);
        check(feature, Some(None));
        check(&limit("5242880"), Some(Some(5_242_880)));
        check(&limit("much"), Some(None));
        check(&limit("-1"), Some(None));
    }

    #[test]
    fn services_are_those_with_an_address_alone() {
        let answer = element(
            "<query xmlns='http://jabber.org/protocol/disco#items'><item jid='upload.verona.example'/><item jid='@'/>\
             <item jid='pubsub.verona.example' node='n'/><item/></query>",
        );
        assert_eq!(services(&answer), [Jid::new("upload.verona.example").expect("a JID")]);
    }

    #[test]
    fn a_place_has_two_halves() {
        let slot = "<slot xmlns='urn:xmpp:http:upload:0'><put url='https://a/b'><header name='Cookie'>c=1</header>\
                    <header>x</header></put><get url='https://d/e'/></slot>";
        let expected = Slot {
            put: "https://a/b".into(),
            headers: vec![("Cookie".into(), "c=1".into())],
            get: "https://d/e".into(),
        };
        assert_eq!(Slot::parse(&element(slot)), Some(expected));
        for half in ["<put url='https://a/b'/>", "<get url='https://d/e'/>", "<put/><get/>", ""] {
            assert_eq!(Slot::parse(&element(&format!("<slot xmlns='urn:xmpp:http:upload:0'>{half}</slot>"))), None);
        }
    }
}
