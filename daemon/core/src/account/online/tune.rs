//! Carries the publisher's actions out on a live stream.

use super::super::context::Context;
use super::super::input::StoreTicket;
use super::super::output::{Change, Event, TunePublished};
use super::{Asker, Online};
use crate::pep::Action;
use crate::stanza::StanzaError;
use crate::xml::Element;

impl Online {
    /// Publishes what is to be published, if the server does not have it.
    pub(super) fn advance_tune(&mut self, context: &mut Context) {
        if self.leaving.is_some() {
            return;
        }
        for action in self.publisher.advance(self.support, context.outward.tune(), context.outward.tune_out) {
            self.act(action, context);
        }
    }

    /// Our own account answered the publisher.
    pub(super) fn tune_answered(&mut self, answer: Result<Option<&Element>, &StanzaError>, context: &mut Context) {
        for action in self.publisher.answered(answer) {
            self.act(action, context);
        }
        self.advance_tune(context);
    }

    /// Our own account did not answer the publisher.
    pub(super) fn tune_unanswered(&mut self, context: &mut Context) {
        for action in self.publisher.unanswered() {
            self.act(action, context);
        }
    }

    /// The server took, or refused, the withdrawal at the end of the session.
    pub(super) fn tune_withdrawn(&mut self, answer: Result<Option<&Element>, &StanzaError>, context: &mut Context) {
        if answer.is_ok() {
            self.act(Action::Report(None, Ok(())), context);
            self.act(Action::Store(false), context);
        }
        self.go_on_leaving(context);
    }

    /// The store answered.
    pub(super) fn tune_stored(&mut self, ticket: StoreTicket, result: Result<(), String>, context: &mut Context) {
        let Some((_, out)) = self.storing.take_if(|(awaited, _)| *awaited == ticket) else {
            return;
        };
        context.outward.tune_out = out && result.is_ok();
        for action in self.publisher.stored(result) {
            self.act(action, context);
        }
    }

    fn act(&mut self, action: Action, context: &mut Context) {
        match action {
            // Who leaves begins nothing; what is out is withdrawn on its own way.
            Action::Set(_) if self.leaving.is_some() => {}
            Action::Set(payload) => self.ask(None, true, payload, Asker::Tune, context),
            Action::Store(out) => {
                // A tune that may be out counts from the moment on at which that is durable.
                context.outward.tune_out = false;
                self.storing = Some((context.store(Change::TuneOut(out)), out));
            }
            Action::Report(tune, Ok(())) => context.event(Event::TunePublished(TunePublished::Done(tune))),
            Action::Report(tune, Err(reason)) => {
                context.event(Event::TunePublished(TunePublished::Failed(tune, reason)));
            }
        }
    }
}
