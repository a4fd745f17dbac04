//! The account's archive (XEP-0313): what came while there was no session is read from it, each message once and in
//! order, and whether a message of ours arrived in a session that is gone is seen from it. While it is read, what comes
//! at the same time waits.

use std::time::Duration;

use jid::Jid;

use super::super::context::Context;
use super::super::kept::{Border, Origin};
use super::super::output::{Aside, Incoming};
use super::super::pages::Pages;
use super::super::recent::{Noted, Said};
use super::super::timers::Timer;
use super::super::waiting::Waiting;
use super::{Asker, Online};
use crate::stanza::archive::{self, Archived, Page, Range};
use crate::stanza::disco::Info;
use crate::stanza::error::Condition;
use crate::stanza::{Address, Message, StanzaError};
use crate::time::Wall;
use crate::xml::{Element, ns};

/// Each thing is asked for so often before the archive is left alone on this connection.
const TRIALS: u32 = 10;
/// A server may put there late what it got while a session began or went on, and pass it on to nobody: seen at
/// ejabberd 24.12 under load. So long after that the archive is looked at once more.
const LATE: Duration = Duration::from_secs(5);
/// Or when so many messages have come since; their names are still known then.
const BETWEEN: u32 = 300;
/// Our clock and the server's may differ by so much.
const CLOCKS_DIFFER: Duration = Duration::from_secs(300);

/// What is known of the archive in this session.
#[derive(Debug, Default)]
pub(super) struct Archive {
    stage: Stage,
    /// What came while it is read.
    newer: Waiting<Said>,
    /// It has been looked at once more.
    has_settled: bool,
    /// How often nobody said whether there is an archive.
    unanswered: u32,
}

#[derive(Debug, Default)]
enum Stage {
    /// Whether there is one is being asked.
    #[default]
    Unknown,
    /// There is none.
    Absent,
    /// It could not be read: what is new behind the border is left for the next connection.
    Unread,
    /// It is being read.
    Reading(Box<Reading>),
    /// Everything in it is known, but for what the server may put there late: the border stays until it has been looked
    /// at once more. So many messages came since.
    Settling(u32),
    /// Everything in it is known.
    Current,
}

#[derive(Debug)]
struct Reading {
    goal: Goal,
    range: Range,
    /// What the results of the open request are told by.
    query: String,
    pages: Pages,
    /// The last result so far.
    last: Option<Border>,
}

/// What the archive is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// Where it ends: nothing is known of it.
    End,
    /// Messages of ours that may have arrived, up to the border.
    Border,
    /// All that is new.
    News,
}

impl Online {
    /// What is left of sessions that are gone is sent again; what is in doubt waits for the archive, if there is one.
    pub(super) fn send_again(&mut self, context: &mut Context) {
        if !self.outbound.is_pressed() {
            context.end_pauses();
        }
        let unsent = context.take_unsent();
        if unsent.iter().any(|unsent| unsent.letter.in_doubt) {
            self.outbound.hold();
        }
        for unsent in unsent {
            // It was taken without a session, or in one with other limits, and would end this one again and again.
            match self.outbound.refuses(&unsent.stanza) {
                Some(error) => context.message_refused(unsent.letter, &error),
                None => self.outbound.send_again(unsent, context),
            }
        }
        self.release_rooms(context);
    }

    /// Our account has said what it supports.
    pub(super) fn read_archive(&mut self, answer: Result<Option<&Element>, &StanzaError>, context: &mut Context) {
        if !answer.ok().flatten().and_then(Info::parse).is_some_and(|info| info.has(ns::MAM)) {
            return self.without_archive(Stage::Absent, context);
        }
        let known = context.inbox.border.as_ref().map(|border| border.id.clone());
        match (self.outbound.first_in_doubt(), known) {
            (Some(Origin { after: Some(after), .. }), Some(Some(border))) if *after != border => {
                let range = Range { start: None, after: Some(after.clone()) };
                self.read(Goal::Border, range, context);
            }
            (Some(Origin { after: None, at }), Some(Some(_)) | None) => {
                let range = Range { start: Some(earlier(*at)), after: None };
                let goal = if context.inbox.border.is_some() { Goal::Border } else { Goal::End };
                self.read(goal, range, context);
            }
            (Some(_), _) | (None, Some(_)) => self.read_news(context),
            (None, None) => self.read(Goal::End, Range::default(), context),
        }
    }

    /// Nobody said in time what our account supports.
    pub(super) fn features_unanswered(&mut self, context: &mut Context) {
        self.archive.unanswered += 1;
        if self.archive.unanswered < TRIALS && context.inbox.border.is_some() {
            self.ask_features(context);
        } else {
            self.without_archive(Stage::Unread, context);
        }
    }

