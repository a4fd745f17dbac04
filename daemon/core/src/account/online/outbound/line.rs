//! What waits in front of the wire: messages until the disk knows of them, and all that is behind them, so that nothing
//! overtakes. A message leaves with the place in the session under which the disk knows it.

use std::collections::{BTreeSet, VecDeque};

use jid::{BareJid, Jid};

use super::super::super::context::Context;
use super::super::super::input::{StoreTicket, Ticket};
use super::super::super::kept::{KeptMessage, Origin};
use super::super::super::outbox::OnItsWay;
use super::super::super::settings::OnUncertain;
use super::resume::stand_in;
use super::{Letter, Outbound, Sent, Stage, Tracked, Unsent, Unwritten};
use crate::management::QUEUE_LIMIT;

/// The line of one session.
#[derive(Debug, Default)]
pub(super) struct Line {
    waiting: VecDeque<Waiting>,
    /// No message leaves before the disk knows this of the session.
    gate: Option<StoreTicket>,
    /// No message leaves before it is known which of them arrived in a session that is gone; all else does.
    held: bool,
    /// To these people the archive has messages of ours.
    witnessed: BTreeSet<BareJid>,
}

#[derive(Debug)]
struct Waiting {
    tracked: Tracked,
    /// The disk is asked to know of it.
    awaits: Option<StoreTicket>,
    /// The disk knew of it before, in a session that is gone or at another place of this one.
    was_kept: bool,
    /// None while the line is held: others overtake it.
    position: Option<u32>,
    /// What the disk knows it as, while it does not know of its correction.
    before: Option<String>,
    /// The disk is asked to know of the correction apart from the place.
    merging: Option<StoreTicket>,
}

/// What became of a message that the store answered for.
#[derive(Debug)]
pub(in super::super) enum Stored {
    /// It leaves as soon as those before it have; who asked for it waits no longer.
    InLine(Option<(Ticket, String)>),
    /// It could not be kept, and does not leave.
    Refused(Sent),
}

impl Outbound {
    /// Writes one stanza, a message only when the disk knows of it. Gives it back when nothing will ever acknowledge it.
    pub(in super::super) fn send_text(&mut self, stanza: String, sent: Sent, context: &mut Context) -> Option<Sent> {
        if self.closed {
            return Some(sent);
        }
        let tracked = Tracked { sent, stanza };
        if matches!(tracked.sent, Sent::Message(..)) {
            self.line_up(tracked, false, context);
            return None;
        }
        let is_free = self.line.waiting.is_empty() && context.outbox.displacing.is_none();
        if is_free && self.unacknowledged() < QUEUE_LIMIT {
            return self.write(tracked, context);
        }
        self.line.waiting.push_back(Waiting {
            tracked,
            awaits: None,
            was_kept: true,
            position: None,
            before: None,
            merging: None,
        });
        None
    }

    /// Sends a message of a session that is gone.
    pub(in super::super) fn send_again(&mut self, unsent: Unsent, context: &mut Context) {
        let was_kept = unsent.awaits.is_none() || unsent.before.is_some();
        let stanza = unsent.dated(context.now.wall);
        let tracked = Tracked { sent: Sent::Message(unsent.letter), stanza };
        self.line_up(tracked, was_kept, context);
        if let Some((last, before)) = self.line.waiting.back_mut().zip(unsent.before) {
            (last.before, last.merging) = (Some(before), unsent.awaits);
        }
    }

    /// No message leaves until [`release`](Self::release): the archive is read for those of a session that is gone.
    pub(in super::super) fn hold(&mut self) {
        self.line.held = true;
    }

    /// What is in the line now did not arrive, as far as the archive knows. Gives the ids of those that are not to be sent
    /// again on that word: the archive has nothing else of ours to the same person, and may keep nothing.
    pub(in super::super) fn release(&mut self, on_uncertain: OnUncertain) -> Vec<String> {
        self.line.held = false;
        let Line { waiting, witnessed, .. } = &mut self.line;
        for waiting in waiting.iter_mut() {
            if let Sent::Message(letter) = &mut waiting.tracked.sent {
                let is_witnessed = letter.returned == 0 && witnessed.contains(&letter.to.to_bare());
                letter.in_doubt &= on_uncertain == OnUncertain::Hold && !is_witnessed;
            }
        }
        let is_uncertain =
            |waiting: &Waiting| matches!(&waiting.tracked.sent, Sent::Message(letter) if letter.in_doubt);
        let (uncertain, certain): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(waiting).into_iter().partition(is_uncertain);
        (*waiting, *witnessed) = (certain, BTreeSet::new());
        uncertain.into_iter().filter_map(|waiting| waiting.tracked.sent.into_letter()).map(|letter| letter.id).collect()
    }

