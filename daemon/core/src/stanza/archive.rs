//! The account's archive of messages ([XEP-0313](https://xmpp.org/extensions/xep-0313.html)), read page by page
//! ([XEP-0059](https://xmpp.org/extensions/xep-0059.html)), and the ids that it gives to messages
//! ([XEP-0359](https://xmpp.org/extensions/xep-0359.html)). Whom to believe is left to the account (S39).

use jid::BareJid;

use super::delay::Delay;
use super::form::Form;
use super::{Message, datetime};
use crate::time::Wall;
use crate::xml::{Element, ns};

/// So many messages are asked for at once.
const PAGE: &str = "50";

/// Which part of an archive is read, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Nothing from before this.
    pub start: Option<Wall>,
    /// Only what comes after the message with this id.
    pub after: Option<String>,
}

impl Range {
    /// The request for its first page, whose results are told by `id`.
    pub fn request(&self, id: &str) -> Element {
        let start = self.start.map(|start| Form::about(ns::MAM, &[("start", &datetime::write(start))]));
        let after = self.after.as_ref().map(|after| Element::new("after", ns::RSM).with_text(after.as_str()));
        let set = Element::new("set", ns::RSM).with_child(Element::new("max", ns::RSM).with_text(PAGE));
        query(id).with_children(start.map(|form| form.to_element("submit"))).with_child(set.with_children(after))
    }
}

/// The request for the newest message alone.
pub fn request_newest(id: &str) -> Element {
    let set = Element::new("set", ns::RSM).with_child(Element::new("max", ns::RSM).with_text("1"));
    query(id).with_child(set.with_child(Element::new("before", ns::RSM)))
}

fn query(id: &str) -> Element {
    Element::new("query", ns::MAM).with_attr("queryid", id)
}

/// A message out of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// Which request this is a result of.
    pub query: Option<String>,
    /// Its id in the archive.
    pub id: String,
    /// When the archive got it.
    pub stamp: Option<Wall>,
    /// The message itself; none when the wrapping holds nothing that is one.
    pub message: Option<Message>,
}

impl Archived {
    /// Finds a result among a message's payloads; nothing when there is none, or one without an id.
    pub fn find(payloads: &[Element]) -> Option<Self> {
        let result = payloads.iter().find(|payload| payload.is("result", ns::MAM))?;
        let forwarded = result.child("forwarded", ns::FORWARD);
        let stamp = forwarded.into_iter().flat_map(Element::children).find_map(Delay::parse).map(|delay| delay.stamp);
        let message = forwarded.and_then(|forwarded| forwarded.child("message", ns::CLIENT));
        Some(Self {
            query: result.attr("queryid").map(str::to_owned),
            id: result.attr("id")?.to_owned(),
            stamp,
            message: message.map(|message| Message::parse(message.clone())),
        })
    }
}

/// The end of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// There is no other after it.
    pub is_last: bool,
    /// The id of its last message; none when it is empty.
    pub last: Option<String>,
}

impl Page {
    /// Reads a `<fin/>`; nothing for any other element.
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("fin", ns::MAM) {
            return None;
        }
        let last = element.child("set", ns::RSM).and_then(|set| set.child_text("last", ns::RSM));
        let is_last = matches!(element.attr("complete"), Some("true" | "1"));
        Some(Self { is_last, last })
    }
}

/// The id that this account's archive has given to a message: only the server can have written it.
pub fn stanza_id(payloads: &[Element], by: &BareJid) -> Option<String> {
    let is_it = |payload: &&Element| payload.is("stanza-id", ns::STANZA_ID) && payload.attr("by") == Some(by.as_str());
    payloads.iter().find(is_it)?.attr("id").map(str::to_owned)
}

/// The id that a message's sender gives it for good, whatever becomes of its `id` on the way.
pub fn with_origin_id(id: &str) -> Element {
    Element::new("origin-id", ns::STANZA_ID).with_attr("id", id)
}

