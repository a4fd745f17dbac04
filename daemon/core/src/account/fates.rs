//! What becomes of messages in the end, as far as the account is concerned: who waits is told, and the disk knows.

use jid::BareJid;

use super::chosen::name;
use super::context::Context;
use super::input::{StoreTicket, Ticket};
use super::online::Letter;
use super::output::{Aside, Change, Event, Outcome};
use super::returned::Returned;
use crate::stanza::StanzaError;

/// What the disk is told of it.
#[derive(Debug, Default)]
pub(super) struct Fates {
    /// On its way.
    settling: Vec<(StoreTicket, Fate, Vec<String>)>,
    /// What could not be kept.
    in_vain: Vec<(Fate, String)>,
    /// Who wanted a message not to be sent, and is told once the disk knows.
    cancelling: Vec<(StoreTicket, Ticket)>,
}

/// Why a message is not sent any more.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// The server has it.
    Arrived,
    /// It came back, with this reason.
    Failed(String),
    /// It came back when the server had it.
    Returned(Box<Returned>),
    /// It was never sent.
    Withdrawn,
    /// It is kept for its author, the reason with it.
    Aside(Aside, String),
}

impl Fates {
    /// Whether the message with this id is not to be sent, and the disk does not know that yet.
    pub(super) fn is_withdrawn(&self, id: &str) -> bool {
        let settling = self.settling.iter().filter(|(_, fate, _)| *fate == Fate::Withdrawn);
        let mut in_vain = self.in_vain.iter().filter(|(fate, _)| *fate == Fate::Withdrawn);
        in_vain.any(|(_, other)| other == id) || settling.flat_map(|(_, _, ids)| ids).any(|other| other == id)
    }

    /// The message with this id is sent anew: whatever became of it before is of no account.
    pub(super) fn forget(&mut self, id: &str) {
        self.in_vain.retain(|(_, settled)| settled != id);
        // Should the disk not learn of that, it is not tried again.
        for (_, _, settling) in &mut self.settling {
            settling.retain(|settling| settling != id);
        }
    }
}

impl Context {
    /// The server has these messages: the disk may forget them, and who waits is told.
    pub(super) fn messages_arrived(&mut self, letters: impl IntoIterator<Item = Letter>) {
        let (mut ids, mut names) = (Vec::new(), Vec::new());
        for mut letter in letters {
            let stanza = letter.taken.take().unwrap_or_default();
            self.taken.add(letter.kept(None, &stanza));
            let Letter { ticket, id, chosen, .. } = letter;
            if self.outbox.chosen.has(&id) {
                let name = name(&id, chosen.as_deref());
                self.inbox.remember(&name);
                names.push(name);
            }
            self.answer(ticket, &id, &Outcome::Sent(id.clone()));
            ids.push(id);
        }
        self.settle_arrived(Fate::Arrived, ids, names);
    }

    /// A room shows a message, perhaps under this id of its own; should its archive tell of it once more, it is known to
    /// be ours.
    pub(super) fn message_shown(&mut self, letter: Letter, shown_as: Option<&str>) {
        let Letter { ticket, id, to, chosen, .. } = letter;
        let names: Vec<String> = std::iter::once(name(&id, chosen.as_deref()))
            .chain(shown_as.map(|shown_as| shown(&to.to_bare(), shown_as)))
            .collect();
        for name in &names {
            self.inbox.remember(name);
        }
        self.answer(ticket, &id, &Outcome::Sent(id.clone()));
        self.settle_arrived(Fate::Arrived, vec![id], names);
    }

    /// Whether a room has shown a message of ours with this id before.
    pub(super) fn was_shown(&self, id: &str) -> bool {
        let name = name(id, None);
        self.inbox.knows(&name) || self.inbox.name_after(&(name + " ")).is_some()
    }

    /// The same where the room shows it under this id of its own.
    pub(super) fn was_shown_as(&self, room: &BareJid, shown_as: &str) -> bool {
        self.inbox.knows(&shown(room, shown_as))
    }

    /// This message came back, or would: whoever waits is told, and where nobody does, or it was kept for its author
    /// before, it is kept for them.
    pub(super) fn message_refused(&mut self, letter: Letter, error: &StanzaError) {
        let Letter { ticket, id, returned, .. } = letter;
        let (is_awaited, reason) = (ticket.is_some(), error.to_string());
        self.answer(ticket, &id, &Outcome::Refused(error.clone()));
        if is_awaited && returned == 0 {
            self.settle_messages(Fate::Failed(reason), vec![id]);
        } else {
            self.set_aside(id, Aside::Failed, reason);
        }
    }

