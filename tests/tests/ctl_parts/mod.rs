//! What the tests of `xmppctl` ask again and again: one document, a failure in both forms, a usage error.

use serde_json::Value;
use xmppd_tests::daemon::Home;

/// The one document that a verb prints with `--json`, and nothing else anywhere.
#[track_caller]
pub fn one_document(home: &Home, words: &[&str]) -> Value {
    let answer = home.ctl(&[words, &["--json"]].concat());
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{words:?}: {answer:?}");
    assert_eq!(answer.stdout.lines().count(), 1, "{words:?}: {answer:?}");
    serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}: {answer:?}"))
}

/// Holds a failure to its exit code, as text and as JSON; `part` is in the sentence or its hint.
#[track_caller]
pub fn check_failure(home: &Home, code: i32, words: &[&str], part: &str) {
    let text = home.ctl(words);
    assert_eq!((text.code, text.stdout.as_str()), (code, ""), "{words:?}: {text:?}");
    assert!(text.stderr.starts_with("xmppctl: ") && text.stderr.contains(part), "{words:?}: {text:?}");
    let json = home.ctl(&[&["--json"], words].concat());
    assert_eq!((json.code, json.stdout.as_str()), (code, ""), "{words:?}: {json:?}");
    assert_eq!(json.stderr.lines().count(), 1, "{words:?}: {json:?}");
    let object: Value =
        serde_json::from_str(&json.stderr).unwrap_or_else(|error| panic!("{words:?}: {error}: {json:?}"));
    assert_eq!(object["error"]["code"], code, "{words:?}: {object}");
    assert!(object["error"]["kind"].is_string() && object["error"]["message"].is_string(), "{words:?}: {object}");
}

/// Holds a line that nobody can do to exit 2.
#[track_caller]
pub fn check_usage(home: &Home, words: &[&str], part: &str) {
    check_failure(home, 2, words, part);
}
