//! What watchers are told: one change a line. Keeping them in one picture is [`crate::State`]'s.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::reply::{
    AccountInfo, AccountStatus, Contact, Message, MessageState, OutboxCount, Personal, Room, RoomInvitation,
    SubscriptionRequest, TuneReport,
};
use crate::{Show, State, Topic};

/// One line of `watch`, and the `params` of an `event` notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Event {
    /// Rises by one from the snapshot, which is 0; a gap has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// What happened.
    #[serde(flatten)]
    pub change: Change,
}

/// What happened. Except for snapshot and gap, each is about one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Change {
    /// Where things stand: everything about the watched topics. The first line, and the first behind a gap.
    Snapshot(Box<State>),
    /// Lines were lost; a new snapshot follows.
    Gap,
    /// An account's presence is another.
    Status(AccountStatus),
    /// Our tune is another, or a contact's.
    Tune(TuneChange),
    /// A contact shows something else.
    Presence(PresenceChange),
    /// A contact tells something else of themselves.
    Personal(PersonalChange),
    /// The contact list is another.
    Roster(RosterChange),
    /// A message came or went.
    Message(Box<Message>),
    /// An account is another.
    Account(Box<AccountInfo>),
    /// Another number of messages waits.
    Outbox(OutboxCount),
    /// Another number of a chat's messages is unread.
    Unread(UnreadChange),
    /// What became of a message of ours.
    Receipt(Receipt),
    /// Somebody put something to a message, or took it away.
    Reaction(ReactionChange),
    /// The sender of a message has taken it back.
    Retraction(Retraction),
    /// Somebody writes, or does not any more.
    ChatState(ChatStateChange),
    /// A room is another, or somebody invites us into one.
    Room(RoomChange),
}

/// What became of a message of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Receipt {
    /// The account it left through.
    pub account: String,
    /// The message's id.
    pub id: String,
    /// The recipient's bare JID, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How far it has come. With `displayed`, all messages before it were seen as well.
    pub state: MessageState,
    /// Why not further, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What somebody puts to a message, all of it (XEP-0444).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReactionChange {
    /// The account.
    pub account: String,
    /// The chat's bare JID.
    pub jid: String,
    /// The message's id.
    pub id: String,
    /// Who: a bare JID, in a room with the nickname.
    pub from: String,
    /// What; nothing any more when empty.
    pub emojis: Vec<String>,
}

/// A message that is taken back (XEP-0424).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Retraction {
    /// The account.
    pub account: String,
    /// The chat's bare JID.
    pub jid: String,
    /// The message's id.
    pub id: String,
    /// Its sender's bare JID, in a room with the nickname.
    pub from: String,
}

/// What somebody does in a chat (XEP-0085).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatStateChange {
    /// The account.
    pub account: String,
    /// Who, a full JID.
    pub from: String,
    /// active, composing, paused, inactive or gone.
    pub state: String,
}

/// How many messages of a chat nobody has read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnreadChange {
    /// The account.
    pub account: String,
    /// The other side's bare JID.
    pub jid: String,
    /// How many.
    pub unread: u64,
}

/// A tune: ours, or with `account` and `jid` a contact's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TuneChange {
    /// The account that learnt it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The contact's bare JID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jid: Option<String>,
    /// The tune.
    #[serde(flatten)]
    pub report: TuneReport,
}

/// What a contact shows at one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PresenceChange {
    /// The account that learnt it.
    pub account: String,
    /// The contact's bare JID. Absent together with `offline`: none of the account's contacts is known to be available
    /// any longer, because its stream has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jid: Option<String>,
    /// The resource. Absent together with `offline`: all of the contact's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// What it shows; `offline` when it went.
    pub show: Show,
    /// The text beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// RFC 6121 section 4.7.2.3.
    #[serde(default)]
    pub priority: i8,
    /// Since when it shows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// What a contact tells of themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PersonalChange {
    /// The account that learnt it.
    pub account: String,
    /// The contact's bare JID.
    pub jid: String,
    /// What it is about; all else stays as it was.
    pub what: PersonalPart,
    /// It; absent when they tell it no more.
    #[serde(flatten)]
    pub personal: Personal,
}

/// A part of what people tell of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PersonalPart {
    /// How they feel.
    Mood,
    /// What they do.
    Activity,
    /// What they want to be called.
    Nick,
    /// The picture that they show.
    Avatar,
}

impl PersonalPart {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mood => "mood",
            Self::Activity => "activity",
            Self::Nick => "nick",
            Self::Avatar => "avatar",
        }
    }
}

impl PersonalChange {
    /// What is known of a contact, from now on.
    pub fn apply(self, known: &mut Personal) {
        match self.what {
            PersonalPart::Mood => known.mood = self.personal.mood,
            PersonalPart::Activity => known.activity = self.personal.activity,
            PersonalPart::Nick => known.nick = self.personal.nick,
            PersonalPart::Avatar => known.avatar = self.personal.avatar,
        }
    }
}

/// A part of the contact list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RosterChange {
    /// The account.
    pub account: String,
    /// Contacts as they are now. What they show is left out: it comes as presence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<Contact>,
    /// The bare JIDs of contacts that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// Whether `contacts` is the whole list: every other contact is gone.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub whole: bool,
    /// Who asks to see us, and did not before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<SubscriptionRequest>,
    /// The bare JIDs of those who were answered, or ask no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answered: Vec<String>,
}

/// One room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoomChange {
    /// The account.
    pub account: String,
    /// The room as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Room>,
    /// The JID of a room that is not remembered any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
    /// Somebody invites us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<RoomInvitation>,
}

impl Event {
    /// The change as the `seq`-th line behind a snapshot.
    pub const fn new(seq: u64, change: Change) -> Self {
        Self { seq: Some(seq), change }
    }

    /// The line that says that lines were lost.
    pub const fn gap() -> Self {
        Self { seq: None, change: Change::Gap }
    }
}

impl Change {
    /// What it is about; nothing for a snapshot and a gap.
    pub const fn topic(&self) -> Option<Topic> {
        match self {
            Self::Snapshot(_) | Self::Gap => None,
            Self::Status(_) => Some(Topic::Status),
            Self::Tune(_) => Some(Topic::Tune),
            Self::Presence(_) => Some(Topic::Presence),
            Self::Personal(_) => Some(Topic::Personal),
            Self::Roster(_) => Some(Topic::Roster),
            Self::Message(_) | Self::Unread(_) | Self::Reaction(_) | Self::Retraction(_) | Self::ChatState(_) => {
                Some(Topic::Message)
            }
            Self::Receipt(_) => Some(Topic::Receipt),
            Self::Account(_) => Some(Topic::Account),
            Self::Outbox(_) => Some(Topic::Outbox),
            Self::Room(_) => Some(Topic::Room),
        }
    }
}
