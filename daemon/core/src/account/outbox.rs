//! Messages that are in no session: those of sessions that are gone, and those that were taken while there was none.
//! They are on the disk, or on their way to it, and the next session sends them.

use std::collections::BTreeMap;

use jid::BareJid;

use super::context::Context;
use super::input::{Outgoing, StoreTicket, Ticket};
use super::online::{Asleep, Letter, Unsent};
use super::output::{Change, Event, Outcome};
use crate::stanza::{Message, MessageKind, StanzaError, archive};
use crate::time::Wall;
use crate::xml::{Element, writer};

/// So many messages may wait for a session.
const LIMIT: usize = 10_000;

/// Of one account.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// In the order in which they are to be sent.
    unsent: Vec<Unsent>,
    /// What the disk is asked to forget.
    forgetting: Vec<(StoreTicket, Vec<String>)>,
    /// Messages that are at the server and could not be forgotten.
    remembered_in_vain: Vec<String>,
    /// How many messages watchers were told of.
    told: usize,
    /// How many were taken in this life.
    taken: u64,
    /// The ids that askers have chosen, of messages that have not arrived.
    keys: BTreeMap<String, Key>,
    /// Who asked for one of these again.
    askers: Vec<(String, Ticket)>,
}

/// How far a message with a chosen id has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// Who asked for it waits.
    Open,
    /// Who asked for it was told that it is kept.
    Kept,
}

/// The server may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OnItsWay;

impl Outbox {
    /// What another process was asked to send.
    pub(super) fn restored(unsent: Vec<Unsent>, keys: Vec<String>) -> Self {
        let keys = keys.into_iter().map(|id| (id, Key::Kept)).collect();
        Self { unsent, keys, ..Self::default() }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.unsent.len()
    }

    fn cancel(&mut self, id: &str) -> Option<Result<Letter, OnItsWay>> {
        let place = self.unsent.iter().position(|unsent| unsent.letter.id == id)?;
        if self.unsent[place].letter.in_doubt {
            return Some(Err(OnItsWay));
        }
        Some(Ok(self.unsent.remove(place).letter))
    }

    /// The next session takes all of them but those for rooms.
    pub(super) fn take(&mut self) -> Vec<Unsent> {
        self.unsent.extract_if(.., |unsent| !unsent.letter.to_room).collect()
    }

    /// Those for a room, whose archive has shown which of them arrived.
    pub(super) fn take_for(&mut self, room: &BareJid) -> Vec<Unsent> {
        let mut messages: Vec<Unsent> = self.unsent.extract_if(.., |unsent| unsent.letter.is_for(room)).collect();
        // They came back from different places.
        messages.sort_by_key(|unsent| (unsent.letter.origin.at.as_unix_millis(), unsent.letter.number));
        messages
    }

    /// Takes out the message for a room with this id.
    pub(super) fn take_shown(&mut self, id: &str, room: &BareJid) -> Option<Letter> {
        let is_it = |unsent: &Unsent| unsent.letter.is_for(room) && unsent.letter.id == id;
        let place = self.unsent.iter().position(is_it)?;
        Some(self.unsent.remove(place).letter)
    }

    /// Whether no more are taken.
    pub(super) fn is_full(&self) -> bool {
        self.unsent.len() >= LIMIT
    }

    /// Whether an asker has chosen this id, for a message that has not arrived.
    pub(super) fn is_chosen(&self, id: &str) -> bool {
        self.keys.contains_key(id)
    }

    /// No room is about to be entered.
    pub(super) fn end_lingering(&mut self) {
        for unsent in &mut self.unsent {
            unsent.lingers = false;
        }
    }

    /// The rooms that messages wait for.
    pub(super) fn rooms(&self) -> Vec<BareJid> {
        let mut rooms: Vec<BareJid> =
            self.unsent.iter().filter(|it| it.letter.to_room).map(|it| it.letter.to.to_bare()).collect();
        rooms.sort_unstable();
        rooms.dedup();
        rooms
    }

    /// When the first message for a room was taken that may have arrived and may not.
    pub(super) fn in_doubt_since(&self, room: &BareJid) -> Option<Wall> {
        let doubted = self.unsent.iter().filter(|unsent| unsent.letter.is_for(room) && unsent.letter.in_doubt);
        doubted.map(|unsent| unsent.letter.origin.at).min()
    }

    /// A session is gone; what it leaves was taken before what waits already.
    pub(super) fn put_back(&mut self, mut unsent: Vec<Unsent>) {
        unsent.append(&mut self.unsent);
        self.unsent = unsent;
    }
}

