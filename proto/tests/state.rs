//! Both ends of the socket hold one picture: whoever applies every change knows what the hub knows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use xmppd_proto::reply::{AccountInfo, ConnectionState, Contact, Subscription, TuneReport};
use xmppd_proto::{
    Change, PresenceChange, RosterChange, Show, State, Timestamp, Topic, Topics, Tune, TuneChange, TuneState,
    UnreadChange,
};

fn contact(jid: &str) -> Contact {
    Contact {
        jid: jid.into(),
        name: None,
        groups: vec![],
        subscription: Subscription::Both,
        ask: None,
        approved: false,
        resources: vec![],
        tune: None,
        personal: xmppd_proto::reply::Personal::default(),
    }
}

fn roster(whole: bool, jids: &[&str], removed: &[&str]) -> Change {
    Change::Roster(RosterChange {
        account: "home".into(),
        contacts: jids.iter().map(|jid| contact(jid)).collect(),
        removed: removed.iter().map(|jid| (*jid).into()).collect(),
        whole,
        ..RosterChange::default()
    })
}

fn presence(jid: Option<&str>, resource: Option<&str>, show: Show) -> Change {
    Change::Presence(PresenceChange {
        account: "home".into(),
        jid: jid.map(Into::into),
        resource: resource.map(Into::into),
        show,
        ..PresenceChange::default()
    })
}

/// Applies the changes and compares the roster, written as `jid:resource=show,…` a contact.
fn check(changes: &[Change], expected: &str) {
    let mut state = State::default();
    changes.iter().cloned().for_each(|change| state.apply(change));
    let contacts = state.roster.accounts.iter().flat_map(|account| &account.contacts).map(|contact| {
        let resources: Vec<String> = contact
            .resources
            .iter()
            .map(|resource| format!("{}={}", resource.resource.as_deref().unwrap_or("-"), resource.show))
            .collect();
        format!("{}:{}", contact.jid, resources.join(","))
    });
    assert_eq!(contacts.collect::<Vec<_>>().join(" "), expected);
}

#[test]
fn contacts_are_sorted_replaced_and_removed() {
    check(&[roster(true, &["c", "a", "b"], &[])], "a: b: c:");
    check(&[roster(true, &["c", "a"], &[]), roster(false, &["b"], &["a", "x"])], "b: c:");
    check(&[roster(true, &["a", "b"], &[]), roster(true, &["b", "c", "c"], &[])], "b: c:");
}

#[test]
fn presence_is_kept_when_the_contact_is_changed() {
    let came = presence(Some("a"), Some("phone"), Show::Online);
    check(&[roster(true, &["a"], &[]), came.clone(), roster(false, &["a"], &[])], "a:phone=online");
    check(&[roster(true, &["a"], &[]), came.clone(), roster(true, &["b", "a"], &[])], "a:phone=online b:");
    check(&[came], "");
}

#[test]
fn resources_come_change_and_go() {
    let list = roster(true, &["a", "b"], &[]);
    let phone = presence(Some("a"), Some("phone"), Show::Online);
    let desk = presence(Some("a"), Some("desk"), Show::Dnd);
    let gateway = presence(Some("b"), None, Show::Online);
    let both = [list, phone, desk, gateway];
    let with = |last: Change| [&both[..], &[last]].concat();
    check(&both, "a:phone=online,desk=dnd b:-=online");
    check(&with(presence(Some("a"), Some("phone"), Show::Away)), "a:phone=away,desk=dnd b:-=online");
    check(&with(presence(Some("a"), Some("phone"), Show::Offline)), "a:desk=dnd b:-=online");
    check(&with(presence(Some("a"), Some("tv"), Show::Offline)), "a:phone=online,desk=dnd b:-=online");
    check(&with(presence(Some("a"), None, Show::Offline)), "a: b:-=online");
    check(&with(presence(Some("b"), None, Show::Offline)), "a:phone=online,desk=dnd b:");
    check(&with(presence(None, None, Show::Offline)), "a: b:");
}

#[test]
fn a_contacts_tune_is_not_ours() {
    let report = |title: &str| TuneReport {
        tune: Some(Tune { title: Some(title.into()), ..Tune::default() }),
        state: TuneState::Playing,
        ..TuneReport::default()
    };
    let mut state = State::default();
    state.apply(roster(true, &["a"], &[]));
    state.apply(Change::Tune(TuneChange { report: report("ours"), ..TuneChange::default() }));
    let theirs = TuneChange { account: Some("home".into()), jid: Some("a".into()), report: report("theirs") };
    state.apply(Change::Tune(theirs));
    assert_eq!(state.tune, report("ours"));
    assert_eq!(state.contact("home", "a").unwrap().tune.as_deref(), report("theirs").tune.as_ref());
}

#[test]
fn chats_that_nobody_has_read_are_counted_and_in_order() {
    let mut state = State::default();
    for (jid, unread) in [("juliet@c", 2), ("benvolio@m", 1), ("juliet@c", 3), ("nurse@c", 1), ("benvolio@m", 0)] {
        state.apply(Change::Unread(UnreadChange { account: "home".into(), jid: jid.into(), unread }));
    }
    let account = &state.unread.accounts[0];
    let chats: Vec<_> = account.chats.iter().map(|chat| (chat.jid.as_str(), chat.unread)).collect();
    assert_eq!((account.unread, chats), (4, vec![("juliet@c", 3), ("nurse@c", 1)]));
}

#[test]
fn an_account_has_a_roster_until_it_is_forgotten() {
    let info = AccountInfo {
        account: "home".into(),
        jid: "romeo@verona.example".into(),
        enabled: true,
        state: ConnectionState::Offline,
        since: Timestamp::UNIX_EPOCH,
        error: None,
        server: None,
        tls: None,
        auth: None,
        stream: None,
    };
    let mut state = State::default();
    state.apply(Change::Account(Box::new(info.clone())));
    state.apply(Change::Account(Box::new(AccountInfo { state: ConnectionState::Online, ..info })));
    assert_eq!(state.account.accounts.len(), 1);
    assert_eq!(state.account.accounts[0].state, ConnectionState::Online);
    assert_eq!(state.roster.accounts.len(), 1);
    state.forget("home");
    assert_eq!(state, State::default());
}

#[test]
fn a_snapshot_holds_the_watched_topics_alone() {
    let state = State::default();
    let keys = |topics: &[Topic]| {
        let value = serde_json::to_value(state.snapshot(Topics::of(topics))).unwrap();
        value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys(&[]), "account event outbox room roster seq status tune unread");
    assert_eq!(keys(&[Topic::Tune]), "event seq tune");
    assert_eq!(keys(&[Topic::Presence]), "event roster seq");
    assert_eq!(keys(&[Topic::Message]), "event seq unread");
}
