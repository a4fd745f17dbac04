//! What people ask of the account, as the daemon hands it on: what a correction or another try is of is looked up on the
//! disk.

use jid::Jid;
use xmppd_core::account::{Command, Correcting, Input, Outgoing, Place, Ticket};
use xmppd_core::stanza::MessageKind;

use super::letters::{Fate, Letter, Wish};
use super::{ROOM, World};

/// To whom messages go.
const RECIPIENTS: [&str; 4] =
    ["juliet@verona.example", "juliet@verona.example", "nurse@verona.example", "juliet@verona.example/balcony"];

impl World<'_> {
    /// Somebody sends a message; each has a text of its own.
    pub(crate) fn send(&mut self) {
        self.send_to(0, false);
    }

    /// The same to one of several, perhaps under an id of the asker's own.
    pub(crate) fn send_to(&mut self, which: usize, is_chosen: bool) {
        let to = if self.server.kind.room { ROOM } else { RECIPIENTS[which % RECIPIENTS.len()] };
        let order = self.tick();
        let mut letter = Letter::new(order, to, format!("out-{}", self.letters.len()));
        letter.id = is_chosen.then(|| format!("chosen-{}", self.letters.len()));
        self.ask(letter, None);
    }

    /// Somebody corrects one of the messages that were taken.
    pub(crate) fn correct(&mut self, which: usize) {
        let Some(Letter { id, first, to, .. }) =
            self.one_of(Fate::Accepted, which).map(|place| self.letters[place].clone())
        else {
            return;
        };
        let Some(first) = first.or(id).filter(|first| self.disk.aside(first).is_none()) else { return };
        let order = self.tick();
        let mut letter = Letter::new(order, to, format!("out-{}", self.letters.len()));
        letter.first = Some(first.clone());
        let behind = self.disk.last_behind(&first);
        self.ask(letter, Some(Correcting { first, behind }));
    }

    /// Somebody does not want a message to be sent.
    pub(crate) fn cancel(&mut self, which: usize) {
        let Some(place) = self.one_of(Fate::Accepted, which) else { return };
        let Some(id) = self.letters[place].id.clone() else { return };
        let at = if self.disk.is_behind(&id) { Place::Behind } else { Place::Memory };
        let ticket = self.ticket(Wish::Cancel(place));
        self.handle(Input::Command(Command::Cancel(ticket, id, at)));
    }

    /// Somebody wants a message to be sent that has failed.
    pub(crate) fn retry(&mut self, which: usize) {
        let Some(place) = self.one_of(Fate::Failed, which) else { return };
        let Some(kept) = self.letters[place].id.as_ref().and_then(|id| self.disk.aside(id)).cloned() else { return };
        let order = self.tick();
        (self.letters[place].fate, self.letters[place].order) = (Fate::Asked, order);
        let ticket = self.ticket(Wish::Retry(place));
        self.handle(Input::Command(Command::Retry(ticket, kept)));
    }

    fn one_of(&self, fate: Fate, which: usize) -> Option<usize> {
        let is_one = |place: &usize| self.letters[*place].fate == fate && !self.letters[*place].is_uncertain;
        let all: Vec<usize> = (0..self.letters.len()).filter(is_one).collect();
        // The last are asked about more often.
        all.iter().rev().nth(which % 8).copied()
    }

    fn ask(&mut self, letter: Letter, correcting: Option<Correcting>) {
        let (to, kind) = (Jid::new(letter.to).expect("a JID"), MessageKind::Chat);
        let kind = if correcting.is_some() && self.server.kind.room { MessageKind::Groupchat } else { kind };
        let (id, body, subject, url) = (letter.id.clone(), letter.body.clone(), None, None);
        let (only_again, receipt, no_wait) = (false, false, false);
        let outgoing = Outgoing { id, only_again, to, kind, body, subject, receipt, url, correcting, no_wait };
        self.letters.push(letter);
        let ticket = self.ticket(Wish::Send(self.letters.len() - 1));
        self.handle(Input::Command(Command::Send(ticket, outgoing)));
    }

    fn ticket(&mut self, wish: Wish) -> Ticket {
        self.tickets += 1;
        self.clock += 1;
        self.waiting.insert(Ticket(self.tickets), wish);
        Ticket(self.tickets)
    }
}
