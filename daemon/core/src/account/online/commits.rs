//! What came in is acknowledged to the server only when it is on the disk (XEP-0198 section 4): one commit at a time,
//! each for everything that came before it, and messages are told after it.

use jid::BareJid;

use super::super::context::Context;
use super::super::inbox::Batch;
use super::super::input::StoreTicket;
use super::super::kept::{Border, Known, Shown};
use super::super::output::{Change, Incoming};
use super::super::recent::Said;

/// With so many messages waiting for the disk, no more are read.
const BEHIND: usize = 500;
/// Nor with so many bytes of them.
const BYTES_BEHIND: usize = 1024 * 1024;

/// The commits of one session.
#[derive(Debug, Default)]
pub(super) struct Commits {
    /// The disk knows that this many stanzas were handled.
    committed: u32,
    under_way: Option<(StoreTicket, u32, Batch)>,
    /// What the next commit is for.
    waiting: Batch,
    /// How many bytes that is, about.
    size: usize,
    /// The server wants to know.
    asked: bool,
    /// The connection is gone: all that was handled is to be committed before another one is there.
    hurried: bool,
    /// Something was handled that must not be taken for another one when it comes again.
    pressing: bool,
    /// So is the commit under way.
    presses: bool,
}

impl Commits {
    /// A session of which the disk knows so much.
    pub(super) fn from(committed: u32) -> Self {
        Self { committed, ..Self::default() }
    }

    /// What may be acknowledged now.
    pub(super) fn committed(&self) -> u32 {
        self.committed
    }

    /// Something was said; it is told once the disk knows of it.
    pub(super) fn said(&mut self, said: Said) {
        self.size += said.size();
        self.waiting.said.push(said);
    }

    /// What is handled now is to be committed at once, asked or not.
    pub(super) fn press(&mut self) {
        self.pressing = true;
    }

    /// Whether the disk does not know yet what was to be committed at once.
    pub(super) fn is_pressed(&self) -> bool {
        self.pressing || self.presses
    }

    /// Whether the disk is to catch up before more is read.
    pub(super) fn is_behind(&self) -> bool {
        self.waiting.said.len() >= BEHIND || self.size >= BYTES_BEHIND
    }

    /// Whether a message of which this is true waits to be told.
    pub(super) fn expects(&self, is_it: &impl Fn(&Incoming) -> bool) -> bool {
        self.waiting.has(is_it) || self.under_way.iter().any(|(_, _, batch)| batch.has(is_it))
    }

    /// The archive is known up to here.
    pub(super) fn border(&mut self, border: Border) {
        self.waiting.border = Some(border);
    }

    /// A room is known up to here.
    pub(super) fn room_border(&mut self, room: BareJid, border: Border) {
        self.waiting.rooms.insert(room, border);
    }

    /// How far a room is known with what is not on the disk yet.
    pub(super) fn border_of(&self, room: &BareJid) -> Option<&Border> {
        let under_way = self.under_way.iter().find_map(|(_, _, batch)| batch.rooms.get(room));
        self.waiting.rooms.get(room).or(under_way)
    }

    /// A room shows a message of ours.
    pub(super) fn shown(&mut self, shown: Shown) {
        self.waiting.shown.push(shown);
    }

    /// Whether a message of this name waits to be told.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.waiting.holds(name) || self.under_way.iter().any(|(_, _, batch)| batch.holds(name))
    }

    /// The server asked; whether it can be answered at once.
    pub(super) fn asked(&mut self) {
        self.asked = true;
    }

    /// Begins the next commit if there is something to commit and none is under way. Gives what to acknowledge, when
    /// the server asked and all is committed.
    pub(super) fn advance(&mut self, handled: u32, context: &mut Context) -> Option<u32> {
        if self.under_way.is_some() {
            return None;
        }
        self.presses = std::mem::take(&mut self.pressing) && handled != self.committed;
        let is_wanted = self.asked || self.hurried || self.presses;
        if !self.waiting.is_empty() || is_wanted && handled != self.committed {
            let batch = self.take_waiting();
            let ticket = context.store(Change::Handled(
                handled,
                context.now.wall,
                batch.known(context.settings.messages.history),
            ));
            self.under_way = Some((ticket, handled, batch));
            return None;
        }
        std::mem::take(&mut self.asked).then_some(self.committed)
    }

    /// The store answered; whether it was to one of these commits. Where it could not be kept the messages are told
    /// all the same, and the server will send them again.
    pub(super) fn stored(&mut self, ticket: StoreTicket, is_kept: bool, context: &mut Context) -> bool {
        let Some((_, handled, batch)) = self.under_way.take_if(|(waited, ..)| *waited == ticket) else {
            return false;
        };
        self.presses = false;
        if is_kept {
            self.committed = handled;
        } else {
            self.asked = false;
            self.hurried = false;
        }
        let told = context.inbox.tell(batch);
        context.was_said(told);
        true
    }

    fn take_waiting(&mut self) -> Batch {
        self.size = 0;
        std::mem::take(&mut self.waiting)
    }

    /// Where no session can be resumed, nothing waits for the disk: messages are told at once.
    pub(super) fn tell_at_once(&mut self, context: &mut Context) {
        if !self.waiting.is_empty() {
            let batch = self.take_waiting();
            let known = batch.known(context.settings.messages.history);
            if known != Known::default() {
                context.store(Change::Known(known));
            }
            let told = context.inbox.tell(batch);
            context.was_said(told);
        }
    }

    /// Where no session can be resumed, what is handled need not be on the disk.
    pub(super) fn answer_at_once(&mut self, handled: u32) -> Option<u32> {
        self.committed = handled;
        std::mem::take(&mut self.asked).then_some(handled)
    }

    /// The session is gone, and a commit may be under way.
    pub(super) fn leave(self, context: &mut Context) {
        if let Some((ticket, _, batch)) = self.under_way {
            context.inbox.leave(ticket, batch);
        }
    }

    /// The connection is gone: nobody waits for an answer, and all is to be committed at once.
    pub(super) fn lost(&mut self) {
        self.asked = false;
        self.hurried = true;
    }

    /// There is a connection again.
    pub(super) fn found(&mut self) {
        self.hurried = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::testing::incoming;

    #[test]
    fn no_more_is_read_behind_too_many_messages_or_bytes() {
        let check = |count: usize, bytes: usize, expected: bool| {
            let mut commits = Commits::default();
            for _ in 0..count {
                commits.said(Said::Text(incoming(&"x".repeat(bytes))));
            }
            assert_eq!(commits.is_behind(), expected, "{count} of {bytes} bytes");
            commits.take_waiting();
            assert!(!commits.is_behind());
        };
        check(BEHIND - 1, 100, false);
        check(BEHIND, 100, true);
        check(3, BYTES_BEHIND / 4, false);
        check(4, BYTES_BEHIND / 4, true);
    }
}
