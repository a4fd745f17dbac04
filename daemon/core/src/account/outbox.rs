//! Messages that are in no session: those of sessions that are gone, and those that were taken while there was none.
//! They are on the disk, or on their way to it, and the next session sends them. What is not to be sent by itself any
//! more is set aside there, and known to the disk alone.

use std::collections::BTreeSet;

use super::chosen::{Chosen, digest};
use super::context::Context;
use super::input::{Outgoing, Place, StoreTicket, Ticket};
use super::kept::{KeptAside, KeptMessage};
use super::online::{Asleep, Letter, Unsent};
use super::output::{Event, Incoming, Outcome};
use super::room_outbox::RoomOutbox;
use crate::stanza::{Message, MessageKind, archive, oob, receipts, remark};
use crate::xml::{Element, writer};

/// Of one account.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// In the order in which they are to be sent.
    pub(super) unsent: Vec<Unsent>,
    /// Those for rooms.
    pub(super) to_rooms: RoomOutbox,
    /// The disk may know these at a place of a session that is gone.
    pub(super) placed: BTreeSet<String>,
    /// The disk is told that what was in a session has no place in it any more: nothing takes that place meanwhile.
    pub(super) displacing: Option<StoreTicket>,
    /// How many were taken.
    taken: u64,
    /// How many messages watchers were told of.
    told: usize,
    /// The ids that askers have chosen, of messages that have not arrived.
    pub(super) chosen: Chosen,
}

/// The server may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OnItsWay;

impl Outbox {
    /// What another process was asked to send.
    pub(super) fn restored(messages: Vec<KeptMessage>, keys: Vec<(String, String)>, taken: u64) -> Self {
        let mut outbox = Self { chosen: Chosen::restored(keys), taken, ..Self::default() };
        outbox.put_back(Unsent::in_order(messages).collect());
        outbox
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.unsent.len() + self.to_rooms.len()
    }

    /// Takes more, behind the others.
    pub(super) fn append(&mut self, unsent: impl Iterator<Item = Unsent>) {
        self.unsent.extend(unsent);
    }

    /// Takes out one that is in no doubt; nothing when there is none of this id.
    pub(super) fn cancel(&mut self, id: &str) -> Option<Result<Letter, OnItsWay>> {
        let is_it = |unsent: &Unsent| unsent.letter.id == id;
        let found = self.unsent.iter().chain(self.to_rooms.iter()).find(|unsent| is_it(unsent))?;
        if found.letter.in_doubt {
            return Some(Err(OnItsWay));
        }
        let cancelled = self.unsent.extract_if(.., |unsent| is_it(unsent)).next();
        cancelled.or_else(|| self.to_rooms.take_if(is_it).pop()).map(|unsent| Ok(unsent.letter))
    }

    /// A message that came back is sent before all that was taken later to the same recipient.
    pub(super) fn insert(&mut self, unsent: Unsent) {
        if unsent.letter.to_room {
            return self.to_rooms.put_back(std::iter::once(unsent));
        }
        let (to, at) = (unsent.letter.to.to_bare(), unsent.letter.origin.at);
        let is_later = |other: &Unsent| {
            let Letter { to: other, origin, returned, .. } = &other.letter;
            (origin.at, *returned == 0) > (at, false) && other.to_bare() == to
        };
        let place = self.unsent.iter().position(is_later).unwrap_or(self.unsent.len());
        self.unsent.insert(place, unsent);
    }

    /// What was never written since it came back takes its place among what came back from its recipient. The rest goes
    /// behind that, in its own order, and before all that was taken later.
    pub(super) fn insert_behind(&mut self, unwritten: Vec<Unsent>) {
        let (to_rooms, others): (Vec<_>, Vec<_>) = unwritten.into_iter().partition(|unsent| unsent.letter.to_room);
        self.to_rooms.put_back(to_rooms.into_iter());
        let (returned, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|unsent| unsent.letter.returned > 0);
        returned.into_iter().for_each(|unsent| self.insert(unsent));
        let Some(to) = others.first().map(|unsent| unsent.letter.to.to_bare()) else { return };
        let is_later = |other: &Unsent| other.letter.returned == 0 && other.letter.to.to_bare() == to;
        let place = self.unsent.iter().position(is_later).unwrap_or(self.unsent.len());
        self.unsent.splice(place..place, others);
    }

    /// Takes out the last message that was never written and of which this is true, for a moment.
    pub(super) fn take_fitting(&mut self, fits: impl Fn(&Letter) -> bool) -> Option<(usize, Unsent)> {
        let is_it = |unsent: &Unsent| unsent.awaits.is_none() && fits(&unsent.letter);
        match self.unsent.iter().rposition(is_it) {
            Some(place) => Some((place, self.unsent.remove(place))),
            None => self.to_rooms.take_last(is_it).map(|unsent| (0, unsent)),
        }
    }

