//! The configuration: a file of the contract's section 2, checked as a whole into typed values, or every fault of it.
//! Watching for changes, and what a change means, is left to those who use it.

mod check;
mod duration;
mod load;
mod problem;
mod reader;
mod values;
mod words;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jid::{BareJid, ResourcePart};
use xmppd_core::account::OnUncertain;
use xmppd_core::players::{DEFAULT_DENY, Pattern};
use xmppd_core::presence::Show;
use xmppd_core::secret::Secret;

pub(crate) use load::load;
pub(crate) use problem::LoadError;
pub(crate) use words::server;

/// Everything the file says, with the defaults for what it does not say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// In the order of the file; names are unique. There may be none.
    pub(crate) accounts: Vec<Account>,
    /// `[presence]`.
    pub(crate) presence: Presence,
    /// `[tune]`.
    pub(crate) tune: Tune,
    /// `[webhook]`, when there is one.
    pub(crate) webhook: Option<Webhook>,
    /// `[messages]`.
    pub(crate) messages: Messages,
}

impl Config {
    /// What is right but worth telling (`config check`, `doctor`, the log), a sentence each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.accounts.is_empty() {
            notes.push("no account is configured".into());
        }
        for account in self.accounts.iter().filter(|account| account.enabled && account.password.is_none()) {
            let name = &account.name;
            notes.push(format!("account {name} has no password source, and the desktop keyring is not asked yet"));
        }
        let Presence { away_after, xa_after, publish_idle, .. } = self.presence;
        if publish_idle && away_after.is_none() && xa_after.is_none() {
            notes.push("presence.publish-idle has no effect without away-after or xa-after".into());
        }
        notes
    }
}

/// One `[[account]]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Account {
    /// What people call it; the bare JID when they did not say. Never `all`.
    pub(crate) name: String,
    /// With a local part.
    pub(crate) jid: BareJid,
    /// The resource to ask for; without one, a generated one that is kept.
    pub(crate) resource: Option<ResourcePart>,
    /// Where the password comes from; `None` means the desktop keyring.
    pub(crate) password: Option<PasswordSource>,
    /// Where to connect instead of asking DNS.
    pub(crate) server: Option<Server>,
    /// How TLS begins.
    pub(crate) tls: TlsPolicy,
    /// Trust anchors beside the system's (PEM); could be read when the file was checked.
    pub(crate) ca_file: Option<PathBuf>,
    /// RFC 6121 section 4.7.2.3.
    pub(crate) priority: i8,
    /// Whether to connect at all.
    pub(crate) enabled: bool,
    /// Whether the tune is published through this account.
    pub(crate) tune: bool,
    /// Whether rooms are entered, as the account's bookmarks say.
    pub(crate) rooms: bool,
}

/// The one place a password comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PasswordSource {
    /// The first line that this program prints; never empty, run without a shell.
    Command(Vec<String>),
    /// The first line of this file, absolute.
    File(PathBuf),
    /// A systemd credential of this name.
    Credential(String),
    /// In the configuration itself.
    Inline(Secret),
}

/// A host and port to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// A DNS name or an IP address, an IPv6 one without brackets.
    pub(crate) host: String,
    /// Not zero.
    pub(crate) port: u16,
}

/// How TLS begins. There is no plain text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TlsPolicy {
    /// Whatever DNS offers, else STARTTLS.
    #[default]
    Auto,
    /// From the first byte (XEP-0368).
    Direct,
    /// After STARTTLS (RFC 6120 section 5).
    StartTls,
}

/// `[presence]`: what to start with the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Presence {
    /// The availability.
    pub(crate) show: Show,
    /// The text, not empty.
    pub(crate) status: Option<String>,
    /// Idle for so long means away; never when `None`.
    pub(crate) away_after: Option<Duration>,
    /// Idle for so long means xa; never when `None`.
    pub(crate) xa_after: Option<Duration>,
    /// Whether contacts are told since when (XEP-0319).
    pub(crate) publish_idle: bool,
}

impl Default for Presence {
    fn default() -> Self {
        Self { show: Show::Online, status: None, away_after: None, xa_after: None, publish_idle: false }
    }
}