    /// The archive has something of ours to them.
    pub(in super::super) fn witness(&mut self, to: BareJid) {
        let is_to =
            |waiting: &Waiting| matches!(&waiting.tracked.sent, Sent::Message(letter) if letter.to.to_bare() == to);
        if self.line.held && self.line.waiting.iter().any(is_to) {
            self.line.witnessed.insert(to);
        }
    }

    /// What the archive has is not all that it could have.
    pub(in super::super) fn distrust_witnesses(&mut self) {
        self.line.witnessed.clear();
    }

    /// When the first message of those in doubt was taken to be sent.
    pub(in super::super) fn first_in_doubt(&self) -> Option<&Origin> {
        self.line.waiting.iter().find_map(|waiting| match &waiting.tracked.sent {
            Sent::Message(letter) if letter.in_doubt => Some(&letter.origin),
            Sent::Message(_) | Sent::Presence(_) | Sent::AtRoom(_) | Sent::Other => None,
        })
    }

    /// The archive has the message with this id to them: it need not leave any more. What it has of one that came back
    /// before may be from then.
    pub(in super::super) fn found_in_archive(&mut self, id: &str, to: &BareJid) -> Option<Sent> {
        if !self.line.held {
            return None;
        }
        let is_meant = |letter: &Letter| letter.id == id && letter.to.to_bare() == *to && letter.returned == 0;
        let is_it = |waiting: &Waiting| matches!(&waiting.tracked.sent, Sent::Message(letter) if is_meant(letter));
        let place = self.line.waiting.iter().position(is_it)?;
        self.line.waiting.remove(place).map(|waiting| waiting.tracked.acknowledged())
    }

    /// Takes out the message of which this is true, if it was written in a session that is gone.
    pub(super) fn take_in_doubt(&mut self, is_it: impl Fn(&Sent) -> bool) -> Option<(Letter, String)> {
        let is_in_doubt = |sent: &Sent| matches!(sent, Sent::Message(letter) if letter.in_doubt) && is_it(sent);
        let place = self.line.waiting.iter().position(|waiting| is_in_doubt(&waiting.tracked.sent))?;
        let Tracked { sent, stanza } = self.line.waiting.remove(place)?.tracked;
        Some((sent.into_letter()?, stanza))
    }

    /// Takes out the messages to somebody, or to one in a room alone, that were never written.
    pub(in super::super) fn take_unwritten(&mut self, to: &Jid) -> impl Iterator<Item = Unsent> {
        let is_to = |letter: &Letter| letter.to == *to || to.is_bare() && letter.to.to_bare() == to.to_bare();
        let is_it = |waiting: &Waiting| matches!(&waiting.tracked.sent, Sent::Message(letter) if !letter.in_doubt && is_to(letter));
        let (taken, waiting) = std::mem::take(&mut self.line.waiting).into_iter().partition(is_it);
        self.line.waiting = waiting;
        Line { waiting: taken, ..Line::default() }.into_unsent()
    }

