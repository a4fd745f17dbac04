//! What a session and its messages are when they are read again.

use xmppd_core::account::{KeptSession, Known};

use super::*;
use crate::store::{Change, KeptAccount};
use crate::testing::Folder;

async fn check(location: Option<(String, u16)>) {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let account = KeptAccount { name: "home".into(), jid: "a@b".into(), resource: "xmppd.1".into() };
    let kept = KeptSession {
        jid: FullJid::new("a@b/xmppd.1").unwrap(),
        previd: "sm-1".into(),
        max: Some(Duration::from_secs(600)),
        client_state: location.is_some(),
        pre_approval: location.is_none(),
        hidden: location.is_some(),
        location,
        handled: u32::MAX,
        at: Wall::from_unix_millis(1_790_000_000_000),
    };
    let session = Change::Session { account: "home".into(), session: Some(kept.clone()) };
    store.apply(vec![Change::Account(account), session]).await.unwrap();
    store.close().await;
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.session("home".into()).await.unwrap(), Some(kept));
    let at = Wall::from_unix_millis(1_790_000_000_500);
    store
        .apply(vec![Change::Handled { account: "home".into(), handled: 0, at, known: Known::default() }])
        .await
        .unwrap();
    let later = store.session("home".into()).await.unwrap().unwrap();
    assert_eq!((later.handled, later.at), (0, at));
    store.apply(vec![Change::Session { account: "home".into(), session: None }]).await.unwrap();
    assert_eq!(store.session("home".into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_session_is_found_as_it_was_kept() {
    check(None).await;
    check(Some(("node7.verona.example".into(), 5299))).await;
    check(Some(("2001:db8::7".into(), u16::MAX))).await;
}

#[tokio::test]
async fn a_message_that_was_set_aside_and_is_sent_again_is_behind_all_others() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let account = || "home".to_owned();
    let home = KeptAccount { name: account(), jid: "a@b".into(), resource: "xmppd.1".into() };
    let message = |id: &str, position| KeptMessage {
        id: id.into(),
        to: Jid::new("hall@rooms.b").unwrap(),
        position,
        tried: false,
        chosen: None,
        returned: 0,
        replaces: None,
        stanza: format!("<message type='groupchat' id='{id}'/>"),
        origin: Origin { at: Wall::from_unix_millis(7), after: None },
    };
    let keep = |id, position| Change::Message { account: account(), message: message(id, position), filed: None };
    store.apply(vec![Change::Account(home), keep("1", None), keep("2", None), keep("3", None)]).await.unwrap();
    let aside = Change::SetAside { account: account(), id: "1".into(), aside: Aside::Failed, reason: "x".into() };
    // What is only given another place stays where it was.
    store.apply(vec![aside, keep("2", Some(5)), keep("1", None), keep("4", None)]).await.unwrap();
    store.close().await;
    let store = Store::open(folder.path()).unwrap();
    let waiting = store.messages(account(), 10).await.unwrap();
    let ids: Vec<String> = waiting.messages.into_iter().map(|message| message.id).collect();
    assert_eq!(ids, ["2", "3", "1", "4"]);
}
