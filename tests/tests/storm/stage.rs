//! Romeo behind a relay, somebody who watches his messages, and Juliet, who sees him all the time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::present;
use xmppd_tests::relay::Relay;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::talk::Talk;
use xmppd_tests::wait::{SOON, delay, eventually, until};

use super::letters::{Account, Received, Sent};

/// How many of Romeo's letters are under way at once.
const PENS: [&str; 2] = ["a", "b"];
/// Whoever writes takes this long for a letter.
const PAUSE: Duration = Duration::from_millis(15);
/// How long the daemon may take to leave a server that says nothing, and to dial again.
const SILENT: Duration = Duration::from_secs(45);
/// How many letters Juliet writes that he has not seen.
const UNREAD: u64 = 10;
const LAST: &str = "the last";

pub(crate) struct Stage {
    pub(crate) home: Home,
    pub(crate) relay: Relay,
    juliet: Mutex<Contact>,
    watcher: Mutex<Talk>,
    lives: AtomicU64,
    shown: AtomicU64,
    over: AtomicBool,
    _server: Server,
}

impl Stage {
    /// Everybody is online.
    pub(crate) fn set(test: &str, kind: Kind) -> Option<(Self, Daemon)> {
        let server = present(test, Server::start_quiet(kind))?;
        let relay = Relay::start(server.port(Tls::Direct));
        let home = Home::new(&format!(
            "[[account]]\nname = \"home\"\njid = {:?}\npassword-command = [\"printf\", \"%s\", {:?}]\n\
             server = \"127.0.0.1:{}\"\ntls = \"direct\"\nca-file = {:?}\n",
            ROMEO.jid(),
            ROMEO.password,
            relay.port(),
            server.authority_file()
        ));
        // What it did is shown when a test fails.
        let home = present(test, home)?.with("XMPPD_LOG", "debug");
        let mut juliet = present(test, Contact::login(&server, Tls::Direct, JULIET))?;
        let daemon = home.start();
        let set = home.ctl(&["status", "away", "in the storm", "-t", "20s"]);
        assert_eq!(set.code, 0, "{set:?}");
        juliet.wait_for_presence(&ROMEO.jid(), "romeo", |presence| presence["status"] == "in the storm");
        let watcher = Mutex::new(home.watch(&["--json", "watch", "message"]));
        let (lives, shown, over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        let stage = Self { home, relay, juliet: Mutex::new(juliet), watcher, lives, shown, over, _server: server };
        Some((stage, daemon))
    }

    /// Has letters written both ways while `storm` goes on, and until all have come; then they are counted.
    pub(crate) fn under_letters(self, storm: impl FnOnce(&Self)) -> Account {
        let (written, seen, hers) = std::thread::scope(|scope| {
            let stage = &self;
            // Else those who write would write for ever when the storm fails.
            let _end = End(&stage.over);
            let pens = PENS.map(|pen| scope.spawn(move || stage.romeo_writes(pen)));
            let juliet = scope.spawn(|| stage.juliet_writes());
            let watcher = scope.spawn(|| stage.romeo_reads());
            eventually("the watcher watches", SOON, || (stage.lives() > 0).then_some(()));
            storm(stage);
            eventually("romeo is online after the storm", SILENT, || {
                let list = stage.home.json(&["account", "list"]);
                (list["accounts"][0]["state"] == "online").then_some(()).or_else(|| stage.hurry())
            });
            stage.over.store(true, Ordering::SeqCst);
            let written = pens.map(|pen| pen.join().expect("the pen writes to the end")).concat();
            // Whoever comes last shows that nobody hangs.
            let last = stage.home.ctl(&["send", &JULIET.jid(), LAST]);
            assert_eq!(last.code, 0, "{last:?}");
            let hers = juliet.join().expect("juliet writes and reads to the end");
            (written, watcher.join().expect("the watcher reads to the end"), hers)
        });
        let seen_by_juliet = self.juliet.lock().expect("she is well").seen().to_vec();
        let account = Account::of(&written, &seen, hers, &seen_by_juliet, LAST);
        self.check_history(&account);
        account
    }

    /// What a killed daemon had and could not show any more is in the history, once.
    fn check_history(&self, account: &Account) {
        for number in &account.unseen {
            let found = self.home.json(&["history", "--search", &format!("j {number}")]);
            let body = format!("j {number}");
            let found =
                found["messages"].as_array().into_iter().flatten().filter(|message| message["body"] == body.as_str());
            assert_eq!(found.count(), 1, "{body} is in the history once");
        }
    }

    /// How many daemons the watcher has met.
    pub(crate) fn lives(&self) -> u64 {
        self.lives.load(Ordering::SeqCst)
    }

    /// A person is impatient: the pauses between attempts grow when sessions are short, as they are here. Not so
    /// impatient that two resumptions meet inside ejabberd 24.12, which then tells contacts of a conflict.
    pub(crate) fn hurry(&self) -> Option<()> {
        delay(Duration::from_millis(150));
        // A daemon that was just killed does not answer.
        let _ = self.home.ctl(&["account", "connect", "--no-wait"]);
        None
    }

    /// Waits for the daemon's next connections, up to this number of them, and hurries it. A server that falls silent is
    /// left after 30 s at most.
    pub(crate) fn dials(&self, number: u64) {
        let begun = Instant::now();
        let dialled = until(SILENT, || (self.relay.connections() >= number).then_some(()).or_else(|| self.hurry()));
        let log = || std::fs::read_to_string(self.home.state().join("../../log")).unwrap_or_default();
        assert!(dialled.is_some(), "it does not dial again:\n{}", log());
        if begun.elapsed() > SOON / 2 {
            let log = log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(12)..].join("\n");
            println!("connection {number} came after {:?}:\n{tail}", begun.elapsed());
        }
    }

