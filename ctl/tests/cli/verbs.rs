//! Each verb against a daemon of scripted lines: the request it makes, and what it prints of the answer.

use crate::support::{Daemon, Script, golden};
use serde_json::{Value, json};

/// Runs the words, answers with the result, and compares the request and the output.
pub(crate) fn check(words: &[&str], request: &str, result: Value, stdout: &str) {
    let daemon = Daemon::start(vec![Script::Result(result)]);
    let run = daemon.run(words);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{words:?}");
    assert_eq!(daemon.requests(), [request], "{words:?}");
    assert_eq!(run.stdout, stdout, "{words:?}");
}

const STATUS: &str = "\
ACCOUNT  SHOW  PRIORITY  FROM  DELIVERY      STATUS
home     dnd   5         you   acknowledged  Good night
";

#[test]
fn status_shows_and_sets() {
    let report = || golden("reply/status");
    check(&["status"], "status {}", report(), STATUS);
    check(&["-a", "home", "status"], r#"status {"account":"home"}"#, report(), STATUS);
    check(
        &["status", "dnd", "Good night", "--priority", "-5"],
        r#"status.set {"priority":-5,"show":"dnd","status":"Good night"}"#,
        report(),
        STATUS,
    );
    check(&["status", "busy", "-q"], r#"status.set {"show":"dnd"}"#, report(), "");
    check(
        &["status", "available", "", "--no-wait", "-t", "2s", "-a", "all"],
        r#"status.set {"account":"all","no_wait":true,"show":"online","wait_ms":2000}"#,
        report(),
        STATUS,
    );
}

#[test]
fn status_says_where_it_comes_from_and_why_it_is_not_there_yet() {
    let mut report = golden("reply/status");
    report["accounts"][0]["layers"] = json!([
        {"layer": "timed", "show": "dnd", "until": "2999-01-01T18:00:00Z"},
        {"layer": "tune", "status": "♪ Marée"},
        {"layer": "base", "show": "online"},
    ]);
    report["accounts"][0]["connection"] = json!("retrying");
    report["accounts"][0]["delivery"] = json!("pending");
    report["accounts"][0]["effective"]["status"] = json!("♪ Marée");
    let expected = "\
ACCOUNT  SHOW  PRIORITY  FROM                                 DELIVERY           STATUS
home     dnd   5         timed until 2999-01-01 18:00 + tune  pending, retrying  ♪ Marée
";
    check(&["status"], "status {}", report, expected);
}

#[test]
fn tune_shows_and_sets() {
    let playing = "Ondes Lentes – Marée\nLow Tide, track 3, 4:01\nplaying (mpv)\n";
    let off = "off: switched off with `tune off`\n";
    check(&["tune"], "tune {}", golden("reply/tune"), playing);
    check(&["tune", "off"], "tune.off {}", golden("reply/tune-off"), off);
    check(&["tune", "on"], "tune.on {}", golden("reply/tune"), playing);
    check(&["tune", "clear"], "tune.clear {}", golden("reply/tune-off"), off);
    check(
        &[
            "tune", "set", "--artist", "A", "--title", "T", "--album", "L", "--length", "4m1s", "--track", "3",
            "--url", "u",
        ],
        r#"tune.set {"artist":"A","length_ms":241000,"source":"L","title":"T","track":"3","uri":"u"}"#,
        golden("reply/tune"),
        playing,
    );
    let players = "   PLAYER  STATE    RULE     TUNE\n*  mpv     playing  allow *  Ondes Lentes – Marée\n";
    check(&["tune", "players"], "tune.players {}", golden("reply/tune.players"), players);
}

#[test]
fn roster_lists_contacts() {
    let expected = "\
SHOW     JID                     NAME    GROUPS   SUBSCRIPTION  STATUS
away     juliet@capulet.example  Juliet  Friends                At the window  ♪ Nightingale
offline  nurse@capulet.example                    asked
";
    check(&["roster"], "roster {}", golden("reply/roster"), expected);
    check(
        &["roster", "--online", "--group", "Friends", "-a", "home"],
        r#"roster {"account":"home","group":"Friends","online":true}"#,
        golden("reply/roster"),
        expected,
    );
    check(&["roster"], "roster {}", json!({"accounts": []}), "");
}

#[test]
fn accounts_are_listed_connected_and_disconnected() {
    let mut list = golden("reply/account.list");
    for account in list["accounts"].as_array_mut().unwrap() {
        account["since"] = json!("2999-01-01T00:00:00Z");
    }
    list["accounts"][1]["error"]["retry_at"] = json!("2000-01-01T00:00:00Z");
    let expected = "\
ACCOUNT  JID                   STATE    SINCE  DETAIL
home     romeo@verona.example  online   now    chat.verona.example:5222, TLS 1.3, SCRAM-SHA-256-PLUS
home     romeo@verona.example  stopped  now    the server refused the password
";
    check(&["account"], "account.list {}", list.clone(), expected);
    check(&["account", "list"], "account.list {}", list.clone(), expected);
    check(&["account", "connect", "home"], r#"account.connect {"account":"home"}"#, list.clone(), expected);
    check(
        &["account", "connect", "-a", "home", "--no-wait", "-t", "1s"],
        r#"account.connect {"account":"home","no_wait":true,"wait_ms":1000}"#,
        list.clone(),
        expected,
    );
    check(&["account", "disconnect"], "account.disconnect {}", list, expected);
}

#[test]
fn an_account_is_shown_on_a_sheet() {
    let mut list = golden("reply/account.list");
    for account in list["accounts"].as_array_mut().unwrap() {
        account["since"] = json!("2999-01-01T00:00:00Z");
    }
    list["accounts"][1]["account"] = json!("work");
    list["accounts"][1]["error"]["retry_at"] = json!("2000-01-01T00:00:00Z");
    let expected = "\
account:          home
jid:              romeo@verona.example
state:            online
since:            now
server:           chat.verona.example:5222
tls:              1.3, TLS13_AES_256_GCM_SHA384
profile:          sasl
mechanism:        SCRAM-SHA-256-PLUS
channel binding:  tls-exporter
resumable:        yes
resumed:          no
round trips:      7
login took:       120 ms

account:       work
jid:           romeo@verona.example
state:         stopped
since:         now
problem:       the server refused the password
next attempt:  now
";
    check(&["account", "show"], "account.show {}", list.clone(), expected);
    let (home, _) = expected.split_once("\n\n").unwrap();
    list["accounts"].as_array_mut().unwrap().truncate(1);
    let home = format!("{home}\n");
    check(&["account", "show", "home"], r#"account.show {"account":"home"}"#, list.clone(), &home);
    check(&["-a", "home", "account", "show"], r#"account.show {"account":"home"}"#, list.clone(), &home);
    check(&["-j", "account", "show", "home"], r#"account.show {"account":"home"}"#, list.clone(), &format!("{list}\n"));
}

#[test]
fn send_takes_its_text_from_the_line_or_from_stdin() {
    let sent = "sent juliet@capulet.example m2\n";
    check(
        &["send", "j@c.example", "Good night", "--subject", "S", "--type", "headline", "-a", "home"],
        r#"send {"account":"home","body":"Good night","subject":"S","to":"j@c.example","type":"headline"}"#,
        golden("reply/send"),
        sent,
    );
    check(&["send", "j@c.example", "-q", "x"], r#"send {"body":"x","to":"j@c.example"}"#, golden("reply/send"), "");
    for words in [&["send", "j@c.example"][..], &["send", "j@c.example", "-"]] {
        let daemon = Daemon::start(vec![Script::Result(golden("reply/send"))]);
        let run = daemon.run_with(words, "two\nlines\n", &[]);
        assert_eq!((run.code, run.stdout.as_str()), (0, sent));
        assert_eq!(daemon.requests(), [r#"send {"body":"two\nlines","to":"j@c.example"}"#]);
    }
}

#[test]
fn the_outbox_is_listed_and_messages_are_cancelled() {
    let mut listed = golden("reply/outbox.list");
    for message in listed["messages"].as_array_mut().unwrap() {
        message["queued_at"] = json!("2999-01-01T00:00:00Z");
    }
    let table = "\
ACCOUNT  ID  TO                      STATE      ATTEMPTS  SINCE  WHY
home     m3  juliet@capulet.example  sent       2         now
home     m4  juliet@capulet.example  queued     0         now
home     m5  juliet@capulet.example  uncertain  2         now    it was on its way 2 times in a row when the server ended the stream: bad-format
";
    check(&["outbox", "list", "-a", "home"], r#"outbox.list {"account":"home"}"#, listed, table);
    let nothing = json!({"messages": []});
    check(&["-q", "outbox"], "outbox.list {}", nothing.clone(), "");
    let daemon = Daemon::start(vec![Script::Result(nothing)]);
    let told = daemon.run(&["outbox"]);
    assert_eq!((told.code, told.stdout.as_str(), told.stderr.as_str()), (0, "", "the outbox is empty\n"));
    check(&["outbox", "cancel", "-m4"], r#"outbox.cancel {"id":"-m4"}"#, json!({}), "");
    let report = json!({"account": "home", "id": "m5", "state": "sent", "to": "juliet@capulet.example"});
    check(&["outbox", "retry", "m5"], r#"outbox.retry {"id":"m5"}"#, report, "sent juliet@capulet.example m5\n");
}

#[test]
fn waiting_and_pinging() {
    check(
        &["wait", "contact", "j@c.example", "busy", "-t", "5s"],
        r#"wait {"condition":"contact j@c.example dnd","timeout_ms":5000}"#,
        golden("reply/wait"),
        "",
    );
    check(&["wait", "online"], r#"wait {"condition":"online"}"#, golden("reply/wait"), "");
    let answer = "verona.example answered home in 12 ms\n";
    check(&["ping"], "ping {}", golden("reply/ping"), answer);
    check(
        &["ping", "c.example", "-t", "1s"],
        r#"ping {"jid":"c.example","timeout_ms":1000}"#,
        golden("reply/ping"),
        answer,
    );
}

#[test]
fn the_daemon_tells_about_itself() {
    let mut status = golden("reply/daemon.status");
    status["since"] = json!("2999-01-01T00:00:00Z");
    let expected = "\
xmppd 0.1.0
  protocol       1
  process        42, up now
  configuration  /home/romeo/.config/xmppd/config.toml
  state          /home/romeo/.local/state/xmppd
  socket         /run/user/1000/xmppd/rpc.sock
  bus name       org.xmppctl.Daemon1
  clients        2, 1 watching
  memory         8.5 MiB
";
    check(&["daemon"], "daemon.status {}", status.clone(), expected);
    check(&["daemon", "status"], "daemon.status {}", status, expected);
    let version = "xmppd 0.1.0 (protocol 1)\n";
    check(&["daemon", "version"], "daemon.hello {}", golden("reply/daemon.hello"), version);
    check(&["daemon", "stop"], "daemon.stop {}", json!({}), "");
    let found = "\
STATE    CHECK        FOUND
warning  session-bus  there is no session bus
                      → start xmppd from the user's own systemd
";
    check(&["doctor"], "doctor {}", golden("reply/doctor"), found);
}

#[test]
fn the_configuration_is_checked_reloaded_and_shown() {
    let file = "/home/romeo/.config/xmppd/config.toml";
    let report = || golden("reply/config");
    check(&["config", "check"], "config.check {}", report(), &format!("{file}: sound, accounts: home\n"));
    check(&["config", "reload"], "config.reload {}", report(), &format!("{file}: in force, changed: tune\n"));
    let values = golden("reply/config.get");
    check(&["config", "get"], "config.get {}", values, "{\n  \"settle\": \"3s\"\n}\n");
    let one = json!({"file": file, "values": "3s"});
    check(&["config", "get", "tune.settle"], r#"config.get {"key":"tune.settle"}"#, one, "3s\n");
}

#[test]
fn any_method_can_be_called_by_name() {
    check(&["rpc", "describe"], "rpc.describe null", json!({"openrpc": "1.3.2"}), "{\"openrpc\":\"1.3.2\"}\n");
    check(&["rpc", "new.verb", "{\"x\":\n1}"], r#"new.verb {"x":1}"#, json!(null), "null\n");
}

#[test]
fn json_is_the_methods_result_as_it_came() {
    for (words, name) in [(&["status", "-j"][..], "reply/status"), (&["--json", "tune"], "reply/tune")] {
        let result = golden(name);
        let daemon = Daemon::start(vec![Script::Result(result.clone())]);
        let run = daemon.run(words);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert_eq!(run.stdout.lines().count(), 1);
        assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), result);
    }
}

#[test]
fn a_request_can_be_printed_instead_of_sent() {
    let run = Daemon::absent().run(&["--print-request", "status", "xa", "Zoë"]);
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"status.set","params":{"show":"xa","status":"Zoë"}}"#;
    assert_eq!((run.code, run.stdout, run.stderr.as_str()), (0, format!("{line}\n"), ""));
}

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    let mut report = golden("reply/status");
    report["accounts"][0]["effective"]["status"] = json!("\u{1b}]52;c;x\u{7}\n\u{202e}gpj\u{9b}2J");
    let daemon = Daemon::start(vec![Script::Result(report.clone()), Script::Result(report.clone())]);
    let run = daemon.run(&["status", "--color", "never"]);
    assert!(run.stdout.contains("acknowledged  \\x1b]52;c;x\\x07 gpj\\x9b2J\n"), "{}", run.stdout);
    let run = daemon.run(&["status", "--json"]);
    assert!(!run.stdout.trim_end().contains(|c: char| c.is_control() || c == '\u{202e}'), "{}", run.stdout);
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), report);
}

#[test]
fn colours_are_for_terminals_and_those_who_ask() {
    let plain = |words: &[&str], environment: &[(&str, &str)]| {
        let daemon = Daemon::start(vec![Script::Result(golden("reply/status"))]);
        !daemon.run_with(words, "", environment).stdout.contains('\u{1b}')
    };
    assert!(plain(&["status"], &[]));
    assert!(plain(&["status", "--color", "never"], &[]));
    assert!(!plain(&["status", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(plain(&["status", "--color", "always", "--json"], &[]));
}
