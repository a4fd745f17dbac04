//! Stanzas flow. This file is the link state: what it owns, what reaches it, and how it ends. What comes in is told
//! apart in [`inbound`], what goes out is counted in [`outbound`], and the goodbye is in [`leaving`].

mod answers;
mod archive;
mod asking;
mod commands;
mod commits;
mod contacts;
mod directed;
mod hiding;
mod inbound;
mod leaving;
mod messages;
mod outbound;
mod personal;
mod presence;
mod rooms;
mod sleep;
mod tune;
mod watched;

use std::time::Duration;

use super::Link;
use super::context::Context;
use super::input::{Command, Input, Machine, StoreTicket};
use super::login::{Bound, Managed};
use super::offline;
use super::output::{Event, Outcome, Problem, Session};
use super::timers::Timer;
use crate::loss::Loss;
use crate::pep::{Publisher, Support};
use crate::requests::Requests;
use crate::stanza::bind;
use crate::stream::features::StreamLimits;
use crate::time::Moment;
use crate::xml::Reader;

use answers::Answers;
use archive::Archive;
use asking::{ANSWER_WITHIN, Asker};
pub(super) use contacts::Abilities;
use directed::Told;
use hiding::Hiding;
use leaving::Leaving;
pub(super) use outbound::{Letter, RESUME_FOR, ResumeBy, Unsent, Unwritten};
use outbound::{Outbound, Stored};
use presence::Shown;
use rooms::Rooms;
pub(super) use sleep::Asleep;
pub(super) use watched::ClientState;

/// With so many changes waiting for the disk, no more is read.
const BEHIND: usize = 256;

/// The state with a live stream.
#[derive(Debug)]
pub(super) struct Online {
    session: Session,
    since: Moment,
    reader: Reader,
    outbound: Outbound,
    requests: Requests<Asker>,
    shown: Option<Shown>,
    hiding: Hiding,
    /// What single contacts were told.
    told: Told,
    /// What the server can do about contacts.
    abilities: Abilities,
    /// The server has shown the roster.
    contacts_known: bool,
    /// The contacts' presence was told to another process.
    contacts_unseen: bool,
    /// Our server knows what we are, or is told.
    introduced: bool,
    /// How long the stream may be silent.
    idle: Duration,
    /// What the account's own service can do about what we tell of ourselves.
    support: Support,
    publisher: Publisher,
    /// What the store is asked to remember: whether a tune may be out.
    storing: Option<(StoreTicket, bool)>,
    answers: Answers,
    archive: Archive,
    /// Copies of what other clients send and get are asked for.
    carbons: bool,
    /// The rooms, as far as this session goes.
    rooms: Rooms,
    leaving: Option<Leaving>,
}

impl Online {
    /// Takes over a bound stream and sends, in one flight, all that makes it a session.
    pub(super) fn start(bound: Bound, context: &mut Context) -> Box<Self> {
        let outbound = Outbound::new(bound.limits.max_bytes, bound.client_state);
        let mut online = Self::over(bound.session, bound.reader, outbound, bound.limits, context);
        online.heard(context);
        context.streak.session_began();
        online.carbons = bound.carbons;
        online.abilities = bound.abilities;
        match bound.managed {
            Managed::Absent => {}
            Managed::Offered if context.mistrusts_management() => {}
            Managed::Offered => online.outbound.enable(context),
            Managed::Enabled(resume_by) => {
                online.session.resumable = resume_by.is_some();
                online.outbound.enabled_at_binding(resume_by);
            }
        }
        if bound.session_required {
            online.ask(None, true, bind::session(), Asker::Probe, context);
        }
        online.introduce(context);
        online.begin(context);
        online.send_again(context);
        // The disk must know the places of the messages in this session before it knows of the session.
        online.keep_session(context);
        online.settle(context);
        online
    }

