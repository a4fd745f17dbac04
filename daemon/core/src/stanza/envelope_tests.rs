//! What all stanzas share: addresses, ids, kinds and errors, read and written.

use jid::Jid;
use proptest::prelude::*;

use super::error::{Condition, ErrorKind};
use super::*;
use crate::presence::Show;
use crate::xml::{testing, writer};

fn jid(text: &str) -> Jid {
    Jid::new(text).expect("a test's address is one")
}

fn message(text: &str) -> Message {
    let Stanza::Message(message) = Stanza::parse(testing::element(text)) else { panic!("no message: {text}") };
    message
}

fn presence(text: &str) -> Presence {
    let Stanza::Presence(presence) = Stanza::parse(testing::element(text)) else { panic!("no presence: {text}") };
    presence
}

#[test]
fn elements_are_sorted_by_name_and_namespace() {
    let check = |text: &str, expected: &str| {
        let found = match Stanza::parse(testing::element(text)) {
            Stanza::Iq(_) => "iq",
            Stanza::Message(_) => "message",
            Stanza::Presence(_) => "presence",
            Stanza::Odd(_) => "odd",
            Stanza::Other(_) => "other",
        };
        assert_eq!(found, expected, "{text}");
    };
    check("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", "iq");
    check("<iq type='result'/>", "iq");
    check("<iq type='push'/>", "odd");
    check("<iq/>", "odd");
    check("<message/>", "message");
    check("<message xmlns='jabber:server'/>", "other");
    check("<presence/>", "presence");
    check("<presence type='invisible'/>", "odd");
    check("<r xmlns='urn:xmpp:sm:3'/>", "other");
    check("<hello/>", "other");
}

#[test]
fn an_iq_keeps_its_first_payload_and_its_error_apart() {
    let text = "<iq type='error' id='7' from='heron.example' to='mira@heron.example/x'>
        <query xmlns='jabber:iq:roster'/><error type='wait' by='reed.example'>
        <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Later</text>
        <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><own xmlns='urn:own'/></error></iq>";
    let Stanza::Iq(iq) = Stanza::parse(testing::element(text)) else { panic!("an iq") };
    let error = StanzaError {
        text: Some("Later".to_owned()),
        by: Some("reed.example".to_owned()),
        specific: Some(("own".to_owned(), "urn:own".to_owned())),
        ..StanzaError::new(ErrorKind::Wait, Condition::ResourceConstraint)
    };
    assert_eq!(iq.kind, IqKind::Error(error));
    assert_eq!(iq.payload.as_ref().map(Element::namespace), Some(ns::ROSTER));
    assert_eq!((iq.from.jid(), iq.id.as_str()), (Some(&jid("heron.example")), "7"));
}

#[test]
fn errors_that_say_little_or_nonsense_are_read() {
    let check = |inside: &str, kind: ErrorKind, condition: Condition| {
        let text = format!("<message type='error'>{inside}</message>");
        assert_eq!(message(&text).kind, MessageKind::Error(StanzaError::new(kind, condition)), "{inside}");
    };
    check("", ErrorKind::Cancel, Condition::UndefinedCondition);
    check("<error/>", ErrorKind::Cancel, Condition::UndefinedCondition);
    check("<error type='odd'/>", ErrorKind::Cancel, Condition::UndefinedCondition);
    let future = "<error type='auth'><too-late xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    check(future, ErrorKind::Auth, Condition::Unknown("too-late".to_owned()));
}

