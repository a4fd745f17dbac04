//! The units of `systemd/` under a live user manager: started when ready, watched, restarted when that helps, left
//! politely, activated by a word, and kept in a sandbox that forbids much and nothing that is needed.

mod unit_parts;

use std::time::Instant;

use serde_json::{Value, json};
use unit_parts::{Stage, folder};
use xmppd_tests::missing::{present, program};
use xmppd_tests::readme;
use xmppd_tests::server::people::ROMEO;
use xmppd_tests::wait::{SOON, eventually, until};

/// Where the manager finds the command.
const CONTROL: &str = "/home/verona/.local/bin/xmppctl";

#[test]
fn the_service_is_active_when_ready_reloads_and_leaves_politely() {
    let Some(mut stage) = Stage::start("unit") else { return };
    let romeo = ROMEO.jid();
    stage.systemctl(&["start", "xmppd.service"]);
    assert_eq!(stage.show("ActiveState"), "active");
    assert_eq!(stage.ctl(&["daemon", "version"]).1, Some(0), "it answers as soon as it is active");
    stage.await_online();
    stage.verona.juliet.wait_for_presence(&romeo, "romeo is online", |seen| seen["type"] == "available");
    eventually("systemctl status tells the state", SOON, || {
        stage.show("StatusText").contains("home online").then_some(())
    });

    stage.configure("priority = 7");
    stage.systemctl(&["reload", "xmppd.service"]);
    stage.verona.juliet.wait_for_presence(&romeo, "the new priority", |seen| seen["priority"] == 7);
    assert_eq!(stage.show("ActiveState"), "active");

    stage.await_online();
    assert_eq!(stage.ctl(&["tune", "set", "--title", "Montagues"]).1, Some(0));
    stage.verona.juliet.wait_for_tune(&romeo, "romeo's tune", |tune| tune["title"] == "Montagues");
    let begun = Instant::now();
    stage.systemctl(&["stop", "xmppd.service"]);
    assert!(begun.elapsed().as_secs() < 5, "it took {:?}", begun.elapsed());
    assert_eq!((stage.show("Result"), stage.show("ExecMainStatus")), ("success".into(), "0".into()));
    stage.verona.juliet.wait_for_tune(&romeo, "romeo's silence", |tune| tune == &json!({}));
    stage.verona.juliet.wait_for_presence(&romeo, "romeo leaves", |seen| seen["type"] == "unavailable");
}

#[test]
fn it_is_installed_as_the_readme_says_and_taken_away_again() {
    let Some(stage) = Stage::start("unit: install") else { return };
    let text = readme::text();
    let steps = readme::blocks(readme::section(&text, "Install it for your own account"), "sh");
    assert!(steps[0].starts_with("systemd/install"), "{steps:?}");
    // The first has been done by the stage; doing it again does no harm.
    for step in &steps {
        let (said, code) = stage.shell(step);
        assert_eq!(code, Some(0), "{step}: {said}\n{}", stage.log());
    }
    assert_eq!((stage.show("ActiveState"), stage.show("UnitFileState")), ("active".into(), "enabled".into()));
    let home = stage.manager.home();
    let installed = [
        ".local/bin/xmppd",
        ".local/bin/xmppctl",
        ".config/systemd/user/xmppd.service",
        ".config/systemd/user/xmppd.socket",
        ".local/share/dbus-1/services/org.xmppctl.Daemon1.service",
    ];
    let there = |part: &&str| home.join(part).exists();
    assert!(installed.iter().all(there));
    let (said, code) = stage.shell("systemd/install --remove");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(installed.iter().filter(|part| there(part)).count(), 0, "{said}");
    assert!([".config/xmppd/config.toml", ".local/state/xmppd"].iter().all(there), "what is the person's stays");
    assert_eq!(stage.show("ActiveState"), "inactive");
    assert_eq!(stage.shell("systemd/install --purge").1, Some(2));
}

#[test]
fn programs_that_cargo_installed_are_found() {
    let Some(stage) = Stage::start("unit: cargo install") else { return };
    let (said, code) = stage.shell("mkdir -p ~/.cargo/bin && mv ~/.local/bin/xmppd ~/.cargo/bin");
    assert_eq!(code, Some(0), "{said}");
    stage.systemctl(&["start", "xmppd.service"]);
    stage.await_online();
}