    /// Over another connection, what could not be read may be readable, and something may be there that no connection
    /// carried.
    pub(super) fn retry_archive(&mut self, context: &mut Context) {
        match self.archive.stage {
            Stage::Unread => {
                self.archive = Archive::default();
                self.ask_features(context);
            }
            Stage::Current | Stage::Settling(_) => self.settle_archive(context),
            // Whichever page comes may be from before.
            Stage::Reading(_) => self.archive.has_settled = false,
            Stage::Unknown | Stage::Absent => {}
        }
    }

    fn settle_archive(&mut self, context: &mut Context) {
        self.archive.stage = Stage::Settling(0);
        context.timers.set(Timer::Archive, context.now.moment + LATE);
    }

    /// Whatever is late should be in the archive by now.
    pub(super) fn look_again(&mut self, context: &mut Context) {
        if matches!(self.archive.stage, Stage::Settling(_)) && self.leaving.is_none() {
            self.archive.has_settled = true;
            self.read_news(context);
        }
    }

    /// What came is told, what may not have arrived is sent; what an archive lacks that was not read to its end, is no
    /// evidence.
    fn without_archive(&mut self, stage: Stage, context: &mut Context) {
        self.archive.stage = stage;
        self.outbound.distrust_witnesses();
        self.finish(context);
    }

    /// A message came, live.
    pub(super) fn came(&mut self, said: Said, context: &mut Context) {
        let waits = match self.archive.stage {
            Stage::Unknown => context.inbox.border.is_some(),
            // Where nothing is known yet, nothing of before is told, and this would not be found again.
            Stage::Reading(ref reading) => reading.goal != Goal::End,
            Stage::Absent | Stage::Unread | Stage::Settling(_) | Stage::Current => false,
        };
        if !waits || said.place().is_none() {
            return self.receive(said, context);
        }
        let bytes = said.size();
        self.archive.newer.push(said, bytes);
    }

    /// A result, believed only from our own account and while its request is open (S39).
    pub(super) fn archived(&mut self, from: &Address, archived: Archived, context: &mut Context) {
        let is_own = self.is_own_account(from);
        let Stage::Reading(reading) = &mut self.archive.stage else { return };
        if !is_own || archived.query.as_ref() != Some(&reading.query) {
            return;
        }
        let border = Border { id: Some(archived.id.clone()), at: archived.stamp.unwrap_or(context.now.wall) };
        let goal = reading.goal;
        reading.pages.has(&archived.id);
        reading.last = Some(border.clone());
        if goal == Goal::Border && context.inbox.border.as_ref().is_some_and(|known| known.id == border.id) {
            reading.goal = Goal::News;
        }
        let Some(message) = archived.message else { return };
        self.see_own(&message, context);
        if goal == Goal::News {
            self.archive.newer.remove(|newer| newer.place() == Some(&archived.id));
            if let Some(said) = self.news(message, &border, context) {
                self.receive(said, context);
            }
            self.outbound.known_to(border);
        }
    }

    /// The end of a page.
    pub(super) fn archive_answered(&mut self, answer: Result<Option<&Element>, &StanzaError>, context: &mut Context) {
        let Stage::Reading(reading) = &mut self.archive.stage else { return };
        let page = match answer {
            Ok(fin) => match fin.and_then(Page::parse) {
                Some(page) => page,
                None => return self.without_archive(Stage::Unread, context),
            },
            Err(error)
                if error.condition == Condition::ItemNotFound
                    && reading.range.after.is_some()
                    && reading.pages.may_lose_their_place() =>
            {
                return self.read_by_time(context);
            }
            Err(_) => return self.archive_unanswered(context),
        };
        let next = page.last.filter(|last| !page.is_last && reading.range.after.as_ref() != Some(last));
        if let Some(next) = next {
            reading.range.after = Some(next);
            let goes_on = reading.pages.go_on();
            return self.read_on(goes_on, context);
        }
        if !page.is_last {
            self.outbound.distrust_witnesses();
        }
        match reading.goal {
            Goal::End => {
                let at = context.now.wall;
                let border = reading.last.take().unwrap_or(Border { id: None, at });
                self.outbound.known_to(border);
            }
            // The archive has lost the border's message; what came after it may be known by its time.
            Goal::Border => return self.read_news(context),
            Goal::News if self.archive.newer.take_overflown() => {
                let last = reading.last.as_ref().and_then(|last| last.id.clone());
                reading.range.after = last.or(reading.range.after.take());
                return self.request_page(context);
            }
            Goal::News => {}
        }
        if std::mem::take(&mut self.archive.has_settled) {
            self.archive.stage = Stage::Current;
            return self.finish(context);
        }
        self.settle_archive(context);
        self.finish(context);
        self.ask_what_is_read(context);
    }

    /// Nobody answered, or with an error.
    pub(super) fn archive_unanswered(&mut self, context: &mut Context) {
        let Stage::Reading(reading) = &mut self.archive.stage else { return };
        let goes_on = reading.pages.try_again();
        self.read_on(goes_on, context);
    }

    fn read_on(&mut self, goes_on: bool, context: &mut Context) {
        if goes_on {
            self.request_page(context);
        } else {
            self.without_archive(Stage::Unread, context);
        }
    }

