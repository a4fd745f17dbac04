//! Whether somebody is writing ([XEP-0085](https://xmpp.org/extensions/xep-0085.html)), as it comes in; we tell nobody.

use super::Message;
use crate::xml::ns;

/// What somebody does in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatState {
    /// Attends to it.
    Active,
    /// Writes.
    Composing,
    /// Has stopped writing.
    Paused,
    /// Does not attend to it.
    Inactive,
    /// Has left it.
    Gone,
}

impl ChatState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Active, Self::Composing, Self::Paused, Self::Inactive, Self::Gone];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Composing => "composing",
            Self::Paused => "paused",
            Self::Inactive => "inactive",
            Self::Gone => "gone",
        }
    }

    /// Finds it in a message that says nothing else.
    pub fn find(message: &Message) -> Option<Self> {
        let has = |state: &Self| message.payload(state.as_str(), ns::CHAT_STATES).is_some();
        Self::ALL.into_iter().find(has).filter(|_| message.body.is_none())
    }
}
