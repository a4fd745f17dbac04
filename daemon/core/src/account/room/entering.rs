//! On the way in: others are shown first, then ourselves (XEP-0045 section 7.2.2). A nickname that is taken is tried in
//! another spelling, unless it was chosen for this.

use super::outside::Absence;
use super::{ANSWER_WITHIN, STRANGER_ANSWERS_WITHIN};
use super::{Action, Asked, Inside, Room, Stage, Turn, outside};
use crate::stanza::error::Condition;
use crate::stanza::muc::{self, History, User};
use crate::stanza::{Presence, PresenceKind};
use crate::time::{Moment, Wall};

use super::occupants::Occupants;

/// So many nicknames are tried.
const NICKS: usize = 4;
/// Our clock and the room's may differ by so much; in milliseconds.
pub(super) const CLOCKS_DIFFER_MS: i64 = 300_000;

/// The wish to enter is on its way.
#[derive(Debug)]
pub(super) struct Entering {
    pub(super) nick: String,
    /// How many nicknames were tried.
    tries: usize,
    pub(super) until: Moment,
    occupants: Occupants,
}

impl Room {
    /// Asks to enter.
    pub(super) fn begin(&mut self, turn: &mut Turn<'_>) {
        self.try_nick(self.wish.nick.clone(), 1, turn);
    }

    fn try_nick(&mut self, nick: String, tries: usize, turn: &mut Turn<'_>) {
        let is_stranger = self.wish.is_asked && !self.is_found;
        let until = turn.now.moment + if is_stranger { STRANGER_ANSWERS_WITHIN } else { ANSWER_WITHIN };
        self.stage = Stage::Entering(Entering { nick: nick.clone(), tries, until, occupants: Occupants::default() });
        turn.push(Action::Changed);
        turn.push(Action::Enter(nick, self.history(), self.wish.password.clone()));
    }

    /// What is to be told of before: nothing of a room with an archive, or that we do not know.
    fn history(&self) -> History {
        let doubt = self.wish.in_doubt_since.map(earlier);
        let since = doubt.into_iter().chain(self.past.known.as_ref().map(|known| known.at)).min();
        match since {
            Some(since) if !self.abilities.unwrap_or_default().archive => History::Since(since),
            Some(_) | None => History::Nothing,
        }
    }

    pub(super) fn presence_entering(
        &mut self,
        nick: Option<&str>,
        presence: &Presence,
        said: User,
        turn: &mut Turn<'_>,
    ) {
        let Stage::Entering(entering) = &mut self.stage else { return };
        if let PresenceKind::Error(error) = &presence.kind {
            let (tries, is_taken) = (entering.tries, error.condition == Condition::Conflict);
            let next = another_nick(&self.wish.nick, tries).filter(|_| is_taken && !self.wish.is_firm);
            return match next {
                Some(nick) => self.try_nick(nick, tries + 1, turn),
                None => self.fail(Some(error.clone()), turn),
            };
        }
        let Some(nick) = nick else { return };
        let is_us = said.says(110);
        if matches!(presence.kind, PresenceKind::Unavailable) {
            entering.occupants.remove(nick);
            if is_us || nick == entering.nick && !said.codes.is_empty() {
                self.put_out(&said, turn);
            }
            return;
        }
        entering.occupants.add(nick, presence, &said, self.abilities.unwrap_or_default().occupant_ids);
        if is_us {
            let has_ids = self.abilities.unwrap_or_default().occupant_ids;
            let id = muc::occupant_id(&presence.payloads).filter(|_| has_ids).map(str::to_owned);
            let occupants = std::mem::take(&mut entering.occupants);
            self.failures = 0;
            self.is_found = true;
            self.stage = Stage::Inside(Box::new(Inside::new(nick.to_owned(), id, occupants)));
            turn.push(Action::Entered);
            turn.push(Action::Changed);
            if said.says(201) {
                turn.push(Action::Ask(Asked::Defaults, muc::accept_defaults()));
            } else {
                self.read(turn);
            }
        }
    }

    /// The room that we made stands: what it can do is to be known now.
    pub(super) fn created(&mut self, turn: &mut Turn<'_>) {
        turn.push(Action::Ask(Asked::Abilities, crate::stanza::disco::Info::request(None)));
    }

    /// We are told that we are out (section 9.1, 10.9).
    pub(super) fn put_out(&mut self, said: &User, turn: &mut Turn<'_>) {
        let why = outside::reason(said.item.reason.as_deref());
        if let Some(destroyed) = &said.destroyed {
            let reason = outside::reason(destroyed.reason.as_deref());
            let instead = destroyed.instead.as_ref().map(|room| format!("it is {room} now"));
            let both: Vec<String> = reason.into_iter().chain(instead).collect();
            return self.be_outside(Absence::Gone((!both.is_empty()).then(|| both.join("; "))), None, turn);
        }
        if said.says(301) {
            return self.be_outside(Absence::Banned(why), None, turn);
        }
        // An error of delivery, and the end of the service, are nobody's wish.
        if said.says(333) || said.says(332) {
            return self.try_later(Absence::Lost, turn);
        }
        if said.says(307) {
            return self.be_outside(Absence::Kicked(why), None, turn);
        }
        if said.says(321) || said.says(322) {
            let why = why.or_else(|| Some("it is for members only now".into()));
            return self.be_outside(Absence::Kicked(why), None, turn);
        }
        self.try_later(Absence::Lost, turn);
    }
}

/// The same nickname in another spelling, for one that is taken: `romeo`, `romeo_`, `romeo__`.
fn another_nick(nick: &str, tries: usize) -> Option<String> {
    (tries < NICKS).then(|| format!("{nick}{}", "_".repeat(tries)))
}

/// A while before.
pub(in super::super) fn earlier(at: Wall) -> Wall {
    Wall::from_unix_millis(at.as_unix_millis().saturating_sub(CLOCKS_DIFFER_MS))
}
