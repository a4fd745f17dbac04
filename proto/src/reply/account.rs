//! Accounts and the state of their streams.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What `account.list` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountList {
    /// In the order of the configuration.
    pub accounts: Vec<AccountInfo>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountInfo {
    /// Its name.
    pub account: String,
    /// The bare JID, or the full one while bound.
    pub jid: String,
    /// Whether the configuration switches it on.
    pub enabled: bool,
    /// Where its connection stands.
    pub state: ConnectionState,
    /// When that state began.
    pub since: Timestamp,
    /// Why it is not online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<AccountError>,
    /// The host and port it is connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// What protects the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// How it was authenticated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// What is known of the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionState {
    /// Not connected, as asked for.
    Offline,
    /// On the way.
    Connecting,
    /// A session is up.
    Online,
    /// Lost, to be tried again.
    Retrying,
    /// Waiting for a password.
    NeedsSecret,
    /// Given up until `account connect`, a reload or a changed secret.
    Stopped,
}

impl ConnectionState {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Connecting => "connecting",
            Self::Online => "online",
            Self::Retrying => "retrying",
            Self::NeedsSecret => "needs-secret",
            Self::Stopped => "stopped",
        }
    }
}

/// Why an account is not online.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountError {
    /// A word for scripts: a kind of the exit table or a condition of the connection.
    pub kind: String,
    /// The same for a person.
    pub message: String,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// What protects a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tls {
    /// The protocol version, for instance `1.3`.
    pub version: String,
    /// The cipher suite's name.
    pub cipher: String,
}

/// How an account was authenticated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Auth {
    /// The SASL mechanism, for instance `SCRAM-SHA-256-PLUS`.
    pub mechanism: String,
    /// The channel binding, for instance `tls-exporter`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_binding: Option<String>,
    /// Which exchange carried it.
    pub profile: AuthProfile,
}

/// Which exchange carried an authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AuthProfile {
    /// XEP-0388.
    Sasl2,
    /// RFC 6120 section 6.
    Sasl,
}

/// What is known of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stream {
    /// Whether it can be resumed after a loss (XEP-0198).
    pub resumable: bool,
    /// Whether it was.
    pub resumed: bool,
    /// How often the login waited for the server.
    pub round_trips: u32,
    /// How long the login took from the first byte to the bound session, in milliseconds.
    pub bound_ms: u64,
}
