//! The daemon itself, and the short answers of its verbs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Topic;

/// What `daemon.hello` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hello {
    /// The protocol version, see [`crate::PROTOCOL`].
    pub protocol: u32,
    /// The daemon's version.
    pub version: String,
}

/// What `daemon.status` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DaemonStatus {
    /// The daemon's version.
    pub version: String,
    /// The protocol version.
    pub protocol: u32,
    /// The process id.
    pub pid: u32,
    /// When it started.
    pub since: Timestamp,
    /// The configuration file.
    pub config: String,
    /// The state folder.
    pub state: String,
    /// The socket, when it listens on one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<String>,
    /// The name on the session bus, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bus_name: Option<String>,
    /// How many programs are connected to the socket.
    pub clients: u32,
    /// How many of them watch.
    pub watchers: u32,
    /// Resident memory in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

/// The answer of a verb that has nothing to tell: an empty object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Done {}

/// What `ping` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pong {
    /// The account that asked.
    pub account: String,
    /// Who answered.
    pub from: String,
    /// How long the answer took, in milliseconds.
    pub round_trip_ms: u64,
}

/// What `wait` answers once the condition holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WaitReport {
    /// The condition, as it was asked.
    pub condition: String,
    /// The account for which it came true, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// How long it took, in milliseconds.
    pub waited_ms: u64,
}

/// What `watch.start` answers; the snapshot follows as the first event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WatchReport {
    /// The topics that are watched.
    pub topics: Vec<Topic>,
}
