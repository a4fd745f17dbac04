//! A disk that fails, and a daemon that is killed, at each call by which a message gets there: what was answered with
//! `queued` is there afterwards, once and in order, and nothing else is.

use serde_json::Value;
use xmppd_tests::account;
use xmppd_tests::certificate::Authority;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::injected::Injected;
use xmppd_tests::missing::present;
use xmppd_tests::process::{Folder, free_port};
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::JULIET;
use xmppd_tests::wait::{SOON, eventually};

/// The calls that change a file on the way of a message.
const CALLS: [&str; 3] = ["pwrite64", "fdatasync", "fsync"];
/// More calls of a kind than three messages need.
const MOST: usize = 60;

/// A daemon whose server is not there: messages can only be kept.
struct Stage {
    home: Home,
    configuration: String,
    daemon: Daemon,
    /// What `queued` was answered for.
    promised: Vec<String>,
    /// What was refused.
    refused: Vec<String>,
    _folder: Folder,
}

impl Stage {
    fn set() -> Option<Self> {
        let folder = Folder::new("disk");
        let trusted = folder.write("authority.pem", &Authority::new().pem());
        let configuration = account::romeo_at((free_port(), Tls::Direct), &trusted, "password = \"x\"");
        let home = present("a failing disk", Home::new(&configuration))?;
        let daemon = home.start();
        // Now all is on the disk that an account begins with.
        home.eventually(&["account", "list"], |list| list["accounts"][0]["state"] == "retrying");
        Some(Self { home, configuration, daemon, promised: Vec::new(), refused: Vec::new(), _folder: folder })
    }

    /// Sends a message; how it went is noted. An answer that did not come promises nothing.
    fn send(&mut self) -> i32 {
        let id = format!("m{}", self.promised.len() + self.refused.len());
        let answer = self.home.ctl(&["-t", "10s", "send", &JULIET.jid(), "Peace", "--id", &id]);
        match answer.code {
            0 => self.promised.push(id),
            _ => self.refused.push(id),
        }
        answer.code
    }

    /// Has messages to Juliet set aside from now on, those that wait as well, or not any more.
    fn encrypted_only(&self, is_so: bool) {
        let only = format!("{}[messages]\nencrypted-only = [\"{}\"]\n", self.configuration, JULIET.jid());
        self.home.configure(if is_so { &only } else { &self.configuration });
        assert_eq!(self.home.ctl(&["config", "reload"]).code, 0);
    }

