//! Messages to juliet and from her.

use serde_json::json;
use xmppd_tests::server::people::{JULIET, ROMEO};

use super::{World, ends_with};

pub(super) fn arrive_once_and_exact(world: &mut World) {
    // More than servers take before a login.
    let long = "Thou know'st the mask of night is on my face. ".repeat(400);
    let bodies = [
        "Wherefore art thou?",
        long.trim_end(),
        "🌹 by any other name\n\n\tsmells as sweet: <a href='x'>&amp;\"</a> ]]>\nЖ é \u{1F469}\u{200D}\u{1F467}",
        "- a hyphen first",
    ];
    for body in bodies {
        let sent = world.home.json(&["send", &JULIET.jid(), body]);
        assert_eq!((&sent["account"], &sent["to"]), (&json!("home"), &json!(JULIET.jid())));
        assert_eq!(sent["state"], "sent");
        let got = world.juliet.wait_for("romeo's message", |event| event["event"] == "message");
        assert_eq!((&got["body"], &got["id"]), (&json!(body), &sent["id"]));
        assert_eq!((&got["bare"], &got["type"]), (&json!(ROMEO.jid()), &json!("chat")));
    }
    let full = world.juliet.jid().to_owned();
    ends_with(&world.home, 0, &["send", &full, "The last", "--type", "normal", "--subject", "Adieu"]);
    let got = world.juliet.wait_for("the last message", |event| event["event"] == "message");
    assert_eq!((&got["body"], &got["subject"], &got["type"]), (&json!("The last"), &json!("Adieu"), &json!("normal")));
    let count = world.juliet.seen().iter().filter(|event| event["event"] == "message").count();
    assert_eq!(count, bodies.len() + 1, "none came twice");
}

/// `sent` means that the server has it, which it says by stream management: nobody else here speaks that.
pub(super) fn are_acknowledged_by_the_server(world: &mut World) {
    let log = world.server.log();
    let acknowledged = |line: &str| ["Send", "<a ", "urn:xmpp:sm:3"].iter().all(|part| line.contains(part));
    assert!(log.lines().any(acknowledged), "the server's log shows no acknowledgement");
}

pub(super) fn are_watched(world: &mut World) {
    let mut watch = world.home.watch(&["--json", "watch", "message"]);
    let snapshot = watch.json();
    assert_eq!((&snapshot["event"], &snapshot["seq"]), (&json!("snapshot"), &json!(0)));
    let bodies = ["Ay me!", "Good night 🌙\nparting is such sweet sorrow <&>"];
    for (seq, body) in (1..).step_by(2).zip(bodies) {
        let told = world.juliet.tell("message", &json!({"to": ROMEO.jid(), "body": body}));
        let event = watch.json();
        assert_eq!((&event["event"], &event["seq"]), (&json!("message"), &json!(seq)), "{event}");
        assert_eq!((&event["account"], &event["direction"]), (&json!("home"), &json!("in")), "{event}");
        assert_eq!((&event["from"], &event["body"]), (&json!(world.juliet.jid()), &json!(body)), "{event}");
        assert_eq!((&event["type"], &event["id"]), (&json!("chat"), &told["stanza"]), "{event}");
        assert!(event["timestamp"].is_string() && event["delayed"].is_null(), "{event}");
        let unread = watch.json();
        assert_eq!((&unread["event"], &unread["seq"]), (&json!("unread"), &json!(seq + 1)), "{unread}");
    }

    // What is cut shows it, and what would be is not sent.
    world.juliet.tell("message", &json!({"to": ROMEO.jid(), "body": "O".repeat(70_000)}));
    let event = watch.json();
    assert_eq!(event["body"], "O".repeat(64 * 1024) + "…", "{}", event["seq"]);
    assert_eq!(watch.json()["event"], "unread");
    ends_with(&world.home, 2, &["send", &JULIET.jid(), &"O".repeat(70_000)]);

    world.status(&["offline"]);
    world.juliet_sees_him_leave();
    world.juliet.tell("message", &json!({"to": ROMEO.jid(), "body": "Hist! Romeo, hist!"}));
    // The server takes what she sends in order: with the answer, the message is stored.
    world.juliet.tell("ping", &json!({"to": "verona.example"}));
    world.status(&["online"]);
    world.juliet_sees("online");
    let event = watch.json();
    assert_eq!((&event["seq"], &event["body"]), (&json!(7), &json!("Hist! Romeo, hist!")), "{event}");
    assert_eq!(event["delayed"], true, "{event}");
}