    /// Puts it back.
    pub(super) fn put_in(&mut self, place: usize, unsent: Unsent) {
        if unsent.letter.to_room {
            return self.to_rooms.put_back(std::iter::once(unsent));
        }
        self.unsent.insert(place, unsent);
    }

    /// A session is gone; what it leaves was taken before what waits already.
    pub(super) fn put_back(&mut self, unsent: Vec<Unsent>) {
        let (to_rooms, mut unsent): (Vec<_>, Vec<_>) = unsent.into_iter().partition(|unsent| unsent.letter.to_room);
        self.to_rooms.put_back(to_rooms.into_iter());
        self.placed.extend(unsent.iter().map(|unsent| unsent.letter.id.clone()));
        unsent.append(&mut self.unsent);
        self.unsent = unsent;
    }

    /// The number of the last message that was taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    fn next_number(&mut self) -> u64 {
        self.taken += 1;
        self.taken
    }
}

impl Context {
    /// Whether there are messages that a session could send now, as far as their rooms allow.
    pub(super) fn has_unsent(&self) -> bool {
        self.outbox.unsent.iter().chain(self.outbox.to_rooms.iter()).any(|unsent| self.may_leave(unsent))
    }

    /// Whether more of those behind may be held in memory.
    pub(super) fn may_hold_more(&self) -> bool {
        self.outbox.unsent.len() < self.settings.held
    }

    /// Takes them out, but for those for rooms.
    pub(super) fn take_unsent(&mut self) -> Vec<Unsent> {
        let (ready, waiting) =
            std::mem::take(&mut self.outbox.unsent).into_iter().partition(|unsent| self.may_leave(unsent));
        self.outbox.unsent = waiting;
        self.forget_places();
        ready
    }

    /// The fate of what may be at the server already is not to be waited for.
    fn may_leave(&self, unsent: &Unsent) -> bool {
        unsent.letter.in_doubt || !self.pauses.hold(&unsent.letter.to)
    }

    /// Takes a message that the next session is to send; whoever asked is told once the disk knows of it.
    pub(super) fn take_message(&mut self, ticket: Ticket, outgoing: Outgoing) {
        let outgoing = self.addressed(outgoing);
        if self.asked_before(ticket, &outgoing, |_| false) || self.merge(ticket, &outgoing) {
            return;
        }
        let (letter, stanza) = self.letter(ticket, outgoing);
        self.take_letter(letter, writer::to_string(&stanza));
    }

    /// Takes a message that was set aside; the next session is to send it.
    pub(super) fn retry_message(&mut self, ticket: Ticket, kept: KeptAside) {
        let (letter, stanza) = self.retried(ticket, kept);
        self.take_letter(letter, stanza);
    }

    /// A message that was set aside, as if it had never left, and who waits for it now.
    pub(super) fn retried(&mut self, ticket: Ticket, kept: KeptAside) -> (Letter, String) {
        let KeptAside { message, aside, reason } = kept;
        let Unsent { letter, stanza, .. } = Unsent::kept(message, false);
        let letter = Letter { returned: letter.returned.max(1), ..letter };
        self.fates.forget(&letter.id);
        if let Some(digest) = &letter.chosen {
            self.outbox.chosen.open(&letter.id, digest);
        }
        let (number, aside) = (self.outbox.next_number(), Some(Box::new((aside, reason))));
        (Letter { ticket: Some(ticket), number, aside, ..letter }, stanza)
    }

    fn take_letter(&mut self, mut letter: Letter, stanza: String) {
        if letter.to_room {
            return self.keep_for_room(letter, stanza, false);
        }
        if self.outbox.unsent.len() >= self.settings.held || !self.backlog.is_empty() {
            return self.put_behind(letter, &stanza);
        }
        let awaits = self.store(letter.keeping(None, &stanza));
        self.outbox.unsent.push(Unsent::new(letter, stanza, Some(awaits)));
    }

    /// Forgets a message that no server can have; who waits for it is told.
    pub(super) fn cancel(&mut self, ticket: Ticket, id: String, place: Place) {
        let cancelled = self.outbox.cancel(&id).or_else(|| self.asleep.as_mut().and_then(|asleep| asleep.cancel(&id)));
        match (cancelled, place) {
            (None, Place::Behind) => self.cancel_behind(ticket, id),
            (cancelled, Place::Memory | Place::Behind) => self.cancelled(ticket, cancelled),
        }
    }

    /// Answers whoever wanted a message not to be sent.
    pub(super) fn cancelled(&mut self, ticket: Ticket, cancelled: Option<Result<Letter, OnItsWay>>) {
        match cancelled {
            Some(Ok(letter)) => self.message_cancelled(ticket, letter.ticket, letter.id),
            Some(Err(OnItsWay)) => self.reply(ticket, Outcome::TooLate),
            None => self.reply(ticket, Outcome::Unknown),
        }
    }