    /// A session over this stream, of which nothing is known yet.
    fn over(
        session: Session,
        reader: Reader,
        outbound: Outbound,
        limits: StreamLimits,
        context: &Context,
    ) -> Box<Self> {
        Box::new(Self {
            session,
            since: context.now.moment,
            reader,
            outbound,
            requests: Requests::default(),
            shown: None,
            hiding: Hiding::default(),
            told: Told::default(),
            abilities: Abilities::default(),
            contacts_known: false,
            contacts_unseen: false,
            introduced: false,
            idle: outbound::idle_within(limits.idle),
            support: Support::default(),
            publisher: Publisher::default(),
            storing: None,
            answers: Answers::default(),
            archive: Archive::default(),
            carbons: false,
            rooms: Rooms::default(),
            leaving: None,
        })
    }

    /// Asks for all that a session must know: the contacts, and what the account's own service can do.
    fn introduce(&mut self, context: &mut Context) {
        self.ask_roster(context);
        self.ask_features(context);
    }

    /// The stream stands: shows what contacts are to see, and answers who waited for it.
    fn begin(&mut self, context: &mut Context) {
        self.present(Vec::new(), context);
        self.advance_tune(context);
        self.linger(context);
        context.timers.clear(Timer::Login);
        context.timers.clear(Timer::Step);
        self.settle(context);
        context.reply_connecting(&Outcome::Done);
    }

