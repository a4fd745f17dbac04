//! On the way to a session: the password, the connection, TLS, authentication, the resource. Each stage is a type in a
//! file of its own and is made only with proof of the one before; this file is what they share.

mod authenticated;
mod authenticating;
mod inline;
mod opening;
mod plain;
mod proof;
mod request;
mod secured;
mod stage;

use std::time::Duration;

use super::Link;
use super::context::Context;
use super::input::{Command, Connected, Input, Machine, Security};
use super::offline::{self, Offline};
use super::online::{Abilities, ClientState, Online, ResumeBy};
use super::output::{HangUp, Outcome, Output, Session};
use super::stopped::Stopped;
use super::timers::Timer;
use crate::loss::{Ending, Loss};
use crate::sasl::scram::{Derivation, SaltedPassword};
use crate::secret::Secret;
use crate::stream::features::StreamLimits;
use crate::time::Moment;
use crate::xml::Reader;

use opening::{awaits_answer, open_stream};
use plain::Plain;
use secured::Secured;
use stage::Stage;

/// The whole login must be done within this (S35).
const LOGIN_WITHIN: Duration = Duration::from_secs(90);
/// The same when the network has changed under the connection (G7).
const HURRIED_STEP: Duration = Duration::from_secs(5);

/// The key of a login that worked, with what it was derived from.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) derivation: Derivation,
    pub(super) salted: SaltedPassword,
}

/// The state between offline and online.
#[derive(Debug)]
pub(super) struct Connecting {
    started: Moment,
    stage: Stage,
    facts: Facts,
}

/// What the login has learned and the stages hand on.
#[derive(Debug, Default)]
struct Facts {
    server: String,
    round_trips: u32,
    /// TLS came before the first byte.
    direct: bool,
    password: Option<Secret>,
    /// The server was asked to go on with the last session.
    resuming: bool,
    /// The request to log in went with the header.
    pipelined: bool,
}

/// A stream with a resource: what a session starts from.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) session: Session,
    pub(super) reader: Reader,
    pub(super) managed: Managed,
    /// The server wants the session of RFC 3921.
    pub(super) session_required: bool,
    pub(super) limits: StreamLimits,
    pub(super) client_state: ClientState,
    pub(super) abilities: Abilities,
    /// Copies of what other clients send and get are asked for already.
    pub(super) carbons: bool,
}

/// How far stream management has come by the time a resource is bound.
#[derive(Clone, Debug)]
pub(super) enum Managed {
    /// The server has none, or would not.
    Absent,
    /// It can be enabled.
    Offered,
    /// It is in force since the resource was bound, and the session may be resumable.
    Enabled(Option<ResumeBy>),
}

/// A session that goes on over a new stream.
#[derive(Debug)]
pub(super) struct Woken {
    pub(super) session: Session,
    pub(super) reader: Reader,
    /// How many of our stanzas the server has handled.
    pub(super) h: u32,
}

/// Where a frame has led.
#[derive(Debug)]
enum Step {
    To(Stage),
    /// The server is ready for the TLS handshake.
    Secure,
    Done(Box<Bound>),
    /// The session of before goes on.
    Resumed(Box<Woken>),
}

impl Connecting {
    /// Begins with the password, unless the key of the last login is at hand.
    pub(super) fn start(context: &mut Context) -> Link {
        context.timers.clear(Timer::Retry);
        let by_token = !context.password_first && context.tokens.next_mechanism().is_some();
        let stage = if context.key.is_some() || by_token {
            context.dial();
            Stage::Dialing
        } else {
            context.push(Output::NeedSecret);
            Stage::Secret
        };
        Link::Connecting(Box::new(Self { started: context.now.moment, stage, facts: Facts::default() }))
    }

