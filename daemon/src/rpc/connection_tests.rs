//! What a client may rely on, over a pair of sockets.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;
use xmppd_proto::reply::AccountStatus;
use xmppd_proto::{Change, Failure, Kind, PROTOCOL, Request, Topic, Topics};

use super::testing::{Session, request, said};
use crate::api::Asked;

/// Starts to watch and takes both the answer and the snapshot.
async fn watch(session: &mut Session, topics: &[Topic]) -> mpsc::Sender<Arc<Change>> {
    session.ask(1, "watch.start", json!({"topics": topics})).await;
    let Some(Asked::Subscribe(subscribed, reply)) = session.asked.recv().await else { panic!("a subscription") };
    assert_eq!(subscribed, Topics::of(topics));
    let (changes, subscription) = mpsc::channel(64);
    reply.send(subscription).unwrap();
    let told: Vec<Topic> = subscribed.iter().collect();
    assert_eq!(session.line().await, json!({"jsonrpc": "2.0", "id": 1, "result": {"topics": told}}));
    changes.send(Arc::new(Change::Snapshot(Box::default()))).await.unwrap();
    let snapshot = session.line().await;
    assert_eq!((&snapshot["params"]["event"], &snapshot["params"]["seq"]), (&json!("snapshot"), &json!(0)));
    for topic in [Topic::Status, Topic::Tune, Topic::Account] {
        assert_eq!(snapshot["params"].get(topic.as_str()).is_some(), subscribed.contains(topic), "{topic}");
    }
    changes
}

fn status() -> Arc<Change> {
    let report = json!({
        "account": "home", "jid": "romeo@verona.example", "connection": "offline", "delivery": "pending",
        "requested": {"show": "online", "priority": 0}, "effective": {"show": "online", "priority": 0}, "layers": [],
    });
    Arc::new(Change::Status(serde_json::from_value::<AccountStatus>(report).unwrap()))
}

#[tokio::test]
async fn answers_come_when_they_are_ready_and_carry_their_id() {
    let mut session = Session::start();
    session.ask(1, "wait", json!({"condition": "online"})).await;
    session.send("{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"method\":\"status\"}\n").await;
    let (waiting, wait) = session.call().await;
    let (status, reply) = session.call().await;
    assert_eq!((waiting.method(), status.method()), ("wait", "status"));
    reply.send(said("status")).unwrap();
    assert_eq!(session.line().await, json!({"jsonrpc": "2.0", "id": "b", "result": "status"}));
    wait.send(said("online")).unwrap();
    assert_eq!(session.line().await, json!({"jsonrpc": "2.0", "id": 1, "result": "online"}));
}

#[tokio::test]
async fn a_failure_carries_its_row_of_the_exit_table() {
    let mut session = Session::start();
    session.ask(7, "ping", json!({})).await;
    let failure = Failure::new(Kind::Refused, "refused").with_condition("not-allowed");
    session.call().await.1.send(Err(failure)).unwrap();
    let error = json!({"code": -32006, "message": "refused", "data": {
        "code": 6, "kind": "refused", "message": "refused", "condition": "not-allowed"
    }});
    assert_eq!(session.line().await, json!({"jsonrpc": "2.0", "id": 7, "error": error}));
}

#[tokio::test]
async fn another_protocol_version_is_refused() {
    let mut session = Session::start();
    for params in [json!({}), json!({"protocol": PROTOCOL})] {
        session.ask(1, "daemon.hello", params).await;
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(session.line().await["result"], json!({"protocol": PROTOCOL, "version": version}));
    }
    session.ask(2, "daemon.hello", json!({"protocol": PROTOCOL + 1})).await;
    assert_eq!(session.line().await["error"]["data"]["code"], 9);
}

