//! The verbs that show the wire itself: `xml watch` and `probe`.

use std::io::{BufRead, BufReader};

use serde_json::{Value, json};

use crate::support::{Daemon, Run, Script, golden};

fn told(name: &str) -> String {
    json!({"jsonrpc": "2.0", "method": "xml", "params": golden(name)}).to_string()
}

/// The first lines of a program that does not end by itself.
fn lines(daemon: &Daemon, words: &[&str], count: usize) -> Vec<String> {
    let mut child = daemon.command(words).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(count).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    lines
}

#[test]
fn the_wire_is_readable_and_goes_on_with_the_next_daemon() {
    let frames = || vec![told("reply/xml-frame"), told("reply/xml-frame-lost")];
    let daemon = Daemon::start(vec![Script::Lines(frames()), Script::Lines(frames())]);
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>[masked]</auth>";
    let expected = [
        format!("18:00:00.125  home  → stream  {auth}"),
        "17 elements were lost".to_owned(),
        format!("18:00:00.125  home  ← stream  {auth}"),
        format!("18:00:00.125  home  → stream  {auth}"),
    ];
    assert_eq!(lines(&daemon, &["xml", "watch"], 4), expected);
    assert_eq!(daemon.requests(), ["xml.watch {}"; 2]);
}

#[test]
fn the_wire_is_asked_for_in_one_direction_unmasked_and_laid_out() {
    let daemon = Daemon::start(vec![Script::Lines(vec![told("reply/xml-frame")])]);
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>[masked]</auth>";
    let words = ["-a", "home", "xml", "watch", "--out", "--unsafe", "--pretty", "--color", "always"];
    let expected = [
        "\u{1b}[2m18:00:00.125\u{1b}[0m  home  \u{1b}[2;35m→ stream\u{1b}[0m".to_owned(),
        format!("  \u{1b}[2;35m{auth}\u{1b}[0m"),
    ];
    assert_eq!(lines(&daemon, &words, 2), expected);
    assert_eq!(daemon.requests(), [r#"xml.watch {"account":"home","direction":"out","unsafe":true}"#]);
}

#[test]
fn the_wire_is_one_document_a_line_for_scripts() {
    let daemon = Daemon::start(vec![Script::Lines(vec![told("reply/xml-frame"), told("reply/xml-frame-lost")])]);
    let lines = lines(&daemon, &["-j", "xml", "watch", "--in"], 2);
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, [golden("reply/xml-frame"), golden("reply/xml-frame-lost")]);
    assert_eq!(daemon.requests(), [r#"xml.watch {"direction":"in"}"#]);
    let both = Daemon::absent().run(&["xml", "watch", "--in", "--out"]);
    assert_eq!((both.code, both.stdout.as_str()), (2, ""));
}

fn probed(words: &[&str], request: &str) -> Run {
    let daemon = Daemon::start(vec![Script::Result(golden("reply/probe"))]);
    let run = daemon.run(words);
    assert_eq!(daemon.requests(), [request]);
    run
}

#[test]
fn a_domain_is_looked_at() {
    let run = probed(&["probe", "verona.example"], r#"probe {"domain":"verona.example"}"#);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(
        run.stdout.contains("\n  address      192.0.2.1    tcp 20 ms, tls 41 ms, stream 22 ms\n"),
        "{}",
        run.stdout
    );
    let words = ["-j", "probe", "v.example", "--server", "[::1]:5223", "--tls", "direct", "--ca-file", "/etc/ca.pem"];
    let request = r#"probe {"ca_file":"/etc/ca.pem","domain":"v.example","server":"[::1]:5223","tls":"direct"}"#;
    let run = probed(&words, request);
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), golden("reply/probe"));
}

#[test]
fn a_file_is_named_from_the_root_for_the_daemon_is_elsewhere() {
    let run = Daemon::absent().run(&["--print-request", "probe", "v.example", "--ca-file", "ca.pem"]);
    let here = std::env::current_dir().unwrap().join("ca.pem").display().to_string();
    assert!(run.stdout.contains(&format!("\"ca_file\":{}", json!(here))), "{run:?}");
}

#[test]
fn what_a_server_says_does_not_reach_the_terminal() {
    let mut report = golden("reply/probe");
    report["endpoints"][0]["certificate"]["subject"] = json!("CN=\u{1b}[2J\u{202e}x\n! all is well");
    report["endpoints"][0]["after_tls"]["mechanisms"] = json!(["\u{9b}31m"]);
    let daemon = Daemon::start(vec![Script::Result(report)]);
    let run = daemon.run(&["probe", "verona.example"]);
    assert!(run.stdout.contains("CN=\\x1b[2Jx ! all is well") && run.stdout.contains("\\x9b31m"), "{}", run.stdout);
}
