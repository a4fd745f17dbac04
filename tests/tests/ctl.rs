//! `xmppctl` with a daemon behind it: every verb in both forms, its exit codes, its manners, and watching.

mod ctl_parts;

use std::io::Read;
use std::process::Stdio;

use ctl_parts::{check_failure, check_usage, one_document};
use serde_json::{Value, json};
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{present, program};
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};
use xmppd_tests::verona::Verona;

/// The words, the members of the document, and a part of the text; an empty one for verbs that confirm in silence.
fn verbs(juliet: &str) -> [(Vec<&str>, &'static [&'static str], &str); 32] {
    let words: [(&[&str], &'static [&'static str], &str); 32] = [
        (&["status", "dnd", "Good night", "--priority", "7"], &["accounts"], "dnd"),
        (&["status"], &["accounts"], "Good night"),
        (&["status", "layers"], &["accounts"], "nothing is above it"),
        (&["status", "xa", "Lunch", "--for", "1h", "--then", "chat"], &["accounts"], "timed until"),
        (&["status", "clear", "timed"], &["accounts"], "you"),
        (&["status", "busy", "-a", "home"], &["accounts"], "dnd"),
        (&["status", "available", "-a", "all"], &["accounts"], "online"),
        (&["tune"], &["state"], "stopped"),
        (
            &["tune", "set", "--artist", "Prokofiev", "--title", "Montagues", "--length", "5m42s"],
            &["state", "tune"],
            "Prokofiev – Montagues",
        ),
        (&["tune", "clear"], &["state"], "stopped"),
        (&["tune", "off"], &["state", "reason"], "off"),
        (&["tune", "on"], &["state"], "stopped"),
        (&["tune", "players"], &["players"], ""),
        (&["roster"], &["accounts"], "on the balcony"),
        (&["roster", "--online", "--group", "Capulet"], &["accounts"], juliet),
        (&["roster", "--group", "Montague"], &["accounts"], ""),
        (&["account"], &["accounts"], "online"),
        (&["account", "list"], &["accounts"], "SCRAM-SHA-1"),
        (&["account", "show", "home"], &["accounts"], "round trips:"),
        (&["account", "disconnect"], &["accounts"], "offline"),
        (&["account", "connect", "home"], &["accounts"], "online"),
        (&["send", juliet, "hello"], &["account", "id", "state", "to"], "sent"),
        (&["wait", "outbox", "empty"], &["condition", "waited_ms"], ""),
        (&["wait", "online"], &["condition", "waited_ms"], ""),
        (&["ping"], &["account", "from", "round_trip_ms"], "verona.example"),
        (&["doctor"], &["checks"], "session-bus"),
        (&["config", "check"], &["accounts", "file"], "sound"),
        (&["config", "reload"], &["accounts", "file"], "in force"),
        (&["config", "get", "tune.settle"], &["file", "values"], "3s"),
        (&["daemon"], &["pid", "socket", "version"], "configuration"),
        (&["daemon", "version"], &["protocol", "version"], "protocol 1"),
        (&["rpc", "account.list"], &["accounts"], "\"accounts\""),
    ];
    words.map(|(words, members, text)| (words.to_vec(), members, text))
}

#[test]
fn every_verb_speaks_to_people_and_to_programs() {
    let Some(mut verona) = present("ctl", Verona::start()) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built");
    let _daemon = verona.enter(&home);
    let juliet = JULIET.jid();
    verona.juliet.tell("presence", &json!({"show": "away", "status": "on the balcony"}));
    assert_eq!(home.ctl(&["wait", "contact", &juliet, "away", "-t", "10s"]).code, 0);
    for (words, members, part) in verbs(&juliet) {
        let words = words.as_slice();
        let text = home.ctl(words);
        assert_eq!((text.code, text.stderr.as_str()), (0, ""), "{words:?}: {text:?}");
        assert!(text.stdout.contains(part), "{words:?}: {text:?}");
        assert!(part.is_empty() || !text.stdout.contains('\u{1b}'), "{words:?} has no colours: {text:?}");
        let document = one_document(&home, words);
        for member in members {
            assert!(document.get(member).is_some(), "{words:?}: {member} in {document}");
        }
        let quiet = home.ctl(&[&["-q"], words].concat());
        assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""), "{words:?}: {quiet:?}");
    }
    assert_eq!(one_document(&home, &["rpc", "describe"])["openrpc"], "1.3.2");
    assert_eq!(one_document(&home, &["config", "get"])["values"]["account"][0]["password"], Value::Null);
}

