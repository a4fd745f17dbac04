//! What is kept, once each, over kills; what is not kept leaves no trace; what is too old goes.

use std::collections::BTreeSet;

use serde_json::json;
use xmppd_tests::contact::Contact;
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::wait::{SOON, eventually};

use super::stage::{bodies, everywhere, files_with};

#[test]
fn messages_both_ways_are_there_once_and_in_order_and_outlive_a_kill_on_every_server() {
    everywhere("history", "", |mut stage| {
        stage.says("Ay me");
        stage.history(|messages| messages.len() == 1);
        let id = stage.send("She speaks");
        let mut phone = Contact::login(&stage.server, Tls::Direct, ROMEO).expect("slixmpp is there");
        phone.tell("message", &json!({"to": JULIET.jid(), "body": "O speak again"}));
        stage.history(|messages| messages.len() == 3);
        stage.says("O Romeo");
        let before = stage.history(|messages| messages.len() == 4);
        assert_eq!(bodies(&before), ["Ay me", "She speaks", "O speak again", "O Romeo"]);
        let directions: Vec<&str> = before.iter().filter_map(|message| message["direction"].as_str()).collect();
        assert_eq!(directions, ["in", "out", "out", "in"]);
        assert_eq!((&before[1]["id"], &before[1]["state"]), (&json!(id), &json!("sent")));
        assert_eq!((&before[2]["carbon"], &before[2]["state"]), (&json!(true), &json!("sent")));

        // What comes while nobody is there, live or from the archive, is behind it.
        stage.daemon.kill();
        for number in 0..5 {
            stage.says(&format!("{number}"));
        }
        stage.daemon = stage.home.start();
        let after = stage.history(|messages| messages.len() == 9);
        assert_eq!(bodies(&after[4..]), ["0", "1", "2", "3", "4"]);
        assert_eq!(after[..4], before[..4]);
        stage.kill_and_start();
        stage.says("last");
        let last = stage.history(|messages| bodies(messages).contains(&"last"));
        assert_eq!(bodies(&last[4..]), ["0", "1", "2", "3", "4", "last"]);
    });
}

#[test]
fn what_is_committed_and_not_told_is_in_the_history_after_a_kill_on_every_server() {
    everywhere("a kill in a flood", "", |mut stage| {
        for round in 0..4 {
            let texts: Vec<String> = (0..40).map(|number| format!("{round}.{number}")).collect();
            texts.iter().take(20).for_each(|text| drop(stage.says(text)));
            stage.daemon.kill();
            texts.iter().skip(20).for_each(|text| drop(stage.says(text)));
            stage.daemon = stage.home.start();
            let all = stage.home.eventually(&["history", "--limit", "1000"], |report| {
                report["messages"].as_array().is_some_and(|messages| messages.len() >= (round + 1) * 40)
            });
            let all = all["messages"].as_array().cloned().unwrap_or_default();
            // Servers may pass on what is new before what the lost connection carried.
            let came: BTreeSet<&str> = bodies(&all[round * 40..]).into_iter().collect();
            assert_eq!(
                (came, all.len()),
                (texts.iter().map(String::as_str).collect(), (round + 1) * 40),
                "round {round}"
            );
            assert_eq!(stage.home.json(&["unread"])["accounts"][0]["unread"], json!((round + 1) * 40));
        }
    });
}

#[test]
fn without_a_history_no_text_is_left_on_the_disk_once_the_server_has_it_on_every_server() {
    everywhere("no history", "[messages]\nhistory = false\n", |mut stage| {
        stage.says("perchance-in");
        stage.send("perchance-out");
        // One that has to wait is on the disk until it has left.
        assert_eq!(stage.home.ctl(&["status", "offline"]).code, 0);
        let queued = stage.home.json(&["send", &JULIET.jid(), "perchance-later"]);
        assert_eq!(queued["state"], "queued");
        assert!(!files_with(&stage.home, "perchance-later").is_empty());
        stage.kill_and_start_offline();
        assert_eq!(stage.home.ctl(&["status", "online"]).code, 0);
        assert_eq!(stage.home.ctl(&["wait", "outbox", "empty", "-t", "20s"]).code, 0);
        for text in ["perchance-in", "perchance-out", "perchance-later"] {
            eventually("the text is gone", SOON, || files_with(&stage.home, text).is_empty().then_some(()));
        }
        // Also right behind a kill.
        stage.send("perchance-killed");
        stage.kill_and_start();
        eventually("the text is gone", SOON, || files_with(&stage.home, "perchance").is_empty().then_some(()));
        let refused = stage.home.ctl(&["history"]);
        assert_eq!(refused.code, 12, "{refused:?}");
        stage.juliet.wait_for("the last", |event| event["event"] == "message" && event["body"] == "perchance-killed");
    });
}

#[test]
fn what_is_older_than_it_is_kept_goes_without_a_trace() {
    everywhere("keep", "", |mut stage| {
        stage.says("perchance-old");
        let kept = stage.history(|messages| messages.len() == 1);
        assert!(!files_with(&stage.home, "perchance-old").is_empty());
        assert_eq!(kept[0]["unread"], true);
        stage.reconfigure("[messages]\nkeep = \"1s\"\n");
        stage.history(<[_]>::is_empty);
        eventually("the text is gone", SOON, || files_with(&stage.home, "perchance").is_empty().then_some(()));
        stage.reconfigure("[messages]\nhistory = false\n");
        stage.says("perchance-new");
        stage.home.eventually(&["unread"], |report| report["accounts"][0]["unread"] == 2);
        assert_eq!(files_with(&stage.home, "perchance"), Vec::<String>::new());
        assert_eq!(stage.home.json(&["config", "get", "messages.history"])["values"], json!(false));
    });
}
