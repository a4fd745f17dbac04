//! Links that are cut and sessions that are lost while both write, where there is an archive, where there is none, and
//! where it says that there is nothing in it: what came, and how often, by the log of the other side's client.

use std::time::Duration;

use serde_json::Value;
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::profanity::Profanity;
use xmppd_tests::relay::{Cut, Plan, Relay};
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Archive, Kind, Server, Tls};
use xmppd_tests::wait::{SOON, delay, eventually};

/// How often the link is cut, and how often the session is lost after that.
const ROUNDS: usize = 2;
/// How many letters each writes in a round.
const LETTERS: usize = 6;
/// The line is so long that some of them are on it, each way.
const LINE: Duration = Duration::from_millis(200);

struct Stage {
    daemon: Daemon,
    home: Home,
    relay: Relay,
    juliet: Profanity,
    server: Server,
    /// The ids and texts of Romeo's letters.
    letters: Vec<(String, String)>,
}

#[test]
fn letters_over_cuts_and_lost_sessions_come_once_and_in_order_where_there_is_an_archive() {
    everywhere(Archive::Kept);
}

#[test]
fn letters_over_cuts_come_once_and_in_order_without_an_archive_and_those_of_lost_sessions_come_so_or_are_held() {
    everywhere(Archive::Absent);
}

#[test]
fn letters_over_cuts_come_once_and_in_order_where_the_archive_lies_and_those_of_lost_sessions_come_so_or_are_held() {
    everywhere(Archive::Hidden);
}

fn everywhere(archive: Archive) {
    std::thread::scope(|scope| {
        for kind in [Kind::Prosody13, Kind::Ejabberd] {
            let played = move || Stage::set(kind, archive).and_then(|stage| stage.play(archive));
            scope.spawn(move || present("profanity: archives", played()));
        }
    });
}

impl Stage {
    fn set(kind: Kind, archive: Archive) -> Result<Self, Missing> {
        let server = Server::start_archiving(kind, archive)?;
        let mut juliet = Profanity::login(&server, JULIET, ROMEO)?;
        let relay = Relay::start(server.port(Tls::Direct));
        let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
        let account = account::romeo_at((relay.port(), Tls::Direct), &server.authority_file(), &password);
        let home = Home::new(&(account + "[messages]\non-uncertain = \"hold\"\n"))?;
        let daemon = home.start();
        juliet.sees("is online");
        Ok(Self { daemon, home, relay, juliet, server, letters: Vec::new() })
    }

    fn play(mut self, archive: Archive) -> Result<(), Missing> {
        let mut hers = Vec::new();
        for round in 0..ROUNDS {
            hers.extend(self.write(&format!("cut {round}")));
            self.relay.plan(Plan::default());
        }
        self.connect();
        // A session that goes on needs no archive.
        let all = self.letters.len();
        let talk = self.juliet.talk_once("she has all", |talk| talk.iter().filter(|said| !said.mine).count() >= all);
        let his: Vec<&str> = talk.iter().filter(|said| !said.mine).map(|said| &*said.body).collect();
        assert_eq!(his, self.letters.iter().map(|(_, body)| &**body).collect::<Vec<_>>(), "{}", self.daemon.log());
        self.home.eventually(&["history", "--limit", "1000"], |report| came(report) == hers);
        assert_eq!(self.home.ctl(&["-t", "20s", "wait", "outbox", "empty"]).code, 0);
        for round in 0..ROUNDS {
            self.connect();
            let list = self.home.json(&["account", "list"]);
            let bound = list["accounts"][0]["jid"].as_str().expect("a full JID").to_owned();
            hers.extend(self.write(&format!("lost {round}")));
            self.lose_session(&bound)?;
            self.connect();
        }
        if archive == Archive::Kept {
            self.home.eventually(&["history", "--limit", "1000"], |report| came(report) == hers);
        }
        self.verdict(archive);
        Ok(())
    }

