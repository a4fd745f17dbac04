//! Messages that come back: the recipient, or a server on the way, returns them as errors, often when our own server has
//! long taken them. Most have failed; some are to be sent again later (RFC 6120 section 8.3.2, `wait`).
//!
//! An error says that a message has not arrived, so that it can be sent again under its id and still arrives once. What
//! is not written yet to the same recipient waits with it, so that nothing overtakes it; what was written behind it
//! cannot be called back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jid::{BareJid, Jid};

use super::context::Context;
use super::kept::KeptMessage;
use super::online::{Letter, Unsent};
use super::output::{Change, Outcome};
use super::timers::Timer;
use crate::stanza::error::ErrorKind;
use crate::stanza::{Address, StanzaError};
use crate::time::Moment;

/// Of so many messages that the server has taken errors are still understood.
pub const TAKEN_REMEMBERED: u32 = 500;
/// As many bytes of them are held in memory.
const STANZAS: usize = 256 * 1024;
/// A message that is to wait is sent again so often.
const TRIALS: u8 = 5;
/// It waits so long the first time, then twice as long each time.
const PAUSE: Duration = Duration::from_secs(30);
/// And up to so much longer, lest all who were told to wait come at once.
const JITTER_MS: u64 = 5_000;
/// Why what is behind it is not sent, for people.
const WAITS_BEHIND: &str = "it waits behind a message that came back";

/// A message that came back, most often when the server had taken it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The message, as if it had not left yet.
    pub message: KeptMessage,
    /// Why, for people.
    pub reason: String,
    /// It is not sent again by itself.
    pub has_failed: bool,
    /// This name is not known any more.
    pub forgets: Option<String>,
}

/// The last messages that the server has taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The oldest first; what was too much to hold has an empty stanza.
    messages: VecDeque<KeptMessage>,
    bytes: usize,
}

/// Recipients whose messages wait, and until when: whoever has an address, or one in a room alone.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    until: BTreeMap<Jid, Moment>,
    /// Another process was to wait for these: so does this one, from the moment at which something could be sent.
    restored: BTreeSet<Jid>,
}

impl Taken {
    pub(super) fn restored(messages: Vec<KeptMessage>) -> Self {
        let mut taken = Self::default();
        messages.into_iter().for_each(|message| taken.add(message));
        taken
    }

    /// The server has this message.
    pub(super) fn add(&mut self, message: KeptMessage) {
        self.bytes += message.stanza.len();
        self.messages.push_back(message);
        while self.messages.len() > usize::try_from(TAKEN_REMEMBERED).unwrap_or(usize::MAX) {
            self.remove(0);
        }
        for message in &mut self.messages {
            if self.bytes <= STANZAS {
                break;
            }
            self.bytes -= std::mem::take(&mut message.stanza).len();
        }
    }

    /// The message with this id came back from there.
    fn take(&mut self, id: &str, comes_from: &impl Fn(&Jid) -> bool) -> Option<KeptMessage> {
        let place = self.messages.iter().rposition(|message| message.id == id && comes_from(&message.to))?;
        self.remove(place)
    }

    /// The message with this id has arrived in this chat, by the recipient's own word: another client of the recipient's
    /// may say what it likes.
    pub(super) fn arrived(&mut self, chat: &BareJid, id: &str) {
        if let Some(place) = self.messages.iter().position(|message| message.id == id && message.to.to_bare() == *chat)
        {
            self.remove(place);
        }
    }

    fn remove(&mut self, place: usize) -> Option<KeptMessage> {
        let message = self.messages.remove(place)?;
        self.bytes -= message.stanza.len();
        Some(message)
    }
}

impl Pauses {
    /// For what came back to another process and was not written since.
    pub(super) fn restored(messages: &[KeptMessage], is_room: impl Fn(&BareJid) -> bool) -> Self {
        let returned = messages.iter().filter(|message| message.returned > 0 && !message.may_be_written());
        let waits = returned.map(|KeptMessage { to, .. }| match to.to_bare() {
            room if to.is_full() && is_room(&room) => to.clone(),
            bare => bare.into(),
        });
        Self { until: BTreeMap::new(), restored: waits.collect() }
    }

