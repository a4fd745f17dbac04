//! The goodbye: the tune withdrawn, unavailable presence, the stream closed, and a short wait for the server's end.

use std::time::Duration;

use super::super::Link;
use super::super::context::Context;
use super::super::input::Ticket;
use super::super::login::Connecting;
use super::super::offline::{self, Offline};
use super::super::output::{Delivery, Outcome};
use super::super::timers::Timer;
use super::outbound::Sent;
use super::{Asker, Online};
use crate::pep::Publisher;
use crate::stanza::{Presence, PresenceKind};

/// How long the server may take to take the tune back.
const WITHDRAW_WITHIN: Duration = Duration::from_secs(1);
/// How long the server may take to close its side.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Who wants the stream closed.
#[derive(Debug)]
pub(super) struct Leaving {
    asked: Vec<(Ticket, Reason)>,
    stage: Stage,
    /// Who wants to be online again after that.
    again: Vec<Ticket>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The tune is being withdrawn. Some servers tell contacts of unavailable presence first when both come at once.
    Withdrawing,
    /// All is said, and the server is to close its side.
    Closing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// The requested show is offline; another show ends that.
    Status,
    /// A command, whatever show is requested.
    Command,
}

impl Leaving {
    pub(super) fn by_status(ticket: Ticket) -> Self {
        Self { asked: vec![(ticket, Reason::Status)], stage: Stage::Withdrawing, again: Vec::new() }
    }

    pub(super) fn by_command(ticket: Ticket) -> Self {
        Self { asked: vec![(ticket, Reason::Command)], stage: Stage::Withdrawing, again: Vec::new() }
    }

    /// Somebody wants to be online again once this is over.
    pub(super) fn then_connect(&mut self, ticket: Ticket) {
        self.again.push(ticket);
    }

    /// The stream is closed: answers, and connects again if a stream is wanted by now.
    pub(super) fn done(self, delivery: Delivery, context: &mut Context) -> Link {
        let commanded = self.asked.iter().any(|(_, reason)| *reason == Reason::Command);
        for (ticket, reason) in self.asked {
            let outcome = match reason {
                Reason::Status => Outcome::Delivered(delivery),
                Reason::Command => Outcome::Done,
            };
            context.reply(ticket, outcome);
        }
        if !self.again.is_empty() {
            return offline::connect(self.again, context);
        }
        match (commanded, context.outward.wants_stream()) {
            (true, _) => Link::Offline(Offline::ByCommand),
            (false, true) => Connecting::start(context),
            (false, false) => Link::Offline(Offline::ByStatus),
        }
    }
}

impl Online {
    /// Says goodbye, once; later wishes to leave wait for the same end.
    pub(super) fn leave(&mut self, leaving: Leaving, context: &mut Context) {
        if let Some(before) = &mut self.leaving {
            before.asked.extend(leaving.asked);
            return;
        }
        self.leaving = Some(leaving);
        if context.outward.tune_out {
            self.ask(None, true, Publisher::farewell(), Asker::Farewell, context);
            context.set_timer(Timer::Close, WITHDRAW_WITHIN);
        } else {
            self.close(context);
        }
    }

    /// The tune is withdrawn, or that took too long. Answers whether there was still something to say.
    pub(super) fn go_on_leaving(&mut self, context: &mut Context) -> bool {
        let withdrawing = self.leaving.as_ref().is_some_and(|leaving| leaving.stage == Stage::Withdrawing);
        if withdrawing {
            self.close(context);
        }
        withdrawing
    }

    fn close(&mut self, context: &mut Context) {
        if let Some(leaving) = &mut self.leaving {
            leaving.stage = Stage::Closing;
        }
        self.outbound.rouse(context);
        self.outbound.send(&Presence::new(PresenceKind::Unavailable).into_element(), Sent::Other, context);
        self.outbound.write_close(context);
        context.set_timer(Timer::Close, CLOSE_WITHIN);
    }
}
