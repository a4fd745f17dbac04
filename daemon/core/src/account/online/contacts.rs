//! The roster on a live stream: asked for by its version, changed by the pushes of our own account alone, and the
//! requests to see and to be seen (RFC 6121 sections 2 and 3).

use jid::{BareJid, Jid};

use super::super::context::Context;
use super::super::input::{Subscribing, Ticket};
use super::super::output::Outcome;
use super::outbound::Sent;
use super::{Asker, Online};
use crate::stanza::roster::{Roster, Subscription};
use crate::stanza::{Iq, Presence, PresenceKind, StanzaError, blocking, ping};
use crate::stream::features::Features;
use crate::text;
use crate::xml::{Element, Limits};

/// What the server can do about contacts.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Abilities {
    /// Rosters have versions; nothing while the server has not said what it can.
    versioning: Option<bool>,
    /// Who has not asked yet can be let see us.
    pub(super) pre_approval: bool,
}

impl Abilities {
    /// As the server says.
    pub(in super::super) fn of(features: &Features) -> Self {
        Self { versioning: Some(features.roster_versioning), pre_approval: features.pre_approval }
    }

    /// Of a session that another process began.
    pub(super) fn kept(pre_approval: bool) -> Self {
        Self { versioning: None, pre_approval }
    }
}

/// How the roster was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RosterAsked {
    /// Whole, without a version.
    Plainly,
    /// Whole, with its first version.
    Anew,
    /// What changed since the version on the disk.
    Since,
}

/// A presence that makes, takes back or answers a request, until the server has handled it.
#[derive(Debug)]
pub(super) struct Underway {
    ticket: Ticket,
    id: String,
    jid: BareJid,
    what: Subscribing,
}

impl Underway {
    /// Who waits for it.
    pub(super) fn into_ticket(self) -> Ticket {
        self.ticket
    }
}

impl Online {
    /// What is known of a contact in this session; nothing before the server has shown the roster.
    pub(super) fn subscription_of(&self, jid: &BareJid, context: &Context) -> Option<Subscription> {
        context.contacts.subscription(jid).filter(|_| self.contacts_known)
    }

    /// Asks for the roster, by its version where the server may have them.
    pub(super) fn ask_roster(&mut self, context: &mut Context) {
        self.reader.set_limits(Limits::ROSTER);
        let (asked, ver) = match (self.abilities.versioning, context.contacts.ver()) {
            // The disk has a version, so the server of this account gives them.
            (Some(true) | None, Some(ver)) => (RosterAsked::Since, Some(ver.to_owned())),
            (Some(true), None) => (RosterAsked::Anew, Some(String::new())),
            (Some(false), _) | (None, None) => (RosterAsked::Plainly, None),
        };
        self.ask(None, false, Roster::request(ver.as_deref()), Asker::Roster(asked), context);
    }

    /// The server says, in the middle of a session, what it can do.
    pub(super) fn abilities_told(&mut self, features: &Features, context: &mut Context) {
        let before = self.abilities;
        // Behind a resumption servers may say less than they did.
        self.abilities = Abilities {
            versioning: Some(features.roster_versioning || before.versioning == Some(true)),
            pre_approval: features.pre_approval || before.pre_approval,
        };
        if self.abilities.pre_approval != before.pre_approval {
            self.keep_session(context);
        }
        self.ask_for_version(context);
    }

    /// The answer to the request for the roster.
    pub(super) fn roster_answered(
        &mut self,
        asked: RosterAsked,
        answer: Result<Option<&Element>, &StanzaError>,
        context: &mut Context,
    ) {
        self.reader.set_limits(Limits::AFTER_LOGIN);
        match answer {
            // What changed since comes as pushes.
            Ok(None) if asked == RosterAsked::Since => self.contacts_known = true,
            Ok(payload) => {
                let Some(roster) = payload.and_then(Roster::parse) else { return };
                let versioned = self.abilities.versioning == Some(true) || asked == RosterAsked::Since;
                context.roster_came(roster, versioned);
                self.contacts_known = true;
            }
            Err(_) => return,
        }
        self.look_for_contacts(context);
        if asked == RosterAsked::Plainly {
            self.ask_for_version(context);
        }
    }

