//! No connection: because the user wants none, or until the pause before the next attempt is over.

use std::time::Duration;

use super::Link;
use super::context::Context;
use super::input::{Command, Input, Machine, Ticket};
use super::login::Connecting;
use super::output::{LinkState, Outcome, Problem};
use super::stopped::Stopped;
use super::streak::Haste;
use super::timers::Timer;
use crate::loss::{Loss, Next};
use crate::time::Wall;

/// So long at most may a daemon that need not wait take, lest a thousand come back in step; in milliseconds.
const HURRY_MS: u64 = 300;
/// The longest part of a minute that is waited when everybody has lost the same server; in milliseconds.
const SPREAD_MS: u64 = 60_000;

/// The state without a connection.
#[derive(Debug)]
pub(super) enum Offline {
    /// The requested show is offline; another show ends that.
    ByStatus,
    /// Not started, or told to disconnect: whatever show is requested, until the next `Connect`.
    ByCommand,
    /// The next attempt is at [`Timer::Retry`].
    Waiting(Problem),
}

impl Offline {
    pub(super) fn handle(self, input: Input<'_>, context: &mut Context) -> Link {
        match input {
            Input::Start if context.outward.wants_stream() => match context.settling() {
                Duration::ZERO => Connecting::start(context),
                rest => settle(rest, context),
            },
            Input::Start => Link::Offline(Self::ByStatus),
            Input::Command(command) => self.command(command, context),
            Input::Tick => self.tick(context),
            Input::Machine(Machine::Woke | Machine::NetworkChanged) => self.hurry(context),
            Input::Machine(Machine::Sleeps) => Link::Offline(self),
            // What a connection that was given up still had to say.
            Input::Connected(_)
            | Input::Secured(_)
            | Input::Secret(_)
            | Input::Derived(_)
            | Input::Loaded(_)
            | Input::Bytes(_)
            | Input::Lost(_) => Link::Offline(self),
            Input::Stored(ticket, result) => {
                context.stored(ticket, result);
                Link::Offline(self)
            }
        }
    }

    pub(super) fn state(&self) -> LinkState {
        match self {
            Self::ByStatus | Self::ByCommand => LinkState::Offline,
            Self::Waiting(_) => LinkState::Retrying,
        }
    }

    pub(super) fn problem(&self) -> Option<&Problem> {
        match self {
            Self::ByStatus | Self::ByCommand => None,
            Self::Waiting(problem) => Some(problem),
        }
    }

    fn command(self, command: Command, context: &mut Context) -> Link {
        match command {
            Command::Layers(ticket, layers) => {
                context.outward.set_layers(layers, context.now.moment);
                let delivery = context.present_later();
                context.reply(ticket, Outcome::Delivered(delivery));
                match self {
                    Self::ByStatus if context.outward.wants_stream() => return Connecting::start(context),
                    Self::Waiting(_) if !context.outward.wants_stream() => {
                        return Self::ByStatus.without_retry(context);
                    }
                    Self::ByStatus | Self::ByCommand | Self::Waiting(_) => {}
                }
            }
            Command::Tune(playing) => context.set_playing_later(playing),
            Command::TuneSettings(ticket, settings) => context.set_tune_settings_later(ticket, settings),
            Command::Watched(watched) => context.watched = watched,
            Command::MessageSettings(ticket, settings) => context.set_message_settings(ticket, settings),
            Command::Read(ticket, chat) => context.read_by_command(ticket, chat),
            Command::OnUncertain(ticket, what) => context.set_on_uncertain(ticket, what),
            Command::CatchUp(ticket) => context.reply(ticket, Outcome::Done),
            Command::Connect(ticket) => match (&self, context.settling()) {
                (Self::Waiting(_), rest) if !rest.is_zero() => {
                    context.connecting.push(ticket);
                    context.hurried();
                    context.timers.bring_forward(Timer::Retry, context.now.moment + rest);
                }
                (Self::Waiting(_) | Self::ByStatus | Self::ByCommand, _) => return connect(vec![ticket], context),
            },
            Command::Disconnect(ticket) | Command::Leave(ticket) | Command::Suspend(ticket) => {
                context.put_off_messages();
                context.reply(ticket, Outcome::Done);
                return Self::ByCommand.without_retry(context);
            }
            Command::Send(ticket, outgoing) => context.take_message(ticket, outgoing),
            Command::Retry(ticket, kept) => context.retry_message(ticket, kept),
            Command::Cancel(ticket, id, place) => context.cancel(ticket, id, place),
            Command::Ask(ticket, _)
            | Command::CanHide(ticket)
            | Command::Publish(ticket, _)
            | Command::Room(ticket, ..)
            | Command::Subscribe(ticket, ..) => {
                context.reply(ticket, Outcome::NotOnline(self.problem().cloned()));
            }
        }
        Link::Offline(self)
    }

