//! The bookkeeping of letters: what was promised, what came, and what that says.

use std::fmt;

use serde_json::Value;
use xmppd_tests::server::Kind;
use xmppd_tests::server::people::ROMEO;

/// A letter that somebody had `xmppctl send` take.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Letters of one pen are written one after the other.
    pub(crate) pen: &'static str,
    pub(crate) number: u64,
    /// 0: it was promised to arrive.
    pub(crate) code: i32,
}

/// A letter that the watcher of some daemon was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// Which daemon, counted from 1.
    pub(crate) life: u64,
    pub(crate) body: String,
}

/// What became of all letters.
#[derive(Debug)]
pub(crate) struct Account {
    /// Romeo's letters that were promised; each came once.
    promised: usize,
    /// Romeo's letters that were not promised, and came.
    unpromised: usize,
    /// Romeo's letters that were not promised, and did not come.
    refused: usize,
    /// Juliet's letters; each came once, but for the unseen.
    hers: u64,
    /// Juliet's letters that the daemon had when it was killed, and could not show any more; the history has them.
    pub(crate) unseen: Vec<u64>,
    /// Juliet's letters that came out of turn.
    turned: usize,
}

impl Account {
    /// Counts, and fails for a letter that is lost, doubled or out of turn, and for a contact who noticed anything.
    pub(crate) fn of(written: &[Sent], seen: &[Received], hers: u64, juliet: &[Value], last: &str) -> Self {
        let is_romeo = |event: &&Value| event["bare"] == ROMEO.jid().as_str() && event["resource"] != "";
        let bounced = juliet.iter().find(|event| event["event"] == "message" && event["type"] == "error");
        assert_eq!(bounced, None, "a letter of Juliet's came back");
        let gone = |event: &&Value| event["event"] == "presence" && event["type"] == "unavailable" && is_romeo(event);
        assert_eq!(juliet.iter().find(gone), None, "Juliet saw him go");
        let letters = juliet.iter().filter(|event| event["event"] == "message");
        let bodies: Vec<&str> = letters.filter_map(|letter| letter["body"].as_str()).collect();
        assert_eq!(bodies.last(), Some(&last), "the last letter comes last");
        let mut account = Self { promised: 0, unpromised: 0, refused: 0, hers, unseen: Vec::new(), turned: 0 };
        for letter in written {
            let body = format!("{} {}", letter.pen, letter.number);
            match (letter.code, bodies.iter().filter(|seen| **seen == body).count()) {
                (0, 1) => account.promised += 1,
                (_, 1) => account.unpromised += 1,
                (0, count) => panic!("{letter:?} was promised and came {count} times"),
                (_, 0) => account.refused += 1,
                (_, count) => panic!("{letter:?} came {count} times"),
            }
        }
        for pen in ["a", "b"] {
            assert_eq!(turned(&bodies, pen), 0, "letters of {pen} out of turn: {bodies:?}");
        }
        let shown: Vec<&str> = seen.iter().map(|letter| letter.body.as_str()).collect();
        account.turned = turned(&shown, "j");
        for number in 0..hers {
            let body = format!("j {number}");
            match shown.iter().filter(|shown| **shown == body).count() {
                1 => {}
                0 => {
                    account.unseen.push(number);
                    assert!(is_between_lives(number, seen), "{body} was lost while a daemon lived");
                }
                count => panic!("{body} came {count} times"),
            }
        }
        account
    }
}

impl Account {
    /// Fails for letters out of turn that no server turned: ejabberd 24.12, while a session is resumed, may send a new
    /// letter before one that still waits in the old connection's process.
    pub(crate) fn check_turns(&self, kind: Kind, resumptions: u64) {
        let most = if kind == Kind::Ejabberd { resumptions } else { 0 };
        assert!(u64::try_from(self.turned).is_ok_and(|turned| turned <= most), "{self}");
    }
}

/// Whether the letters that came before and after this one were told by different daemons.
fn is_between_lives(number: u64, seen: &[Received]) -> bool {
    let numbered = |letter: &Received| letter.body.rsplit(' ').next().and_then(|text| text.parse::<u64>().ok());
    let before = seen.iter().rev().find(|letter| numbered(letter).is_some_and(|other| other < number));
    let after = seen.iter().find(|letter| numbered(letter).is_some_and(|other| other > number));
    match (before, after) {
        (Some(before), Some(after)) => before.life != after.life,
        (Some(letter), None) | (None, Some(letter)) => letter.life > 0,
        (None, None) => false,
    }
}

/// How many letters of a pen came directly behind one that was written later.
fn turned(bodies: &[&str], pen: &str) -> usize {
    let numbers = bodies.iter().filter_map(|body| body.strip_prefix(pen)?.trim().parse::<u64>().ok());
    let numbers: Vec<u64> = numbers.collect();
    numbers.windows(2).filter(|pair| pair[0] >= pair[1]).count()
}

impl fmt::Display for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { promised, unpromised, refused, hers, unseen, turned } = self;
        write!(
            out,
            "of Romeo's letters {promised} were promised and came, {unpromised} came unpromised, {refused} were \
             refused; of Juliet's {hers}, {} were in the history alone, {turned} out of turn",
            unseen.len()
        )
    }
}
