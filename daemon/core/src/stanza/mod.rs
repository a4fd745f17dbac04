//! Stanzas and what travels in them, one file an extension. Everything that comes in is read leniently: one odd
//! attribute or child never loses the rest. Whom to believe, and what to answer, is left to the account.

pub mod activity;
mod address;
pub mod archive;
pub mod avatar;
pub mod bind;
pub mod blocking;
pub mod bookmark;
pub mod caps;
pub mod carbon;
pub mod chat_state;
pub mod datetime;
pub mod delay;
pub mod disco;
pub mod displayed;
pub mod encryption;
pub mod error;
pub mod form;
pub mod idle;
pub mod invisible;
pub mod iq;
pub mod management;
pub mod message;
pub mod mood;
pub mod muc;
pub mod nick;
pub mod oob;
pub mod ping;
pub mod presence;
pub mod pubsub;
pub mod receipts;
pub mod remark;
pub mod roster;
pub mod sasl;
pub mod sasl2;
pub mod tune;
pub mod upload;
pub mod version;

pub use address::Address;
pub use error::StanzaError;
pub use iq::{Iq, IqKind};
pub use message::{Message, MessageKind};
pub use presence::{Presence, PresenceKind};

use crate::xml::{Element, ns};

/// A first-level element of a client's stream, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stanza {
    /// A request or its answer.
    Iq(Iq),
    /// A message.
    Message(Message),
    /// Presence.
    Presence(Presence),
    /// A stanza whose `type` makes it none: for an iq the only answer is `bad-request`, presence is ignored
    /// (RFC 6120 section 8.2.3, RFC 6121 section 4.7.1). It still counts as a stanza.
    Odd(Element),
    /// Not a stanza: negotiation, stream management and the like.
    Other(Element),
}

impl Stanza {
    /// Sorts an element.
    pub fn parse(element: Element) -> Self {
        if element.namespace() != ns::CLIENT {
            return Self::Other(element);
        }
        match element.name() {
            "message" => Self::Message(Message::parse(element)),
            "iq" => Iq::parse(element).map_or_else(Self::Odd, Self::Iq),
            "presence" => Presence::parse(element).map_or_else(Self::Odd, Self::Presence),
            _ => Self::Other(element),
        }
    }
}

#[cfg(test)]
mod envelope_tests;
#[cfg(test)]
mod payload_tests;
