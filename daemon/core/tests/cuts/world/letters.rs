//! What is known of each message that somebody wanted to be sent: which text it is to arrive with, what people were told of
//! it, and when it was written and came back.

use xmppd_core::account::{Aside, Change, KeptMessage, Ticket};

use super::super::server::error_number;
use super::World;

/// A message that is to wait is sent again so often (README.md).
const TRIALS: usize = 5;
/// It waits so many milliseconds at least.
const PAUSE: u64 = 30_000;

/// A message of somebody's.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    /// Its place among all that happens: where it is taken.
    pub(super) taken: u64,
    /// The same: where it is taken, or taken again.
    pub(super) order: u64,
    pub(super) to: &'static str,
    /// As it is to arrive.
    pub(super) body: String,
    pub(super) id: Option<String>,
    /// It corrects the message with this id.
    pub(super) first: Option<String>,
    /// The correction is to take this message's place, and is no message of its own.
    pub(super) into: Option<usize>,
    pub(super) fate: Fate,
    /// At some time it was told to be uncertain.
    pub(super) is_uncertain: bool,
    /// When it was written first, since it came back.
    pub(super) written: Option<u64>,
    /// When it first got a place in a session, since it came back.
    pub(super) placed: Option<u64>,
    /// At some time nobody knew whether it was written there.
    pub(super) is_doubted: bool,
    /// When it was last known that it is yet to be written.
    pub(super) called_back: Option<u64>,
    /// When it came back last.
    pub(super) came_back: Option<u64>,
    /// The same by the clock; none when the process that knew of it is dead.
    waits_since: Option<u64>,
    /// How often it came back.
    pub(super) times_back: usize,
}

/// What people were told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing yet.
    Asked,
    /// It is kept, or at the server.
    Accepted,
    /// It is not sent.
    Refused,
    /// It is in another one's place.
    Merged,
    /// It has not arrived, and will not.
    Failed,
    /// It was taken back.
    Cancelled,
    /// Whoever wanted that was told nothing, or that the disk failed.
    Forgotten,
}

/// What somebody wants, by the message's number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wish {
    Send(usize),
    Cancel(usize),
    Retry(usize),
}

impl Letter {
    pub(super) fn new(order: u64, to: &'static str, body: String) -> Self {
        Self {
            taken: order,
            order,
            to,
            body,
            id: None,
            first: None,
            into: None,
            fate: Fate::Asked,
            is_uncertain: false,
            written: None,
            placed: None,
            is_doubted: false,
            called_back: None,
            came_back: None,
            waits_since: None,
            times_back: 0,
        }
    }

    /// The chat that it is said in.
    pub(super) fn chat(&self) -> &'static str {
        self.to.split('/').next().unwrap_or(self.to)
    }

    pub(super) fn has_id(&self, id: &str) -> bool {
        self.id.as_deref() == Some(id)
    }
}

