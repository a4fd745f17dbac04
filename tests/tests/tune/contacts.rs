//! The other direction: what contacts listen to.

use serde_json::{Value, json};
use xmppd_tests::server::Kind;
use xmppd_tests::server::people::JULIET;

use crate::stage::{AT_ONCE, Stage};

#[test]
fn a_contacts_tune_is_on_the_roster_and_in_watch_on_every_server() {
    for kind in Kind::ALL {
        let Some(mut stage) = Stage::set("a contact's tune", kind, AT_ONCE) else { continue };
        let mut watch = stage.home.watch(&["--json", "watch", "tune"]);
        assert_eq!(watch.json()["event"], "snapshot");

        stage.juliet.tell("tune", &json!({"artist": "Prokofiev\u{202e}", "title": "Knights", "length": 342}));
        let seen = watch.json();
        let tune = json!({"artist": "Prokofiev", "title": "Knights", "length_ms": 342_000});
        assert_eq!((&seen["account"], &seen["jid"]), (&json!("home"), &json!(JULIET.jid())), "{seen}");
        assert_eq!((&seen["event"], &seen["seq"], &seen["tune"]), (&json!("tune"), &json!(1), &tune), "{seen}");
        let juliet = |roster: &Value| roster["accounts"][0]["contacts"][0].clone();
        let roster = stage.home.eventually(&["roster"], |roster| juliet(roster)["tune"].is_object());
        assert_eq!(juliet(&roster)["tune"], tune, "{roster}");

        stage.juliet.tell("tune", &json!({}));
        let seen = watch.json();
        assert_eq!((&seen["state"], &seen["tune"]), (&json!("stopped"), &json!(null)), "{seen}");
        stage.home.eventually(&["roster"], |roster| juliet(roster)["tune"].is_null());
    }
}
