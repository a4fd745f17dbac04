//! The verbs about layers: the requests they make, and what they print of the answers.

use crate::support::{Daemon, Run, Script, golden};
use serde_json::{Value, json};

const TABLE: &str = "\
ACCOUNT  SHOW  PRIORITY  FROM  DELIVERY      STATUS
home     dnd   5         you   acknowledged  Good night
";

fn ask(words: &[&str], answers: Vec<Value>) -> (Run, Vec<String>) {
    let daemon = Daemon::start(answers.into_iter().map(Script::Result).collect());
    (daemon.run(words), daemon.requests())
}

fn check(words: &[&str], request: &str) {
    let (run, requests) = ask(words, vec![golden("reply/status")]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, TABLE, ""), "{words:?}");
    assert_eq!(requests, [request], "{words:?}");
}

#[test]
fn an_end_is_part_of_the_request() {
    check(
        &["status", "dnd", "Meeting", "--for", "1h30m"],
        r#"status.set {"for_ms":5400000,"show":"dnd","status":"Meeting"}"#,
    );
    check(
        &["status", "away", "--until", "2999-01-01T00:00:00+01:00", "--then", "online"],
        r#"status.set {"show":"away","then":{"show":"online"},"until":"2998-12-31T23:00:00Z"}"#,
    );
    check(
        &["status", "dnd", "--for", "90s", "--then", "busy", "Still", "--priority", "3"],
        r#"status.set {"for_ms":90000,"priority":3,"show":"dnd","then":{"show":"dnd","status":"Still"}}"#,
    );
    // A text may be a word of ours, and an option stand anywhere.
    check(
        &["status", "-a", "home", "dnd", "layers"],
        r#"status.set {"account":"home","show":"dnd","status":"layers"}"#,
    );
}

#[test]
fn what_was_asked_for_is_taken_back() {
    check(&["status", "clear"], "status.clear {}");
    check(
        &["status", "clear", "timed", "-a", "home", "--no-wait", "-t", "1s"],
        r#"status.clear {"account":"home","layer":"timed","no_wait":true,"wait_ms":1000}"#,
    );
    let (run, _) = ask(&["status", "clear", "-q"], vec![golden("reply/status")]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
}

#[test]
fn layers_are_a_table_with_reasons() {
    let mut report = golden("reply/status.layers");
    report["accounts"][0]["layers"][1]["until"] = json!("2999-01-01T12:30:00Z");
    let expected = "\
ACCOUNT  LAYER           SHOW    PRIORITY  UNTIL                          DECIDES           WHY                     STATUS
home     command (make)  dnd                                              show              nothing is above it
         timed           away    1         2999-01-01 12:30, then online  status, priority  command leaves it open  Lunch
         base            online  5                                                          command is above it
";
    let (run, requests) = ask(&["status", "layers"], vec![report.clone()]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, expected, ""));
    assert_eq!(requests, ["status.layers {}"]);
    let (run, _) = ask(&["status", "layers", "--json"], vec![report.clone()]);
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), report);
}

#[test]
fn who_sets_what_does_not_show_is_told_what_does() {
    let report = golden("reply/status.layers");
    let told = |words: &[&str]| ask(words, vec![report.clone()]).0.stderr;
    let note = "xmppctl: command is above it; `xmppctl status layers` shows why, `xmppctl status clear command` takes it \
                away\n";
    assert_eq!(told(&["status", "online"]), note);
    assert_eq!(told(&["status", "online", "--for", "1h"]), note);
    for words in [&["status", "online", "-q"][..], &["status", "online", "--json"], &["status"], &["status", "clear"]] {
        assert_eq!(told(words), "", "{words:?}");
    }
}

#[test]
fn a_status_for_a_command_is_asked_for_before_it_begins_and_released_after_its_end() {
    let held = golden("reply/status.layers");
    // The scripted daemon closes behind its answer: the status is asked for again, and cannot be released.
    let words = ["status", "dnd", "Building", "--priority", "-1", "-a", "home", "-q", "--", "sh", "-c", "exit 5"];
    let (run, requests) = ask(&words, vec![held.clone(), held.clone()]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (5, "", ""));
    assert_eq!(
        requests[0],
        r#"status.hold {"account":"home","by":"sh","priority":-1,"show":"dnd","status":"Building"}"#
    );
    let refused = json!({"code": -32002, "message": "no", "data": {"code": 2, "kind": "usage", "message": "no"}});
    let daemon = Daemon::start(vec![Script::Error(refused)]);
    let run = daemon.run(&["status", "dnd", "--", "sh", "-c", "echo begun"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (2, "", "xmppctl: no\n"));
}

#[test]
fn a_text_scrolls_or_is_tried() {
    let table = "ACCOUNT  SEEN             STATUS\nhome     nothing scrolls  Good night\n";
    for (words, request) in [
        (
            &["scroll", "Out of office", "--every", "2s", "--for", "10m", "--width", "16", "-a", "home"][..],
            r#"scroll {"account":"home","every_ms":2000,"for_ms":600000,"text":"Out of office","width":16}"#,
        ),
        (&["scroll", "Out"], r#"scroll {"text":"Out"}"#),
        (&["scroll", "off"], "scroll.off {}"),
        (&["scroll", "off", "--width", "9"], r#"scroll {"text":"off","width":9}"#),
    ] {
        let (run, requests) = ask(words, vec![golden("reply/status")]);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, table, ""), "{words:?}");
        assert_eq!(requests, [request], "{words:?}");
    }
    let (run, requests) = ask(&["scroll", "Out of", "-n", "--width", "5"], vec![golden("reply/scroll.preview")]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "Out o\nut of\n"));
    assert_eq!(requests, [r#"scroll.preview {"text":"Out of","width":5}"#]);
}