    fn read_news(&mut self, context: &mut Context) {
        let after = context.inbox.border.as_ref().and_then(|border| border.id.clone());
        self.read(Goal::News, Range { start: None, after }, context);
    }

    /// The archive does not have the message any more behind which it was to be read.
    fn read_by_time(&mut self, context: &mut Context) {
        let known = context.inbox.border.as_ref().map(|border| border.at);
        let start = self.outbound.first_in_doubt().map(|origin| earlier(origin.at)).into_iter().chain(known).min();
        self.read_pages(Pages::by_time(), Goal::News, Range { start, after: None }, context);
    }

    fn read(&mut self, goal: Goal, range: Range, context: &mut Context) {
        self.read_pages(Pages::default(), goal, range, context);
    }

    fn read_pages(&mut self, pages: Pages, goal: Goal, range: Range, context: &mut Context) {
        let (query, last) = (String::new(), None);
        self.archive.stage = Stage::Reading(Box::new(Reading { goal, range, query, pages, last }));
        self.request_page(context);
    }

    fn request_page(&mut self, context: &mut Context) {
        let Stage::Reading(reading) = &mut self.archive.stage else { return };
        reading.query = context.entropy.id();
        reading.pages.requested();
        let request = match reading.goal {
            Goal::End if reading.range == Range::default() => archive::request_newest(&reading.query),
            Goal::End | Goal::Border | Goal::News => reading.range.request(&reading.query),
        };
        self.ask(None, true, request, Asker::Archive, context);
    }

    /// A message of ours is in the archive: it arrived.
    fn see_own(&mut self, message: &Message, context: &mut Context) {
        let to = message.to.jid().filter(|_| self.is_from_us(message)).map(Jid::to_bare);
        let (Some(id), Some(to)) = (&message.id, to) else { return };
        if let Some(sent) = self.outbound.found_in_archive(id, &to) {
            self.arrived(vec![sent], context);
        }
        self.outbound.witness(to);
    }

    /// What watchers are to know of an archived message: nothing of those that this client sent.
    fn news(&self, message: Message, border: &Border, context: &mut Context) -> Option<Said> {
        let sent = self.is_from_us(&message);
        let from = message.from.jid()?.clone();
        if sent && from.resource() == Some(self.session.jid.resource()) {
            return None;
        }
        let place = border.id.clone();
        Some(match self.said(message, from, context)? {
            Said::Text(text) => Said::Text(Incoming { at: border.at, delayed: true, sent, place, ..text }),
            Said::Noted(noted) => {
                let noted = Noted { place, ..noted };
                Said::Noted(if sent { noted.by_us() } else { noted })
            }
        })
    }

    fn is_from_us(&self, message: &Message) -> bool {
        message.from.jid().is_some_and(|from| from.to_bare() == self.session.jid.to_bare())
    }

    /// Has something told, unless it was told before.
    fn receive(&mut self, mut said: Said, context: &mut Context) {
        if said.name().is_some_and(|name| context.inbox.knows(&name) || self.outbound.holds(&name)) {
            return;
        }
        if let Said::Text(message) = &mut said
            && !self.may_correct(message, context)
        {
            message.replaces = None;
        }
        let place = said.place().cloned();
        let place = place.filter(|_| !said.is_by_us() && matches!(self.archive.stage, Stage::Current));
        self.outbound.received(said);
        if place.is_some() {
            self.outbound.known_to(Border { id: place, at: context.now.wall });
        }
        if let Stage::Settling(came) = &mut self.archive.stage {
            *came += 1;
            if *came >= BETWEEN {
                self.look_again(context);
            }
        }
    }

    /// Whether the message that this one takes the place of is known to be the same sender's (S44); else it is a
    /// message like any other.
    fn may_correct(&self, message: &Incoming, context: &Context) -> bool {
        let Some(id) = &message.replaces else { return true };
        let (chat, sent) = (message.chat(), message.sent);
        let is_it = |other: &Incoming| {
            other.sent == sent && (other.id == *id || other.origin.as_ref() == Some(id)) && other.chat() == chat
        };
        context.recent.knows(&chat, Some(sent), id) || self.outbound.expects(&is_it) || context.inbox.expects(&is_it)
    }

    /// All is read that can be: what waited goes on.
    fn finish(&mut self, context: &mut Context) {
        for said in self.archive.newer.take() {
            self.receive(said, context);
        }
        for id in self.outbound.release(context.settings.on_uncertain) {
            let reason = "its session is gone, and the archive cannot tell whether it arrived";
            context.set_aside(id, Aside::Uncertain, reason.into());
        }
    }
}

fn earlier(at: Wall) -> Wall {
    let margin = i64::try_from(CLOCKS_DIFFER.as_millis()).unwrap_or(i64::MAX);
    Wall::from_unix_millis(at.as_unix_millis().saturating_sub(margin))
}
