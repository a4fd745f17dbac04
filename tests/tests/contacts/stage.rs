//! A server, romeo's daemon, and mercutio, who is a stranger and answers nothing by himself.

use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::server::people::{MERCUTIO, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};

/// Everybody who takes part.
pub struct Stage {
    pub home: Home,
    pub daemon: Daemon,
    pub mercutio: Contact,
    pub server: Server,
}

/// Plays on each server that is there.
pub fn on_every_server(what: &str, play: impl Fn(&mut Stage)) {
    for kind in [Kind::Prosody12, Kind::Prosody13, Kind::Ejabberd] {
        if let Some(mut stage) = present(&format!("{what} on {}", kind.name()), Stage::start(kind)) {
            println!("on {}", kind.name());
            play(&mut stage);
        }
    }
}

impl Stage {
    fn start(kind: Kind) -> Result<Self, Missing> {
        let server = Server::start(kind)?;
        let mercutio = Contact::login(&server, Tls::Direct, MERCUTIO)?;
        let home = Home::new(&account::romeo(&server, Tls::Direct))?;
        let daemon = home.start();
        assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0, "{}", daemon.log());
        Ok(Self { home, daemon, mercutio, server })
    }

    /// Does something that answers with one contact, and gives that back.
    #[track_caller]
    pub fn contact(&self, words: &[&str]) -> Value {
        let report = self.home.json(words);
        let contacts = report["accounts"][0]["contacts"].as_array().cloned().unwrap_or_default();
        assert_eq!(contacts.len(), 1, "{words:?}: {report}");
        contacts.into_iter().next().unwrap_or_default()
    }

    /// Mercutio's client is told this about romeo.
    #[track_caller]
    pub fn mercutio_hears(&mut self, kind: &str) {
        self.mercutio.wait_for_presence(&ROMEO.jid(), kind, |presence| presence["type"] == kind);
    }

    /// Mercutio asks or answers.
    #[track_caller]
    pub fn mercutio_says(&mut self, kind: &str, status: Option<&str>) {
        self.mercutio.tell("presence", &json!({"type": kind, "to": ROMEO.jid(), "status": status}));
    }

    /// Another client of romeo's changes his roster.
    #[track_caller]
    pub fn other_client(&self, item: &str) {
        let mut other = Contact::login(&self.server, Tls::Direct, ROMEO).expect("slixmpp is there");
        let payload = format!("<query xmlns='jabber:iq:roster'>{item}</query>");
        other.tell("iq", &json!({"to": null, "type": "set", "payload": payload}));
    }
}

/// Runs `xmppctl --json`, which must fail with this row of the exit table and a way out.
#[track_caller]
pub fn fails(home: &Home, code: i32, kind: &str, words: &[&str]) {
    let answer = home.ctl(&[&["--json"], words].concat());
    assert_eq!((answer.code, answer.stdout.as_str()), (code, ""), "{words:?}: {answer:?}");
    let told: Value = serde_json::from_str(&answer.stderr).expect("a failure is one document");
    assert_eq!(told["error"]["kind"], kind, "{words:?}: {told}");
    assert!(code == 2 || told["error"]["hint"].is_string(), "{words:?}: {told}");
}

/// The value of an attribute of an element's first tag.
pub fn attribute(xml: &str, name: &str) -> String {
    let tag = xml.split('>').next().unwrap_or_default();
    let value = [("'", '\''), ("\"", '"')].into_iter().find_map(|(open, close)| {
        let (_, rest) = tag.split_once(&format!(" {name}={open}"))?;
        rest.split(close).next().map(str::to_owned)
    });
    value.unwrap_or_default()
}