#[test]
fn a_daemon_that_hangs_or_dies_is_started_again() {
    let Some(stage) = Stage::start("unit") else { return };
    stage.drop_in("[Service]\nWatchdogSec=2\nRestartSec=100ms\n");
    stage.systemctl(&["start", "xmppd.service"]);
    let number = |name: &str| stage.show(name).parse::<u64>().unwrap_or_default();
    for _ in 0..2 {
        let fed = number("WatchdogTimestampMonotonic");
        eventually("the watchdog is fed", SOON, || (number("WatchdogTimestampMonotonic") > fed).then_some(()));
    }
    assert_eq!((number("NRestarts"), stage.show("ActiveState")), (0, "active".to_owned()));
    for (signal, restarts) in [("STOP", 1), ("KILL", 2)] {
        let before = number("MainPID");
        stage.systemctl(&["kill", "--kill-whom=main", &format!("--signal={signal}"), "xmppd.service"]);
        eventually("another daemon runs", SOON, || {
            let after = number("MainPID");
            (after != 0 && after != before && stage.show("ActiveState") == "active").then_some(())
        });
        assert_eq!(number("NRestarts"), restarts, "after {signal}");
        stage.await_online();
    }
}

#[test]
fn what_another_start_does_not_mend_is_not_started_again() {
    let Some(stage) = Stage::start("unit") else { return };
    stage.drop_in("[Service]\nRestartSec=100ms\n");
    let refused = |code: &str, word: &str| {
        let (said, status) = stage.manager.run("systemctl", &["--user", "start", "xmppd.service"]);
        assert_ne!(status, Some(0), "{said}");
        // A restart that was wanted would be under way: "activating (auto-restart)".
        assert_eq!(
            (stage.show("ActiveState"), stage.show("NRestarts")),
            ("failed".into(), "0".into()),
            "{}",
            stage.log()
        );
        assert_eq!(stage.show("ExecMainStatus"), code);
        assert!(stage.log().contains(word), "{word} in {}", stage.log());
        stage.systemctl(&["reset-failed", "xmppd.service"]);
    };
    stage.configure("priority = high");
    refused("2", "config.toml:");
    stage.configure("");
    stage.manager.unit(
        "other.service",
        "[Service]\nType=notify\nExecStartPre=mkdir -p -m 700 %t/other\nEnvironment=XDG_RUNTIME_DIR=%t/other\nExecStart=%h/.local/bin/xmppd\n",
    );
    stage.systemctl(&["daemon-reload"]);
    stage.systemctl(&["start", "other.service"]);
    refused("11", "another");
}

