//! Romeo, whose daemon is ours, and juliet, who has made the hall and is in it.

use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::present;
use xmppd_tests::relay::Relay;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::talk::Talk;
use xmppd_tests::wait;

/// The room.
pub(crate) const HALL: &str = "hall@rooms.verona.example";

const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";
const MUC_ADMIN: &str = "http://jabber.org/protocol/muc#admin";

pub(crate) struct Stage {
    pub(crate) kind: Kind,
    pub(crate) juliet: Contact,
    pub(crate) home: Home,
    pub(crate) server: Server,
}

/// Plays a scene on each server.
pub(crate) fn on_each(test: &str, scene: impl Fn(Stage, Daemon)) {
    for kind in Kind::ALL {
        let Some(server) = present(test, Server::start(kind)) else { continue };
        let account = account::romeo(&server, Tls::Direct);
        play(test, server, &account, &scene);
    }
}

/// The same with a relay between romeo and the server.
pub(crate) fn behind_a_relay(test: &str, scene: impl Fn(Stage, &Relay, Daemon)) {
    for kind in Kind::ALL {
        let Some(server) = present(test, Server::start(kind)) else { continue };
        let relay = Relay::start(server.port(Tls::Direct));
        let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
        let account = account::romeo_at((relay.port(), Tls::Direct), &server.authority_file(), &password);
        play(test, server, &account, |stage, daemon| scene(stage, &relay, daemon));
    }
}

fn play(test: &str, server: Server, account: &str, scene: impl FnOnce(Stage, Daemon)) {
    let kind = server.kind();
    let Some(juliet) = present(test, Contact::login(&server, Tls::Direct, JULIET)) else { return };
    let Some(home) = present(test, Home::new(account)) else { return };
    let daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
    let mut stage = Stage { kind, juliet, home, server };
    stage.open_hall("juliet");
    scene(stage, daemon);
}

impl Stage {
    /// Juliet makes the hall, or enters it, under a nickname.
    pub(crate) fn open_hall(&mut self, nick: &str) {
        self.juliet.tell("join", &json!({"room": HALL, "nick": nick}));
        let entered = self.juliet.wait_for("she is in the hall", |seen| {
            let codes = seen["codes"].as_array();
            seen["event"] == "presence"
                && seen["type"] == "available"
                && codes.is_some_and(|codes| codes.contains(&json!(110)))
        });
        if entered["codes"].as_array().is_some_and(|codes| codes.contains(&json!(201))) {
            let form = format!("<query xmlns='{MUC_OWNER}'><x xmlns='jabber:x:data' type='submit'/></query>");
            self.juliet.tell("iq", &json!({"to": HALL, "type": "set", "payload": form}));
        }
    }

    /// Juliet speaks in the hall.
    pub(crate) fn say(&mut self, text: &str) {
        self.juliet.tell("message", &json!({"to": HALL, "body": text, "type": "groupchat"}));
    }

    /// What juliet does to somebody as the owner of the hall.
    pub(crate) fn admin(&mut self, item: &str) {
        let query = format!("<query xmlns='{MUC_ADMIN}'>{item}</query>");
        self.juliet.tell("iq", &json!({"to": HALL, "type": "set", "payload": query}));
    }

    /// Juliet ends the hall.
    pub(crate) fn destroy(&mut self) {
        let query = format!("<query xmlns='{MUC_OWNER}'><destroy><reason>The feast is over</reason></destroy></query>");
        self.juliet.tell("iq", &json!({"to": HALL, "type": "set", "payload": query}));
    }

    /// Romeo enters the hall.
    pub(crate) fn join(&self, words: &[&str]) -> Value {
        let words: Vec<&str> = [&["--json", "room", "join", HALL], words].concat();
        let joined = self.home.ctl(&words);
        assert_eq!(joined.code, 0, "{:?}: {joined:?}", self.kind);
        let report: Value = serde_json::from_str(&joined.stdout).expect("a document");
        report["accounts"][0]["rooms"][0].clone()
    }

    /// Romeo speaks in the hall.
    pub(crate) fn send(&self, text: &str) {
        let sent = self.home.ctl(&["--json", "send", HALL, text, "-t", "30s"]);
        assert_eq!(sent.code, 0, "{:?}: {text}: {sent:?}", self.kind);
        assert!(sent.stdout.contains("\"sent\""), "{sent:?}");
    }

    /// Romeo says something that has to wait.
    pub(crate) fn wait_in_line(&self, text: &str) {
        assert_eq!(self.home.json(&["send", HALL, text])["state"], "queued", "{:?}: {text}", self.kind);
    }

    /// What the hall's archive has, as somebody else of romeo's account reads it.
    pub(crate) fn archive(&self) -> Vec<String> {
        let mut phone = Contact::login(&self.server, Tls::Direct, ROMEO).expect("slixmpp is there");
        phone.tell("join", &json!({"room": HALL, "nick": "phone"}));
        phone.wait_for("the phone is in the hall", |seen| {
            seen["event"] == "presence" && seen["codes"].as_array().is_some_and(|codes| codes.contains(&json!(110)))
        });
        let query = "<query xmlns='urn:xmpp:mam:2' queryid='all'/>";
        phone.tell("iq", &json!({"to": HALL, "type": "set", "payload": query}));
        let archived = phone.seen().iter().filter(|seen| seen["event"] == "archived");
        archived.filter_map(|seen| seen["body"].as_str()).map(str::to_owned).collect()
    }

    /// Waits until romeo's room is so.
    pub(crate) fn wait_for_state(&self, state: &str) -> Value {
        let mut last = Value::Null;
        let found = wait::until(wait::SOON * 2, || {
            let list = self.home.ctl(&["--json", "room", "list"]);
            let report: Value = serde_json::from_str(&list.stdout).ok()?;
            last = report["accounts"][0]["rooms"][0].clone();
            (last["state"] == state).then(|| last.clone())
        });
        found.unwrap_or_else(|| panic!("{:?}: the room is not {state}: {last}", self.kind))
    }

    /// Follows messages from now on.
    pub(crate) fn watch(&self, topics: &[&str]) -> Talk {
        let words: Vec<&str> = [&["--json", "watch"], topics].concat();
        let mut watcher = self.home.watch(&words);
        assert_eq!(watcher.json()["event"], "snapshot");
        watcher
    }

    /// What juliet heard in the hall, until this.
    pub(crate) fn heard(&mut self, last: &str) -> Vec<String> {
        let is_said = |seen: &Value| seen["event"] == "message" && seen["bare"] == HALL && seen["body"].is_string();
        // What was sent again by hand may have to wait for half a minute in a new process.
        self.juliet.wait_until(last, wait::SOON * 3, |seen| is_said(seen) && seen["body"] == last);
        let seen = self.juliet.seen();
        seen.iter().filter(|seen| is_said(seen)).filter_map(|seen| seen["body"].as_str()).map(str::to_owned).collect()
    }
}

/// The texts that a watcher is told of, until the last one.
pub(crate) fn told(watcher: &mut Talk, last: &str) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let event = next(watcher, "message");
        assert_eq!((event["type"].as_str(), event["room"].is_object()), (Some("groupchat"), true), "{event}");
        let text = event["body"].as_str().unwrap_or_default().to_owned();
        let is_last = text == last;
        texts.push(text);
        if is_last {
            return texts;
        }
    }
}

/// The next event of this kind.
pub(crate) fn next(watcher: &mut Talk, event: &str) -> Value {
    loop {
        let line = watcher.json_within(wait::SOON);
        if line["event"] == event {
            return line;
        }
    }
}
