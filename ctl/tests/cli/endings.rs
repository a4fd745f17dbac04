//! How the program ends: the exit table, what goes to which stream, and a daemon that comes and goes.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;

use crate::support::{Daemon, Run, Script, event, golden};
use serde_json::{Value, json};
use xmppd_proto::{Failure, Kind, jsonrpc};

#[test]
fn every_row_of_the_exit_table_is_passed_on() {
    for kind in Kind::ALL {
        let failure = Failure::new(kind, "it went wrong").with_hint("mend it");
        let error = serde_json::to_value(jsonrpc::Error::from(failure.clone())).unwrap();
        let daemon = Daemon::start(vec![Script::Error(error.clone()), Script::Error(error)]);
        let run = daemon.run(&["status"]);
        let code = i32::from(kind.code());
        let told = "xmppctl: it went wrong\nhint: mend it\n".to_owned();
        assert_eq!(run, Run { code, stdout: String::new(), stderr: told });
        let run = daemon.run(&["status", "--json"]);
        assert_eq!((run.code, run.stdout.as_str()), (code, ""));
        assert_eq!(
            serde_json::from_str::<Value>(&run.stderr).unwrap(),
            json!({"error": serde_json::to_value(failure).unwrap()})
        );
    }
}

#[test]
fn standard_errors_have_a_row_too() {
    for (code, exit) in [(-32_601, 1), (-32_603, 1), (-32_010, 10)] {
        let daemon = Daemon::start(vec![Script::Error(json!({"code": code, "message": "m"}))]);
        assert_eq!(daemon.run(&["rpc", "x"]).code, exit, "{code}");
    }
}

fn check_usage(words: &[&str], message: &str) {
    let run = Daemon::absent().run(words);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{words:?}");
    assert!(run.stderr.starts_with(&format!("xmppctl: {message}")), "{words:?}: {}", run.stderr);
    let with_json: Vec<&str> = [&["--json"], words].concat();
    let run = Daemon::absent().run(&with_json);
    let error: Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!((run.code, &error["error"]["kind"]), (2, &json!("usage")), "{words:?}");
}

#[test]
fn words_that_mean_nothing_are_usage() {
    check_usage(&["sttus"], "unrecognized subcommand 'sttus'");
    check_usage(&["status", "gone"], "invalid value 'gone' for '[SHOW]': `gone` is not one of: online (available)");
    check_usage(&["status", "dnd", "--priority", "200"], "invalid value '200' for '--priority <N>'");
    check_usage(&["status", "dnd", "a", "b"], "unexpected argument 'b' found");
    check_usage(&["status", "-t", "soon"], "invalid value 'soon' for '--timeout <DUR>': `soon` does not begin");
    check_usage(&["wait", "sunrise"], "`sunrise` is not a condition");
    check_usage(&["wait"], "the following required arguments were not provided");
    check_usage(&["watch", "weather"], "invalid value 'weather' for '[TOPIC]...': `weather` is not one of: status");
    check_usage(&["tune", "set", "--artist", "A"], "a tune needs a title or a URL");
    check_usage(&["send", "j@c.example", " "], "the message is empty");
    check_usage(&["rpc", "status", "{"], "the parameters are not JSON");
    check_usage(&["account", "connect", "home", "-a", "work"], "both home and work are named");
}

