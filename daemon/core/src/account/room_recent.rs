//! The last words of rooms: of which of them another one may speak, and who may (S44). A room knows its people by an id
//! each (XEP-0421), else by their nicknames, for as long as nobody leaves. And which places of their archives watchers were
//! told of: what could not be read in its order is read again one day.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jid::BareJid;

use super::output::Incoming;
use super::recent::{Author, Noted, Said};
use super::room::{LONGEST_ID, Spoken};
use crate::stanza::remark::Remark;

/// So many words of each room are remembered.
const WORDS: usize = 100;

/// And of so many of what was told the places.
const PLACES: usize = 500;

/// Of one account.
#[derive(Debug, Default)]
pub(super) struct RoomRecent {
    rooms: BTreeMap<BareJid, VecDeque<RoomWord>>,
    /// The oldest first.
    told: BTreeMap<BareJid, VecDeque<String>>,
    /// These have shown a message of ours under its own id.
    keep_ids: BTreeSet<BareJid>,
}

/// A message in a room without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomWord {
    /// In which.
    pub room: BareJid,
    /// Its id.
    pub id: String,
    /// The id that its sender gave it, where that is another (XEP-0359).
    pub origin: Option<String>,
    /// Its id in the room's archive.
    pub place: Option<String>,
    /// Who said it.
    pub by: Author,
}

impl RoomRecent {
    /// What another process knew, the oldest first; nobody is known by a nickname any more.
    pub(super) fn restored(kept: Vec<RoomWord>) -> Self {
        let mut recent = Self::default();
        for word in kept {
            if let Some(place) = &word.place {
                recent.was_told(&word.room, place);
            }
            recent.push(word);
        }
        recent
    }

    /// Something that a room tells, without what may not be said; nothing when none of it may, or it was told before.
    pub(super) fn judged(&mut self, room: &BareJid, spoken: Spoken) -> Option<Said> {
        let Spoken { said, by } = spoken;
        if said.place().is_some_and(|place| self.told.get(room).is_some_and(|told| told.contains(place))) {
            return None;
        }
        Some(match said {
            Said::Text(mut message) => {
                // A correction that is not its author's is a message like any other.
                let is_theirs = |id: &String| self.find(room, id).any(|word| word.is_still(&by));
                message.replaces = message.replaces.filter(is_theirs);
                self.add(room, &message, by);
                Said::Text(message)
            }
            Said::Noted(noted) => {
                let is_retraction = matches!(noted.remark, Remark::Retraction(_));
                let mut words = self.find(room, noted.remark.about());
                let word = words.find(|word| !is_retraction || word.is_still(&by))?;
                let (id, about) = (word.id.clone(), Some(word.by.clone()));
                let remark = noted.remark.clone().about_instead(id);
                Said::Noted(Noted { remark, about, ..noted })
            }
        })
    }

    /// A room shows a message of this account's outbox.
    pub(super) fn add_ours(&mut self, room: &BareJid, id: &str, place: Option<String>) {
        let mut words = self.rooms.get_mut(room).into_iter().flatten();
        match words.find(|word| word.by == Author::Us && word.id == id) {
            Some(word) => word.place = place.or(word.place.take()),
            None => self.push(RoomWord { room: room.clone(), id: id.to_owned(), origin: None, place, by: Author::Us }),
        }
    }

    /// A room has shown a message of ours under its own id.
    pub(super) fn shown_by_id(&mut self, room: &BareJid) {
        if !self.keep_ids.contains(room) {
            self.keep_ids.insert(room.clone());
        }
    }

    /// Whether a room is known to do so.
    pub(super) fn shows_by_id(&self, room: &BareJid) -> bool {
        self.keep_ids.contains(room)
    }

    /// Watchers were told of what a room has at this place.
    pub(super) fn was_told(&mut self, room: &BareJid, place: &str) {
        let told = self.told.entry(room.clone()).or_default();
        if told.len() >= PLACES {
            told.pop_front();
        }
        told.push_back(place.to_owned());
    }

    /// Somebody may have this nickname now who was another before.
    pub(super) fn gone(&mut self, room: &BareJid, nick: &str) {
        self.forget_nicks(room, |of| of == nick);
    }

    /// The same of all nicknames: we were not there.
    pub(super) fn all_gone(&mut self, room: &BareJid) {
        self.forget_nicks(room, |_| true);
    }