    pub(super) fn handle(mut self: Box<Self>, input: Input<'_>, context: &mut Context) -> Link {
        let stage = std::mem::replace(&mut self.stage, Stage::Dialing);
        match (input, stage) {
            // What a connection that was given up still had to say.
            (Input::Bytes(_), stage @ (Stage::Secret | Stage::Dialing)) => Link::Connecting(self.with(stage)),
            (Input::Bytes(bytes), stage) => self.bytes(bytes, stage, context),
            (Input::Command(command), stage) => self.with(stage).command(command, context),
            (Input::Tick, stage) => self.with(stage).tick(context),
            (Input::Stored(ticket, result), stage) => {
                context.stored(ticket, result);
                Link::Connecting(self.with(stage))
            }
            (Input::Machine(Machine::Woke | Machine::NetworkChanged), stage) => self.with(stage).hurry(context),
            (Input::Lost(loss), _) => failed(&self.facts, &loss, context),
            (Input::Secret(Ok(password)), Stage::Secret) => {
                self.facts.password = Some(password);
                context.dial();
                Link::Connecting(self)
            }
            (Input::Secret(Ok(password)), Stage::Inline(stage)) => {
                self.facts.password = Some(password);
                let next = stage.secret(&mut self.facts, context);
                self.follow(next.map(|stage| Step::To(Stage::Inline(Box::new(stage)))), &[], context)
            }
            (Input::Secret(Err(missing)), Stage::Inline(_)) => {
                context.hang_up(HangUp::Abrupt);
                Stopped::without_secret(missing, context)
            }
            (Input::Derived(salted), Stage::Inline(stage)) => {
                let next = stage.derived(salted, &mut self.facts, context);
                self.follow(next.map(|stage| Step::To(Stage::Inline(Box::new(stage)))), &[], context)
            }
            (Input::Secret(Err(missing)), Stage::Secret) => Stopped::without_secret(missing, context),
            (Input::Connected(connected), Stage::Dialing) => self.connected(connected, context),
            (Input::Secured(security), Stage::Securing) => {
                self.facts.round_trips += security.version.handshake_trips();
                self.secured(security, context)
            }
            (Input::Derived(salted), Stage::Authenticating(stage)) => {
                let next = stage.derived(salted, &mut self.facts, context);
                self.follow(next.map(|stage| Step::To(Stage::Authenticating(Box::new(stage)))), &[], context)
            }
            // What belongs to a connection before this one.
            (
                Input::Start
                | Input::Machine(Machine::Sleeps)
                | Input::Connected(_)
                | Input::Secured(_)
                | Input::Secret(_)
                | Input::Derived(_)
                | Input::Loaded(_),
                stage,
            ) => Link::Connecting(self.with(stage)),
        }
    }

    fn with(mut self: Box<Self>, stage: Stage) -> Box<Self> {
        self.stage = stage;
        self
    }

    fn connected(mut self: Box<Self>, connected: Connected, context: &mut Context) -> Link {
        context.entropy.mix(&connected.seed);
        context.set_timer(Timer::Login, LOGIN_WITHIN);
        self.facts.server = connected.server;
        context.redirect = None;
        self.facts.round_trips = connected.round_trips;
        self.facts.direct = connected.security.is_some();
        match connected.security {
            Some(security) => self.secured(security, context),
            None => {
                let stage = Stage::Plain(Box::new(Plain::open(&mut self.facts, context)));
                Link::Connecting(self.with(stage))
            }
        }
    }

    fn secured(mut self: Box<Self>, security: Security, context: &mut Context) -> Link {
        let stage = Secured::open(security, &mut self.facts, context);
        Link::Connecting(self.with(stage))
    }

    /// Feeds the stage's own reader, frame by frame: the next frame may belong to the next stage.
    fn bytes(mut self: Box<Self>, mut bytes: &[u8], mut stage: Stage, context: &mut Context) -> Link {
        loop {
            let frame = match stage.reader().map(|reader| reader.feed(&mut bytes)) {
                Some(Ok(None)) => return Link::Connecting(self.with(stage)),
                Some(Ok(Some(frame))) => frame,
                Some(Err(fault)) => return self.follow(Err(Loss::Malformed(fault)), bytes, context),
                None => return self.follow(Err(Loss::Injected), bytes, context),
            };
            match stage.frame(frame, &mut self.facts, context) {
                Ok(Step::To(next)) => stage = next,
                step @ (Ok(Step::Secure | Step::Done(_) | Step::Resumed(_)) | Err(_)) => {
                    return self.follow(step, bytes, context);
                }
            }
        }
    }

    /// Goes where a step has led; `rest` is what the server sent behind it.
    fn follow(self: Box<Self>, step: Result<Step, Loss>, rest: &[u8], context: &mut Context) -> Link {
        match step {
            Ok(Step::To(stage)) => Link::Connecting(self.with(stage)),
            // What follows `<proceed/>` in clear text is an attack (S02).
            Ok(Step::Secure) if !rest.is_empty() => self.follow(Err(Loss::Injected), &[], context),
            Ok(Step::Secure) => {
                context.push(Output::StartTls);
                Link::Connecting(self.with(Stage::Securing))
            }
            Ok(Step::Done(mut bound)) => {
                let took = context.now.moment - self.started;
                bound.session.bound_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                let online = Link::Online(Online::start(*bound, context));
                if rest.is_empty() { online } else { online.handle(Input::Bytes(rest), context) }
            }
            Ok(Step::Resumed(mut woken)) => {
                let took = context.now.moment - self.started;
                woken.session.bound_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                let Some(asleep) = context.asleep.take() else {
                    return self.follow(Err(Loss::Unexpected("resumed".into())), &[], context);
                };
                match Online::wake(asleep, *woken, context) {
                    Ok(online) if rest.is_empty() => Link::Online(online),
                    Ok(online) => online.handle(Input::Bytes(rest), context),
                    Err(loss) => self.follow(Err(loss), &[], context),
                }
            }
            Err(loss) => {
                context.end_stream(&loss, false);
                failed(&self.facts, &loss, context)
            }
        }
    }