#[test]
fn help_and_version_are_data() {
    let alone = Daemon::absent().run(&[]);
    assert_eq!((alone.code, alone.stderr.as_str()), (0, ""));
    for verb in [
        "status", "tune", "roster", "account", "send", "wait", "watch", "xml", "ping", "probe", "doctor", "config",
        "daemon", "rpc",
    ] {
        assert!(alone.stdout.lines().any(|line| line.trim_start().starts_with(&format!("{verb} "))), "{verb}");
        assert_eq!(Daemon::absent().run(&[verb, "--help"]).code, 0);
    }
    assert_eq!(Daemon::absent().run(&["help"]).code, 0);
    assert_eq!(Daemon::absent().run(&["--version"]).stdout, format!("xmppctl {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn no_daemon_is_exit_8_with_a_hint() {
    let daemon = Daemon::absent();
    let place = daemon.socket().display().to_string();
    let run = daemon.run(&["status"]);
    assert_eq!((run.code, run.stdout.as_str()), (8, ""));
    assert!(run.stderr.starts_with(&format!("xmppctl: xmppd is not running (there is no {place})\nhint: ")));
    drop(std::os::unix::net::UnixListener::bind(daemon.socket()).unwrap());
    let run = daemon.run(&["status"]);
    assert!(run.stderr.contains("nobody listens"), "{}", run.stderr);
    assert_eq!(run.code, 8);
    assert_eq!(Daemon::start(vec![Script::Close]).run(&["status"]).code, 8);
    let run = daemon.command(&["status"]).env_remove("XMPPD_SOCKET").output().unwrap();
    let run = Run::from(run);
    assert_eq!(run.code, 8);
    assert!(run.stderr.contains("XDG_RUNTIME_DIR is not set"), "{}", run.stderr);
}

#[test]
fn the_socket_is_looked_for_in_the_runtime_folder() {
    let daemon = Daemon::start(vec![Script::Result(golden("reply/send"))]);
    let folder = daemon.folder().join("xmppd");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(daemon.socket(), folder.join("rpc.sock")).unwrap();
    let mut command = daemon.command(&["send", "j@c.example", "x"]);
    let output = command.env_remove("XMPPD_SOCKET").env("XDG_RUNTIME_DIR", daemon.folder()).output().unwrap();
    assert_eq!(Run::from(output).code, 0);
}

#[test]
fn another_protocol_is_exit_9() {
    for greeting in [json!({"protocol": 2, "version": "9.0.0"}), json!({})] {
        let run = Daemon::start(vec![Script::Greeting(greeting)]).run(&["status"]);
        assert_eq!((run.code, run.stdout.as_str()), (9, ""));
        assert!(run.stderr.contains("xmppctl speaks protocol 1"), "{}", run.stderr);
    }
}

#[test]
fn a_silent_daemon_is_not_waited_for_without_end() {
    let daemon = Daemon::absent();
    let _listener = std::os::unix::net::UnixListener::bind(daemon.socket()).unwrap();
    let run = daemon.run(&["status", "-t", "1ms"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("no answer within 1ms, the time given"), "{}", run.stderr);
}

#[test]
fn watching_survives_the_daemon() {
    let first = vec![event(&golden("event/snapshot")), event(&golden("event/status"))];
    let second = vec![event(&golden("event/snapshot"))];
    let daemon = Daemon::start(vec![Script::Lines(first), Script::Lines(second)]);
    let mut child = daemon.command(&["watch", "status", "tune", "--json"]).spawn().unwrap();
    let lines: Vec<Value> = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .take(4)
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let names: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["snapshot", "status", "gap", "snapshot"]);
    assert_eq!(lines[2], golden("event/gap"));
    assert_eq!(daemon.requests(), [r#"watch.start {"topics":["status","tune"]}"#; 2]);
}

#[test]
fn watching_is_readable() {
    let names =
        ["snapshot", "status", "tune", "tune-contact", "presence", "presence-none", "roster", "message", "account"];
    let events = names.iter().map(|name| event(&golden(&format!("event/{name}")))).collect();
    let daemon = Daemon::start(vec![Script::Lines(events)]);
    let mut child = daemon.command(&["watch"]).spawn().unwrap();
    let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .take(13)
        .map(|line| line.unwrap().split_at("00:00:00  ".len()).1.to_owned())
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let expected = "\
account   home  online  chat.verona.example:5222, TLS 1.3, SCRAM-SHA-256-PLUS
status    home  dnd  Good night  (acknowledged)
tune      mpv  Ondes Lentes – Marée
roster    home  2 contacts
presence  home  juliet@capulet.example/balcony  away  At the window
status    home  dnd  Good night  (acknowledged)
tune      mpv  Ondes Lentes – Marée
tune      juliet@capulet.example  Ondes Lentes – Marée
presence  home  juliet@capulet.example/balcony  away  At the window
presence  home  everybody  offline
roster    home  1 contact
message   home  ← juliet@capulet.example/balcony  Wherefore art thou?";
    assert_eq!(lines[..11].join("\n"), expected.lines().take(11).collect::<Vec<_>>().join("\n"));
    assert!(lines[11].starts_with("message   home  ← juliet@capulet.example/balcony  Wherefore art thou?  (sent "));
    assert!(lines[12].starts_with("account   home  online"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let roster = json!({"accounts": [{"account": "home", "contacts": vec![golden("reply/roster")["accounts"][0]["contacts"][0].clone(); 5_000]}]});
    let daemon = Daemon::start(vec![Script::Result(roster)]);
    let mut child = daemon.command(&["roster"]).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn the_configuration_is_checked_without_a_daemon_by_its_program() {
    let daemon = Daemon::absent();
    let program = daemon.folder().join("xmppd");
    // The program under test may have the real xmppd beside it, so it is run from a folder of its own.
    let own = daemon.folder().join("xmppctl");
    fs::copy(env!("CARGO_BIN_EXE_xmppctl"), &own).unwrap();
    let run = |script: &str, words: &[&str]| {
        fs::write(&program, format!("#!/bin/sh\n[ \"$1\" = --check ] || exit 99\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = std::process::Command::new(&own);
        command.args(words).env_clear().env("XMPPD_SOCKET", daemon.socket()).env("XDG_CONFIG_HOME", "/c");
        Run::from(command.output().unwrap())
    };
    let sound = run("exit 0", &["config", "check"]);
    assert_eq!(sound, Run { code: 0, stdout: "/c/xmppd/config.toml: sound\n".into(), stderr: String::new() });
    let sound = run("exit 0", &["config", "check", "--json"]);
    assert_eq!(sound.stdout, "{\"file\":\"/c/xmppd/config.toml\"}\n");
    let broken = run("echo 'xmppd: config.toml:3:1: unknown key `shwo`' >&2; exit 2", &["config", "check"]);
    assert_eq!((broken.code, broken.stderr.as_str()), (2, "xmppctl: config.toml:3:1: unknown key `shwo`\n"));
    fs::remove_file(&program).unwrap();
}
