//! Personal eventing (XEP-0163): what we tell of ourselves on nodes of our own, never on one that strangers may read
//! (CVE-2018-6591), and what contacts tell on theirs. One [`Publication`] brings one item to one node; the tune, which is
//! published over and over, has a [`Publisher`] around it. What is told, and when, is decided elsewhere.

mod personal;
mod publication;
mod publisher;

pub use personal::Personal;
pub use publication::{Failed, Next, Publication};
pub use publisher::{Action, Publisher};

use crate::stanza::StanzaError;
use crate::stanza::disco::Info;
use crate::xml::{Element, ns};

/// A node of ours, or of a contact's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// XEP-0107.
    Mood,
    /// XEP-0108.
    Activity,
    /// XEP-0118.
    Tune,
    /// XEP-0172.
    Nick,
    /// XEP-0084: the picture.
    AvatarData,
    /// XEP-0084: what there is to know of it.
    AvatarMetadata,
}

impl Node {
    /// The name that servers know it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mood => ns::MOOD,
            Self::Activity => ns::ACTIVITY,
            Self::Tune => ns::TUNE,
            Self::Nick => ns::NICK,
            Self::AvatarData => ns::AVATAR_DATA,
            Self::AvatarMetadata => ns::AVATAR_METADATA,
        }
    }
}

/// What our account's own service can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Support {
    /// Not asked, or not answered yet.
    #[default]
    Unknown,
    /// Nodes can be published with conditions.
    Options,
    /// Nothing that may be used; why, for people.
    Missing(&'static str),
}

impl Support {
    /// The question that tells; put to our own account.
    pub fn question() -> Element {
        Info::request(None)
    }

    /// Reads the answer (XEP-0163 section 6).
    pub fn told(answer: Result<Option<&Element>, &StanzaError>) -> Self {
        match answer.ok().flatten().and_then(Info::parse) {
            Some(info) if !info.is("pubsub", "pep") => Self::Missing("the server has no personal eventing"),
            Some(info) if info.has(ns::PUBSUB_PUBLISH_OPTIONS) => Self::Options,
            Some(_) => Self::Missing("the server cannot keep it from strangers (no publish-options)"),
            None => Self::Missing("the server does not say what it supports"),
        }
    }
}
