//! Whether anybody looks at what comes in (XEP-0352). A server that knows may hold back what can wait, and some hold
//! back answers with it: as long as one is awaited, the server is told that somebody looks. Every new stream begins so.

use std::time::Duration;

use super::super::context::Context;
use super::super::input::Ticket;
use super::super::output::Outcome;
use super::super::timers::Timer;
use super::outbound::Outbound;
use super::{Asker, Online};
use crate::stanza::ping;
use crate::time::Moment;
use crate::xml::{Element, ns};

/// So long after the last thing that people asked for somebody is taken to look: more may follow.
const LINGER: Duration = Duration::from_secs(10);

/// What the server wants to know, and what it was told.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct ClientState {
    offered: bool,
    told: Told,
    /// That nobody looks is not told before.
    lingers_until: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Active,
    Inactive,
    /// The session was told before that nobody looks, on another stream: some servers do not forget it.
    InactiveBefore,
}

impl Default for ClientState {
    fn default() -> Self {
        Self::offered(false)
    }
}

impl ClientState {
    /// A stream whose server offers to be told, or does not.
    pub(in super::super) fn offered(offered: bool) -> Self {
        Self { offered, told: Told::Active, lingers_until: Moment::default() }
    }

    /// Whether the server wants to be told.
    pub(super) fn is_offered(self) -> bool {
        self.offered
    }

    /// The session goes on over a new stream.
    pub(super) fn on_new_stream(&mut self) {
        if self.told == Told::Inactive {
            self.told = Told::InactiveBefore;
        }
    }

    /// Something is about to be asked, or somebody looks: nothing may be held back.
    pub(super) fn rouse(&mut self, context: &mut Context) {
        if self.told != Told::Active {
            self.told = Told::Active;
            context.write_element(&Element::new("active", ns::CSI));
        }
    }

    /// Nobody looks, and nothing is awaited.
    fn lull(&mut self, context: &mut Context) {
        if !self.offered || self.told == Told::Inactive {
            return;
        }
        if context.now.moment < self.lingers_until {
            return context.timers.set(Timer::Lull, self.lingers_until);
        }
        self.told = Told::Inactive;
        context.write_element(&Element::new("inactive", ns::CSI));
    }
}

impl Online {
    /// The server offers to be told, which the next process cannot know by itself.
    pub(super) fn client_state_offered(&mut self, context: &mut Context) {
        if !self.outbound.client_state().offered {
            self.outbound.client_state_mut().offered = true;
            self.keep_session(context);
        }
    }

    /// People ask for something, or have just stopped looking.
    pub(super) fn linger(&mut self, context: &mut Context) {
        context.timers.clear(Timer::Lull);
        self.outbound.client_state_mut().lingers_until = context.now.moment + LINGER;
    }

    /// Somebody wants to see what contacts show now: what the server held back comes before its answer to a question.
    pub(super) fn catch_up(&mut self, ticket: Ticket, context: &mut Context) {
        let holds_back = self.outbound.client_state().told != Told::Active;
        if !holds_back || self.leaving.is_some() {
            return context.reply(ticket, Outcome::Done);
        }
        self.ask(None, false, ping::request(), Asker::Command(ticket), context);
    }

    /// Tells the server whether anybody looks, if it does not know.
    pub(super) fn tell_watched(&mut self, context: &mut Context) {
        if context.watched {
            context.timers.clear(Timer::Lull);
            self.outbound.rouse(context);
        } else if self.leaving.is_none() && !self.awaits_answers(context) {
            self.outbound.client_state_mut().lull(context);
        }
    }

    fn awaits_answers(&self, context: &Context) -> bool {
        let awaits_presence = self.shown.as_ref().is_some_and(super::Shown::is_awaited);
        awaits_presence
            || self.rooms.awaits_answers()
            || self.requests.askers().next().is_some()
            || self.outbound.awaits_answers(context)
    }
}

impl Outbound {
    /// Something is about to be asked of a server that may hold back the answer.
    pub(super) fn rouse(&mut self, context: &mut Context) {
        if self.can_write() {
            self.client_state_mut().rouse(context);
        }
    }
}
