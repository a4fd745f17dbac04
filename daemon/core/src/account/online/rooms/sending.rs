//! What we say in rooms. A message is the server's when it acknowledges it, and at the room only when the room shows it to
//! us, as to all others: until then it is kept. All that was not shown goes back to one line when the room is lost, and
//! nothing of it is written before the room's archive, or what the room tells of before, has shown what arrived.

use std::collections::BTreeMap;
use std::time::Duration;

use jid::{BareJid, Jid};

use super::super::super::context::Context;
use super::super::super::input::Ticket;
use super::super::super::output::{Aside, Outcome};
use super::super::super::room::Room;
use super::super::super::settings::OnUncertain;
use super::super::Online;
use super::super::outbound::{Letter, Sent, Unsent};
use super::Bookmarks;
use crate::stanza::StanzaError;
use crate::stanza::error::{Condition, ErrorKind};
use crate::time::Moment;

/// A room that does not show a message for so long may have lost it, or us.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);
/// A message that its room did not show so often is given up.
const TRIALS: u32 = 3;

impl Online {
    /// Sends a message to a room, or keeps it until we are in, behind those that wait for that.
    pub(in super::super) fn send_to_room(&mut self, letter: Letter, stanza: String, context: &mut Context) {
        let room = letter.to.to_bare();
        let known = self.rooms.list.get(&room);
        if let Some(error) = known.and_then(Room::shut) {
            return context.answer(letter.ticket, &letter.id, &Outcome::Refused(error));
        }
        let is_behind = context.outbox.to_rooms.iter().any(|unsent| unsent.letter.is_for(&room));
        if known.is_some_and(Room::is_ready) && !is_behind && !self.outbound.is_full() {
            self.outbound.send_text(stanza, Sent::Message(letter), context);
            return;
        }
        let is_retrying = known
            .is_some_and(|room| !room.is_ready() && !room.is_under_way() && room.is_wanted() && !room.is_missing());
        if self.rooms.bookmarks.are_known() {
            self.enter_later(room);
        }
        let lingers = !is_retrying && !context.is_invisible() && !letter.no_wait;
        context.keep_for_room(letter, stanza, lingers);
        self.enter_next(context);
    }

    /// The server has these messages, and their rooms are yet to show them.
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

    /// All that can be known of what was said in the room is: what was not shown is sent again, and the rest for the
    /// first time, in the order in which all of it was taken.
    pub(super) fn release_room(&mut self, room: &BareJid, sure: bool, context: &mut Context) {
        let holds = !sure && context.settings.on_uncertain == OnUncertain::Hold;
        let waits = context.pauses.hold(&Jid::from(room.clone()));
        for mut unsent in context.outbox.to_rooms.take_for(room) {
            if context.is_encrypted_only(&unsent.letter.to) {
                context.withhold(Some(unsent.letter));
            } else if let Some(error) = self.outbound.refuses(&unsent.stanza) {
                context.message_refused(unsent.letter, &error);
            } else if unsent.letter.in_doubt && holds {
                if let Some((ticket, id)) = unsent.put_off() {
                    context.answer(Some(ticket), &id, &Outcome::Queued(id.clone()));
                }
                let reason = "the room was lost, and cannot tell whether it arrived";
                context.set_aside(unsent.letter.id, Aside::Uncertain, reason.into());
            } else if waits {
                unsent.letter.in_doubt &= !sure;
                unsent.lingers = false;
                context.wait_with_it(std::iter::once(unsent));
            } else {
                unsent.letter.in_doubt = false;
                self.outbound.send_again(unsent, context);
            }
        }
    }

    /// What was taken while the session was asleep, or the line full, leaves for the rooms that we are in.
    pub(in super::super) fn release_rooms(&mut self, context: &mut Context) {
        if context.outbox.to_rooms.len() == 0 || self.outbound.is_full() {
            return;
        }
        let ready = self.rooms.list.iter().filter(|(_, room)| room.is_ready()).map(|(jid, _)| jid);
        let ready: Vec<BareJid> =
            ready.filter(|jid| !context.pauses.hold(&Jid::from((*jid).clone()))).cloned().collect();
        for room in ready {
            self.release_room(&room, true, context);
        }
    }

