//! Everything that can happen to an account.

use jid::{BareJid, Jid, ResourcePart};

use super::kept::{KeptAside, KeptMessage};
use super::settings::{MessageSettings, OnUncertain, TuneSettings};
use crate::entropy::SEED_LEN;
use crate::loss::Loss;
use crate::pep::Publication;
use crate::presence::Layers;
use crate::sasl::{Bindings, TlsVersion, scram};
use crate::secret::Secret;
use crate::stanza::MessageKind;
use crate::tune::Track;
use crate::xml::Element;

/// One happening; handed to [`Account::handle`](super::Account::handle).
#[derive(Debug)]
pub enum Input<'a> {
    /// The account may connect, if its user wants that; the first input there is.
    Start,
    /// Somebody asks for something.
    Command(Command),
    /// The connection that was dialled stands.
    Connected(Connected),
    /// The TLS handshake after STARTTLS is done.
    Secured(Security),
    /// The password, or why there is none.
    Secret(Result<Secret, SecretMissing>),
    /// The key that was to be derived from the password.
    Derived(Result<scram::SaltedPassword, scram::Prohibited>),
    /// What the server sent, in pieces of any size.
    Bytes(&'a [u8]),
    /// The connection is gone, or could not be made.
    Lost(Loss),
    /// A change is durable, or could not be made so.
    Stored(StoreTicket, Result<(), String>),
    /// What [`Output::Load`](super::Output::Load) asked for, or why it could not be read.
    Loaded(Result<Vec<KeptMessage>, String>),
    /// A deadline may have come.
    Tick,
    /// Something befell the machine under us.
    Machine(Machine),
}

/// What befalls the machine, as far as a connection minds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// It is about to be suspended: what is to be said must leave now.
    Sleeps,
    /// It was suspended, or may have been.
    Woke,
    /// A link, an address or a route came, went or changed.
    NetworkChanged,
}

/// A fresh connection to one of the servers of the account's domain.
#[derive(Debug)]
pub struct Connected {
    /// Present when TLS came before the first byte of XMPP (XEP-0368).
    pub security: Option<Security>,
    /// The host and port that took the connection.
    pub server: String,
    /// Fresh randomness for this connection's nonce and ids.
    pub seed: [u8; SEED_LEN],
    /// Round trips spent so far, name look-up excluded.
    pub round_trips: u32,
}

/// What a verified TLS session offers to the login.
#[derive(Clone, Debug)]
pub struct Security {
    /// For people: `1.3` or `1.2`.
    pub version: TlsVersion,
    /// For people: the cipher suite's name.
    pub cipher: String,
    /// Channel-binding data of type tls-exporter (RFC 9266), TLS 1.3 only.
    pub exporter: Option<[u8; 32]>,
    /// Channel-binding data of type tls-server-end-point (RFC 5929).
    pub end_point: Option<Vec<u8>>,
}

impl Security {
    /// The same for the choice of a channel binding.
    pub(super) fn bindings(&self) -> Bindings {
        Bindings { exporter: self.exporter, end_point: self.end_point.clone() }
    }
}

/// Why there is no password, in words that say the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretMissing(pub String);

/// Names the asker of a command; its answer carries the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Names a change on its way to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreTicket(pub u64);

