//! Rooms (XEP-0045): those that an account remembers or is in, who is there, and invitations.

use serde::{Deserialize, Serialize};

use crate::Show;

/// What `room.list` and the verbs that change a room answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoomReport {
    /// In the order of the configuration.
    pub accounts: Vec<AccountRooms>,
}

impl RoomReport {
    /// Whether nothing is known of any account.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }
}

/// The rooms of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountRooms {
    /// The account's name.
    pub account: String,
    /// Sorted by JID.
    pub rooms: Vec<Room>,
}

/// A room that is bookmarked, or that we are in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Room {
    /// The room.
    pub jid: String,
    /// What the bookmark calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Our nickname in it, or the one to enter with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    /// Where we stand.
    pub state: RoomState,
    /// It is entered at the start of each session.
    #[serde(default)]
    pub autojoin: bool,
    /// The server has it among the bookmarks; else only this daemon remembers it.
    #[serde(default)]
    pub bookmarked: bool,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Why we are not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Where we stand to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RoomState {
    /// Outside, by wish or without a session.
    Left,
    /// On the way in.
    Joining,
    /// Inside.
    Joined,
    /// Outside until the next attempt.
    Retrying,
    /// Put out.
    Kicked,
    /// Put out for good.
    Banned,
    /// There is no such room any more.
    Gone,
    /// Not let in.
    Refused,
}

impl RoomState {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Joining => "joining",
            Self::Joined => "joined",
            Self::Retrying => "retrying",
            Self::Kicked => "kicked",
            Self::Banned => "banned",
            Self::Gone => "gone",
            Self::Refused => "refused",
        }
    }
}

/// What `room.members` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoomMembersReport {
    /// The account.
    pub account: String,
    /// The room.
    pub jid: String,
    /// Who is there, sorted by nickname.
    pub members: Vec<RoomMember>,
    /// There are more, and they are not remembered.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub more: bool,
}

/// Somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoomMember {
    /// The nickname.
    pub nick: String,
    /// `owner`, `admin`, `member`, `none` or `outcast` (XEP-0045 section 5.2).
    pub affiliation: String,
    /// `moderator`, `participant`, `visitor` or `none` (section 5.1).
    pub role: String,
    /// Who it is, where the room shows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jid: Option<String>,
    /// Who it is to the room, whatever the nickname (XEP-0421).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupant_id: Option<String>,
    /// How available.
    pub show: Show,
}

/// Who spoke, in a message out of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoomSpeaker {
    /// The nickname; absent where the room itself speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    /// Who it is to the room, whatever the nickname (XEP-0421).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupant_id: Option<String>,
}

/// An invitation into a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoomInvitation {
    /// The room.
    pub jid: String,
    /// Who invites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