impl World<'_> {
    /// One more thing happens.
    pub(super) fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    pub(super) fn by_id(&self, id: &str) -> Option<usize> {
        self.letters.iter().position(|letter| letter.has_id(id))
    }

    /// The account has something kept: it shows a message's id, where a correction goes, or that a message came back.
    pub(super) fn note_change(&mut self, change: &Change) {
        if let Change::Message(message, _) | Change::Backlog(message, _) = change {
            self.note_kept(message);
        } else if let Change::Merged(merged) = change {
            let target = self.by_id(&merged.id).expect("the message that is corrected");
            let letter = self.letters.iter_mut().find(|letter| letter.body == merged.body);
            letter.expect("the correction").into = Some(target);
        } else if let Change::Returned(returned) = change
            && !returned.has_failed
        {
            let now = self.tick();
            if let Some(place) = self.by_id(&returned.message.id) {
                self.letters[place].called_back = Some(now);
            }
            self.note_return(&returned.message.id, &returned.reason);
        }
    }

    fn note_kept(&mut self, message: &KeptMessage) {
        let now = self.tick();
        let is_it = |letter: &&mut Letter| {
            letter.id.is_none() && letter.into.is_none() && message.stanza.contains(&format!(">{}<", letter.body))
        };
        if let Some(letter) = self.letters.iter_mut().find(is_it) {
            letter.id = Some(message.id.clone());
        }
        let Some(letter) = self.by_id(&message.id).map(|place| &mut self.letters[place]) else { return };
        letter.is_doubted |= message.tried;
        letter.placed = letter.placed.or(message.position.map(|_| now));
    }

    /// What is written leaves behind all that was written before.
    pub(super) fn note_written(&mut self, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).expect("text");
        for message in text.split("<message").skip(1) {
            let id = message.split_once(" id='").and_then(|(_, rest)| rest.split('\'').next());
            let id = id.unwrap_or_else(|| panic!("no id: {message}"));
            let (now, clock) = (self.tick(), self.clock);
            let Some(letter) = self.by_id(id).map(|place| &mut self.letters[place]) else { continue };
            if letter.written.is_none() {
                let waited = letter.waits_since.take().is_none_or(|since| clock >= since + PAUSE);
                assert!(waited, "{} does not wait", letter.body);
            }
            letter.written.get_or_insert(now);
        }
    }

    /// The account knows that a message came back.
    fn note_return(&mut self, id: &str, reason: &str) {
        let Some(number) = error_number(reason) else { return };
        let returned = self.server.handled.iter().find(|message| message.returned == Some(number));
        assert!(returned.is_some_and(|message| message.id == id), "{reason} is not about {id}");
        assert!(self.server.understood.insert(number), "{id} came back once and is taken to come back twice: {reason}");
        let (now, clock) = (self.tick(), self.clock);
        let place = self.by_id(id).expect("the message that came back");
        let letter = &mut self.letters[place];
        (letter.came_back, letter.waits_since) = (Some(now), Some(clock));
        (letter.written, letter.placed) = (None, None);
        letter.times_back += 1;
    }

    /// People are told that a message has failed, perhaps on both ways at once.
    pub(super) fn note_failure(&mut self, id: &str, reason: &str) {
        let place = self.by_id(id).expect("the message that failed");
        if self.letters[place].fate != Fate::Failed {
            self.note_return(id, reason);
        }
        let letter = &mut self.letters[place];
        (letter.fate, letter.waits_since) = (Fate::Failed, None);
        let number = error_number(reason);
        let may_wait =
            self.server.handled.iter().any(|message| number.is_some() && message.returned == number && message.waits);
        assert!(!may_wait || letter.times_back > TRIALS, "{id} has failed and was only to wait");
    }

    /// People are told of a message that is not sent any more.
    pub(super) fn note_aside(&mut self, id: &str, aside: Aside, reason: &str) {
        match aside {
            Aside::Failed => self.note_failure(id, reason),
            Aside::Uncertain => {
                if let Some(place) = self.by_id(id) {
                    self.letters[place].is_uncertain = true;
                }
            }
        }
    }

    /// What the server has got since is what was to be sent: never a text in whose place there is another.
    pub(super) fn note_handled(&mut self) {
        for message in &self.server.handled[self.seen..] {
            let Some(place) = self.by_id(&message.id) else { continue };
            let (letter, body) = (&self.letters[place], &message.body);
            let is_pending =
                |other: &Letter| other.into == Some(place) && other.fate == Fate::Asked && other.body == *body;
            assert!(letter.body == *body || self.letters.iter().any(is_pending), "{body} was corrected: {letter:?}");
            assert_eq!((letter.to, &letter.first), (message.to.as_str(), &message.replaces), "{letter:?}");
        }
        self.seen = self.server.handled.len();
    }

    /// The process is dead: what is on the disk was asked for, and what only that process knew is not known.
    pub(super) fn note_death(&mut self) {
        self.server.knows_only(self.disk.errors());
        for (_, wish) in std::mem::take(&mut self.waiting) {
            self.note_orphan(wish);
        }
        for letter in &mut self.letters {
            letter.waits_since = None;
            let is_known = |id: &String| self.disk.aside(id).is_some() || !self.disk.has(&letter.body);
            if letter.id.as_ref().is_some_and(is_known) {
                continue;
            }
            match letter.fate {
                Fate::Failed => letter.fate = Fate::Accepted,
                Fate::Asked | Fate::Accepted | Fate::Refused | Fate::Merged | Fate::Cancelled | Fate::Forgotten => {}
            }
        }
    }

    /// Nobody is left to be answered. What was not kept was never taken.
    fn note_orphan(&mut self, wish: Wish) {
        let (Wish::Send(place) | Wish::Cancel(place) | Wish::Retry(place)) = wish;
        let Letter { body, into, id, .. } = self.letters[place].clone();
        let is_kept = self.disk.has(&body);
        if let Some(into) = into {
            self.letters[place].fate = if is_kept { Fate::Merged } else { Fate::Refused };
            if is_kept {
                self.letters[into].body = body;
            }
            return;
        }
        let is_there = self.server.handled.iter().any(|message| message.body == body && message.returned.is_none());
        let is_aside = id.is_some_and(|id| self.disk.aside(&id).is_some());
        self.letters[place].fate = match (is_aside, is_kept || is_there) {
            (true, _) => Fate::Failed,
            // Whoever did not want it to be sent is right either way.
            (false, true) if matches!(wish, Wish::Cancel(_)) => Fate::Forgotten,
            (false, true) => Fate::Accepted,
            (false, false) => Fate::Refused,
        };
    }

    /// Everybody is told what became of what they wanted.
    pub(super) fn wish_of(&mut self, ticket: Ticket) -> Wish {
        self.waiting.remove(&ticket).expect("somebody waits for this answer")
    }
}
