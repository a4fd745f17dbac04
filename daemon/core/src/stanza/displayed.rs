//! How far the account has read its chats, kept on a node of its own for all of its clients
//! ([XEP-0490](https://xmpp.org/extensions/xep-0490.html)). Only the account's own word counts (S41).

use jid::BareJid;

use super::{archive, pubsub};
use crate::xml::{Element, ns};

/// For our own eyes, one item a chat, told to those who are there alone.
const OPTIONS: [(&str, &str); 4] = [
    ("pubsub#persist_items", "true"),
    ("pubsub#max_items", "max"),
    ("pubsub#send_last_published_item", "never"),
    ("pubsub#access_model", "whitelist"),
];

/// Asks to note that a chat is read up to this place in our archive.
pub fn publish(chat: &BareJid, place: &str, own: &BareJid) -> Element {
    let id = Element::new("stanza-id", ns::STANZA_ID).with_attr("by", own.as_str()).with_attr("id", place);
    let displayed = Element::new("displayed", ns::DISPLAYED).with_child(id);
    pubsub::publish(ns::DISPLAYED, chat.as_str(), displayed, &OPTIONS)
}

/// Asks for all that is noted.
pub fn request() -> Element {
    pubsub::items_request(ns::DISPLAYED, None)
}

/// Which chat is read up to which place; nothing where an item says something else.
pub fn read(item: &pubsub::Item, own: &BareJid) -> Option<(BareJid, String)> {
    let displayed = item.payload.as_ref().filter(|payload| payload.is("displayed", ns::DISPLAYED))?;
    let ids: Vec<Element> = displayed.children().cloned().collect();
    Some((BareJid::new(&item.id).ok()?, archive::stanza_id(&ids, own)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_reads_back_and_other_places_do_not_count() {
        let own = BareJid::new("romeo@verona.example").unwrap();
        let chat = BareJid::new("juliet@verona.example").unwrap();
        let check = |by: &BareJid, id: &str, expected: Option<(BareJid, String)>| {
            let published = publish(&chat, "a-1", by);
            let publish = published.child("publish", ns::PUBSUB).and_then(|it| it.child("item", ns::PUBSUB)).unwrap();
            let payload = publish.children().next().cloned();
            assert_eq!(read(&pubsub::Item { id: id.into(), payload }, &own), expected, "{by} {id}");
        };
        check(&own, chat.as_str(), Some((chat.clone(), "a-1".into())));
        check(&chat, chat.as_str(), None);
        check(&own, "@@", None);
        assert_eq!(read(&pubsub::Item { id: chat.to_string(), payload: None }, &own), None);
    }
}
