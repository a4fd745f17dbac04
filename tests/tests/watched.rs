//! Whether a server knows that somebody looks (XEP-0352): real servers hold back what can wait while nobody does, and
//! nothing that is asked hangs for it.

use std::time::{Duration, Instant};

use serde_json::json;
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Answer, Daemon, Home};
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::server::people::JULIET;
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::talk::Talk;
use xmppd_tests::wait::{SOON, eventually};

/// What is answered at once takes no longer, on a loaded machine; what is held back would take minutes.
const AT_ONCE: Duration = Duration::from_secs(5);

/// One server, one daemon for romeo, juliet, and what romeo's daemon says on the wire.
struct World {
    home: Home,
    daemon: Daemon,
    juliet: Contact,
    wire: Talk,
    server: Server,
}

#[test]
fn while_nobody_looks_servers_know_it_and_all_that_is_asked_is_answered_at_once() {
    // Nearly all of it is waiting for calm.
    std::thread::scope(|scope| {
        for kind in [Kind::Prosody12, Kind::Prosody13, Kind::Ejabberd] {
            scope.spawn(move || {
                let name = format!("client state on {}", kind.name());
                let Some(mut world) = present(&name, World::start(kind)) else { return };
                contacts_are_known_as_they_are(&mut world);
                messages_are_acknowledged(&mut world);
                a_status_is_acknowledged(&mut world);
                who_looks_sees(&mut world);
                the_next_process_goes_on(&mut world);
            });
        }
    });
}

fn contacts_are_known_as_they_are(world: &mut World) {
    world.calm();
    world.juliet_shows("dnd");
    if world.server.kind() != Kind::Ejabberd {
        let held = || world.server.log().contains("Holding buffer (presence update").then_some(());
        eventually("the server holds back what can wait", SOON, held);
    }
    let roster = world.at_once(&["--json", "roster"]).stdout;
    assert!(roster.contains("\"dnd\""), "{}: {roster}", world.server.kind().name());
    world.at_once(&["ping"]);
    world.says("<active ");
}

fn messages_are_acknowledged(world: &mut World) {
    world.calm();
    let sent = world.at_once(&["--json", "send", &JULIET.jid(), "Soft!"]).stdout;
    assert!(sent.contains("\"sent\""), "{sent}");
    world.says("<active ");
    world.juliet.wait_for("reads it", |event| event["body"] == "Soft!");
}

fn a_status_is_acknowledged(world: &mut World) {
    world.calm();
    let set = world.at_once(&["--json", "status", "away"]).stdout;
    assert!(set.contains("\"acknowledged\""), "{set}");
    world.says("<active ");
}

fn who_looks_sees(world: &mut World) {
    world.calm();
    world.juliet_shows("xa");
    world.at_once(&["wait", "contact", &JULIET.jid(), "xa"]);
    world.says("<active ");
    let mut watch = world.home.watch(&["--json", "watch", "presence"]);
    let snapshot = watch.json();
    assert_eq!(snapshot["event"], "snapshot", "{snapshot}");
    world.juliet_shows("chat");
    let change = watch.json_within(AT_ONCE);
    assert!(change.to_string().contains("\"chat\""), "{change}");
}

/// Some servers say only at the beginning of a session that they want to know.
fn the_next_process_goes_on(world: &mut World) {
    world.daemon.kill();
    world.daemon = world.home.start();
    world.wire = world.home.watch(&["xml", "watch", "--out"]);
    world.home.eventually(&["account", "show"], |shown| shown["accounts"][0]["stream"]["resumed"] == true);
    world.calm();
    world.at_once(&["ping"]);
    world.says("<active ");
}

impl World {
    fn start(kind: Kind) -> Result<Self, Missing> {
        let server = Server::start(kind)?;
        let juliet = Contact::login(&server, Tls::Starttls, JULIET)?;
        let home = Home::new(&account::romeo(&server, Tls::Starttls))?;
        let daemon = home.start();
        let wire = home.watch(&["xml", "watch", "--out"]);
        assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0, "{}", daemon.log());
        Ok(Self { home, daemon, juliet, wire, server })
    }

    /// Reads on in what the daemon says, up to this.
    #[track_caller]
    fn says(&mut self, text: &str) -> String {
        loop {
            let line = self.wire.line().unwrap_or_else(|| panic!("the wire ended before {text}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits until the server knows that nobody looks.
    #[track_caller]
    fn calm(&mut self) {
        self.says("<inactive ");
    }

    /// Juliet shows this, and the server has it.
    fn juliet_shows(&mut self, show: &str) {
        self.juliet.tell("presence", &json!({"show": show}));
        self.juliet.ask("ping", &json!({"to": "verona.example"}));
    }

    /// Runs `xmppctl`, which must do, and soon.
    #[track_caller]
    fn at_once(&self, words: &[&str]) -> Answer {
        let begun = Instant::now();
        let answer = self.home.ctl(words);
        let took = begun.elapsed();
        println!("{}: {words:?} took {took:?}", self.server.kind().name());
        assert!(answer.code == 0 && took < AT_ONCE, "{words:?} took {took:?}: {answer:?}");
        answer
    }
}