    fn romeo_writes(&self, pen: &'static str) -> Vec<Sent> {
        let mut written = Vec::new();
        while !self.over.load(Ordering::SeqCst) {
            let number = written.len() as u64;
            let answer = self.home.ctl(&["send", &JULIET.jid(), &format!("{pen} {number}")]);
            written.push(Sent { pen, number, code: answer.code });
            delay(PAUSE);
        }
        written
    }

    /// Writes until the storm is over and reads until the last letter is there; how many she wrote.
    fn juliet_writes(&self) -> u64 {
        let mut juliet = self.juliet.lock().expect("nobody else has her yet");
        let mut written = 0;
        while !self.over.load(Ordering::SeqCst) {
            delay(PAUSE);
            // More than a few unread ones would not fit between two cuts.
            if written < self.shown.load(Ordering::SeqCst) + UNREAD {
                juliet.tell("message", &json!({"to": ROMEO.jid(), "body": format!("j {written}")}));
                written += 1;
            }
        }
        juliet.tell("message", &json!({"to": ROMEO.jid(), "body": LAST}));
        juliet.wait_until("the last letter", SILENT + SOON, |seen| seen["event"] == "message" && seen["body"] == LAST);
        written
    }

    fn romeo_reads(&self) -> Vec<Received> {
        let mut watcher = self.watcher.lock().expect("nobody else reads it");
        let mut received = Vec::new();
        loop {
            let event: Value = watcher.json_within(SILENT + SOON);
            match event["event"].as_str() {
                Some("snapshot") => {
                    self.lives.fetch_add(1, Ordering::SeqCst);
                }
                Some("message") => {
                    let body = event["body"].as_str().unwrap_or_default().to_owned();
                    if body == LAST {
                        return received;
                    }
                    if event["direction"] == "in" {
                        let next = body.rsplit(' ').next().and_then(|number| number.parse::<u64>().ok());
                        self.shown.fetch_max(next.map_or(0, |number| number + 1), Ordering::SeqCst);
                        received.push(Received { life: self.lives(), body });
                    }
                }
                Some("gap" | "unread") => {}
                _ => panic!("{event}"),
            }
        }
    }
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
