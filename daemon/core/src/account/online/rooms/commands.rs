//! What people ask about rooms in a session.

use jid::{BareJid, Jid};

use super::super::super::context::Context;
use super::super::super::input::{RoomCommand, Ticket};
use super::super::super::output::Outcome;
use super::super::super::room::Room;
use super::super::Online;
use super::super::outbound::Sent;
use crate::stanza::error::{Condition, ErrorKind};
use crate::stanza::{StanzaError, muc};
use crate::text;

/// Somebody who wants to be out of a room.
#[derive(Debug)]
pub(super) struct Leaver {
    pub(super) room: BareJid,
    /// Who waits for it still.
    pub(super) ticket: Option<Ticket>,
    /// Not even remembered.
    pub(super) forget: bool,
    /// What was said there up to this number is to be said no more.
    pub(super) last: u64,
}

impl Leaver {
    /// Whoever leaves a room says no more there: what waits would take him back.
    pub(super) fn stop_saying(&self, context: &mut Context) {
        let text = Some("the room was left".to_owned());
        let error = StanzaError { text, ..StanzaError::new(ErrorKind::Cancel, Condition::NotAcceptable) };
        context.bar(&self.room, self.last, &error);
    }

    /// Answers.
    pub(super) fn end(self, outcome: Outcome, context: &mut Context) {
        if let Some(ticket) = self.ticket {
            context.reply(ticket, outcome);
        }
    }
}

impl Online {
    /// Does what is asked about a room.
    pub(in super::super) fn room_command(
        &mut self,
        ticket: Ticket,
        room: BareJid,
        command: RoomCommand,
        context: &mut Context,
    ) {
        match command {
            RoomCommand::Join(..) if context.is_invisible() => context.reply(ticket, Outcome::Invisible),
            RoomCommand::Join(nick, password) => {
                let nick = nick.map(|nick| nick.as_str().to_owned());
                let wish = self.wish(&room, Some((nick, password)), context);
                self.rooms.joining.push((room.clone(), Some(ticket)));
                self.rooms.queue.retain(|queued| *queued != room);
                self.stop_leaving(&room, context);
                self.enter(room, wish, context);
            }
            RoomCommand::Leave { forget } => {
                let last = context.outbox.taken();
                let leaver = Leaver { room: room.clone(), ticket: Some(ticket), forget, last };
                self.rooms.queue.retain(|queued| *queued != room);
                if self.rooms.has(&room) {
                    self.rooms.leaving.push(leaver);
                    self.with_room(&room, context, Room::leave);
                } else if context.rooms.has(&room) || context.outbox.to_rooms.rooms().contains(&room) {
                    leaver.stop_saying(context);
                    self.remember_left(leaver, context);
                } else {
                    context.reply(ticket, Outcome::Unknown);
                }
            }
            RoomCommand::Occupants => {
                let occupants = self.rooms.list.get(&room).and_then(Room::occupants);
                let outcome = occupants.map_or(Outcome::Outside, |(list, more)| Outcome::Occupants(list, more));
                context.reply(ticket, outcome);
            }
            RoomCommand::Invite(whom, reason) => self.invite(ticket, &room, &whom, reason.as_deref(), context),
        }
    }

    /// Whoever waits to be out of a room that is entered again does so in vain: it has not answered yet, and when we are out
    /// of it one day that is not for them.
    fn stop_leaving(&mut self, room: &BareJid, context: &mut Context) {
        let leavers: Vec<_> = self.rooms.leaving.extract_if(.., |leaver| leaver.room == *room).collect();
        for leaver in leavers {
            leaver.end(Outcome::TimedOut, context);
        }
    }

    fn invite(&mut self, ticket: Ticket, room: &BareJid, whom: &Jid, reason: Option<&str>, context: &mut Context) {
        if self.rooms.list.get(room).is_none_or(|room| room.nick().is_none()) {
            return context.reply(ticket, Outcome::Outside);
        }
        let reason = reason.and_then(|reason| text::line(reason, text::REASON));
        let mut message = muc::invitation(room, whom, reason.as_deref());
        message.id = Some(context.entropy.id());
        self.outbound.rouse(context);
        self.outbound.send(&message.into_element(), Sent::Other, context);
        context.reply(ticket, Outcome::Done);
    }
}