    /// Both write on a long line, which is cut in the midst of it and stays so; Juliet's letters.
    fn write(&mut self, part: &str) -> Vec<String> {
        self.connect();
        self.relay.plan(Plan { delay: LINE, ..Plan::default() });
        let (home, relay, juliet) = (&self.home, &self.relay, &mut self.juliet);
        let letter = |who: &str, number: usize| format!("{who} {part} {number}");
        let taken = std::thread::scope(|scope| {
            let mut pens = Vec::new();
            for number in 0..LETTERS {
                juliet.types(&letter("j", number));
                let body = letter("r", number);
                let text = body.clone();
                // Its answer comes once the server has it; the next is written before.
                pens.push(scope.spawn(move || (home.json(&["send", &JULIET.jid(), &text]), text)));
                home.eventually(&["history", "--limit", "1000"], |report| bodies(report).contains(&body));
                if number == LETTERS / 2 {
                    let first = letter("r", 0);
                    juliet.talk_once("a letter came", |talk| talk.iter().any(|said| said.body == first));
                    relay.plan(Plan { refuse: true, ..Plan::default() });
                    relay.cut(Cut::Reset);
                }
            }
            pens.into_iter().map(|pen| pen.join().expect("the pen writes to the end")).collect::<Vec<_>>()
        });
        let id = |taken: &Value| taken["id"].as_str().expect("an id").to_owned();
        self.letters.extend(taken.iter().map(|(taken, body)| (id(taken), body.clone())));
        (0..LETTERS).map(|number| letter("j", number)).collect()
    }

    /// Whoever binds the same resource ends the session that waits for its connection.
    fn lose_session(&self, bound: &str) -> Result<(), Missing> {
        // What the server has read of it, it deals with first.
        delay(Duration::from_secs(1));
        Contact::login_as(&self.server, Tls::Direct, ROMEO, bound).map(drop)
    }

    /// The line is whole again.
    fn connect(&self) {
        self.relay.plan(Plan::default());
        eventually("romeo is online", SOON, || {
            (self.home.ctl(&["-t", "20s", "account", "connect"]).code == 0).then_some(())
        });
    }

    /// None is lost, none came twice, and all that came are in order.
    fn verdict(self, archive: Archive) {
        let last = self.home.json(&["-t", "20s", "send", &JULIET.jid(), "the last"]);
        assert_eq!(last["state"], "sent", "{last}");
        let talk = self.juliet.talk_once("the last came", |talk| talk.iter().any(|said| said.body == "the last"));
        let held = outbox(&self.home);
        assert!(held.iter().all(|message| message["state"] == "uncertain"), "{held:?}");
        let his: Vec<&str> = talk.iter().filter(|said| !said.mine).map(|said| &*said.body).collect();
        let is_held = |id: &str| held.iter().any(|message| message["id"] == id);
        let expected = self.letters.iter().filter(|(id, body)| his.contains(&&**body) || !is_held(id));
        let expected: Vec<&str> = expected.map(|(_, body)| &**body).chain(["the last"]).collect();
        assert_eq!(his, expected, "{archive:?}, held: {held:?}\n{}", self.daemon.log());
        assert_eq!(held.is_empty(), archive == Archive::Kept, "{held:?}");
        let known = bodies(&self.home.json(&["history", "--limit", "1000"]));
        for (_, body) in &self.letters {
            assert_eq!(known.iter().filter(|known| *known == body).count(), 1, "{body:?} in the history");
        }
        println!("{:?}, {archive:?}: {} letters, {} held", self.server.kind(), self.letters.len(), held.len());
    }
}

fn outbox(home: &Home) -> Vec<Value> {
    home.json(&["outbox"])["messages"].as_array().cloned().unwrap_or_default()
}

/// What came, in the order of the history.
fn came(report: &Value) -> Vec<String> {
    bodies(report).into_iter().filter(|body| body.starts_with('j')).collect()
}

fn bodies(report: &Value) -> Vec<String> {
    let messages = report["messages"].as_array().into_iter().flatten();
    messages.filter_map(|message| message["body"].as_str()).map(str::to_owned).collect()
}
