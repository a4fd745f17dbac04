//! A session that survives: cuts, the end of the process and the exchange of the program, without a contact noticing,
//! and every message once.

use serde_json::{Value, json};
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::present;
use xmppd_tests::relay::{Cut, Relay};
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};

const JULIET_JID: &str = "juliet@verona.example";
const ROMEO_JID: &str = "romeo@verona.example";

struct Stage {
    home: Home,
    juliet: Contact,
    relay: Relay,
    _server: Server,
}

/// Romeo behind a relay, and juliet, who has seen him arrive.
fn stage(test: &str, kind: Kind, tls: Tls) -> Option<(Stage, Daemon)> {
    let server = present(test, Server::start(kind))?;
    let relay = Relay::start(server.port(tls));
    let word = match tls {
        Tls::Direct => "direct",
        Tls::Starttls => "starttls",
    };
    let home = Home::new(&format!(
        "[[account]]\nname = \"home\"\njid = \"{ROMEO_JID}\"\npassword-command = [\"printf\", \"%s\", {:?}]\n\
         server = \"127.0.0.1:{}\"\ntls = \"{word}\"\nca-file = {:?}\n",
        ROMEO.password,
        relay.port(),
        server.authority_file()
    ));
    let home = present(test, home)?;
    let mut juliet = present(test, Contact::login(&server, tls, JULIET))?;
    let daemon = home.start();
    let set = home.ctl(&["status", "away", "steady", "-t", "20s"]);
    assert_eq!(set.code, 0, "{set:?}");
    juliet.wait_for_presence(ROMEO_JID, "romeo away", |presence| presence["status"] == "steady");
    Some((Stage { home, juliet, relay, _server: server }, daemon))
}

fn resumed(list: &Value) -> bool {
    let account = &list["accounts"][0];
    account["state"] == "online" && account["stream"]["resumed"] == true
}

fn send(home: &Home, text: &str) {
    let sent = home.ctl(&["send", JULIET_JID, text]);
    assert_eq!(sent.code, 0, "{text}: {sent:?}");
}

impl Stage {
    /// Juliet has these messages, each once and in order, and never saw him go.
    fn check(mut self, texts: &[&str]) {
        let last = texts.last().copied().unwrap_or_default();
        self.juliet.wait_for(last, |seen| seen["event"] == "message" && seen["body"] == last);
        let seen = self.juliet.seen();
        let bodies: Vec<&str> =
            seen.iter().filter(|seen| seen["event"] == "message").filter_map(|seen| seen["body"].as_str()).collect();
        assert_eq!(bodies, texts);
        // Before he arrived, the server had told her that nobody is there: without a resource.
        let is_romeo = |seen: &Value| seen["bare"] == ROMEO_JID && seen["resource"] != "";
        let gone = |seen: &&Value| seen["event"] == "presence" && seen["type"] == "unavailable" && is_romeo(seen);
        assert_eq!(seen.iter().find(gone), None);
    }
}

/// On each server, over each kind of TLS.
fn everywhere(test: &str, scene: impl Fn(Stage, Daemon)) {
    for kind in [Kind::Prosody12, Kind::Prosody13, Kind::Ejabberd] {
        for tls in [Tls::Direct, Tls::Starttls] {
            eprintln!("{test}: {kind:?}, {tls:?}");
            if let Some((stage, daemon)) = stage(test, kind, tls) {
                scene(stage, daemon);
            }
        }
    }
}

#[test]
fn a_cut_is_not_noticed_and_no_message_is_lost_or_doubled() {
    everywhere("a cut", |stage, _daemon| {
        send(&stage.home, "one");
        for (cut, text) in [(Cut::Reset, "two"), (Cut::Finish, "three"), (Cut::Reset, "four")] {
            stage.relay.cut(cut);
            stage.home.eventually(&["account", "list"], |list| list["accounts"][0]["state"] != "online");
            stage.home.eventually(&["account", "list"], resumed);
            send(&stage.home, text);
        }
        let roster = stage.home.json(&["roster"]);
        assert_eq!(roster["accounts"][0]["contacts"][0]["resources"][0]["show"], json!("online"), "{roster}");
        stage.check(&["one", "two", "three", "four"]);
    });
}

#[test]
fn the_end_of_the_process_is_not_noticed() {
    everywhere("kill -9", |stage, mut daemon| {
        send(&stage.home, "one");
        for text in ["two", "three"] {
            daemon.kill();
            daemon = stage.home.start();
            stage.home.eventually(&["account", "list"], resumed);
            send(&stage.home, text);
        }
        stage
            .home
            .eventually(&["roster"], |roster| roster["accounts"][0]["contacts"][0]["resources"][0]["show"] == "online");
        stage.check(&["one", "two", "three"]);
    });
}

#[test]
fn the_exchange_of_the_program_is_not_noticed() {
    everywhere("daemon restart", |stage, daemon| {
        send(&stage.home, "one");
        for text in ["two", "three"] {
            let answer = stage.home.ctl(&["daemon", "restart"]);
            assert_eq!(answer.code, 0, "{answer:?}");
            stage.home.eventually(&["account", "list"], resumed);
            send(&stage.home, text);
        }
        drop(daemon);
        let mut stage = stage;
        stage.juliet.wait_for_presence(ROMEO_JID, "romeo gone, politely", |presence| presence["type"] == "unavailable");
    });
}
