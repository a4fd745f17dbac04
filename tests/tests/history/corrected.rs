//! Corrections of our own messages: another message where the first has left, the same one where it has not.

use serde_json::{Value, json};
use xmppd_tests::server::people::{JULIET, MERCUTIO};

use super::stage::{Stage, everywhere, files_with};

/// Romeo corrects the message with this id; gives what he is told.
fn correct(stage: &Stage, id: &str, body: &str) -> Value {
    stage.home.json(&["send", &JULIET.jid(), body, "--correct", id])
}

fn one(messages: &[Value], id: &str) -> Value {
    messages.iter().find(|message| message["id"] == id).cloned().unwrap_or_default()
}

#[test]
fn a_message_that_has_left_is_corrected_by_another_that_names_the_first_on_every_server() {
    everywhere("corrections", "", |mut stage| {
        let id = stage.send("Wherefore art thou Rome?");
        let second = correct(&stage, &id, "Wherefore art thou Romeo");
        assert_eq!(second["state"], "sent", "{second}");
        let second = second["id"].as_str().expect("an id").to_owned();
        assert_ne!(second, id);
        // What corrects a correction corrects the first.
        let third = correct(&stage, &second, "Wherefore art thou Romeo?");
        let third = third["id"].as_str().expect("an id").to_owned();
        for (corrects, body) in [(&second, "Wherefore art thou Romeo"), (&third, "Wherefore art thou Romeo?")] {
            let seen = stage.juliet.wait_for("a correction", |event| event["id"] == **corrects);
            let xml = seen["xml"].as_str().unwrap_or_default();
            assert_eq!(seen["body"], body, "{seen}");
            assert!(xml.contains("urn:xmpp:message-correct:0") && xml.contains(&format!("id=\"{id}\"")), "{xml}");
        }
        let messages = stage.history(|messages| messages.len() == 3);
        assert_eq!(one(&messages, &id)["replaced_by"], third);
        assert_eq!(one(&messages, &second)["replaced_by"], third);
        assert_eq!(
            (&one(&messages, &third)["replaces"], &one(&messages, &third)["replaced_by"]),
            (&json!(id), &Value::Null)
        );
        let shown = stage.home.ctl(&["history"]).stdout;
        assert!(shown.contains("thou Romeo?") && shown.contains("corrected") && !shown.contains("Rome?"), "{shown}");

        // Nobody else's, nobody else to see it, nothing that is not known; and only once under one id.
        stage.sends("hers", "<body>By a name</body>");
        stage.history(|messages| messages.iter().any(|message| message["id"] == "hers"));
        for (to, corrected) in [(JULIET, "hers"), (MERCUTIO, &id), (JULIET, "unknown")] {
            let refused = stage.home.ctl(&["send", &to.jid(), "x", "--correct", corrected]);
            assert_eq!(refused.code, 10, "{refused:?}");
        }
        let once = ["send", &JULIET.jid(), "Romeo!", "--correct", &id, "--id", "once"];
        assert_eq!(stage.home.json(&once)["id"], "once");
        assert_eq!(stage.home.json(&once)["id"], "once");
        assert_eq!(stage.history(|messages| one(messages, "once")["state"] == "sent").len(), 5);

        // One that fails takes nothing's place.
        let romeo = stage.session();
        let error = "<error type='cancel'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
        let xml = format!("<message type='error' to='{romeo}' id='once'>{error}</message>");
        stage.juliet.tell("xml", &json!({"xml": xml}));
        let messages = stage.history(|messages| one(messages, "once")["state"] == "failed");
        assert_eq!(
            (&one(&messages, &id)["replaced_by"], &one(&messages, &third)["replaced_by"]),
            (&json!(third), &Value::Null)
        );
        assert_eq!(stage.home.ctl(&["send", &JULIET.jid(), "x", "--correct", "once"]).code, 11);
        assert_eq!(stage.home.json(&["outbox", "retry", "once"])["state"], "sent");
        stage.history(|messages| {
            one(messages, &id)["replaced_by"] == "once" && one(messages, &third)["replaced_by"] == "once"
        });
    });
}

