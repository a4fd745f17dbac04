//! Bad input of every kind: what is wrong is said, in words and by exit code, and nothing that was right is harmed.

mod certificates;
mod configuration;
mod logins;
mod secrets;
mod state;
mod surroundings;
mod usage;

use serde_json::Value;
use xmppd_tests::daemon::{Answer, Home};

/// An account that leads nowhere: nobody listens on the discard port.
const NOWHERE: &str = "[[account]]\nname = \"home\"\njid = \"romeo@verona.example\"\nserver = \"127.0.0.1:9\"\n\
                       password-command = [\"echo\", \"secret\"]\n";

/// Runs `xmppctl` twice, for a person and for a program, and holds that it fails with this code in both forms; gives
/// back the words for the person and the object for the program.
#[track_caller]
fn fails(home: &Home, code: i32, words: &[&str]) -> (String, Value) {
    let person = failed(code, words, home.ctl(words));
    let program = failed(code, words, home.ctl(&[&["--json"], words].concat()));
    let document: Value =
        serde_json::from_str(&program).unwrap_or_else(|error| panic!("{words:?}: {error}: {program}"));
    assert_eq!(program.lines().count(), 1, "{words:?}: {program}");
    let error = &document["error"];
    assert_eq!(error["code"], code, "{words:?}: {program}");
    assert!(error["kind"].is_string() && error["message"].is_string(), "{words:?}: {program}");
    (person, error.clone())
}

/// Waits until `account list` says that the account is in this state, and gives back its error.
#[track_caller]
fn error_in(home: &Home, state: &str) -> Value {
    let list = home.eventually(&["account", "list"], |list| list["accounts"][0]["state"] == state);
    list["accounts"][0]["error"].clone()
}

#[track_caller]
fn holds(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in {text:?}");
}

#[track_caller]
fn failed(code: i32, words: &[&str], answer: Answer) -> String {
    assert_eq!((answer.code, answer.stdout.as_str()), (code, ""), "{words:?}: {answer:?}");
    answer.stderr
}