/// What somebody can ask of an account.
#[derive(Debug)]
pub enum Command {
    /// Make contacts see this; answered when the server has it, at once when that must wait for a connection.
    Layers(Ticket, Layers),
    /// This is playing, or nothing is.
    Tune(Option<Playing>),
    /// Publish the tune like this from now on; answered when that is under way.
    TuneSettings(Ticket, TuneSettings),
    /// This becomes of messages of which nobody can say whether they arrived, from now on; answered at once.
    OnUncertain(Ticket, OnUncertain),
    /// Somebody looks at what comes in, or nobody does; as it is when the account starts (XEP-0352).
    Watched(bool),
    /// Tell whether the server can hide us (XEP-0186); answered by done, by that it cannot, or that it cannot be asked.
    CanHide(Ticket),
    /// Have the server tell what it holds back while nobody looks (XEP-0352); answered when it has, and at once when it
    /// holds back nothing.
    CatchUp(Ticket),
    /// Connect now, whatever pause or stop is in force; answered when online, or with why not.
    Connect(Ticket),
    /// Close the stream politely and stay offline until the next `Connect`; what was asked for stays.
    Disconnect(Ticket),
    /// The daemon ends: say goodbye; answered when the connection is closed.
    Leave(Ticket),
    /// The program is exchanged for another: end the connection without a goodbye, so that the session can be taken up
    /// again, or with one where it cannot; answered when that is on its way.
    Suspend(Ticket),
    /// Send a message; answered when the server has it, or when it is kept for the next session.
    Send(Ticket, Outgoing),
    /// Do so with messages from now on; answered at once.
    MessageSettings(Ticket, MessageSettings),
    /// The messages of this chat are read, or of all chats; answered when that is known.
    Read(Ticket, Option<BareJid>),
    /// Send a message that was set aside; answered like `Send`.
    Retry(Ticket, KeptAside),
    /// Do not send the message with this id; answered with whether that could still be.
    Cancel(Ticket, String, Place),
    /// Ask somebody something; answered with the payload of the result or the error.
    Ask(Ticket, Question),
    /// Publish something about ourselves for those who see our presence, and nobody else (XEP-0163); answered when the
    /// server has it.
    Publish(Ticket, Publication),
    /// Make, take back or answer a request to see presence; answered when the server has handled it.
    Subscribe(Ticket, BareJid, Subscribing),
    /// Something about a room; answered when it is done.
    Room(Ticket, BareJid, RoomCommand),
}

/// What can be wanted of a room.
#[derive(Debug)]
pub enum RoomCommand {
    /// Enter now and at the start of each session; with this nickname and no other, where one is given.
    Join(Option<ResourcePart>, Option<Secret>),
    /// Leave, and do not enter any more; or do not even remember it.
    Leave {
        /// Not even remembered.
        forget: bool,
    },
    /// Tell who is there.
    Occupants,
    /// Have the room invite somebody, for this reason.
    Invite(Jid, Option<String>),
}

/// Where a message that is to be cancelled was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere but in memory, if anywhere.
    Memory,
    /// On the disk, behind those in memory.
    Behind,
}

/// What becomes of a request to see presence (RFC 6121 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscribing {
    /// We ask to see theirs.
    Subscribe,
    /// We do not want to see theirs any more.
    Unsubscribe,
    /// They may see ours; whoever has not asked yet, only where the server can remember that.
    Approve,
    /// They may not see ours, or not any more.
    Deny,
}

/// What is playing, settled and allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playing {
    /// The tune.
    pub track: Track,
    /// The player's name; none when a person or script set the tune.
    pub player: Option<String>,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The asker's own id, under which the message is sent once however often it is asked for; else it gets one.
    pub id: Option<String>,
    /// It is not to be sent, if it was not asked for before.
    pub only_again: bool,
    /// The recipient.
    pub to: Jid,
    /// RFC 6121 section 5.2.2.
    pub kind: MessageKind,
    /// The text, clean.
    pub body: String,
    /// The subject, clean.
    pub subject: Option<String>,
    /// Whether the recipient is asked to say that it came (XEP-0184).
    pub receipt: bool,
    /// Where the file is that goes with it (XEP-0066).
    pub url: Option<String>,
    /// It takes the place of another one of ours to the same recipient.
    pub correcting: Option<Correcting>,
    /// Whoever asks is answered as soon as the disk has it.
    pub no_wait: bool,
}

/// Which message a correction is of (XEP-0308).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correcting {
    /// The id of the first message: corrections of corrections name that one, too.
    pub first: String,
    /// The id of the last message that says the same and is on the disk alone, behind those in memory.
    pub behind: Option<String>,
}

/// An IQ to be sent.
#[derive(Clone, Debug)]
pub struct Question {
    /// Whom to ask; nobody means our own account.
    pub to: Option<Jid>,
    /// `set` rather than `get`.
    pub set: bool,
    /// What to ask.
    pub payload: Element,
}