    /// Whether messages to somebody wait.
    pub(super) fn hold(&self, to: &Jid) -> bool {
        let bare = Jid::from(to.to_bare());
        let is_empty = self.until.is_empty() && self.restored.is_empty();
        !is_empty && [to, &bare].iter().any(|to| self.until.contains_key(*to) || self.restored.contains(*to))
    }
}

/// Whether a message to this address can come back from there: from the recipient, or from either side's server.
pub(super) fn may_return(to: &Jid, from: &Address, own: &BareJid) -> bool {
    let from = match from {
        Address::Absent => return true,
        Address::Jid(from) => from,
        Address::Malformed(_) => return false,
    };
    let is_server = from.node().is_none() && from.resource().is_none();
    let is_recipient = from.to_bare() == to.to_bare()
        && (from.resource().is_none() || to.resource().is_none() || from.resource() == to.resource());
    is_recipient || from == own || is_server && [to.domain(), own.domain()].contains(&from.domain())
}

impl Context {
    /// The message with this id came back when the server had taken it. Gives who is to wait, if it is to be sent again
    /// later; those `in_room` wait for themselves alone, and not for the room.
    pub(super) fn returned_late(
        &mut self,
        id: &str,
        comes_from: &impl Fn(&Jid) -> bool,
        in_room: &impl Fn(&Jid) -> bool,
        error: &StanzaError,
    ) -> Option<Jid> {
        let message = self.taken.take(id, comes_from)?;
        let Unsent { letter, stanza, .. } = Unsent::kept(message, false);
        if is_to_wait(&letter, &stanza, error) {
            return Some(self.put_by(letter, stanza, in_room, error));
        }
        self.failed_late(letter, &stanza, error);
        None
    }

    /// The same of a message of which the server has not said that it has it.
    pub(super) fn returned_early(
        &mut self,
        letter: Letter,
        stanza: String,
        in_room: &impl Fn(&Jid) -> bool,
        error: &StanzaError,
    ) -> Option<Jid> {
        if is_to_wait(&letter, &stanza, error) {
            return Some(self.put_by(letter, stanza, in_room, error));
        }
        self.message_refused(letter, error);
        None
    }

    /// Sends a message again later; what is to go to the same recipient waits meanwhile.
    fn put_by(
        &mut self,
        mut letter: Letter,
        stanza: String,
        in_room: &impl Fn(&Jid) -> bool,
        error: &StanzaError,
    ) -> Jid {
        let pause = PAUSE * 2_u32.pow(u32::from(letter.returned.min(TRIALS)));
        let pause = pause + Duration::from_millis(self.entropy.below(JITTER_MS));
        letter.returned = letter.returned.saturating_add(1);
        letter.in_doubt = false;
        self.fates.forget(&letter.id);
        let to = if in_room(&letter.to) { letter.to.clone() } else { Jid::from(letter.to.to_bare()) };
        let until = self.now.moment + pause;
        self.pauses.restored.remove(&to);
        self.pauses.until.insert(to.clone(), until);
        self.timers.set_at_latest(Timer::Again, until);
        let (ticket, id) = (letter.ticket.take(), letter.id.clone());
        if let Some(digest) = &letter.chosen {
            self.outbox.chosen.reopen(&id, digest);
        }
        let message = letter.kept(None, &stanza);
        let returned = Returned { message, reason: error.to_string(), has_failed: false, forgets: None };
        self.store(Change::Returned(Box::new(returned)));
        self.answer(ticket, &id, &Outcome::Queued(id.clone()));
        self.outbox.insert(Unsent::new(letter, stanza, None));
        to
    }

    /// What was not written to somebody waits with a message to them. Had it a place in the session, it has none any
    /// more, which the disk must know before anything is written there.
    pub(super) fn wait_with_it(&mut self, unwritten: impl Iterator<Item = Unsent>) {
        let unwritten: Vec<Unsent> = unwritten.collect();
        // Those for rooms do not arrive by their places.
        for unsent in unwritten.iter().filter(|unsent| !unsent.letter.to_room) {
            self.outbox.displacing = Some(self.store(without_place(unsent)));
        }
        self.outbox.insert_behind(unwritten);
        self.put_off_messages();
    }

