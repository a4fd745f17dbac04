//! What the store promises: durability, order, one transaction a group, and damage left as it is.

mod disk;
mod life;
mod machine;
mod requests;
mod sweep;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use jid::Jid;
use rusqlite::Connection;
use xmppd_core::account::{Aside, Border, KeptMessage, Known, Origin, Returned};
use xmppd_core::players::{Hold, Skipped};
use xmppd_core::presence::Show;
use xmppd_core::time::Wall;

use super::*;
use crate::testing::Folder;

fn account(name: &str, jid: &str, resource: &str) -> Change {
    Change::Account(KeptAccount { name: name.into(), jid: jid.into(), resource: resource.into() })
}

fn dnd(account: &str) -> Change {
    let presence = BasePresence { show: Show::Dnd, status: Some("Good night".into()), priority: Some(-3) };
    Change::BasePresence { account: account.into(), presence }
}

fn tune_out(account: &str, is_out: bool) -> Change {
    Change::TuneOut { account: account.into(), is_out }
}

#[tokio::test]
async fn what_is_answered_is_there_after_a_restart() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let changes = vec![
        account("home", "a@b", "xmppd.1"),
        dnd("home"),
        tune_out("home", true),
        Change::TuneSwitch(false),
        Change::Setting { key: "k", value: "v".into() },
    ];
    store.apply(changes).await.unwrap();
    store.close().await;

    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.account("home".into()).await.unwrap().unwrap().resource, "xmppd.1");
    let presence = store.base_presence("home".into()).await.unwrap().unwrap();
    assert_eq!(
        (presence.show, presence.status.as_deref(), presence.priority),
        (Show::Dnd, Some("Good night"), Some(-3))
    );
    assert_eq!(store.tunes_out().await.unwrap(), ["home"]);
    assert_eq!(store.tune_switch().await.unwrap(), Some(false));
    assert_eq!(store.setting("k").await.unwrap().as_deref(), Some("v"));
    assert_eq!(store.setting("absent").await.unwrap(), None);
    assert_eq!(store.account("absent".into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_hold_a_pin_and_a_skip_are_kept_until_they_are_taken_back() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!((store.tune_hold().await, store.tune_pin().await), (Ok(None), Ok(None)));
    let until = Hold::Until(Wall::from_unix_millis(1_795_370_400_123));
    for hold in [Some(Hold::Open), Some(until), None] {
        let pin = hold.map(|_| "vlc.instance9".to_owned());
        let skip = hold.map(|_| Skipped { id: ":1.7".into(), song: "Ada\nTide\n\n\n".into() });
        let changes = vec![Change::TuneHold(hold), Change::TunePin(pin.clone()), Change::TuneSkip(skip.clone())];
        store.apply(changes).await.unwrap();
        assert_eq!((store.tune_hold().await, store.tune_pin().await), (Ok(hold), Ok(pin)));
        assert_eq!(store.tune_skip().await, Ok(skip));
    }
}

#[tokio::test]
async fn the_same_account_keeps_its_things_and_another_jid_does_not_inherit_them() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    store.apply(vec![account("home", "a@b", "1"), dnd("home"), tune_out("home", true)]).await.unwrap();
    store.apply(vec![account("home", "a@b", "2")]).await.unwrap();
    assert!(store.base_presence("home".into()).await.unwrap().is_some());
    store.apply(vec![account("home", "c@d", "3")]).await.unwrap();
    assert_eq!(store.base_presence("home".into()).await.unwrap(), None);
    assert!(store.tunes_out().await.unwrap().is_empty());
}

#[tokio::test]
async fn how_far_the_archive_is_known_and_the_last_names_are_there_after_a_restart() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    store.apply(vec![account("home", "a@b", "1"), account("work", "c@d", "1")]).await.unwrap();
    assert_eq!(store.border("home".into()).await.unwrap(), None);
    let border = |id: Option<&str>| Border { id: id.map(str::to_owned), at: Wall::from_unix_millis(7) };
    let known = |names: std::ops::Range<u32>, id| {
        let told = names.map(|name| name.to_string()).collect();
        Change::Known { account: "home".into(), known: Known { border: Some(border(id)), told, ..Known::default() } }
    };
    store.apply(vec![known(0..300, None)]).await.unwrap();
    assert_eq!(store.border("home".into()).await.unwrap(), Some(border(None)));
    store.apply(vec![known(200..600, Some("a-1"))]).await.unwrap();
    store.close().await;

    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.border("home".into()).await.unwrap(), Some(border(Some("a-1"))));
    let told = store.told("home".into()).await.unwrap();
    assert_eq!(told, (100..600).map(|name: u32| name.to_string()).collect::<Vec<_>>());
    assert!(store.told("work".into()).await.unwrap().is_empty());
}