    /// The last message that was never written and of which this is true.
    pub(in super::super) fn unwritten(&mut self, fits: impl Fn(&Letter) -> bool) -> Option<Unwritten<'_>> {
        let known = self.line.waiting.iter_mut().rev().filter(|waiting| waiting.was_kept && waiting.awaits.is_none());
        known.into_iter().find_map(|waiting| {
            let Waiting { tracked: Tracked { sent, stanza }, awaits, before, .. } = waiting;
            match sent {
                Sent::Message(letter) if fits(letter) => Some(Unwritten { letter, stanza, awaits, before }),
                Sent::Message(_) | Sent::Presence(_) | Sent::AtRoom(_) | Sent::Other => None,
            }
        })
    }

    /// Takes out a message that was never written; nothing when there is none of this id.
    pub(in super::super) fn cancel(&mut self, id: &str) -> Option<Result<Letter, OnItsWay>> {
        let is_it = |sent: &Sent| matches!(sent, Sent::Message(letter) if letter.id == id);
        if self.tail().any(|tracked| is_it(&tracked.sent)) || self.was_asked_before(id) {
            return Some(Err(OnItsWay));
        }
        let place = self.line.waiting.iter().position(|waiting| is_it(&waiting.tracked.sent))?;
        match &self.line.waiting.get(place)?.tracked.sent {
            Sent::Message(letter) if letter.in_doubt => return Some(Err(OnItsWay)),
            Sent::Message(_) | Sent::Presence(_) | Sent::AtRoom(_) | Sent::Other => {}
        }
        match self.line.waiting.remove(place)?.tracked.sent {
            Sent::Message(letter) => Some(Ok(letter)),
            Sent::Presence(_) | Sent::AtRoom(_) | Sent::Other => None,
        }
    }

    /// Takes out what a room that is lost did not show: what was written, and what was not.
    pub(in super::super) fn take_back(&mut self, room: &BareJid, context: &mut Context) -> Vec<Unsent> {
        let is_for = |sent: &Sent| matches!(sent, Sent::Message(letter) if letter.is_for(room));
        let mut back = Vec::new();
        if let Stage::Enabling(management) | Stage::On(management) = &mut self.management {
            let written = management.under_way().count();
            for (place, tracked) in management.tail_mut().enumerate().filter(|(_, tracked)| is_for(&tracked.sent)) {
                // Should its place have to be filled again, it is not sent a second time.
                let stanza = std::mem::replace(&mut tracked.stanza, stand_in(context.entropy.id()));
                let sent = std::mem::replace(&mut tracked.sent, Sent::Other);
                let unsent = Tracked { sent, stanza }.into_unsent(None);
                back.extend(unsent.map(|unsent| if place < written { unsent.doubted() } else { unsent }));
            }
        }
        let (lost, waiting) =
            std::mem::take(&mut self.line.waiting).into_iter().partition(|waiting| is_for(&waiting.tracked.sent));
        self.line.waiting = waiting;
        let lost = Line { waiting: lost, ..Line::default() };
        back.extend(lost.into_unsent());
        back
    }

    /// Whether a message was written and is not acknowledged.
    pub(in super::super) fn has_messages_under_way(&self) -> bool {
        let was_placed = |message: &KeptMessage| message.position.is_some();
        self.tail().any(|tracked| matches!(tracked.sent, Sent::Message(_)))
            || self.restored.iter().flatten().any(was_placed)
    }

    /// How many messages the server may not have.
    pub(in super::super) fn messages(&self) -> usize {
        let is_message = |sent: &Sent| matches!(sent, Sent::Message(_));
        let tail = self.tail().filter(|tracked| is_message(&tracked.sent)).count();
        let line = self.line.waiting.iter().filter(|waiting| is_message(&waiting.tracked.sent)).count();
        tail + line + self.restored.as_ref().map_or(0, Vec::len)
    }

    /// Whether the message with this id is among these.
    pub(in super::super) fn has(&self, id: &str) -> bool {
        let waiting = self.line.waiting.iter().map(|waiting| &waiting.tracked);
        let is_it = |sent: &Sent| matches!(sent, Sent::Message(letter) if letter.id == id);
        self.tail().chain(waiting).any(|tracked| is_it(&tracked.sent)) || self.was_asked_before(id)
    }

    /// Whether another process was asked to send the message with this id.
    fn was_asked_before(&self, id: &str) -> bool {
        self.restored.iter().flatten().any(|message| message.id == id)
    }

    /// No message leaves before the disk has answered this.
    pub(in super::super) fn wait_for(&mut self, ticket: Option<StoreTicket>) {
        self.line.gate = ticket.or(self.line.gate);
    }

    /// The store answered: what became of a message of this line, if it was about one.
    pub(in super::super) fn stored(&mut self, ticket: StoreTicket, is_kept: bool) -> Option<Stored> {
        if self.line.gate == Some(ticket) {
            self.line.gate = None;
            return Some(Stored::InLine(None));
        }
        if let Some(waiting) = self.line.waiting.iter_mut().find(|waiting| waiting.merging == Some(ticket)) {
            waiting.merged(is_kept);
            return Some(Stored::InLine(None));
        }
        let place = self.line.waiting.iter().position(|waiting| waiting.awaits == Some(ticket))?;
        let waiting = self.line.waiting.get_mut(place)?;
        if is_kept || waiting.was_kept {
            waiting.awaits = None;
            if let Some(before) = waiting.before.take().filter(|_| !is_kept) {
                waiting.tracked.stanza = before;
            }
            waiting.was_kept = true;
            let Sent::Message(letter) = &mut waiting.tracked.sent else { return Some(Stored::InLine(None)) };
            letter.aside = None;
            let asker = letter.ticket.take_if(|_| letter.no_wait);
            return Some(Stored::InLine(asker.map(|ticket| (ticket, letter.id.clone()))));
        }
        self.line.waiting.remove(place).map(|waiting| Stored::Refused(waiting.tracked.sent))
    }

    /// Writes what need not wait any more. Gives back what nothing will ever acknowledge.
    pub(in super::super) fn flush(&mut self, context: &mut Context) -> Vec<Sent> {
        self.write_on(context);
        if context.outbox.displacing.is_some() {
            return Vec::new();
        }
        if self.line.held {
            return self.flush_past_messages(context);
        }
        let mut written = Vec::new();
        while self.unacknowledged() < QUEUE_LIMIT && !self.is_blocked() && !self.closed {
            let next = self.next_position(0);
            let under_way = self.letters_under_way().next().is_some();
            let is_suspected = self.letters_under_way().any(|letter| letter.suspected > 0);
            let Some(first) = self.line.waiting.front_mut().filter(|first| first.awaits.is_none()) else { break };
            if let Sent::Message(letter) = &mut first.tracked.sent {
                if context.is_encrypted_only(&letter.to) {
                    let withheld = self.line.waiting.pop_front().map(|waiting| waiting.tracked.sent);
                    context.withhold(withheld.and_then(Sent::into_letter));
                    continue;
                }
                if self.line.gate.is_some() || matches!(self.management, Stage::Enabling(_)) {
                    break;
                }
                // The server ended a session for one of several: it is to be seen which.
                if is_suspected || letter.suspected > 0 && under_way {
                    break;
                }
                // One before it was not kept: the disk has it at the wrong place.
                if first.position != Some(next) && !matches!(self.management, Stage::Off) {
                    first.position = Some(next);
                    first.awaits = Some(keep(letter, first.position, &first.tracked.stanza, context));
                    break;
                }
            }
            if let Some(first) = self.line.waiting.pop_front() {
                written.extend(self.write(first.tracked, context));
            }
        }
        written
    }

    /// Writes all but messages, once the disk knows that these have no place in the session.
    fn flush_past_messages(&mut self, context: &mut Context) -> Vec<Sent> {
        let mut written = Vec::new();
        if self.line.waiting.iter().any(|waiting| waiting.awaits.is_some()) {
            return written;
        }
        let is_message = |waiting: &Waiting| matches!(waiting.tracked.sent, Sent::Message(_));
        while self.unacknowledged() < QUEUE_LIMIT
            && !self.is_blocked()
            && !self.closed
            && let Some(place) = self.line.waiting.iter().position(|waiting| !is_message(waiting))
            && let Some(other) = self.line.waiting.remove(place)
        {
            written.extend(self.write(other.tracked, context));
        }
        written
    }

    /// Whether so many messages wait that no more are taken.
    pub(in super::super) fn is_full(&self) -> bool {
        self.line.waiting.len() >= QUEUE_LIMIT
    }

    /// Whether what waits will soon be gone.
    pub(in super::super) fn is_short(&self) -> bool {
        self.line.waiting.len() < QUEUE_LIMIT / 4
    }

    fn line_up(&mut self, mut tracked: Tracked, was_kept: bool, context: &mut Context) {
        let position = (!self.line.held).then(|| self.next_position(self.line.waiting.len()));
        let awaits = match &mut tracked.sent {
            Sent::Message(letter) => Some(keep(letter, position, &tracked.stanza, context)),
            Sent::Presence(_) | Sent::AtRoom(_) | Sent::Other => None,
        };
        self.line.waiting.push_back(Waiting { tracked, awaits, was_kept, position, before: None, merging: None });
    }

    fn next_position(&self, ahead: usize) -> u32 {
        self.counted().wrapping_add(u32::try_from(ahead).unwrap_or(u32::MAX)).wrapping_add(1)
    }
}

