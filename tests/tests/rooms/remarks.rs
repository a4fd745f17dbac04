//! What is said in a room of what was said there, each only by those of whom it is known that they may; and what waits
//! for its author's word.

use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::server::people::MERCUTIO;
use xmppd_tests::server::{Kind, Tls};
use xmppd_tests::wait::{SOON, eventually};

use super::stage::{HALL, Stage, on_each};

/// Somebody says something in the hall.
fn says(contact: &mut Contact, id: &str, inside: &str) {
    let xml = format!("<message to='{HALL}' type='groupchat' id='{id}'>{inside}</message>");
    contact.tell("xml", &json!({"xml": xml}));
}

/// The message of this id in the history of the hall, once it is so.
#[track_caller]
fn one(stage: &Stage, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let is_it = |message: &Value| message["id"] == id && fits(message);
    let has_it = |report: &Value| report["messages"].as_array().is_some_and(|messages| messages.iter().any(is_it));
    let report = stage.home.eventually(&["history", HALL, "--limit", "100"], has_it);
    report["messages"]
        .as_array()
        .and_then(|messages| messages.iter().find(|message| is_it(message)))
        .cloned()
        .expect("it is there")
}

fn unread(stage: &Stage) -> Value {
    stage.home.json(&["unread"])["accounts"][0]["chats"].clone()
}

/// Somebody else in the hall.
fn mercutio_in_the_hall(stage: &Stage) -> Contact {
    let mut mercutio = Contact::login(&stage.server, Tls::Direct, MERCUTIO).expect("slixmpp is there");
    mercutio.tell("join", &json!({"room": HALL, "nick": "mercutio"}));
    mercutio.wait_for("he is in the hall", |seen| {
        seen["codes"].as_array().is_some_and(|codes| codes.contains(&json!(110)))
    });
    mercutio
}

/// What he says of a word of juliet's that is at this place.
fn lies_are_nothing(stage: &Stage, mercutio: &mut Contact, place: &str) {
    says(mercutio, "l1", "<body>Lies</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>");
    says(mercutio, "l2", &format!("<body>-</body><retract xmlns='urn:xmpp:message-retract:1' id='{place}'/>"));
    says(mercutio, "l3", "<body>The last lie</body>");
    one(stage, "l3", |_| true);
    let untouched = one(stage, "m1", |_| true);
    for key in ["replaced_by", "retracted", "reactions"] {
        assert!(untouched[key].is_null(), "{:?}: {untouched}", stage.kind);
    }
    assert!(one(stage, "l1", |_| true)["replaces"].is_null(), "{:?}", stage.kind);
}

/// Nobody is told that their words came or were read, and nobody tells us.
fn nobody_is_told(stage: &mut Stage) {
    assert_eq!(stage.home.ctl(&["unread", "clear", HALL]).code, 0);
    assert_eq!(unread(stage), json!([]));
    stage.send("The last word");
    stage.heard("The last word");
    let told = stage.juliet.seen().iter().find(|seen| seen["event"] == "receipt" || seen["event"] == "marker");
    assert_eq!(told, None, "{:?}", stage.kind);

    let receipt = stage.home.ctl(&["send", HALL, "Did it come?", "--receipt"]);
    assert_eq!(receipt.code, 7, "{:?}: {receipt:?}", stage.kind);
    let occupant = format!("{HALL}/juliet");
    let told = stage.home.ctl(&["status", "away", "--to", &occupant]);
    assert_eq!(told.code, 2, "{:?}: {told:?}", stage.kind);
}