    /// A roster that was asked for before the server said that it has versions is asked for again to learn its version:
    /// once, for then it is on the disk.
    fn ask_for_version(&mut self, context: &mut Context) {
        let versioned = self.abilities.versioning == Some(true);
        if versioned && self.contacts_known && context.contacts.ver().is_none() {
            self.ask_roster(context);
        }
    }

    /// What our own account tells of itself.
    pub(super) fn account_push(iq: &Iq, payload: &Element, context: &mut Context) -> Iq {
        if let Some(push) = Roster::parse(payload) {
            context.roster_pushed(push);
        } else if !blocking::is_push(payload) {
            return iq.error(StanzaError::service_unavailable());
        }
        iq.result(None)
    }

    /// Somebody asks to see our presence, or does not any more. Only a bare address can: whatever else says so does not
    /// come from a server that keeps to RFC 6121 section 3.1.2.
    pub(super) fn subscription_came(&mut self, presence: &Presence, from: &Jid, context: &mut Context) {
        let Ok(contact) = from.clone().try_into_full().map_or_else(Ok, |_| Err(())) else { return };
        if contact == self.session.jid.to_bare() {
            return;
        }
        if presence.kind == PresenceKind::Subscribe {
            let status = presence.status.as_deref().and_then(|status| text::line(status, text::READ));
            context.subscription_requested(contact, status);
        } else {
            context.subscription_answered(&contact);
        }
    }

    /// Makes, takes back or answers a request. Stanzas are handled in order (RFC 6120 section 10.1): once the server has
    /// answered a question behind the presence, it has handled that, too.
    pub(super) fn subscribe(&mut self, ticket: Ticket, jid: BareJid, what: Subscribing, context: &mut Context) {
        let kind = match what {
            Subscribing::Subscribe => PresenceKind::Subscribe,
            Subscribing::Unsubscribe => PresenceKind::Unsubscribe,
            Subscribing::Approve if !self.abilities.pre_approval && !context.contacts.asks(&jid) => {
                return context.reply(ticket, Outcome::Unsupported);
            }
            Subscribing::Approve => PresenceKind::Subscribed,
            Subscribing::Deny => PresenceKind::Unsubscribed,
        };
        let id = context.entropy.id();
        let presence = Presence { id: Some(id.clone()), ..Presence::new(kind) }.to(Jid::from(jid.clone()));
        self.outbound.rouse(context);
        self.outbound.send(&presence.into_element(), Sent::Other, context);
        let underway = Underway { ticket, id, jid, what };
        self.ask(None, false, ping::request(), Asker::Subscribing(underway), context);
    }

    /// The server has handled it.
    pub(super) fn subscribed(underway: Underway, context: &mut Context) {
        match underway.what {
            Subscribing::Approve | Subscribing::Deny => context.subscription_answered(&underway.jid),
            Subscribing::Subscribe | Subscribing::Unsubscribe => {}
        }
        context.reply(underway.ticket, Outcome::Done);
    }

    /// The server, or somebody's, would not have a presence of ours.
    pub(super) fn presence_refused(&mut self, presence: &Presence, error: &StanzaError, context: &mut Context) {
        let (Some(id), Some(from)) = (&presence.id, presence.from.jid().map(Jid::to_bare)) else { return };
        let is_meant = |asker: &Asker| match asker {
            Asker::Subscribing(underway) => underway.id == *id && underway.jid == from,
            Asker::Features
            | Asker::Roster(_)
            | Asker::Archive
            | Asker::Bookmarks
            | Asker::Bookmark(_)
            | Asker::Room(..)
            | Asker::Displayed
            | Asker::Tune
            | Asker::Hiding(_)
            | Asker::Publishing(..)
            | Asker::Farewell
            | Asker::Probe
            | Asker::Introduction
            | Asker::Command(_) => false,
        };
        for ticket in self.requests.drain_if(is_meant).into_iter().flat_map(Asker::into_tickets) {
            context.reply(ticket, Outcome::Refused(error.clone()));
        }
    }
}
