//! What contacts are told about the person's availability, and how it is composed.
//! Sending it, and learning whether the server took it, is [`crate::account`]'s.

/// What a person can ask for. `Offline` closes the stream; `Invisible` needs XEP-0186.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Show {
    /// Available, without a `<show/>`.
    Online,
    /// Available and eager to talk.
    Chat,
    /// Away for a short while.
    Away,
    /// Away for long (extended away).
    Xa,
    /// Do not disturb.
    Dnd,
    /// No stream at all.
    Offline,
    /// A stream that contacts do not see.
    Invisible,
}

/// What contacts are to see, complete.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Presence {
    /// The availability.
    pub show: Show,
    /// The text beside it, clean and not empty.
    pub status: Option<String>,
    /// RFC 6121 section 4.7.2.3.
    pub priority: i8,
}
