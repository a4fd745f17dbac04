//! What a world is made of: the account's settings, TLS, and what a disk begins with.

use jid::{BareJid, ResourcePart};
use xmppd_core::account::{KeptRoom, Memory, MessageSettings, OnUncertain, Security, Settings, TuneSettings};
use xmppd_core::presence::{Layers, Presence, Show, StatusWhen};
use xmppd_core::sasl::TlsVersion;
use xmppd_core::srv::TlsPolicy;

use super::super::server::ROOM;

/// So many messages are held in memory.
pub(super) const HELD: usize = 2;

/// A disk with nothing on it, but perhaps a room to enter.
pub(crate) fn empty(has_room: bool) -> Memory {
    let room = KeptRoom {
        jid: BareJid::new(ROOM).expect("a JID"),
        name: None,
        nick: None,
        autojoin: true,
        bookmarked: false,
        border: None,
    };
    Memory {
        rooms: has_room.then_some(room).into_iter().collect(),
        ..Memory::new(Layers::new(Presence { show: Show::Online, status: None, priority: 0 }))
    }
}

/// The account's settings.
pub(super) fn settings(on_uncertain: OnUncertain) -> Settings {
    Settings {
        jid: BareJid::new("romeo@verona.example").expect("a JID"),
        resource: ResourcePart::new("xmppd.1").expect("a resource").into_owned(),
        server: None,
        tls: TlsPolicy::Auto,
        tune: TuneSettings { pep: false, status: None, status_when: StatusWhen::Empty },
        rooms: true,
        messages: MessageSettings { history: true, receipts: true },
        encrypted_only: Vec::new(),
        on_uncertain,
        held: HELD,
        user_agent: "6f3c1d1e-2f0a-4f0b-9a86-0d5b6a1c7e42".into(),
        version: "0.1.0".into(),
    }
}

/// TLS as both sides see it.
pub(super) fn security() -> Security {
    let (exporter, end_point) = (Some([0xEE; 32]), Some(vec![0xCE; 32]));
    Security { version: TlsVersion::V1_3, cipher: "TLS13_AES_128_GCM_SHA256".into(), exporter, end_point }
}
