//! Romeo with his daemon, Juliet who watches him, and what she has seen of him.

use serde_json::Value;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::present;
use xmppd_tests::server::people::ROMEO;
use xmppd_tests::verona::Verona;

/// A daemon that is online, and a contact who sees it.
pub struct Stage {
    pub home: Home,
    pub daemon: Daemon,
    pub verona: Verona,
    /// How many of Juliet's events were there when the scene began.
    before: usize,
}

/// The stage with these further lines of configuration.
pub fn stage(test: &str, further: &str) -> Option<Stage> {
    let mut verona = present(test, Verona::start())?;
    let home = present(test, Home::new(&verona.romeo(further)))?;
    let daemon = verona.enter(&home);
    let before = verona.juliet.seen().len();
    Some(Stage { home, daemon, verona, before })
}

impl Stage {
    /// Runs a verb that has to succeed and be acknowledged.
    #[track_caller]
    pub fn set(&self, words: &[&str]) {
        let answer = self.home.ctl(words);
        assert_eq!(answer.code, 0, "{words:?}: {answer:?}");
    }

    /// Waits until Juliet sees this of Romeo.
    #[track_caller]
    pub fn juliet(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.verona.juliet.wait_for_presence(&ROMEO.jid(), what, fits)
    }

    /// Waits until Juliet sees this text.
    #[track_caller]
    pub fn sees(&mut self, status: &str) {
        self.juliet(status, |seen| seen["status"] == status);
    }

    /// Waits until Juliet sees Romeo go.
    #[track_caller]
    pub fn gone(&mut self) {
        self.juliet("romeo goes", |seen| seen["type"] == "unavailable");
    }

    /// Juliet has seen exactly this since the scene began, each once and in this order: the show and the text, or
    /// `gone`.
    #[track_caller]
    pub fn saw(&mut self, expected: &[&str]) {
        // What was sent before the last word is seen before it.
        self.set(&["status", "dnd", "the last word", "--for", "1h"]);
        self.sees("the last word");
        let romeo = ROMEO.jid();
        let of_romeo = |seen: &&Value| seen["event"] == "presence" && seen["bare"] == romeo && seen["resource"] != "";
        let seen: Vec<String> = self.verona.juliet.seen()[self.before..].iter().filter(of_romeo).map(words).collect();
        assert_eq!(seen, [expected, &["dnd the last word"]].concat());
    }
}

fn words(seen: &Value) -> String {
    if seen["type"] == "unavailable" {
        return "gone".to_owned();
    }
    let show = seen["show"].as_str().filter(|show| !show.is_empty()).unwrap_or("online");
    match seen["status"].as_str().unwrap_or_default() {
        "" => show.to_owned(),
        status => format!("{show} {status}"),
    }
}
