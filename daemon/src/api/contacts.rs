//! The roster's verbs: each asks the server, waits until it has done it, and answers with the contact as it is then.

use std::sync::Arc;
use std::time::Duration;

use jid::BareJid;
use tokio::time::timeout;
use xmppd_core::account::{Command, Outcome, Question, Subscribing};
use xmppd_core::stanza::ping;
use xmppd_core::stanza::roster::{Item, Roster, Subscription};
use xmppd_core::text;
use xmppd_proto::reply::{self, AccountRoster, Contact, RosterReport};
use xmppd_proto::request::{
    RosterAdd, RosterApprove, RosterDeny, RosterGroup, RosterRemove, RosterRename, RosterSubscribe, RosterUnsubscribe,
};
use xmppd_proto::{Failure, Kind, State, Topic, Topics};

use super::account::order;
use super::desk::{Desk, WAIT, failed};
use super::message::address;
use crate::account::Handle;

/// The server did what it was asked, and shows it this long after at the latest.
const SHOWN_WITHIN: Duration = WAIT;

/// So many groups of a contact fit into what any server takes as one stanza.
const GROUPS: usize = 50;

/// Somebody as one account sees them.
struct Place {
    account: String,
    handle: Handle,
    jid: BareJid,
}

impl Desk {
    /// Puts somebody into the roster and asks to see them. Who was let see us is in it already, and is no conflict.
    pub(super) async fn roster_add(&self, params: RosterAdd) -> Result<RosterReport, Failure> {
        let place = self.place(params.account, &params.jid).await?;
        let known = self.find(&place).await?;
        if known.as_ref().is_some_and(|contact| is_seen(contact) || contact.ask.is_some()) {
            let hint = "`xmppctl roster rename` and `xmppctl roster group` change a contact";
            return Err(Failure::new(Kind::Conflict, format!("{} is a contact already", place.jid)).with_hint(hint));
        }
        let mut item = known.map_or_else(|| Item::new(place.jid.clone()), |contact| item(&place.jid, contact));
        if let Some(name) = params.name {
            item.name = line(&name);
        }
        for group in &params.groups {
            join(&mut item, group)?;
        }
        self.set(&place, &item).await?;
        if params.no_subscribe {
            return self.shown(&place, |contact| contact.is_some()).await;
        }
        self.tell(&place, Subscribing::Subscribe).await?;
        self.shown(&place, |contact| contact.is_some_and(|it| it.ask.is_some() || is_seen(it))).await
    }

    /// Removes a contact; the server ends the subscriptions (RFC 6121 section 2.5).
    pub(super) async fn roster_remove(&self, params: RosterRemove) -> Result<RosterReport, Failure> {
        let place = self.place(params.account, &params.jid).await?;
        self.get(&place).await?;
        self.set(&place, &Item { subscription: Subscription::Remove, ..Item::new(place.jid.clone()) }).await?;
        self.shown(&place, |contact| contact.is_none()).await
    }

    /// Gives a contact another name, or none.
    pub(super) async fn roster_rename(&self, params: RosterRename) -> Result<RosterReport, Failure> {
        let place = self.place(params.account, &params.jid).await?;
        let name = line(&params.name);
        let item = Item { name: name.clone(), ..item(&place.jid, self.get(&place).await?) };
        self.set(&place, &item).await?;
        self.shown(&place, move |contact| contact.is_some_and(|contact| contact.name == name)).await
    }

    /// Puts a contact into groups and takes it out of others.
    pub(super) async fn roster_group(&self, params: RosterGroup) -> Result<RosterReport, Failure> {
        if params.add.is_empty() && params.remove.is_empty() {
            return Err(Failure::usage("no group is named").with_hint("write +GROUP to enter one, -GROUP to leave one"));
        }
        let place = self.place(params.account, &params.jid).await?;
        let mut item = item(&place.jid, self.get(&place).await?);
        item.groups.retain(|group| !params.remove.contains(group));
        for group in &params.add {
            join(&mut item, group)?;
        }
        self.set(&place, &item).await?;
        let groups = item.groups;
        let are_so = move |contact: Option<&Contact>| {
            contact.is_some_and(|it| {
                it.groups.len() == groups.len() && groups.iter().all(|group| it.groups.contains(group))
            })
        };
        self.shown(&place, are_so).await
    }

