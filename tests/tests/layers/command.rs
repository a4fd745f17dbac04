//! A status for a command: as long as that runs, whatever ends it, and whatever ends who holds it.

use std::path::Path;

use rustix::process::Signal;
use serde_json::json;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{present, program};
use xmppd_tests::talk::Talk;

use super::stage::stage;

/// Says that it has begun, and ends with 3 when it is told anything.
const WAITS: &str = "echo begun; read word; exit 3";

/// `xmppctl status SHOW TEXT -- sh -c SCRIPT`, once the script has begun. Signals are as a terminal has them.
fn hold(home: &Home, show: &str, text: &str, script: &str) -> Talk {
    hold_with(home, &["--default-signal=INT,QUIT,HUP,TERM"], &[show, text], script)
}

fn hold_with(home: &Home, environment: &[&str], words: &[&str], script: &str) -> Talk {
    let control = home.programs()[1].to_string_lossy().into_owned();
    let command = [environment, &[&control, "status"], words, &["--", "sh", "-c", script]].concat();
    let mut talk = home.talk(Path::new("env"), &command);
    assert_eq!(talk.line().as_deref(), Some("begun"), "{}", talk.process().log());
    talk
}

#[test]
fn the_status_lasts_as_long_as_the_command_and_its_code_is_passed_on() {
    let Some(mut stage) = stage("command", "") else { return };
    stage.set(&["status", "away", "Base"]);
    let mut building = hold(&stage.home, "dnd", "Building", WAITS);
    stage.sees("Building");
    let layers = stage.home.json(&["status", "layers"])["accounts"][0]["layers"].clone();
    assert_eq!((&layers[0]["layer"], &layers[0]["by"]), (&json!("command"), &json!("sh")), "{layers}");
    building.write(b"go\n");
    assert_eq!(building.ended(), 3, "{}", building.process().log());
    // It is gone when the program has ended, not some time later.
    assert_eq!(stage.home.json(&["status"])["accounts"][0]["layers"][0]["layer"], "base");
    let home = &stage.home;
    let code = |words: &[&str]| home.ctl(&[&["status", "xa", "Short", "--"], words].concat()).code;
    assert_eq!(code(&["true"]), 0);
    assert_eq!(code(&["sh", "-c", "kill -KILL $$"]), 137);
    let missing = home.ctl(&["status", "xa", "Short", "--", "no-such-program"]);
    assert_eq!((missing.code, missing.stdout.as_str()), (127, ""), "{missing:?}");
    assert!(missing.stderr.contains("no-such-program"), "{missing:?}");
    assert_eq!(code(&["/"]), 126);
    let passed = home.ctl(&["status", "xa", "--", "sh", "-c", "echo out; echo err >&2"]);
    assert_eq!((passed.stdout.as_str(), passed.stderr.as_str()), ("out\n", "err\n"));
    let asked = home.ctl(&["--print-request", "status", "dnd", "Building", "--for", "1h", "--", "make", "-j4"]);
    assert!(asked.stdout.contains(r#""method":"status.hold""#) && asked.stdout.contains(r#""by":"make""#), "{asked:?}");
    stage.home.eventually(&["status"], |status| status["accounts"][0]["effective"]["status"] == "Base");
}

#[test]
fn of_several_the_newest_wins_and_each_end_shows_the_other() {
    let Some(mut stage) = stage("several commands", "") else { return };
    let mut one = hold(&stage.home, "dnd", "One", WAITS);
    stage.sees("One");
    let mut two = hold(&stage.home, "xa", "Two", WAITS);
    stage.sees("Two");
    two.write(b"\n");
    stage.sees("One");
    let mut three = hold(&stage.home, "chat", "Three", WAITS);
    stage.sees("Three");
    // What ends under the newest changes nothing.
    one.write(b"\n");
    assert_eq!((one.ended(), two.ended()), (3, 3));
    three.write(b"\n");
    assert_eq!(three.ended(), 3);
    stage.saw(&["dnd One", "xa Two", "dnd One", "chat Three", "online"]);
}

#[test]
fn signals_are_passed_on() {
    let Some(mut stage) = stage("signals", "") else { return };
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let mut held = hold(&stage.home, "dnd", "Killed", "echo begun; exec sleep 600");
        stage.sees("Killed");
        held.process().signal(signal);
        assert_eq!(held.ended(), code, "{signal:?}: {}", held.process().log());
        stage.juliet("free again", |seen| seen["status"] != "Killed");
    }
    let trap = "trap 'kill $!; exit 5' TERM; sleep 600 & echo begun; wait";
    let mut held = hold(&stage.home, "dnd", "Trapped", trap);
    stage.sees("Trapped");
    held.process().signal(Signal::TERM);
    assert_eq!(held.ended(), 5);
    // Who was started to ignore a signal does so, and the command too.
    let ignoring = ["--default-signal=TERM", "--ignore-signal=HUP"];
    let mut held = hold_with(&stage.home, &ignoring, &["dnd", "Ignored"], WAITS);
    held.process().signal(Signal::HUP);
    held.write(b"\n");
    assert_eq!(held.ended(), 3);
    stage.saw(&[
        "dnd Killed",
        "online",
        "dnd Killed",
        "online",
        "dnd Killed",
        "online",
        "dnd Trapped",
        "online",
        "dnd Ignored",
        "online",
    ]);
}

#[test]
fn the_status_goes_when_who_holds_it_is_killed() {
    let Some(mut stage) = stage("kill -9", "") else { return };
    stage.set(&["status", "away", "Base"]);
    let mut held = hold(&stage.home, "dnd", "Building", WAITS);
    stage.sees("Building");
    held.process().signal(Signal::KILL);
    stage.sees("Base");
    let layers = stage.home.json(&["status"])["accounts"][0]["layers"].clone();
    assert_eq!(layers.as_array().map(Vec::len), Some(1), "{layers}");
    stage.saw(&["away Base", "dnd Building", "away Base"]);
}

#[test]
fn a_command_has_a_limit_where_one_is_named_and_can_be_cleared() {
    let Some(mut stage) = stage("limits", "") else { return };
    let signals = ["--default-signal=TERM"];
    let mut held = hold_with(&stage.home, &signals, &["dnd", "Limited", "--for", "1500ms"], WAITS);
    stage.sees("Limited");
    stage.juliet("free again", |seen| seen["status"] != "Limited");
    let mut other = hold(&stage.home, "dnd", "Cleared", WAITS);
    stage.sees("Cleared");
    stage.set(&["status", "clear", "command"]);
    stage.juliet("free again", |seen| seen["status"] != "Cleared");
    for held in [&mut held, &mut other] {
        held.write(b"\n");
        assert_eq!(held.ended(), 3);
    }
    stage.saw(&["dnd Limited", "online", "dnd Cleared", "online"]);
}

#[test]
fn the_command_runs_on_without_the_daemon_and_the_next_one_is_told() {
    let Some(mut stage) = stage("another daemon", "") else { return };
    let mut held = hold(&stage.home, "dnd", "Building", WAITS);
    stage.sees("Building");
    assert_eq!(stage.home.ctl(&["daemon", "restart"]).code, 0);
    let held_again = |status: &serde_json::Value| {
        let account = &status["accounts"][0];
        account["layers"][0]["layer"] == "command" && account["delivery"] == "acknowledged"
    };
    stage.home.eventually(&["status"], held_again);
    stage.daemon.kill();
    stage.daemon = stage.home.start();
    stage.home.eventually(&["status"], held_again);
    assert_eq!(stage.daemon.stop(), Some(0));
    stage.gone();
    // At the goodbye, nobody sees what would have been under it.
    let last = stage.verona.juliet.seen().iter().rfind(|seen| seen["type"] == "available").cloned();
    assert_eq!(last.map(|seen| seen["status"].clone()), Some(json!("Building")));
    held.write(b"\n");
    assert_eq!(held.ended(), 3);
    let log = held.process().log();
    assert!(log.contains("the daemon is gone"), "{log}");
    let without = stage.home.ctl(&["status", "dnd", "Building", "--", "touch", "begun"]);
    assert_eq!(without.code, 8, "{without:?}");
}

#[test]
fn a_terminals_interrupt_reaches_the_command_once() {
    let Some(mut stage) = stage("terminal", "") else { return };
    let counts = "trap 'echo interrupted' INT; echo begun; read word; read word; echo ended; exit 6";
    let control = stage.home.programs()[1].display().to_string();
    let line = format!("exec {control} status dnd Terminal -- bash -c \"{counts}\"");
    let Some(script) = present("terminal", program("script")) else { return };
    let mut terminal = stage.home.talk(&script, &["--quiet", "--return", "--command", &line, "/dev/null"]);
    terminal.wait_for("it has begun", |line| line.contains("begun"));
    stage.sees("Terminal");
    terminal.write(b"\x03");
    terminal.wait_for("the interrupt", |line| line.contains("interrupted"));
    terminal.write(b"one\ntwo\n");
    let rest = terminal.rest();
    assert!(rest.iter().any(|line| line.contains("ended")), "{rest:?}");
    assert!(!rest.iter().any(|line| line.contains("interrupted")), "{rest:?}");
    assert_eq!(terminal.ended(), 6);
}

#[test]
fn a_reload_takes_no_layer_away() {
    let Some(mut stage) = stage("reload", "") else { return };
    stage.set(&["status", "away", "Timed", "--for", "1h"]);
    let mut held = hold(&stage.home, "dnd", "Building", WAITS);
    stage.sees("Building");
    // Another way to the password makes another session, another priority does not.
    for change in ["priority = 4", "enabled = true\npriority = 4"] {
        let configuration = stage.verona.romeo(change);
        let other =
            if change.contains("enabled") { configuration.replace("printf", "/usr/bin/printf") } else { configuration };
        stage.home.configure(&other);
        assert_eq!(stage.home.ctl(&["config", "reload"]).code, 0);
        stage.juliet("the same with another priority", |seen| seen["status"] == "Building" && seen["priority"] == 4);
    }
    let layers = stage.home.json(&["status"])["accounts"][0]["layers"].clone();
    let names: Vec<_> = layers.as_array().into_iter().flatten().map(|layer| &layer["layer"]).collect();
    assert_eq!(names, ["command", "timed", "base"]);
    held.write(b"\n");
    assert_eq!(held.ended(), 3);
    stage.sees("Timed");
}

#[test]
fn a_status_is_held_by_a_connection() {
    let Some(mut stage) = stage("held by a connection", "") else { return };
    let socket = format!("UNIX-CONNECT:{}", stage.home.socket().display());
    let Some(socat) = present("held by a connection", program("socat")) else { return };
    let mut line = stage.home.talk(&socat, &["-", &socket]);
    let call = |id: u32, method: &str, params: serde_json::Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    line.say(&call(1, "status.hold", json!({"show": "dnd", "status": "First"})));
    let answer = line.json();
    assert_eq!(answer["result"]["accounts"][0]["layers"][0]["layer"], "command", "{answer}");
    line.say(&call(2, "status.hold", json!({"show": "xa", "status": "Second"})));
    assert_eq!(line.json()["id"], 2);
    // One connection holds one status.
    let layers = |status: &serde_json::Value| status["accounts"][0]["layers"].as_array().map(Vec::len);
    stage.home.eventually(&["status"], |status| layers(status) == Some(2));
    line.say(&call(3, "status.release", json!({})));
    assert_eq!(line.json()["result"], json!({}));
    assert_eq!(layers(&stage.home.json(&["status"])), Some(1));
    line.say(&call(4, "status.release", json!({})));
    assert_eq!(line.json()["result"], json!({}));
    line.say(&call(5, "status.hold", json!({"show": "gone"})));
    assert_eq!(line.json()["error"]["code"], -32602);
    line.say(&call(6, "status.hold", json!({"show": "dnd", "status": "Third"})));
    assert_eq!(line.json()["id"], 6);
    stage.sees("Third");
    drop(line);
    stage.juliet("free again", |seen| seen["status"] != "Third");
}