#[test]
fn the_first_word_to_the_socket_or_the_bus_starts_the_daemon() {
    let Some(stage) = Stage::start("unit") else { return };
    stage.systemctl(&["start", "xmppd.socket"]);
    let idle = || eventually("no daemon runs", SOON, || (stage.show("ActiveState") == "inactive").then_some(()));
    idle();
    let status = |word: &str| {
        let (said, code) = stage.ctl(&["--json", "daemon", "status"]);
        assert_eq!(code, Some(0), "{word}: {said}\n{}", stage.log());
        serde_json::from_str::<Value>(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    };
    let first = status("the first word");
    assert_eq!(stage.show("ActiveState"), "active");
    stage.await_online();
    assert_eq!(stage.ctl(&["daemon", "stop"]).1, Some(0));
    idle();
    assert_ne!(status("a word after the end")["pid"], first["pid"], "the socket outlives the daemon");

    stage.systemctl(&["stop", "xmppd.socket", "xmppd.service"]);
    idle();
    let name = "org.xmppctl.Daemon1";
    let words = ["--user", "get-property", name, "/org/xmppctl/Daemon1", name, "Connection"];
    let (said, code) = stage.manager.run("busctl", &words);
    assert_eq!(code, Some(0), "{said}\n{}", stage.log());
    assert_eq!(stage.show("ActiveState"), "active");
}

#[test]
fn the_program_is_exchanged_in_its_unit_and_behind_its_socket() {
    let Some(mut stage) = Stage::start("unit") else { return };
    stage.systemctl(&["start", "xmppd.socket"]);
    assert_eq!(stage.ctl(&["-t", "20s", "status", "away", "exchanged"]).1, Some(0));
    let romeo = ROMEO.jid();
    stage.verona.juliet.wait_for_presence(&romeo, "romeo is away", |seen| seen["status"] == "exchanged");
    let before = stage.show("MainPID");
    for _ in 0..3 {
        let manager = &stage.manager;
        let asked = std::thread::scope(|scope| {
            let restarting = scope.spawn(|| manager.run(CONTROL, &["daemon", "restart"]));
            let mut asked = 0;
            while !restarting.is_finished() {
                let (said, code) = manager.run(CONTROL, &["daemon", "version"]);
                assert_eq!(code, Some(0), "whoever asks meanwhile waits: {said}");
                asked += 1;
            }
            let (said, code) = restarting.join().expect("it is asked");
            assert_eq!(code, Some(0), "{said}");
            asked
        });
        println!("{asked} words during the exchange");
        // The manager may hear that it is ready after whoever asked for it has.
        let facts = || ["MainPID", "ActiveState", "SubState", "NRestarts"].map(|name| stage.show(name));
        let _ = until(SOON, || (facts()[1] != "reloading").then_some(()));
        assert_eq!(facts(), [before.as_str(), "active", "running", "0"], "{}", stage.log());
        stage.await_online();
        assert!(stage.ctl(&["--json", "account", "list"]).0.contains("\"resumed\":true"), "{}", stage.log());
    }
    let gone = |seen: &&Value| seen["bare"] == romeo && seen["resource"] != "" && seen["type"] == "unavailable";
    assert_eq!(stage.verona.juliet.seen().iter().find(gone), None);
    let fed = stage.show("WatchdogTimestampMonotonic");
    assert_ne!(fed, "0", "it goes on feeding the watchdog");
}

#[test]
fn the_sandbox_scores_two_at_most() {
    let Some(analyze) = present("unit: score", program("systemd-analyze")) else { return };
    let unit = folder().join("xmppd.service");
    let output = std::process::Command::new(analyze)
        .args(["--user", "security", "--offline=true", "--threshold=20", "--no-pager"])
        .arg(unit)
        // It looks for units there too, and does not start without.
        .env("XDG_RUNTIME_DIR", std::env::temp_dir())
        .output()
        .expect("systemd-analyze runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    println!("{}", said.lines().last().unwrap_or_default());
}

#[test]
fn inside_the_sandbox_what_is_needed_works_and_what_is_forbidden_does_not() {
    let Some(stage) = Stage::start("unit") else { return };
    let Some(_) = present("unit: acts", program("python3")) else { return };
    stage.manager.home().write(".ssh/id", "a private key");
    stage.manager.home().write(".gnupg/key", "another, with which pass opens a password");
    // A password-command runs in the sandbox, as the daemon's own code would.
    let script = include_str!("unit_parts/acts.py");
    stage.manager.home().write("acts.py", script);
    stage.configure_with("password-command = [\"/usr/bin/python3\", \"/home/verona/acts.py\"]", "");
    stage.systemctl(&["start", "xmppd.service"]);
    stage.await_online();
    let text = std::fs::read_to_string(stage.manager.home().join(".local/state/xmppd/acts.json"));
    let acts: Value = serde_json::from_str(&text.expect("the acts left their results")).expect("they are JSON");
    let acts = acts.as_object().expect("an act has a name");
    let wrong: Vec<String> = acts
        .iter()
        .filter(|(name, outcome)| (outcome.as_str() == Some("done")) != name.starts_with("needed"))
        .map(|(name, outcome)| format!("{name}: {outcome}"))
        .collect();
    assert!(acts.len() >= 20, "{acts:?}");
    assert_eq!(wrong, [""; 0]);
    let (said, _) = stage.ctl(&["--json", "daemon", "status"]);
    assert!(said.contains("\"bus_name\":\"org.xmppctl.Daemon1\""), "the session bus is reached: {said}");
}