#[tokio::test]
async fn a_bad_line_is_answered_and_the_connection_goes_on() {
    let mut session = Session::start();
    let mut check = async |line: &[u8], id: Value, code: i32| {
        let text = [line, b"\n"].concat();
        tokio::io::AsyncWriteExt::write_all(session.client.get_mut(), &text).await.unwrap();
        let answer = session.line().await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &json!(code)), "{answer}");
    };
    check(b"{", Value::Null, -32_700).await;
    check(b"\"\xc3\x28\"", Value::Null, -32_700).await;
    check(b"[]", Value::Null, -32_600).await;
    check(&b"[".repeat(100), Value::Null, -32_600).await;
    check(br#"{"jsonrpc":"2.0","id":3}"#, json!(3), -32_600).await;
    check(br#"{"jsonrpc":"2.0","id":4,"method":"nothing"}"#, json!(4), -32_601).await;
    check(br#"{"jsonrpc":"2.0","id":5,"method":"ping","params":{"jid":7}}"#, json!(5), -32_602).await;
    session.ask(6, "daemon.hello", json!({})).await;
    assert_eq!(session.line().await["result"]["protocol"], PROTOCOL);
}

#[tokio::test]
async fn a_notification_is_done_and_never_answered() {
    let mut session = Session::start();
    session.send("{\"jsonrpc\":\"2.0\",\"method\":\"tune.clear\"}\n").await;
    session.send("{\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}\n").await;
    let (request, reply) = session.call().await;
    assert_eq!(request.method(), "tune.clear");
    reply.send(said("cleared")).unwrap();
    session.half_close().await;
    assert_eq!(session.line().await, Value::Null);
}

#[tokio::test]
async fn a_client_that_sends_no_more_still_gets_its_answers() {
    let mut session = Session::start();
    session.ask(1, "wait", json!({"condition": "online"})).await;
    let last = request(2, "status", json!({}));
    session.send(last.trim_end()).await;
    session.half_close().await;
    let (_, wait) = session.call().await;
    session.call().await.1.send(said("status")).unwrap();
    assert_eq!(session.line().await["id"], 2);
    wait.send(said("online")).unwrap();
    assert_eq!(session.line().await["id"], 1);
    assert_eq!(session.line().await, Value::Null);
    session.connection.await.unwrap();
    assert_eq!(session.counts.connected(), 0);
}

#[tokio::test]
async fn a_client_that_is_gone_ends_its_waits_and_nothing_else() {
    for half_closed in [false, true] {
        let mut session = Session::start();
        session.ask(1, "wait", json!({"condition": "online"})).await;
        session.ask(2, "status.set", json!({"show": "dnd"})).await;
        let (_, mut wait) = session.call().await;
        let (request, reply) = session.call().await;
        assert!(matches!(request, Request::StatusSet(_)));
        if half_closed {
            session.half_close().await;
        }
        drop(session.client);
        wait.closed().await;
        session.connection.await.unwrap();
        assert_eq!(session.counts.connected(), 0);
        reply.send(said("set")).expect("it is still being done");
    }
}

#[tokio::test]
async fn a_watcher_sees_a_snapshot_and_numbered_changes_until_it_stops() {
    let mut session = Session::start();
    let changes = watch(&mut session, &[Topic::Status, Topic::Tune]).await;
    assert_eq!((session.counts.connected(), session.counts.watching()), (1, 1));
    for seq in 1..=2 {
        changes.send(status()).await.unwrap();
        let event = session.line().await;
        assert_eq!(event["method"], "event");
        let params = &event["params"];
        assert_eq!(
            (&params["seq"], &params["event"], &params["account"]),
            (&seq.into(), &"status".into(), &"home".into())
        );
    }
    changes.send(Arc::new(Change::Gap)).await.unwrap();
    assert_eq!(session.line().await["params"], json!({"event": "gap"}));
    changes.send(Arc::new(Change::Snapshot(Box::default()))).await.unwrap();
    assert_eq!(session.line().await["params"]["seq"], 0);
    changes.send(status()).await.unwrap();
    assert_eq!(session.line().await["params"]["seq"], 1);

    session.ask(2, "watch.stop", json!({})).await;
    assert_eq!(session.line().await, json!({"jsonrpc": "2.0", "id": 2, "result": {}}));
    assert!(changes.is_closed());
    assert_eq!(session.counts.watching(), 0);
}

#[tokio::test]
async fn watching_again_replaces_the_topics() {
    let mut session = Session::start();
    let first = watch(&mut session, &[Topic::Status]).await;
    let _second = watch(&mut session, &[]).await;
    assert!(first.is_closed());
    assert_eq!(session.counts.watching(), 1);
}

#[tokio::test]
async fn a_watcher_that_sends_no_more_is_told_until_it_is_gone() {
    let mut session = Session::start();
    let changes = watch(&mut session, &[Topic::Status]).await;
    session.half_close().await;
    changes.send(status()).await.unwrap();
    assert_eq!(session.line().await["params"]["seq"], 1);
    drop(session.client);
    changes.closed().await;
    session.connection.await.unwrap();
    assert_eq!((session.counts.connected(), session.counts.watching()), (0, 0));
}

#[tokio::test]
async fn when_the_daemon_ends_what_is_being_done_is_answered() {
    let mut session = Session::start();
    let changes = watch(&mut session, &[Topic::Status]).await;
    session.ask(2, "wait", json!({"condition": "online"})).await;
    session.ask(3, "daemon.stop", json!({})).await;
    let (_, _wait) = session.call().await;
    let (_, stop) = session.call().await;
    session.shutdown.send(true).unwrap();
    let ended = session.line().await;
    assert_eq!((&ended["id"], &ended["error"]["data"]["code"]), (&json!(2), &json!(13)));
    assert!(changes.is_closed());
    stop.send(said("goodbye")).unwrap();
    assert_eq!(session.line().await, json!({"jsonrpc": "2.0", "id": 3, "result": "goodbye"}));
    assert_eq!(session.line().await, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_happens_costs_no_wake_up() {
    let idle = Session::start();
    let mut watching = Session::start();
    let _changes = watch(&mut watching, &[Topic::Status]).await;
    let mut half_closed = Session::start();
    half_closed.ask(1, "wait", json!({"condition": "online"})).await;
    half_closed.half_close().await;
    let _wait = half_closed.call().await;

    let parked = || tokio::runtime::Handle::current().metrics().worker_park_count(0);
    let before = parked();
    timeout(Duration::from_secs(24 * 3600), std::future::pending::<()>()).await.unwrap_err();
    assert!(parked() - before < 10, "{}", parked() - before);
    assert_eq!([&idle, &watching, &half_closed].map(|session| session.counts.connected()), [1, 1, 1]);
}