#[test]
fn what_cannot_be_done_has_its_exit_code_in_both_forms() {
    let Some(verona) = present("ctl", Verona::start()) else { return };
    let stopped = verona.account("wrong", MERCUTIO, "").replace(MERCUTIO.password, "a guess");
    let home = Home::new(&(verona.romeo("") + &stopped)).expect("the programs are built");
    let mut daemon = home.start();
    home.eventually(&["account", "list"], |list| {
        list["accounts"][0]["state"] == "online" && list["accounts"][1]["state"] == "stopped"
    });
    let juliet = JULIET.jid();
    let nobody = format!("{juliet}/nobody");
    for (code, words, part) in [
        (2, &["send", &juliet, "x"][..], "home, wrong"),
        (2, &["account", "disconnect"], "home, wrong"),
        (2, &["send", "not a@jid@", "x", "-a", "home"], "not a@jid@"),
        (2, &["rpc", "status", "{\"acount\":\"home\"}"], "acount"),
        (3, &["wait", "contact", &juliet, "xa", "-a", "home", "-t", "50ms"], "did not come true"),
        (5, &["account", "connect", "wrong"], "password"),
        (5, &["send", &juliet, "x", "-a", "wrong"], "wrong is not online"),
        (6, &["ping", &nobody, "-a", "home"], "service-unavailable"),
        (7, &["-a", "home", "status", "invisible"], "invisible"),
        (10, &["status", "-a", "elsewhere"], "home, wrong"),
        (10, &["outbox", "cancel", "unheard-of", "-a", "home"], "outbox list"),
        (10, &["config", "get", "tune.colour"], "tune.colour"),
        (13, &["wait", "online", "-a", "wrong"], "stopped"),
    ] {
        check_failure(&home, code, words, part);
    }
    assert_eq!(home.ctl(&["status", "offline", "-a", "home"]).code, 0);
    check_failure(&home, 4, &["ping", &juliet, "-a", "home"], "home is not online");
    assert_eq!(daemon.stop(), Some(0));
    check_failure(&home, 8, &["status"], "start it");
}

#[test]
fn unusable_words_are_usage_and_say_what_would_do() {
    let home = Home::new("").expect("the programs are built");
    let _daemon = home.start();
    for (words, part) in [
        (&["sleep"][..], "sleep"),
        (&["statsu"], "status"),
        (&["status", "sleepy"], "dnd"),
        (&["status", "dnd", "x", "--priority", "128"], "128"),
        (&["status", "dnd", "two", "texts"], "texts"),
        (&["wait", "for", "godot"], "online, offline"),
        (&["wait", "online", "-t", "soon"], "soon"),
        (&["watch", "weather"], "status, tune"),
        (&["tune", "set", "--artist", "Prokofiev"], "title"),
        (&["send"], "JID"),
        (&["rpc", "status", "{"], "JSON"),
        (&["--colour", "always", "status"], "--color"),
    ] {
        check_usage(&home, words, part);
    }
}

#[test]
fn help_is_complete_and_fits_a_terminal() {
    let home = Home::new("").expect("the programs are built");
    let help = home.ctl(&["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    let verbs = [
        "status", "tune", "mood", "activity", "nick", "avatar", "roster", "account", "send", "outbox", "wait", "watch",
        "ping", "doctor", "config", "daemon", "rpc", "room",
    ];
    for verb in verbs {
        assert!(help.stdout.lines().any(|line| line.trim_start().starts_with(verb)), "{verb} in\n{}", help.stdout);
        let own = home.ctl(&[verb, "--help"]);
        assert_eq!(own.code, 0);
        assert!(own.stdout.contains("Usage: xmppctl"), "{}", own.stdout);
        let wide = own.stdout.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None, "{verb} --help");
    }
    let alone = home.ctl(&[]);
    assert_eq!((alone.code, alone.stdout.contains("Usage: xmppctl")), (0, true), "{alone:?}");
    let version = home.ctl(&["--version"]);
    assert!(version.stdout.starts_with("xmppctl "), "{version:?}");
}

