//! What the configuration says about one account, as the core needs it, and what the store remembered of it.

use jid::{BareJid, ResourcePart};

use crate::players::Pattern;
use crate::presence::{Layers, StatusWhen};
use crate::srv::TlsPolicy;
use crate::stream::features::ConfigVersion;
use crate::template::Template;

use super::contacts::{KeptRoster, SubscriptionRequest};
use super::kept::{Border, KeptMessage, KeptRoom, KeptSession};
use super::recent::KeptRecent;
use super::tokens::Token;

/// One account's configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who logs in; its domain is the reference identity of the server's certificate.
    pub jid: BareJid,
    /// The resource to ask for.
    pub resource: ResourcePart,
    /// A fixed host and port instead of the SRV look-up.
    pub server: Option<(String, u16)>,
    /// Which kinds of TLS may be used; plain text is none of them.
    pub tls: TlsPolicy,
    /// How the tune is published.
    pub tune: TuneSettings,
    /// Rooms are entered as the account's bookmarks say.
    pub rooms: bool,
    /// What becomes of messages.
    pub messages: MessageSettings,
    /// Chats that no plain text is sent into, by patterns of bare addresses.
    pub encrypted_only: Vec<Pattern>,
    /// What becomes of a message of which nobody can say whether it arrived.
    pub on_uncertain: OnUncertain,
    /// So many messages that wait for a session are held in memory; more are on the disk alone.
    pub held: usize,
    /// This installation's UUID, version 4 (XEP-0388): what ties tokens and resources to it.
    pub user_agent: String,
    /// The program's version, told to those who see our presence (XEP-0092).
    pub version: String,
}

/// What becomes of a message that was written in a session that is gone, when neither server nor archive can say whether
/// it arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUncertain {
    /// It is sent again under its id: it arrives, and in the worst case twice.
    #[default]
    Resend,
    /// It waits for its author's word.
    Hold,
}

/// How the tune is published through one account.
#[derive(Clone, Debug)]
pub struct TuneSettings {
    /// As User Tune (XEP-0118).
    pub pep: bool,
    /// As presence text, by this template.
    pub status: Option<Template>,
    /// When the presence text may come from the tune.
    pub status_when: StatusWhen,
}

/// What becomes of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageSettings {
    /// They are kept on the disk.
    pub history: bool,
    /// Contacts who ask are told what has arrived and what was read.
    pub receipts: bool,
}

/// What outlived the last run of the daemon.
#[derive(Clone, Debug)]
pub struct Memory {
    /// What the user last asked for.
    pub layers: Layers,
    /// A tune of ours may still stand at the server.
    pub tune_out: bool,
    /// The tokens to log in with, the newest first.
    pub tokens: Vec<Token>,
    /// What the server offered at the last login.
    pub offer: Option<Remembered>,
    /// The session to take up again.
    pub session: Option<KeptSession>,
    /// Messages that no server has acknowledged, the oldest first: those that may ever have left, and as many others as
    /// are to be held in memory.
    pub messages: Vec<KeptMessage>,
    /// How many more wait on the disk.
    pub backlog: usize,
    /// The ids of those that are their askers' own, and what was asked for under each.
    pub chosen_behind: Vec<(String, String)>,
    /// The last that the server has taken, the oldest first.
    pub taken: Vec<KeptMessage>,
    /// How far the archive is known; none when nothing is known of it.
    pub border: Option<Border>,
    /// The names of the last messages that watchers were told of, the oldest first.
    pub told: Vec<String>,
    /// The last messages of the history.
    pub recent: KeptRecent,
    /// The roster, where the server gives versions of it.
    pub roster: Option<KeptRoster>,
    /// Who asks to see our presence.
    pub requests: Vec<SubscriptionRequest>,
    /// The rooms that the account remembers.
    pub rooms: Vec<KeptRoom>,
}

impl Memory {
    /// Of an account that has never been online.
    #[must_use]
    pub fn new(layers: Layers) -> Self {
        Self {
            layers,
            tune_out: false,
            tokens: Vec::new(),
            offer: None,
            session: None,
            messages: Vec::new(),
            backlog: 0,
            chosen_behind: Vec::new(),
            taken: Vec::new(),
            border: None,
            told: Vec::new(),
            recent: KeptRecent::default(),
            roster: None,
            requests: Vec::new(),
            rooms: Vec::new(),
        }
    }
}

/// What the server offered at the last login in one exchange: enough to send the next request with the stream header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Whether TLS came before the first byte: another port may have another offer.
    pub direct: bool,
    /// The mechanisms of tokens.
    pub fast: Vec<String>,
    /// What a session can be bound with, by namespace.
    pub bind: Vec<String>,
    /// Whether a session can be resumed inside the login.
    pub management: bool,
    /// The offer's own name (XEP-0509), if the server gives it one.
    pub config_version: Option<ConfigVersion>,
}
