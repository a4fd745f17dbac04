//! Delivery receipts ([XEP-0184](https://xmpp.org/extensions/xep-0184.html)). Sending them tells the peer that we are
//! there, so it is left to whoever decides that.

use super::{Message, MessageKind};
use crate::xml::{Element, ns};

/// What a message says about receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// The sender wants one for this message.
    Requested,
    /// A message of ours has arrived.
    Received {
        /// Its id.
        id: String,
    },
}

impl Receipt {
    /// Finds it in a message. Errors carry our own payloads back, and a receipt asks for no receipt.
    pub fn of(message: &Message) -> Option<Self> {
        if matches!(message.kind, MessageKind::Error(_)) {
            return None;
        }
        if let Some(received) = message.payload("received", ns::RECEIPTS) {
            let id = received.attr("id").filter(|id| !id.is_empty())?.to_owned();
            return Some(Self::Received { id });
        }
        message.payload("request", ns::RECEIPTS).filter(|_| message.id.is_some()).map(|_| Self::Requested)
    }
}

/// The wish for a receipt.
pub fn request() -> Element {
    Element::new("request", ns::RECEIPTS)
}

/// The receipt for the message with this id.
pub fn received(id: &str) -> Element {
    Element::new("received", ns::RECEIPTS).with_attr("id", id)
}
