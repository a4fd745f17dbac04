//! What people may be told, and what must be true in the end. The order is each recipient's: nothing overtakes what was
//! taken before it, unless it was written before that came back, or may have been, for then it could not be called back.

use xmppd_core::account::{OnUncertain, Outcome, Ticket};

use super::super::server::{Handled, Lie};
use super::World;
use super::letters::{Fate, Letter, Wish};

impl World<'_> {
    /// Somebody is answered.
    pub(super) fn replied(&mut self, ticket: Ticket, outcome: &Outcome) {
        match self.wish_of(ticket) {
            Wish::Send(place) => self.told_of_sending(place, outcome),
            // It stays where it was.
            Wish::Retry(place) if matches!(outcome, Outcome::NotKept(_)) => self.letters[place].fate = Fate::Failed,
            Wish::Retry(place) => self.told_of_sending(place, outcome),
            Wish::Cancel(place) if *outcome == Outcome::Done => self.letters[place].fate = Fate::Cancelled,
            // It is not sent any more as long as this process lives.
            Wish::Cancel(place) if matches!(outcome, Outcome::NotKept(_)) => self.letters[place].fate = Fate::Forgotten,
            Wish::Cancel(place) => {
                let is_answer = matches!(outcome, Outcome::TooLate | Outcome::Unknown);
                assert!(is_answer, "{:?}: {outcome:?}", self.letters[place]);
            }
        }
    }

    fn told_of_sending(&mut self, place: usize, outcome: &Outcome) {
        let letter = self.letters[place].clone();
        match outcome {
            Outcome::Sent(id) => {
                let is_known = self.server.kind.managed || self.server.kind.room;
                let is_there = !is_known || self.server.handled.iter().any(|message| message.body == letter.body);
                assert!(is_there && letter.into.is_none(), "{letter:?} is not at the server");
                self.accept(place, id);
            }
            Outcome::Queued(id) => {
                assert!(self.is_kept(place), "{letter:?} is not kept");
                match letter.into {
                    Some(into) => {
                        assert!(self.letters[into].has_id(id), "{letter:?} is told to be {id}");
                        self.letters[into].body = letter.body;
                        self.letters[place].fate = Fate::Merged;
                    }
                    None => self.accept(place, id),
                }
            }
            Outcome::NotOnline(_) | Outcome::NotKept(_) => self.letters[place].fate = Fate::Refused,
            Outcome::Refused(error) => {
                let id = letter.id.as_ref().expect("it was written");
                self.note_failure(id, &error.to_string());
            }
            Outcome::Delivered(_)
            | Outcome::Answer(_)
            | Outcome::TimedOut
            | Outcome::Withheld
            | Outcome::Invisible
            | Outcome::Exposed(_)
            | Outcome::TooLate
            | Outcome::Occupants(..)
            | Outcome::Outside
            | Outcome::IdTaken(_)
            | Outcome::Unknown
            | Outcome::Unsupported
            | Outcome::Done => panic!("{letter:?}: {outcome:?}"),
        }
    }

    /// Whether the disk has a message, perhaps corrected already.
    fn is_kept(&self, place: usize) -> bool {
        let corrections = self.letters.iter().filter(|other| other.into == Some(place));
        corrections.chain([&self.letters[place]]).any(|letter| self.disk.waits(&letter.body))
    }

    fn accept(&mut self, place: usize, id: &str) {
        let letter = &mut self.letters[place];
        assert!(letter.has_id(id), "{letter:?} is told to be {id}");
        letter.fate = Fate::Accepted;
    }

    /// Nothing is lost, nothing is doubled, and all is in order.
    pub(crate) fn check(&mut self) {
        self.note_handled();
        for place in 0..self.letters.len() {
            self.check_letter(&self.letters[place]);
        }
        self.check_order();
        self.check_told();
    }

    /// A message is with its recipient once, as it was corrected last; or people were told that it is not.
    fn check_letter(&self, letter: &Letter) {
        let copies = self.copies(letter);
        let arrived = copies.iter().filter(|(_, message)| message.returned.is_none()).count();
        let is_known = self.server.kind.managed || self.server.kind.room;
        if let Some((_, last)) = copies.iter().rfind(|(_, message)| is_known && message.returned.is_none()) {
            assert_eq!(last.body, letter.body, "{letter:?} arrived in other words");
        }
        let may_double = self.may_double(letter);
        if may_double && (copies.len() > 1 || letter.is_doubted && !copies.is_empty())
            || letter.is_uncertain && self.on_uncertain == OnUncertain::Resend
        {
            return;
        }
        let is_unknown = letter.is_uncertain || !is_known;
        let expected = match letter.fate {
            Fate::Asked => panic!("nobody is told of {letter:?}"),
            Fate::Accepted if is_unknown => 0..=1,
            Fate::Accepted => 1..=1,
            Fate::Forgotten => 0..=1,
            Fate::Refused | Fate::Merged | Fate::Failed | Fate::Cancelled => 0..=0,
        };
        assert!(expected.contains(&arrived), "{letter:?} arrived {arrived} times: {copies:?}");
    }

    /// The copies of a message that the server got, and where.
    fn copies(&self, letter: &Letter) -> Vec<(usize, &Handled)> {
        let is_it = |message: &Handled| letter.has_id(&message.id);
        self.server.handled.iter().enumerate().filter(|(_, message)| is_it(message)).collect()
    }

    /// Where nothing says how far the server came, a message may come twice; and what an archive has of one that came back
    /// says nothing.
    fn may_double(&self, letter: &Letter) -> bool {
        let kind = self.server.kind;
        if kind.room && kind.grudging {
            // An archive that could not be read in time says nothing either.
            return letter.written.is_some();
        }
        if !kind.managed {
            // Nobody knows what became of what was under way, and after a death it may come again.
            return !kind.room;
        }
        let has_witness = kind.archive && !self.lies() && letter.times_back == 0;
        self.server.forgotten > 0 && !has_witness && !kind.room && self.on_uncertain == OnUncertain::Resend
    }

    fn check_order(&self) {
        let first = |letter: &Letter| {
            let copies = self.copies(letter);
            // Where it is not known which copy came back, the first counts.
            let may_double = self.may_double(letter);
            copies.iter().find(|(_, message)| may_double || message.returned.is_none()).map(|(place, _)| *place)
        };
        let known = self.letters.iter().filter(|letter| letter.fate == Fate::Accepted && !letter.is_uncertain);
        let mut arrived: Vec<(usize, &Letter)> =
            known.filter_map(|letter| first(letter).map(|place| (place, letter))).collect();
        arrived.sort_by_key(|(_, letter)| letter.order);
        for (index, (place, earlier)) in arrived.iter().enumerate() {
            let later = arrived[index..].iter().filter(|(_, later)| later.chat() == earlier.chat());
            let mut overtaking = later.filter(|(other, _)| other < place).map(|(_, later)| later);
            // What is sent again although it had failed goes behind what waits; what did not wait then may come back.
            let is_older = |later: &&&Letter| later.taken < earlier.taken;
            let was_written = |later: &&&Letter| {
                let is_before = |one: Option<u64>, other: Option<u64>| one.is_some_and(|one| Some(one) < other);
                is_before(later.written, earlier.came_back)
                    || later.is_doubted && is_before(later.placed, earlier.called_back)
            };
            let found = overtaking.find(|later| !was_written(later) && !is_older(later));
            assert!(found.is_none(), "{earlier:?} is overtaken by {found:?} in {:?}", self.server.handled);
        }
    }

    fn check_told(&self) {
        let mut told: Vec<&String> = self.told.iter().collect();
        let kind = self.server.kind;
        if !kind.managed && !kind.room {
            return;
        }
        // What came is told before it is known, and after a death once more. A room's archive tells of everything.
        if !kind.managed || self.server.forgotten > 0 && !kind.archive && !kind.room {
            first_of_each(&mut told);
        }
        let mut delivered: Vec<&String> = self.delivered.iter().collect();
        // While an archive is read, what comes is acknowledged and waits, for it is in there.
        if self.blind_deaths > 0 || self.lies() {
            delivered.retain(|body| told.contains(body));
        }
        let mut told = told.to_vec();
        // What such an archive did not tell in time is told when it does.
        if self.server.kind.grudging {
            told.sort_unstable();
            delivered.sort_unstable();
        }
        assert_eq!(told, delivered, "what was told is not what came");
    }

    /// Whether the archive hides or loses something.
    fn lies(&self) -> bool {
        self.server.kind.lies.is_some_and(|lie| lie != Lie::Forges)
    }
}

/// Leaves the first of equal bodies.
fn first_of_each(bodies: &mut Vec<&String>) {
    let mut seen: Vec<&String> = Vec::new();
    for body in std::mem::take(bodies) {
        if !seen.contains(&body) {
            seen.push(body);
        }
    }
    *bodies = seen;
}
