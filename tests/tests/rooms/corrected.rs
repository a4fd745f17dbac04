//! Corrections of our own words in rooms: said in the room, or put into what has not left; and what cannot be corrected.

use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::server::Tls;

use super::stage::{HALL, Stage, on_each};

/// Romeo corrects the word with this id; gives what he is told.
fn correct(stage: &Stage, id: &str, body: &str) -> Value {
    stage.home.json(&["send", HALL, body, "--correct", id])
}

/// The id of what romeo is told.
fn id(report: &Value) -> String {
    report["id"].as_str().expect("an id").to_owned()
}

/// What the history has of the message with this id, once it is so.
fn kept(stage: &Stage, id: &str, key: &str, expected: &Value) {
    let is_it = |message: &Value| message["id"] == id && message[key] == *expected;
    let has_it = |report: &Value| report["messages"].as_array().is_some_and(|messages| messages.iter().any(is_it));
    stage.home.eventually(&["history", HALL], has_it);
}

/// The bytes of what juliet hears with this text.
fn heard(stage: &mut Stage, body: &str) -> String {
    let seen = stage.juliet.wait_for(body, |seen| seen["event"] == "message" && seen["body"] == body);
    assert_eq!(seen["type"], "groupchat", "{seen}");
    seen["xml"].as_str().expect("its bytes").to_owned()
}

#[test]
fn our_words_are_corrected_in_the_room_or_where_they_wait_and_for_nobody_else() {
    on_each("rooms: corrections", |mut stage, mut daemon| {
        stage.join(&[]);
        let first = id(&stage.home.json(&["send", HALL, "Wherefore art thou Rome?"]));
        let second = correct(&stage, &first, "Wherefore art thou Romeo?");
        assert_eq!(second["state"], "sent", "{:?}: {second}", stage.kind);
        let second = id(&second);
        let xml = heard(&mut stage, "Wherefore art thou Romeo?");
        assert!(xml.contains("urn:xmpp:message-correct:0") && xml.contains(&format!("id=\"{first}\"")), "{xml}");
        kept(&stage, &first, "replaced_by", &json!(second));
        kept(&stage, &second, "state", &json!("sent"));

        // What is said to one in the room is not for all, and what was said to all not for one.
        let juliet = format!("{HALL}/juliet");
        let apart = id(&stage.home.json(&["send", &juliet, "A word apart"]));
        for (to, corrected) in [(HALL, &apart), (juliet.as_str(), &first), (HALL, &"unknown".to_owned())] {
            let refused = stage.home.ctl(&["send", to, "Not for you", "--correct", corrected]);
            assert_eq!(refused.code, 10, "{:?}: {to}: {refused:?}", stage.kind);
        }
        let receipt = stage.home.ctl(&["send", HALL, "x", "--correct", &first, "--receipt"]);
        assert_eq!(receipt.code, 7, "{:?}: {receipt:?}", stage.kind);

        // What waits for the room keeps its id over a crash, and leaves once.
        assert_eq!(stage.home.ctl(&["status", "offline"]).code, 0);
        let waits = id(&stage.home.json(&["send", HALL, "A nome"]));
        assert_eq!(id(&correct(&stage, &waits, "A naem")), waits);
        daemon.kill();
        let _daemon = stage.home.start();
        let queued = correct(&stage, &waits, "A name");
        assert_eq!((&queued["id"], &queued["state"]), (&json!(waits), &json!("queued")), "{queued}");
        assert_eq!(stage.home.ctl(&["status", "online"]).code, 0);
        assert_eq!(stage.home.ctl(&["wait", "outbox", "empty", "-t", "30s"]).code, 0);
        let words = ["Wherefore art thou Rome?", "Wherefore art thou Romeo?", "A word apart", "A name"];
        assert_eq!(stage.heard("A name"), words, "{:?}", stage.kind);
        kept(&stage, &waits, "body", &json!("A name"));
    });
}

#[test]
fn without_a_history_the_last_words_can_be_corrected() {
    on_each("rooms: corrections without a history", |mut stage, mut daemon| {
        let account = account::romeo(&stage.server, Tls::Direct) + "[messages]\nhistory = false\n";
        stage.home.configure(&account);
        assert_eq!(stage.home.ctl(&["config", "reload"]).code, 0);
        stage.join(&[]);
        let first = id(&stage.home.json(&["send", HALL, "An apple of silver"]));
        daemon.kill();
        let _daemon = stage.home.start();
        stage.wait_for_state("joined");
        assert_eq!(correct(&stage, &first, "An apple of gold")["state"], "sent", "{:?}", stage.kind);
        assert!(heard(&mut stage, "An apple of gold").contains(&format!("id=\"{first}\"")));
    });
}
