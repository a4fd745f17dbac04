//! Our presence on a live stream: sent when it changes, and known to have arrived when the server acknowledges it or
//! shows it to us (RFC 6121 section 4.2.2 reflects it).

use super::super::context::Context;
use super::super::input::Ticket;
use super::super::output::{Delivery, Outcome};
use super::Online;
use super::outbound::Sent;
use crate::identity;
use crate::presence::Presence;
use crate::stanza;

/// The presence that contacts see now.
#[derive(Debug)]
pub(super) struct Shown {
    presence: Presence,
    number: u64,
    delivery: Delivery,
    waiting: Vec<Ticket>,
}

impl Shown {
    /// Whether somebody waits for the server to have it.
    pub(super) fn is_awaited(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Everybody who waits, each once.
    pub(super) fn take_waiting(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.waiting)
    }

    /// Everybody who waits.
    pub(super) fn into_waiting(self) -> Vec<Ticket> {
        self.waiting
    }
}

impl Online {
    /// Sends what contacts are to see if it differs from what they see.
    pub(super) fn present(&mut self, asker: Option<Ticket>, context: &mut Context) {
        let presence = context.outward.composed().presence;
        let number = match self.shown.as_mut() {
            Some(shown) if shown.presence == presence => {
                let delivery = shown.delivery;
                match (asker, delivery) {
                    (Some(ticket), Delivery::Acknowledged) => context.reply(ticket, Outcome::Delivered(delivery)),
                    (Some(ticket), Delivery::Sent | Delivery::Pending) => shown.waiting.push(ticket),
                    (None, _) => {}
                }
                context.tell_presence(delivery);
                return;
            }
            Some(shown) => shown.number + 1,
            None => 0,
        };
        let mut waiting = self.shown.take().map(Shown::into_waiting).unwrap_or_default();
        waiting.extend(asker);
        let mut stanza = stanza::Presence::of(&presence);
        stanza.payloads.push(identity::capabilities().to_element());
        self.outbound.send(&stanza.into_element(), Sent::Presence(number), context);
        self.shown = Some(Shown { presence, number, delivery: Delivery::Sent, waiting });
        self.present_to_rooms(context);
        context.tell_presence(Delivery::Sent);
    }

    /// The server has the presence with this number.
    pub(super) fn presence_acknowledged(&mut self, number: u64, context: &mut Context) {
        let Some(shown) = self.shown.as_mut().filter(|shown| shown.number == number) else {
            return;
        };
        shown.delivery = Delivery::Acknowledged;
        for ticket in std::mem::take(&mut shown.waiting) {
            context.reply(ticket, Outcome::Delivered(Delivery::Acknowledged));
        }
        context.tell_presence(Delivery::Acknowledged);
    }

    /// The server shows us our own presence.
    pub(super) fn presence_reflected(&mut self, presence: &Presence, context: &mut Context) {
        if let Some(shown) = self.shown.as_ref().filter(|shown| shown.presence == *presence) {
            self.presence_acknowledged(shown.number, context);
        }
    }
}
