//! Messages that are not sent by themselves any more: kept for their authors, who say what becomes of them.

use jid::Jid;

use super::context::Context;
use super::input::Ticket;
use super::online::Unsent;
use super::output::{Aside, Change, Event, Outcome};
use crate::loss::Loss;
use crate::stanza::StanzaError;
use crate::stanza::error::{Condition, ErrorKind};

/// A message that was under way when the server ended so many sessions in a row for what they carried is not sent again.
const SUSPECTED: u8 = 2;

impl Context {
    /// Whether no plain text may go there.
    pub(super) fn is_encrypted_only(&self, to: &Jid) -> bool {
        let chats = &self.settings.encrypted_only;
        !chats.is_empty() && chats.iter().any(|chat| chat.matches(to.to_bare().as_str()))
    }

    /// Does not send a message that was taken before its chat was for encrypted ones only; where nobody waits for it, it
    /// is kept for its author.
    pub(super) fn withhold(&mut self, message: Option<(Option<Ticket>, String)>) {
        let Some((ticket, id)) = message else { return };
        let text = Some("the chat is for encrypted messages only".to_owned());
        let error = StanzaError { text, ..StanzaError::new(ErrorKind::Cancel, Condition::PolicyViolation) };
        self.message_refused(ticket, id, &error);
    }

    /// Does so with those that were never in a session; others are found where they would be written.
    pub(super) fn withhold_unsent(&mut self) {
        let all = self.outbox.unsent.iter().chain(self.outbox.to_rooms.iter());
        let withheld = all.filter(|unsent| !unsent.letter.in_doubt && self.is_encrypted_only(&unsent.letter.to));
        let ids: Vec<String> = withheld.map(|unsent| unsent.letter.id.clone()).collect();
        for id in ids {
            let letter = self.outbox.cancel(&id).and_then(Result::ok);
            self.withhold(letter.map(|letter| (letter.ticket, letter.id)));
        }
    }

    /// This message is not sent by itself any more.
    pub(super) fn set_aside(&mut self, id: String, aside: Aside, reason: String) {
        self.event(Event::SetAside(id.clone(), aside, reason.clone()));
        self.answer(None, &id, &Outcome::NotKept(reason.clone()));
        self.store(Change::SetAside(id, aside, reason));
    }

    /// A session was ended by this; a message that was under way again and again when that happened would end the next
    /// one too, and keep the account offline.
    pub(super) fn quarantine(&mut self, loss: &Loss) {
        let is_suspect = |unsent: &Unsent| unsent.letter.suspected >= SUSPECTED;
        let mut suspects: Vec<Unsent> = self.outbox.unsent.extract_if(.., |unsent| is_suspect(unsent)).collect();
        suspects.extend(self.outbox.to_rooms.take_if(is_suspect));
        for id in suspects.into_iter().map(|unsent| unsent.letter.id) {
            self.set_aside(id, Aside::Uncertain, format!("it was on its way {SUSPECTED} times in a row when {loss}"));
        }
    }
}
