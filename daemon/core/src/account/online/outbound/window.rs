//! How much is under way at once. Of a stanza, no half must be read when the connection breaks: Prosody 13 feeds what
//! comes after a resumption to the parser that still has that half, and ends the session for it. It reads 8 KiB at a time
//! and may rest before it reads on, so it is given no more than that before it has acknowledged.

use super::super::super::context::Context;
use super::resume::stand_in;
use super::{Outbound, Sent, Stage, Tracked};
use crate::management::Management;

/// So many bytes of stanzas are under way at once, or a longer one alone. What is not counted fits beside them.
const WINDOW: usize = 7_000;

impl Outbound {
    /// Counts a stanza and writes it as soon as there is room. Gives it back when nothing will ever acknowledge it.
    pub(super) fn write(&mut self, tracked: Tracked, context: &mut Context) -> Option<Sent> {
        match &mut self.management {
            Stage::Off => {
                self.put(tracked.stanza.clone(), tracked.sent.is_for_people(), context);
                Some(tracked.acknowledged())
            }
            Stage::Enabling(management) | Stage::On(management) => {
                management.sent(tracked);
                self.write_on(context);
                None
            }
        }
    }

    /// Writes what is counted, as far as there is room.
    pub(super) fn write_on(&mut self, context: &mut Context) {
        while self.can_write()
            && let Some(next) = self.management.next()
        {
            if let Sent::Message(letter) = &next.sent
                && context.is_encrypted_only(&letter.to)
            {
                context.withhold(std::mem::replace(&mut next.sent, Sent::Other).into_letter());
                // Its place must be filled, and this is what every server passes over (RFC 6120 section 8.2.3).
                next.stanza = stand_in(context.entropy.id());
            }
            let (stanza, is_for_people) = (next.stanza.clone(), next.sent.is_for_people());
            self.put(stanza, is_for_people, context);
            self.management.wrote();
        }
    }

    /// Whether the server must acknowledge something before more is written.
    pub(super) fn is_blocked(&self) -> bool {
        match &self.management {
            Stage::Off => false,
            Stage::Enabling(management) | Stage::On(management) => self.can_write() && management.has_unwritten(),
        }
    }

    fn put(&mut self, stanza: String, is_for_people: bool, context: &mut Context) {
        if is_for_people {
            self.rouse(context);
        }
        context.write(stanza.into_bytes());
    }
}

impl Stage {
    /// What is to be written next, if there is room for it.
    fn next(&mut self) -> Option<&mut Tracked> {
        match self {
            Self::Off => None,
            // It acknowledges nothing yet.
            Self::Enabling(management) => management.unwritten_mut(),
            Self::On(management) => {
                let under_way = bytes_under_way(management);
                let next = management.unwritten_mut()?;
                (under_way == 0 || under_way + next.stanza.len() <= WINDOW).then_some(next)
            }
        }
    }

    fn wrote(&mut self) {
        match self {
            Self::Off => {}
            Self::Enabling(management) | Self::On(management) => management.wrote(),
        }
    }
}

fn bytes_under_way(management: &Management<Tracked>) -> usize {
    management.under_way().map(|tracked| tracked.stanza.len()).sum()
}
