//! What a world is made of: the account's settings, TLS, and the disk.

use jid::{BareJid, ResourcePart};
use xmppd_core::account::{Change, KeptMessage, Known, Memory, OnUncertain, Security, Settings, TuneSettings};
use xmppd_core::presence::StatusWhen;
use xmppd_core::sasl::TlsVersion;
use xmppd_core::srv::TlsPolicy;

/// Does what the disk was asked.
pub(super) fn keep(disk: &mut Memory, change: Change) {
    match change {
        Change::TuneOut(is_out) => disk.tune_out = is_out,
        Change::Tokens(tokens) => disk.tokens = tokens,
        Change::Offer(offer) => disk.offer = Some(offer),
        Change::Session(session) => disk.session = session,
        Change::Handled(handled, at, known) => {
            if let Some(session) = &mut disk.session {
                (session.handled, session.at) = (handled, at);
            }
            keep_known(disk, known);
        }
        Change::Known(known) => keep_known(disk, known),
        Change::Message(message) => keep_message(disk, message),
        Change::Arrived(ids, names) => {
            disk.messages.retain(|message| !ids.contains(&message.id));
            disk.told.extend(names);
        }
        Change::SetAside(id, ..) => disk.messages.retain(|message| message.id != id),
        Change::Roster(roster) => disk.roster = roster,
        // This server asks for nothing and has no versions.
        Change::RosterPush(_) | Change::SubscriptionRequest(_) | Change::SubscriptionAnswered(_) => {}
    }
}

fn keep_known(disk: &mut Memory, known: Known) {
    disk.border = known.border.or(disk.border.take());
    disk.told.extend(known.told);
}

fn keep_message(disk: &mut Memory, message: KeptMessage) {
    match disk.messages.iter_mut().find(|kept| kept.id == message.id) {
        Some(kept) => {
            kept.tried |= kept.position.is_some();
            kept.position = message.position;
        }
        None => disk.messages.push(message),
    }
}

/// The account's settings.
pub(super) fn settings() -> Settings {
    Settings {
        jid: BareJid::new("romeo@verona.example").expect("a JID"),
        resource: ResourcePart::new("xmppd.1").expect("a resource").into_owned(),
        server: None,
        tls: TlsPolicy::Auto,
        tune: TuneSettings { pep: false, status: None, status_when: StatusWhen::Empty },
        encrypted_only: Vec::new(),
        on_uncertain: OnUncertain::Resend,
        user_agent: "6f3c1d1e-2f0a-4f0b-9a86-0d5b6a1c7e42".into(),
        version: "0.1.0".into(),
    }
}

/// TLS as both sides see it.
pub(super) fn security() -> Security {
    let (exporter, end_point) = (Some([0xEE; 32]), Some(vec![0xCE; 32]));
    Security { version: TlsVersion::V1_3, cipher: "TLS13_AES_128_GCM_SHA256".into(), exporter, end_point }
}