    /// This message came back when the server had it.
    pub(super) fn failed_late(&mut self, letter: Letter, stanza: &str, error: &StanzaError) {
        let (id, reason) = (letter.id.clone(), error.to_string());
        let chosen = letter.chosen.as_deref().map(|digest| name(&id, Some(digest)));
        let forgets = chosen.filter(|name| self.inbox.knows(name));
        if let Some(name) = &forgets {
            self.inbox.forget(name);
        }
        self.event(Event::SetAside(id.clone(), Aside::Failed, reason.clone()));
        let returned = Returned { message: letter.kept(None, stanza), reason, has_failed: true, forgets };
        self.settle_messages(Fate::Returned(Box::new(returned)), vec![id]);
    }

    /// This message is not sent by itself any more.
    pub(super) fn set_aside(&mut self, id: String, aside: Aside, reason: String) {
        self.event(Event::SetAside(id.clone(), aside, reason.clone()));
        self.answer(None, &id, &Outcome::NotKept(reason.clone()));
        self.settle_messages(Fate::Aside(aside, reason), vec![id]);
    }

    /// This message could not be kept, and is not sent; an earlier attempt to keep it may have worked.
    pub(super) fn message_not_kept(&mut self, ticket: Option<Ticket>, id: String, reason: String) {
        self.answer(ticket, &id, &Outcome::NotKept(reason));
        self.settle_messages(Fate::Withdrawn, vec![id]);
    }

    /// This message is not to be sent; who wants that is told once the disk has forgotten it.
    pub(super) fn message_cancelled(&mut self, asker: Ticket, waiting: Option<Ticket>, id: String) {
        self.message_not_kept(waiting, id, "it was cancelled".into());
        if let Some((awaited, ..)) = self.fates.settling.last() {
            self.fates.cancelling.push((*awaited, asker));
        }
    }

    /// This message could not be kept, and is not sent. One that was set aside stays so, whatever the disk did of what it
    /// said it could not.
    pub(super) fn letter_not_kept(&mut self, letter: Letter, reason: String) {
        let Letter { ticket, id, aside, .. } = letter;
        let Some((aside, before)) = aside.map(|aside| *aside) else {
            return self.message_not_kept(ticket, id, reason);
        };
        self.answer(ticket, &id, &Outcome::NotKept(reason));
        self.settle_messages(Fate::Aside(aside, before), vec![id]);
    }

    /// Has the disk know what became of these messages, and of those of which it could not be told before.
    fn settle_messages(&mut self, fate: Fate, ids: Vec<String>) {
        self.settle_arrived(fate, ids, Vec::new());
    }

    fn settle_arrived(&mut self, fate: Fate, ids: Vec<String>, names: Vec<String>) {
        if ids.is_empty() {
            return;
        }
        for (fate, id) in std::mem::take(&mut self.fates.in_vain) {
            self.settle(fate, vec![id], Vec::new());
        }
        self.settle(fate, ids, names);
    }

    fn settle(&mut self, fate: Fate, ids: Vec<String>, names: Vec<String>) {
        let ticket = self.store(match &fate {
            Fate::Arrived => Change::Arrived(ids.clone(), names),
            Fate::Failed(reason) => Change::Failed(ids.clone(), reason.clone()),
            Fate::Returned(returned) => Change::Returned(returned.clone()),
            Fate::Withdrawn => Change::Withdrawn(ids.clone()),
            Fate::Aside(aside, reason) => Change::SetAside(ids.concat(), *aside, reason.clone()),
        });
        self.fates.settling.push((ticket, fate, ids));
    }

    /// The store answered; what it could not do is tried again with the next.
    pub(super) fn settled(&mut self, ticket: StoreTicket, result: &Result<(), String>) {
        if let Some(place) = self.fates.cancelling.iter().position(|(awaited, _)| *awaited == ticket) {
            let (_, asker) = self.fates.cancelling.remove(place);
            let outcome = result.clone().map_or_else(Outcome::NotKept, |()| Outcome::Done);
            self.reply(asker, outcome);
        }
        if let Some(place) = self.fates.settling.iter().position(|(awaited, ..)| *awaited == ticket) {
            let (_, fate, ids) = self.fates.settling.remove(place);
            if result.is_err() {
                self.fates.in_vain.extend(ids.into_iter().map(|id| (fate.clone(), id)));
            }
        }
    }
}

/// The name of a message of ours that a room shows under an id of its own.
fn shown(room: &BareJid, id: &str) -> String {
    format!("shown {room} {id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_anew_is_not_forgotten_by_what_became_of_it_before() {
        let arrived = |ids: &[&str]| (StoreTicket(1), Fate::Arrived, ids.iter().map(|id| (*id).to_owned()).collect());
        let mut fates = Fates {
            settling: vec![arrived(&["1", "2"])],
            in_vain: vec![(Fate::Arrived, "1".into()), (Fate::Withdrawn, "3".into())],
            ..Fates::default()
        };
        fates.forget("1");
        assert_eq!((fates.settling, fates.in_vain), (vec![arrived(&["2"])], vec![(Fate::Withdrawn, "3".into())]));
    }
}