    /// What another process left in a session that goes on waits on, as it did there, before all that was taken since.
    pub(super) fn wait_on(&mut self, messages: Vec<KeptMessage>) {
        let mut waiting = Vec::new();
        for message in messages {
            let was_placed = message.position.is_some();
            let unsent = Unsent::kept(message, false);
            if was_placed {
                self.outbox.displacing = Some(self.store(without_place(&unsent)));
            }
            waiting.push(unsent);
        }
        self.outbox.unsent.splice(0..0, waiting);
    }

    /// What waits on when a session begins has no place in it, whichever it had in one that is gone.
    pub(super) fn forget_places(&mut self) {
        let placed = std::mem::take(&mut self.outbox.placed);
        let waiting = self.outbox.unsent.iter().filter(|unsent| placed.contains(&unsent.letter.id));
        let changes: Vec<Change> = waiting.map(without_place).collect();
        for change in changes {
            self.store(change);
        }
    }

    /// Lets messages go whose recipients were given time.
    pub(super) fn end_pauses(&mut self) {
        let now = self.now.moment;
        let restored = std::mem::take(&mut self.pauses.restored);
        self.pauses.until.extend(restored.into_iter().map(|to| (to, now + PAUSE)));
        self.pauses.until.retain(|_, until| *until > now);
        if let Some(next) = self.pauses.until.values().min() {
            self.timers.set_at_latest(Timer::Again, *next);
        }
    }
}

/// As the disk is to know a message that is written in no session.
fn without_place(unsent: &Unsent) -> Change {
    let message = unsent.letter.kept(None, &unsent.stanza);
    Change::Returned(Box::new(Returned { message, reason: WAITS_BEHIND.into(), has_failed: false, forgets: None }))
}

fn is_to_wait(letter: &Letter, stanza: &str, error: &StanzaError) -> bool {
    error.kind == ErrorKind::Wait && letter.returned < TRIALS && !stanza.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Origin;
    use crate::time::Wall;

    #[test]
    fn messages_come_back_from_their_recipient_and_the_servers_alone() {
        let check = |to: &str, from: &str, expected: bool| {
            let own = BareJid::new("romeo@verona.example").expect("a JID");
            let from_address = match from {
                "" => Address::Absent,
                "@" => Address::Malformed("@".into()),
                from => Address::Jid(Jid::new(from).expect("a JID")),
            };
            let to_jid = Jid::new(to).expect("a JID");
            assert_eq!(may_return(&to_jid, &from_address, &own), expected, "to {to} from {from}");
        };
        for from in ["", "juliet@capulet.example", "capulet.example", "verona.example", "romeo@verona.example"] {
            check("juliet@capulet.example", from, true);
            check("juliet@capulet.example/balcony", from, true);
        }
        check("juliet@capulet.example", "juliet@capulet.example/balcony", true);
        check("juliet@capulet.example/balcony", "juliet@capulet.example/balcony", true);
        check("juliet@capulet.example/balcony", "juliet@capulet.example/garden", false);
        check("capulet.example", "capulet.example", true);
        for from in ["@", "tybalt@capulet.example", "mercutio@verona.example", "capulet.example/x", "evil.example"] {
            check("juliet@capulet.example", from, false);
            check("juliet@capulet.example/balcony", from, false);
        }
    }

    #[test]
    fn so_many_messages_are_remembered_and_the_stanzas_of_fewer() {
        let message = |number: usize, bytes: usize| KeptMessage {
            id: number.to_string(),
            to: Jid::new("juliet@verona.example").expect("a JID"),
            position: None,
            tried: true,
            chosen: None,
            returned: 0,
            replaces: None,
            stanza: "x".repeat(bytes),
            origin: Origin { at: Wall::default(), after: None },
        };
        let mut taken = Taken::default();
        let most = usize::try_from(TAKEN_REMEMBERED).expect("a number");
        for number in 0..=most {
            taken.add(message(number, STANZAS / 2));
        }
        let stanzas = taken.messages.iter().filter(|message| !message.stanza.is_empty()).count();
        assert_eq!((taken.messages.len(), stanzas, taken.bytes), (most, 2, STANZAS));
        assert!(taken.take("0", &|_| true).is_none());
        assert!(taken.take("1", &|_| false).is_none());
        assert!(taken.take("1", &|_| true).is_some());
        assert!(taken.take(&most.to_string(), &|_| true).is_some_and(|message| !message.stanza.is_empty()));
        assert_eq!(taken.bytes, STANZAS / 2);
    }
}
