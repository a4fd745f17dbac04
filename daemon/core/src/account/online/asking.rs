//! What we ask of our own account and of others, and what becomes of the answers.

use std::time::Duration;

use jid::{BareJid, Jid};

use super::super::context::Context;
use super::super::input::Ticket;
use super::super::output::Outcome;
use super::super::room::Asked;
use super::super::timers::Timer;
use super::Online;
use super::contacts::{RosterAsked, Underway};
use super::hiding::Step;
use super::outbound::Sent;
use super::rooms::BookmarkChange;
use crate::pep::{Publication, Support};
use crate::stanza::{Iq, StanzaError};
use crate::xml::{Element, Limits};

/// A request is given up after this.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Who waits for the answer to one of our requests.
#[derive(Debug)]
pub(super) enum Asker {
    /// The session itself: what our own account supports.
    Features,
    /// The session itself: the roster.
    Roster(RosterAsked),
    /// The session itself: a page of the archive.
    Archive,
    /// The session itself: the rooms that the account remembers.
    Bookmarks,
    /// Somebody's command about a room, which is to be remembered or forgotten.
    Bookmark(BookmarkChange),
    /// The machine of a room.
    Room(BareJid, Asked),
    /// The session itself: how far chats are read.
    Displayed,
    /// The publisher of the tune.
    Tune,
    /// The session itself: whether we can be hidden, are, or are not any more.
    Hiding(Step),
    /// Nobody minds: the withdrawal of the tune at the end.
    Farewell,
    /// Nobody: any answer shows that the server lives.
    Probe,
    /// The session itself: our server has read all that we said about ourselves.
    Introduction,
    /// Somebody's command.
    Command(Ticket),
    /// Somebody's command to publish something about ourselves.
    Publishing(Ticket, Box<Publication>),
    /// Somebody's command about a subscription, whose presence the server has handled when it answers.
    Subscribing(Underway),
}

impl Asker {
    /// The commands that wait for the answer.
    pub(super) fn into_tickets(self) -> Vec<Ticket> {
        match self {
            Self::Command(ticket) | Self::Publishing(ticket, _) => vec![ticket],
            Self::Subscribing(underway) => vec![underway.into_ticket()],
            Self::Bookmark(change) => change.into_tickets(),
            Self::Features
            | Self::Roster(_)
            | Self::Archive
            | Self::Bookmarks
            | Self::Room(..)
            | Self::Displayed
            | Self::Tune
            | Self::Hiding(_)
            | Self::Farewell
            | Self::Probe
            | Self::Introduction => Vec::new(),
        }
    }

    /// Whether a command waits for the answer.
    pub(super) fn is_command(&self) -> bool {
        match self {
            Self::Command(_) | Self::Publishing(..) | Self::Subscribing(_) => true,
            // What they change goes on when the session does.
            Self::Bookmark(_)
            | Self::Features
            | Self::Roster(_)
            | Self::Archive
            | Self::Bookmarks
            | Self::Room(..)
            | Self::Displayed
            | Self::Tune
            | Self::Hiding(_)
            | Self::Farewell
            | Self::Probe
            | Self::Introduction => false,
        }
    }
}

impl Online {
    /// Sends a request on somebody's behalf.
    pub(super) fn ask(&mut self, to: Option<Jid>, set: bool, payload: Element, asker: Asker, context: &mut Context) {
        let id = context.entropy.id();
        let iq = if set { Iq::set(id.clone(), payload) } else { Iq::get(id.clone(), payload) };
        let iq = match to.clone() {
            Some(to) => iq.to(to),
            None => iq,
        };
        self.outbound.rouse(context);
        self.outbound.send(&iq.into_element(), Sent::Other, context);
        let deadline = context.now.moment + ANSWER_WITHIN;
        if to.is_none() {
            // Our own server answers, or is not there any more (G7); another may be slow.
            context.timers.set_at_latest(Timer::Answer, deadline);
        }
        self.requests.open(id, to, deadline, asker);
    }

    /// Asks what the account's own service can do.
    pub(super) fn ask_features(&mut self, context: &mut Context) {
        self.ask(None, false, Support::question(), Asker::Features, context);
    }

    /// Nobody answered one of our requests in time.
    pub(super) fn unanswered(&mut self, asker: Asker, context: &mut Context) {
        match asker {
            Asker::Command(ticket) | Asker::Publishing(ticket, _) => context.reply(ticket, Outcome::TimedOut),
            Asker::Subscribing(underway) => context.reply(underway.into_ticket(), Outcome::TimedOut),
            Asker::Tune => self.tune_unanswered(context),
            Asker::Hiding(step) => self.hiding_answered(step, None, context),
            Asker::Features => {
                self.support = Support::told(Ok(None));
                self.advance_tune(context);
                self.features_unanswered(context);
                self.bookmarks_absent(context);
            }
            Asker::Archive => self.archive_unanswered(context),
            Asker::Bookmarks => self.bookmarks_absent(context),
            Asker::Bookmark(change) => {
                let error = StanzaError::service_unavailable();
                self.bookmark_answered(change, Err(&error), context);
            }
            Asker::Room(room, asked) => self.room_unanswered(&room, asked, context),
            Asker::Roster(_) => self.reader.set_limits(Limits::AFTER_LOGIN),
            Asker::Displayed | Asker::Farewell | Asker::Probe | Asker::Introduction => {}
        }
    }

    pub(super) fn answered(
        &mut self,
        asker: Asker,
        answer: Result<Option<&Element>, &StanzaError>,
        context: &mut Context,
    ) {
        match asker {
            Asker::Features => {
                self.ask_for_carbons(answer, context);
                self.read_archive(answer, context);
                self.support = Support::told(answer);
                self.advance_tune(context);
                self.ask_bookmarks(answer, context);
            }
            Asker::Bookmarks => self.bookmarks_answered(answer, context),
            Asker::Bookmark(change) => self.bookmark_answered(change, answer.map(drop), context),
            Asker::Room(room, asked) => self.room_answered(&room, asked, answer, context),
            Asker::Roster(asked) => self.roster_answered(asked, answer, context),
            Asker::Archive => self.archive_answered(answer, context),
            Asker::Displayed => self.displayed_answered(answer, context),
            Asker::Tune => self.tune_answered(answer, context),
            Asker::Hiding(step) => self.hiding_answered(step, Some(answer), context),
            Asker::Publishing(ticket, publication) => self.publication_answered(ticket, *publication, answer, context),
            Asker::Farewell => self.tune_withdrawn(answer, context),
            Asker::Probe => {}
            Asker::Introduction => self.look_for_neighbours(context),
            Asker::Subscribing(underway) => Self::subscribed(underway, context),
            Asker::Command(ticket) => {
                let outcome = match answer {
                    Ok(payload) => Outcome::Answer(payload.cloned()),
                    Err(error) => Outcome::Refused(error.clone()),
                };
                context.reply(ticket, outcome);
            }
        }
    }
}