    /// A message with an id of its own, and who waits for it.
    pub(super) fn letter(&mut self, ticket: Ticket, outgoing: Outgoing) -> (Letter, Element) {
        let chosen = outgoing.id.is_some().then(|| digest(&outgoing));
        let id = outgoing.id.clone().unwrap_or_else(|| self.entropy.id());
        if let Some(digest) = &chosen {
            self.outbox.chosen.open(&id, digest);
            self.fates.forget(&id);
        }
        let filed = self.filed(&id, &outgoing);
        let replaces = outgoing.correcting.as_ref().map(|correcting| correcting.first.clone());
        let stanza = self.compose(&id, replaces.as_deref(), &outgoing);
        let letter = Letter {
            ticket: Some(ticket),
            no_wait: outgoing.no_wait,
            id,
            to_room: outgoing.kind == MessageKind::Groupchat,
            to: outgoing.to,
            chosen,
            origin: self.inbox.origin(self.now.wall),
            in_doubt: false,
            suspected: 0,
            returned: 0,
            replaces,
            filed,
            aside: None,
            taken: None,
            number: self.outbox.next_number(),
            unshown: 0,
        };
        (letter, stanza)
    }

    /// The stanza of a message.
    pub(super) fn compose(&self, id: &str, replaces: Option<&str>, outgoing: &Outgoing) -> Element {
        let mut message = Message::chat(id, outgoing.to.clone(), outgoing.body.clone());
        message.kind = outgoing.kind.clone();
        let to_room = message.kind == MessageKind::Groupchat;
        message.payloads.extend(to_room.then(|| archive::with_origin_id(id)));
        message.subject = outgoing.subject.clone();
        message.payloads.extend(replaces.map(remark::replace));
        message.payloads.extend(outgoing.receipt.then(receipts::request));
        message.payloads.extend(outgoing.url.as_deref().map(oob::element));
        message.into_element()
    }

    /// A message as the history is to have it, where there is one.
    fn filed(&mut self, id: &str, outgoing: &Outgoing) -> Option<Box<Incoming>> {
        let filed = Incoming {
            id: id.to_owned(),
            from: self.settings.jid.with_resource(&self.settings.resource).into(),
            to: outgoing.to.clone(),
            kind: outgoing.kind.clone(),
            body: Some(outgoing.body.clone()),
            subject: outgoing.subject.clone(),
            encrypted: None,
            urls: outgoing.url.iter().cloned().collect(),
            at: self.now.wall,
            delayed: false,
            carbon: false,
            sent: true,
            place: None,
            origin: None,
            replaces: outgoing.correcting.as_ref().map(|correcting| correcting.first.clone()),
            reply_to: None,
            markable: false,
            wants_receipt: false,
            room: None,
        };
        self.recent.add(&filed);
        self.settings.messages.history.then(|| Box::new(filed))
    }

    /// The store answered, perhaps for a message that waits for a session.
    pub(super) fn stored_unsent(&mut self, ticket: StoreTicket, result: &Result<(), String>) {
        self.outbox.displacing = self.outbox.displacing.filter(|displacing| *displacing != ticket);
        if self.stored_for_room(ticket, result) {
            return;
        }
        let unsent = &mut self.outbox.unsent;
        let Some(place) = unsent.iter().position(|unsent| unsent.awaits == Some(ticket)) else { return };
        match result {
            Ok(()) => {
                (unsent[place].awaits, unsent[place].before) = (None, None);
                unsent[place].letter.aside = None;
                self.put_off_messages();
            }
            // The text that it has been given is not kept: it goes as it was.
            Err(_) if unsent[place].before.is_some() => unsent[place].undo(),
            Err(reason) => {
                let letter = unsent.remove(place).letter;
                self.letter_not_kept(letter, reason.clone());
            }
        }
    }

    /// Tells watchers how many messages wait, if that has changed; so many are in a session that is up.
    pub(super) fn tell_outbox(&mut self, in_session: usize) {
        let asleep = self.asleep.as_ref().map_or(0, Asleep::messages);
        let waiting = self.outbox.len() + self.backlog.len() + asleep + in_session;
        if std::mem::replace(&mut self.outbox.told, waiting) != waiting {
            self.event(Event::Outbox(waiting));
        }
    }

    /// Nobody knows when the next session is: whoever waits for a message is told that it is kept.
    pub(super) fn put_off_messages(&mut self) {
        let asleep = self.asleep.as_mut().map(Asleep::put_off_messages).unwrap_or_default();
        let Outbox { unsent, to_rooms, .. } = &mut self.outbox;
        let unsent = unsent.iter_mut().chain(to_rooms.iter_mut().filter(|unsent| !unsent.lingers));
        let waiting: Vec<_> = asleep.into_iter().chain(unsent.filter_map(Unsent::put_off)).collect();
        for (ticket, id) in waiting {
            self.answer(Some(ticket), &id, &Outcome::Queued(id.clone()));
        }
    }
}