impl Context {
    /// Takes a message that the next session is to send; whoever asked is told once the disk knows of it.
    pub(super) fn take_message(&mut self, ticket: Ticket, outgoing: Outgoing) {
        if self.asked_before(ticket, &outgoing) {
            return;
        }
        if self.outbox.unsent.len() >= LIMIT {
            return self.reply(ticket, Outcome::NotKept("too many messages wait for a session already".into()));
        }
        let outgoing = self.addressed(outgoing);
        let (letter, stanza) = self.letter(ticket, outgoing);
        self.keep_message(letter, writer::to_string(&stanza), false);
    }

    /// Keeps a message that is in no session; its asker `lingers` where the room it is for is about to be entered.
    pub(super) fn keep_message(&mut self, letter: Letter, stanza: String, lingers: bool) {
        let awaits = self.store(Change::Message(letter.kept(None, &stanza)));
        self.outbox.unsent.push(Unsent { lingers, ..Unsent::new(letter, stanza, Some(awaits)) });
    }

    /// A message to a room that is known to be one is said in it.
    pub(super) fn addressed(&self, outgoing: Outgoing) -> Outgoing {
        let to_room = outgoing.kind == MessageKind::Chat && outgoing.to.is_bare();
        let is_room = to_room && self.rooms.has(&outgoing.to.to_bare());
        if is_room { Outgoing { kind: MessageKind::Groupchat, ..outgoing } } else { outgoing }
    }

    /// Whether a message was asked for before, under this id; then who asks again is told what becomes of that one.
    pub(super) fn asked_before(&mut self, ticket: Ticket, outgoing: &Outgoing) -> bool {
        let Some(id) = &outgoing.id else { return false };
        match self.outbox.keys.get_mut(id) {
            Some(Key::Open) => self.outbox.askers.push((id.clone(), ticket)),
            Some(Key::Kept) => self.reply(ticket, Outcome::Queued(id.clone())),
            None if self.inbox.knows(&name(id)) => self.reply(ticket, Outcome::Sent(id.clone())),
            None => return false,
        }
        true
    }

    /// Tells everybody who waits for a message what became of it.
    pub(super) fn answer(&mut self, ticket: Option<Ticket>, id: &str, outcome: &Outcome) {
        let askers = &mut self.outbox.askers;
        let again: Vec<Ticket> = askers.extract_if(.., |(asked, _)| asked == id).map(|(_, ticket)| ticket).collect();
        for ticket in ticket.into_iter().chain(again) {
            self.reply(ticket, outcome.clone());
        }
        if !matches!(outcome, Outcome::Queued(_)) {
            self.outbox.keys.remove(id);
        } else if let Some(key) = self.outbox.keys.get_mut(id) {
            *key = Key::Kept;
        }
    }

    /// Forgets a message that no server can have; who waits for it is told.
    pub(super) fn cancel(&mut self, ticket: Ticket, id: &str) {
        let cancelled = self.outbox.cancel(id).or_else(|| self.asleep.as_mut().and_then(|asleep| asleep.cancel(id)));
        self.cancelled(ticket, cancelled);
    }

    /// Answers whoever wanted a message not to be sent.
    pub(super) fn cancelled(&mut self, ticket: Ticket, cancelled: Option<Result<Letter, OnItsWay>>) {
        let outcome = match cancelled {
            Some(Ok(letter)) => {
                self.message_not_kept(letter.ticket, letter.id, "it was cancelled".into());
                Outcome::Done
            }
            Some(Err(OnItsWay)) => Outcome::TooLate,
            None => Outcome::Unknown,
        };
        self.reply(ticket, outcome);
    }

    /// A message with an id of its own, and who waits for it.
    pub(super) fn letter(&mut self, ticket: Ticket, outgoing: Outgoing) -> (Letter, Element) {
        let chosen = outgoing.id.is_some();
        let id = outgoing.id.unwrap_or_else(|| self.entropy.id());
        if chosen {
            self.outbox.keys.insert(id.clone(), Key::Open);
        }
        self.outbox.taken += 1;
        let number = self.outbox.taken;
        let to = outgoing.to;
        let mut message = Message::chat(id.clone(), to.clone(), outgoing.body);
        let to_room = outgoing.kind == MessageKind::Groupchat;
        message.kind = outgoing.kind;
        if to_room {
            message.payloads.push(archive::origin_id(&id));
        }
        message.subject = outgoing.subject;
        let origin = self.inbox.origin(self.now.wall);
        let letter =
            Letter { ticket: Some(ticket), id, to, chosen, origin, in_doubt: false, to_room, number, unshown: 0 };
        (letter, message.into_element())
    }

    /// The server has these messages: the disk may forget them, and who waits is told.
    pub(super) fn messages_arrived(&mut self, messages: impl IntoIterator<Item = (Option<Ticket>, String)>) {
        let (mut ids, mut names) = (Vec::new(), Vec::new());
        for (ticket, id) in messages {
            self.message_arrived(ticket, id, false, &mut ids, &mut names);
        }
        self.forget_messages(ids, names);
    }

