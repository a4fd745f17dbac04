//! What people and programs ask of a session. How each thing is done is its own file's.

use super::super::context::Context;
use super::super::input::{Command, Outgoing, Place, Ticket};
use super::super::kept::KeptAside;
use super::super::outbox::OnItsWay;
use super::super::output::{Delivery, Outcome};
use super::leaving::Leaving;
use super::outbound::{Letter, Sent};
use super::{Asker, Online};
use crate::stanza::StanzaError;
use crate::xml::writer;

impl Online {
    /// What somebody asks of the session.
    pub(super) fn command(&mut self, command: Command, context: &mut Context) {
        if !matches!(command, Command::Tune(_)) {
            self.linger(context);
        }
        match command {
            Command::Layers(ticket, layers) => {
                context.outward.set_layers(layers, context.now.moment);
                if !context.outward.wants_stream() {
                    self.leave(Leaving::by_status(ticket), context);
                } else if self.leaving.is_some() {
                    context.reply(ticket, Outcome::Delivered(Delivery::Pending));
                } else {
                    self.present(vec![ticket], context);
                    self.advance_tune(context);
                }
            }
            Command::Tune(playing) => {
                context.set_playing(playing);
                self.republish(context);
            }
            Command::TuneSettings(ticket, settings) => {
                context.outward.set_settings(settings);
                self.republish(context);
                context.reply(ticket, Outcome::Done);
            }
            Command::Watched(watched) => context.watched = watched,
            Command::MessageSettings(ticket, settings) => context.set_message_settings(ticket, settings),
            Command::Read(ticket, chat) => context.read_by_command(ticket, chat),
            Command::OnUncertain(ticket, what) => context.set_on_uncertain(ticket, what),
            Command::CanHide(ticket) => self.can_hide(ticket, context),
            Command::CatchUp(ticket) => self.catch_up(ticket, context),
            Command::Connect(ticket) => match &mut self.leaving {
                Some(leaving) => leaving.then_connect(ticket),
                None => context.reply(ticket, Outcome::Done),
            },
            Command::Disconnect(ticket) | Command::Leave(ticket) | Command::Suspend(ticket) => {
                self.leave(Leaving::by_command(ticket), context);
            }
            Command::Ask(ticket, _)
            | Command::Publish(ticket, _)
            | Command::Room(ticket, ..)
            | Command::Subscribe(ticket, ..)
                if self.leaving.is_some() =>
            {
                context.reply(ticket, Outcome::NotOnline(None));
            }
            Command::Send(ticket, outgoing) => self.send_message(ticket, outgoing, context),
            Command::Retry(ticket, kept) => self.send_set_aside(ticket, kept, context),
            Command::Cancel(ticket, id, place) => self.cancel_message(ticket, id, place, context),
            Command::Ask(ticket, question) => {
                self.ask(question.to, question.set, question.payload, Asker::Command(ticket), context);
                self.try_stream(context);
            }
            Command::Publish(ticket, publication) => self.publish(ticket, publication, context),
            Command::Room(ticket, room, command) => self.room_command(ticket, room, command, context),
            Command::Subscribe(ticket, jid, what) => self.subscribe(ticket, jid, what, context),
        }
    }

    fn cancel_message(&mut self, ticket: Ticket, id: String, place: Place, context: &mut Context) {
        match self.outbound.cancel(&id) {
            None if self.is_unshown(&id) => context.cancelled(ticket, Some(Err(OnItsWay))),
            None => context.cancel(ticket, id, place),
            cancelled => context.cancelled(ticket, cancelled),
        }
    }

    /// Sends a message and has its asker wait for the server to have it.
    fn send_message(&mut self, ticket: Ticket, outgoing: Outgoing, context: &mut Context) {
        if context.asked_before(ticket, &outgoing, |id| self.has(id)) {
            return;
        }
        if self.leaving.is_some() || context.pauses.hold(&outgoing.to) {
            return context.take_message(ticket, outgoing);
        }
        let outgoing = context.addressed(outgoing);
        if let Some(error) = self.refuses_correction(&outgoing, context) {
            return context.reply(ticket, Outcome::Refused(error));
        }
        if let Some(correcting) = &outgoing.correcting
            && let Some(unwritten) = self.outbound.unwritten(|letter| correcting.fits(letter, &outgoing.to))
        {
            return context.merge_into(ticket, &outgoing, unwritten);
        }
        if context.merge(ticket, &outgoing) {
            return;
        }
        let (letter, stanza) = context.letter(ticket, outgoing);
        self.send_letter(letter, writer::to_string(&stanza), context);
    }

    /// Whether a correction is too long for the server, wherever it goes.
    fn refuses_correction(&self, outgoing: &Outgoing, context: &Context) -> Option<StanzaError> {
        let first = &outgoing.correcting.as_ref()?.first;
        self.outbound.refuses(&writer::to_string(&context.compose(first, Some(first), outgoing)))
    }

    /// The same of a message that was set aside.
    fn send_set_aside(&mut self, ticket: Ticket, kept: KeptAside, context: &mut Context) {
        if self.leaving.is_some() || context.pauses.hold(&kept.message.to) {
            return context.retry_message(ticket, kept);
        }
        let (letter, stanza) = context.retried(ticket, kept);
        self.send_letter(letter, stanza, context);
    }

    fn send_letter(&mut self, letter: Letter, stanza: String, context: &mut Context) {
        if let Some(error) = self.outbound.refuses(&stanza) {
            return context.answer(letter.ticket, &letter.id, &Outcome::Refused(error));
        }
        if letter.to_room {
            return self.send_to_room(letter, stanza, context);
        }
        if self.outbound.is_full() || !context.backlog.is_empty() {
            return context.put_behind(letter, &stanza);
        }
        self.outbound.send_text(stanza, Sent::Message(letter), context);
    }
}
