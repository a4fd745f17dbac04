//! The verbs about messages: the requests they make, and what they print of the answers.

use crate::support::{Daemon, Script, golden};
use serde_json::Value;

fn check(words: &[&str], request: &str, answer: Value, stdout: &str) {
    let daemon = Daemon::start(vec![Script::Result(answer)]);
    let run = daemon.run(words);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, stdout, ""), "{words:?}");
    assert_eq!(daemon.requests(), [request], "{words:?}");
}

#[test]
fn each_verb_about_messages_is_a_request_and_shows_what_comes() {
    check(&["unread"], "unread {}", golden("reply/unread"), "UNREAD  FROM\n2       juliet@capulet.example\n");
    check(&["unread", "clear", "j@c.example"], r#"unread.clear {"jid":"j@c.example"}"#, golden("reply/unread"), "");
    check(
        &["ask", "j@c.example", "Well?", "--match", "-?x", "-t", "5s"],
        r#"ask {"body":"Well?","match":"-?x","timeout_ms":5000,"to":"j@c.example"}"#,
        golden("reply/ask"),
        "By yonder blessed moon\n",
    );
    check(
        &["send", "j@c.example", "Hist!", "--receipt", "-t", "5s"],
        r#"send {"body":"Hist!","receipt":true,"timeout_ms":5000,"to":"j@c.example"}"#,
        golden("reply/send"),
        "sent juliet@capulet.example m2\n",
    );
}

#[test]
fn the_history_shows_what_was_meant() {
    let daemon = Daemon::start(vec![Script::Result(golden("reply/history-remarks"))]);
    let run = daemon.run(&["history", "j@c.example", "--search", "moon", "--since", "2026-11-22T10:00:00Z"]);
    assert_eq!(
        daemon.requests(),
        [r#"history {"jid":"j@c.example","limit":50,"search":"moon","since":"2026-11-22T10:00:00Z"}"#]
    );
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{run:?}");
    assert!(lines[0].ends_with("By yonder blessed moon  (queued, corrected, a reply)"), "{run:?}");
    assert!(lines[1].ends_with("(queued, taken back)"), "{run:?}");
}
