//! Romeo's daemon and Juliet on a server of each kind.

use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::present;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};

/// The scene of a test.
pub(crate) struct Stage {
    pub(crate) daemon: Daemon,
    pub(crate) home: Home,
    pub(crate) juliet: Contact,
    pub(crate) server: Server,
}

/// Plays a scene on every server, with these lines behind Romeo's account.
pub(crate) fn everywhere(test: &str, further: &str, scene: impl Fn(Stage)) {
    for kind in Kind::ALL {
        eprintln!("{test}: {kind:?}");
        if let Some(stage) = Stage::start(test, kind, further) {
            scene(stage);
        }
    }
}

impl Stage {
    /// Romeo online, Juliet has seen him arrive.
    pub(crate) fn start(test: &str, kind: Kind, further: &str) -> Option<Self> {
        let server = present(test, Server::start(kind))?;
        let mut juliet = present(test, Contact::login(&server, Tls::Direct, JULIET))?;
        let home = present(test, Home::new(&(account::romeo(&server, Tls::Direct) + further)))?;
        let daemon = home.start();
        assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0, "{}", daemon.log());
        juliet.wait_for_presence(&ROMEO.jid(), "romeo online", |presence| presence["type"] == "available");
        Some(Self { daemon, home, juliet, server })
    }

    /// The same program anew, after its process was killed.
    pub(crate) fn kill_and_start(&mut self) {
        self.daemon.kill();
        self.daemon = self.home.start();
        assert_eq!(self.home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
    }

    /// The same where Romeo is to stay offline.
    pub(crate) fn kill_and_start_offline(&mut self) {
        self.daemon.kill();
        self.daemon = self.home.start();
    }

    /// Puts other lines behind Romeo's account into force.
    pub(crate) fn reconfigure(&mut self, further: &str) {
        self.home.configure(&(account::romeo(&self.server, Tls::Direct) + further));
        assert_eq!(self.home.ctl(&["config", "reload"]).code, 0);
    }

    /// Juliet says something; gives its id.
    pub(crate) fn says(&mut self, body: &str) -> String {
        let told = self.juliet.tell("message", &json!({"to": ROMEO.jid(), "body": body}));
        told["stanza"].as_str().unwrap_or_default().to_owned()
    }

    /// Juliet sends a message with this inside, as it stands.
    pub(crate) fn sends(&mut self, id: &str, inside: &str) {
        let xml = format!("<message to='{}' type='chat' id='{id}'>{inside}</message>", ROMEO.jid());
        self.juliet.tell("xml", &json!({"xml": xml}));
    }

    /// Romeo's full address, which his server may have chosen.
    pub(crate) fn session(&mut self) -> String {
        let is_his = |event: &&Value| event["event"] == "presence" && event["bare"] == ROMEO.jid();
        let seen = self.juliet.seen().iter().rev().find(is_his);
        seen.and_then(|presence| presence["from"].as_str()).expect("Juliet has seen Romeo").to_owned()
    }

    /// Romeo says something; gives its id.
    pub(crate) fn send(&self, body: &str) -> String {
        let sent = self.home.json(&["send", &JULIET.jid(), body]);
        assert_eq!(sent["state"], "sent", "{sent}");
        sent["id"].as_str().unwrap_or_default().to_owned()
    }

    /// The history once it is so.
    #[track_caller]
    pub(crate) fn history(&self, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let fits = |report: &Value| report["messages"].as_array().is_some_and(|messages| fits(messages));
        let report = self.home.eventually(&["history"], fits);
        report["messages"].as_array().cloned().unwrap_or_default()
    }
}

/// The texts of messages.
pub(crate) fn bodies(messages: &[Value]) -> Vec<&str> {
    messages.iter().filter_map(|message| message["body"].as_str()).collect()
}

/// Each file of the state folder that has this text in it.
pub(crate) fn files_with(home: &Home, text: &str) -> Vec<String> {
    let files = std::fs::read_dir(home.state()).expect("the state folder").filter_map(Result::ok);
    let has = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    files
        .filter(|file| std::fs::read(file.path()).is_ok_and(|bytes| has(&bytes)))
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect()
}
