//! Rooms that the account remembers ([XEP-0402](https://xmpp.org/extensions/xep-0402.html)). What other clients have put
//! into a bookmark and we do not know stays in it.

use jid::BareJid;

use super::pubsub;
use crate::secret::Secret;
use crate::xml::{Element, Node, ns};

/// Only we may read them, all of them stay, and nobody is told unless they ask (section 4).
const OPTIONS: [(&str, &str); 4] = [
    ("pubsub#persist_items", "true"),
    ("pubsub#max_items", "max"),
    ("pubsub#send_last_published_item", "never"),
    ("pubsub#access_model", "whitelist"),
];

/// A bookmark; changes keep what is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark {
    /// The room.
    pub room: BareJid,
    element: Element,
}

impl Bookmark {
    /// A new one.
    pub fn new(room: BareJid) -> Self {
        Self { room, element: Element::new("conference", ns::BOOKMARKS) }
    }

    /// Reads an item of the node: its id is the room.
    pub fn parse(item: pubsub::Item) -> Option<Self> {
        let element = item.payload.filter(|payload| payload.is("conference", ns::BOOKMARKS))?;
        Some(Self { room: BareJid::new(&item.id).ok()?, element })
    }

    /// What the room is called.
    pub fn name(&self) -> Option<&str> {
        self.element.attr("name")
    }

    /// The nickname to enter with.
    pub fn nick(&self) -> Option<String> {
        self.element.child_text("nick", ns::BOOKMARKS).filter(|nick| !nick.is_empty())
    }

    /// Whether to enter at the start of a session.
    pub fn autojoin(&self) -> bool {
        matches!(self.element.attr("autojoin"), Some("true" | "1"))
    }

    /// The password to enter with.
    pub fn password(&self) -> Option<Secret> {
        self.element.child_text("password", ns::BOOKMARKS).map(Secret::new)
    }

    /// The same, to be entered at the start of a session or not.
    #[must_use]
    pub fn with_autojoin(mut self, autojoin: bool) -> Self {
        self.element = self.element.with_attr("autojoin", if autojoin { "true" } else { "false" });
        self
    }

    /// The same under this name.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.element = self.element.with_attr("name", name);
        self
    }

    /// The same with this nickname.
    #[must_use]
    pub fn with_nick(self, nick: &str) -> Self {
        self.with_text("nick", nick)
    }

    /// The same with this password.
    #[must_use]
    pub fn with_password(self, password: &Secret) -> Self {
        self.with_text("password", password.reveal())
    }

    /// Asks to remember it.
    pub fn publish(&self) -> Element {
        pubsub::publish(ns::BOOKMARKS, self.room.as_str(), self.element.clone(), &OPTIONS)
    }

    fn with_text(mut self, name: &'static str, text: &str) -> Self {
        let child = Element::new(name, ns::BOOKMARKS).with_text(text);
        let place = self.element.nodes_mut().iter_mut().find_map(|node| match node {
            Node::Element(found) if found.is(name, ns::BOOKMARKS) => Some(found),
            Node::Element(_) | Node::Text(_) => None,
        });
        match place {
            Some(found) => *found = child,
            None => self.element.push(Node::Element(child)),
        }
        self
    }
}

/// Asks for all of them.
pub fn request() -> Element {
    pubsub::items_request(ns::BOOKMARKS, None)
}

/// Makes the node one that only we may read, as [`Bookmark::publish`] wants it.
pub fn configuration() -> Element {
    pubsub::configuration_change(ns::BOOKMARKS, &OPTIONS)
}

/// Asks to forget one, and to tell our other clients.
pub fn retraction(room: &BareJid) -> Element {
    let item = Element::new("item", ns::PUBSUB).with_attr("id", room.as_str());
    let retract = Element::new("retract", ns::PUBSUB)
        .with_attr("node", ns::BOOKMARKS)
        .with_attr("notify", "true")
        .with_child(item);
    Element::new("pubsub", ns::PUBSUB).with_child(retract)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    fn item(id: &str, inside: &str) -> pubsub::Item {
        pubsub::Item { id: id.to_owned(), payload: Some(testing::element(inside)) }
    }

    #[test]
    fn a_change_keeps_what_is_not_known() {
        let text = "<conference xmlns='urn:xmpp:bookmarks:1' name='Hall' autojoin='1' mood='fine'><nick>Romeo</nick>\
                    <extensions><state xmlns='http://myclient.example/bookmark/state' minimized='true'/></extensions>\
                    </conference>";
        let bookmark = Bookmark::parse(item("hall@rooms.verona.example", text)).unwrap();
        assert_eq!(
            (bookmark.name(), bookmark.nick().as_deref(), bookmark.autojoin()),
            (Some("Hall"), Some("Romeo"), true)
        );
        let changed = bookmark.with_autojoin(false).with_nick("Montague").with_password(&Secret::new("p".to_owned()));
        let published = writer::to_string(&changed.publish());
        for kept in ["minimized='true'", "mood='fine'", "name='Hall'"] {
            assert!(published.contains(kept), "{published}");
        }
        assert!(published.contains("<nick>Montague</nick>") && !published.contains("Romeo"), "{published}");
        assert!(published.contains("autojoin='false'") && published.contains("<password>p</password>"), "{published}");
        assert!(published.contains("<field var='pubsub#access_model'><value>whitelist</value>"), "{published}");
    }

    #[test]
    fn what_is_no_bookmark_is_none() {
        let check = |id: &str, inside: &str| assert_eq!(Bookmark::parse(item(id, inside)), None);
        check("@@", "<conference xmlns='urn:xmpp:bookmarks:1'/>");
        check("hall@rooms", "<conference xmlns='storage:bookmarks'/>");
        assert_eq!(Bookmark::parse(pubsub::Item { id: "hall@rooms".into(), payload: None }), None);
    }
}
