//! Round trips from TCP's connect until a contact sees the presence, told from the machine's own slowness by the slope:
//! what a login takes longer over a line that is longer by a known time, in units of that time.
//!
//! The relay ends TCP on both sides, so that an acknowledgement that Nagle's algorithm waits for (RFC 896; Prosody's
//! default) costs the loopback's time and is not seen here.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::contact::Contact;
use crate::daemon::{Daemon, Home};
use crate::missing::Missing;
use crate::process::{Process, clean};
use crate::relay::{Cut, Plan, Relay};
use crate::server::people::{JULIET, ROMEO};
use crate::server::{Kind, Server, Tls};

/// What the relay adds each way.
const WAY: Duration = Duration::from_millis(150);

/// A way to come online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// Nothing is known of the server, and there is a password.
    First,
    /// The last session goes on.
    Resume,
    /// A new session by a token of the last one.
    Token,
}

/// One way to come online, measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Which way.
    pub login: Login,
    /// Round trips until the contact saw the presence, by the relay.
    pub seen: f64,
    /// Round trips until the session stood, by the daemon's own count.
    pub counted: u64,
    /// Over the longer line: what `account list` says of the account.
    pub account: Value,
    /// Without a delay: how long it took on this machine.
    pub near: Duration,
}

/// A server with direct TLS, a relay before it, and Juliet, who watches from its other side.
#[derive(Debug)]
pub struct Course {
    juliet: Contact,
    relay: Relay,
    server: Server,
    words: u32,
}

impl Login {
    /// All of them, in the order in which an account comes by them.
    pub const ALL: [Self; 3] = [Self::First, Self::Resume, Self::Token];
}

impl Course {
    /// Starts all of it.
    ///
    /// # Errors
    /// `Missing` when the server or slixmpp is not installed.
    pub fn lay(kind: Kind) -> Result<Self, Missing> {
        let server = Server::start(kind)?;
        let juliet = Contact::login(&server, Tls::Direct, JULIET)?;
        let relay = Relay::start(server.port(Tls::Direct));
        Ok(Self { juliet, relay, server, words: 0 })
    }

    /// The daemon's three ways to come online; of each the quickest of so many runs, over either line.
    ///
    /// # Errors
    /// `Missing` when the daemon is not built.
    pub fn daemon(&mut self, runs: usize) -> Result<Vec<Measured>, Missing> {
        let mut near: [Option<Duration>; 3] = [None; 3];
        let mut far: [Option<(Duration, Value)>; 3] = [None, None, None];
        for _ in 0..runs {
            let scene = Scene::set(self, Duration::ZERO)?;
            for (best, (taken, _)) in near.iter_mut().zip(scene.play(self, Duration::ZERO)) {
                *best = Some(best.map_or(taken, |best| best.min(taken)));
            }
            let scene = Scene::set(self, WAY)?;
            for (best, (taken, account)) in far.iter_mut().zip(scene.play(self, WAY)) {
                if best.as_ref().is_none_or(|(best, _)| taken < *best) {
                    *best = Some((taken, account));
                }
            }
        }
        let ways = Login::ALL.into_iter().zip(near).zip(far);
        Ok(ways
            .filter_map(|((login, near), far)| {
                let (near, (far, account)) = (near?, far?);
                let counted = account["stream"]["round_trips"].as_u64().unwrap_or_default();
                Some(Measured { login, seen: slope(near, far), counted, account, near })
            })
            .collect())
    }

    /// slixmpp's only way: a password, and its roster first, as its own examples do.
    ///
    /// # Errors
    /// `Missing` when it is not installed.
    pub fn slixmpp(&mut self, runs: usize) -> Result<f64, Missing> {
        self.peer(runs, |course| {
            let at = (course.relay.port(), Tls::Direct);
            let contact = Contact::start(at, &course.server.authority_file(), ROMEO, ROMEO.password)?;
            let seen = course.arrived(None);
            drop(contact);
            Ok(seen)
        })
    }