#[test]
fn options_do_what_they_say() {
    let home = Home::new("").expect("the programs are built");
    let _daemon = home.start();
    let printed = home.ctl(&["--print-request", "status", "dnd", "Good night"]);
    let request: Value = serde_json::from_str(&printed.stdout).expect("the request is JSON");
    assert_eq!((&request["method"], &request["params"]["status"]), (&json!("status.set"), &json!("Good night")));
    assert_eq!(printed.stdout.lines().count(), 1);
    let bare = Home::new("").expect("the programs are built");
    assert_eq!(bare.ctl(&["--print-request", "roster"]).code, 0, "nothing is asked, so no daemon is needed");

    let coloured = |words: &[&str]| home.ctl(words).stdout.contains('\u{1b}');
    assert!(coloured(&["--color", "always", "daemon"]) && !coloured(&["--color", "never", "daemon"]));
    assert!(!coloured(&["daemon"]));
    let socket = home.socket();
    let socket = socket.to_str().expect("the path is UTF-8");
    assert_eq!(bare.ctl(&["--socket", socket, "daemon"]).code, 0);
    assert_eq!(bare.with("XMPPD_SOCKET", socket).ctl(&["daemon"]).code, 0);
}

#[test]
fn a_terminal_gets_colours_unless_it_wants_none() {
    let Some(script) = present("ctl: a terminal", program("script")) else { return };
    let home = Home::new("").expect("the programs are built");
    let _daemon = home.start();
    let command = format!("{} daemon", home.programs()[1].display());
    let shown = |home: &Home| {
        let output = home.command(&script, &["-qec", &command, "/dev/null"]).stdin(Stdio::null()).output();
        String::from_utf8_lossy(&output.expect("script runs").stdout).into_owned()
    };
    let home = home.with("TERM", "xterm");
    assert!(shown(&home).contains("\u{1b}[1mxmppd"), "{:?}", shown(&home));
    let home = home.with("NO_COLOR", "1");
    assert!(!shown(&home).contains('\u{1b}'), "{:?}", shown(&home));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let home = Home::new("").expect("the programs are built");
    let _daemon = home.start();
    let mut watch = home.watch(&["--json", "watch"]);
    assert_eq!(watch.json()["event"], "snapshot");
    let mut talk = home.watch(&["--json", "watch", "tune"]);
    talk.hang_up();
    let mut command = home.command(home.programs()[1], &["rpc", "describe"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("xmppctl runs");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
    assert_eq!((child.wait().expect("it ends").code(), said.as_str()), (Some(0), ""));
    // Nothing needs to happen for it to notice.
    assert_eq!((talk.ended(), talk.process().log().as_str()), (0, ""));
}

#[test]
fn watching_ends_when_it_was_told_to() {
    let home = Home::new("").expect("the programs are built");
    let mut daemon = home.start();
    let seen = home.ctl(&["--json", "watch", "-t", "200ms"]);
    assert_eq!((seen.code, seen.stderr.as_str(), seen.stdout.lines().count()), (0, "", 1), "{seen:?}");
    let mut watch = home.watch(&["-q", "watch", "-t", "1s"]);
    watch.wait_for("the snapshot", |line| line.contains("tune"));
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(watch.ended(), 0, "it waits for the daemon no longer than that");
}

#[test]
fn watching_outlives_a_restart_of_the_daemon() {
    let Some(mut verona) = present("ctl", Verona::start()) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built");
    let mut daemon = verona.enter(&home);
    let mut json = home.watch(&["--json", "watch", "status", "account"]);
    let mut text = home.watch(&["watch", "presence"]);
    let snapshot = json.json();
    assert_eq!(
        (&snapshot["event"], &snapshot["account"]["accounts"][0]["state"]),
        (&json!("snapshot"), &json!("online"))
    );
    text.wait_for("juliet is in the snapshot", |line| line.contains(&JULIET.jid()));
    assert_eq!(home.ctl(&["status", "dnd", "Good night"]).code, 0);
    json.wait_for_json("the status", |event| event["event"] == "status" && event["delivery"] == "acknowledged");
    verona.juliet.tell("presence", &json!({"show": "xa", "status": "asleep"}));
    let line = text.wait_for("juliet sleeps", |line| line.contains("asleep"));
    assert!(line.contains("presence") && line.contains("xa"), "{line}");

    assert_eq!(daemon.stop(), Some(0));
    json.wait_for_json("the gap", |event| event == &json!({"event": "gap"}));
    daemon = verona.enter(&home);
    let again = json.json();
    assert_eq!((&again["event"], &again["seq"]), (&json!("snapshot"), &json!(0)), "{again}");
    assert_eq!(again["status"]["accounts"][0]["requested"]["show"], "dnd", "the wish outlives the daemon");
    text.wait_for("juliet is seen anew", |line| line.contains("asleep"));
    drop(daemon);
}

#[test]
fn what_juliet_writes_moves_no_cursor() {
    let Some(mut verona) = present("ctl", Verona::start()) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built");
    let _daemon = verona.enter(&home);
    let mut watch = home.watch(&["watch", "presence", "message"]);
    let mut json = home.watch(&["--json", "watch", "message"]);
    assert_eq!(json.json()["event"], "snapshot");
    watch.wait_for("the snapshot", |line| line.contains("juliet"));
    // XML itself forbids C0; what it lets through are C1, direction, tags and line ends.
    let hostile = "\u{9b}31m\u{9d}52;c;eA==\u{9c} a\u{202e}b\u{2066}c\u{200f}\nromeo: x\r\u{85}\u{2028}\u{7f}\u{e0041}";
    verona.juliet.tell("presence", &json!({"show": "dnd", "status": hostile}));
    verona.juliet.tell("message", &json!({"to": ROMEO.jid(), "body": hostile}));
    let lines = [
        watch.wait_for("the presence", |line| line.contains("dnd")),
        watch.wait_for("the message", |line| line.contains("message")),
        home.ctl(&["roster"]).stdout,
        json.wait_for("the message", |line| line.contains("\"message\"")),
        home.ctl(&["-j", "roster"]).stdout,
    ];
    for line in &lines {
        let bad = line.trim_end_matches('\n').split('\n').collect::<Vec<_>>().concat();
        let harmful = bad.chars().find(|c| {
            c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
        });
        assert_eq!(harmful, None, "{line:?}");
    }
    assert_eq!(lines[2].lines().count(), 2, "a line end in a text is none in the table: {:?}", lines[2]);
}

#[test]
fn two_accounts_fail_apart_and_are_chosen_by_name() {
    let Some(mut verona) = present("ctl", Verona::start()) else { return };
    let both = verona.romeo("") + &verona.account("work", MERCUTIO, "priority = 3");
    let home = Home::new(&both).expect("the programs are built");
    let _daemon = verona.enter(&home);
    let shows = |words: &[&str]| {
        let status = home.json(words);
        let accounts = status["accounts"].as_array().cloned().unwrap_or_default();
        accounts
            .iter()
            .map(|it| format!("{}:{}", it["account"], it["effective"]["show"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(shows(&["status", "away", "-a", "work"]), ["work:away"]);
    assert_eq!(shows(&["status"]), ["home:online", "work:away"]);
    assert_eq!(shows(&["status", "dnd", "-a", "all"]), ["home:dnd", "work:dnd"]);
    assert_eq!(shows(&["status", "chat"]), ["home:chat", "work:chat"], "without a name it is for every account");
    assert_eq!(shows(&["status", "-a", &MERCUTIO.jid()]), ["work:chat"], "an address names an account too");
    let table = home.ctl(&["status"]).stdout;
    assert!(table.lines().nth(1).is_some_and(|line| line.starts_with("home")), "{table}");

    assert_eq!(home.json(&["send", &JULIET.jid(), "from mercutio", "-a", "work"])["account"], "work");
    let message = verona.juliet.wait_for("mercutio's message", |event| event["event"] == "message");
    assert_eq!(message["bare"], MERCUTIO.jid());

    assert_eq!(home.ctl(&["status", "offline", "-a", "work"]).code, 0);
    home.eventually(&["account", "list"], |list| list["accounts"][1]["state"] == "offline");
    let set = home.json(&["status", "dnd", "one of two", "-a", "home"]);
    assert_eq!(set["accounts"][0]["delivery"], "acknowledged");
    verona.juliet.wait_for_presence(&ROMEO.jid(), "romeo goes on", |seen| seen["status"] == "one of two");
    assert_eq!(home.json(&["account", "disconnect", "-a", "all"])["accounts"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_reload_puts_what_changed_in_force_and_a_broken_file_changes_nothing() {
    let Some(mut verona) = present("ctl", Verona::start()) else { return };
    let both = |priority: i8| verona.romeo(&format!("priority = {priority}")) + &verona.account("work", MERCUTIO, "");
    let (one, other) = (both(1), both(9));
    let alone = verona.romeo("priority = 9");
    let home = Home::new(&one).expect("the programs are built");
    let mut daemon = verona.enter(&home);
    assert_eq!(home.json(&["config", "get", "account"])["values"][0]["priority"], 1);

    home.configure(&other);
    assert_eq!(home.json(&["config", "check"])["accounts"], json!(["home", "work"]));
    assert_eq!(home.json(&["config", "reload"])["changed"], json!(["home"]));
    verona.juliet.wait_for_presence(&ROMEO.jid(), "the new priority", |seen| seen["priority"] == 9);

    home.configure(&other.replace("priority = 9", "priority = \"nine\""));
    for verb in ["check", "reload"] {
        let broken = home.ctl(&["config", verb]);
        assert_eq!((broken.code, broken.stdout.as_str()), (2, ""), "{broken:?}");
        for part in ["config.toml:8:12", "priority"] {
            assert!(broken.stderr.contains(part), "{part} in {}", broken.stderr);
        }
    }
    assert_eq!(home.json(&["config", "get", "account"])["values"][0]["priority"], 9, "what was in force stays");
    assert_eq!(home.json(&["account", "list"])["accounts"].as_array().map(Vec::len), Some(2));
    let report = home.json(&["doctor"]);
    assert_eq!(
        (&report["checks"][0]["check"], &report["checks"][0]["state"]),
        (&json!("configuration"), &json!("failed"))
    );

    home.configure(&alone);
    let mut watch = home.watch(&["--json", "watch", "account"]);
    assert_eq!(watch.json()["account"]["accounts"].as_array().map(Vec::len), Some(2));
    // SIGHUP says the same as the verb.
    daemon.process().signal(rustix::process::Signal::HUP);
    let shown = watch.wait_for_json("a new picture", |event| event["event"] == "snapshot");
    assert_eq!(shown["account"]["accounts"].as_array().map(Vec::len), Some(1), "{shown}");
    home.configure("");
    assert_eq!(home.ctl(&["config", "reload"]).code, 0);
    verona.juliet.wait_for_presence(&ROMEO.jid(), "romeo says goodbye", |seen| seen["type"] == "unavailable");
}

#[test]
fn the_configuration_is_checked_without_a_daemon() {
    let home = Home::new("[tune]\nenabled = maybe\n").expect("the programs are built");
    for answer in [home.ctl(&["config", "check"]), home.xmppd(&["--check"]), home.xmppd(&[])] {
        assert_eq!(answer.code, 2, "{answer:?}");
        assert!(answer.stderr.contains("config.toml:2:11"), "{answer:?}");
    }
    home.configure("[tune]\nenabled = false\n");
    let sound = home.ctl(&["config", "check"]);
    assert_eq!((sound.code, sound.stderr.as_str()), (0, ""), "{sound:?}");
    assert!(sound.stdout.contains("sound"));
}
