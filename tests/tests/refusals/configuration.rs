//! A configuration that is not right names every fault by file, line, column and key, and nothing starts.

use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;

use super::{NOWHERE, fails, holds};

#[test]
fn a_broken_configuration_names_every_fault_and_nothing_starts() {
    let Some(home) = present("configuration", Home::new("")) else { return };
    let check = |configuration: &str, faults: &[&str]| {
        home.configure(configuration);
        for arguments in [&[][..], &["--check"]] {
            let answer = home.xmppd(arguments);
            assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{configuration}: {answer:?}");
            for fault in faults {
                holds(&answer.stderr, &format!("config/xmppd/config.toml:{fault}"));
            }
            assert!(!home.socket().exists() && !home.state().exists(), "nothing has started");
        }
        let (words, _) = fails(&home, 2, &["config", "check"]);
        holds(&words, faults[0]);
    };
    let account = "[[account]]\njid = \"romeo@verona.example\"\n";
    check("[[account]]\njid = ", &["2:7: "]);
    check("[[account]]\n", &["1:1: account.jid: is missing"]);
    check(&format!("{account}colour = \"red\"\n"), &["3:1: account.colour: "]);
    check("[music]\nloud = true\n", &["1:2: music: "]);
    check(&format!("{account}tls = 5\n"), &["3:7: account.tls: expected "]);
    check(&format!("{account}tls = \"none\"\n"), &["3:7: account.tls: expected one of auto, direct, starttls"]);
    check(&format!("{account}priority = 128\n"), &["3:12: account.priority: "]);
    check(&format!("{account}server = \"somewhere:99999\"\n"), &["3:10: account.server: "]);
    check(&format!("{account}ca-file = \"/nonexistent.pem\"\n"), &["3:11: account.ca-file: cannot be read: "]);
    check("[[account]]\njid = \"not a jid@\"\n", &["2:7: account.jid: "]);
    check(&format!("{account}{account}"), &["4:7: account.jid: there is another account"]);
    check(
        &format!("{account}password-file = \"~/p\"\npassword-command = [\"p\"]\n"),
        &["3:17: account.password-file: an account has one source of its password"],
    );
    check(
        &format!("{account}priority = \"high\"\ntls = 5\n[tune]\nsettle = \"soon\"\nvolume = 11\n"),
        &["3:12: account.priority: ", "4:7: account.tls: ", "6:10: tune.settle: ", "7:1: tune.volume: "],
    );
}

#[test]
fn a_password_in_a_configuration_that_others_may_read_is_refused_and_never_shown() {
    let text = "[[account]]\njid = \"romeo@verona.example\"\npassword = \"wherefore\"\n";
    let Some(home) = present("configuration", Home::new(text)) else { return };
    assert_eq!(home.xmppd(&["--check"]).code, 0);
    let file = home.write("config/xmppd/config.toml", text);
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&file, readable).expect("the owner of a file sets its mode");
    let answer = home.xmppd(&[]);
    assert_eq!(answer.code, 2, "{answer:?}");
    holds(&answer.stderr, "config.toml:3:");
    holds(&answer.stderr, "0600");
    assert!(!answer.stderr.contains("wherefore"), "{answer:?}");
}

#[test]
fn no_configuration_at_all_is_told_with_the_way_out() {
    let Some(home) = present("configuration", Home::new("")) else { return };
    std::fs::remove_file(home.write("config/xmppd/config.toml", "")).expect("it is there");
    let answer = home.xmppd(&[]);
    assert_eq!(answer.code, 2, "{answer:?}");
    holds(&answer.stderr, "config.toml does not exist");
    holds(&answer.stderr, "[[account]]");
    assert_eq!(home.xmppd(&["--config", "/nonexistent.toml", "--check"]).code, 2);
}

#[test]
fn a_broken_file_leaves_the_running_configuration_in_force() {
    let Some(home) = present("configuration", Home::new(NOWHERE)) else { return };
    let mut daemon = home.start();
    let before = home.json(&["config", "get"]);
    home.configure(&format!("{NOWHERE}priority = 500\n"));
    for verb in ["check", "reload"] {
        let (words, error) = fails(&home, 2, &["config", verb]);
        holds(&words, "config.toml:6:12: account.priority: ");
        assert_eq!(error["kind"], "usage");
    }
    daemon.process().signal(rustix::process::Signal::HUP);
    home.eventually(&["daemon", "status"], |_| daemon.log().contains("what was in force stays so"));
    assert_eq!(home.json(&["config", "get"]), before);
    let checks = home.json(&["doctor"])["checks"].clone();
    assert_eq!((&checks[0]["check"], &checks[0]["state"]), (&"configuration".into(), &"failed".into()), "{checks}");

    home.configure(&format!("{NOWHERE}priority = 5\n"));
    assert_eq!(home.ctl(&["config", "check"]).code, 0);
    assert_eq!(home.ctl(&["config", "reload"]).code, 0);
    assert_ne!(home.json(&["config", "get"]), before);
}