    /// A room shows a message; should its archive tell of it once more, it is known to be ours.
    pub(super) fn message_shown(&mut self, ticket: Option<Ticket>, id: String) {
        let (mut ids, mut names) = (Vec::new(), Vec::new());
        self.message_arrived(ticket, id, true, &mut ids, &mut names);
        self.forget_messages(ids, names);
    }

    /// Whether a room has shown a message of ours with this id before.
    pub(super) fn was_shown(&self, id: &str) -> bool {
        self.inbox.knows(&name(id))
    }

    fn message_arrived(
        &mut self,
        ticket: Option<Ticket>,
        id: String,
        comes_back: bool,
        ids: &mut Vec<String>,
        names: &mut Vec<String>,
    ) {
        if comes_back || self.outbox.keys.contains_key(&id) {
            names.push(name(&id));
            self.inbox.remember(&name(&id));
        }
        self.answer(ticket, &id, &Outcome::Sent(id.clone()));
        ids.push(id);
    }

    /// This message could not be kept, and is not sent; an earlier attempt to keep it may have worked.
    pub(super) fn message_not_kept(&mut self, ticket: Option<Ticket>, id: String, reason: String) {
        self.answer(ticket, &id, &Outcome::NotKept(reason));
        self.forget_messages(vec![id], Vec::new());
    }

    /// Has the disk forget these messages, and those that it could not forget before.
    fn forget_messages(&mut self, mut ids: Vec<String>, names: Vec<String>) {
        if !ids.is_empty() {
            ids.append(&mut self.outbox.remembered_in_vain);
            let ticket = self.store(Change::Arrived(ids.clone(), names));
            self.outbox.forgetting.push((ticket, ids));
        }
    }

    /// The store answered; messages that it could not forget are tried again with the next ones.
    pub(super) fn forgotten(&mut self, ticket: StoreTicket, is_done: bool) {
        if let Some(place) = self.outbox.forgetting.iter().position(|(awaited, _)| *awaited == ticket) {
            let (_, ids) = self.outbox.forgetting.remove(place);
            if !is_done {
                self.outbox.remembered_in_vain.extend(ids);
            }
        }
    }

    /// This message came back: the disk may forget it, and who waits is told.
    pub(super) fn message_refused(&mut self, ticket: Option<Ticket>, id: String, error: &StanzaError) {
        if ticket.is_none() {
            self.event(Event::Returned(id.clone(), error.clone()));
        }
        self.answer(ticket, &id, &Outcome::Refused(error.clone()));
        self.forget_messages(vec![id], Vec::new());
    }

    /// The store answered, perhaps for a message that waits for a session.
    pub(super) fn stored_unsent(&mut self, ticket: StoreTicket, result: &Result<(), String>) {
        let unsent = &mut self.outbox.unsent;
        let Some(place) = unsent.iter().position(|unsent| unsent.awaits == Some(ticket)) else { return };
        match result {
            Ok(()) => {
                unsent[place].awaits = None;
                if !unsent[place].lingers {
                    self.put_off_messages();
                }
            }
            Err(reason) => {
                let letter = unsent.remove(place).letter;
                self.message_not_kept(letter.ticket, letter.id, reason.clone());
            }
        }
    }

    /// Tells watchers how many messages wait, if that has changed; so many are in a session that is up.
    pub(super) fn tell_outbox(&mut self, in_session: usize) {
        let asleep = self.asleep.as_ref().map_or(0, Asleep::messages);
        let waiting = self.outbox.len() + asleep + in_session;
        if std::mem::replace(&mut self.outbox.told, waiting) != waiting {
            self.event(Event::Outbox(waiting));
        }
    }

    /// Nobody knows when a room can be entered: whoever waits for a message to it is told that it is kept.
    pub(super) fn put_off_for(&mut self, room: &BareJid) {
        let unsent = self.outbox.unsent.iter_mut().filter(|unsent| unsent.letter.is_for(room));
        let waiting: Vec<_> = unsent
            .filter_map(|unsent| {
                unsent.lingers = false;
                unsent.put_off()
            })
            .collect();
        for (ticket, id) in waiting {
            self.answer(Some(ticket), &id, &Outcome::Queued(id.clone()));
        }
    }

    /// Nobody knows when the next session is: whoever waits for a message is told that it is kept.
    pub(super) fn put_off_messages(&mut self) {
        let asleep = self.asleep.as_mut().map(Asleep::put_off_messages).unwrap_or_default();
        let waiting: Vec<_> = asleep
            .into_iter()
            .chain(self.outbox.unsent.iter_mut().filter(|unsent| !unsent.lingers).filter_map(Unsent::put_off))
            .collect();
        for (ticket, id) in waiting {
            self.answer(Some(ticket), &id, &Outcome::Queued(id.clone()));
        }
    }
}

/// The name under which a message with a chosen id is known once it has arrived.
fn name(id: &str) -> String {
    format!("mine {id}")
}
