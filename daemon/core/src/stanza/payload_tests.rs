//! Payloads that are smaller than a file of tests each.

use proptest::prelude::*;

use super::datetime;
use super::delay::Delay;
use super::disco::Info;
use super::management::Management;
use super::receipts::Receipt;
use super::roster::Roster;
use super::version::Version;
use super::*;
use crate::xml::{testing, writer};

#[test]
fn small_requests_are_written() {
    let check = |element: Element, expected: &str| assert_eq!(writer::to_string(&element), expected);
    check(ping::request(), "<ping xmlns='urn:xmpp:ping'/>");
    check(Version::request(), "<query xmlns='jabber:iq:version'/>");
    check(Info::request(Some("n#v")), "<query xmlns='http://jabber.org/protocol/disco#info' node='n#v'/>");
    check(bind::session(), "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>");
    check(bind::request(None), "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>");
    check(
        bind::request(Some("a&b")),
        "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>a&amp;b</resource></bind>",
    );
}

#[test]
fn a_bound_address_must_be_a_full_one() {
    let check = |inside: &str, expected: Option<&str>| {
        let element = testing::element(&format!("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{inside}</bind>"));
        assert_eq!(bind::parse(&element).map(|jid| jid.to_string()).as_deref(), expected, "{inside}");
    };
    check("<jid> mira@heron.example/xmppd~A </jid>", Some("mira@heron.example/xmppd~A"));
    check("<jid>mira@heron.example</jid>", None);
    check("<jid>@/</jid>", None);
    check("", None);
    assert_eq!(bind::parse(&ping::request()), None);
}

#[test]
fn versions_are_read_and_written() {
    let version = Version { name: "xmppd".to_owned(), version: "0.1".to_owned(), os: None };
    let text = writer::to_string(&version.to_element());
    assert_eq!(text, "<query xmlns='jabber:iq:version'><name>xmppd</name><version>0.1</version></query>");
    assert_eq!(Version::parse(&testing::element(&text)), Some(version));
    assert_eq!(Version::parse(&Version::request()), Some(Version::default()));
    assert_eq!(Version::parse(&ping::request()), None);
}

#[test]
fn delays_are_claims_with_a_readable_stamp() {
    let check = |attributes: &str, expected: Option<Address>| {
        let element = testing::element(&format!("<delay xmlns='urn:xmpp:delay' {attributes}>Offline</delay>"));
        let expected = expected.map(|from| Delay { from, stamp: crate::time::Wall::from_unix_millis(0) });
        assert_eq!(Delay::parse(&element), expected, "{attributes}");
    };
    let server = Address::Jid(jid::Jid::new("heron.example").expect("a domain"));
    check("from='heron.example' stamp='1970-01-01T00:00:00Z'", Some(server));
    check("stamp='1970-01-01T01:00:00+01:00'", Some(Address::Absent));
    check("from='@' stamp='1970-01-01T00:00:00Z'", Some(Address::Malformed("@".to_owned())));
    check("from='heron.example' stamp='yesterday'", None);
    check("", None);
}

#[test]
fn receipts_are_found() {
    let check = |attributes: &str, inside: &str, expected: Option<Receipt>| {
        let element = testing::element(&format!("<message {attributes}>{inside}</message>"));
        assert_eq!(Receipt::of(&Message::parse(element)), expected, "{attributes} {inside}");
    };
    let received = Receipt::Received { id: "m".to_owned() };
    check("id='m'", "<request xmlns='urn:xmpp:receipts'/>", Some(Receipt::Requested));
    check("", "<request xmlns='urn:xmpp:receipts'/>", None);
    check("id='m' type='error'", "<request xmlns='urn:xmpp:receipts'/>", None);
    check("id='r'", "<received xmlns='urn:xmpp:receipts' id='m'/>", Some(received.clone()));
    check("", "<request xmlns='urn:xmpp:receipts'/><received xmlns='urn:xmpp:receipts' id='m'/>", Some(received));
    check("", "<received xmlns='urn:xmpp:receipts'/>", None);
    check("id='m'", "<body>hi</body>", None);
}

const NAMES: &[&str] = &[
    "query",
    "item",
    "group",
    "identity",
    "feature",
    "x",
    "field",
    "value",
    "c",
    "ver",
    "node",
    "tune",
    "length",
    "rating",
    "event",
    "items",
    "retract",
    "pubsub",
    "configure",
    "delay",
    "stamp",
    "h",
    "a",
    "enabled",
    "failed",
    "resumed",
    "previd",
    "max",
    "jid",
    "bind",
    "challenge",
    "success",
    "failure",
    "text",
    "id",
];
const NAMESPACES: &[&str] = &[
    ns::ROSTER,
    ns::DISCO_INFO,
    ns::DATA_FORMS,
    ns::CAPS,
    ns::TUNE,
    ns::PUBSUB_EVENT,
    ns::PUBSUB,
    ns::PUBSUB_OWNER,
    ns::DELAY,
    ns::SM,
    ns::BIND,
    ns::SASL,
    ns::VERSION,
    ns::STANZA_ERRORS,
];

/// The element itself, and each root that a parser looks for with the element's nodes and attributes.
fn roots(element: &Element) -> impl Iterator<Item = Element> {
    let names = NAMES.iter().flat_map(|name| NAMESPACES.iter().map(move |namespace| (name, namespace)));
    names.map(|(name, namespace)| testing::renamed(element, name, namespace)).chain([element.clone()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_element_makes_a_payload_parser_panic(element in testing::elements(NAMES, NAMESPACES)) {
        for root in roots(&element) {
            Roster::parse(&root);
            if let Some(info) = Info::parse(&root) {
                let _ = caps::verification(&info);
            }
            caps::Caps::parse(&root);
            form::Form::parse(&root);
            Version::parse(&root);
            bind::parse(&root);
            Management::parse(&root);
            sasl::Answer::parse(&root);
            tune::parse(&root);
            Delay::parse(&root);
            StanzaError::parse(&root);
            pubsub::parse_configuration(&root);
            pubsub::parse_items(root.clone());
            pubsub::Event::parse(root);
        }
    }

    #[test]
    fn no_stamp_makes_it_panic(text in any::<String>()) {
        datetime::parse(&text);
    }
}
