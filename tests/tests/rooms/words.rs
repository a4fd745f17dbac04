//! What is said in rooms is told once, and what we say arrives once.

use serde_json::json;
use xmppd_tests::server::Kind;
use xmppd_tests::wait;

use super::stage::{HALL, next, on_each, told};

/// More than a page of the archive.
const WORDS: usize = 70;

#[test]
fn what_is_said_is_told_and_what_we_say_is_confirmed_by_the_room() {
    on_each("rooms: words", |mut stage, _daemon| {
        let room = stage.join(&["--nick", "Montague"]);
        assert_eq!((room["state"].as_str(), room["nick"].as_str()), (Some("joined"), Some("Montague")), "{room}");
        let mut watcher = stage.watch(&["message", "room"]);
        stage.say("Who is there?");
        let event = next(&mut watcher, "message");
        assert_eq!(event["room"]["nick"], "juliet", "{event}");
        assert_eq!(event["from"], format!("{HALL}/juliet"));
        assert_eq!((event["type"].as_str(), event["direction"].as_str()), (Some("groupchat"), Some("in")));
        assert!(event["stanza_id"].is_string(), "{event}");
        stage.send("A pilgrim");
        let heard = stage.heard("A pilgrim");
        assert_eq!(heard, ["Who is there?", "A pilgrim"]);
        let echo = stage.juliet.seen().iter().rfind(|seen| seen["body"] == "A pilgrim").cloned().expect("it came");
        assert_eq!(
            (echo["type"].as_str(), echo["from"].as_str()),
            (Some("groupchat"), Some(format!("{HALL}/Montague").as_str()))
        );
        // Our own word is no news, and the outbox is empty.
        stage.say("Enter");
        assert_eq!(told(&mut watcher, "Enter"), ["Enter"]);
        assert!(stage.home.ctl(&["outbox", "list"]).stderr.contains("empty"));
    });
}

#[test]
fn what_was_said_while_we_were_away_is_told_once_and_in_order() {
    on_each("rooms: away", |mut stage, mut daemon| {
        stage.say("Long before");
        stage.heard("Long before");
        stage.join(&[]);
        let mut watcher = stage.watch(&["message"]);
        stage.say("There");
        assert_eq!(told(&mut watcher, "There"), ["There"], "{:?}: nothing of before we first came", stage.kind);
        stage.send("Farewell");
        // In the next life he begins offline, so that somebody watches before anything comes.
        assert_eq!(stage.home.ctl(&["status", "offline"]).code, 0);
        daemon.stop();
        for number in 0..WORDS {
            stage.say(&number.to_string());
        }
        stage.juliet.tell("ping", &json!({"to": "verona.example"}));
        let _daemon = stage.home.start();
        let mut watcher = stage.watch(&["message"]);
        assert_eq!(stage.home.ctl(&["status", "online"]).code, 0);
        stage.wait_for_state("joined");
        stage.say("At last");
        let mut expected: Vec<String> = (0..WORDS).map(|number| number.to_string()).collect();
        expected.push("At last".into());
        assert_eq!(told(&mut watcher, "At last"), expected, "{:?}", stage.kind);
    });
}

#[test]
fn a_script_speaks_in_a_room_that_is_remembered_even_without_a_session() {
    on_each("rooms: script", |mut stage, mut daemon| {
        stage.join(&[]);
        assert_eq!(stage.home.ctl(&["room", "leave", HALL]).code, 0);
        stage.wait_for_state("left");
        // It is entered for the message, and the bookmark stays as it is.
        stage.send("One");
        assert_eq!(stage.wait_for_state("joined")["autojoin"], false);
        assert_eq!(stage.home.ctl(&["status", "offline"]).code, 0);
        for text in ["Two", "Three"] {
            let sent = stage.home.ctl(&["--json", "send", HALL, text]);
            assert!(sent.code == 0 && sent.stdout.contains("queued"), "{sent:?}");
        }
        // The process dies before it could send them.
        daemon.kill();
        let _daemon = stage.home.start();
        assert_eq!(stage.home.ctl(&["status", "online"]).code, 0);
        assert_eq!(stage.heard("Three"), ["One", "Two", "Three"], "{:?}", stage.kind);
    });
}

#[test]
fn a_server_that_goes_and_returns_loses_and_doubles_no_word() {
    on_each("rooms: outage", |mut stage, _daemon| {
        stage.join(&[]);
        let mut watcher = stage.watch(&["message"]);
        stage.say("Before");
        assert_eq!(told(&mut watcher, "Before"), ["Before"]);
        stage.send("Mine before");
        // A room that ejabberd has just made is not on its disk at once.
        if stage.kind == Kind::Ejabberd {
            stage.server.stop();
        } else {
            stage.server.crash();
        }
        let sent = stage.home.ctl(&["--json", "send", HALL, "Mine meanwhile"]);
        assert!([0, 3].contains(&sent.code), "{sent:?}");
        stage.server.restart();
        assert_eq!(stage.home.ctl(&["account", "connect", "-t", "30s"]).code, 0);
        stage.wait_for_state("joined");
        let is_sent = || stage.home.ctl(&["outbox", "list"]).stderr.contains("empty").then_some(());
        assert!(wait::until(wait::SOON * 2, is_sent).is_some(), "{:?}: {:?}", stage.kind, stage.home.ctl(&["outbox"]));
        stage.send("Mine after");
        // A contact of slixmpp's does not come back by itself: another looks at what the room has.
        let archive = stage.archive();
        let mine: Vec<&String> = archive.iter().filter(|text| text.starts_with("Mine")).collect();
        assert_eq!(mine, ["Mine before", "Mine meanwhile", "Mine after"], "{:?}", stage.kind);
    });
}