    /// Asks to see a contact's presence. A request that is open is made again: it may have been overlooked.
    pub(super) async fn roster_subscribe(&self, params: RosterSubscribe) -> Result<RosterReport, Failure> {
        let place = self.place(params.account, &params.jid).await?;
        if !is_seen(&self.get(&place).await?) {
            self.tell(&place, Subscribing::Subscribe).await?;
        }
        self.shown(&place, |contact| contact.is_some_and(|it| it.ask.is_some() || is_seen(it))).await
    }

    /// Ends seeing a contact's presence, or takes the request back.
    pub(super) async fn roster_unsubscribe(&self, params: RosterUnsubscribe) -> Result<RosterReport, Failure> {
        let place = self.place(params.account, &params.jid).await?;
        self.get(&place).await?;
        self.tell(&place, Subscribing::Unsubscribe).await?;
        self.shown(&place, |contact| contact.is_none_or(|it| it.ask.is_none() && !is_seen(it))).await
    }

    /// Lets somebody see us.
    pub(super) async fn roster_approve(&self, params: RosterApprove) -> Result<RosterReport, Failure> {
        let place = self.place(params.account, &params.jid).await?;
        let contact = self.find(&place).await?;
        let asked = self.asks(&place).await?;
        if !contact.as_ref().is_some_and(|it| it.approved || sees_us(it)) {
            self.tell(&place, Subscribing::Approve).await?;
        }
        // That somebody is approved beforehand servers need not show (Prosody does not), only that they are a contact.
        self.shown(&place, move |contact| contact.is_some_and(|it| !asked || sees_us(it))).await
    }

    /// Does not let somebody see us, or not any longer.
    pub(super) async fn roster_deny(&self, params: RosterDeny) -> Result<RosterReport, Failure> {
        let place = self.place(params.account, &params.jid).await?;
        let may_see = |contact: Option<&Contact>| contact.is_some_and(|it| it.approved || sees_us(it));
        let contact = self.find(&place).await?;
        if !may_see(contact.as_ref()) && !self.asks(&place).await? {
            let message = format!("{} neither sees you nor asks to", place.jid);
            // Some servers do not show who is approved beforehand.
            let hint = "`xmppctl roster pending` lists who asks; `xmppctl roster remove` takes an approval back, too";
            return Err(Failure::new(Kind::NotFound, message).with_hint(hint));
        }
        self.tell(&place, Subscribing::Deny).await?;
        self.shown(&place, move |contact| !may_see(contact)).await
    }

    /// The one account that is meant, and who.
    async fn place(&self, account: Option<String>, jid: &str) -> Result<Place, Failure> {
        let jid = address(jid)?.to_bare();
        let (account, handle) = self.one(account).await?;
        Ok(Place { account, handle, jid })
    }

    /// The contact, who has to be one.
    async fn get(&self, place: &Place) -> Result<Contact, Failure> {
        self.find(place).await?.ok_or_else(|| unknown(&place.jid))
    }

    /// The contact, if it is one. Right after a login the roster may be on its way: an answer to a question that is
    /// asked now comes behind it.
    async fn find(&self, place: &Place) -> Result<Option<Contact>, Failure> {
        if let Some(contact) = self.look_up(place).await? {
            return Ok(Some(contact));
        }
        let question = Question { to: None, set: false, payload: ping::request() };
        let outcome = order(&place.handle, |ticket| Command::Ask(ticket, question)).await?;
        // An error is an answer, too.
        let (Outcome::Answer(_) | Outcome::Refused(_)) = outcome else { return Err(refusal(&place.account, outcome)) };
        self.look_up(place).await
    }

    async fn look_up(&self, place: &Place) -> Result<Option<Contact>, Failure> {
        let (account, jid) = (place.account.clone(), place.jid.to_string());
        self.hub.read(move |state, _| state.contact(&account, &jid).cloned()).await
    }

    /// Whether they ask to see us.
    async fn asks(&self, place: &Place) -> Result<bool, Failure> {
        let (account, jid) = (place.account.clone(), place.jid.to_string());
        self.hub
            .read(move |state, _| {
                let mut rosters = state.roster.accounts.iter().filter(|roster| roster.account == account);
                rosters.any(|roster| roster.requests.iter().any(|request| request.jid == jid))
            })
            .await
    }

