//! What contacts tell of themselves, read from what comes of their nodes: clean and bounded, whatever they sent. Who may
//! tell it is the account's to check.

use super::Node;
use crate::stanza::activity::{self, Activity};
use crate::stanza::avatar::{self, Avatar};
use crate::stanza::mood::{self, Mood};
use crate::stanza::pubsub::{Change, Event, Item};
use crate::stanza::{nick, tune};
use crate::tune::Track;
use crate::xml::Element;

/// What somebody tells, or tells no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Personal {
    /// How they feel.
    Mood(Option<Mood>),
    /// What they do.
    Activity(Option<Activity>),
    /// What they listen to.
    Tune(Option<Track>),
    /// What they want to be called.
    Nick(Option<String>),
    /// The picture that they show.
    Avatar(Option<Avatar>),
}

impl Personal {
    /// Reads a notification; nothing for a node that is not asked for.
    pub fn of_event(event: Event) -> Option<Self> {
        let nodes = [Node::Mood, Node::Activity, Node::Tune, Node::Nick, Node::AvatarMetadata];
        let node = nodes.into_iter().find(|node| node.name() == event.node)?;
        Self::of_items(
            node,
            &match event.change {
                Change::Items { published, .. } => published,
                Change::Purged | Change::Deleted => Vec::new(),
            },
        )
    }

    /// Reads what is on a node; nothing for a node whose items say nothing by themselves. Items of which none can be read
    /// are as good as none.
    pub fn of_items(node: Node, items: &[Item]) -> Option<Self> {
        let items = || items.iter().filter_map(|item| item.payload.as_ref());
        Some(match node {
            Node::Mood => Self::Mood(items().find_map(mood::parse).flatten()),
            Node::Activity => Self::Activity(items().find_map(activity::parse).flatten()),
            Node::Tune => Self::Tune(items().find_map(tune::parse).flatten().map(Track::cleaned)),
            Node::Nick => Self::Nick(items().find_map(nick::parse).flatten()),
            Node::AvatarMetadata => Self::Avatar(items().find_map(avatar::parse).flatten()),
            Node::AvatarData => return None,
        })
    }

    /// The node that it is told on.
    pub const fn node(&self) -> Node {
        match self {
            Self::Mood(_) => Node::Mood,
            Self::Activity(_) => Node::Activity,
            Self::Tune(_) => Node::Tune,
            Self::Nick(_) => Node::Nick,
            Self::Avatar(_) => Node::AvatarMetadata,
        }
    }

    /// What stands on the node: empty where nothing is to be told, which contacts' programs hear where they would not hear
    /// of a retraction.
    pub fn to_element(&self) -> Element {
        match self {
            Self::Mood(told) => mood::to_element(told.as_ref()),
            Self::Activity(told) => activity::to_element(told.as_ref()),
            Self::Tune(told) => tune::to_element(told.as_ref()),
            Self::Nick(told) => nick::to_element(told.as_deref()),
            Self::Avatar(told) => avatar::to_element(told.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::ns;

    #[test]
    fn what_is_told_reads_back_from_its_own_node_only() {
        let told = [
            Personal::Mood(Mood::new("happy", Some("Yay"))),
            Personal::Activity(Activity::new("relaxing", Some("partying"), None)),
            Personal::Tune(Some(Track { title: Some("Sinnerman".into()), ..Track::default() })),
            Personal::Nick(Some("Ishmael".into())),
            Personal::Avatar(Avatar::of(b"GIF89a\x40\0\x30\0").ok()),
        ];
        for personal in &told {
            let item = |payload| vec![Item { id: "1".into(), payload: Some(payload) }];
            let on = |node: &str, change| Personal::of_event(Event { node: node.to_owned(), change });
            let published = Change::Items { published: item(personal.to_element()), retracted: Vec::new() };
            assert_eq!(on(personal.node().name(), published.clone()), Some(personal.clone()));
            assert_eq!(on("urn:xmpp:bookmarks:1", published.clone()), None);
            assert_eq!(on(ns::AVATAR_DATA, published.clone()), None);
            for other in told.iter().filter(|other| other.node() != personal.node()) {
                let nothing = Personal::of_items(other.node(), &[]);
                assert_eq!(on(other.node().name(), published.clone()), nothing, "{personal:?} as {other:?}");
            }
            assert_eq!(on(personal.node().name(), Change::Deleted), Personal::of_items(personal.node(), &[]));
        }
    }
}