#[test]
fn words_are_kept_with_what_may_be_said_of_them_and_lies_are_not_believed() {
    on_each("rooms: remarks", |mut stage, mut daemon| {
        stage.join(&[]);
        let mut mercutio = mercutio_in_the_hall(&stage);
        let asks = "<request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>";
        says(&mut stage.juliet, "m1", &format!("<body>Ay mee</body>{asks}"));
        let first = one(&stage, "m1", |_| true);
        assert_eq!(
            (&first["room"]["nick"], &first["from"], &first["unread"]),
            (&json!("juliet"), &json!(format!("{HALL}/juliet")), &json!(true)),
            "{first}"
        );
        assert_eq!(unread(&stage), json!([{"jid": HALL, "unread": 1}]), "{:?}", stage.kind);
        let place = first["stanza_id"].as_str().expect("every room here has an archive").to_owned();

        lies_are_nothing(&stage, &mut mercutio, &place);

        says(&mut stage.juliet, "m2", "<body>Ay me</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>");
        assert_eq!(one(&stage, "m2", |_| true)["replaces"], "m1", "{:?}", stage.kind);
        one(&stage, "m1", |message| message["replaced_by"] == "m2");
        let sent = stage.home.json(&["send", HALL, "She speaks"]);
        let mine = sent["id"].as_str().expect("an id").to_owned();
        let own = one(&stage, &mine, |message| message["stanza_id"].is_string());
        assert_eq!((&own["direction"], &own["state"]), (&json!("out"), &json!("sent")), "{own}");
        let own_place = own["stanza_id"].as_str().unwrap_or_default();
        let heart = format!(
            "<reactions xmlns='urn:xmpp:reactions:0' id='{own_place}'><reaction>♥</reaction></reactions><store xmlns='urn:xmpp:hints'/>"
        );
        says(&mut stage.juliet, "m3", &heart);
        let expected = json!([{"from": format!("{HALL}/juliet"), "emojis": ["♥"]}]);
        one(&stage, &mine, |message| message["reactions"] == expected);
        says(
            &mut stage.juliet,
            "m4",
            &format!("<body>-</body><retract xmlns='urn:xmpp:message-retract:1' id='{place}'/>"),
        );
        let gone = one(&stage, "m1", |message| message["retracted"] == true);
        assert!(gone["body"].is_null(), "{gone}");

        nobody_is_told(&mut stage);

        // Whom the room knows by more than a nickname is known to the next process, too.
        says(&mut stage.juliet, "m5", "<body>Wilt thou?</body>");
        let before = one(&stage, "m5", |_| true);
        daemon.kill();
        let _daemon = stage.home.start();
        stage.wait_for_state("joined");
        says(&mut stage.juliet, "m6", "<body>Thou wilt?</body><replace xmlns='urn:xmpp:message-correct:0' id='m5'/>");
        let after = one(&stage, "m6", |_| true);
        let is_known = before["room"]["occupant_id"].is_string();
        assert_eq!(is_known, stage.kind != Kind::Ejabberd, "{before}");
        assert_eq!(after["replaces"] == "m5", is_known, "{:?}: {after}", stage.kind);
        one(&stage, &mine, |message| message["reactions"] == expected);
    });
}

#[test]
fn what_was_set_aside_and_is_sent_again_is_behind_all_that_waits_also_for_the_next_process() {
    on_each("rooms: sent again", |mut stage, mut daemon| {
        stage.join(&[]);
        assert_eq!(stage.home.ctl(&["status", "offline"]).code, 0);
        let one = stage.home.json(&["send", HALL, "One"]);
        let id = one["id"].as_str().expect("an id").to_owned();
        let open = account::romeo(&stage.server, Tls::Direct);
        stage.home.configure(&format!("{open}[messages]\nencrypted-only = [\"{HALL}\"]\n"));
        assert_eq!(stage.home.ctl(&["config", "reload"]).code, 0);
        let withheld = stage.home.ctl(&["send", HALL, "In plain text"]);
        assert_eq!(withheld.code, 12, "{:?}: {withheld:?}", stage.kind);
        stage.home.eventually(&["outbox"], |list| list["messages"][0]["state"] == "failed");
        stage.home.configure(&open);
        assert_eq!(stage.home.ctl(&["config", "reload"]).code, 0);
        stage.wait_in_line("Two");
        assert_eq!(stage.home.json(&["outbox", "retry", &id])["state"], "queued");
        stage.wait_in_line("Three");
        daemon.kill();
        let _daemon = stage.home.start();
        assert_eq!(stage.home.ctl(&["status", "online"]).code, 0);
        assert_eq!(stage.heard("Three"), ["Two", "One", "Three"], "{:?}", stage.kind);
        eventually("the outbox is empty", SOON, || {
            (stage.home.json(&["outbox"])["messages"] == json!([])).then_some(())
        });
    });
}