    /// We are out of a room: all that it has not shown goes back to the line of those that wait for it.
    pub(super) fn take_back(&mut self, room: &BareJid, context: &mut Context) {
        let is_for = |(unsent, _): &mut (Unsent, Moment)| unsent.letter.is_for(room);
        let unshown = self.rooms.unshown.extract_if(.., is_for).map(|(unsent, _)| Sent::AtRoom(unsent));
        let unshown: Vec<Unsent> = unshown.filter_map(Sent::into_room_message).collect();
        let mut back = self.outbound.take_back(room, context);
        back.extend(unshown);
        for unsent in &mut back {
            unsent.lingers = true;
        }
        context.outbox.put_back(back);
    }

    /// The message for a room with this id, wherever it is by now, is at the room.
    pub(super) fn take_shown(&mut self, id: &str, room: &BareJid, context: &mut Context) -> Option<Letter> {
        let is_it = |unsent: &Unsent| unsent.letter.id == id && unsent.letter.is_for(room);
        let unshown = self.rooms.unshown.extract_if(.., |(unsent, _)| is_it(unsent)).next();
        unshown
            .map(|(unsent, _)| unsent.letter)
            .or_else(|| self.outbound.shown(id, room))
            .or_else(|| context.outbox.to_rooms.take_last(is_it).map(|unsent| unsent.letter))
    }

    /// The message with this id that came back from somewhere when the server had it, and its room had not shown it.
    pub(in super::super) fn refused_by_room(
        &mut self,
        id: &str,
        comes_from: &impl Fn(&Jid) -> bool,
        context: &mut Context,
    ) -> Option<(Letter, String)> {
        let is_it = |unsent: &Unsent| unsent.letter.id == id && comes_from(&unsent.letter.to);
        let unshown = self.rooms.unshown.extract_if(.., |(unsent, _)| is_it(unsent)).next().map(|(unsent, _)| unsent);
        let in_doubt = |unsent: &Unsent| unsent.letter.in_doubt && is_it(unsent);
        let unsent = unshown.or_else(|| context.outbox.to_rooms.take_last(in_doubt))?;
        Some((unsent.letter, unsent.stanza))
    }

    /// The room did not take these messages, or did not show them in time: it, or they, may be lost.
    pub(super) fn not_shown(&mut self, room: &BareJid, ids: &[String], context: &mut Context) {
        self.with_room(room, context, Room::lost);
        for unsent in context.outbox.to_rooms.iter_mut().filter(|unsent| ids.contains(&unsent.letter.id)) {
            unsent.letter.unshown += 1;
        }
        for given_up in context.outbox.to_rooms.take_if(|unsent| unsent.letter.unshown >= TRIALS) {
            let text = Some("the room took it and did not show it".to_owned());
            let error = StanzaError { text, ..StanzaError::new(ErrorKind::Cancel, Condition::UndefinedCondition) };
            context.message_refused(given_up.letter, &error);
        }
    }

    /// Looks for what no room has shown in time.
    pub(super) fn look_for_unshown(&mut self, context: &mut Context) {
        let now = context.now.moment;
        let mut late: BTreeMap<BareJid, Vec<String>> = BTreeMap::new();
        for (unsent, _) in self.rooms.unshown.iter().filter(|(_, until)| *until <= now) {
            late.entry(unsent.letter.to.to_bare()).or_default().push(unsent.letter.id.clone());
        }
        for (room, ids) in late {
            self.not_shown(&room, &ids, context);
        }
        // A room on whose word we wait, on the way out or in again, takes nothing back before that has come.
        for (_, until) in self.rooms.unshown.iter_mut().filter(|(_, until)| *until <= now) {
            *until = now + SHOWN_WITHIN;
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

    /// Whether the message with this id is in the session, and the server, or the room it is for, may not have it.
    pub(in super::super) fn has(&self, id: &str) -> bool {
        self.outbound.has(id) || self.is_unshown(id)
    }

    /// Everybody who waits for a message that no room has shown, with its id; nobody waits for it any more.
    pub(in super::super) fn put_off_unshown(&mut self) -> Vec<(Ticket, String)> {
        self.rooms.unshown.iter_mut().filter_map(|(unsent, _)| unsent.put_off()).collect()
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
