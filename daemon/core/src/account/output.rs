//! Everything an account can want done or known.

use jid::{BareJid, FullJid, Jid};

use super::contacts::{KeptPush, KeptRoster, SubscriptionRequest};
use super::correcting::Merged;
use super::input::{StoreTicket, Ticket};
use super::kept::{KeptMessage, KeptRoom, KeptSession, Known};
use super::recent::Noted;
use super::returned::Returned;
use super::room::Occupant;
use super::rooms::{Invitation, RoomReport};
use super::settings::Remembered;
use super::tokens::Token;
use crate::pep::Personal;
use crate::presence::Composed;
use crate::sasl::TlsVersion;
use crate::sasl::scram::Derivation;
use crate::secret::Secret;
use crate::srv::TlsPolicy;
use crate::stanza::chat_state::ChatState;
use crate::stanza::roster::Item;
use crate::stanza::{MessageKind, StanzaError};
use crate::time::Wall;
use crate::tune::Track;
use crate::xml::Element;

/// One thing the shell is to do; taken from [`Account::poll`](super::Account::poll).
#[derive(Debug)]
pub enum Output {
    /// Connect; answered by `Connected` or `Lost`.
    Dial(Dial),
    /// Begin the TLS handshake on the connection; answered by `Secured` or `Lost`.
    StartTls,
    /// Read the password; answered by `Secret`.
    NeedSecret,
    /// Run [`derive`](crate::sasl::scram::derive) off the loop, for ten seconds at most (S20); answered by `Derived`,
    /// or by `Lost` with [`Expensive`](crate::loss::Loss::Expensive) when it took longer.
    Derive(Secret, Derivation),
    /// Send these bytes.
    Write(Vec<u8>),
    /// Give the connection up; nothing more is expected of it, not even `Lost`.
    HangUp(HangUp),
    /// Make a change durable; answered by `Stored`.
    Store(StoreTicket, Change),
    /// Read so many of the messages that [`Change::Backlog`] keeps, the oldest first; they are not behind any more, and not
    /// read again by this process. Answered by `Loaded`.
    Load(usize),
    /// The answer to a command.
    Reply(Ticket, Outcome),
    /// Something that watchers want to know.
    Event(Event),
}

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// The account's domain: what SRV is asked for and the certificate must name.
    pub domain: String,
    /// A fixed host and port instead of the look-up.
    pub server: Option<(String, u16)>,
    /// The server was named by the one before (RFC 6120 section 4.9.3.19), and may be no nearer to this machine than that.
    pub redirected: bool,
    /// Which kinds of TLS may be used.
    pub tls: TlsPolicy,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// After everything written has left, with a TLS close.
    Polite,
    /// At once.
    Abrupt,
}

/// What must outlive the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A tune of ours stands, or may stand, at the server.
    TuneOut(bool),
    /// The tokens to log in with, the newest first; none are left of those before.
    Tokens(Vec<Token>),
    /// What the server offers to a login in one exchange.
    Offer(Remembered),
    /// The session that another process could take up again; none of those before.
    Session(Option<KeptSession>),
    /// So many of the server's stanzas were handled, and when; of the session that is kept. What is known with them.
    Handled(u32, Wall, Known),
    /// What is known of messages that came in a session that is not kept.
    Known(Known),
    /// A message that no server has acknowledged; when it is taken, also as the history is to have it.
    Message(KeptMessage, Option<Box<Incoming>>),
    /// The same, of a message that is not held in memory: it waits behind all others.
    Backlog(KeptMessage, Option<Box<Incoming>>),
    /// The messages with these ids need not be kept any more; these names are known from now on.
    Arrived(Vec<String>, Vec<String>),
    /// The same of messages that came back; the reason, for people.
    Failed(Vec<String>, String),
    /// A message that was never written has another text from now on.
    Merged(Box<Merged>),
    /// A message that came back is kept again.
    Returned(Box<Returned>),
    /// The same of messages that were never sent.
    Withdrawn(Vec<String>),
    /// The messages of a chat are read, up to the one with this id, or all.
    Read(BareJid, Option<String>),
    /// The message with this id is not sent by itself any more; the reason, for people.
    SetAside(String, Aside, String),
    /// The roster; none is known.
    Roster(Option<KeptRoster>),
    /// A part of the roster that is kept has changed.
    RosterPush(KeptPush),
    /// Somebody asks to see our presence.
    SubscriptionRequest(SubscriptionRequest),
    /// They do not any more.
    SubscriptionAnswered(BareJid),
    /// A room that the account remembers; how far it is known stays as it is.
    Room(KeptRoom),
    /// It does not any more.
    RoomForgotten(BareJid),
}