#[test]
fn a_message_that_has_not_left_is_corrected_where_it_is_over_a_crash_and_leaves_once_on_every_server() {
    everywhere("early corrections", "", |mut stage| {
        let sent = stage.send("Sent");
        assert_eq!(stage.home.ctl(&["status", "offline"]).code, 0);
        let queued = stage.home.json(&["send", &JULIET.jid(), "What's in a nome?"]);
        let id = queued["id"].as_str().expect("an id").to_owned();
        let corrected = correct(&stage, &id, "What's in a name?");
        assert_eq!((&corrected["id"], &corrected["state"]), (&json!(id), &json!("queued")), "{corrected}");
        let correction = correct(&stage, &sent, "Scent")["id"].clone();
        let again = ["send", &JULIET.jid(), "Saint", "--correct", &sent, "--id", "once"];
        assert_eq!(stage.home.json(&again)["id"], correction);
        assert_eq!(
            (&stage.home.json(&again)["id"], &stage.home.json(&again)["state"]),
            (&correction, &json!("queued"))
        );
        assert_eq!(stage.home.json(&["outbox"])["messages"].as_array().map(Vec::len), Some(2));
        stage.kill_and_start_offline();
        assert_eq!(correct(&stage, &id, "What's in a name!")["id"], json!(id));
        let messages = stage.history(|messages| messages.len() == 3);
        assert_eq!(one(&messages, &id)["body"], "What's in a name!");
        assert_eq!(one(&messages, &id)["replaced_by"], Value::Null);
        assert_eq!(stage.home.ctl(&["status", "online"]).code, 0);
        assert_eq!(stage.home.ctl(&["wait", "outbox", "empty", "-t", "20s"]).code, 0);
        stage.juliet.wait_for("the last text", |event| event["id"] == id && event["body"] == "What's in a name!");
        stage.juliet.wait_for("the correction", |event| event["id"] == correction && event["body"] == "Saint");
        let bodies: Vec<Value> = stage
            .juliet
            .seen()
            .iter()
            .filter(|event| event["event"] == "message")
            .map(|event| event["body"].clone())
            .collect();
        assert_eq!(bodies, ["Sent", "What's in a name!", "Saint"]);
        // Who thinks better of a correction has the first text back.
        assert_eq!(stage.home.ctl(&["status", "offline"]).code, 0);
        let unwanted = correct(&stage, &id, "Nothing")["id"].as_str().expect("an id").to_owned();
        assert_eq!(stage.home.ctl(&["outbox", "cancel", &unwanted]).code, 0);
        let messages = stage.history(|messages| messages.len() == 3);
        assert_eq!(one(&messages, &id)["replaced_by"], Value::Null);
    });
}

#[test]
fn without_a_history_the_last_messages_can_be_corrected_and_no_text_of_them_is_kept() {
    let Some(mut stage) =
        Stage::start("corrections", xmppd_tests::server::Kind::Prosody13, "[messages]\nhistory = false\n")
    else {
        return;
    };
    let id = stage.send("an apple of silver");
    let second = correct(&stage, &id, "an apple of gold");
    assert_eq!(second["state"], "sent");
    stage.kill_and_start();
    let third = correct(&stage, second["id"].as_str().expect("an id"), "two apples of gold")["id"].clone();
    let seen = stage.juliet.wait_for("a correction", |event| event["id"] == third);
    assert!(seen["xml"].as_str().is_some_and(|xml| xml.contains(&format!("id=\"{id}\""))), "{seen}");
    stage.home.eventually(&["outbox"], |list| list["messages"] == json!([]));
    xmppd_tests::wait::eventually("no text is left", xmppd_tests::wait::SOON, || {
        let left = [files_with(&stage.home, "of silver"), files_with(&stage.home, "of gold")].concat();
        left.is_empty().then_some(())
    });
}