#[test]
fn an_answer_goes_back_to_who_asked() {
    let request = |from: &str| {
        let element = testing::element(&format!("<iq type='get' id='q&apos;1'{from}><a xmlns='urn:a'/></iq>"));
        Iq::parse(element).expect("an iq")
    };
    let check = |iq: Iq, expected: &str| assert_eq!(writer::to_string(&iq.into_element()), expected);
    let known = request(" from='Otto@Reed.example/Desk'");
    check(known.result(None), "<iq id='q&apos;1' to='otto@reed.example/Desk' type='result'/>");
    check(
        known.error(StanzaError::service_unavailable()),
        "<iq id='q&apos;1' to='otto@reed.example/Desk' type='error'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
    check(
        request("").result(Some(Element::new("b", "urn:b"))),
        "<iq id='q&apos;1' type='result'><b xmlns='urn:b'/></iq>",
    );
    check(request(" from='@@'").result(None), "<iq id='q&apos;1' type='result'/>");
    let set = Iq::set("s", Element::new("b", "urn:b")).to(jid("heron.example"));
    check(set, "<iq id='s' to='heron.example' type='set'><b xmlns='urn:b'/></iq>");
}

#[test]
fn addresses_are_absent_normal_or_malformed() {
    let check = |attribute: &str, expected: Address| {
        assert_eq!(message(&format!("<message {attribute}/>")).from, expected, "{attribute}");
    };
    check("", Address::Absent);
    check("from=''", Address::Malformed(String::new()));
    check("from='@reed.example'", Address::Malformed("@reed.example".to_owned()));
    check("from='otto@reed.example/'", Address::Malformed("otto@reed.example/".to_owned()));
    check("from='OTTO@Reed.Example/Desk'", Address::Jid(jid("otto@reed.example/Desk")));
}

#[test]
fn odd_messages_are_still_messages() {
    let found = message(
        "<message type='poem' id='m'><body xml:lang='de'>eins</body>stray<body>two</body><thread>t</thread>
         <thread>u</thread><subject xml:lang='de'>drei</subject><x xmlns='urn:x'/><body xmlns='urn:x'>no</body></message>",
    );
    assert_eq!(found.kind, MessageKind::Normal);
    assert_eq!(found.body.as_deref(), Some("two"));
    assert_eq!(found.subject.as_deref(), Some("drei"));
    assert_eq!(found.thread.as_deref(), Some("t"));
    assert_eq!(found.payloads.len(), 2);
    assert!(found.payload("x", "urn:x").is_some());
    let chat = Message::chat("m-1", jid("otto@reed.example"), "hi & bye");
    assert_eq!(
        writer::to_string(&chat.into_element()),
        "<message id='m-1' to='otto@reed.example' type='chat'><body>hi &amp; bye</body></message>",
    );
}

#[test]
fn odd_presence_is_still_presence() {
    let check = |inside: &str, show: Show, priority: i8| {
        let found = presence(&format!("<presence>{inside}</presence>"));
        assert_eq!(found.kind, PresenceKind::Available { show, priority }, "{inside}");
    };
    check("", Show::Online, 0);
    check("<show>online</show>", Show::Online, 0);
    check("<show/>", Show::Online, 0);
    check("<show> dnd </show><priority> 5 </priority>", Show::Dnd, 5);
    check("<show>xa</show><show>dnd</show><priority>200</priority>", Show::Xa, 127);
    check("<show xmlns='urn:x'>away</show><priority>-1000</priority>", Show::Online, -128);
    check("<priority>99999999999999999999</priority>", Show::Online, 0);
    check("<priority>high</priority>", Show::Online, 0);
}

#[test]
fn presence_of_ours_is_short_and_reads_back() {
    let check = |show: Show, status: Option<&str>, priority: i8, expected: &str| {
        let ours = crate::presence::Presence { show, status: status.map(str::to_owned), priority };
        let text = writer::to_string(&Presence::of(&ours).into_element());
        assert_eq!(text, expected);
        if show != Show::Invisible {
            let read = presence(&text).availability();
            let priority = if show == Show::Offline { 0 } else { priority };
            assert_eq!(read, Some(crate::presence::Presence { priority, ..ours }));
        }
    };
    check(Show::Online, None, 0, "<presence/>");
    check(
        Show::Dnd,
        Some("a < b"),
        -1,
        "<presence><show>dnd</show><status>a &lt; b</status><priority>-1</priority></presence>",
    );
    check(Show::Offline, Some("bye"), 5, "<presence type='unavailable'><status>bye</status></presence>");
    check(Show::Invisible, None, 5, "<presence type='unavailable'/>");
    let ask = Presence::new(PresenceKind::Subscribe).to(jid("otto@reed.example"));
    assert_eq!(writer::to_string(&ask.into_element()), "<presence to='otto@reed.example' type='subscribe'/>");
    assert_eq!(presence("<presence type='subscribed'/>").availability(), None);
}

const NAMES: &[&str] =
    &["iq", "message", "presence", "error", "type", "from", "to", "show", "priority", "body", "text"];
const NAMESPACES: &[&str] = &[ns::CLIENT, ns::STANZA_ERRORS];

proptest! {
    #[test]
    fn no_element_makes_them_panic(element in testing::elements(NAMES, NAMESPACES)) {
        Stanza::parse(element);
    }

    #[test]
    fn what_was_read_can_be_written_and_read_again(element in testing::elements(NAMES, NAMESPACES)) {
        let first = Stanza::parse(element);
        let again = |element: Element| Stanza::parse(testing::element(&writer::to_string(&element)));
        match first {
            Stanza::Iq(iq) => prop_assert!(matches!(again(iq.into_element()), Stanza::Iq(_))),
            Stanza::Message(message) => prop_assert!(matches!(again(message.into_element()), Stanza::Message(_))),
            Stanza::Presence(presence) => prop_assert!(matches!(again(presence.into_element()), Stanza::Presence(_))),
            Stanza::Odd(_) | Stanza::Other(_) => {}
        }
    }
}
