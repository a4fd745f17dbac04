//! What is said in a room, each thing once and in the room's order: what was said while we were away is read from the
//! room's archive (XEP-0313) behind the last thing that is known, and what is said meanwhile waits. A room without an
//! archive tells by itself what was said since (XEP-0045 section 7.2.14), as far as it remembers. Where the archive fails,
//! what is said is told without it, and what it has of before is told once it can be read.

use std::time::Duration;

use super::super::kept::Border;
use super::super::pages::Pages;
use super::super::waiting::Waiting;
use super::entering::earlier;
use super::outside::may_pass;
use super::place::Place;
use super::told::{Heard, Name, Told};
use super::tries::Tries;
use super::{Action, Asked, LONGEST_ID, Turn};
use crate::stanza::archive::{self, Archived, Page, Range};
use crate::stanza::error::Condition;
use crate::stanza::{Message, StanzaError};
use crate::time::{Moment, Wall};
use crate::xml::Element;

/// A room that does not say what it is about by then has told all that was said before.
const HISTORY_WITHIN: Duration = Duration::from_secs(10);

/// What of a room outlasts a visit.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// How far what was said is known.
    pub(super) known: Option<Border>,
    pub(super) tries: Tries,
    pub(super) told: Told,
}

/// What is known of what was said.
#[derive(Debug, Default)]
pub(super) struct Archive {
    stage: Stage,
    /// What is said meanwhile.
    newer: Waiting<Heard>,
    /// The room may tell by itself what was said before: until it says what it is about, or then.
    tells_until: Option<Moment>,
    /// Messages may leave. What is read later says nothing of them: they may not have come as far yet.
    known: bool,
    /// The archive was read to its end: what of ours it does not have did not arrive.
    read: bool,
    /// It could not be read to its end: what lies between is left for another time.
    unread: bool,
    /// When that is, unless we enter anew before.
    again_at: Option<Moment>,
}

#[derive(Debug, Default)]
enum Stage {
    /// Whether there is one is being asked; there was nothing before.
    #[default]
    New,
    /// There is none: the room tells by itself, until then at the latest.
    History(Moment),
    /// It is being read.
    Reading(Box<Reading>),
    /// All that can be known is known.
    Known,
}

#[derive(Debug)]
struct Reading {
    /// Nothing is known of the room: all is read past, to where it ends.
    to_end: bool,
    range: Range,
    /// What the results of the open request are told by: the same until one is answered, for a slow room tells what it
    /// has when nobody waits for it any more, or the next request is out.
    query: String,
    pages: Pages,
    last: Option<Border>,
    /// It failed, or did before: then the next request goes out.
    ask_at: Option<Moment>,
}

impl Archive {
    /// Whether all that was said before is known, or nothing waits for it any more.
    pub(super) fn is_known(&self) -> bool {
        self.known
    }

    /// Whether the room is to tell something of it now.
    pub(super) fn is_awaited(&self) -> bool {
        match &self.stage {
            Stage::New | Stage::History(_) => true,
            Stage::Reading(reading) => reading.ask_at.is_none(),
            Stage::Known => false,
        }
    }

    /// We are in: begins with what was said before.
    pub(super) fn begin(&mut self, has_archive: bool, doubt: Option<Wall>, past: &mut Past, turn: &mut Turn<'_>) {
        let until = turn.now.moment + HISTORY_WITHIN;
        self.tells_until = Some(until);
        match past.tries.wait(turn.now.moment) {
            _ if !has_archive => self.stage = Stage::History(until),
            // It has failed so often that nothing waits for it.
            Some(again_at) if !past.tries.are_left() && doubt.is_none() => {
                self.unread = past.known.is_some();
                self.again_at = Some(again_at).filter(|_| self.unread);
                self.finish(past, turn);
            }
            Some(_) | None => self.read_news(doubt, past, turn),
        }
    }

    fn read_news(&mut self, doubt: Option<Wall>, past: &Past, turn: &mut Turn<'_>) {
        (self.unread, self.again_at) = (false, None);
        let known = &past.known;
        let range = match known {
            None => Range { start: doubt.map(earlier), after: None },
            Some(Border { id: Some(id), .. }) => Range { start: None, after: Some(id.clone()) },
            Some(Border { id: None, at }) => Range { start: Some(earlier(*at)), after: None },
        };
        let (to_end, query, pages, last) = (known.is_none(), String::new(), Pages::default(), None);
        // What is in doubt is worth a request each time.
        let ask_at = past.tries.wait(turn.now.moment).filter(|_| doubt.is_none());
        self.stage = Stage::Reading(Box::new(Reading { to_end, range, query, pages, last, ask_at }));
        if ask_at.is_none() {
            self.request(turn);
        }
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self) -> Option<Moment> {
        match &self.stage {
            Stage::History(until) => Some(*until),
            Stage::Reading(reading) => reading.ask_at,
            Stage::Known => self.again_at,
            Stage::New => None,
        }
    }

