//! What rooms say, believed only from a room that we have entered and about nobody else (S45), and invitations.

use std::cell::Cell;

use jid::{BareJid, Jid};

use super::super::super::context::Context;
use super::super::super::output::Outcome;
use super::super::super::room::{Asked, LONGEST_ID, Room};
use super::super::Online;
use super::echo::Seen;
use crate::stanza::archive::Archived;
use crate::stanza::error::Condition;
use crate::stanza::muc::{Direct, User};
use crate::stanza::{Address, Message, Presence, StanzaError};
use crate::xml::Element;

impl Online {
    /// Whether this presence was a room's; then it is dealt with.
    pub(in super::super) fn room_presence(&mut self, presence: &Presence, from: &Jid, context: &mut Context) -> bool {
        let room = from.to_bare();
        let is_rooms = self.rooms.list.get(&room).is_some_and(|room| room.speaks(presence));
        if is_rooms {
            let nick = from.resource().map(|nick| nick.as_str());
            self.with_room(&room, context, |room, turn| room.presence(nick, presence, turn));
        }
        is_rooms
    }

    /// Something that was said in a room.
    pub(in super::super) fn room_message(&mut self, message: Message, context: &mut Context) {
        let Some(jid) = message.from.jid().map(Jid::to_bare) else { return };
        let Some(room) = self.rooms.list.get(&jid) else { return };
        let seen = Seen { place: room.place_of(&message), stamp: room.stamp_of(&message) };
        let ours = self.shown_by_room(&message, &jid, seen, context);
        self.with_room(&jid, context, |room, turn| room.message(message, ours, turn));
    }

    /// A result of a room's archive; whether it was one.
    pub(in super::super) fn room_archived(
        &mut self,
        from: &Address,
        archived: Archived,
        context: &mut Context,
    ) -> Option<Archived> {
        let room = from.jid().filter(|from| from.is_bare()).map(Jid::to_bare);
        let Some(room) = room.filter(|room| self.rooms.list.get(room).is_some_and(|it| it.awaits(&archived))) else {
            return Some(archived);
        };
        let is_rooms = |message: &&Message| message.from.jid().is_some_and(|from| from.to_bare() == room);
        let place = Some(archived.id.clone()).filter(|id| id.len() <= LONGEST_ID);
        let seen = Seen { place, stamp: archived.stamp };
        let ours = match archived.message.as_ref().filter(is_rooms) {
            Some(message) => self.shown_by_room(message, &room, seen, context),
            None => false,
        };
        self.with_room(&room, context, |room, turn| room.archived(archived, ours, turn));
        None
    }

    /// The answer to something that a room was asked.
    pub(in super::super) fn room_answered(
        &mut self,
        room: &BareJid,
        asked: Asked,
        answer: Result<Option<&Element>, &StanzaError>,
        context: &mut Context,
    ) {
        self.with_room(room, context, |room, turn| room.answered(asked, answer, turn));
    }

    /// There is none.
    pub(in super::super) fn room_unanswered(&mut self, room: &BareJid, asked: Asked, context: &mut Context) {
        self.with_room(room, context, |room, turn| room.unanswered(asked, turn));
    }

    /// A room that answers like one that does not know us any more is entered again (S45). Whether that is all that is to
    /// be made of the error: nobody was told of a message for all in it, and it is sent again when we are in; and those in
    /// a room speak for themselves alone, of what was said to them apart.
    pub(in super::super) fn room_lost_us(
        &mut self,
        from: &Address,
        id: &str,
        error: &StanzaError,
        context: &mut Context,
    ) -> bool {
        let Some(from) = from.jid().filter(|from| self.rooms.has(&from.to_bare())) else { return false };
        let room = from.to_bare();
        if !self.was_said_to(from, id, error, context) {
            return from.resource().is_some();
        }
        if error.condition != Condition::NotAcceptable {
            return false;
        }
        // What one in the room says, or the room in his name, is no more than a reason to ask.
        if from.is_full() {
            self.ask_whether_inside(&room, context);
            return false;
        }
        if self.rooms.list.get(&room).is_some_and(Room::is_ready) {
            self.not_shown(&room, &[id.to_owned()], context);
        }
        context.outbox.to_rooms.iter().any(|unsent| unsent.letter.id == id && unsent.letter.is_for(&room))
    }

    /// Whether a message of ours that can come back has this id, and went to this very address.
    fn was_said_to(&mut self, to: &Jid, id: &str, error: &StanzaError, context: &mut Context) -> bool {
        let was_said = Cell::new(false);
        // It is looked for where it would be taken, and left there.
        let looks = |said_to: &Jid| {
            was_said.set(was_said.get() || said_to == to);
            false
        };
        self.outbound.refused(id, &looks);
        self.refused_by_room(id, &looks, context);
        context.returned_late(id, &looks, &|_| false, error);
        was_said.get()
    }

    /// We are out of a room: what it has not shown is in doubt until we are in again, and what was never written waits
    /// behind that; but not where we will not be let in.
    pub(super) fn left(&mut self, jid: &BareJid, why: Option<&StanzaError>, context: &mut Context) {
        self.take_back(jid, context);
        context.room_recent.all_gone(jid);
        if let Some(error) = why {
            context.bar(jid, u64::MAX, error);
        }
        let leavers: Vec<_> = self.rooms.leaving.extract_if(.., |leaver| leaver.room == *jid).collect();
        for leaver in &leavers {
            leaver.stop_saying(context);
        }
        if !self.rooms.list.get(jid).is_some_and(Room::is_under_way) {
            context.put_off_for(jid);
        }
        self.rooms.shown.remove(jid);
        for leaver in leavers {
            self.remember_left(leaver, context);
        }
        let joining = self.rooms.joining.extract_if(.., |(room, _)| room == jid);
        for ticket in joining.filter_map(|(_, ticket)| ticket) {
            context.reply(ticket, Outcome::Outside);
        }
    }

    /// Somebody, or a room for somebody, invites us; whether the message was that.
    pub(in super::super) fn invitation(&mut self, message: &Message, from: &Jid, context: &mut Context) -> bool {
        // Some rooms make theirs look like one's own, too.
        if let Some(User { invite: Some(invite), password, .. }) = User::find(&message.payloads) {
            // Only the room itself can say who invites.
            if from.is_bare() && from.node().is_some() {
                context.invited(from.to_bare(), invite.from, invite.reason.as_deref(), password);
            }
            return true;
        }
        let Some(direct) = Direct::find(&message.payloads) else { return false };
        context.invited(direct.room, Some(from.clone()), direct.reason.as_deref(), direct.password);
        true
    }
}
