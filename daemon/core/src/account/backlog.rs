//! Messages that are on the disk alone: more wait to be sent than are held in memory. They come back some at a time, in
//! the order in which they were taken.

use std::collections::BTreeMap;

use super::context::Context;
use super::input::{StoreTicket, Ticket};
use super::kept::KeptMessage;
use super::online::{Letter, Unsent};
use super::output::{Outcome, Output};

/// So many messages at most wait for each account.
const LIMIT: usize = 1_000_000;
/// So many come back at once.
pub const PART: usize = 500;

/// Of one account.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// How many there are, those on their way to the disk included.
    len: usize,
    /// How many were put here since some were asked to come back.
    newer: usize,
    /// Who waits for those on their way.
    storing: BTreeMap<StoreTicket, Letter>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    AtRest,
    /// Some are coming.
    Loading,
    /// They could not be read: that is tried again when the disk is known to work.
    Unreadable,
}

impl Backlog {
    /// What another process left.
    pub(super) fn restored(len: usize) -> Self {
        Self { len, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether none of them is coming back.
    pub(super) fn is_at_rest(&self) -> bool {
        self.stage != Stage::Loading
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Context {
    /// Keeps a message behind all others; whoever asked is told once the disk knows of it.
    pub(super) fn put_behind(&mut self, mut letter: Letter, stanza: &str) {
        if self.backlog.len >= LIMIT {
            let reason = "too many messages wait for a session already".into();
            return self.answer(letter.ticket, &letter.id, &Outcome::NotKept(reason));
        }
        let ticket = self.store(letter.keeping_behind(stanza));
        self.backlog.len += 1;
        self.backlog.newer += 1;
        self.backlog.storing.insert(ticket, letter);
    }

    /// The store answered, perhaps for one of these.
    pub(super) fn stored_behind(&mut self, ticket: StoreTicket, result: &Result<(), String>) {
        if result.is_ok() && self.backlog.stage == Stage::Unreadable {
            self.backlog.stage = Stage::AtRest;
        }
        let Some(letter) = self.backlog.storing.remove(&ticket) else { return };
        match result {
            Ok(()) => self.answer(letter.ticket, &letter.id, &Outcome::Queued(letter.id.clone())),
            Err(reason) => {
                self.backlog.len = self.backlog.len.saturating_sub(1);
                self.letter_not_kept(letter, reason.clone());
            }
        }
    }

    /// Has the next of them come back, unless some are on their way.
    pub(super) fn load_backlog(&mut self) {
        if self.backlog.len > 0 && self.backlog.stage == Stage::AtRest {
            (self.backlog.stage, self.backlog.newer) = (Stage::Loading, 0);
            self.push(Output::Load(PART));
        }
    }

    /// They came back: the next session, or the one that is, sends them.
    pub(super) fn loaded(&mut self, result: Result<Vec<KeptMessage>, String>) {
        let Ok(messages) = result else {
            self.backlog.stage = Stage::Unreadable;
            return;
        };
        self.backlog.stage = Stage::AtRest;
        // Only the disk knows when there are no more.
        let left = self.backlog.len.saturating_sub(messages.len()).max(1);
        self.backlog.len = if messages.len() < PART { self.backlog.newer } else { left };
        // What was cancelled meanwhile, or on a disk that could not forget it, may be among them.
        let fates = &self.fates;
        let messages = messages.into_iter().filter(|message| !fates.is_withdrawn(&message.id));
        self.outbox.append(messages.map(|message| Unsent::kept(message, false)));
    }

    /// Forgets one that the disk has; it may be on its way back.
    pub(super) fn cancel_behind(&mut self, ticket: Ticket, id: String) {
        self.message_cancelled(ticket, None, id);
        if self.backlog.len > 1 {
            self.backlog.len -= 1;
        } else {
            self.load_backlog();
        }
    }
}
