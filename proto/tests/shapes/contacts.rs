//! What is asked and told of contacts: the roster's verbs, subscriptions, the block list.

use xmppd_proto::reply::*;
use xmppd_proto::request::*;
use xmppd_proto::{Change, Event, RosterChange, State};

use super::{at, check, check_request, some};

fn request() -> SubscriptionRequest {
    SubscriptionRequest {
        jid: "paris@verona.example".into(),
        status: some("Good Capulet's choice"),
        since: at("2026-11-22T18:00:00Z"),
    }
}

#[test]
fn what_is_asked_of_contacts_keeps_its_shape() {
    let (jid, account) = ("paris@verona.example".to_owned(), some("home"));
    check_request("roster.show", &RosterShow { jid: jid.clone(), account: account.clone() });
    let (name, groups) = (some("Paris"), vec!["Suitors".to_owned()]);
    check_request(
        "roster.add",
        &RosterAdd { jid: jid.clone(), name, groups: groups.clone(), no_subscribe: true, account: account.clone() },
    );
    check_request("roster.remove", &RosterRemove { jid: jid.clone(), account: account.clone() });
    let name = "County Paris".to_owned();
    check_request("roster.rename", &RosterRename { jid: jid.clone(), name, account: account.clone() });
    let remove = vec!["Guests".to_owned()];
    check_request("roster.group", &RosterGroup { jid: jid.clone(), add: groups, remove, account: account.clone() });
    check_request("roster.pending", &RosterPending { account: account.clone() });
    check_request("roster.approve", &RosterApprove { jid: jid.clone(), account: account.clone() });
    check_request("roster.deny", &RosterDeny { jid: jid.clone(), account: account.clone() });
    check_request("roster.subscribe", &RosterSubscribe { jid: jid.clone(), account: account.clone() });
    check_request("roster.unsubscribe", &RosterUnsubscribe { jid: jid.clone(), account: account.clone() });
    check_request("block.list", &BlockListing { account: account.clone() });
    check_request("block.add", &BlockAdd { jid: jid.clone(), account: account.clone() });
    check_request("block.remove", &BlockRemove { jid, account });
}

#[test]
fn what_is_told_of_contacts_keeps_its_shape() {
    let outgoing = vec![PendingContact { jid: "rosaline@verona.example".into(), name: some("Rosaline") }];
    let pending = AccountPending { account: "home".into(), incoming: vec![request()], outgoing };
    check("reply/roster.pending", &PendingReport { accounts: vec![pending] });
    let blocked = AccountBlocked { account: "home".into(), blocked: vec!["spam.example".into()] };
    check("reply/block.list", &BlockReport { accounts: vec![blocked] });
    let contact = Contact {
        jid: "paris@verona.example".into(),
        name: None,
        groups: vec![],
        subscription: Subscription::None,
        ask: None,
        approved: true,
        resources: vec![],
        tune: None,
        personal: Personal::default(),
    };
    let roster = AccountRoster { account: "home".into(), contacts: vec![contact], requests: vec![] };
    check("reply/roster.show", &RosterReport { accounts: vec![roster] });
    let change = RosterChange {
        account: "home".into(),
        requests: vec![request()],
        answered: vec!["nurse@verona.example".into()],
        ..RosterChange::default()
    };
    check("event/roster-requests", &Event::new(1, Change::Roster(change)));
}

#[test]
fn requests_come_once_and_go_when_they_are_answered() {
    let mut state = State::default();
    let told = |requests, answered| {
        Change::Roster(RosterChange { account: "home".into(), requests, answered, ..RosterChange::default() })
    };
    let other = SubscriptionRequest { jid: "a@verona.example".into(), ..request() };
    state.apply(told(vec![request()], vec![]));
    state.apply(told(vec![other.clone(), request()], vec![]));
    assert_eq!(state.roster.accounts[0].requests, [request(), other.clone()]);
    state.apply(told(vec![], vec![request().jid]));
    assert_eq!(state.roster.accounts[0].requests, [other]);
}
