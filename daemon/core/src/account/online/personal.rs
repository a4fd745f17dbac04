//! What we tell of ourselves at somebody's command, and what contacts tell of themselves. The song that plays is
//! [`super::tune`]'s.

use jid::Jid;

use super::super::context::Context;
use super::super::input::Ticket;
use super::super::output::{Event, Outcome};
use super::{Asker, Online};
use crate::pep::{Failed, Next, Personal, Publication};
use crate::stanza::roster::Subscription;
use crate::stanza::{StanzaError, pubsub};
use crate::xml::Element;

impl Online {
    /// Publishes something that somebody asked for.
    pub(super) fn publish(&mut self, ticket: Ticket, mut publication: Publication, context: &mut Context) {
        let next = publication.begin(self.support);
        self.go_on_publishing(ticket, publication, next, context);
        self.try_stream(context);
    }

    /// Our own account answered a publication.
    pub(super) fn publication_answered(
        &mut self,
        ticket: Ticket,
        mut publication: Publication,
        answer: Result<Option<&Element>, &StanzaError>,
        context: &mut Context,
    ) {
        let next = publication.answered(answer);
        if self.leaving.is_some() && next != Next::Done {
            return context.reply(ticket, Outcome::NotOnline(None));
        }
        self.go_on_publishing(ticket, publication, next, context);
    }

    fn go_on_publishing(&mut self, ticket: Ticket, publication: Publication, next: Next, context: &mut Context) {
        let (set, payload) = match next {
            Next::Get(payload) => (false, payload),
            Next::Set(payload) => (true, payload),
            Next::Done => return context.reply(ticket, Outcome::Done),
            Next::Failed(Failed::Refused(error)) => return context.reply(ticket, Outcome::Refused(error)),
            Next::Failed(Failed::Open(error)) => return context.reply(ticket, Outcome::Exposed(error)),
            Next::Failed(Failed::Unsupported(_)) => return context.reply(ticket, Outcome::Unsupported),
        };
        self.ask(None, set, payload, Asker::Publishing(ticket, Box::new(publication)), context);
    }

    /// What a contact publishes (XEP-0163): only from the bare address of somebody whose presence we see.
    pub(super) fn contact_event(&self, from: Jid, event: Option<pubsub::Event>, context: &mut Context) {
        let (Err(contact), Some(event)) = (from.try_into_full(), event) else { return };
        if !self.subscription_of(&contact, context).is_some_and(Subscription::is_seen) {
            return;
        }
        if let Some(personal) = Personal::of_event(event) {
            context.event(Event::Personal(contact, personal));
        }
    }
}
