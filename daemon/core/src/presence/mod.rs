//! What contacts are told about the person's availability, and how it is composed.
//! Sending it, and learning whether the server took it, is [`crate::account`]'s.

mod compose;
mod layers;
mod scroll;
mod show;

pub use compose::{Composed, Explained, Offered, Part, Reason, StatusWhen, compose, explain};
pub use layers::{Directed, Held, Idle, Layer, Layers, Overlay, Scroll, Sheet, Then, Timed};
pub use scroll::Marquee;
pub use show::{Show, UnknownShow};

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

#[cfg(test)]
mod tests_any_order;
