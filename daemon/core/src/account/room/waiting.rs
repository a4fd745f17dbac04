//! What is said in a room while its archive is read, in its order. It is bounded in number and in memory, whoever speaks
//! how much: of more than that nothing waits, for the archive has it, too, and is read on to it.

use super::super::kept::Border;
use super::Spoken;
use super::told::Name;

/// So many messages at most wait.
const MOST: usize = 500;
/// As many bytes of them.
const MOST_BYTES: usize = 1024 * 1024;
/// What one costs besides what it says.
const OVERHEAD: usize = 512;

/// Of one room.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    heard: Vec<Heard>,
    bytes: usize,
    /// More was said than could wait.
    overflown: bool,
}

/// Something that was said; nothing to tell where we said it.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) spoken: Option<Box<Spoken>>,
    pub(super) border: Option<Border>,
    pub(super) name: Option<Name>,
}

impl Waiting {
    /// One more; when it is one too many, none is left.
    pub(super) fn push(&mut self, heard: Heard) {
        self.bytes = self.bytes.saturating_add(heard.bytes());
        if self.heard.len() < MOST && self.bytes <= MOST_BYTES && !self.overflown {
            self.heard.push(heard);
        } else {
            *self = Self { overflown: true, ..Self::default() };
        }
    }

    /// The archive has told what has this name.
    pub(super) fn remove(&mut self, name: &Name) {
        for told in self.heard.extract_if(.., |heard| heard.name.as_ref() == Some(name)) {
            self.bytes = self.bytes.saturating_sub(told.bytes());
        }
    }

    /// Whether more was said than could wait, which is asked once: what is said from now on waits again.
    pub(super) fn take_overflown(&mut self) -> bool {
        std::mem::take(&mut self.overflown)
    }

    /// All that waits.
    pub(super) fn take(&mut self) -> Vec<Heard> {
        std::mem::take(self).heard
    }
}

impl Heard {
    fn bytes(&self) -> usize {
        OVERHEAD + self.spoken.as_ref().map_or(0, |spoken| spoken.said.size())
    }
}

#[cfg(test)]
mod tests {
    use jid::{BareJid, Jid};

    use super::*;
    use crate::account::recent::{Author, Noted, Said};
    use crate::stanza::remark::Remark;

    /// Something that somebody takes back, whose id is so long.
    fn heard(name: &str, bytes: usize) -> Heard {
        let chat = BareJid::new("hall@rooms.b").expect("a JID");
        let from = Jid::new("hall@rooms.b/tybalt").expect("a JID");
        let remark = Remark::Retraction("x".repeat(bytes));
        let noted = Noted { from: from.clone(), to: chat.clone(), chat, remark, sent: false, place: None, about: None };
        let spoken = Spoken { said: Said::Noted(noted), by: Author::Address(from) };
        Heard { spoken: Some(Box::new(spoken)), border: None, name: Some(Name::Place(name.into())) }
    }

    #[test]
    fn so_many_wait_and_when_there_are_more_none_does_until_that_is_known() {
        let check = |most: usize, bytes: usize| {
            let mut waiting = Waiting::default();
            for number in 0..most {
                waiting.push(heard(&number.to_string(), bytes));
            }
            assert_eq!((waiting.heard.len(), waiting.overflown), (most, false), "{most} of {bytes}");
            for _ in 0..2 {
                waiting.push(heard("more", bytes));
                assert_eq!((waiting.heard.len(), waiting.bytes, waiting.overflown), (0, 0, true), "{most} of {bytes}");
            }
            assert!(waiting.take_overflown() && !waiting.take_overflown());
            waiting.push(heard("next", bytes));
            assert_eq!(waiting.take().len(), 1);
        };
        check(MOST, 10);
        check(3, MOST_BYTES / 4);
    }

    #[test]
    fn what_the_archive_has_told_makes_room() {
        let mut waiting = Waiting::default();
        for number in 0..100 {
            waiting.push(heard(&number.to_string(), MOST_BYTES / 4));
            waiting.remove(&Name::Place(number.to_string()));
        }
        assert_eq!((waiting.heard.len(), waiting.bytes, waiting.overflown), (0, 0, false));
    }
}