    fn tick(self, context: &mut Context) -> Link {
        while let Some(timer) = context.timers.take_due(context.now.moment) {
            match timer {
                Timer::Retry => return Connecting::start(context),
                Timer::Tune => context.show_playing_later(),
                Timer::Login
                | Timer::Step
                | Timer::Ask
                | Timer::Answer
                | Timer::Acknowledge
                | Timer::Idle
                | Timer::Due
                | Timer::Again
                | Timer::Lull
                | Timer::Rooms
                | Timer::Archive
                | Timer::Close => {}
            }
        }
        Link::Offline(self)
    }

    /// The server may be within reach again: the next attempt is now, or as soon as the server lets us.
    fn hurry(mut self, context: &mut Context) -> Link {
        if let Self::Waiting(problem) = &mut self
            && let Some(haste) = context.streak.may_hurry(context.now.moment)
        {
            if haste == Haste::First {
                context.backoff.reset();
            }
            let jitter = Duration::from_millis(context.entropy.below(HURRY_MS)).max(context.settling());
            let at = context.streak.allowed_from(context.now.moment + jitter);
            context.timers.bring_forward(Timer::Retry, at);
            let sooner = wall_after(at - context.now.moment, context);
            problem.retry_at = problem.retry_at.min(Some(sooner));
        }
        Link::Offline(self)
    }

    fn without_retry(self, context: &mut Context) -> Link {
        context.timers.clear(Timer::Retry);
        Link::Offline(self)
    }
}

/// Somebody wants the connection now: no pause, and later ones start small again.
pub(super) fn connect(tickets: Vec<Ticket>, context: &mut Context) -> Link {
    context.connecting.extend(tickets);
    if !context.outward.wants_stream() {
        context.reply_connecting(&Outcome::NotOnline(Some(Problem::wished())));
        return Offline::ByStatus.without_retry(context);
    }
    context.hurried();
    Connecting::start(context)
}

/// The last process was lost a moment ago.
fn settle(rest: Duration, context: &mut Context) -> Link {
    context.set_timer(Timer::Retry, rest);
    let (kind, message) = ("connection-lost", "the last connection was lost a moment ago".into());
    Link::Offline(Offline::Waiting(Problem { kind, message, retry_at: Some(wall_after(rest, context)) }))
}

/// What follows when a connection is lost or could not be made.
pub(super) fn lost(loss: &Loss, context: &mut Context) -> Link {
    context.timers.clear_connection();
    context.redirect = None;
    let at_least = match loss.next() {
        Next::Again => return Connecting::start(context),
        Next::Follow => match context.streak.follow(loss) {
            Some(place) => {
                context.redirect = Some(place);
                return Connecting::start(context);
            }
            None => Duration::ZERO,
        },
        Next::Retry { at_least } => at_least,
        Next::Spread => Duration::from_millis(context.entropy.below(SPREAD_MS)),
        Next::Yield => context.streak.yielding(),
        Next::Tries { most, at_least } => {
            if context.streak.tried(loss) >= most {
                return stop(loss, context);
            }
            at_least
        }
        Next::Stop => return stop(loss, context),
    };
    retry(loss, at_least, context)
}

fn retry(loss: &Loss, at_least: Duration, context: &mut Context) -> Link {
    let pause = at_least.max(context.backoff.pause(&mut context.entropy)).max(context.settling());
    context.streak.wait_for(loss, context.now.moment + at_least);
    context.set_timer(Timer::Retry, pause);
    let problem = Problem { kind: loss.kind(), message: loss.to_string(), retry_at: Some(wall_after(pause, context)) };
    context.reply_connecting(&Outcome::NotOnline(Some(problem.clone())));
    context.present_later();
    Link::Offline(Offline::Waiting(problem))
}

fn stop(loss: &Loss, context: &mut Context) -> Link {
    context.forget_session(None);
    context.key = None;
    let problem = Problem { kind: loss.kind(), message: loss.to_string(), retry_at: None };
    context.reply_connecting(&Outcome::NotOnline(Some(problem.clone())));
    context.present_later();
    Link::Stopped(Stopped::new(problem))
}

fn wall_after(pause: Duration, context: &Context) -> Wall {
    let millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
    Wall::from_unix_millis(context.now.wall.as_unix_millis().saturating_add(millis))
}

impl Problem {
    fn wished() -> Self {
        Self { kind: "offline", message: "the requested status is offline".into(), retry_at: None }
    }
}
