//! Our presence on a live stream: sent when it changes, and known to have arrived when the server acknowledges it or
//! shows it to us (RFC 6121 section 4.2.2 reflects it). Being invisible is [`super::hiding`]'s, and what single contacts
//! are told in its place [`super::directed`]'s.

use super::super::context::Context;
use super::super::input::Ticket;
use super::super::output::{Delivery, Outcome};
use super::Online;
use super::outbound::Sent;
use crate::identity;
use crate::presence::{Composed, Presence, Show};
use crate::stanza::{self, idle};
use crate::time::Wall;
use crate::xml::Element;

/// The presence that contacts see now.
#[derive(Debug)]
pub(super) struct Shown {
    presence: Presence,
    idle_since: Option<Wall>,
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

    fn is(&self, composed: &Composed) -> bool {
        self.presence == composed.presence && self.idle_since == composed.idle_since
    }
}

impl Online {
    /// Sends what contacts are to see if it differs from what they see. Whoever asks is answered when the server has it.
    pub(super) fn present(&mut self, askers: Vec<Ticket>, context: &mut Context) {
        let composed = context.outward.composed();
        if let Some(askers) = self.may_present(composed.presence.show, askers, context) {
            self.show(&composed, askers, context);
        }
    }

    /// Sends it to all, and to single contacts what they are told in its place.
    pub(super) fn show(&mut self, composed: &Composed, askers: Vec<Ticket>, context: &mut Context) {
        let changes = !self.shown.as_ref().is_some_and(|shown| shown.is(composed));
        let mut stanzas: Vec<Element> = changes.then(|| self.to_all(composed)).into_iter().collect();
        stanzas.extend(self.stanzas_to_single_contacts(composed, changes, context));
        stanzas.extend(self.stanzas_to_rooms(context));
        let Some(last) = stanzas.pop() else { return self.show_nothing_new(askers, context) };
        let before = self.shown.take();
        let number = before.as_ref().map_or(0, |shown| shown.number + 1);
        for stanza in &stanzas {
            self.outbound.send(stanza, Sent::Other, context);
        }
        // The server takes them in order: who has the last one has all.
        let is_lost_sight_of = self.outbound.send(&last, Sent::Presence(number), context).is_some();
        let reflected = before.as_ref().filter(|_| is_lost_sight_of && !changes).map(|shown| shown.delivery);
        let mut waiting = before.map(Shown::into_waiting).unwrap_or_default();
        match reflected {
            Some(_) => askers.into_iter().for_each(|asker| context.reply(asker, Outcome::Delivered(Delivery::Sent))),
            None => waiting.extend(askers),
        }
        let delivery = reflected.unwrap_or(Delivery::Sent);
        let Composed { presence, idle_since, .. } = composed.clone();
        self.shown = Some(Shown { presence, idle_since, number, delivery, waiting });
        context.tell_presence(delivery);
    }

    /// Whether contacts may know of us.
    pub(super) fn is_seen(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.presence.show.is_visible())
    }

    fn to_all(&self, composed: &Composed) -> Element {
        let Composed { presence, idle_since, .. } = composed;
        let hidden = presence.show == Show::Invisible && self.hiding.is_hidden();
        let stanza = if hidden { stanza::Presence::hidden(presence.priority) } else { stanza::Presence::of(presence) };
        introduced(stanza, *idle_since).into_element()
    }

    fn show_nothing_new(&mut self, askers: Vec<Ticket>, context: &mut Context) {
        let Some(shown) = &mut self.shown else { return };
        let delivery = shown.delivery;
        match delivery {
            Delivery::Acknowledged => {
                askers.into_iter().for_each(|asker| context.reply(asker, Outcome::Delivered(delivery)));
            }
            Delivery::Sent | Delivery::Pending => shown.waiting.extend(askers),
        }
        context.tell_presence(delivery);
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

/// The same with what says who we are, and since when we are idle if that is to be known.
pub(super) fn introduced(mut stanza: stanza::Presence, idle_since: Option<Wall>) -> stanza::Presence {
    stanza.payloads.push(identity::capabilities().to_element());
    stanza.payloads.extend(idle_since.map(idle::since));
    stanza
}
