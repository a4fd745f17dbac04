//! Texts that scroll: each account's steps, taken while it is online and by one timer for the next of all. Whether a step
//! may go out is the account's budget's to say.

use std::time::Duration;

use xmppd_core::account::{Command, LinkState};
use xmppd_core::presence::{Marquee, Scroll};
use xmppd_core::time::{Moment, Wall};
use xmppd_proto::Failure;

use super::Hub;
use super::entry::Entry;
use super::handle::Asked;
use crate::host;

/// A text that scrolls, and how.
#[derive(Clone, Debug)]
pub(crate) struct Scroller {
    marquee: Marquee,
    every: Duration,
    until: Option<Wall>,
    step: u64,
    next: Moment,
}

impl Scroller {
    /// A text that begins to scroll when the hub has it.
    pub(crate) fn new(marquee: Marquee, every: Duration, until: Option<Wall>) -> Self {
        Self { marquee, every, until, step: 0, next: Moment::default() }
    }

    fn layer(&self) -> Scroll {
        Scroll { window: self.marquee.window(self.step), until: self.until }
    }

    /// Goes on to the next step, or to the one that is due if it has been held up.
    fn advance(&mut self, now: Moment) {
        self.step += 1;
        self.next = (self.next + self.every).max(now + self.every / 2);
    }
}

impl Hub {
    /// Lets a text scroll in place of one that does already.
    pub(super) fn scroll(&mut self, account: Option<&str>, scroller: Scroller) -> Result<Vec<Asked>, Failure> {
        let indices = self.indices(account)?;
        let mut asked = Vec::new();
        for index in indices {
            let entry = &mut self.entries[index];
            let next = host::now().moment + scroller.every;
            entry.layers.set_scroll(Some(scroller.layer()));
            entry.scroller = Some(Scroller { next, ..scroller.clone() });
            asked.push(self.tell_layers(index, Vec::new()));
        }
        Ok(asked)
    }

    /// When the next step is due; none while nobody could see it.
    pub(super) fn next_step(&self) -> Option<Moment> {
        self.entries.iter().filter(|entry| entry.report.state == LinkState::Online).filter_map(next).min()
    }

    /// Takes the steps that are due.
    pub(super) fn step(&mut self) {
        let now = host::now().moment;
        for entry in &mut self.entries {
            if entry.report.state != LinkState::Online || next(entry).is_none_or(|next| next > now) {
                continue;
            }
            let Some(scroller) = &mut entry.scroller else { continue };
            scroller.advance(now);
            entry.layers.set_scroll(Some(scroller.layer()));
            let layers = entry.layers.clone();
            // The account tells what comes of it.
            drop(entry.ask(|ticket| Command::Layers(ticket, layers)));
        }
    }
}

fn next(entry: &Entry) -> Option<Moment> {
    entry.scroller.as_ref().filter(|scroller| scroller.marquee.moves()).map(|scroller| scroller.next)
}
