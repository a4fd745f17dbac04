//! On the way to a session: the password, the connection, TLS, authentication, the resource. Each stage is a type in a
//! file of its own and is made only with proof of the one before; this file is what they share.

mod authenticated;
mod authenticating;
mod plain;
mod secured;

use std::time::Duration;

use super::Link;
use super::context::Context;
use super::input::{Command, Connected, Input, Security};
use super::offline::{self, Offline};
use super::online::Online;
use super::output::{HangUp, Outcome, Output, Session};
use super::stopped::Stopped;
use super::timers::Timer;
use crate::loss::Loss;
use crate::sasl::scram::{Derivation, SaltedPassword};
use crate::secret::Secret;
use crate::stream::error::StreamError;
use crate::stream::features::StreamLimits;
use crate::stream::header::{Header, Opening};
use crate::time::Moment;
use crate::xml::{Element, Frame, Limits, Reader};

use authenticated::Authenticated;
use authenticating::Authenticating;
use plain::Plain;
use secured::Secured;

/// The whole login must be done within this (S35).
const LOGIN_WITHIN: Duration = Duration::from_secs(90);
/// Every step of it must be answered within this (S35).
const STEP_WITHIN: Duration = Duration::from_secs(30);

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
    password: Option<Secret>,
}

#[derive(Debug)]
enum Stage {
    /// The shell reads the password.
    Secret,
    /// The shell connects.
    Dialing,
    /// Connected, nothing encrypted.
    Plain(Box<Plain>),
    /// The shell does the TLS handshake.
    Securing,
    /// Inside TLS, nothing proven.
    Secured(Box<Secured>),
    /// The SASL exchange is under way.
    Authenticating(Box<Authenticating>),
    /// Both sides are proven.
    Authenticated(Box<Authenticated>),
}

/// A stream with a resource: what a session starts from.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) session: Session,
    pub(super) reader: Reader,
    pub(super) offers_management: bool,
    /// The server wants the session of RFC 3921.
    pub(super) session_required: bool,
    pub(super) limits: StreamLimits,
}

/// Where a frame has led.
#[derive(Debug)]
enum Step {
    To(Stage),
    /// The server is ready for the TLS handshake.
    Secure,
    Done(Box<Bound>),
}

impl Connecting {
    /// Begins with the password, unless the key of the last login is at hand.
    pub(super) fn start(context: &mut Context) -> Link {
        context.timers.clear(Timer::Retry);
        let stage = if context.key.is_some() {
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
            (Input::Bytes(bytes), stage) => self.bytes(bytes, stage, context),
            (Input::Command(command), stage) => self.with(stage).command(command, context),
            (Input::Tick, stage) => self.with(stage).tick(context),
            (Input::Lost(loss), _) => offline::lost(&loss, context),
            (Input::Secret(Ok(password)), Stage::Secret) => {
                self.facts.password = Some(password);
                context.dial();
                Link::Connecting(self)
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
                | Input::Connected(_)
                | Input::Secured(_)
                | Input::Secret(_)
                | Input::Derived(_)
                | Input::Stored(..),
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
        self.facts.round_trips = connected.round_trips;
        match connected.security {
            Some(security) => self.secured(security, context),
            None => {
                let stage = Stage::Plain(Box::new(Plain::open(&mut self.facts, context)));
                Link::Connecting(self.with(stage))
            }
        }
    }

    fn secured(mut self: Box<Self>, security: Security, context: &mut Context) -> Link {
        let stage = Stage::Secured(Box::new(Secured::open(security, &mut self.facts, context)));
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
                step @ (Ok(Step::Secure | Step::Done(_)) | Err(_)) => return self.follow(step, bytes, context),
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
            Err(loss) => {
                context.end_stream(&loss, false);
                offline::lost(&loss, context)
            }
        }
    }

    fn tick(self: Box<Self>, context: &mut Context) -> Link {
        while let Some(timer) = context.timers.take_due(context.now.moment) {
            match timer {
                Timer::Login | Timer::Step => {
                    let loss = Loss::Silent(self.stage.awaits());
                    return self.follow(Err(loss), &[], context);
                }
                Timer::Tune => context.show_playing_later(),
                Timer::Retry | Timer::Ask | Timer::Answer | Timer::Idle | Timer::Close => {}
            }
        }
        Link::Connecting(self)
    }

    fn command(self: Box<Self>, command: Command, context: &mut Context) -> Link {
        match command {
            Command::Layers(ticket, layers) => {
                context.outward.set_layers(layers);
                let delivery = context.present_later();
                context.reply(ticket, Outcome::Delivered(delivery));
                if !context.outward.wants_stream() {
                    return Self::give_up(Offline::ByStatus, context);
                }
            }
            Command::Tune(playing) => context.set_playing_later(playing),
            Command::TuneSettings(ticket, settings) => context.set_tune_settings_later(ticket, settings),
            Command::Connect(ticket) => context.connecting.push(ticket),
            Command::Disconnect(ticket) | Command::Leave(ticket) => {
                context.reply(ticket, Outcome::Done);
                return Self::give_up(Offline::ByCommand, context);
            }
            Command::Send(ticket, _) | Command::Ask(ticket, _) => context.reply(ticket, Outcome::NotOnline(None)),
        }
        Link::Connecting(self)
    }

    /// Nobody wants the connection any more.
    fn give_up(offline: Offline, context: &mut Context) -> Link {
        context.hang_up(HangUp::Abrupt);
        context.reply_connecting(&Outcome::NotOnline(None));
        Link::Offline(offline)
    }
}

impl Stage {
    /// What reads the server's side of the stream; nobody does while the shell is at work.
    fn reader(&mut self) -> Option<&mut Reader> {
        match self {
            Self::Secret | Self::Dialing | Self::Securing => None,
            Self::Plain(stage) => Some(&mut stage.reader),
            Self::Secured(stage) => Some(&mut stage.reader),
            Self::Authenticating(stage) => Some(&mut stage.reader),
            Self::Authenticated(stage) => Some(&mut stage.reader),
        }
    }

