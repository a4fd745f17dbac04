//! Corrections of messages of ours (XEP-0308). One of a message that was never written takes its place there and then, so
//! that nobody sees the first text; any other is a message of its own that names the first one.

use jid::Jid;

use super::chosen::name_inside;
use super::context::Context;
use super::input::{Correcting, Outgoing, StoreTicket, Ticket};
use super::online::{Letter, Unwritten};
use super::output::{Change, Outcome};
use crate::stanza::MessageKind;
use crate::xml::{ns, writer};

/// A correction on its way to the disk, where it takes a message's place.
#[derive(Debug)]
pub(super) struct Merging {
    awaits: StoreTicket,
    asker: Ticket,
    /// The message's id.
    id: String,
    /// Under this name the correction is known from then on.
    told: Option<String>,
}

/// A message with a correction in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The message's own id, which it keeps.
    pub id: String,
    /// The whole stanza as it is to leave.
    pub stanza: String,
    /// The message is on the disk alone; should it be that no more, nothing is changed, and that is an error.
    pub behind: bool,
    /// As the history is to have it.
    pub kind: MessageKind,
    /// The same.
    pub body: String,
    /// The same.
    pub subject: Option<String>,
    /// The same.
    pub url: Option<String>,
    /// This name is known from now on.
    pub told: Option<String>,
}

impl Correcting {
    /// Whether a message can take the correction: the first one, or another correction of it.
    pub(super) fn fits(&self, letter: &Letter, to: &Jid) -> bool {
        let is_it = letter.id == self.first || letter.replaces.as_ref() == Some(&self.first);
        // What is said to one in a room is not said in it.
        is_it && !letter.in_doubt && letter.to.to_bare() == to.to_bare() && !(letter.to_room && to.resource().is_some())
    }
}

impl Context {
    /// Puts a correction into a message that was never written, if there is such a one that is in no session.
    pub(super) fn merge(&mut self, ticket: Ticket, outgoing: &Outgoing) -> bool {
        let Some(correcting) = &outgoing.correcting else { return false };
        if let Some((place, mut unsent)) = self.outbox.take_fitting(|letter| correcting.fits(letter, &outgoing.to)) {
            self.merge_into(ticket, outgoing, unsent.unwritten());
            self.outbox.put_in(place, unsent);
            return true;
        }
        if let Some(mut asleep) = self.asleep.take() {
            let unwritten = asleep.unwritten(correcting, &outgoing.to);
            let is_there = unwritten.is_some();
            if let Some(unwritten) = unwritten {
                self.merge_into(ticket, outgoing, unwritten);
            }
            self.asleep = Some(asleep);
            if is_there {
                return true;
            }
        }
        let Some(id) = correcting.behind.clone().filter(|_| self.backlog.is_at_rest()) else { return false };
        let replaces = Some(correcting.first.clone()).filter(|first| *first != id);
        let stanza = writer::to_string(&self.compose(&id, replaces.as_deref(), outgoing));
        let told = name_inside(outgoing, &id);
        self.store_merged(ticket, id, stanza, outgoing, told, true);
        true
    }

    /// Puts a correction into this message; whoever asks is told once the disk knows of it.
    pub(super) fn merge_into(&mut self, ticket: Ticket, outgoing: &Outgoing, unwritten: Unwritten<'_>) {
        let Unwritten { letter, stanza, awaits, before } = unwritten;
        let told = name_inside(outgoing, &letter.id);
        let receipt = outgoing.receipt || stanza.contains(ns::RECEIPTS);
        let mut outgoing = Outgoing { to: letter.to.clone(), receipt, ..outgoing.clone() };
        if letter.to_room {
            outgoing = Outgoing { kind: MessageKind::Groupchat, receipt: false, ..outgoing };
        }
        let corrected = self.compose(&letter.id, letter.replaces.as_deref(), &outgoing);
        let corrected = dated_like(stanza, writer::to_string(&corrected));
        *before = Some(std::mem::replace(stanza, corrected.clone()));
        *awaits = Some(self.store_merged(ticket, letter.id.clone(), corrected, &outgoing, told, false));
    }

    fn store_merged(
        &mut self,
        asker: Ticket,
        id: String,
        stanza: String,
        outgoing: &Outgoing,
        told: Option<String>,
        behind: bool,
    ) -> StoreTicket {
        let Outgoing { kind, body, subject, url, .. } = outgoing.clone();
        let merged = Merged { id: id.clone(), stanza, behind, kind, body, subject, url, told: told.clone() };
        let awaits = self.store(Change::Merged(Box::new(merged)));
        self.merging.push(Merging { awaits, asker, id, told });
        awaits
    }

    /// The store answered, perhaps for a correction.
    pub(super) fn merged(&mut self, ticket: StoreTicket, result: &Result<(), String>) {
        let Some(place) = self.merging.iter().position(|merging| merging.awaits == ticket) else { return };
        let Merging { asker, id, told, .. } = self.merging.remove(place);
        match result {
            Ok(()) => {
                told.iter().for_each(|name| self.inbox.remember(name));
                self.reply(asker, Outcome::Queued(id));
            }
            Err(reason) => self.reply(asker, Outcome::NotKept(reason.clone())),
        }
    }
}

/// The same stanza; where the one before told when it was written, which it does at its end, this one does.
fn dated_like(before: &str, stanza: String) -> String {
    let delay = before.rfind("<delay ").and_then(|start| before.get(start..)).filter(|delay| delay.contains(ns::DELAY));
    match (delay, stanza.strip_suffix("</message>")) {
        (Some(delay), Some(message)) => format!("{message}{delay}"),
        (Some(_) | None, _) => stanza,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrected_message_tells_when_the_first_was_written() {
        let check = |before: &str, expected: &str| {
            let stanza = "<message id='1'><body>Two</body></message>".to_owned();
            assert_eq!(dated_like(before, stanza), expected, "{before}");
        };
        let delay = "<delay xmlns='urn:xmpp:delay' stamp='2026-11-22T18:00:00.000Z'/>";
        check("<message id='1'><body>One</body></message>", "<message id='1'><body>Two</body></message>");
        check(
            "<message id='1'><body>&lt;delay urn:xmpp:delay</body></message>",
            "<message id='1'><body>Two</body></message>",
        );
        check(
            &format!("<message id='1'><body>One</body>{delay}</message>"),
            &format!("<message id='1'><body>Two</body>{delay}</message>"),
        );
    }
}
