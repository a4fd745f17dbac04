//! What is said in a room, each thing once and in the room's order: what was said while we were away is read from the
//! room's archive (XEP-0313) behind the last thing that is known, and what is said meanwhile waits. A room without an
//! archive tells by itself what was said since (XEP-0045 section 7.2.14), as far as it remembers.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::kept::Border;
use super::super::pages::Pages;
use super::entering::earlier;
use super::place::Place;
use super::{Action, Asked, LONGEST_ID, Spoken, Turn};
use crate::stanza::archive::{self, Archived, Page, Range};
use crate::stanza::error::Condition;
use crate::stanza::{Message, StanzaError};
use crate::time::{Moment, Wall};
use crate::xml::Element;

/// So many messages at most wait while the archive is read; more are read from it.
const WAITING: usize = 500;
/// A room that does not say what it is about by then has told all that was said before.
const HISTORY_WITHIN: Duration = Duration::from_secs(10);
/// Of so many of the last messages the names are remembered.
const NAMES: usize = 64;

/// What is known of what was said.
#[derive(Debug, Default)]
pub(super) struct Archive {
    stage: Stage,
    newer: Vec<Heard>,
    /// More was said than could wait.
    overflown: bool,
    /// The names of the last messages, the oldest first.
    names: VecDeque<String>,
    /// The archive was read to its end: what of ours it does not have did not arrive.
    read: bool,
    /// It could not be read to its end: what lies between is left for the next time that we enter.
    unread: bool,
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
    /// What the results of the open request are told by.
    query: String,
    pages: Pages,
    last: Option<Border>,
}

/// Something that was said; nothing to tell where we said it.
#[derive(Debug)]
struct Heard {
    spoken: Option<Box<Spoken>>,
    border: Option<Border>,
    name: Option<String>,
}

impl Archive {
    /// Whether all that was said before is known.
    pub(super) fn is_known(&self) -> bool {
        matches!(self.stage, Stage::Known)
    }

    /// We are in: begins with what was said before.
    pub(super) fn begin(
        &mut self,
        has_archive: bool,
        doubt: Option<Wall>,
        known: &Option<Border>,
        turn: &mut Turn<'_>,
    ) {
        self.unread = false;
        if !has_archive {
            self.stage = Stage::History(turn.now.moment + HISTORY_WITHIN);
            return;
        }
        let range = match known {
            None => Range { start: doubt.map(earlier), after: None },
            Some(Border { id: Some(id), .. }) => Range { start: None, after: Some(id.clone()) },
            Some(Border { id: None, at }) => Range { start: Some(earlier(*at)), after: None },
        };
        let (to_end, query, pages, last) = (known.is_none(), String::new(), Pages::default(), None);
        self.stage = Stage::Reading(Box::new(Reading { to_end, range, query, pages, last }));
        self.request(turn);
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self) -> Option<Moment> {
        match self.stage {
            Stage::History(until) => Some(until),
            Stage::New | Stage::Reading(_) | Stage::Known => None,
        }
    }

    pub(super) fn tick(&mut self, known: &mut Option<Border>, turn: &mut Turn<'_>) {
        if self.deadline().is_some_and(|until| until <= turn.now.moment) {
            self.history_ends(known, turn);
        }
    }

    /// A room without an archive has told all that it remembers.
    pub(super) fn history_ends(&mut self, known: &mut Option<Border>, turn: &mut Turn<'_>) {
        if let Stage::History(_) = self.stage {
            if known.is_none() {
                let border = Border { id: None, at: turn.now.wall };
                turn.push(Action::Heard(None, Some(border.clone())));
                *known = Some(border);
            }
            self.finish(known, turn);
        }
    }

