//! Messages, receipts, presence and songs as the person at the terminal sees them, and a death of the process.

use std::collections::BTreeSet;

use serde_json::Value;
use xmppd_tests::account;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::profanity::{Profanity, Said};
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::{SOON, eventually, until};

/// How many letters each writes in a part of a scene.
const LETTERS: usize = 10;

/// Romeo's daemon, and Juliet at her terminal.
struct Stage {
    daemon: Daemon,
    home: Home,
    juliet: Profanity,
    _server: Server,
}

/// Plays a scene on every server, on all at once.
fn everywhere(test: &str, scene: impl Fn(Stage) + Sync) {
    std::thread::scope(|scope| {
        for kind in [Kind::Prosody13, Kind::Ejabberd] {
            let scene = &scene;
            scope.spawn(move || present(test, Stage::set(kind)).map(scene));
        }
    });
}

#[test]
fn messages_and_receipts_go_both_ways_once_and_in_order() {
    everywhere("profanity: messages", |mut stage| {
        let mut expected = Vec::new();
        for number in 0..LETTERS {
            let (hers, his) = (format!("j{number}: Ay me, <so> & \"so\" ♥"), format!("r{number}: She speaks, 5 < 6 €"));
            stage.juliet.types(&hers);
            stage.home.eventually(&["history"], |report| bodies(report).contains(&hers));
            let sent = stage.home.json(&["send", &JULIET.jid(), &his, "--receipt", "-t", "20s"]);
            assert_eq!(sent["state"], "received", "{sent}");
            expected.extend([hers, his]);
        }
        let report = stage.home.json(&["history"]);
        assert_eq!(bodies(&report), expected);
        let hers: Vec<Said> =
            expected.iter().map(|body| Said { mine: body.starts_with('j'), body: body.clone() }).collect();
        assert_eq!(stage.juliet.talk(), hers);
        let asked = ids(&stage.juliet.sent(), "<request xmlns=\"urn:xmpp:receipts\"", "<message ");
        assert_eq!(asked.len(), LETTERS, "{asked:?}");
        let receipts = |juliet: &Profanity| ids(&juliet.received(), "<received ", "<received ");
        let got = until(SOON, || Some(receipts(&stage.juliet)).filter(|got| got.len() >= asked.len()));
        assert_eq!(got, Some(asked), "each of hers has its receipt: {:?}", receipts(&stage.juliet));
    });
}

#[test]
fn what_romeo_shows_and_hears_is_seen_and_what_juliet_shows_is_known() {
    everywhere("profanity: presence", |mut stage| {
        stage.ctl(&["status", "dnd", "Busy, <so> & \"so\" ♥"]);
        stage.juliet.sees("is dnd, \"Busy, <so> & \"so\" ♥\"");
        let asked = |juliet: &Profanity| ids(&juliet.sent(), "node=\"https://xmppctl.org/xmppd#", "<iq ").len();
        let answered = |juliet: &Profanity| juliet.received().iter().any(|stanza| stanza.contains("name=\"xmppd\""));
        eventually("she is told what he can", SOON, || answered(&stage.juliet).then_some(()));
        let asked_before = asked(&stage.juliet);
        stage.ctl(&["status", "chat"]);
        stage.juliet.sees("is chat");
        stage.ctl(&["tune", "set", "--artist", "Björk", "--title", "Jóga"]);
        stage.juliet.sees("is chat, \"♪ Björk – Jóga\"");
        stage.ctl(&["tune", "clear"]);
        stage.juliet.sees("is chat");
        stage.juliet.types("/status set xa \"Gone fishing\"");
        stage.ctl(&["wait", "contact", &JULIET.jid(), "xa", "-t", "20s"]);
        assert!(stage.home.ctl(&["roster"]).stdout.contains("Gone fishing"));
        stage.ctl(&["status", "offline"]);
        stage.juliet.sees("is offline");
        stage.ctl(&["status", "online"]);
        stage.juliet.sees("is online");
        // Who knows what a hash stands for need not ask again.
        assert_eq!(asked(&stage.juliet), asked_before);
    });
}

#[test]
fn a_death_of_the_process_while_both_write_loses_and_doubles_nothing() {
    everywhere("profanity: a death", |mut stage| {
        let mut expected = BTreeSet::new();
        for round in 0..2 {
            for part in ["before", "dead", "after"] {
                for number in 0..LETTERS {
                    let letter = format!("{round} {part} {number}");
                    stage.juliet.types(&format!("j {letter}"));
                    expected.insert(format!("j {letter}"));
                    if part != "dead" {
                        // Promised once the daemon has it.
                        stage.ctl(&["send", &JULIET.jid(), &format!("r {letter}"), "--no-wait"]);
                        expected.insert(format!("r {letter}"));
                    }
                }
                match part {
                    "before" => stage.daemon.kill(),
                    "dead" => stage.daemon = stage.home.start(),
                    _ => {}
                }
            }
        }
        let complete = |bodies: &[String]| expected.iter().all(|body| bodies.contains(body));
        let talk = stage.juliet.talk_once("she has all", |talk| complete(&of(talk)));
        let history = stage.home.eventually(&["history", "--limit", "1000"], |report| complete(&bodies(report)));
        assert_eq!((of(&talk).len(), bodies(&history).len()), (expected.len(), expected.len()), "{talk:?}");
    });
}

impl Stage {
    /// Both are online, and each sees the other.
    fn set(kind: Kind) -> Result<Self, Missing> {
        let server = Server::start(kind)?;
        let mut juliet = Profanity::login(&server, JULIET, ROMEO)?;
        let song = "[tune]\nsettle = \"0s\"\npublish = [\"status\"]\n";
        let home = Home::new(&(account::romeo(&server, Tls::Direct) + song))?;
        let daemon = home.start();
        juliet.sees("is online");
        let stage = Self { daemon, home, juliet, _server: server };
        stage.ctl(&["wait", "contact", &JULIET.jid(), "online", "-t", "20s"]);
        Ok(stage)
    }

    /// Runs `xmppctl`, which must do.
    #[track_caller]
    fn ctl(&self, words: &[&str]) {
        let answer = self.home.ctl(words);
        assert_eq!(answer.code, 0, "{words:?}: {answer:?}\n{}", self.daemon.log());
    }
}

/// The texts of a history, in its order.
fn bodies(report: &Value) -> Vec<String> {
    let messages = report["messages"].as_array().into_iter().flatten();
    messages.filter_map(|message| message["body"].as_str()).map(str::to_owned).collect()
}

fn of(talk: &[Said]) -> Vec<String> {
    talk.iter().map(|said| said.body.clone()).collect()
}

/// The ids of the elements that begin with `element`, of the stanzas with `part` in them.
fn ids(stanzas: &[String], part: &str, element: &str) -> Vec<String> {
    let those = stanzas.iter().filter(|stanza| stanza.contains(part));
    let id = |stanza: &String| Some(stanza.split_once(element)?.1.split_once("id=\"")?.1.split_once('"')?.0.to_owned());
    those.filter_map(id).collect()
}
