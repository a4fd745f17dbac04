//! Passwords that are wrong, or that are not to be had.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use xmppd_tests::account;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::relay::Relay;
use xmppd_tests::server::people::ROMEO;
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::until;

use super::{error_in, fails, holds};

/// The first pause between two attempts is at most two seconds.
const RETRIED: Duration = Duration::from_millis(2500);

#[test]
fn a_wrong_password_is_tried_once_and_mended_by_a_reload() {
    let Some(server) = present("wrong password", Server::start(Kind::Prosody12)) else { return };
    let relay = Relay::start(server.port(Tls::Starttls));
    let configuration = account::romeo_at(
        (relay.port(), Tls::Starttls),
        &server.authority_file(),
        "password-file = \"~/romeo.password\"",
    );
    let Some(home) = present("wrong password", Home::new(&configuration)) else { return };
    home.write("romeo.password", "deny thy father\n");
    let _daemon = home.start();
    let error = error_in(&home, "stopped");
    assert_eq!(error["kind"], "authentication", "{error}");
    holds(error["message"].as_str().unwrap_or_default(), "password");
    assert!(error["retry_at"].is_null(), "{error}");
    let again = until(RETRIED, || (relay.connections() > 1).then_some(()));
    assert_eq!((again, relay.connections()), (None, 1), "it is not tried again");
    let checks = home.json(&["doctor"])["checks"].to_string();
    holds(&checks, "the server refused the password");

    assert_eq!(home.ctl(&["wait", "online"]).code, 13);
    let status = home.json(&["status", "dnd", "Still here"]);
    assert_eq!(status["accounts"][0]["delivery"], "pending");
    let (_, error) = fails(&home, 5, &["account", "connect"]);
    assert_eq!(error["kind"], "authentication", "{error}");
    assert_eq!(relay.connections(), 3, "each `account connect` tried once");

    home.write("romeo.password", &format!("{}\n", ROMEO.password));
    assert_eq!(home.ctl(&["config", "reload"]).code, 0);
    assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
    assert_eq!(relay.connections(), 4);
}

#[test]
fn an_account_without_a_password_waits_for_one() {
    let Some(server) = present("needs a secret", Server::start(Kind::Prosody12)) else { return };
    let with =
        |password: &str| account::romeo_at((server.port(Tls::Direct), Tls::Direct), &server.authority_file(), password);
    let Some(home) = present("needs a secret", Home::new(&with(""))) else { return };
    let exposed = home.write("exposed.password", ROMEO.password);
    std::fs::set_permissions(&exposed, PermissionsExt::from_mode(0o644)).expect("the owner of a file sets its mode");
    let _daemon = home.start();
    let check = |password: &str, reason: &str| {
        home.configure(&with(password));
        assert_eq!(home.ctl(&["config", "reload"]).code, 0, "{password}");
        let list = home.eventually(&["account", "list"], |list| {
            let account = &list["accounts"][0];
            account["state"] == "needs-secret"
                && account["error"]["message"].as_str().is_some_and(|message| message.contains(reason))
        });
        assert_eq!(list["accounts"][0]["error"]["kind"], "needs-secret", "{list}");
        let (_, error) = fails(&home, 5, &["account", "connect"]);
        holds(error["message"].as_str().unwrap_or_default(), reason);
    };
    check("", "no password source");
    check("password-command = [\"sh\", \"-c\", \"echo locked >&2; exit 3\"]", "locked");
    check("password-command = [\"no-such-program\"]", "no-such-program");
    check("password-command = [\"true\"]", "password");
    check("password-file = \"~/exposed.password\"", "chmod 600");
    check("password-file = \"~/absent.password\"", "absent.password");
    check("password-credential = \"romeo\"", "CREDENTIALS_DIRECTORY");
    assert_eq!(home.ctl(&["wait", "online"]).code, 13);

    // Mended where it is: no change of the configuration, only of the file.
    home.configure(&with("password-file = \"~/exposed.password\""));
    std::fs::set_permissions(&exposed, PermissionsExt::from_mode(0o600)).expect("the owner of a file sets its mode");
    assert_eq!(home.ctl(&["config", "reload"]).code, 0);
    assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
}
