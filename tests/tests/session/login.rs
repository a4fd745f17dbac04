//! How the login went, as the daemon tells it.

use serde_json::{Value, json};
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Tls};

use super::{World, ends_with};

pub(super) fn is_told(world: &mut World) {
    ends_with(&world.home, 0, &["-t", "20s", "wait", "online"]);
    let account = world.account();
    let (mechanism, binding) = match world.server.kind() {
        Kind::Prosody12 => ("SCRAM-SHA-1", Value::Null),
        Kind::Prosody13 => ("SCRAM-SHA-1-PLUS", json!("tls-exporter")),
        Kind::Ejabberd => ("SCRAM-SHA-256-PLUS", json!("tls-exporter")),
    };
    // TCP, [stream, STARTTLS], TLS 1.3, stream, two of SCRAM, and the classic way then stream, bind.
    let (profile, classic) = if world.server.kind() == Kind::Prosody12 { ("sasl", 2) } else { ("sasl2", 0) };
    let round_trips = classic
        + match world.tls {
            Tls::Starttls => 7,
            Tls::Direct => 5,
        };
    assert!(text(&account["jid"]).starts_with(&format!("{}/xmppd", ROMEO.jid())), "{account}");
    let server = format!("127.0.0.1:{}", world.server.port(world.tls));
    assert_eq!((&account["account"], &account["server"]), (&json!("home"), &json!(server)), "{account}");
    assert_eq!((&account["enabled"], &account["error"]), (&json!(true), &Value::Null), "{account}");
    assert_eq!(account["tls"]["version"], "1.3", "{account}");
    assert!(text(&account["tls"]["cipher"]).starts_with("TLS_"), "{account}");
    assert_eq!(account["auth"]["mechanism"], mechanism, "{account}");
    assert_eq!(account["auth"]["channel_binding"], binding, "{account}");
    assert_eq!(account["auth"]["profile"], profile, "{account}");
    assert_eq!(account["stream"]["round_trips"], round_trips, "{account}");
    assert!(account["stream"]["bound_ms"].as_u64().is_some_and(|time| time < 20_000), "{account}");

    let seen = world.juliet_sees("online");
    assert_eq!(seen["from"], account["jid"]);
    assert_eq!((&seen["status"], &seen["priority"]), (&Value::Null, &json!(5)));
}

pub(super) fn waits_and_pings(world: &mut World) {
    ends_with(&world.home, 0, &["wait", "online"]);
    ends_with(&world.home, 3, &["-t", "200ms", "wait", "offline"]);
    let pong = world.home.json(&["ping"]);
    assert_eq!((&pong["account"], &pong["from"]), (&json!("home"), &json!("verona.example")));
    assert!(pong["round_trip_ms"].is_u64(), "{pong}");
    let pong = world.home.json(&["ping", world.juliet.jid()]);
    assert_eq!(pong["from"], world.juliet.jid());
    let nobody = format!("{}/nobody", JULIET.jid());
    ends_with(&world.home, 6, &["ping", &nobody]);
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