    /// The way to the server may have changed: a dial starts over, and a server that was reached has little time left.
    fn hurry(self: Box<Self>, context: &mut Context) -> Link {
        match self.stage {
            Stage::Dialing if context.streak.may_hurry(context.now.moment).is_some() => {
                context.hang_up(HangUp::Abrupt);
                context.dial();
            }
            Stage::Secret | Stage::Dialing => {}
            Stage::Plain(_)
            | Stage::Securing
            | Stage::Secured(_)
            | Stage::Authenticating(_)
            | Stage::Inline(_)
            | Stage::Authenticated(_) => {
                context.timers.bring_forward(Timer::Step, context.now.moment + HURRIED_STEP);
            }
        }
        Link::Connecting(self)
    }

    fn tick(self: Box<Self>, context: &mut Context) -> Link {
        while let Some(timer) = context.timers.take_due(context.now.moment) {
            match timer {
                Timer::Login | Timer::Step => {
                    let loss = Loss::Silent(self.stage.awaits());
                    return self.follow(Err(loss), &[], context);
                }
                Timer::Tune => context.show_playing_later(),
                Timer::Retry
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
        Link::Connecting(self)
    }

    fn command(self: Box<Self>, command: Command, context: &mut Context) -> Link {
        match command {
            Command::Layers(ticket, layers) => {
                context.outward.set_layers(layers, context.now.moment);
                let delivery = context.present_later();
                context.reply(ticket, Outcome::Delivered(delivery));
                if !context.outward.wants_stream() {
                    return Self::give_up(Offline::ByStatus, context);
                }
            }
            Command::Tune(playing) => context.set_playing_later(playing),
            Command::TuneSettings(ticket, settings) => context.set_tune_settings_later(ticket, settings),
            Command::Watched(watched) => context.watched = watched,
            Command::MessageSettings(ticket, settings) => context.set_message_settings(ticket, settings),
            Command::Read(ticket, chat) => context.read_by_command(ticket, chat),
            Command::OnUncertain(ticket, what) => context.set_on_uncertain(ticket, what),
            Command::CatchUp(ticket) => context.reply(ticket, Outcome::Done),
            Command::Connect(ticket) => context.connecting.push(ticket),
            Command::Disconnect(ticket) | Command::Leave(ticket) | Command::Suspend(ticket) => {
                context.reply(ticket, Outcome::Done);
                return Self::give_up(Offline::ByCommand, context);
            }
            Command::Send(ticket, outgoing) => context.take_message(ticket, outgoing),
            Command::Retry(ticket, kept) => context.retry_message(ticket, kept),
            Command::Cancel(ticket, id, place) => context.cancel(ticket, id, place),
            Command::Ask(ticket, _)
            | Command::CanHide(ticket)
            | Command::Publish(ticket, _)
            | Command::Room(ticket, ..)
            | Command::Subscribe(ticket, ..) => {
                context.reply(ticket, Outcome::NotOnline(None));
            }
        }
        Link::Connecting(self)
    }

    /// Nobody wants the connection any more.
    fn give_up(offline: Offline, context: &mut Context) -> Link {
        context.hang_up(HangUp::Abrupt);
        context.put_off_messages();
        context.reply_connecting(&Outcome::NotOnline(None));
        Link::Offline(offline)
    }
}

/// There will be no session over this connection. What it may have failed of is not tried the same way again.
fn failed(facts: &Facts, loss: &Loss, context: &mut Context) -> Link {
    if facts.resuming && loss.blames_the_request() {
        // Some servers answer a resumption they do not like with a stream error (R08).
        context.mistrust_management();
        context.forget_session(None);
    }
    if facts.pipelined {
        context.pipelines = false;
    }
    if context.gives_up_location() && matches!(loss.ending(), Ending::Gone | Ending::Abrupt) {
        context.timers.clear_connection();
        return Connecting::start(context);
    }
    context.put_off_messages();
    offline::lost(loss, context)
}
