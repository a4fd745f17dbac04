//! Which of our words a room shows: that is how they are known to be there. Most rooms show a word under the id that it was
//! given. Gateways into other networks may give it one of their own, and then it is known by its text.

use jid::{BareJid, Jid};

use super::super::super::context::Context;
use super::super::super::kept::Shown;
use super::super::super::room::{LONGEST_ID, earlier};
use super::super::Online;
use super::super::outbound::Letter;
use crate::stanza::{Message, archive};
use crate::time::Wall;
use crate::xml::{Element, ns, writer};

/// Where and when a room shows something, by its own word.
pub(super) struct Seen {
    /// The place in its archive.
    pub(super) place: Option<String>,
    /// When it was said; nothing where it is said now.
    pub(super) stamp: Option<Wall>,
}

impl Online {
    /// Whether a room shows something that this account's outbox wrote; if it does so for the first time, the message has
    /// arrived. Others may speak of it by its place.
    pub(super) fn shown_by_room(
        &mut self,
        message: &Message,
        room: &BareJid,
        seen: Seen,
        context: &mut Context,
    ) -> bool {
        if let Some(id) = self.shown_by_id(message, room, context) {
            self.note_shown(room, id, seen.place, context);
            return true;
        }
        // What senders call theirs is theirs alone.
        let is_by_us = self.rooms.list.get(room).is_some_and(|room| room.is_by_us(message));
        let given = message.id.as_ref().filter(|id| is_by_us && id.len() <= LONGEST_ID);
        let known = seen.place.as_ref().or(given).cloned();
        if known.as_ref().is_some_and(|known| context.was_shown_as(room, known)) {
            return true;
        }
        let Some(id) = self.shown_by_text(message, room, &seen, context) else { return false };
        let Some(letter) = self.take_shown(&id, room, context) else { return false };
        context.message_shown(letter, known.as_deref());
        self.note_shown(room, id, seen.place, context);
        true
    }

    /// The id under which a room shows a message of ours, as only that can say: nobody else knows it before the room
    /// shows it, unless the asker has chosen it; then the nickname has to be one of ours, too.
    fn shown_by_id(&mut self, message: &Message, room: &BareJid, context: &mut Context) -> Option<String> {
        let nick = message.from.jid().and_then(Jid::resource).map(|nick| nick.as_str().to_owned());
        let nick = nick?;
        let is_ours = self.rooms.list.get(room).is_some_and(|room| room.is_nick_of_ours(&nick));
        let origin = archive::origin_id(&message.payloads);
        for id in message.id.clone().into_iter().chain(origin) {
            if !is_ours && context.outbox.chosen.has(&id) {
                continue;
            }
            if let Some(letter) = self.take_shown(&id, room, context) {
                context.room_recent.shown_by_id(room);
                context.message_shown(letter, None);
                return Some(id);
            }
            if is_ours && context.was_shown(&id) {
                return Some(id);
            }
        }
        None
    }

    /// The id of the message of ours that a room may show under another one: the oldest of this text that is on its way.
    /// Where the room keeps ids, or another client of ours gave it one, ids alone count; of two clients that say the same
    /// at the same time in a room that does not, nobody can tell which is whose, and each is counted once.
    fn shown_by_text(&self, message: &Message, room: &BareJid, seen: &Seen, context: &Context) -> Option<String> {
        let of = self.rooms.list.get(room)?;
        let is_named = of.keeps_ids() || context.room_recent.shows_by_id(room);
        if is_named || archive::origin_id(&message.payloads).is_some() || !of.is_by_us(message) {
            return None;
        }
        // What was said before and has no name cannot be told from what was shown already.
        if seen.stamp.is_some() && seen.place.is_none() && message.id.is_none() {
            return None;
        }
        let body = writer::to_string(&Element::new("body", ns::CLIENT).with_text(message.body.as_deref()?));
        let is_it = |letter: &Letter, stanza: &str| {
            let was_taken = seen.stamp.is_none_or(|stamp| stamp >= earlier(letter.origin.at));
            letter.is_for(room) && was_taken && stanza.contains(&body)
        };
        let unshown = self.rooms.unshown.iter().map(|(unsent, _)| unsent);
        let doubted = context.outbox.to_rooms.iter().filter(|unsent| unsent.letter.in_doubt);
        let unsent = unshown.chain(doubted).map(|unsent| (&unsent.letter, &unsent.stanza));
        let candidates = unsent.chain(self.outbound.written()).filter(|(letter, stanza)| is_it(letter, stanza));
        candidates.min_by_key(|(letter, _)| letter.number).map(|(letter, _)| letter.id.clone())
    }

    fn note_shown(&mut self, room: &BareJid, id: String, place: Option<String>, context: &mut Context) {
        context.room_recent.add_ours(room, &id, place.clone());
        if let Some(place) = place {
            self.outbound.room_shows(Shown { room: room.clone(), id, place });
        }
    }
}