    /// What of what was asked for cannot be, although the stream stands.
    pub(super) fn problem(&self, context: &Context) -> Option<Problem> {
        self.hiding.problem(context.outward.composed().presence.show)
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// How many messages wait until the server has them.
    pub(super) fn messages(&self) -> usize {
        self.outbound.messages() + self.unshown()
    }

    pub(super) fn is_behind(&self, context: &Context) -> bool {
        context.storing >= BEHIND || self.outbound.is_behind()
    }

    pub(super) fn is_between_stanzas(&self) -> bool {
        self.reader.is_between_stanzas()
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.requests.deadline()
    }

    pub(super) fn handle(mut self: Box<Self>, input: Input<'_>, context: &mut Context) -> Link {
        let result = match input {
            Input::Command(Command::Suspend(ticket)) if self.can_suspend() => return self.suspend(ticket, context),
            Input::Bytes(bytes) => self.bytes(bytes, context),
            Input::Command(command) => {
                self.command(command, context);
                Ok(())
            }
            Input::Stored(ticket, result) => {
                self.stored(ticket, result, context);
                Ok(())
            }
            Input::Tick => self.tick(context),
            Input::Machine(Machine::Sleeps) => {
                self.outbound.answer(context);
                Ok(())
            }
            Input::Machine(Machine::Woke | Machine::NetworkChanged) => {
                if self.leaving.is_none() {
                    self.try_stream(context);
                    outbound::hurry_answer(context);
                }
                Ok(())
            }
            Input::Lost(loss) => Err(loss),
            Input::Start
            | Input::Connected(_)
            | Input::Secured(_)
            | Input::Secret(_)
            | Input::Derived(_)
            | Input::Loaded(_) => Ok(()),
        };
        match result {
            Ok(()) => {
                self.settle(context);
                Link::Online(self)
            }
            Err(loss) if self.can_sleep(&loss) => self.fall_asleep(&loss, context),
            Err(loss) => self.end(&loss, context),
        }
    }

    fn tick(&mut self, context: &mut Context) -> Result<(), Loss> {
        for asker in self.requests.expire(context.now.moment) {
            self.unanswered(asker, context);
        }
        while let Some(timer) = context.timers.take_due(context.now.moment) {
            match timer {
                Timer::Ask => {
                    self.outbound.probe(context);
                }
                Timer::Idle => self.try_stream(context),
                // What the server has said may lie unread.
                Timer::Answer if self.is_behind(context) => outbound::expect_answer(context),
                Timer::Acknowledge if self.is_behind(context) => outbound::expect_acknowledgement(context),
                Timer::Answer => return Err(Loss::Silent("the server stopped answering")),
                Timer::Acknowledge => {
                    context.mistrust_management();
                    return Err(Loss::Silent("the server acknowledges nothing"));
                }
                Timer::Close if self.go_on_leaving(context) => {}
                Timer::Close => return Err(Loss::Closed),
                Timer::Tune => {
                    context.show_playing();
                    self.republish(context);
                }
                Timer::Archive => self.look_again(context),
                // What is due is done after each input.
                Timer::Rooms => {}
                Timer::Retry | Timer::Login | Timer::Step | Timer::Due | Timer::Again | Timer::Lull => {}
            }
        }
        Ok(())
    }

    /// What plays has changed: both carriers follow.
    fn republish(&mut self, context: &mut Context) {
        if self.leaving.is_none() {
            self.present(Vec::new(), context);
            self.advance_tune(context);
        }
    }

    /// The store answered the publisher of the tune, a message on its way out, or a commit of what came in.
    fn stored(&mut self, ticket: StoreTicket, result: Result<(), String>, context: &mut Context) {
        if self.outbound.committed(ticket, result.is_ok(), context) {
            return;
        }
        match self.outbound.stored(ticket, result.is_ok()) {
            Some(Stored::Refused(sent)) => {
                if let Some(letter) = sent.into_letter() {
                    context.letter_not_kept(letter, result.err().unwrap_or_default());
                }
            }
            Some(Stored::InLine(Some((ticket, id)))) => {
                context.answer(Some(ticket), &id, &Outcome::Queued(id.clone()));
            }
            Some(Stored::InLine(None)) => {}
            None => self.tune_stored(ticket, result, context),
        }
    }

    /// After each input: write what need not wait any more, commit what was handled, and ask for the acknowledgement
    /// that somebody waits for.
    fn settle(&mut self, context: &mut Context) {
        self.go_on_sending(context);
        self.try_rooms(context);
        self.pay_dues(context);
        let written = self.outbound.flush(context);
        self.written(written, context);
        self.outbound.commit(context);
        self.outbound.settle(self.somebody_waits(), context);
        self.tell_watched(context);
    }

    /// What waits on the disk alone follows as the line gets shorter.
    fn go_on_sending(&mut self, context: &mut Context) {
        if self.leaving.is_some() {
            return;
        }
        if !self.outbound.is_pressed() {
            context.end_pauses();
        }
        if context.has_unsent() {
            self.send_again(context);
        }
        if !context.backlog.is_empty() && self.outbound.is_short() && context.may_hold_more() {
            context.load_backlog();
        }
    }

    fn somebody_waits(&self) -> bool {
        self.outbound.has_messages() || self.shown.as_ref().is_some_and(Shown::is_awaited)
    }

    /// The stream is over, by our wish or not: everybody who waits is told.
    fn end(mut self, loss: &Loss, context: &mut Context) -> Link {
        self.outbound.end(loss, context);
        let problem = Problem { kind: loss.kind(), message: loss.to_string(), retry_at: None };
        let asked = self.requests.drain().flat_map(Asker::into_tickets);
        for ticket in asked.chain(self.hiding.take_curious()) {
            context.reply(ticket, Outcome::NotOnline(Some(problem.clone())));
        }
        if loss.blames_the_request() {
            self.outbound.suspect();
        }
        let unshown = self.end_rooms(context);
        let (_, unsent) = std::mem::take(&mut self.outbound).dissolve(None, context);
        context.outbox.put_back(unshown.into_iter().chain(unsent).collect());
        context.quarantine(loss);
        context.put_off_messages();
        context.keep_session(None);
        context.event(Event::Departed);
        context.timers.clear_connection();
        context.backoff.session_lasted(context.now.moment - self.since);
        context.streak.session_lasted(context.now.moment - self.since);
        let leaving = self.leaving.take();
        let delivery = context.present_later();
        let shown = self.shown.take().into_iter().flat_map(Shown::into_waiting);
        for ticket in shown.chain(self.hiding.take_waiting()) {
            context.reply(ticket, Outcome::Delivered(delivery));
        }
        match leaving {
            Some(leaving) => leaving.done(delivery, context),
            None => offline::lost(loss, context),
        }
    }
}