#[tokio::test]
async fn requests_take_effect_in_the_order_of_their_calls() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let numbered = |number: u32| vec![Change::Setting { key: "n", value: number.to_string() }];
    let answers: Vec<_> = (0..500).map(|number| store.apply(numbered(number))).collect();
    let between = store.setting("n");
    let last = store.apply(numbered(1_000));
    assert_eq!(between.await.unwrap().as_deref(), Some("499"));
    for answer in answers {
        answer.await.unwrap();
    }
    last.await.unwrap();
    assert_eq!(store.setting("n").await.unwrap().as_deref(), Some("1000"));
}

#[tokio::test]
async fn a_closed_store_and_a_full_queue_are_answers() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let other = store.clone();
    store.close().await;
    assert_eq!(other.apply(vec![Change::TuneSwitch(true)]).await, Err(StoreError::Closed));
    assert_eq!(other.tune_switch().await, Err(StoreError::Closed));

    let (requests, _queue) = mpsc::channel(1);
    let stuck = Store { requests };
    let _waiting = stuck.apply(Vec::new());
    assert_eq!(stuck.apply(Vec::new()).await, Err(StoreError::Busy));
}

#[test]
fn a_request_that_fails_is_undone_alone() {
    let folder = Folder::new();
    let mut database = Database::open(folder.path()).unwrap();
    let requests =
        [vec![account("home", "a@b", "1")], vec![Change::TuneSwitch(true), dnd("nobody")], vec![dnd("home")]];
    let answers = database.apply(&requests);
    assert!(matches!(&answers[..], [Ok(()), Err(StoreError::Failed(_)), Ok(())]), "{answers:?}");
    let count = |table: &str| -> u32 {
        database.connection().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("setting"), count("base_presence")), (0, 1));
}

#[test]
fn a_full_disk_is_told_and_recovered_from() {
    let folder = Folder::new();
    let mut database = Database::open(folder.path()).unwrap();
    let big = [vec![Change::Setting { key: "big", value: "x".repeat(1_000_000) }]];
    let limit = |database: &Database, pages: u32| {
        database.connection().pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    };
    limit(&database, 20);
    assert_eq!(database.apply(&big), [Err(StoreError::Full)]);
    assert_eq!(database.apply(&[vec![Change::TuneSwitch(true)]]), [Ok(())]);
    limit(&database, 1_000_000);
    assert_eq!(database.apply(&big), [Ok(())]);
}

#[test]
fn a_file_that_was_removed_or_replaced_is_noticed() {
    let folder = Folder::new();
    let mut database = Database::open(folder.path()).unwrap();
    let change = [vec![Change::TuneSwitch(true)]];
    assert_eq!(database.apply(&change), [Ok(())]);
    fs::rename(folder.path().join("state.db"), folder.path().join("aside")).unwrap();
    assert_eq!(database.apply(&change), [Err(StoreError::Moved)]);
    folder.write("state.db", 0o600, "");
    assert_eq!(database.apply(&change), [Err(StoreError::Moved)]);
}

#[test]
fn the_file_is_private_and_safe_by_its_settings() {
    let folder = Folder::new();
    let mut database = Database::open(folder.path()).unwrap();
    assert_eq!(database.apply(&[vec![Change::TuneSwitch(true)]]), [Ok(())]);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let pragma = |name| -> String {
        database
            .connection()
            .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
            .map(|value| format!("{value:?}"))
            .unwrap()
    };
    assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
    assert_eq!((pragma("synchronous"), pragma("foreign_keys")), ("Integer(2)".into(), "Integer(1)".into()));
    assert_eq!((pragma("mmap_size"), pragma("wal_autocheckpoint")), ("Integer(0)".into(), "Integer(256)".into()));
}

/// A closed database with something in it.
fn written(folder: &Folder) -> std::path::PathBuf {
    let mut database = Database::open(folder.path()).unwrap();
    for number in 0..50 {
        let name = format!("account{number}");
        assert_eq!(database.apply(&[vec![account(&name, "a@b", &"x".repeat(500)), dnd(&name)]]), [Ok(())]);
    }
    database.close();
    folder.path().join("state.db")
}

/// The file is refused as `is_expected` says and is byte for byte what it was.
fn check_refused(folder: &Folder, is_expected: impl Fn(&OpenError) -> bool) {
    let content = || ["state.db", "state.db-wal"].map(|name| fs::read(folder.path().join(name)).unwrap_or_default());
    let before = content();
    let Err(error) = Database::open(folder.path()) else { panic!("it was opened") };
    assert!(is_expected(&error) && !error.hint().is_empty(), "{error}");
    assert!(content() == before, "the file was written to");
}

