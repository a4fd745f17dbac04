//! What single contacts are told in place of what all are told (RFC 6121 section 4.6): again in every session, again
//! behind what all are told where they hear that too, and again when they come. What is taken back is replaced by what
//! all are told, or for who hears nothing of that, by our going.

use std::collections::{BTreeMap, BTreeSet};

use jid::{BareJid, Jid};

use super::super::context::Context;
use super::Online;
use super::outbound::Sent;
use super::presence::introduced;
use crate::presence::{Composed, Directed, Presence, Show};
use crate::stanza;
use crate::stanza::roster::Subscription;
use crate::xml::Element;

/// So many resources are known to have been told when they came.
const RESOURCES: usize = 256;

/// What single contacts were told in this session.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What each was told; in a session that another process began that is not known.
    contacts: BTreeMap<String, (Jid, Option<Presence>)>,
    /// Those of their resources that are there.
    there: BTreeSet<String>,
}

impl Told {
    /// In a session that another process began.
    pub(super) fn kept(told: Vec<Jid>) -> Self {
        let contacts = told.into_iter().map(|jid| (jid.to_string(), (jid, None))).collect();
        Self { contacts, there: BTreeSet::new() }
    }

    /// Whether this contact, or one of its resources, was told of us.
    pub(super) fn knows(&self, contact: &BareJid) -> bool {
        self.contacts.values().any(|(jid, _)| jid.to_bare() == *contact)
    }
}

impl Online {
    /// What is to be sent to single contacts now; `anew` when all are told something behind which they have to hear
    /// their own again: who is not seen has gone for all of them (XEP-0186 section 3.1).
    pub(super) fn stanzas_to_single_contacts(
        &mut self,
        composed: &Composed,
        anew: bool,
        context: &Context,
    ) -> Vec<Element> {
        let mut stanzas = Vec::new();
        let visible = composed.presence.show.is_visible();
        if !visible && !self.hiding.is_hidden() {
            // All have been told that we are gone.
            self.told = Told::default();
            return stanzas;
        }
        // Rooms are shown theirs by our own address in them: going for one by its own would be going out of it.
        self.told.contacts.retain(|_, (jid, _)| !context.rooms.has(&jid.to_bare()));
        let wanted = context.outward.layers().directed().iter().filter(|it| !context.rooms.has(&it.to.to_bare()));
        let mut before = std::mem::take(&mut self.told.contacts);
        for directed in wanted {
            let presence = presence(directed, composed.presence.priority);
            let known = before.remove(directed.to.as_str()).and_then(|(_, known)| known);
            let again = anew && (!visible || self.hears_all(&directed.to, composed, context));
            if again || known.as_ref() != Some(&presence) {
                stanzas.push(to(&directed.to, &presence));
            }
            self.told.contacts.insert(directed.to.to_string(), (directed.to.clone(), Some(presence)));
        }
        for (jid, _) in before.into_values() {
            let nobody = Presence { show: Show::Offline, status: None, priority: 0 };
            let presence = if self.hears_all(&jid, composed, context) { &composed.presence } else { &nobody };
            stanzas.push(to(&jid, presence));
        }
        stanzas
    }

    /// A contact comes or goes: our server tells who comes what all are told, so that they have to hear their own again.
    pub(super) fn contact_moved(&mut self, from: &Jid, show: Show, context: &mut Context) {
        if !self.told.knows(&from.to_bare()) {
            return;
        }
        let is_there = show != Show::Offline;
        if !is_there {
            self.told.there.remove(from.as_str());
        }
        let comes = is_there && self.told.there.len() < RESOURCES && self.told.there.insert(from.to_string());
        if !comes || self.leaving.is_some() {
            return;
        }
        let bare = Jid::from(from.to_bare());
        let told = [from, &bare].into_iter().find_map(|jid| self.told.contacts.get(jid.as_str()));
        if let Some((jid, Some(presence))) = told {
            let stanza = to(jid, presence);
            self.outbound.send(&stanza, Sent::Other, context);
        }
    }

    /// Whether a contact hears what all are told.
    fn hears_all(&self, jid: &Jid, composed: &Composed, context: &Context) -> bool {
        let bare = jid.to_bare();
        let sees_us = || self.subscription_of(&bare, context).is_some_and(Subscription::sees_us);
        composed.presence.show.is_visible() && (bare == self.session.jid.to_bare() || sees_us())
    }
}

fn presence(directed: &Directed, priority: i8) -> Presence {
    Presence { show: directed.show, status: directed.status.clone(), priority }
}

fn to(jid: &Jid, presence: &Presence) -> Element {
    introduced(stanza::Presence::of(presence), None).to(jid.clone()).into_element()
}