/// `[tune]`: which tunes are told, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tune {
    /// Whether players are watched at all.
    pub(crate) enabled: bool,
    /// As a User Tune (XEP-0118).
    pub(crate) publish_pep: bool,
    /// As the presence text.
    pub(crate) publish_status: bool,
    /// The template of the presence text (the contract's section 5).
    pub(crate) status: String,
    /// When the presence text is the tune's.
    pub(crate) status_when: StatusWhen,
    /// How long a track must last before it is published.
    pub(crate) settle: Duration,
    /// What a pause does.
    pub(crate) on_pause: OnPause,
    /// Player patterns: exact, glob or `/regex/`; the order is the rank.
    pub(crate) allow: Vec<String>,
    /// Player patterns that win over `allow`.
    pub(crate) deny: Vec<String>,
    /// Patterns of track addresses that are never published.
    pub(crate) deny_url: Vec<String>,
    /// Patterns of file names that are never published.
    pub(crate) deny_file: Vec<String>,
    /// The program that is asked about each song, and its arguments; never empty, run without a shell.
    pub(crate) filter: Option<Vec<String>>,
    /// Whether a track's address is published.
    pub(crate) publish_url: bool,
    /// Whether what a video file plays is published.
    pub(crate) publish_video: bool,
    /// Whether what plays in a browser's private window is published.
    pub(crate) publish_private: bool,
}

impl Default for Tune {
    fn default() -> Self {
        let patterns = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Self {
            enabled: true,
            publish_pep: true,
            publish_status: true,
            status: "♪ {artist} – {title}".into(),
            status_when: StatusWhen::Empty,
            settle: Duration::from_secs(3),
            on_pause: OnPause::Clear,
            allow: patterns(&["*"]),
            deny: patterns(&DEFAULT_DENY),
            deny_url: Vec::new(),
            deny_file: Vec::new(),
            filter: None,
            publish_url: false,
            publish_video: false,
            publish_private: false,
        }
    }
}

/// When the presence text is the tune's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusWhen {
    /// Only while the requested status has no text.
    Empty,
    /// Instead of a requested text as well.
    Always,
    /// Not at all.
    Never,
}

/// What a pause does to the published tune.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnPause {
    /// It is withdrawn at once.
    Clear,
    /// It stays.
    Keep,
    /// It is withdrawn after this time.
    ClearAfter(Duration),
}

/// `[webhook]`: a listener for players that post what they play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    /// A loopback address.
    pub(crate) listen: SocketAddr,
    /// The path that is posted to.
    pub(crate) path: String,
    /// How long a post is believed that does not tell its song's length.
    pub(crate) expire: Duration,
    /// Where its token is, absolute.
    pub(crate) token_file: PathBuf,
}

/// `[messages]`: what is kept, sent and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Messages {
    /// Whether messages are kept.
    pub(crate) history: bool,
    /// For how long.
    pub(crate) keep: Duration,
    /// Whether contacts who ask are told what has arrived and what was read.
    pub(crate) receipts: bool,
    /// Patterns of bare addresses of chats that no plain text is sent into.
    pub(crate) encrypted_only: Vec<String>,
    /// Whether the desktop notifies.
    pub(crate) notify: bool,
    /// Whether notifications show the text.
    pub(crate) notify_body: bool,
    /// Patterns of bare addresses that are never notified of.
    pub(crate) notify_deny: Vec<String>,
    /// What becomes of a message of which nobody can say whether it arrived.
    pub(crate) on_uncertain: OnUncertain,
}

impl Messages {
    /// The chats that no plain text is sent into.
    pub(crate) fn encrypted_only(&self) -> Vec<Pattern> {
        // What is no pattern was refused when the configuration was read.
        self.encrypted_only.iter().filter_map(|text| Pattern::url(text).ok()).collect()
    }
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            history: true,
            keep: Duration::from_secs(90 * 86_400),
            receipts: true,
            encrypted_only: Vec::new(),
            notify: true,
            notify_body: true,
            notify_deny: Vec::new(),
            on_uncertain: OnUncertain::Resend,
        }
    }
}

#[cfg(test)]
mod tests;
