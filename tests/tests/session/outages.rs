//! Sessions that end, by wish, with the daemon, or with the server, and what is there afterwards.

use std::time::Duration;

use serde_json::{Value, json};
use xmppd_tests::contact::Contact;
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::wait::{SOON, eventually};

use super::{World, ends_with};

/// Longer than the first pauses between attempts may take together.
const RECONNECTED: Duration = Duration::from_secs(60);

pub(super) fn by_wish_end_when_asked(world: &mut World) {
    world.status(&["dnd", "Thinking"]);
    world.juliet_sees("dnd");
    let list = world.home.json(&["account", "disconnect"]);
    assert_eq!(list["accounts"][0]["state"], "offline", "{list}");
    world.juliet_sees_him_leave();
    let list = world.home.json(&["account", "connect", "home"]);
    assert_eq!(list["accounts"][0]["state"], "online", "{list}");
    assert_eq!(world.juliet_sees("dnd")["status"], "Thinking");
}

pub(super) fn of_the_daemon_leave_the_status(world: &mut World) {
    let before = world.account()["jid"].clone();
    world.status(&["xa", "Banished", "--priority", "9"]);
    world.juliet_sees("xa");
    assert_eq!(world.daemon.take().and_then(|mut daemon| daemon.stop()), Some(0), "SIGTERM ends it politely");
    world.juliet_sees_him_leave();
    ends_with(&world.home, 8, &["status"]);

    world.daemon = Some(world.home.start());
    let seen = world.juliet_sees("xa");
    assert_eq!((&seen["status"], &seen["priority"]), (&json!("Banished"), &json!(9)));
    assert_eq!(seen["from"], before, "the resource is kept");

    let stopped = world.home.ctl(&["daemon", "stop"]);
    assert_eq!(stopped.code, 0, "{stopped:?}");
    world.juliet_sees_him_leave();
    world.daemon = Some(world.home.start());
    world.juliet_sees("xa");
}

pub(super) fn of_the_server_are_survived(world: &mut World) {
    match world.tls {
        Tls::Starttls => world.server.stop(),
        Tls::Direct => world.server.crash(),
    }
    let list = world.home.eventually(&["account", "list"], |list| {
        list["accounts"][0]["state"] == "retrying" && list["accounts"][0]["error"]["retry_at"].is_string()
    });
    let account = &list["accounts"][0];
    assert!(account["error"]["kind"].is_string() && account["error"]["message"].is_string(), "{account}");
    assert_eq!((&account["tls"], &account["stream"]), (&Value::Null, &Value::Null), "{account}");

    let kept = world.status(&["dnd", "Then I defy you, stars", "--priority", "2"]);
    assert_eq!((&kept["delivery"], &kept["requested"]["show"]), (&json!("pending"), &json!("dnd")), "{kept}");
    assert_eq!(kept["effective"]["show"], "offline", "{kept}");
    let taken = world.home.json(&["send", &JULIET.jid(), "Is anybody there?"]);
    assert_eq!(taken["state"], "queued", "{taken}");

    world.server.restart();
    world.juliet = Contact::login(&world.server, world.tls, JULIET).expect("slixmpp was there before");
    let seen = world.juliet.wait_until("sees romeo again", RECONNECTED, |event| {
        event["event"] == "presence" && event["bare"] == ROMEO.jid() && event["show"] == "dnd"
    });
    assert_eq!((&seen["status"], &seen["priority"]), (&json!("Then I defy you, stars"), &json!(2)));
    // Where he was back before her, it came before his presence.
    eventually("juliet has what was taken meanwhile", SOON, || {
        let mut seen = world.juliet.seen().iter();
        seen.any(|event| event["event"] == "message" && event["id"] == taken["id"]).then_some(())
    });
    ends_with(&world.home, 0, &["wait", "outbox", "empty", "-t", "20s"]);
    world.home.eventually(&["status"], |status| status["accounts"][0]["delivery"] == "acknowledged");
    let roster =
        world.home.eventually(&["roster", "--online"], |roster| !roster["accounts"][0]["contacts"][0].is_null());
    assert_eq!(roster["accounts"][0]["contacts"][0]["jid"], JULIET.jid());
}