/// Why a message is kept and not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// It has not arrived, and would not.
    Failed,
    /// Nobody can say whether it arrived.
    Uncertain,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The presence is where this says.
    Delivered(Delivery),
    /// The message with this id is at the server.
    Sent(String),
    /// The message with this id is kept, and will be sent in the next session.
    Queued(String),
    /// The payload of the result.
    Answer(Option<Element>),
    /// The peer or server answered with an error.
    Refused(StanzaError),
    /// The stream is not there, or went while waiting; the reason, when there is one.
    NotOnline(Option<Problem>),
    /// Nobody answered in time.
    TimedOut,
    /// It was not done, because it could not be kept; the reason.
    NotKept(String),
    /// It was not sent, because the chat is for encrypted messages only.
    Withheld,
    /// It is on its way already, or may be.
    TooLate,
    /// Another message has this id.
    IdTaken(String),
    /// There is no such thing.
    Unknown,
    /// Who is in the room, and whether there are more.
    Occupants(Vec<Occupant>, bool),
    /// We are not in that room.
    Outside,
    /// It was not done, because we are invisible, and would be seen.
    Invisible,
    /// The server cannot.
    Unsupported,
    /// It was not done, because strangers could read it, and the server would not have that changed.
    Exposed(StanzaError),
    /// Done; there is nothing to tell.
    Done,
}

/// How far a presence has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It waits for a connection.
    Pending,
    /// It was written.
    Sent,
    /// The server has it.
    Acknowledged,
}

/// What watchers learn of.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The link changed.
    Link(Report),
    /// What contacts see, and how far it has come.
    Presence(Composed, Delivery),
    /// The whole roster.
    Roster(Vec<Item>),
    /// One roster entry is new or changed.
    RosterItem(Item),
    /// One roster entry is gone.
    RosterRemoved(BareJid),
    /// Somebody asks to see our presence.
    SubscriptionRequested(SubscriptionRequest),
    /// They were answered, or ask no more.
    SubscriptionAnswered(BareJid),
    /// A contact's resource is there.
    Available(Available),
    /// A contact's resource is gone; without resource, all of them are.
    Unavailable(Jid),
    /// The session is over: nothing more is known of the contacts.
    Departed,
    /// What a contact tells of themselves, clean.
    Personal(BareJid, Personal),
    /// What became of publishing our own tune.
    TunePublished(TunePublished),
    /// A message came, or left from another client of ours.
    Message(Incoming),
    /// A room that is remembered, or that we are in, is new or changed.
    Room(RoomReport),
    /// A room is not remembered any more.
    RoomForgotten(BareJid),
    /// Somebody invites us into a room.
    Invited(Invitation),
    /// So many messages of this chat are not read.
    Unread(BareJid, u32),
    /// Somebody said something of a message that is known.
    Noted(Noted),
    /// What somebody does in a chat.
    ChatState(Jid, ChatState),
    /// The message with this id is not sent by itself any more, and nobody waits to be told; the reason, for people.
    SetAside(String, Aside, String),
    /// So many messages of ours wait until the server has them.
    Outbox(usize),
    /// The server does not keep its side of stream management, three times in a row: it is used no more until the
    /// daemon starts anew, and a message is taken to be at the server once it is written.
    Mistrusted,
}

/// A contact's resource as its presence describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Available {
    /// Who.
    pub from: Jid,
    /// The contact's presence, clean.
    pub presence: crate::presence::Presence,
    /// Since when, if the server said so (XEP-0203).
    pub since: Option<Wall>,
}

/// What became of publishing a tune.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TunePublished {
    /// The server has it; nothing means it was withdrawn.
    Done(Option<Track>),
    /// The server cannot take it or would not, in words for people; nothing means the withdrawal.
    Failed(Option<Track>, String),
}