    fn listed(&self) -> Vec<String> {
        let list = self.home.json(&["outbox"]);
        let messages = list["messages"].as_array().cloned().unwrap_or_default();
        messages.iter().map(|message| message["id"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

#[test]
fn no_failing_call_makes_a_false_promise_and_the_next_message_is_kept() {
    let Some(mut stage) = Stage::set() else { return };
    let mut faults = 0;
    for call in CALLS {
        for error in ["EIO", "ENOSPC"] {
            for place in 1..MOST {
                let fault = format!("{call}:error={error}:when={place}");
                let Some(injected) = present("a failing disk", Injected::into(stage.daemon.process().id(), &fault))
                else {
                    return;
                };
                let codes: Vec<i32> = (0..3).map(|_| stage.send()).collect();
                let met = injected.lift();
                assert!(codes.iter().all(|code| [0, 1].contains(code)), "{fault}: {codes:?}");
                assert_eq!(stage.send(), 0, "it does not recover from {fault}");
                if met == 0 {
                    break;
                }
                faults += met;
            }
        }
    }
    println!("{faults} calls failed; {} promised, {} refused", stage.promised.len(), stage.refused.len());
    assert!(!stage.refused.is_empty());
    assert_eq!(stage.listed(), stage.promised);
    stage.daemon.kill();
    stage.daemon = stage.home.start();
    assert_eq!(stage.listed(), stage.promised);
}

#[test]
fn a_disk_that_stays_full_is_told_and_recovered_from() {
    let Some(mut stage) = Stage::set() else { return };
    let fault = "pwrite64:error=ENOSPC";
    let Some(injected) = present("a full disk", Injected::into(stage.daemon.process().id(), fault)) else { return };
    let answer = stage.home.ctl(&["send", &JULIET.jid(), "Peace"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.stderr.contains("disk") && answer.stderr.contains("full"), "{answer:?}");
    assert_eq!(stage.home.ctl(&["status"]).code, 0);
    assert!(injected.lift() > 0);
    assert_eq!(stage.send(), 0);
    assert_eq!(stage.listed(), stage.promised);
}

#[test]
fn a_daemon_killed_at_any_call_has_kept_what_it_promised() {
    let Some(mut stage) = Stage::set() else { return };
    let mut deaths = 0;
    for call in CALLS {
        for place in 1..MOST {
            let fault = format!("{call}:signal=KILL:when={place}");
            let Some(injected) = present("a kill", Injected::into(stage.daemon.process().id(), &fault)) else { return };
            for _ in 0..3 {
                stage.send();
            }
            let dead = eventually("it is dead, or was not killed", SOON, || {
                let answers = stage.home.ctl(&["daemon", "version"]).code == 0;
                (answers || stage.daemon.process().ended().is_some()).then(|| stage.daemon.process().ended().is_some())
            });
            let _ = injected.lift();
            if !dead {
                break;
            }
            deaths += 1;
            stage.daemon = stage.home.start();
            let listed = stage.listed();
            let kept: Vec<&String> = listed.iter().filter(|id| stage.promised.contains(id)).collect();
            assert_eq!(kept, stage.promised.iter().collect::<Vec<_>>(), "{fault}");
            // Whoever got no answer may find it kept, once.
            let others: Vec<&String> = listed.iter().filter(|id| !stage.promised.contains(id)).collect();
            assert!(others.iter().all(|id| stage.refused.contains(id)), "{fault}: {others:?}");
        }
    }
    println!("killed {deaths} times; {} promised, {} unanswered", stage.promised.len(), stage.refused.len());
    assert!(deaths > 0);
    let mut once: Vec<String> = stage.listed();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), stage.listed().len());
    assert_eq!(stage.home.ctl(&["daemon", "status"]).code, 0);
}

#[test]
fn a_message_that_was_set_aside_stays_so_when_the_disk_fails_while_it_is_to_be_sent_again() {
    let Some(mut stage) = Stage::set() else { return };
    assert_eq!(stage.send(), 0);
    let is_aside = |list: &Value| {
        let message = &list["messages"][0];
        message["state"] == "failed" && message["reason"].as_str().is_some_and(|reason| reason.contains("encrypted"))
    };
    let mut faults = 0;
    for call in CALLS {
        for place in 1..MOST {
            stage.encrypted_only(true);
            stage.home.eventually(&["outbox"], is_aside);
            stage.encrypted_only(false);
            let fault = format!("{call}:error=EIO:when={place}");
            let Some(injected) = present("a failing disk", Injected::into(stage.daemon.process().id(), &fault)) else {
                return;
            };
            let answer = stage.home.ctl(&["-t", "10s", "outbox", "retry", "m0"]);
            let met = injected.lift();
            faults += met;
            if answer.code != 0 {
                assert!(answer.stderr.contains("disk"), "{fault}: {answer:?}");
                stage.home.eventually(&["outbox"], is_aside);
            }
            if met == 0 {
                break;
            }
        }
    }
    println!("{faults} calls failed");
    assert!(faults > 0);
    stage.daemon.kill();
    stage.daemon = stage.home.start();
    assert_eq!(stage.listed(), ["m0"]);
}

#[test]
fn a_correction_is_kept_when_it_was_answered_and_changes_nothing_when_the_disk_failed() {
    let Some(mut stage) = Stage::set() else { return };
    assert_eq!(stage.send(), 0);
    let (mut faults, mut last) = (0, "Peace".to_owned());
    for call in CALLS {
        for place in 1..MOST {
            let fault = format!("{call}:error=EIO:when={place}");
            let Some(injected) = present("a failing disk", Injected::into(stage.daemon.process().id(), &fault)) else {
                return;
            };
            let text = format!("{call} {place}");
            let answer = stage.home.ctl(&["-t", "10s", "send", &JULIET.jid(), &text, "--correct", "m0"]);
            let met = injected.lift();
            faults += met;
            assert!([0, 1].contains(&answer.code), "{fault}: {answer:?}");
            if answer.code == 0 {
                last = text;
            }
            let kept = stage.home.json(&["history"]);
            assert_eq!(kept["messages"].as_array().map(Vec::len), Some(1), "{kept}");
            assert_eq!(kept["messages"][0]["body"], last, "{fault}: {answer:?}");
            if met == 0 {
                break;
            }
        }
    }
    println!("{faults} calls failed");
    assert!(faults > 0);
    stage.daemon.kill();
    stage.daemon = stage.home.start();
    assert_eq!(stage.home.json(&["history"])["messages"][0]["body"], last);
    assert_eq!(stage.listed(), ["m0"]);
}