    /// Somebody speaks, now or before.
    pub(super) fn live(
        &mut self,
        message: Message,
        ours: bool,
        place: &Place<'_>,
        known: &mut Option<Border>,
        turn: &mut Turn<'_>,
    ) {
        // Rooms pass on what those in them write, and what was said before has been told by now: then the stamp is theirs.
        let stamp = place.stamp(&message).filter(|_| !self.is_known());
        let id = place.id(&message);
        let at = stamp.unwrap_or(turn.now.wall).min(turn.now.wall);
        let border = (id.is_some() || !place.abilities.archive).then(|| Border { id: id.clone(), at });
        let name = id.or_else(|| place.name(&message));
        let is_old = |at: Wall| known.as_ref().is_none_or(|known| at < whole_second(known.at));
        match &self.stage {
            // Of a room with an archive it comes from there.
            Stage::Reading(_) | Stage::New if stamp.is_some() && place.abilities.archive => return,
            Stage::History(_) if stamp.is_some_and(is_old) => return,
            Stage::History(_) if stamp.is_none() => self.history_ends(known, turn),
            Stage::New | Stage::History(_) | Stage::Reading(_) | Stage::Known => {}
        }
        let spoken = if ours { None } else { place.spoken(message, stamp, true, turn) };
        if spoken.is_none() && !ours {
            return;
        }
        let heard = Heard { spoken: spoken.map(Box::new), border, name };
        match &self.stage {
            Stage::Reading(_) if heard.border.is_some() => self.wait(heard),
            Stage::New | Stage::History(_) | Stage::Reading(_) | Stage::Known => self.tell(heard, known, turn),
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
        known: &mut Option<Border>,
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
        self.newer.retain(|newer| newer.name.as_ref() != Some(&archived.id));
        let message = archived.message.filter(|_| !ours);
        let spoken = message.and_then(|message| place.spoken(message, Some(at), false, turn));
        let spoken = spoken.map(|spoken| Box::new(spoken.at(archived.id.clone())));
        let heard = Heard { spoken, border: Some(border), name: Some(archived.id) };
        self.tell(heard, known, turn);
    }

    /// The end of a page.
    pub(super) fn page(
        &mut self,
        answer: Result<Option<&Element>, &StanzaError>,
        known: &mut Option<Border>,
        turn: &mut Turn<'_>,
    ) {
        let Stage::Reading(reading) = &mut self.stage else { return };
        let page = match answer {
            Ok(fin) => match fin.and_then(Page::parse) {
                Some(page) => page,
                None => return self.give_up(known, turn),
            },
            // The archive does not have the message any more behind which it was to be read.
            Err(error)
                if error.condition == Condition::ItemNotFound
                    && reading.range.after.is_some()
                    && reading.pages.may_lose_their_place() =>
            {
                reading.pages = Pages::by_time();
                let start = known.as_ref().map(|known| known.at);
                reading.range = Range { start, after: None };
                return self.request(turn);
            }
            Err(_) => return self.unanswered(known, turn),
        };
        let is_newest = reading.to_end && reading.range == Range::default();
        let next = page.last.filter(|last| !page.is_last && !is_newest && reading.range.after.as_ref() != Some(last));
        if let Some(next) = next {
            reading.range.after = Some(next);
            let goes_on = reading.pages.go_on();
            return self.read_on(goes_on, known, turn);
        }
        let is_whole = page.is_last || is_newest;
        if reading.to_end {
            let border = reading.last.take().unwrap_or(Border { id: None, at: turn.now.wall });
            turn.push(Action::Heard(None, Some(border.clone())));
            *known = Some(border);
        }
        if std::mem::take(&mut self.overflown) {
            let after = known.as_ref().and_then(|known| known.id.clone());
            reading.to_end = false;
            reading.range = Range { start: None, after };
            return self.request(turn);
        }
        if is_whole {
            self.read = true;
            self.finish(known, turn);
        } else {
            self.give_up(known, turn);
        }
    }

    /// Nobody answered, or with an error.
    pub(super) fn unanswered(&mut self, known: &mut Option<Border>, turn: &mut Turn<'_>) {
        let Stage::Reading(reading) = &mut self.stage else { return };
        let goes_on = reading.pages.try_again();
        self.read_on(goes_on, known, turn);
    }

    fn read_on(&mut self, goes_on: bool, known: &mut Option<Border>, turn: &mut Turn<'_>) {
        if goes_on {
            self.request(turn);
        } else {
            self.give_up(known, turn);
        }
    }

    fn request(&mut self, turn: &mut Turn<'_>) {
        let Stage::Reading(reading) = &mut self.stage else { return };
        reading.query = turn.entropy.id();
        reading.pages.requested();
        let is_newest = reading.to_end && reading.range == Range::default();
        let request =
            if is_newest { archive::request_newest(&reading.query) } else { reading.range.request(&reading.query) };
        turn.push(Action::Ask(Asked::Page, request));
    }

    fn give_up(&mut self, known: &mut Option<Border>, turn: &mut Turn<'_>) {
        if let Stage::Reading(reading) = &self.stage {
            self.unread = !reading.to_end;
        }
        self.finish(known, turn);
    }

    fn finish(&mut self, known: &mut Option<Border>, turn: &mut Turn<'_>) {
        self.stage = Stage::Known;
        for heard in std::mem::take(&mut self.newer) {
            self.tell(heard, known, turn);
        }
        turn.push(Action::Ready { sure: self.read });
    }

    fn wait(&mut self, heard: Heard) {
        if self.newer.len() < WAITING && !self.overflown {
            self.newer.push(heard);
        } else {
            self.newer.clear();
            self.overflown = true;
        }
    }

    fn tell(&mut self, heard: Heard, known: &mut Option<Border>, turn: &mut Turn<'_>) {
        let Heard { spoken, border, name } = heard;
        if let Some(name) = name {
            if self.names.contains(&name) {
                return;
            }
            if self.names.len() >= NAMES {
                self.names.pop_front();
            }
            self.names.push_back(name);
        }
        let border = border.filter(|_| !self.unread);
        if border.is_some() {
            known.clone_from(&border);
        }
        turn.push(Action::Heard(spoken, border));
    }
}

/// Rooms give the time by the second: what was said in the same one is told apart by name.
fn whole_second(at: Wall) -> Wall {
    Wall::from_unix_millis(at.as_unix_millis().div_euclid(1_000) * 1_000)
}