    /// Nothing is to be known of a room any more.
    pub(super) fn forget(&mut self, room: &BareJid) {
        self.rooms.remove(room);
        self.told.remove(room);
        self.keep_ids.remove(room);
    }

    fn forget_nicks(&mut self, room: &BareJid, is_it: impl Fn(&str) -> bool) {
        for word in self.rooms.get_mut(room).into_iter().flatten() {
            if let Author::Nick(jid) = &word.by
                && jid.resource().is_some_and(|nick| is_it(nick.as_str()))
            {
                word.by = Author::Address(jid.clone());
            }
        }
    }

    fn add(&mut self, room: &BareJid, message: &Incoming, by: Author) {
        let (room, id, origin) = (room.clone(), message.id.clone(), message.origin.clone());
        self.push(RoomWord { room, id, origin, place: message.place.clone(), by });
    }

    fn push(&mut self, word: RoomWord) {
        let ids = [Some(&word.id), word.origin.as_ref(), word.place.as_ref()];
        if ids.into_iter().flatten().any(|id| id.len() > LONGEST_ID) {
            return;
        }
        let words = self.rooms.entry(word.room.clone()).or_default();
        if words.len() >= WORDS {
            words.pop_front();
        }
        words.push_back(word);
    }

    /// The messages that have this id, or this place, the last one first.
    fn find<'a>(&'a self, room: &BareJid, id: &'a str) -> impl Iterator<Item = &'a RoomWord> {
        let words = self.rooms.get(room).into_iter().flat_map(|words| words.iter().rev());
        words.filter(move |word| {
            word.id == id || [&word.origin, &word.place].into_iter().any(|other| other.as_deref() == Some(id))
        })
    }
}

impl RoomWord {
    /// Whether it is known to be this one's.
    fn is_still(&self, by: &Author) -> bool {
        match by {
            Author::Us | Author::Occupant(_) | Author::Nick(_) => self.by == *by,
            Author::Address(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use jid::Jid;

    use super::*;
    use crate::account::testing::incoming;
    use crate::stanza::MessageKind;

    fn word(place: Option<&str>) -> Spoken {
        let from = Jid::new("hall@rooms.b/tybalt").expect("a JID");
        let said = Said::Text(Incoming {
            from: from.clone(),
            kind: MessageKind::Groupchat,
            place: place.map(str::to_owned),
            ..incoming("Villain")
        });
        Spoken { said, by: Author::Nick(from) }
    }

    #[test]
    fn what_was_told_is_not_told_again_as_long_as_its_place_is_remembered() {
        let check = |told: &[&str], place: Option<&str>, expected: bool| {
            let hall = BareJid::new("hall@rooms.b").expect("a JID");
            let mut recent = RoomRecent::default();
            for place in told {
                recent.judged(&hall, word(Some(place)));
                recent.was_told(&hall, place);
            }
            // Another process knows it, too.
            let kept = recent.rooms.clone().into_values().flatten().collect();
            for mut recent in [recent, RoomRecent::restored(kept)] {
                assert_eq!(recent.judged(&hall, word(place)).is_some(), expected, "{place:?} behind {told:?}");
                let crypt = BareJid::new("crypt@rooms.b").expect("a JID");
                assert!(recent.judged(&crypt, word(place)).is_some());
            }
        };
        check(&["m-1"], Some("m-1"), false);
        check(&["m-1"], Some("m-2"), true);
        check(&["m-1"], None, true);
    }

    #[test]
    fn of_so_many_the_places_are_remembered() {
        let hall = BareJid::new("hall@rooms.b").expect("a JID");
        let mut recent = RoomRecent::default();
        for place in 0..=PLACES {
            recent.was_told(&hall, &place.to_string());
        }
        assert!(recent.judged(&hall, word(Some("0"))).is_some());
        assert!(recent.judged(&hall, word(Some("1"))).is_none());
    }

    #[test]
    fn what_could_not_be_told_can_be_told_another_time() {
        let hall = BareJid::new("hall@rooms.b").expect("a JID");
        let mut recent = RoomRecent::default();
        for _ in 0..2 {
            assert!(recent.judged(&hall, word(Some("m-1"))).is_some());
        }
    }
}