    /// A stream's header, its end and its errors mean the same in every stage; elements are the stage's own.
    fn frame(self, frame: Frame, facts: &mut Facts, context: &mut Context) -> Result<Step, Loss> {
        let element = match frame {
            Frame::Open(header) => return opened(&header).map(|()| Step::To(self)),
            Frame::Close => return Err(Loss::Closed),
            Frame::Element(element) => element,
        };
        if let Some(error) = StreamError::parse(&element) {
            return Err(Loss::Stream(Box::new(error)));
        }
        match self {
            Self::Secret | Self::Dialing | Self::Securing => Err(Loss::Injected),
            Self::Plain(stage) => stage.element(element, facts, context),
            Self::Secured(stage) => stage.element(element, facts, context),
            Self::Authenticating(stage) => stage.element(element, facts, context),
            Self::Authenticated(stage) => stage.element(element, facts, context),
        }
    }

    fn awaits(&self) -> &'static str {
        match self {
            Self::Secret | Self::Dialing => "the server could not be reached in time",
            Self::Securing => "the server did not finish the TLS handshake in time",
            Self::Plain(_) | Self::Secured(_) => "the server did not say in time what it offers",
            Self::Authenticating(_) => "the server did not finish the login in time",
            Self::Authenticated(_) => "the server did not bind a resource in time",
        }
    }
}

/// Opens a stream and starts reading the server's; one round trip.
fn open_stream(from: Option<&str>, facts: &mut Facts, context: &mut Context) -> Reader {
    let domain = context.settings.jid.domain().to_string();
    context.write(Opening { to: &domain, from, lang: "en" }.to_text().into_bytes());
    awaits_answer(facts, context);
    Reader::new(Limits::BEFORE_LOGIN)
}

/// The server's answer to our header: a stream, and one new enough to say what it offers.
fn opened(header: &Element) -> Result<(), Loss> {
    match Header::parse(header) {
        Some(header) if header.has_features => Ok(()),
        Some(_) | None => Err(Loss::Unexpected(header.name().to_owned())),
    }
}

/// The server must answer what is being written; one round trip.
fn awaits_answer(facts: &mut Facts, context: &mut Context) {
    facts.round_trips += 1;
    context.set_timer(Timer::Step, STEP_WITHIN);
}
