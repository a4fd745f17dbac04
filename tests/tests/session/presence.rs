//! What romeo shows is what juliet sees.

use serde_json::{Value, json};
use xmppd_tests::server::people::JULIET;

use super::{World, ends_with};

pub(super) fn is_seen(world: &mut World) {
    let check = |world: &mut World, words: &[&str], (show, text, priority): (&str, Value, i8)| {
        let reported = world.status(words);
        assert_eq!(reported["delivery"], "acknowledged", "{words:?}: {reported}");
        for part in ["requested", "effective"] {
            let part = &reported[part];
            assert_eq!(
                (&part["show"], &part["status"], &part["priority"]),
                (&json!(show), &text, &json!(priority)),
                "{words:?}: {reported}"
            );
        }
        let seen = world.juliet_sees(show);
        assert_eq!((&seen["status"], &seen["priority"]), (&text, &json!(priority)), "{words:?}: {seen}");
        let shown = world.home.json(&["status"])["accounts"][0].clone();
        assert_eq!(shown, reported);
    };
    check(world, &["dnd", "Good night"], ("dnd", json!("Good night"), 5));
    check(world, &["away", "<&> \"so\" 'so' 👩‍👩‍👧 ♪"], ("away", json!("<&> \"so\" 'so' 👩‍👩‍👧 ♪"), 5));
    check(world, &["chat", "Nurse?", "--priority", "-7"], ("chat", json!("Nurse?"), -7));
    check(world, &["xa", "--priority", "127"], ("xa", Value::Null, 127));
    check(world, &["busy", "--priority", "5"], ("dnd", Value::Null, 5));
    check(world, &["available"], ("online", Value::Null, 5));
}

pub(super) fn stays_offline_when_asked_to(world: &mut World) {
    let reported = world.status(&["offline"]);
    assert_eq!(reported["requested"]["show"], "offline", "{reported}");
    world.juliet_sees_him_leave();
    let account = world.account_is("offline");
    assert_eq!(account["error"], Value::Null, "{account}");
    ends_with(&world.home, 0, &["wait", "offline"]);
    ends_with(&world.home, 13, &["wait", "online"]);
    ends_with(&world.home, 13, &["wait", "contact", &JULIET.jid()]);
    let taken = world.home.json(&["send", &JULIET.jid(), "Nobody hears me"]);
    assert_eq!(taken["state"], "queued", "{taken}");
    ends_with(&world.home, 0, &["outbox", "cancel", taken["id"].as_str().unwrap_or_default()]);
    ends_with(&world.home, 4, &["ping"]);

    // Neither a new daemon nor `account connect` overrules the wish.
    assert_eq!(world.daemon.take().and_then(|mut daemon| daemon.stop()), Some(0));
    world.daemon = Some(world.home.start());
    ends_with(&world.home, 4, &["account", "connect"]);
    assert_eq!(world.account()["state"], "offline");

    let reported = world.status(&["online", "Back"]);
    // How far it has come is a race between the disk and the server.
    assert_eq!(reported["requested"]["show"], "online", "{reported}");
    assert_eq!(world.juliet_sees("online")["status"], "Back");
    world.home.eventually(&["status"], |status| status["accounts"][0]["delivery"] == "acknowledged");
    let missed = world.juliet.seen().iter().filter(|event| event["body"] == "Nobody hears me").count();
    assert_eq!(missed, 0);
}
