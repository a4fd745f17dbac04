//! Messages that must not be sent: to a chat that is for encrypted ones only, or because they end sessions.

use jid::Jid;

use super::context::Context;
use super::online::{Letter, Unsent};
use super::output::{Aside, Outcome};
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
    pub(super) fn withhold(&mut self, letter: Option<Letter>) {
        let Some(letter) = letter else { return };
        let text = Some("the chat is for encrypted messages only".to_owned());
        let error = StanzaError { text, ..StanzaError::new(ErrorKind::Cancel, Condition::PolicyViolation) };
        self.message_refused(letter, &error);
    }

    /// Does so with those that were never in a session; others are found where they would be written.
    pub(super) fn withhold_unsent(&mut self) {
        let all = self.outbox.unsent.iter().chain(self.outbox.to_rooms.iter());
        let withheld = all.filter(|unsent| !unsent.letter.in_doubt && self.is_encrypted_only(&unsent.letter.to));
        let ids: Vec<String> = withheld.map(|unsent| unsent.letter.id.clone()).collect();
        for id in ids {
            let letter = self.outbox.cancel(&id).and_then(Result::ok);
            self.withhold(letter);
        }
    }

    /// A session was ended by this; a message that was under way again and again when that happened would end the next
    /// one too, and keep the account offline.
    pub(super) fn quarantine(&mut self, loss: &Loss) {
        let is_suspect = |unsent: &Unsent| unsent.letter.suspected >= SUSPECTED;
        let mut suspects: Vec<Unsent> = self.outbox.unsent.extract_if(.., |unsent| is_suspect(unsent)).collect();
        suspects.extend(self.outbox.to_rooms.take_if(is_suspect));
        for mut unsent in suspects {
            if let Some((ticket, id)) = unsent.put_off() {
                self.answer(Some(ticket), &id, &Outcome::Queued(id.clone()));
            }
            let id = unsent.letter.id;
            self.set_aside(id, Aside::Uncertain, format!("it was on its way {SUSPECTED} times in a row when {loss}"));
        }
    }
}
