//! Messages that come back, at once or long after the server has taken them: they have failed, and it is seen why.

use serde_json::{Value, json};
use xmppd_tests::contact::Contact;
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};
use xmppd_tests::wait::SOON;

use super::stage::{Stage, everywhere};

/// The message with this id, once it is so.
#[track_caller]
fn message(stage: &Stage, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let is_it = |message: &Value| message["id"] == id && fits(message);
    let messages = stage.history(|messages| messages.iter().any(is_it));
    messages.into_iter().find(is_it).unwrap_or_default()
}

/// Somebody returns a message of Romeo's to the session that sent it.
fn returns(contact: &mut Contact, session: &str, id: &str, kind: &str, condition: &str) {
    let condition = format!("<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>");
    let xml =
        format!("<message type='error' to='{session}' id='{id}'><error type='{kind}'>{condition}</error></message>");
    contact.tell("xml", &json!({"xml": xml}));
}

#[test]
fn a_message_to_nobody_or_nowhere_has_failed_and_says_why_on_every_server() {
    everywhere("messages that come back", "", |stage| {
        for (to, reasons) in [
            ("nobody@verona.example", &["service-unavailable"][..]),
            ("nobody@unreachable.invalid", &["remote-server-not-found", "not-allowed", "service-unavailable"]),
        ] {
            let id = to.replace('@', "-");
            let answer = stage.home.ctl(&["send", to, "Anybody?", "--id", &id]);
            // Some servers say that they have it before they know where to.
            assert!([0, 6].contains(&answer.code), "{answer:?}");
            let failed = message(&stage, &id, |message| message["state"] == "failed");
            let reason = failed["reason"].as_str().unwrap_or_default();
            assert!(reasons.iter().any(|known| reason.contains(known)), "{failed}");
            eprintln!("{to}: exit {}, {reason}", answer.code);
            let listed = stage.home.json(&["outbox"]);
            let is_listed = listed["messages"].as_array().is_some_and(|all| all.iter().any(|one| one["id"] == id));
            assert_eq!(is_listed, answer.code == 0, "who was told need not see it again: {listed}");
            assert_eq!(stage.home.ctl(&["wait", "outbox", "empty"]).code, if is_listed { 13 } else { 0 });
            if is_listed {
                assert_eq!(stage.home.ctl(&["outbox", "cancel", &id]).code, 0);
            }
        }
        // Who waits for a receipt need not wait to the end.
        let waited = stage.home.ctl(&["send", "nobody@verona.example", "Anybody?", "--receipt", "-t", "60s"]);
        assert_eq!(waited.code, 6, "{waited:?}");
        assert!(waited.stderr.contains("service-unavailable"), "{waited:?}");
    });
}

#[test]
fn an_error_behind_the_acknowledgement_is_believed_from_the_recipient_alone_and_after_a_crash_on_every_server() {
    everywhere("late errors", "", |mut stage| {
        let romeo = stage.session();
        let mut mercutio = Contact::login(&stage.server, Tls::Direct, MERCUTIO).expect("slixmpp is there");
        let mut watcher = stage.home.watch(&["--json", "watch", "receipt"]);
        watcher.json_within(SOON);
        let id = stage.send("Hist!");
        returns(&mut mercutio, &romeo, &id, "cancel", "forbidden");
        let xml = format!("<message to='{}' type='chat' id='behind'><body>behind</body></message>", ROMEO.jid());
        mercutio.tell("xml", &json!({"xml": xml}));
        message(&stage, "behind", |_| true);
        assert_eq!(message(&stage, &id, |_| true)["state"], "sent");

        returns(&mut stage.juliet, &romeo, &id, "cancel", "service-unavailable");
        let failed = message(&stage, &id, |message| message["state"] == "failed");
        assert_eq!(failed["reason"], "service-unavailable", "{failed}");
        let told = watcher.wait_for_json("that it failed", |event| event["state"] == "failed");
        assert_eq!((&told["id"], &told["reason"]), (&json!(id), &json!("service-unavailable")), "{told}");
        let listed = stage.home.json(&["outbox"])["messages"][0].clone();
        assert_eq!((&listed["id"], &listed["state"]), (&json!(id), &json!("failed")), "{listed}");
        assert_eq!(stage.home.ctl(&["wait", "outbox", "empty"]).code, 13);

        // Its author has it sent again; a crash later it comes back again.
        assert_eq!(stage.home.json(&["outbox", "retry", &id])["state"], "sent");
        assert_eq!(stage.home.json(&["outbox"])["messages"], json!([]));
        assert_eq!(message(&stage, &id, |message| message["state"] == "sent")["reason"], Value::Null);
        stage.kill_and_start();
        returns(&mut stage.juliet, &romeo, &id, "cancel", "not-acceptable");
        message(&stage, &id, |message| message["reason"] == "not-acceptable");
        // A receipt says more: another client of hers has it.
        stage.sends("receipt", &format!("<received xmlns='urn:xmpp:receipts' id='{id}'/>"));
        message(&stage, &id, |message| message["state"] == "received" && message["reason"].is_null());
        stage.home.eventually(&["outbox"], |list| list["messages"] == json!([]));
        returns(&mut stage.juliet, &romeo, &id, "cancel", "not-acceptable");
        stage.sends("last", "<body>last</body>");
        message(&stage, "last", |_| true);
        assert_eq!(message(&stage, &id, |_| true)["state"], "received");
    });
}

#[test]
fn what_is_to_wait_waits_with_all_behind_it_and_goes_again_under_its_id_on_every_server() {
    everywhere("errors to wait", "", |mut stage| {
        let romeo = stage.session();
        let is_body = |body: &'static str| move |event: &Value| event["event"] == "message" && event["body"] == body;
        let id = stage.send("first");
        let first = stage.juliet.wait_for("the first", is_body("first"));
        returns(&mut stage.juliet, &romeo, &id, "wait", "resource-constraint");
        let listed = stage.home.eventually(&["outbox"], |list| list["messages"][0]["state"] == "queued");
        assert_eq!(listed["messages"][0]["reason"], "resource-constraint", "{listed}");
        assert_eq!(message(&stage, &id, |_| true)["state"], "queued");
        assert_eq!(stage.home.json(&["send", &JULIET.jid(), "second"])["state"], "queued");
        assert_eq!(stage.home.json(&["send", &MERCUTIO.jid(), "other"])["state"], "sent");
        // Over a crash the wait begins anew.
        stage.kill_and_start();
        let again = stage.juliet.wait_until("the first again", SOON * 3, is_body("first"));
        assert_eq!((&first["id"], &again["id"]), (&json!(id), &json!(id)), "{first} {again}");
        stage.juliet.wait_for("the second behind it", is_body("second"));
        assert_eq!(stage.home.ctl(&["wait", "outbox", "empty", "-t", "20s"]).code, 0);
        message(&stage, &id, |message| message["state"] != "queued" && message["reason"].is_null());
    });
}