/// What a killed daemon leaves: the file and its write-ahead log, not folded in.
fn killed() -> Folder {
    let (live, left) = (Folder::new(), Folder::new());
    let mut database = Database::open(live.path()).unwrap();
    assert_eq!(database.apply(&[vec![account("home", "a@b", "1"), dnd("home")]]), [Ok(())]);
    for name in ["state.db", "state.db-wal"] {
        fs::copy(live.path().join(name), left.path().join(name)).unwrap();
    }
    left
}

#[test]
fn what_a_killed_daemon_leaves_is_whole_and_not_touched_when_refused() {
    let folder = killed();
    let database = Database::open(folder.path()).unwrap();
    let count: u32 =
        database.connection().query_row("SELECT count(*) FROM base_presence", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);

    let folder = killed();
    let connection = Connection::open(folder.path().join("state.db")).unwrap();
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    connection.pragma_update(None, "user_version", 3).unwrap();
    drop(connection);
    check_refused(&folder, |error| matches!(error, OpenError::Newer { found: 3, .. }));
}

#[test]
fn damage_is_found_and_nothing_is_overwritten() {
    let is_damaged = |error: &OpenError| matches!(error, OpenError::Damaged { .. });
    let damages: [fn(&mut Vec<u8>); 6] = [
        |bytes| bytes[..16].fill(b'?'),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes.truncate(50),
        |bytes| bytes[4096..8192].fill(0),
        |bytes| bytes[100] ^= 0xff,
        |bytes| *bytes = b"this is no database, but a text of some length".repeat(20),
    ];
    for damage in damages {
        let folder = Folder::new();
        let path = written(&folder);
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::write(&path, bytes).unwrap();
        check_refused(&folder, is_damaged);
    }
}

#[test]
fn a_newer_or_foreign_database_is_refused() {
    let folder = Folder::new();
    let path = written(&folder);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    check_refused(&folder, |error| matches!(error, OpenError::Newer { found: 99, known: 2, .. }));

    let folder = Folder::new();
    Connection::open(folder.path().join("state.db")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    check_refused(&folder, |error| error.to_string().contains("not one of xmppd's"));
}

#[test]
fn an_empty_file_is_a_new_database_and_a_link_is_refused() {
    let folder = Folder::new();
    folder.write("state.db", 0o600, "");
    Database::open(folder.path()).unwrap();

    let other = Folder::new();
    std::os::unix::fs::symlink(folder.path().join("state.db"), other.path().join("state.db")).unwrap();
    assert!(matches!(Database::open(other.path()), Err(OpenError::Unusable { .. })));
}

#[tokio::test]
async fn a_message_that_comes_back_has_its_old_place_and_is_in_no_doubt() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let name = || "home".to_owned();
    let message = |id: &str, position| KeptMessage {
        id: id.into(),
        to: Jid::new("juliet@verona.example").unwrap(),
        position,
        tried: false,
        chosen: None,
        returned: 0,
        replaces: None,
        stanza: format!("<message id='{id}'/>"),
        origin: Origin { at: Wall::from_unix_millis(1_790_000_000_000), after: None },
    };
    let keep = |id: &str| Change::Message { account: name(), message: message(id, Some(1)), filed: None };
    let owner = KeptAccount { name: name(), jid: "a@b".into(), resource: "xmppd.1".into() };
    store.apply(vec![Change::Account(owner), keep("a"), keep("b")]).await.unwrap();
    let (ids, names) = (vec!["a".to_owned(), "b".to_owned()], vec!["mine a".to_owned()]);
    store.apply(vec![Change::Arrived { account: name(), ids, names }]).await.unwrap();
    let taken = store.messages_taken(name()).await.unwrap();
    let known: Vec<_> = taken.iter().map(|message| (message.id.as_str(), message.stanza.as_str())).collect();
    // Nothing of their text is kept where there is no history.
    assert_eq!(known, [("a", ""), ("b", "")]);
    store.apply(vec![keep("c")]).await.unwrap();
    let returned = |id: &str, has_failed, forgets| {
        let message = KeptMessage { returned: 1, ..message(id, None) };
        let returned = Box::new(Returned { message, reason: "gone".into(), has_failed, forgets });
        Change::Returned { account: name(), returned }
    };
    store.apply(vec![returned("b", false, None), returned("a", true, Some("mine a".into()))]).await.unwrap();
    let waiting = store.messages(name(), 10).await.unwrap().messages;
    let waiting: Vec<_> = waiting.iter().map(|message| (message.id.as_str(), message.tried)).collect();
    assert_eq!(waiting, [("b", false), ("c", true)]);
    let failed = store.aside(name(), "a".into()).await.unwrap().unwrap();
    assert_eq!((failed.aside, failed.reason.as_str(), failed.message.tried), (Aside::Failed, "gone", false));
    assert!(store.messages_taken(name()).await.unwrap().is_empty());
    assert!(store.told(name()).await.unwrap().is_empty());
}
