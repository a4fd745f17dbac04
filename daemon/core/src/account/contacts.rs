//! What outlives a session of the contacts: the version of the roster on the disk, who may see whom, and who asks to
//! see us (RFC 6121 sections 2.6 and 3.1). All else about contacts is told to the watchers and not kept here.

use std::collections::BTreeMap;

use jid::{BareJid, DomainRef};

use super::context::Context;
use super::output::{Change, Event};
use crate::stanza::roster::{Item, Roster, Subscription};
use crate::time::Wall;

/// So many people may ask at once; more are not heard until some are answered. The server keeps them all.
const REQUESTS: usize = 100;

/// A roster on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRoster {
    /// Its version, any text.
    pub ver: String,
    /// The contacts.
    pub items: Vec<Item>,
}

/// What became of the roster on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPush {
    /// The version before; where the disk has another one, its roster is of no use any more.
    pub after: String,
    /// The version now.
    pub ver: String,
    /// The contacts that are new or changed; those to be removed say so.
    pub items: Vec<Item>,
}

/// Somebody who asks to see our presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionRequest {
    /// Who.
    pub from: BareJid,
    /// What they say, clean.
    pub status: Option<String>,
    /// When it came.
    pub at: Wall,
}

/// Of one account.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    /// The version that the disk has.
    ver: Option<String>,
    subscriptions: BTreeMap<BareJid, Subscription>,
    requests: BTreeMap<BareJid, SubscriptionRequest>,
}

impl Contacts {
    /// As the disk has them, and what watchers are to know of them.
    pub(super) fn restored(roster: Option<KeptRoster>, requests: Vec<SubscriptionRequest>) -> (Self, Vec<Event>) {
        let mut contacts = Self::default();
        let mut events = Vec::new();
        if let Some(KeptRoster { ver, items }) = roster {
            contacts.ver = Some(ver);
            contacts.set(&items);
            events.push(Event::Roster(items));
        }
        for request in requests {
            contacts.requests.insert(request.from.clone(), request.clone());
            events.push(Event::SubscriptionRequested(request));
        }
        (contacts, events)
    }

    /// The version to ask by.
    pub(super) fn ver(&self) -> Option<&str> {
        self.ver.as_deref()
    }

    /// Who may see whom.
    pub(super) fn subscription(&self, jid: &BareJid) -> Option<Subscription> {
        self.subscriptions.get(jid).copied()
    }

    /// All whose presence we are told.
    pub(super) fn seen(&self) -> impl Iterator<Item = &BareJid> {
        self.subscriptions.iter().filter(|(_, subscription)| subscription.is_seen()).map(|(jid, _)| jid)
    }

    /// Whether anybody of this domain sees our presence.
    pub(super) fn is_seen_at(&self, domain: &DomainRef) -> bool {
        self.subscriptions.iter().any(|(jid, subscription)| subscription.sees_us() && jid.domain() == domain)
    }

    /// Whether they ask to see us.
    pub(super) fn asks(&self, jid: &BareJid) -> bool {
        self.requests.contains_key(jid)
    }

    fn set(&mut self, items: &[Item]) {
        self.subscriptions = items.iter().map(|item| (item.jid.clone(), item.subscription)).collect();
    }
}

impl Context {
    /// The whole roster came; with a version where the server can be asked by that.
    pub(super) fn roster_came(&mut self, roster: Roster, versioned: bool) {
        self.contacts.set(&roster.items);
        let ver = roster.ver.filter(|_| versioned);
        if ver.is_some() || self.contacts.ver.is_some() {
            let kept = ver.clone().map(|ver| KeptRoster { ver, items: roster.items.clone() });
            self.store(Change::Roster(kept));
        }
        self.contacts.ver = ver;
        self.event(Event::Roster(roster.items));
        let open: Vec<BareJid> = self.contacts.requests.keys().cloned().collect();
        for jid in open {
            self.answered_elsewhere(&jid);
        }
    }

    /// A part of the roster has changed.
    pub(super) fn roster_pushed(&mut self, push: Roster) {
        match (self.contacts.ver.take(), push.ver) {
            (Some(after), Some(ver)) => {
                self.contacts.ver = Some(ver.clone());
                self.store(Change::RosterPush(KeptPush { after, ver, items: push.items.clone() }));
            }
            // What the disk has would be wrong from now on.
            (Some(_), None) => drop(self.store(Change::Roster(None))),
            (None, _) => {}
        }
        for item in push.items {
            if item.subscription == Subscription::Remove {
                self.contacts.subscriptions.remove(&item.jid);
                self.event(Event::RosterRemoved(item.jid));
            } else {
                let jid = item.jid.clone();
                self.contacts.subscriptions.insert(jid.clone(), item.subscription);
                self.event(Event::RosterItem(item));
                self.answered_elsewhere(&jid);
            }
        }
    }

    /// Somebody asks to see our presence. Who asks again is no news, and neither is who sees us already.
    pub(super) fn subscription_requested(&mut self, from: BareJid, status: Option<String>) {
        let sees_us = self.contacts.subscription(&from).is_some_and(Subscription::sees_us);
        if sees_us || self.contacts.asks(&from) || self.contacts.requests.len() >= REQUESTS {
            return;
        }
        let request = SubscriptionRequest { from: from.clone(), status, at: self.now.wall };
        self.contacts.requests.insert(from, request.clone());
        self.store(Change::SubscriptionRequest(request.clone()));
        self.event(Event::SubscriptionRequested(request));
    }

    /// They were answered, or ask no more.
    pub(super) fn subscription_answered(&mut self, jid: &BareJid) {
        if self.contacts.requests.remove(jid).is_some() {
            self.store(Change::SubscriptionAnswered(jid.clone()));
            self.event(Event::SubscriptionAnswered(jid.clone()));
        }
    }

    /// Another client of ours may have let them.
    fn answered_elsewhere(&mut self, jid: &BareJid) {
        if self.contacts.subscription(jid).is_some_and(Subscription::sees_us) {
            self.subscription_answered(jid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Output;
    use crate::account::testing::context;

    /// How many of the outputs are for the disk.
    fn stored(context: &mut Context) -> usize {
        std::iter::from_fn(|| context.poll()).filter(|output| matches!(output, Output::Store(..))).count()
    }

    #[test]
    fn a_flood_of_requests_is_heard_up_to_a_bound_and_then_again_when_one_is_answered() {
        let mut context = context();
        let who = |number: usize| BareJid::new(&format!("t{number}@verona.example")).unwrap();
        for _ in 0..3 {
            (0..1_000).for_each(|number| context.subscription_requested(who(number), None));
        }
        assert_eq!((stored(&mut context), context.contacts.requests.len()), (REQUESTS, REQUESTS));
        context.subscription_answered(&who(7));
        context.subscription_requested(who(2_000), None);
        assert_eq!(stored(&mut context), 2);
        assert!(!context.contacts.asks(&who(7)) && context.contacts.asks(&who(2_000)));
    }
}
