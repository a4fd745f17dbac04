//! Given up until the user acts: a refused password, a certificate that does not verify, no password to be had.

use super::Link;
use super::context::Context;
use super::input::{Command, Input, Machine, SecretMissing};
use super::login::Connecting;
use super::offline::{self, Offline};
use super::output::{LinkState, Outcome, Problem};
use super::timers::Timer;

/// The state in which nothing is tried.
#[derive(Debug)]
pub(super) struct Stopped {
    problem: Problem,
    state: LinkState,
}

impl Stopped {
    pub(super) fn new(problem: Problem) -> Self {
        Self { problem, state: LinkState::Stopped }
    }

    /// There is no password to log in with.
    pub(super) fn without_secret(missing: SecretMissing, context: &mut Context) -> Link {
        let problem = Problem { kind: "needs-secret", message: missing.0, retry_at: None };
        context.reply_connecting(&Outcome::NotOnline(Some(problem.clone())));
        context.put_off_messages();
        context.present_later();
        Link::Stopped(Self { problem, state: LinkState::NeedsSecret })
    }

    pub(super) fn state(&self) -> LinkState {
        self.state
    }

    pub(super) fn problem(&self) -> &Problem {
        &self.problem
    }

    pub(super) fn handle(self, input: Input<'_>, context: &mut Context) -> Link {
        match input {
            Input::Command(command) => self.command(command, context),
            Input::Tick => {
                while let Some(timer) = context.timers.take_due(context.now.moment) {
                    if timer == Timer::Tune {
                        context.show_playing_later();
                    }
                }
                Link::Stopped(self)
            }
            // A certificate that is not the server's is what the door of a foreign network shows first.
            Input::Machine(Machine::Woke | Machine::NetworkChanged)
                if self.problem.kind == "certificate" && context.streak.may_hurry(context.now.moment).is_some() =>
            {
                Connecting::start(context)
            }
            Input::Start
            | Input::Machine(_)
            | Input::Connected(_)
            | Input::Secured(_)
            | Input::Secret(_)
            | Input::Derived(_)
            | Input::Loaded(_)
            | Input::Bytes(_)
            | Input::Lost(_) => Link::Stopped(self),
            Input::Stored(ticket, result) => {
                context.stored(ticket, result);
                Link::Stopped(self)
            }
        }
    }

    fn command(self, command: Command, context: &mut Context) -> Link {
        match command {
            Command::Layers(ticket, layers) => {
                context.outward.set_layers(layers, context.now.moment);
                let delivery = context.present_later();
                context.reply(ticket, Outcome::Delivered(delivery));
            }
            Command::Tune(playing) => context.set_playing_later(playing),
            Command::TuneSettings(ticket, settings) => context.set_tune_settings_later(ticket, settings),
            Command::Watched(watched) => context.watched = watched,
            Command::MessageSettings(ticket, settings) => context.set_message_settings(ticket, settings),
            Command::Read(ticket, chat) => context.read_by_command(ticket, chat),
            Command::OnUncertain(ticket, what) => context.set_on_uncertain(ticket, what),
            Command::CatchUp(ticket) => context.reply(ticket, Outcome::Done),
            Command::Connect(ticket) => return offline::connect(vec![ticket], context),
            Command::Disconnect(ticket) => {
                context.reply(ticket, Outcome::Done);
                return Link::Offline(Offline::ByCommand);
            }
            Command::Leave(ticket) | Command::Suspend(ticket) => context.reply(ticket, Outcome::Done),
            Command::Cancel(ticket, id, place) => context.cancel(ticket, id, place),
            Command::Send(ticket, _)
            | Command::Retry(ticket, _)
            | Command::Ask(ticket, _)
            | Command::CanHide(ticket)
            | Command::Publish(ticket, _)
            | Command::Room(ticket, ..)
            | Command::Subscribe(ticket, ..) => {
                context.reply(ticket, Outcome::NotOnline(Some(self.problem.clone())));
            }
        }
        Link::Stopped(self)
    }
}
