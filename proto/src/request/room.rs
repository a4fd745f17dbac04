//! The parameters of the methods about rooms. A parameter that is not named here is refused.

use serde::{Deserialize, Serialize};

/// `room.list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoomListing {
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `room.join`: enters a room, now and at the start of each session, and makes it if it is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoomJoin {
    /// The room.
    pub jid: String,
    /// The nickname, and no other; when absent the bookmark's, else the account's own name, and if that is taken another
    /// spelling of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    /// The room's password; on the socket only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The account; absent only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `room.leave`: leaves a room, and does not enter it by itself any more; it stays bookmarked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoomLeave {
    /// The room.
    pub jid: String,
    /// Remove the bookmark, too.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub forget: bool,
    /// The account; absent only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `room.members`: who is in a room that we are in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoomMembers {
    /// The room.
    pub jid: String,
    /// The account; absent only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `room.invite`: has a room that we are in invite somebody (XEP-0045 section 7.8.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoomInvite {
    /// The room.
    pub jid: String,
    /// Whom.
    pub whom: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The account; absent only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}
