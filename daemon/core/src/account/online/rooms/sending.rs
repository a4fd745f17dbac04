//! What we say in rooms. A message is the server's when it acknowledges it, and at the room only when the room shows it to
//! us, as to all others: until then it is kept, and after a lost session or room it waits until the room's archive, or
//! what the room tells of before, has shown whether it arrived.

use std::time::Duration;

use jid::BareJid;

use super::super::super::context::Context;
use super::super::super::input::{Outgoing, Ticket};
use super::super::super::output::Outcome;
use super::super::super::room::Room;
use super::super::Online;
use super::super::outbound::{Letter, Sent, Unsent};
use super::Bookmarks;
use crate::stanza::StanzaError;
use crate::stanza::error::{Condition, ErrorKind};
use crate::xml::writer;

/// A room that does not show a message for so long may have lost it, or us.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);
/// A message that its room did not show so often is given up.
const TRIALS: u32 = 3;

impl Online {
    /// Sends a message to a room, or keeps it until we are in.
    pub(in super::super) fn send_to_room(&mut self, ticket: Ticket, outgoing: Outgoing, context: &mut Context) {
        let room = outgoing.to.to_bare();
        let (letter, stanza) = context.letter(ticket, outgoing);
        let stanza = writer::to_string(&stanza);
        if let Some(error) = self.outbound.refuses(&stanza) {
            return context.answer(letter.ticket, &letter.id, &Outcome::Refused(error));
        }
        if self.outbound.is_full() || context.outbox.is_full() {
            let reason = "too many messages wait for the server already".into();
            return context.answer(letter.ticket, &letter.id, &Outcome::NotKept(reason));
        }
        if self.rooms.list.get(&room).is_some_and(Room::is_ready) {
            self.outbound.send_text(stanza, Sent::Message(letter), context);
            return;
        }
        let is_open = self.rooms.bookmarks.are_known() && !self.rooms.list.get(&room).is_some_and(Room::is_wanted);
        if is_open {
            self.enter_later(room.clone());
        }
        let retries = self.rooms.list.get(&room).is_some_and(|room| !room.is_under_way() && room.is_wanted());
        context.keep_message(letter, stanza, !retries);
        self.enter_next(context);
    }

    /// The server has these messages, in their order, and their rooms are yet to show them.
    pub(in super::super) fn at_rooms(&mut self, messages: Vec<Unsent>, context: &mut Context) {
        let mut kept = Vec::new();
        for unsent in messages {
            if self.rooms.list.get(&unsent.letter.to.to_bare()).is_some_and(Room::is_ready) {
                self.rooms.unshown.push((unsent, context.now.moment + SHOWN_WITHIN));
            } else {
                kept.extend(Sent::AtRoom(unsent).into_room_message());
            }
        }
        context.outbox.put_back(kept);
    }

    /// All that was said in the room is known: what has not been shown is sent again, and the rest for the first time.
    pub(super) fn release_room(&mut self, room: &BareJid, context: &mut Context) {
        for mut unsent in context.outbox.take_for(room) {
            unsent.letter.in_doubt = false;
            match self.outbound.refuses(&unsent.stanza) {
                Some(error) => context.message_refused(unsent.letter.ticket, unsent.letter.id, &error),
                None => self.outbound.send_again(unsent, context),
            }
        }
    }

    /// A session goes on, and so we are still in its rooms: what was taken meanwhile leaves.
    pub(in super::super) fn release_rooms(&mut self, context: &mut Context) {
        let ready = self.rooms.list.iter().filter(|(_, room)| room.is_ready());
        let ready: Vec<BareJid> = ready.map(|(jid, _)| jid.clone()).collect();
        for room in ready {
            self.release_room(&room, context);
        }
    }

    /// The message for a room with this id, wherever it is by now, is at the room.
    pub(super) fn take_shown(
        &mut self,
        id: &str,
        room: &BareJid,
        context: &mut Context,
    ) -> Option<(Option<Ticket>, String)> {
        let is_it = |(unsent, _): &mut (Unsent, _)| unsent.letter.id == id && unsent.letter.is_for(room);
        let unshown = self.rooms.unshown.extract_if(.., is_it).next().map(|(unsent, _)| unsent.letter);
        let letter = match unshown {
            Some(letter) => letter,
            None => match self.outbound.shown(id, room) {
                Some(sent) => return sent.into_message(),
                None => context.outbox.take_shown(id, room)?,
            },
        };
        Some((letter.ticket, letter.id))
    }

    /// The room did not take the message, because we are not in it: it is sent again when we are.
    pub(super) fn keep_refused(&mut self, room: &BareJid, id: &str, context: &mut Context) {
        let is_it = |(unsent, _): &mut (Unsent, _)| unsent.letter.id == id && unsent.letter.is_for(room);
        let refused: Vec<Unsent> = self.rooms.unshown.extract_if(.., is_it).map(|(unsent, _)| unsent).collect();
        let again = refused.into_iter().filter_map(|unsent| self.tried_again(unsent, context)).collect();
        context.outbox.put_back(again);
    }

    /// What no room has shown in time: it, or the room, may be lost.
    pub(super) fn look_for_unshown(&mut self, context: &mut Context) {
        let now = context.now.moment;
        if self.outbound.has_unwritten() {
            // What is behind them would overtake them.
            for (_, until) in &mut self.rooms.unshown {
                *until = now + SHOWN_WITHIN;
            }
        }
        let late: Vec<Unsent> =
            self.rooms.unshown.extract_if(.., |(_, until)| *until <= now).map(|(unsent, _)| unsent).collect();
        let mut rooms: Vec<BareJid> = late.iter().map(|unsent| unsent.letter.to.to_bare()).collect();
        rooms.dedup();
        let again: Vec<Unsent> = late.into_iter().filter_map(|unsent| self.tried_again(unsent, context)).collect();
        context.outbox.put_back(again);
        for room in rooms {
            self.with_room(&room, context, Room::lost);
        }
    }

    /// Messages that are at the server and not shown by their rooms.
    pub(in super::super) fn unshown(&self) -> usize {
        self.rooms.unshown.len()
    }

    /// Whether a message is at its room's server.
    pub(in super::super) fn is_unshown(&self, id: &str) -> bool {
        self.rooms.unshown.iter().any(|(unsent, _)| unsent.letter.id == id)
    }

    /// Everybody who waits for a message that no room has shown, with its id; nobody waits for it any more.
    pub(in super::super) fn put_off_unshown(&mut self) -> Vec<(Ticket, String)> {
        self.rooms.unshown.iter_mut().filter_map(|(unsent, _)| unsent.put_off()).collect()
    }

    fn tried_again(&self, mut unsent: Unsent, context: &mut Context) -> Option<Unsent> {
        unsent.letter.unshown += 1;
        unsent.letter.in_doubt = true;
        unsent.lingers = true;
        if unsent.letter.unshown < TRIALS {
            return Some(unsent);
        }
        let Letter { ticket, id, .. } = unsent.letter;
        let text = Some("the room took it and did not show it".to_owned());
        let error = StanzaError { text, ..StanzaError::new(ErrorKind::Cancel, Condition::UndefinedCondition) };
        context.message_refused(ticket, id, &error);
        None
    }
}

impl Bookmarks {
    /// Whether it is known which rooms are to be entered.
    pub(in super::super) fn are_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::There | Self::Absent => true,
        }
    }
}