    pub(super) fn tick(&mut self, past: &mut Past, turn: &mut Turn<'_>) {
        if self.deadline().is_some_and(|until| until <= turn.now.moment) {
            match self.stage {
                Stage::Reading(_) => {
                    self.pass_shown(past);
                    self.request(turn);
                }
                Stage::Known => self.read_news(None, past, turn),
                Stage::New | Stage::History(_) => self.history_ends(past, turn),
            }
        }
    }

    /// The room has told all that it tells by itself.
    pub(super) fn history_ends(&mut self, past: &mut Past, turn: &mut Turn<'_>) {
        self.tells_until = None;
        if let Stage::History(_) = self.stage {
            if past.known.is_none() {
                let border = Border { id: None, at: turn.now.wall };
                turn.push(Action::Heard(None, Some(border.clone())));
                past.known = Some(border);
            }
            self.finish(past, turn);
        }
    }

    /// Somebody speaks, now or before.
    pub(super) fn live(
        &mut self,
        message: Message,
        ours: bool,
        place: &Place<'_>,
        past: &mut Past,
        turn: &mut Turn<'_>,
    ) {
        // Rooms pass on what those in them write: a stamp is the room's only until it has told what was said before.
        let tells = self.tells_until.is_some_and(|until| turn.now.moment < until);
        let stamp = place.stamp(&message).filter(|_| tells && !self.is_known());
        let id = place.id(&message);
        let at = stamp.unwrap_or(turn.now.wall).min(turn.now.wall);
        let border = (id.is_some() || !place.abilities.archive).then_some(Border { id, at });
        let name = place.name(&message, at, stamp.is_some());
        let is_old = |at: Wall| past.known.as_ref().is_none_or(|known| at < whole_second(known.at));
        match &self.stage {
            // It was said before we were in, and so before the archive was asked, which has it or knows that we do.
            Stage::Reading(_) if stamp.is_some() => return,
            Stage::History(_) if stamp.is_some_and(is_old) => return,
            Stage::History(_) if stamp.is_none() => self.history_ends(past, turn),
            Stage::New | Stage::History(_) | Stage::Reading(_) | Stage::Known => {}
        }
        let spoken = if ours { None } else { place.spoken(message, stamp, true, turn) };
        if spoken.is_none() && !ours {
            return;
        }
        let heard = Heard { spoken: spoken.map(Box::new), border, name };
        match &self.stage {
            // Where nothing is known, nothing of before is told, and what is said now is the first.
            Stage::Reading(reading) if heard.border.is_some() && !reading.to_end => {
                let bytes = heard.bytes();
                self.newer.push(heard, bytes);
            }
            Stage::New | Stage::History(_) | Stage::Reading(_) | Stage::Known => self.tell(heard, past, turn),
        }
    }

    /// Whether this is a result of the open request.
    pub(super) fn awaits(&self, archived: &Archived) -> bool {
        matches!(&self.stage, Stage::Reading(reading) if archived.query.as_ref() == Some(&reading.query))
    }

    /// A result of the open request: `ours` when this account's outbox wrote it.
    pub(super) fn result(
        &mut self,
        archived: Archived,
        ours: bool,
        place: &Place<'_>,
        past: &mut Past,
        turn: &mut Turn<'_>,
    ) {
        let Stage::Reading(reading) = &mut self.stage else { return };
        if archived.id.len() > LONGEST_ID {
            return;
        }
        let at = archived.stamp.unwrap_or(turn.now.wall);
        let border = Border { id: Some(archived.id.clone()), at: at.min(turn.now.wall) };
        reading.pages.has(&archived.id);
        reading.last = Some(border.clone());
        if reading.to_end {
            return;
        }
        let name = Name::Place(archived.id.clone());
        self.newer.remove(|heard| heard.name.as_ref() == Some(&name));
        let message = archived.message.filter(|_| !ours);
        let spoken = message.and_then(|message| place.spoken(message, Some(at), false, turn));
        let spoken = spoken.map(|spoken| Box::new(spoken.at(archived.id)));
        let heard = Heard { spoken, border: Some(border), name: Some(name) };
        self.tell(heard, past, turn);
    }

