//! What rooms show of ours, and how far what is said in them is known.

use jid::BareJid;

use super::super::super::kept::{Border, Shown};
use super::{Letter, Outbound, Sent};

impl Outbound {
    /// With what was received, all is known of a room up to here.
    pub(in super::super) fn room_known_to(&mut self, room: BareJid, border: Border) {
        self.commits.room_border(room, border);
    }

    /// A room shows a message of ours at a place.
    pub(in super::super) fn room_shows(&mut self, shown: Shown) {
        self.commits.shown(shown);
    }

    /// A room shows the message with this id, which the server has not acknowledged yet. Gives whoever waits for it.
    pub(in super::super) fn shown(&mut self, id: &str, room: &BareJid) -> Option<Sent> {
        let is_it = |letter: &Letter| letter.is_for(room) && letter.id == id;
        let mut tail = self.tail();
        let is_there = tail.any(|tracked| matches!(&tracked.sent, Sent::Message(letter) if is_it(letter)));
        drop(tail);
        if is_there { self.refused(id) } else { None }
    }
}
