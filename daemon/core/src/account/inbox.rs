//! What is known of the messages that came: how far the archive is known, and by name of which of them watchers were
//! told. A message may come a second time, from the server's store, from the archive, or as a copy, and is news once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

use jid::BareJid;

use super::input::StoreTicket;
use super::kept::{Border, Known, Origin, Shown};
use super::output::Incoming;
use super::recent::Said;
use crate::time::Wall;

/// So many names are remembered.
pub const NAMES_REMEMBERED: u32 = 500;

/// No honest server gives one that is longer; it is not remembered.
const LONGEST: usize = 1024;

/// Of one account.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// How far the archive is known: all before it was told.
    pub(super) border: Option<Border>,
    /// The same of each room.
    rooms: BTreeMap<BareJid, Border>,
    told: Told,
    /// What the disk was asked to know of in sessions that are gone.
    under_way: Vec<(StoreTicket, Batch)>,
}

/// What becomes known at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) said: Vec<Said>,
    /// How far the archive is known behind them.
    pub(super) border: Option<Border>,
    /// How far rooms are.
    pub(super) rooms: BTreeMap<BareJid, Border>,
    /// What of ours they show.
    pub(super) shown: Vec<Shown>,
}

/// The names of the last messages.
#[derive(Debug, Default)]
struct Told {
    known: BTreeSet<String>,
    /// The oldest first.
    order: VecDeque<String>,
}

impl Inbox {
    pub(super) fn restored(border: Option<Border>, rooms: BTreeMap<BareJid, Border>, names: Vec<String>) -> Self {
        let mut inbox = Self { border, rooms, ..Self::default() };
        for name in names {
            inbox.told.add(&name);
        }
        inbox
    }

    /// Whether a message of this name is no news any more.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.told.known.contains(name) || self.under_way.iter().any(|(_, batch)| batch.holds(name))
    }

    /// How a name goes on that begins like this.
    pub(super) fn name_after(&self, start: &str) -> Option<&str> {
        let first = self.told.known.range::<str, _>((Bound::Included(start), Bound::Unbounded)).next();
        first.and_then(|name| name.strip_prefix(start))
    }

    /// Has a name known from now on.
    pub(super) fn remember(&mut self, name: &str) {
        self.told.add(name);
    }

    /// Has a name not known any more.
    pub(super) fn forget(&mut self, name: &str) {
        if self.told.known.remove(name) {
            self.told.order.retain(|known| known != name);
        }
    }

    /// These are told now.
    pub(super) fn tell(&mut self, batch: Batch) -> Vec<Said> {
        for name in batch.names() {
            self.told.add(&name);
        }
        self.border = batch.border.or(self.border.take());
        self.rooms.extend(batch.rooms);
        batch.said
    }

    /// The session is gone, and the disk was asked to know of this: what has a name is told when it does. The server
    /// sends the rest again.
    pub(super) fn leave(&mut self, ticket: StoreTicket, mut batch: Batch) {
        batch.said.retain(|said| said.name().is_some() || said.is_said_in_room());
        // The next session reads a room behind what is about to be told of it.
        self.rooms.extend(std::mem::take(&mut batch.rooms));
        self.under_way.push((ticket, batch));
    }

    /// The store answered; what is to be told now.
    pub(super) fn stored(&mut self, ticket: StoreTicket) -> Vec<Said> {
        let place = self.under_way.iter().position(|(awaited, _)| *awaited == ticket);
        place.map(|place| self.under_way.remove(place)).map(|(_, batch)| self.tell(batch)).unwrap_or_default()
    }

    /// How far what was said in a room is known.
    pub(super) fn room(&self, room: &BareJid) -> Option<&Border> {
        self.rooms.get(room)
    }

    /// Nothing is known of a room any more.
    pub(super) fn forget_room(&mut self, room: &BareJid) {
        self.rooms.remove(room);
    }

    /// Whether the disk is asked for a message of which this is true.
    pub(super) fn expects(&self, is_it: &impl Fn(&Incoming) -> bool) -> bool {
        self.under_way.iter().any(|(_, batch)| batch.has(is_it))
    }

    /// Of a message that is taken to be sent now.
    pub(super) fn origin(&self, at: Wall) -> Origin {
        Origin { at, after: self.border.as_ref().and_then(|border| border.id.clone()) }
    }
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.said.is_empty() && self.border.is_none() && self.rooms.is_empty() && self.shown.is_empty()
    }

    pub(super) fn holds(&self, wanted: &str) -> bool {
        self.said.iter().any(|said| said.name().is_some_and(|held| held == wanted))
    }

    /// Whether a message of which this is true is in it.
    pub(super) fn has(&self, is_it: &impl Fn(&Incoming) -> bool) -> bool {
        self.said.iter().any(|said| matches!(said, Said::Text(message) if is_it(message)))
    }

    /// What the disk is to know of it, the messages themselves only where they are kept.
    pub(super) fn known(&self, history: bool) -> Known {
        let rooms = self.rooms.iter().map(|(room, border)| (room.clone(), border.clone())).collect();
        let mut known = Known { border: self.border.clone(), told: self.names(), rooms, ..Known::default() };
        known.shown.extend(self.shown.iter().filter(|_| history).cloned());
        for said in self.said.iter().filter(|_| history) {
            match said {
                Said::Text(message) => known.messages.push(message.clone()),
                Said::Noted(noted) => known.notes.push(noted.clone()),
            }
        }
        known
    }

    fn names(&self) -> Vec<String> {
        self.said.iter().filter_map(Said::name).collect()
    }
}

impl Told {
    fn add(&mut self, name: &str) {
        if name.len() > LONGEST || !self.known.insert(name.to_owned()) {
            return;
        }
        self.order.push_back(name.to_owned());
        if self.order.len() > usize::try_from(NAMES_REMEMBERED).unwrap_or(usize::MAX)
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_names_are_known() {
        let mut inbox = Inbox::restored(None, BTreeMap::new(), vec!["a".into(), "b".into(), "a".into()]);
        for number in 0..NAMES_REMEMBERED - 1 {
            inbox.told.add(&number.to_string());
        }
        inbox.told.add(&"x".repeat(LONGEST + 1));
        assert!(!inbox.knows("a") && inbox.knows("b") && inbox.knows("0"));
        assert_eq!(inbox.told.known.len(), inbox.told.order.len());
    }
}