/// A message as it came, or as it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The sender's own id, or one of ours where there is none.
    pub id: String,
    /// The sender; our own account's server when absent on the wire.
    pub from: Jid,
    /// The addressee.
    pub to: Jid,
    /// RFC 6121 section 5.2.2.
    pub kind: MessageKind,
    /// The text, clean.
    pub body: Option<String>,
    /// The subject, clean.
    pub subject: Option<String>,
    /// The text is encrypted with this and cannot be read (XEP-0380).
    pub encrypted: Option<String>,
    /// Addresses of files that go with it, clean (XEP-0066).
    pub urls: Vec<String>,
    /// When it was sent: as our server says of a message that was kept for us (XEP-0203), else when it came.
    pub at: Wall,
    /// It was kept for us on the way.
    pub delayed: bool,
    /// It is a copy of what another client of ours sent or got (XEP-0280).
    pub carbon: bool,
    /// It was sent from our account; else it came.
    pub sent: bool,
    /// Its id in the account's archive or the room's (XEP-0359), when it has one.
    pub place: Option<String>,
    /// The id that its sender gave it for good (XEP-0359).
    pub origin: Option<String>,
    /// The id of the sender's message that it takes the place of (XEP-0308).
    pub replaces: Option<String>,
    /// The id of the message that it answers (XEP-0461).
    pub reply_to: Option<String>,
    /// The sender wants to know when it was seen (XEP-0333).
    pub markable: bool,
    /// The sender wants to know that it came to this session (XEP-0184).
    pub wants_receipt: bool,
    /// Who spoke, in a room or out of one.
    pub room: Option<Speaker>,
}

impl Incoming {
    /// The other side's bare address.
    pub fn chat(&self) -> BareJid {
        if self.sent { self.to.to_bare() } else { self.from.to_bare() }
    }

    /// Whether somebody should read it: it came, from a person.
    pub fn is_news(&self) -> bool {
        let is_to_people = matches!(self.kind, MessageKind::Chat | MessageKind::Normal | MessageKind::Groupchat);
        !self.sent && self.replaces.is_none() && is_to_people
    }

    /// Whether it is said in a room, to all.
    pub fn is_said_in_room(&self) -> bool {
        self.kind == MessageKind::Groupchat
    }
}

/// Somebody who speaks in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// The nickname, clean; none where the room itself speaks.
    pub nick: Option<String>,
    /// Who it is to the room, whatever the nickname (XEP-0421).
    pub id: Option<String>,
}

/// The state of an account's link, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// In the contract's terms.
    pub state: LinkState,
    /// Since when.
    pub since: Wall,
    /// Why it is not online, or was not before.
    pub problem: Option<Problem>,
    /// About the stream, while there is one.
    pub session: Option<Session>,
}

/// The contract's STATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// By wish.
    Offline,
    /// On the way.
    Connecting,
    /// Stanzas flow.
    Online,
    /// Waiting for the next attempt.
    Retrying,
    /// Waiting for a password.
    NeedsSecret,
    /// Waiting for the user.
    Stopped,
}

/// Why an account is not online.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A word for programs.
    pub kind: &'static str,
    /// A sentence for people.
    pub message: String,
    /// When the next attempt is made.
    pub retry_at: Option<Wall>,
}

/// How a login is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// RFC 6120.
    Sasl,
    /// XEP-0388.
    Sasl2,
}

/// The facts of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Our address in this session.
    pub jid: FullJid,
    /// Host and port.
    pub server: String,
    /// The TLS version.
    pub tls: TlsVersion,
    /// The cipher suite.
    pub cipher: String,
    /// The SASL mechanism.
    pub mechanism: String,
    /// The channel binding's type.
    pub channel_binding: Option<&'static str>,
    /// How the login was carried.
    pub profile: Profile,
    /// Whether the server would take the stream up again (XEP-0198).
    pub resumable: bool,
    /// Whether it did.
    pub resumed: bool,
    /// Round trips from the first SYN until stanzas could flow, name look-up excluded.
    pub round_trips: u32,
    /// Milliseconds from the dial until stanzas could flow.
    pub bound_ms: u64,
}
