//! Messages, as they come and as they go.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RoomSpeaker;

/// What `send` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SendReport {
    /// The account it leaves through.
    pub account: String,
    /// The message's id (XEP-0359 origin id as well).
    pub id: String,
    /// How far it has come.
    pub state: SendState,
    /// The recipient.
    pub to: String,
    /// Where the file is that goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SendState {
    /// Kept until it can leave.
    Queued,
    /// The server has it.
    Sent,
    /// The recipient's client has it.
    Received,
}

impl SendState {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }
}

/// What `outbox.list` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OutboxList {
    /// In the order in which they leave.
    pub messages: Vec<OutboxMessage>,
}

/// A message that no server is known to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OutboxMessage {
    /// The account it leaves through.
    pub account: String,
    /// Its id.
    pub id: String,
    /// The recipient.
    pub to: String,
    /// How far it has come.
    pub state: OutboxState,
    /// How often it was to leave so far.
    pub attempts: u32,
    /// When it was taken.
    pub queued_at: Timestamp,
    /// Why it is not sent by itself any more, or came back and is tried again, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How far a message in the outbox has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OutboxState {
    /// It waits for a session, or for the archive to tell whether it arrived.
    Queued,
    /// It has its place in a session, and the server has not acknowledged it.
    Sent,
    /// It has not arrived and would not; it waits for `outbox.retry` or `outbox.cancel`.
    Failed,
    /// Nobody can say whether it arrived; it waits for `outbox.retry` or `outbox.cancel`.
    Uncertain,
}

impl OutboxState {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
        }
    }
}

/// How many messages of each account wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OutboxCounts {
    /// Accounts of which a message has ever waited.
    pub accounts: Vec<OutboxCount>,
}

impl OutboxCounts {
    /// Whether nothing is known of any account.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }
}

/// How many messages of an account wait until its server has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OutboxCount {
    /// The account.
    pub account: String,
    /// How many.
    pub waiting: u64,
}

/// A message's type (RFC 6121 section 5.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MessageType {
    /// One of a conversation.
    Chat,
    /// One that stands alone.
    Normal,
    /// One that expects no answer.
    Headline,
    /// One of a room.
    Groupchat,
    /// One that came back.
    Error,
}

impl MessageType {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Normal => "normal",
            Self::Headline => "headline",
            Self::Groupchat => "groupchat",
            Self::Error => "error",
        }
    }
}

/// Which way a message or an element of the wire went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To us.
    In,
    /// From us.
    Out,
}

impl Direction {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Message {
    /// The account it came or went through.
    pub account: String,
    /// Our id of it.
    pub id: String,
    /// Which way it went.
    pub direction: Direction,
    /// Who sent it, a full JID where known.
    pub from: String,
    /// To whom.
    pub to: String,
    /// Its type.
    #[serde(rename = "type")]
    pub message_type: MessageType,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The text is encrypted with this method and cannot be read here, so that there is no `body` (XEP-0380).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<String>,
    /// Addresses of files that go with it (XEP-0066); nothing was fetched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// When it was sent.
    pub timestamp: Timestamp,
    /// Whether it was stored on the way (XEP-0203).
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub delayed: bool,
    /// Whether it is a copy of what another client of ours sent or got (XEP-0280).
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub carbon: bool,
    /// The archive's id (XEP-0359).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stanza_id: Option<String>,
    /// The sender's id (XEP-0359).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_id: Option<String>,
    /// Who spoke, where it came out of a room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomSpeaker>,
    /// How far it has come, when it is ours and the history tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<MessageState>,
    /// Why it has not come further, for people; of the history alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether nobody has read it; of the history alone.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub unread: bool,
    /// The id of the sender's message that it takes the place of (XEP-0308).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// The id of the message that has taken its place; of the history alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// The id of the message that it answers (XEP-0461).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// What people put to it (XEP-0444); of the history alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// Whether its sender has taken it back, and its text is gone (XEP-0424); of the history alone.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub retracted: bool,
}

/// What somebody puts to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reaction {
    /// Who: a bare JID, in a room with the nickname.
    pub from: String,
    /// What.
    pub emojis: Vec<String>,
}

/// How far a message of ours has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// Kept until it can leave.
    Queued,
    /// The server has it.
    Sent,
    /// The recipient's client has it (XEP-0184).
    Received,
    /// The recipient has seen it (XEP-0333).
    Displayed,
    /// It came back.
    Failed,
    /// Nobody can say whether it arrived.
    Uncertain,
}

impl MessageState {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Displayed => "displayed",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
        }
    }
}

/// What `history` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryReport {
    /// The oldest first.
    pub messages: Vec<Message>,
}

/// What `unread` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnreadReport {
    /// Accounts of which a message has ever been unread.
    pub accounts: Vec<AccountUnread>,
}

impl UnreadReport {
    /// Whether nothing is known of any account.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }
}

/// The messages of an account that nobody has read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountUnread {
    /// The account.
    pub account: String,
    /// How many in all.
    pub unread: u64,
    /// Chats that have any, in the order of their JIDs.
    pub chats: Vec<UnreadChat>,
}

/// The messages of a chat that nobody has read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnreadChat {
    /// The other side's bare JID.
    pub jid: String,
    /// How many.
    pub unread: u64,
}
