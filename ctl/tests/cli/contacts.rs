//! The verbs about contacts: the requests they make, and what they print of the answers.

use crate::support::{Daemon, Script, golden};
use serde_json::{Value, json};

fn check(words: &[&str], request: &str, answer: Value, stdout: &str) {
    let daemon = Daemon::start(vec![Script::Result(answer)]);
    let run = daemon.run(words);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, stdout, ""), "{words:?}");
    assert_eq!(daemon.requests(), [request], "{words:?}");
}

#[test]
fn each_verb_of_the_roster_is_a_request_and_shows_the_contact() {
    let table = "SHOW     JID                   SUBSCRIPTION\noffline  paris@verona.example  approved\n";
    for (words, request) in [
        (
            &["roster", "add", "p@v.example", "--name", "Paris", "--group", "A", "--group", "B"] as &[&str],
            r#"roster.add {"groups":["A","B"],"jid":"p@v.example","name":"Paris"}"#,
        ),
        (
            &["roster", "add", "p@v.example", "--no-subscribe"],
            r#"roster.add {"jid":"p@v.example","no_subscribe":true}"#,
        ),
        (&["roster", "rename", "p@v.example", "-P-"], r#"roster.rename {"jid":"p@v.example","name":"-P-"}"#),
        (
            &["roster", "group", "p@v.example", "-team", "+C"],
            r#"roster.group {"add":["C"],"jid":"p@v.example","remove":["team"]}"#,
        ),
        (
            &["-a", "home", "roster", "approve", "p@v.example"],
            r#"roster.approve {"account":"home","jid":"p@v.example"}"#,
        ),
        (&["roster", "deny", "p@v.example"], r#"roster.deny {"jid":"p@v.example"}"#),
        (&["roster", "subscribe", "p@v.example"], r#"roster.subscribe {"jid":"p@v.example"}"#),
        (&["roster", "unsubscribe", "p@v.example"], r#"roster.unsubscribe {"jid":"p@v.example"}"#),
    ] {
        check(words, request, golden("reply/roster.show"), table);
    }
    let gone = || json!({"accounts": [{"account": "home", "contacts": []}]});
    check(&["roster", "remove", "p@v.example"], r#"roster.remove {"jid":"p@v.example"}"#, gone(), "removed\n");
    check(&["-q", "roster", "remove", "p@v.example"], r#"roster.remove {"jid":"p@v.example"}"#, gone(), "");
}

#[test]
fn a_contact_is_shown_on_a_sheet() {
    let mut report = golden("reply/roster");
    report["accounts"][0]["contacts"].as_array_mut().unwrap().truncate(1);
    report["accounts"][0]["contacts"][0]["resources"][0]["since"] = Value::Null;
    let sheet = "\
jid:           juliet@capulet.example
name:          Juliet
account:       home
groups:        Friends
subscription:  both
resource:      balcony: away  At the window, priority 0
tune:          Nightingale
";
    check(&["roster", "show", "j@c.example"], r#"roster.show {"jid":"j@c.example"}"#, report, sheet);
}

#[test]
fn who_waits_for_an_answer_is_listed() {
    let mut report = golden("reply/roster.pending");
    report["accounts"][0]["incoming"][0]["since"] = json!("2999-01-01T00:00:00Z");
    let table = "\
JID                      WAITS FOR  SINCE  NAME      SAYS
paris@verona.example     you        now              Good Capulet's choice
rosaline@verona.example  them              Rosaline
";
    check(&["roster", "pending"], "roster.pending {}", report, table);
    let none = json!({"accounts": [{"account": "home", "incoming": [], "outgoing": []}]});
    check(&["roster", "pending"], "roster.pending {}", none, "nobody waits for an answer\n");
}

#[test]
fn the_block_list_is_shown_and_changed() {
    let list = || golden("reply/block.list");
    check(&["block"], "block.list {}", list(), "BLOCKED\nspam.example\n");
    check(&["block", "list"], "block.list {}", list(), "BLOCKED\nspam.example\n");
    check(&["block", "add", "spam.example"], r#"block.add {"jid":"spam.example"}"#, list(), "BLOCKED\nspam.example\n");
    let none = json!({"accounts": [{"account": "home", "blocked": []}]});
    check(&["block", "remove", "s.example"], r#"block.remove {"jid":"s.example"}"#, none, "nobody is blocked\n");
}

#[test]
fn words_that_say_neither_in_nor_out_are_usage() {
    for word in ["Friends", "+", "-"] {
        let daemon = Daemon::start(vec![]);
        let run = daemon.run(&["roster", "group", "p@v.example", word]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{word}");
        assert!(run.stderr.contains("hint: write +GROUP"), "{word}: {}", run.stderr);
    }
}