    /// The same of tokio-xmpp, by the program `peer` (`tests/peers/tokio-xmpp`).
    ///
    /// # Errors
    /// `Missing` when it is not there.
    pub fn tokio_xmpp(&mut self, peer: &std::path::Path, runs: usize) -> Result<f64, Missing> {
        if !peer.is_file() {
            return Err(Missing(format!("{} (tests/bench builds it)", peer.display())));
        }
        self.peer(runs, |course| {
            // A session that the server keeps for it says no goodbye: each arrival has a word of its own.
            let word = format!("arrival {}", course.words);
            let mut command = Command::new(peer);
            clean(&mut command).env("SSL_CERT_FILE", course.server.authority_file());
            command.args([ROMEO.jid(), format!("127.0.0.1:{}", course.relay.port()), word.clone()]);
            let log = course.server.authority_file().with_file_name("tokio-xmpp.log");
            let mut process = Process::start_piped("tokio-xmpp", command, &log);
            let mut input = process.input().expect("it is piped");
            std::io::Write::write_all(&mut input, format!("{}\n", ROMEO.password).as_bytes()).expect("it reads");
            let seen = course.arrived(Some(&word));
            drop(process.with_grace(Duration::ZERO));
            Ok(seen)
        })
    }

    fn peer(
        &mut self,
        runs: usize,
        mut run: impl FnMut(&mut Self) -> Result<Duration, Missing>,
    ) -> Result<f64, Missing> {
        let mut quickest = [Duration::MAX; 2];
        for _ in 0..runs {
            for (delay, quickest) in [Duration::ZERO, WAY].into_iter().zip(&mut quickest) {
                self.relay.plan(Plan { delay, ..Plan::default() });
                self.words += 1;
                *quickest = run(self)?.min(*quickest);
                self.relay.cut(Cut::Finish);
            }
        }
        Ok(slope(quickest[0], quickest[1]))
    }

    /// Waits until Juliet sees Romeo with this status; gives how long after the last connect that was.
    fn arrived(&mut self, status: Option<&str>) -> Duration {
        self.juliet.wait_for_presence(&ROMEO.jid(), "romeo arrives", |presence| {
            presence["type"] == "available" && status.is_none_or(|status| presence["status"] == status)
        });
        let now = Instant::now();
        now - self.relay.connected_at().expect("he came through the relay")
    }

    fn gone(&mut self) {
        self.juliet.wait_for_presence(&ROMEO.jid(), "romeo is gone", |presence| presence["type"] == "unavailable");
    }
}

/// A daemon that has never met the server.
struct Scene {
    home: Home,
    _daemon: Daemon,
}

impl Scene {
    fn set(course: &Course, delay: Duration) -> Result<Self, Missing> {
        course.relay.plan(Plan { refuse: true, delay, ..Plan::default() });
        let home = Home::new(&format!(
            "[[account]]\nname = \"home\"\njid = {:?}\npassword-command = [\"printf\", \"%s\", {:?}]\n\
             server = \"127.0.0.1:{}\"\ntls = \"direct\"\nca-file = {:?}\n",
            ROMEO.jid(),
            ROMEO.password,
            course.relay.port(),
            course.server.authority_file()
        ))?;
        let daemon = home.start();
        Ok(Self { home, _daemon: daemon })
    }

    /// Comes online in each way; how long each took, and what the daemon says of it.
    fn play(self, course: &mut Course, delay: Duration) -> Vec<(Duration, Value)> {
        let times = Login::ALL.map(|login| {
            match login {
                Login::First => {}
                Login::Resume => {
                    course.relay.plan(Plan { refuse: true, ..Plan::default() });
                    course.relay.cut(Cut::Reset);
                }
                Login::Token => assert_eq!(self.home.ctl(&["account", "disconnect"]).code, 0),
            }
            self.home.eventually(&["account", "list"], |list| list["accounts"][0]["state"] != "online");
            course.words += 1;
            let word = format!("arrival {}", course.words);
            let set = self.home.ctl(&["status", "away", &word, "--no-wait"]);
            assert_eq!(set.code, 0, "{set:?}");
            course.relay.plan(Plan { delay, ..Plan::default() });
            let connect = self.home.ctl(&["account", "connect", "--no-wait"]);
            assert_eq!(connect.code, 0, "{connect:?}");
            let taken = course.arrived(Some(&word));
            let list = self.home.eventually(&["account", "list"], |list| list["accounts"][0]["state"] == "online");
            (taken, list["accounts"][0].clone())
        });
        assert_eq!(self.home.ctl(&["account", "disconnect"]).code, 0);
        course.gone();
        times.into()
    }
}

/// Round trips by the difference that the longer line makes.
fn slope(near: Duration, far: Duration) -> f64 {
    (far.as_secs_f64() - near.as_secs_f64()) / (2.0 * WAY.as_secs_f64())
}
