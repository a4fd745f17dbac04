//! What rooms show of ours, and how far what is said in them is known.

use jid::BareJid;

use super::super::super::kept::{Border, Shown};
use super::{Letter, Outbound, Sent, Stage, Tracked};

impl Outbound {
    /// With what was received, all is known of a room up to here.
    pub(in super::super) fn room_known_to(&mut self, room: BareJid, border: Border) {
        self.commits.room_border(room, border);
    }

    /// How far a room is known with what is about to be told.
    pub(in super::super) fn border_of(&self, room: &BareJid) -> Option<&Border> {
        self.commits.border_of(room)
    }

    /// A room shows a message of ours at a place.
    pub(in super::super) fn room_shows(&mut self, shown: Shown) {
        self.commits.shown(shown);
    }

    /// A room shows the message with this id, which the server has not acknowledged yet. Gives it.
    pub(in super::super) fn shown(&mut self, id: &str, room: &BareJid) -> Option<Letter> {
        let is_it = |letter: &Letter| letter.is_for(room) && letter.id == id;
        let (Stage::Enabling(management) | Stage::On(management)) = &mut self.management else { return None };
        let mut tail = management.tail_mut();
        let tracked = tail.find(|tracked| matches!(&tracked.sent, Sent::Message(letter) if is_it(letter)))?;
        std::mem::replace(&mut tracked.sent, Sent::Other).into_letter()
    }

    /// The messages that were written and not acknowledged, with their stanzas.
    pub(in super::super) fn written(&self) -> impl Iterator<Item = (&Letter, &String)> {
        self.tail().filter_map(|Tracked { sent, stanza }| match sent {
            Sent::Message(letter) => Some((letter, stanza)),
            Sent::Presence(_) | Sent::AtRoom(_) | Sent::Other => None,
        })
    }
}
