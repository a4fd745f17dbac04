//! The wire of an account, an element at a time. Reading it out to a person is xmppctl's.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Direction;

/// What `xml.watch` answers; the wire follows as [`XmlFrame`]s, each in a notification `xml`, until the client hangs up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct XmlWatching {
    /// The accounts whose wire is told, as far as they run now; those that start later are told as well.
    pub accounts: Vec<String>,
}

/// One thing that crossed the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct XmlFrame {
    /// When it was read, or given to the connection.
    pub at: Timestamp,
    /// Whose wire.
    pub account: String,
    /// Which way it went.
    pub direction: Direction,
    /// A stream's start tag, a whole first-level element, or a stream's end tag. It is written anew from what was
    /// understood: namespaces are declared where they are used, secrets stand as `[masked]` unless asked for.
    pub xml: String,
    /// How many were not told before this one, because the reader lagged or they are too large to be held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
}