    async fn set(&self, place: &Place, item: &Item) -> Result<(), Failure> {
        let question = Question { to: None, set: true, payload: Roster::change(item) };
        let outcome = order(&place.handle, |ticket| Command::Ask(ticket, question)).await?;
        let Outcome::Answer(_) = outcome else { return Err(refusal(&place.account, outcome)) };
        Ok(())
    }

    async fn tell(&self, place: &Place, what: Subscribing) -> Result<(), Failure> {
        let jid = place.jid.clone();
        let outcome = order(&place.handle, move |ticket| Command::Subscribe(ticket, jid, what)).await?;
        if outcome == Outcome::Unsupported {
            let message = format!("{} has not asked to see you, and the server cannot remember it", place.jid);
            return Err(Failure::new(Kind::Unsupported, message)
                .with_hint("approve it once `xmppctl roster pending` or `xmppctl watch roster` shows the request"));
        }
        let Outcome::Done = outcome else { return Err(refusal(&place.account, outcome)) };
        Ok(())
    }

    /// Waits until the server shows the contact so, and answers with it.
    async fn shown(&self, place: &Place, is_so: impl Fn(Option<&Contact>) -> bool) -> Result<RosterReport, Failure> {
        let jid = place.jid.to_string();
        let shown = async {
            let contact = self.look_up(place).await?;
            if is_so(contact.as_ref()) {
                return Ok::<_, Failure>(contact);
            }
            let mut state = State::default();
            let mut changes = self.hub.subscribe(Topics::of(&[Topic::Roster])).await?;
            loop {
                let Some(change) = changes.recv().await else {
                    // This watcher lagged too far behind, or the daemon is ending.
                    changes = self.hub.subscribe(Topics::of(&[Topic::Roster])).await?;
                    continue;
                };
                state.apply(Arc::unwrap_or_clone(change));
                if is_so(state.contact(&place.account, &jid)) {
                    return Ok(state.contact(&place.account, &jid).cloned());
                }
            }
        };
        let late = || {
            Failure::new(Kind::TimedOut, "the server has taken it, but does not show it yet")
                .with_hint(format!("`xmppctl roster show {jid}` shows what it says"))
        };
        let contact = timeout(SHOWN_WITHIN, shown).await.map_err(|_| late())??;
        let contacts = contact.into_iter().collect();
        let account = AccountRoster { account: place.account.clone(), contacts, requests: Vec::new() };
        Ok(RosterReport { accounts: vec![account] })
    }
}

/// The failure behind an outcome that is not the one that was hoped for, with a way out.
pub(super) fn refusal(account: &str, outcome: Outcome) -> Failure {
    let failure = failed(account, outcome);
    let hint = if failure.kind == Kind::TimedOut {
        "try again; `xmppctl doctor` says how the connection stands"
    } else {
        "`xmppctl xml watch --pretty` shows what the server says to it"
    };
    if failure.hint.is_some() { failure } else { failure.with_hint(hint) }
}

/// There is no such contact.
pub(super) fn unknown(jid: &BareJid) -> Failure {
    Failure::new(Kind::NotFound, format!("{jid} is not in the roster"))
        .with_hint(format!("`xmppctl roster` lists who is; `xmppctl roster add {jid}` adds"))
}

/// The contact as the server is to have it.
fn item(jid: &BareJid, contact: Contact) -> Item {
    Item { name: contact.name, groups: contact.groups, ..Item::new(jid.clone()) }
}

fn join(item: &mut Item, group: &str) -> Result<(), Failure> {
    let group = line(group).ok_or_else(|| Failure::usage("a group needs a name"))?;
    if item.groups.contains(&group) {
        return Ok(());
    }
    if item.groups.len() >= GROUPS {
        let way_out = format!("a contact may be in {GROUPS}; leave one with -GROUP");
        return Err(Failure::usage("these are too many groups").with_hint(way_out));
    }
    item.groups.push(group);
    Ok(())
}

fn line(text: &str) -> Option<String> {
    text::line(text, text::STATUS)
}

fn is_seen(contact: &Contact) -> bool {
    match contact.subscription {
        reply::Subscription::To | reply::Subscription::Both => true,
        reply::Subscription::None | reply::Subscription::From => false,
    }
}

fn sees_us(contact: &Contact) -> bool {
    match contact.subscription {
        reply::Subscription::From | reply::Subscription::Both => true,
        reply::Subscription::None | reply::Subscription::To => false,
    }
}
