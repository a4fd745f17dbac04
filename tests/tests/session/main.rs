//! The main journey of a session, the same on every real server over both kinds of TLS: log in, be seen, talk, be
//! asked, lose the server and the daemon, come back.

mod contacts;
mod login;
mod messages;
mod outages;
mod presence;
mod questions;

use std::time::Instant;

use serde_json::Value;
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};

type Step = fn(&mut World);

/// The journey; each step goes on where the one before has ended.
const STEPS: [(&str, Step); 15] = [
    ("the login is told", login::is_told),
    ("waits and pings", login::waits_and_pings),
    ("presence is seen", presence::is_seen),
    ("offline stays so", presence::stays_offline_when_asked_to),
    ("contacts are listed", contacts::are_listed),
    ("contacts come and go", contacts::come_and_go),
    ("contacts can be waited for", contacts::can_be_waited_for),
    ("messages arrive", messages::arrive_once_and_exact),
    ("messages are acknowledged", messages::are_acknowledged_by_the_server),
    ("messages are watched", messages::are_watched),
    ("a contact's questions", questions::of_a_contact_are_answered),
    ("a stranger's questions", questions::of_a_stranger_are_not),
    ("outages by wish", outages::by_wish_end_when_asked),
    ("outages of the daemon", outages::of_the_daemon_leave_the_status),
    ("outages of the server", outages::of_the_server_are_survived),
];

/// One server, one daemon for romeo, and juliet, who watches him.
struct World {
    home: Home,
    daemon: Option<Daemon>,
    juliet: Contact,
    server: Server,
    tls: Tls,
}

#[test]
fn a_session_on_prosody_12_over_starttls() {
    journey(Kind::Prosody12, Tls::Starttls);
}

#[test]
fn a_session_on_prosody_12_over_direct_tls() {
    journey(Kind::Prosody12, Tls::Direct);
}

#[test]
fn a_session_on_prosody_13_over_starttls() {
    journey(Kind::Prosody13, Tls::Starttls);
}

#[test]
fn a_session_on_prosody_13_over_direct_tls() {
    journey(Kind::Prosody13, Tls::Direct);
}

#[test]
fn a_session_on_ejabberd_over_starttls() {
    journey(Kind::Ejabberd, Tls::Starttls);
}

#[test]
fn a_session_on_ejabberd_over_direct_tls() {
    journey(Kind::Ejabberd, Tls::Direct);
}

fn journey(kind: Kind, tls: Tls) {
    let name = format!("a session on {} over {tls:?}", kind.name());
    let Some(mut world) = present(&name, World::start(kind, tls)) else { return };
    for (step, take) in STEPS {
        let begun = Instant::now();
        take(&mut world);
        println!("{step}: {:?}", begun.elapsed());
    }
}

impl World {
    fn start(kind: Kind, tls: Tls) -> Result<Self, Missing> {
        let server = Server::start(kind)?;
        let juliet = Contact::login(&server, tls, JULIET)?;
        let configuration = format!("{}priority = 5\n", account::romeo(&server, tls));
        let home = Home::new(&configuration)?;
        let daemon = Some(home.start());
        Ok(Self { home, daemon, juliet, server, tls })
    }

    /// What `account list` says of romeo.
    fn account(&self) -> Value {
        self.home.json(&["account", "list"])["accounts"][0].clone()
    }

    /// Waits until `account list` says that he is in this state.
    #[track_caller]
    fn account_is(&self, state: &str) -> Value {
        let list = self.home.eventually(&["account", "list"], |list| list["accounts"][0]["state"] == state);
        list["accounts"][0].clone()
    }

    /// Sets a status, which must do, and gives back what is reported.
    #[track_caller]
    fn status(&self, words: &[&str]) -> Value {
        self.home.json(&[&["status"], words].concat())["accounts"][0].clone()
    }

    /// The next presence of romeo's that juliet sees with this show.
    #[track_caller]
    fn juliet_sees(&mut self, show: &str) -> Value {
        self.juliet.wait_for_presence(&ROMEO.jid(), &format!("sees romeo {show}"), |presence| presence["show"] == show)
    }

    #[track_caller]
    fn juliet_sees_him_leave(&mut self) {
        self.juliet.wait_for_presence(&ROMEO.jid(), "sees romeo leave", |it| it["type"] == "unavailable");
    }
}

/// Runs `xmppctl` and holds its exit code; the answer of a failure is on stderr alone.
#[track_caller]
fn ends_with(home: &Home, code: i32, words: &[&str]) {
    let answer = home.ctl(words);
    assert_eq!(answer.code, code, "{words:?}: {answer:?}");
    assert!(code == 0 || (answer.stdout.is_empty() && !answer.stderr.is_empty()), "{words:?}: {answer:?}");
}