    /// The end of a page.
    pub(super) fn page(
        &mut self,
        answer: Result<Option<&Element>, &StanzaError>,
        past: &mut Past,
        turn: &mut Turn<'_>,
    ) {
        let Stage::Reading(reading) = &mut self.stage else { return };
        reading.query.clear();
        let page = match answer {
            Ok(fin) => match fin.and_then(Page::parse) {
                Some(page) => page,
                None => return self.failed(true, past, turn),
            },
            // The archive does not have the message any more behind which it was to be read.
            Err(error)
                if error.condition == Condition::ItemNotFound
                    && reading.range.after.is_some()
                    && reading.pages.may_lose_their_place() =>
            {
                reading.pages = Pages::by_time();
                let start = past.known.as_ref().map(|known| known.at);
                reading.range = Range { start, after: None };
                return self.request(turn);
            }
            Err(error) => return self.failed(!may_pass(error), past, turn),
        };
        let is_newest = reading.to_end && reading.range == Range::default();
        let next = page.last.filter(|last| !page.is_last && !is_newest && reading.range.after.as_ref() != Some(last));
        if let Some(next) = next {
            reading.range.after = Some(next);
            if reading.pages.go_on() {
                past.tries.worked();
                return self.request(turn);
            }
            return self.failed(true, past, turn);
        }
        let is_whole = page.is_last || is_newest;
        let last = reading.last.take();
        let last = if reading.to_end { last.or(Some(Border { id: None, at: turn.now.wall })) } else { last };
        let overflown = self.newer.take_overflown();
        // What is told in a room of which nothing was known is behind its end; and what was told before is known now, too.
        let is_end = if reading.to_end { past.known.is_none() } else { is_whole && last != past.known };
        if let Some(last) = last.filter(|_| is_end) {
            turn.push(Action::Heard(None, Some(last.clone())));
            past.known = Some(last);
        }
        if overflown {
            if let Some(Border { id: Some(id), .. }) = &past.known {
                reading.range = Range { start: None, after: Some(id.clone()) };
            }
            return self.request(turn);
        }
        if is_whole {
            past.tries.worked();
            self.read = true;
            self.finish(past, turn);
        } else {
            self.failed(true, past, turn);
        }
    }

    /// Nobody answered.
    pub(super) fn unanswered(&mut self, past: &mut Past, turn: &mut Turn<'_>) {
        self.pass_shown(past);
        self.failed(false, past, turn);
    }

    /// What has come of a page without its end has come: the archive works, and is asked for what is behind that.
    fn pass_shown(&mut self, past: &mut Past) {
        let Stage::Reading(reading) = &mut self.stage else { return };
        let last = reading.last.as_ref().and_then(|last| last.id.as_ref());
        if let Some(last) = last.filter(|last| reading.range.after.as_ref() != Some(*last))
            && reading.pages.go_on()
        {
            reading.range.after = Some(last.clone());
            past.tries.worked();
        }
    }

    /// It is asked again after a pause, unless it has failed too often, or for good.
    fn failed(&mut self, lasting: bool, past: &mut Past, turn: &mut Turn<'_>) {
        let Stage::Reading(reading) = &mut self.stage else { return };
        reading.ask_at = past.tries.failed(lasting, turn);
        if reading.ask_at.is_none() {
            self.unread = !reading.to_end;
            self.again_at = past.tries.wait(turn.now.moment).filter(|_| self.unread && !lasting);
            self.finish(past, turn);
        }
    }

    fn request(&mut self, turn: &mut Turn<'_>) {
        let Stage::Reading(reading) = &mut self.stage else { return };
        reading.ask_at = None;
        if reading.query.is_empty() {
            reading.query = turn.entropy.id();
        }
        reading.pages.requested();
        let is_newest = reading.to_end && reading.range == Range::default();
        let request =
            if is_newest { archive::request_newest(&reading.query) } else { reading.range.request(&reading.query) };
        turn.push(Action::Ask(Asked::Page, request));
    }

    fn finish(&mut self, past: &mut Past, turn: &mut Turn<'_>) {
        self.stage = Stage::Known;
        for heard in self.newer.take() {
            self.tell(heard, past, turn);
        }
        if !std::mem::replace(&mut self.known, true) {
            turn.push(Action::Ready { sure: self.read });
        }
    }

    fn tell(&mut self, heard: Heard, past: &mut Past, turn: &mut Turn<'_>) {
        let Heard { spoken, border, name } = heard;
        if name.is_some_and(|name| !past.told.is_news(name)) {
            return;
        }
        let border = border.filter(|_| !self.unread);
        if border.is_some() {
            past.known.clone_from(&border);
        }
        turn.push(Action::Heard(spoken, border));
    }
}

/// Rooms give the time by the second: what was said in the same one is told apart by name.
fn whole_second(at: Wall) -> Wall {
    Wall::from_unix_millis(at.as_unix_millis().div_euclid(1_000) * 1_000)
}
