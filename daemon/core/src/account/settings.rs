//! What the configuration says about one account, as the core needs it, and what the store remembered of it.

use jid::{BareJid, ResourcePart};

use crate::presence::{Layers, StatusWhen};
use crate::srv::TlsPolicy;
use crate::template::Template;

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
    /// The program's version, told to those who see our presence (XEP-0092).
    pub version: String,
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

/// What outlived the last run of the daemon.
#[derive(Clone, Debug)]
pub struct Memory {
    /// What the user last asked for.
    pub layers: Layers,
    /// A tune of ours may still stand at the server.
    pub tune_out: bool,
}