/// The same of a message that came; a hint, for anybody can write one.
pub fn origin_id(payloads: &[Element]) -> Option<String> {
    let origin = payloads.iter().find(|payload| payload.is("origin-id", ns::STANZA_ID))?;
    origin.attr("id").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    #[test]
    fn a_part_of_the_archive_is_asked_for() {
        let check = |range: Range, expected: &str| assert_eq!(writer::to_string(&range.request("q")), expected);
        check(
            Range::default(),
            "<query xmlns='urn:xmpp:mam:2' queryid='q'><set xmlns='http://jabber.org/protocol/rsm'><max>50</max></set>\
             </query>",
        );
        let stamp = Some(Wall::from_unix_millis(1_772_359_200_123));
        check(
            Range { start: stamp, after: Some("a<1".into()) },
            "<query xmlns='urn:xmpp:mam:2' queryid='q'><x xmlns='jabber:x:data' type='submit'><field type='hidden' \
             var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field><field var='start'><value>2026-03-01T10:00:00.123Z\
             </value></field></x><set xmlns='http://jabber.org/protocol/rsm'><max>50</max><after>a&lt;1</after></set>\
             </query>",
        );
    }

    #[test]
    fn a_result_is_taken_out_of_its_wrapping() {
        let check = |inside: &str, expected: Option<(&str, Option<&str>)>| {
            let text = format!("<message xmlns='jabber:client'>{inside}</message>");
            let found = Archived::find(&Message::parse(testing::element(&text)).payloads);
            let found = found.map(|found| (found.id, found.message.and_then(|message| message.body)));
            assert_eq!(found, expected.map(|(id, body)| (id.to_owned(), body.map(str::to_owned))), "{inside}");
        };
        let forwarded = "<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' \
                         stamp='2026-03-01T10:00:00Z'/><message xmlns='jabber:client'><body>x</body></message></forwarded>";
        check(
            &format!("<result xmlns='urn:xmpp:mam:2' queryid='q' id='1'>{forwarded}</result>"),
            Some(("1", Some("x"))),
        );
        check(&format!("<result xmlns='urn:xmpp:mam:2' queryid='q'>{forwarded}</result>"), None);
        check(&format!("<result xmlns='urn:xmpp:mam:1' queryid='q' id='1'>{forwarded}</result>"), None);
        check("<result xmlns='urn:xmpp:mam:2' id='1'/>", Some(("1", None)));
        check("<body>x</body>", None);
    }

    #[test]
    fn the_end_of_a_page_says_whether_there_is_another() {
        let check = |text: &str, expected: Option<(bool, Option<&str>)>| {
            let found = Page::parse(&testing::element(text)).map(|page| (page.is_last, page.last));
            assert_eq!(found, expected.map(|(is_last, last)| (is_last, last.map(str::to_owned))), "{text}");
        };
        let set = "<set xmlns='http://jabber.org/protocol/rsm'><first>1</first><last>9</last></set>";
        check(&format!("<fin xmlns='urn:xmpp:mam:2' complete='true'>{set}</fin>"), Some((true, Some("9"))));
        check(&format!("<fin xmlns='urn:xmpp:mam:2'>{set}</fin>"), Some((false, Some("9"))));
        check("<fin xmlns='urn:xmpp:mam:2' complete='1'/>", Some((true, None)));
        check("<query xmlns='urn:xmpp:mam:2'/>", None);
    }

    #[test]
    fn only_the_accounts_own_id_counts() {
        let own = BareJid::new("romeo@verona.example").expect("a JID");
        let check = |inside: &str, expected: Option<&str>| {
            let text = format!("<message xmlns='jabber:client'>{inside}</message>");
            let found = stanza_id(&Message::parse(testing::element(&text)).payloads, &own);
            assert_eq!(found.as_deref(), expected, "{inside}");
        };
        let id = |by: &str, id: &str| format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{by}' id='{id}'/>");
        let foreign = id("room@verona.example", "1");
        check(&foreign, None);
        check(&format!("{foreign}{}", id("romeo@verona.example", "2")), Some("2"));
        check("", None);
    }
}
