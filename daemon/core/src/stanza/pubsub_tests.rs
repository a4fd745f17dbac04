//! Publish-subscribe: requests as written, events and answers as read.

use super::super::error::{Condition, ErrorKind};
use super::*;
use crate::stanza::tune;
use crate::xml::{testing, writer};

const OPTIONS: [(&str, &str); 2] = [("pubsub#access_model", "presence"), ("pubsub#max_items", "1")];

#[test]
fn requests_are_written() {
    let check = |element: Element, expected: &str| {
        assert_eq!(writer::to_string(&element), expected.replace("P:", "http://jabber.org/protocol/"));
    };
    let form = |kind: &str| {
        format!(
            "<x xmlns='jabber:x:data' type='submit'><field type='hidden' var='FORM_TYPE'><value>P:pubsub#{kind}</value>\
             </field><field var='pubsub#access_model'><value>presence</value></field>\
             <field var='pubsub#max_items'><value>1</value></field></x>"
        )
    };
    let item = "<publish node='P:tune'><item id='current'><tune xmlns='P:tune'/></item></publish>";
    check(
        publish(ns::TUNE, "current", tune::to_element(None), &OPTIONS),
        &format!(
            "<pubsub xmlns='P:pubsub'>{item}<publish-options>{}</publish-options></pubsub>",
            form("publish-options")
        ),
    );
    check(
        publish(ns::TUNE, "current", tune::to_element(None), &[]),
        &format!("<pubsub xmlns='P:pubsub'>{item}</pubsub>"),
    );
    check(items_request("n", None), "<pubsub xmlns='P:pubsub'><items node='n'/></pubsub>");
    check(items_request("n", Some(1)), "<pubsub xmlns='P:pubsub'><items max_items='1' node='n'/></pubsub>");
    check(deletion("n"), "<pubsub xmlns='P:pubsub#owner'><delete node='n'/></pubsub>");
    check(configuration_request("n"), "<pubsub xmlns='P:pubsub#owner'><configure node='n'/></pubsub>");
    check(
        configuration_change("n", &OPTIONS),
        &format!("<pubsub xmlns='P:pubsub#owner'><configure node='n'>{}</configure></pubsub>", form("node_config")),
    );
}

#[test]
fn events_are_read() {
    let check = |inside: &str, expected: Option<Change>| {
        let text = format!("<event xmlns='http://jabber.org/protocol/pubsub#event'>{inside}</event>");
        let expected = expected.map(|change| Event { node: "n".to_owned(), change });
        assert_eq!(Event::parse(testing::element(&text)), expected, "{inside}");
    };
    let item = |id: &str, payload: Option<Element>| Item { id: id.to_owned(), payload };
    let items = |published: &[Item], retracted: &[&str]| {
        let retracted = retracted.iter().map(|id| (*id).to_owned()).collect();
        Some(Change::Items { published: published.to_vec(), retracted })
    };
    let payload = Some(Element::new("a", "urn:a"));
    check("<items node='n'><item id='1'><a xmlns='urn:a'/></item></items>", items(&[item("1", payload.clone())], &[]));
    check(
        "<items node='n'><retract id='1'/><item><a xmlns='urn:a'/><b/></item><item/><retract/><x/></items>",
        items(&[item("", payload), item("", None)], &["1"]),
    );
    check("<items node='n'/>", items(&[], &[]));
    check("<x xmlns='urn:x'/><purge node='n'/>", Some(Change::Purged));
    check("<delete node='n'><redirect uri='xmpp:x'/></delete>", Some(Change::Deleted));
    check("<subscription node='n'/>", None);
    check("<items/>", None);
    check("", None);
    assert_eq!(Event::parse(Element::new("event", ns::PUBSUB)), None);
}

#[test]
fn items_and_configuration_are_read_from_answers() {
    let answer = testing::element(
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'><item id='1'/>
         <item id='2'><a xmlns='urn:a'/></item><other/></items></pubsub>",
    );
    let ids: Vec<_> = parse_items(answer).into_iter().map(|item| (item.id, item.payload.is_some())).collect();
    assert_eq!(ids, [("1".to_owned(), false), ("2".to_owned(), true)]);
    assert_eq!(parse_items(Element::new("pubsub", ns::PUBSUB_OWNER)), []);
    let form = Form::about(ns::PUBSUB_NODE_CONFIG, &OPTIONS);
    let found = parse_configuration(&configuration_change("n", &OPTIONS));
    assert_eq!(found.as_ref(), Some(&form));
    assert_eq!(form.value("pubsub#access_model"), Some("presence"));
    assert_eq!(parse_configuration(&configuration_request("n")), None);
}

#[test]
fn an_unmet_precondition_is_recognised() {
    let mut error = StanzaError::new(ErrorKind::Cancel, Condition::Conflict);
    assert!(!is_precondition_not_met(&error));
    error.specific = Some(("precondition-not-met".to_owned(), ns::PUBSUB_ERRORS.to_owned()));
    assert!(is_precondition_not_met(&error));
}
