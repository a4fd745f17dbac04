//! What a client cannot do, over a pair of sockets.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use xmppd_proto::jsonrpc::MAX_LINE;
use xmppd_proto::{Change, Kind, PresenceChange};

use super::connection::MAX_CALLS;
use super::output::MAX_WAITING;
use super::testing::{Session, request, said};
use crate::api::Asked;

#[tokio::test]
async fn a_line_that_is_too_long_is_answered_before_it_ends_and_skipped() {
    let mut session = Session::start();
    let hello = request(1, "daemon.hello", json!({}));
    let longest = format!("{}{}\n", " ".repeat(MAX_LINE + 1 - hello.len()), hello.trim_end());
    session.send(&longest).await;
    assert_eq!(session.line().await["result"]["protocol"], 1);
    session.send(&" ".repeat(MAX_LINE + 1)).await;
    let answer = session.line().await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&Value::Null, &json!(-32_600)));
    session.send(&" ".repeat(3 * MAX_LINE)).await;
    session.send(&hello).await;
    session.send(&hello).await;
    assert_eq!(session.line().await["result"]["protocol"], 1);
    session.half_close().await;
    assert_eq!(session.line().await, Value::Null);
}

#[tokio::test]
async fn requests_beyond_those_in_progress_wait_and_no_wait_is_lost() {
    let mut session = Session::start();
    for id in 0..=MAX_CALLS {
        session.ask(id.try_into().unwrap(), "wait", json!({"condition": "online"})).await;
    }
    let mut replies = Vec::new();
    for _ in 0..MAX_CALLS {
        replies.push(session.call().await.1);
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(session.asked.is_empty());
    replies.swap_remove(7).send(said("online")).unwrap();
    assert_eq!(session.line().await["id"], 7);
    let (_, mut last) = session.call().await;
    drop(session.client);
    last.closed().await;
    session.connection.await.unwrap();
}

#[tokio::test]
async fn more_than_a_thousand_calls_a_second_are_refused() {
    const CALLS: usize = 10_000;
    let Session { client, connection, asked: _asked, counts: _, shutdown: _shutdown } = Session::start();
    let (mut reader, mut writer) = client.into_inner().into_split();
    let sending = tokio::spawn(async move {
        writer.write_all(request(1, "daemon.hello", json!({})).repeat(CALLS).as_bytes()).await.unwrap();
    });
    let mut answers = String::new();
    reader.read_to_string(&mut answers).await.unwrap();
    sending.await.unwrap();
    connection.await.unwrap();
    let refused = answers.lines().filter(|line| line.contains(&Kind::Policy.rpc_code().to_string())).count();
    assert_eq!(answers.lines().count(), CALLS);
    assert!((1..=CALLS - 1_000).contains(&refused), "{refused}");
}

#[tokio::test]
async fn a_client_that_never_reads_is_dropped_when_too_much_waits() {
    const ANSWER: usize = 1 << 20;
    let mut session = Session::start();
    for id in 0..MAX_CALLS {
        session.ask(id.try_into().unwrap(), "status", json!({})).await;
    }
    let text = "x".repeat(ANSWER);
    for _ in 0..MAX_CALLS {
        session.call().await.1.send(said(&text)).unwrap();
    }
    session.connection.await.unwrap();
    assert_eq!(session.counts.connected(), 0);
    let mut left = Vec::new();
    session.client.read_to_end(&mut left).await.unwrap();
    assert!(left.len() < MAX_WAITING, "{}", left.len());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_dropped_after_a_time() {
    let mut session = Session::start();
    session.ask(1, "status", json!({})).await;
    session.call().await.1.send(said(&"x".repeat(MAX_WAITING / 2))).unwrap();
    let start = tokio::time::Instant::now();
    session.connection.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn a_long_answer_arrives_whole_and_requests_wait_until_it_is_read() {
    let mut session = Session::start();
    session.ask(1, "roster", json!({})).await;
    let text = "ä".repeat(MAX_WAITING);
    session.call().await.1.send(said(&text)).unwrap();
    session.ask(2, "status", json!({})).await;
    assert_eq!(session.line().await["result"], text);
    session.call().await.1.send(said("status")).unwrap();
    assert_eq!(session.line().await["id"], 2);
}

#[tokio::test]
async fn a_watcher_that_does_not_read_lags_in_its_subscription_and_loses_nothing_here() {
    let mut session = Session::start();
    session.ask(1, "watch.start", json!({"topics": ["presence"]})).await;
    let Some(Asked::Subscribe(_, reply)) = session.asked.recv().await else { panic!("a subscription") };
    let (changes, subscription) = tokio::sync::mpsc::channel(64);
    reply.send(subscription).unwrap();
    assert_eq!(session.line().await["id"], 1);
    let mut sent = 0;
    while changes.try_send(Arc::new(Change::Presence(PresenceChange::default()))).is_ok() {
        sent += 1;
        tokio::task::yield_now().await;
    }
    drop(changes);
    for seq in 1..=sent {
        assert_eq!(session.line().await["params"]["seq"], seq);
    }
    let Some(Asked::Subscribe(_, again)) = session.asked.recv().await else { panic!("a new subscription") };
    let (changes, subscription) = tokio::sync::mpsc::channel(64);
    changes.try_send(Arc::new(Change::Snapshot(Box::default()))).unwrap();
    again.send(subscription).unwrap();
    assert_eq!(session.line().await["params"]["event"], "gap");
    assert_eq!(session.line().await["params"]["event"], "snapshot");
    // The daemon ends: that is no gap.
    session.asked.close();
    drop(changes);
    session.half_close().await;
    assert_eq!(session.line().await, Value::Null);
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let request = prop_oneof![
        Just(r#"{"jsonrpc":"2.0","id":1,"method":"status"}"#),
        Just(r#"{"jsonrpc":"2.0","id":"a","method":"status.set","params":{"show":"dnd","status":"\ud83c\udfb5"}}"#),
        Just(r#"{"jsonrpc":"2.0","method":"tune.clear","params":{}}"#),
        Just(r#"{"jsonrpc":"2.0","id":null,"method":"rpc.describe"}"#),
        Just(r#"{"jsonrpc":"2.0","id":-1e400,"method":"wait","params":{"condition":"online"}}"#),
        Just(r#"[{"jsonrpc":"2.0","id":1,"method":"watch.stop"}]"#),
    ];
    let damaged = (request, any::<prop::sample::Index>(), any::<u8>()).prop_map(|(text, place, byte)| {
        let mut line = text.as_bytes().to_vec();
        let place = place.index(line.len());
        line[place] = byte;
        line
    });
    let cut = "[\\[\\]{}\",:0-9a-z\\\\ ]{0,80}".prop_map(String::into_bytes);
    prop_oneof![damaged, cut, prop::collection::vec(any::<u8>(), 0..80)].prop_map(|mut line| {
        line.retain(|byte| *byte != b'\n');
        line.push(b'\n');
        line
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_arrives_is_answered_in_json_at_most_once_a_line(lines in prop::collection::vec(line(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answers = runtime.block_on(async {
            let Session { mut client, mut asked, connection, counts: _, shutdown: _shutdown } = Session::start();
            tokio::spawn(async move {
                while let Some(Asked::Call(_, reply)) = asked.recv().await {
                    let _ = reply.send(said("done"));
                }
            });
            client.get_mut().write_all(&lines.concat()).await.unwrap();
            client.get_mut().shutdown().await.unwrap();
            let mut answers = String::new();
            client.read_to_string(&mut answers).await.unwrap();
            connection.await.unwrap();
            answers
        });
        prop_assert!(answers.lines().count() <= lines.len());
        for answer in answers.lines() {
            let answer: Value = serde_json::from_str(answer).unwrap();
            prop_assert!(answer.get("id").is_some());
            prop_assert!(answer.get("result").is_some() != answer.get("error").is_some(), "{answer}");
        }
    }
}
