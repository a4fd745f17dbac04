//! Of which messages of a room it is known that they were told, over all visits of a session: what was told while its
//! archive could not be read, and what was said in the second up to which the room is known, comes again.

use std::collections::VecDeque;

use super::super::kept::Border;
use super::entering::CLOCKS_DIFFER_MS;
use super::{LONGEST_ID, Spoken};
use crate::time::Wall;

/// Of so many of the last messages the names are remembered.
const MOST: usize = 100;

/// Of one room.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The oldest first.
    names: VecDeque<Name>,
}

/// What a message is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// The room's own id of it.
    Place(String),
    /// Its sender and the id that he gave it. Some give the same one again: it is the same message only where the room
    /// tells of it `again`, and of about that time.
    Given { name: String, at: Wall, again: bool },
}

impl Told {
    /// Whether this is news; it is not any more.
    pub(super) fn is_news(&mut self, name: Name) -> bool {
        if self.names.iter().any(|known| name.is_of(known)) {
            return false;
        }
        if self.names.len() >= MOST {
            self.names.pop_front();
        }
        self.names.push_back(name);
        true
    }
}

impl Name {
    fn is_of(&self, known: &Self) -> bool {
        match (self, known) {
            (Self::Place(place), Self::Place(known)) => place == known,
            (Self::Given { name, at, again }, Self::Given { name: known, at: then, .. }) => {
                let apart = at.as_unix_millis().abs_diff(then.as_unix_millis());
                *again && name == known && apart <= CLOCKS_DIFFER_MS.unsigned_abs()
            }
            (Self::Place(_), Self::Given { .. }) | (Self::Given { .. }, Self::Place(_)) => false,
        }
    }
}

/// Something that was said; nothing to tell where we said it.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) spoken: Option<Box<Spoken>>,
    pub(super) border: Option<Border>,
    pub(super) name: Option<Name>,
}

impl Heard {
    /// How many bytes it holds, about: a border and a name besides what is said.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + 2 * LONGEST_ID + self.spoken.as_ref().map_or(0, |spoken| spoken.said.size())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_no_news_and_another_one_of_the_same_name_is() {
        let given = |at, again| Name::Given { name: "tybalt 1".into(), at: Wall::from_unix_millis(at), again };
        let place = |place: &str| Name::Place(place.into());
        let check = |first: Name, second: Name, expected: bool| {
            let mut told = Told::default();
            assert!(told.is_news(first.clone()));
            assert_eq!(told.is_news(second.clone()), expected, "{second:?} behind {first:?}");
        };
        check(place("1"), place("1"), false);
        check(place("1"), place("2"), true);
        check(given(0, false), given(1_000, true), false);
        check(given(0, true), given(1_000, false), true);
        check(given(0, false), given(CLOCKS_DIFFER_MS + 1, true), true);
    }

    #[test]
    fn so_many_are_remembered() {
        let mut told = Told::default();
        for number in 0..=MOST {
            assert!(told.is_news(Name::Place(number.to_string())));
        }
        assert_eq!(told.names.len(), MOST);
        assert!(told.is_news(Name::Place("0".into())) && !told.is_news(Name::Place(MOST.to_string())));
    }
}
