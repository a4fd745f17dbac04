//! The disk: what the account had kept, as another process finds it. Messages are numbered as they come, and one that the
//! server has taken keeps its number, for it may come back to its place.

use std::collections::{BTreeMap, BTreeSet};

use xmppd_core::account::{Change, KeptAside, KeptMessage, Known, Memory, Merged, Returned, StoreTicket};

use super::super::server::{ROOM, error_number};
use super::parts::HELD;

/// What the disk is asked.
#[derive(Debug)]
pub(super) enum Asked {
    Keep(StoreTicket, Change),
    Load(usize),
}

/// All messages, and which of them the account does not hold.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) memory: Memory,
    behind: BTreeSet<String>,
    /// The places of messages among the others.
    numbers: BTreeMap<String, usize>,
    /// What was set aside.
    aside: BTreeMap<String, KeptAside>,
    /// The errors that messages came back with, by their numbers.
    errors: BTreeSet<usize>,
}

impl Disk {
    pub(super) fn new(memory: Memory) -> Self {
        let ids = memory.messages.iter().map(|message| message.id.clone());
        let numbers = ids.zip(0..).collect();
        Self { memory, behind: BTreeSet::new(), numbers, aside: BTreeMap::new(), errors: BTreeSet::new() }
    }

    /// What another process begins with.
    pub(super) fn read(&mut self) -> Memory {
        let mut memory = self.memory.clone();
        let came_back = |message: &KeptMessage| message.returned > 0 && !self.behind.contains(&message.id);
        let has_left = |message: &KeptMessage| message.tried || message.position.is_some() || came_back(message);
        let tried = memory.messages.iter().rposition(has_left);
        // All that are for rooms are held.
        let to_room = memory.messages.iter().rposition(|message| message.to.as_str() == ROOM);
        let held = HELD.max(tried.max(to_room).map_or(0, |last| last + 1)).min(memory.messages.len());
        let behind = memory.messages.split_off(held);
        let chosen = |message: &KeptMessage| Some((message.id.clone(), message.chosen.clone()?));
        memory.chosen_behind = behind.iter().filter_map(chosen).collect();
        self.behind = behind.into_iter().map(|message| message.id).collect();
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

    /// Whether the account does not hold a message.
    pub(super) fn is_behind(&self, id: &str) -> bool {
        self.behind.contains(id)
    }

    /// The last of those that the account does not hold and that say what the first one says.
    pub(super) fn last_behind(&self, first: &str) -> Option<String> {
        let says_so = |message: &&KeptMessage| message.id == first || message.replaces.as_deref() == Some(first);
        let mut behind = self.memory.messages.iter().filter(|message| self.behind.contains(&message.id));
        behind.rfind(says_so).map(|message| message.id.clone())
    }

    /// What was set aside under this id.
    pub(super) fn aside(&self, id: &str) -> Option<&KeptAside> {
        self.aside.get(id)
    }

    /// Whether this is yet to be sent, or to be known as sent.
    pub(super) fn waits(&self, text: &str) -> bool {
        has(&self.memory.messages, text)
    }

    /// Whether this is anywhere on the disk.
    pub(super) fn has(&self, text: &str) -> bool {
        let is_aside = self.aside.values().any(|aside| says(&aside.message, text));
        self.waits(text) || has(&self.memory.taken, text) || is_aside
    }

    /// The errors that the disk knows of.
    pub(super) fn errors(&self) -> &BTreeSet<usize> {
        &self.errors
    }

    /// Does what it was asked, if that can be done.
    pub(super) fn keep(&mut self, change: Change) -> Result<(), String> {
        match change {
            Change::Message(message, _) => self.keep_message(message, false),
            Change::Backlog(message, _) => self.keep_message(message, true),
            Change::Merged(merged) => return self.merge(*merged),
            Change::Returned(returned) => self.take_back(*returned),
            Change::Arrived(ids, names) => {
                let arrived = self.memory.messages.extract_if(.., |message| ids.contains(&message.id));
                self.memory.taken.extend(arrived.filter(|message| message.to.as_str() != ROOM));
                self.memory.told.extend(names);
                self.forget(&ids);
            }
            Change::Failed(ids, reason) => {
                self.errors.extend(error_number(&reason));
                self.forget(&ids);
            }
            Change::Withdrawn(ids) => self.forget(&ids),
            Change::SetAside(id, aside, reason) => {
                self.errors.extend(error_number(&reason));
                if let Some(place) = self.memory.messages.iter().position(|message| message.id == id) {
                    let message = KeptMessage { position: None, ..self.memory.messages.remove(place) };
                    self.aside.insert(id, KeptAside { message, aside, reason });
                }
            }
            other @ (Change::TuneOut(_)
            | Change::Tokens(_)
            | Change::Offer(_)
            | Change::Session(_)
            | Change::Handled(..)
            | Change::Known(_)
            | Change::Read(..)
            | Change::Roster(_)
            | Change::RosterPush(_)
            | Change::SubscriptionRequest(_)
            | Change::SubscriptionAnswered(_)
            | Change::Room(_)
            | Change::RoomForgotten(_)) => keep(&mut self.memory, other),
        }
        Ok(())
    }

    fn forget(&mut self, ids: &[String]) {
        self.memory.messages.retain(|message| !ids.contains(&message.id));
        self.aside.retain(|id, _| !ids.contains(id));
        self.behind.retain(|id| !ids.contains(id));
    }

    /// One that is kept already gets its new position and keeps its place, unless it was set aside.
    fn keep_message(&mut self, mut message: KeptMessage, behind: bool) {
        let id = message.id.clone();
        let next = self.numbers.values().max().map_or(0, |last| last + 1);
        let was_aside = self.aside.remove(&id).is_some();
        let before = self.memory.messages.iter().position(|kept| kept.id == id);
        let before = before.map(|place| self.memory.messages.remove(place));
        if before.is_none() {
            self.numbers.insert(id.clone(), next);
        }
        let was_placed = before.is_some_and(|before| before.tried || before.position.is_some());
        message.tried = message.position.is_some() || was_placed && !was_aside;
        self.insert(message);
        if behind {
            self.behind.insert(id)
        } else {
            self.behind.remove(&id)
        };
    }

    fn insert(&mut self, message: KeptMessage) {
        let number = self.numbers.get(&message.id);
        let place = self.memory.messages.partition_point(|other| self.numbers.get(&other.id) < number);
        self.memory.messages.insert(place, message);
    }

    fn merge(&mut self, merged: Merged) -> Result<(), String> {
        let is_there = !merged.behind || self.behind.contains(&merged.id);
        let message = self.memory.messages.iter_mut().find(|message| message.id == merged.id).filter(|_| is_there);
        let Some(message) = message else { return Err("the message has left meanwhile".into()) };
        message.stanza = merged.stanza;
        self.memory.told.extend(merged.told);
        Ok(())
    }

    /// A message came back, to the place that it had, as if it had never left.
    fn take_back(&mut self, returned: Returned) {
        let Returned { message, reason, has_failed, forgets } = returned;
        let id = message.id.clone();
        self.errors.extend(error_number(&reason));
        let number = self.memory.taken.iter().any(|taken| taken.id == id).then(|| self.numbers.get(&id).copied());
        self.keep_message(message, false);
        let place = self.memory.messages.iter().position(|kept| kept.id == id).expect("it was kept just now");
        let message = KeptMessage { tried: false, ..self.memory.messages.remove(place) };
        self.numbers.extend(number.flatten().map(|number| (id.clone(), number)));
        if has_failed {
            let aside = xmppd_core::account::Aside::Failed;
            self.aside.insert(id.clone(), KeptAside { message, aside, reason });
        } else {
            self.insert(message);
        }
        self.memory.taken.retain(|taken| taken.id != id);
        self.memory.told.retain(|name| forgets.as_ref() != Some(name));
    }
}

/// Whether one of these says this.
fn has(messages: &[KeptMessage], text: &str) -> bool {
    messages.iter().any(|message| says(message, text))
}

fn says(message: &KeptMessage, text: &str) -> bool {
    message.stanza.contains(&format!(">{text}<"))
}

/// All but messages of ours.
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
        Change::Roster(roster) => disk.roster = roster,
        // Nobody reads here, the room is remembered from the start, and this server asks for nothing and has no versions.
        Change::Read(..)
        | Change::Room(_)
        | Change::RoomForgotten(_)
        | Change::RosterPush(_)
        | Change::SubscriptionRequest(_)
        | Change::SubscriptionAnswered(_) => {}
        Change::Message(..)
        | Change::Backlog(..)
        | Change::Merged(_)
        | Change::Returned(_)
        | Change::Arrived(..)
        | Change::Failed(..)
        | Change::Withdrawn(_)
        | Change::SetAside(..) => unreachable!("it is about messages of ours"),
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
