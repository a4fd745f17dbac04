//! What xmppd and xmppctl say to each other: requests, replies, events and failures, as the contract words them.
//! Only this crate's types go over a wire; carrying them (sockets, buses) and acting on them is left to its users.
//!
//! Keys are snake_case, what is absent is left out, times are RFC 3339 in UTC, durations are milliseconds in keys that
//! end `_ms`. The wire only grows: readers of replies and events ignore what they do not know, readers of requests
//! refuse it, so that a misspelt parameter is never silently without effect.

pub mod duration;
mod event;
mod failure;
pub mod jsonrpc;
pub mod reply;
pub mod request;
#[cfg(feature = "schema")]
pub mod schema;
mod show;
mod state;
mod topic;
mod tune;

pub use event::{
    Change, ChatStateChange, Event, PersonalChange, PersonalPart, PresenceChange, ReactionChange, Receipt, Retraction,
    RoomChange, RosterChange, TuneChange, UnreadChange,
};
pub use failure::{Failure, Kind};
pub use jiff::Timestamp;
pub use request::{Call, METHODS, Method, Reply, Request};
pub use show::{Show, UnknownWord};
pub use state::{Snapshot, State};
pub use topic::{Topic, Topics};
pub use tune::{Played, PlayerState, Tune, TuneState};

/// The version of this protocol. It rises only when something is renamed, removed or means another thing.
pub const PROTOCOL: u32 = 1;

/// Whether a flag is at its default, so that it is left out.
fn is_false(flag: &bool) -> bool {
    !flag
}
