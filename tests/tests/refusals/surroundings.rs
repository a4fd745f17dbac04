//! Parts of the surroundings that are not there take away their own feature only, and `doctor` names them.

use serde_json::Value;
use xmppd_tests::account;
use xmppd_tests::certificate::Authority;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::netns::{Names, Netns};
use xmppd_tests::process::Folder;

use super::{NOWHERE, error_in, holds};

#[test]
fn without_a_session_bus_everything_else_works() {
    let Some(home) = present("no session bus", Home::new(NOWHERE)) else { return };
    let _daemon = home.start();
    rest_works(&home);
    let check = found(&home, "session-bus", "warning");
    holds(check["hint"].as_str().unwrap_or_default(), "works without it");
}

#[test]
fn without_a_resolver_everything_else_works() {
    let folder = Folder::new("resolver");
    let trusted = folder.write("authority.pem", &Authority::new().pem());
    let password = "password-command = [\"echo\", \"secret\"]";
    let Some(mut namespace) = present("no resolver", Netns::start(Names::default())) else { return };
    namespace.silence_resolver();
    let configuration = account::romeo_by_name("auto", &trusted, password);
    let Some(home) = present("no resolver", Home::new(&configuration)) else { return };
    let home = home.within(&namespace);
    let _daemon = home.start();
    let error = error_in(&home, "retrying");
    assert_eq!(error["kind"], "unreachable", "{error}");
    assert!(error["retry_at"].is_string(), "{error}");
    rest_works(&home);
    let check = found(&home, "account", "failed");
    holds(check["message"].as_str().unwrap_or_default(), "verona.example");
}

fn rest_works(home: &Home) {
    let status = home.json(&["status", "away", "Soon back"]);
    assert_eq!(status["accounts"][0]["delivery"], "pending", "{status}");
    for words in [&["roster"][..], &["tune"], &["tune", "players"], &["account", "list"], &["config", "check"]] {
        assert_eq!(home.ctl(words).code, 0, "{words:?}");
    }
}

/// What `doctor` says of one thing, which is in this state.
fn found(home: &Home, name: &str, state: &str) -> Value {
    let report = home.eventually(&["doctor"], |report| {
        let mut checks = report["checks"].as_array().into_iter().flatten();
        checks.any(|check| check["check"] == name && check["state"] == state)
    });
    let checks = report["checks"].as_array().cloned().unwrap_or_default();
    checks.into_iter().find(|check| check["check"] == name && check["state"] == state).unwrap_or_default()
}