impl Waiting {
    /// The store answered for a correction that was under way when this was taken into the line. What is not kept does
    /// not leave, and the disk, which was asked to know the place of the corrected message, is asked anew.
    fn merged(&mut self, is_kept: bool) {
        self.merging = None;
        if let Some(before) = self.before.take().filter(|_| !is_kept) {
            (self.tracked.stanza, self.position) = (before, None);
        }
    }
}

impl Line {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Everybody who waits for a message that the disk knows of is told that it is kept.
    pub(super) fn kept_mut(&mut self) -> impl Iterator<Item = &mut Sent> {
        self.waiting.iter_mut().filter(|waiting| waiting.was_kept).map(|waiting| &mut waiting.tracked.sent)
    }

    /// The messages, for another session.
    pub(super) fn into_unsent(self) -> impl Iterator<Item = Unsent> {
        self.waiting.into_iter().filter_map(|Waiting { tracked, awaits, was_kept, before, merging, .. }| {
            let awaits = if was_kept && before.is_none() { None } else { merging.or(awaits) };
            tracked.into_unsent(awaits).map(|unsent| Unsent { before, ..unsent })
        })
    }
}

fn keep(letter: &mut Letter, position: Option<u32>, stanza: &str, context: &mut Context) -> StoreTicket {
    context.store(letter.keeping(position, stanza))
}
