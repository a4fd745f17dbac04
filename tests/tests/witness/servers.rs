//! Sessions that real servers lose while letters are on their way, with an archive and without.

use std::time::Duration;

use serde_json::Value;
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::relay::{Cut, Plan, Relay};
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Archive, Kind, Server, Tls};
use xmppd_tests::wait::{SOON, delay, eventually};

/// How often a session is lost.
const ROUNDS: usize = 3;
/// Each of them writes one letter after the other.
const PENS: [&str; 4] = ["a", "b", "c", "d"];
/// How many letters each writes before a session is lost.
const LETTERS: usize = 3;
/// The line is so long that some of them are on it, each way.
const LINE: Duration = Duration::from_millis(200);
const LAST: &str = "the last";

/// What the checker knows of a letter.
struct Letter {
    pen: &'static str,
    id: String,
    body: String,
}

#[test]
fn letters_of_a_session_that_is_lost_come_once_and_in_order_where_there_is_an_archive() {
    everywhere(true);
}

#[test]
fn letters_of_a_session_that_is_lost_come_twice_at_most_without_an_archive_and_those_that_are_held_once() {
    everywhere(false);
}

/// Plays it at each server, sending again what is uncertain and holding it.
fn everywhere(has_archive: bool) {
    std::thread::scope(|scope| {
        for kind in [Kind::Prosody13, Kind::Ejabberd] {
            for holds in [true, false] {
                scope.spawn(move || present("a session that is lost", play(kind, has_archive, holds)));
            }
        }
    });
}

fn play(kind: Kind, has_archive: bool, holds: bool) -> Result<(), Missing> {
    let server = Server::start_archiving(kind, if has_archive { Archive::Kept } else { Archive::Absent })?;
    let mut juliet = Contact::login(&server, Tls::Direct, JULIET)?;
    let relay = Relay::start(server.port(Tls::Direct));
    let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
    let account = account::romeo_at((relay.port(), Tls::Direct), &server.authority_file(), &password);
    let policy = format!("[messages]\non-uncertain = \"{}\"\n", if holds { "hold" } else { "resend" });
    let home = Home::new(&(account + &policy))?;
    let daemon = home.start();
    let does = |home: &Home, words: &[&str]| {
        let answer = home.ctl(words);
        assert_eq!(answer.code, 0, "{kind:?}: {words:?}: {answer:?}\n{}", daemon.log());
    };
    does(&home, &["-t", "20s", "wait", "online"]);
    let mut letters = Vec::new();
    for round in 0..ROUNDS {
        let bound = home.json(&["account", "list"])["accounts"][0]["jid"].as_str().expect("a full JID").to_owned();
        relay.plan(Plan { delay: LINE, ..Plan::default() });
        std::thread::scope(|scope| {
            let (home, first) = (&home, round * LETTERS);
            let last = format!("{} {}", PENS[0], first + LETTERS - 1);
            let write =
                move |pen| (first..first + LETTERS).map(|number| Letter::send(home, pen, number)).collect::<Vec<_>>();
            let pens = PENS.map(|pen| scope.spawn(move || write(pen)));
            // Nobody at home knows yet that it came.
            juliet.wait_for("a letter", |event| event["body"] == last.as_str());
            relay.plan(Plan { refuse: true, ..Plan::default() });
            relay.cut(Cut::Reset);
            letters.extend(pens.into_iter().flat_map(|pen| pen.join().expect("the pen writes to the end")));
        });
        // What the server has read of it, it deals with first.
        delay(Duration::from_secs(1));
        // Whoever binds the same resource ends the session that waits for its connection.
        drop(Contact::login_as(&server, Tls::Direct, ROMEO, &bound)?);
        relay.plan(Plan::default());
        eventually("romeo is online", SOON, || {
            (home.ctl(&["-t", "20s", "account", "connect"]).code == 0).then_some(())
        });
    }
    does(&home, &["-t", "20s", "send", &JULIET.jid(), LAST]);
    juliet.wait_for("the last", |event| event["body"] == LAST);
    let listed = home.json(&["outbox"]);
    let listed = listed["messages"].as_array().cloned().unwrap_or_default();
    verdict(&letters, juliet.seen(), &listed, (has_archive, holds));
    let history = home.json(&["history", "--limit", "1000"]);
    for letter in &letters {
        let is_it = |message: &&Value| message["body"] == letter.body.as_str();
        let known = history["messages"].as_array().into_iter().flatten().filter(is_it).count();
        assert_eq!(known, 1, "{kind:?}: {:?} in the history", letter.body);
    }
    println!("{kind:?}, archive {has_archive}, hold {holds}: {} letters, {} held", letters.len(), listed.len());
    Ok(())
}

/// Nothing lost, nothing doubled that need not be, all in order, and what the outbox says is true.
fn verdict(letters: &[Letter], seen: &[Value], listed: &[Value], (has_archive, holds): (bool, bool)) {
    let came: Vec<(&str, &str)> = seen
        .iter()
        .filter(|event| event["event"] == "message" && event["body"] != LAST)
        .map(|event| (event["id"].as_str().unwrap_or_default(), event["body"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(listed.is_empty(), has_archive || !holds, "{listed:?}");
    assert!(listed.iter().all(|message| message["state"] == "uncertain"), "{listed:?}");
    for letter in letters {
        let is_held = listed.iter().any(|message| message["id"] == letter.id.as_str());
        let times = came.iter().filter(|(id, body)| *id == letter.id && *body == letter.body).count();
        let right = match (has_archive, holds) {
            (true, _) => times == 1 && !is_held,
            (false, true) => times == 1 || times == 0 && is_held,
            (false, false) => (1..=2).contains(&times) && !is_held,
        };
        assert!(right, "{:?} came {times} times, held: {is_held}; {came:?}", letter.body);
    }
    for pen in PENS {
        let mut first: Vec<usize> = Vec::new();
        for (id, _) in &came {
            let place = letters.iter().position(|letter| letter.pen == pen && letter.id == *id);
            first.extend(place.filter(|place| !first.contains(place)));
        }
        assert!(first.is_sorted(), "out of turn: {came:?}");
    }
}

impl Letter {
    fn send(home: &Home, pen: &'static str, number: usize) -> Self {
        let body = format!("{pen} {number}");
        let taken = home.json(&["send", &JULIET.jid(), &body]);
        Self { pen, id: taken["id"].as_str().expect("an id").to_owned(), body }
    }
}
