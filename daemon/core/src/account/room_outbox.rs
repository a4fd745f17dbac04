//! Messages for rooms that are not at them, one line in the order in which they were taken. What is not witnessed comes
//! back here, to its old place, whenever its room or session is lost, and all that a room is to have leaves at once, when
//! the room has shown which of it arrived. Nothing newer overtakes, for what is newer waits here, too.

use jid::BareJid;

use super::context::Context;
use super::input::{Outgoing, StoreTicket, Ticket};
use super::online::{Letter, Unsent};
use super::output::{Aside, Outcome};
use crate::stanza::{MessageKind, StanzaError};
use crate::time::Wall;

/// So many messages for rooms are held at most, all of them in memory: nobody knows when a room can be entered.
const MOST: usize = 1_000;

/// Of one account.
#[derive(Debug, Default)]
pub(super) struct RoomOutbox {
    /// By their numbers.
    line: Vec<Unsent>,
}

impl RoomOutbox {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.line.len()
    }

    /// Each takes its place among the others.
    pub(super) fn put_back(&mut self, unsent: impl Iterator<Item = Unsent>) {
        self.line.extend(unsent);
        self.line.sort_by_key(|unsent| unsent.letter.number);
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Unsent> {
        self.line.iter()
    }

    /// The same, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Unsent> {
        self.line.iter_mut()
    }

    /// Takes out those of which this is true.
    pub(super) fn take_if(&mut self, is_it: impl Fn(&Unsent) -> bool) -> Vec<Unsent> {
        self.line.extract_if(.., |unsent| is_it(unsent)).collect()
    }

    /// Takes out the last one of which this is true.
    pub(super) fn take_last(&mut self, is_it: impl Fn(&Unsent) -> bool) -> Option<Unsent> {
        let place = self.line.iter().rposition(is_it)?;
        Some(self.line.remove(place))
    }

    /// All for a room, which has shown which of them arrived.
    pub(super) fn take_for(&mut self, room: &BareJid) -> Vec<Unsent> {
        self.take_if(|unsent| unsent.letter.is_for(room))
    }

    /// No room is about to be entered.
    pub(super) fn end_lingering(&mut self) {
        for unsent in &mut self.line {
            unsent.lingers = false;
        }
    }

    /// The rooms that they are for.
    pub(super) fn rooms(&self) -> Vec<BareJid> {
        let mut rooms: Vec<BareJid> = self.line.iter().map(|unsent| unsent.letter.to.to_bare()).collect();
        rooms.sort_unstable();
        rooms.dedup();
        rooms
    }

    /// When the first one for a room was taken that may have arrived and may not.
    pub(super) fn in_doubt_since(&self, room: &BareJid) -> Option<Wall> {
        let doubted = self.line.iter().filter(|unsent| unsent.letter.is_for(room) && unsent.letter.in_doubt);
        doubted.map(|unsent| unsent.letter.origin.at).min()
    }
}

impl Context {
    /// A message to a room that is known to be one is said in it.
    pub(super) fn addressed(&self, outgoing: Outgoing) -> Outgoing {
        let to_room = outgoing.kind == MessageKind::Chat && outgoing.to.is_bare();
        let is_room = to_room && self.rooms.has(&outgoing.to.to_bare());
        // Rooms confirm by showing; nobody in them is asked to.
        if is_room { Outgoing { kind: MessageKind::Groupchat, receipt: false, ..outgoing } } else { outgoing }
    }

    /// Keeps a message for a room; its asker `lingers` where the room is about to be entered.
    pub(super) fn keep_for_room(&mut self, mut letter: Letter, stanza: String, lingers: bool) {
        if self.outbox.to_rooms.len() >= MOST {
            let reason = format!("{MOST} messages wait for rooms already");
            return self.answer(letter.ticket, &letter.id, &Outcome::NotKept(reason));
        }
        let awaits = self.store(letter.keeping(None, &stanza));
        let unsent = Unsent { lingers, ..Unsent::new(letter, stanza, Some(awaits)) };
        self.outbox.to_rooms.put_back(std::iter::once(unsent));
    }

    /// The store answered, perhaps for one of these; whether it was.
    pub(super) fn stored_for_room(&mut self, ticket: StoreTicket, result: &Result<(), String>) -> bool {
        let line = &mut self.outbox.to_rooms.line;
        let Some(place) = line.iter().position(|unsent| unsent.awaits == Some(ticket)) else { return false };
        match result {
            Ok(()) => {
                (line[place].awaits, line[place].before) = (None, None);
                line[place].letter.aside = None;
                if !line[place].lingers {
                    self.put_off_messages();
                }
            }
            // The text that it has been given is not kept: it goes as it was.
            Err(_) if line[place].before.is_some() => line[place].undo(),
            Err(reason) => {
                let letter = line.remove(place).letter;
                self.letter_not_kept(letter, reason.clone());
            }
        }
        true
    }

    /// A room will not let us in: what waits for that, up to this number, is kept for its author and not sent.
    pub(super) fn bar(&mut self, room: &BareJid, last: u64, error: &StanzaError) {
        let waits = |unsent: &Unsent| unsent.letter.is_for(room) && unsent.letter.number <= last;
        for Unsent { letter, .. } in self.outbox.to_rooms.take_if(waits) {
            if letter.in_doubt {
                self.answer(letter.ticket, &letter.id, &Outcome::Refused(error.clone()));
                self.set_aside(letter.id, Aside::Uncertain, format!("the room never showed it: {error}"));
            } else {
                self.message_refused(letter, error);
            }
        }
    }

    /// Nobody knows when a room can be entered: whoever waits for a message to it is told that it is kept.
    pub(super) fn put_off_for(&mut self, room: &BareJid) {
        let unsent = self.outbox.to_rooms.iter_mut().filter(|unsent| unsent.letter.is_for(room));
        let waiting: Vec<(Ticket, String)> = unsent
            .filter_map(|unsent| {
                unsent.lingers = false;
                unsent.put_off()
            })
            .collect();
        for (ticket, id) in waiting {
            self.answer(Some(ticket), &id, &Outcome::Queued(id.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use jid::Jid;

    use super::super::input::Place;
    use super::super::output::Output;
    use super::super::testing;
    use super::*;

    fn send(number: usize, context: &mut Context) -> Vec<Output> {
        let outgoing = Outgoing {
            id: Some(number.to_string()),
            only_again: false,
            to: Jid::new("hall@rooms.verona.example").expect("a JID"),
            kind: MessageKind::Groupchat,
            body: "Till it be morrow".into(),
            subject: None,
            receipt: false,
            no_wait: false,
            url: None,
            correcting: None,
        };
        context.take_message(Ticket(number as u64), outgoing);
        std::iter::from_fn(|| context.poll()).collect()
    }

    #[test]
    fn what_is_one_too_many_is_refused_before_it_is_called_kept_and_can_come_again() {
        let mut context = testing::context();
        for number in 0..MOST {
            let outputs = send(number, &mut context);
            assert!(matches!(outputs[..], [Output::Store(..)]), "{number}: {outputs:?}");
        }
        for _ in 0..2 {
            let outputs = send(MOST, &mut context);
            let [Output::Reply(Ticket(_), Outcome::NotKept(reason))] = &outputs[..] else { panic!("{outputs:?}") };
            assert_eq!(reason, "1000 messages wait for rooms already");
        }
        context.cancel(Ticket(0), "7".into(), Place::Memory);
        while context.poll().is_some() {}
        let outputs = send(MOST, &mut context);
        assert!(matches!(outputs[..], [Output::Store(..)]), "{outputs:?}");
    }
}
