//! Messages that are taken while there is no session: kept over the end of the process, cancelled, sent once and in
//! order when there is one.

use serde_json::{Value, json};
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::server::people::JULIET;
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::{account, wait};

fn bodies(juliet: &mut Contact) -> Vec<String> {
    let messages = juliet.seen().iter().filter(|event| event["event"] == "message");
    messages.map(|event| event["body"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_is_taken_without_a_session_outlives_the_daemon_and_leaves_once_and_in_order_on_every_server() {
    for kind in [Kind::Prosody12, Kind::Prosody13, Kind::Ejabberd] {
        let Some(server) = present("the outbox", Server::start(kind)) else { continue };
        let Some(mut juliet) = present("the outbox", Contact::login(&server, Tls::Direct, JULIET)) else { continue };
        let Some(home) = present("the outbox", Home::new(&account::romeo(&server, Tls::Direct))) else { continue };
        let mut daemon = home.start();
        assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
        assert_eq!(home.ctl(&["status", "offline"]).code, 0);
        let send = |text: &str| home.json(&["send", &JULIET.jid(), text]);
        let taken: Vec<Value> = (0..20).map(|number| send(&number.to_string())).collect();
        assert!(taken.iter().all(|report| report["state"] == "queued"), "{taken:?}");
        // Nobody is there to send them, and nobody will be by itself.
        assert_eq!(home.ctl(&["wait", "outbox", "empty"]).code, 13);

        daemon.kill();
        let _daemon = home.start();
        let unwanted = taken[7]["id"].as_str().expect("an id");
        assert_eq!(home.ctl(&["outbox", "cancel", unwanted]).code, 0);
        assert_eq!(home.ctl(&["outbox", "cancel", unwanted]).code, 10);
        let listed = home.json(&["outbox"]);
        let listed = listed["messages"].as_array().expect("a list");
        let expected: Vec<&Value> = taken.iter().filter(|report| report["id"] != unwanted).collect();
        assert_eq!(listed.len(), expected.len());
        for (listed, taken) in listed.iter().zip(&expected) {
            assert_eq!(
                (&listed["id"], &listed["to"], &listed["account"]),
                (&taken["id"], &taken["to"], &json!("home"))
            );
            assert_eq!((&listed["state"], &listed["attempts"]), (&json!("queued"), &json!(0)), "{listed}");
        }

        // The same id again is the same message.
        let once = |text: &str| home.json(&["send", &JULIET.jid(), text, "--id", "once"]);
        assert_eq!((&once("20")["id"], &once("twice")["state"]), (&json!("once"), &json!("queued")));

        let mut watcher = home.watch(&["--json", "watch", "outbox"]);
        let snapshot = watcher.json();
        assert_eq!(snapshot["outbox"]["accounts"], json!([{"account": "home", "waiting": 20}]), "{snapshot}");
        assert_eq!(home.ctl(&["status", "online"]).code, 0);
        assert_eq!(home.ctl(&["wait", "outbox", "empty", "-t", "20s"]).code, 0);
        let mut told = watcher.json_within(wait::SOON);
        while told["waiting"] != 0 {
            assert_eq!(told["event"], "outbox", "{told}");
            told = watcher.json_within(wait::SOON);
        }
        assert_eq!(home.json(&["outbox"])["messages"], json!([]));
        let expected: Vec<String> = (0..=20).filter(|number| *number != 7).map(|number| number.to_string()).collect();
        juliet.wait_for("the last of them", |event| event["event"] == "message" && event["body"] == "20");
        assert_eq!(bodies(&mut juliet), expected, "{kind:?}");
        assert_eq!(once("thrice")["state"], "sent");
        let refused = home.ctl(&["send", &JULIET.jid(), "x", "--id", "two words"]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert_eq!(home.ctl(&["ping"]).code, 0);
        assert_eq!(bodies(&mut juliet).len(), expected.len(), "{kind:?}");
    }
}
