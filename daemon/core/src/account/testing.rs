//! What tests of single parts stand on.

use jid::{BareJid, Jid, ResourcePart};

use super::context::Context;
use super::output::Incoming;
use super::{Memory, MessageSettings, OnUncertain, Settings, TuneSettings};
use crate::entropy::{Entropy, SEED_LEN};
use crate::presence::{Layers, Presence, Show, StatusWhen};
use crate::srv::TlsPolicy;
use crate::stanza::MessageKind;
use crate::time::Wall;

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

/// A message of Juliet's.
pub(super) fn incoming(body: &str) -> Incoming {
    Incoming {
        id: "1".into(),
        from: Jid::new("juliet@verona.example").expect("a JID"),
        to: Jid::new("romeo@verona.example").expect("a JID"),
        kind: MessageKind::Chat,
        body: Some(body.into()),
        subject: None,
        encrypted: None,
        urls: Vec::new(),
        at: Wall::default(),
        delayed: false,
        carbon: false,
        sent: false,
        place: None,
        origin: None,
        replaces: None,
        reply_to: None,
        markable: false,
        wants_receipt: false,
        room: None,
    }
}
