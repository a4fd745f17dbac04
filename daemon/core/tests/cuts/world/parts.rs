//! What a world is made of: the account's settings, TLS, and the disk.

use std::collections::BTreeSet;

use jid::{BareJid, ResourcePart};
use xmppd_core::account::{
    Change, KeptMessage, KeptRoom, Known, Memory, MessageSettings, OnUncertain, Security, Settings, StoreTicket,
    TuneSettings,
};
use xmppd_core::presence::{Layers, Presence, Show, StatusWhen};
use xmppd_core::sasl::TlsVersion;
use xmppd_core::srv::TlsPolicy;

use super::super::server::ROOM;

/// So many messages are held in memory.
const HELD: usize = 2;

/// What the disk is asked.
#[derive(Debug)]
pub(super) enum Asked {
    Keep(StoreTicket, Change),
    Load(usize),
}

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

/// What is on the disk: all messages, and which of them the account does not hold.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) memory: Memory,
    behind: BTreeSet<String>,
}

impl Disk {
    pub(super) fn new(memory: Memory) -> Self {
        Self { memory, behind: BTreeSet::new() }
    }

    /// What another process begins with.
    pub(super) fn read(&mut self) -> Memory {
        let mut memory = self.memory.clone();
        let tried = memory.messages.iter().rposition(|message| message.tried || message.position.is_some());
        // All that are for rooms are held.
        let to_room = memory.messages.iter().rposition(|message| message.to.as_str() == ROOM);
        let held = HELD.max(tried.max(to_room).map_or(0, |last| last + 1)).min(memory.messages.len());
        self.behind = memory.messages.split_off(held).into_iter().map(|message| message.id).collect();
        memory.backlog = self.behind.len();
        memory
    }

    /// The first of those that the account does not hold.
    pub(super) fn load(&mut self, most: usize) -> Vec<KeptMessage> {
        let is_behind = |message: &&KeptMessage| self.behind.contains(&message.id);
        let loaded: Vec<KeptMessage> = self.memory.messages.iter().filter(is_behind).take(most).cloned().collect();
        self.behind.retain(|id| loaded.iter().all(|message| message.id != *id));
        loaded
    }

    /// Does what it was asked.
    pub(super) fn keep(&mut self, change: Change) {
        if let Change::Backlog(message, _) = &change {
            self.behind.insert(message.id.clone());
        } else if let Change::Message(message, _) = &change {
            self.behind.remove(&message.id);
        }
        keep(&mut self.memory, change);
    }
}

fn keep(disk: &mut Memory, change: Change) {
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
        Change::Message(message, _) | Change::Backlog(message, _) => keep_message(disk, message),
        Change::Arrived(ids, names) => {
            disk.messages.retain(|message| !ids.contains(&message.id));
            disk.told.extend(names);
        }
        Change::Failed(ids, _) | Change::Withdrawn(ids) => disk.messages.retain(|message| !ids.contains(&message.id)),
        Change::Merged(merged) => {
            if let Some(message) = disk.messages.iter_mut().find(|message| message.id == merged.id) {
                message.stanza = merged.stanza;
            }
        }
        // Nothing comes back.
        Change::Returned(_) => {}
        // Nobody reads here.
        Change::Read(..) => {}
        Change::SetAside(id, ..) => disk.messages.retain(|message| message.id != id),
        Change::Roster(roster) => disk.roster = roster,
        // The room is remembered from the start.
        Change::Room(_) | Change::RoomForgotten(_) => {}
        // This server asks for nothing and has no versions.
        Change::RosterPush(_) | Change::SubscriptionRequest(_) | Change::SubscriptionAnswered(_) => {}
    }
}

fn keep_known(disk: &mut Memory, known: Known) {
    disk.border = known.border.or(disk.border.take());
    disk.told.extend(known.told);
    for (jid, border) in known.rooms {
        if let Some(room) = disk.rooms.iter_mut().find(|room| room.jid == jid) {
            room.border = Some(border);
        }
    }
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
