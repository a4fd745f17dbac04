//! What tests of single parts stand on.

use jid::{BareJid, ResourcePart};

use super::context::Context;
use super::{Memory, MessageSettings, OnUncertain, Settings, TuneSettings};
use crate::entropy::{Entropy, SEED_LEN};
use crate::presence::{Layers, Presence, Show, StatusWhen};
use crate::srv::TlsPolicy;

/// An account that nothing is known of.
pub(super) fn context() -> Context {
    let settings = Settings {
        jid: BareJid::new("romeo@verona.example").expect("a JID"),
        resource: ResourcePart::new("xmppd.1").expect("a resource").into_owned(),
        server: None,
        tls: TlsPolicy::Auto,
        tune: TuneSettings { pep: false, status: None, status_when: StatusWhen::Empty },
        rooms: false,
        messages: MessageSettings::default(),
        encrypted_only: Vec::new(),
        on_uncertain: OnUncertain::Resend,
        held: 1_000,
        user_agent: String::new(),
        version: String::new(),
    };
    let memory = Memory::new(Layers::new(Presence { show: Show::Online, status: None, priority: 0 }));
    Context::new(settings, memory, Entropy::new([0; SEED_LEN]))
}
