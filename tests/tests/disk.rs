//! A disk that fails, and a daemon that is killed, at each call by which a message gets there: what was answered with
//! `queued` is there afterwards, once and in order, and nothing else is.

use serde_json::Value;
use xmppd_tests::account;
use xmppd_tests::certificate::Authority;
use xmppd_tests::daemon::{Answer, Daemon, Home};
use xmppd_tests::injected::Injected;
use xmppd_tests::missing::present;
use xmppd_tests::process::{Folder, free_port};
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::JULIET;
use xmppd_tests::small_disk::SmallDisk;
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
    /// What the last of them was told.
    told: String,
    _folder: Folder,
}

impl Stage {
    fn set() -> Option<Self> {
        Self::set_with(|home| home)
    }

    /// The same with something about its home.
    fn set_with(about: impl FnOnce(Home) -> Home) -> Option<Self> {
        let folder = Folder::new("disk");
        let trusted = folder.write("authority.pem", &Authority::new().pem());
        let configuration = account::romeo_at((free_port(), Tls::Direct), &trusted, "password = \"x\"");
        let home = present("a failing disk", Home::new(&configuration))?;
        let home = about(home);
        let daemon = home.start();
        // Now all is on the disk that an account begins with.
        home.eventually(&["account", "list"], |list| list["accounts"][0]["state"] == "retrying");
        Some(Self {
            home,
            configuration,
            daemon,
            promised: Vec::new(),
            refused: Vec::new(),
            told: String::new(),
            _folder: folder,
        })
    }

    /// Sends a message; how it went is noted. An answer that did not come promises nothing.
    fn send(&mut self) -> i32 {
        self.say("Peace")
    }

    fn say(&mut self, text: &str) -> i32 {
        let id = format!("m{}", self.promised.len() + self.refused.len());
        let answer = self.home.ctl(&["-t", "10s", "send", &JULIET.jid(), text, "--id", &id]);
        match answer.code {
            0 => self.promised.push(id),
            _ => {
                self.refused.push(id);
                self.told = answer.stderr;
            }
        }
        answer.code
    }

    /// Has messages to Juliet set aside from now on, those that wait as well, or not any more.
    fn encrypted_only(&self, is_so: bool) {
        let only = format!("{}[messages]\nencrypted-only = [\"{}\"]\n", self.configuration, JULIET.jid());
        self.home.configure(if is_so { &only } else { &self.configuration });
        assert_eq!(self.home.ctl(&["config", "reload"]).code, 0);
    }

    /// Has both messages set aside, and asks for the first to be sent again while calls fail: what was answered, and how
    /// many failed.
    fn retry(&mut self, fault: &str) -> Option<(Answer, usize)> {
        self.encrypted_only(true);
        self.home.eventually(&["outbox"], |list| is_aside(list, "m0") && is_aside(list, "m1"));
        self.encrypted_only(false);
        let injected = present("a failing disk", Injected::into(self.daemon.process().id(), fault))?;
        let answer = self.home.ctl(&["-t", "10s", "outbox", "retry", "m0"]);
        if fault.contains("KILL") {
            self.is_dead();
        }
        Some((answer, injected.lift()))
    }

    /// Starts another daemon, which has each message once; whether the first is to be sent again, as it is when that was
    /// promised.
    fn revive(&mut self, is_promised: bool, fault: &str) -> bool {
        self.daemon = self.home.start();
        let mut listed = self.listed();
        listed.sort();
        assert_eq!(listed, ["m0", "m1"], "{fault}");
        let list = self.home.json(&["outbox"]);
        let again = !is_aside(&list, "m0");
        assert!(is_aside(&list, "m1") && (again || !is_promised), "{fault}: {list}");
        again
    }

    /// Whether the daemon was killed, once that is certain.
    fn is_dead(&mut self) -> bool {
        eventually("it is dead, or was not killed", SOON, || {
            let answers = self.home.ctl(&["daemon", "version"]).code == 0;
            (answers || self.daemon.process().ended().is_some()).then(|| self.daemon.process().ended().is_some())
        })
    }

    fn listed(&self) -> Vec<String> {
        let list = self.home.json(&["outbox"]);
        let messages = list["messages"].as_array().cloned().unwrap_or_default();
        messages.iter().map(|message| message["id"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// Whether a message was set aside because it must be encrypted.
fn is_aside(list: &Value, id: &str) -> bool {
    let message = list["messages"].as_array().into_iter().flatten().find(|message| message["id"] == id);
    message.is_some_and(|message| {
        let reason = message["reason"].as_str().unwrap_or_default();
        message["state"] == "failed" && reason.contains("encrypted")
    })
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
fn a_disk_that_gets_full_in_the_midst_of_a_write_makes_no_false_promise() {
    let Some(disk) = present("a small disk", SmallDisk::start()) else { return };
    let Some(mut stage) = Stage::set_with(|home| home.with_state_on(&disk)) else { return };
    let (mut halves, mut refused) = (0, 0);
    for space in 0..MOST {
        // Another start begins with an empty log, which has to grow for each message.
        stage.daemon.kill();
        stage.daemon = stage.home.start();
        assert_eq!(stage.listed(), stage.promised, "{space} pages were free before");
        // Nothing but watched.
        let watched = Injected::into(stage.daemon.process().id(), "pwrite64:delay_enter=1");
        let Some(watched) = present("a small disk", watched) else { return };
        disk.fill(space);
        let answers: Vec<i32> = (0..3).map(|_| stage.send()).collect();
        disk.empty();
        halves += watched.short_writes();
        assert!(answers.iter().all(|code| [0, 1].contains(code)), "{space} pages free: {answers:?}");
        assert_eq!(stage.send(), 0, "it does not recover from {space} free pages");
        assert_eq!(stage.listed(), stage.promised, "{space} pages were free");
        if answers == [0, 0, 0] {
            break;
        }
        refused += answers.iter().filter(|code| **code == 1).count();
        assert!(stage.told.contains("the disk with the state is full"), "{space} pages free: {}", stage.told);
    }
    println!("{refused} refused, {halves} short writes; {} promised", stage.promised.len());
    assert!(halves > 0 && refused > 0);
}

#[test]
fn a_daemon_that_has_no_space_to_start_says_so_and_has_all_once_there_is_some() {
    let Some(disk) = present("a small disk", SmallDisk::start()) else { return };
    let Some(mut stage) = Stage::set_with(|home| home.with_state_on(&disk)) else { return };
    for _ in 0..20 {
        assert_eq!(stage.say(&"Peace ".repeat(400)), 0);
    }
    stage.daemon.kill();
    disk.fill(0);
    let answer = stage.home.xmppd(&[]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.stderr.contains("full") && answer.stderr.contains("free space"), "{answer:?}");
    disk.empty();
    stage.daemon = stage.home.start();
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
            let dead = stage.is_dead();
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
fn a_message_set_aside_that_is_to_be_sent_again_is_so_or_stays_whichever_call_fails() {
    let Some(mut stage) = Stage::set() else { return };
    assert_eq!([stage.send(), stage.send()], [0, 0]);
    let (mut faults, mut kept) = (0, 0);
    for call in CALLS {
        for error in ["EIO", "ENOSPC"] {
            for place in 1..MOST {
                let fault = format!("{call}:error={error}:when={place}");
                let Some((answer, met)) = stage.retry(&fault) else { return };
                faults += met;
                assert!([0, 1].contains(&answer.code), "{fault}: {answer:?}");
                if answer.code == 0 {
                    stage.home.eventually(&["outbox"], |list| !is_aside(list, "m0"));
                } else {
                    assert!(answer.stderr.contains("disk"), "{fault}: {answer:?}");
                    stage.home.eventually(&["outbox"], |list| is_aside(list, "m0"));
                }
                stage.daemon.kill();
                kept += usize::from(stage.revive(answer.code == 0, &fault));
                if met == 0 {
                    break;
                }
            }
        }
    }
    println!("{faults} calls failed; sent again {kept} times");
    assert!(faults > 0 && kept > 0);
}

#[test]
fn a_message_set_aside_that_is_to_be_sent_again_is_there_once_when_the_daemon_is_killed_at_any_call() {
    let Some(mut stage) = Stage::set() else { return };
    assert_eq!([stage.send(), stage.send()], [0, 0]);
    let mut deaths = 0;
    for call in CALLS {
        for place in 1..MOST {
            let fault = format!("{call}:signal=KILL:when={place}");
            let Some((answer, _)) = stage.retry(&fault) else { return };
            let dead = stage.is_dead();
            stage.daemon.kill();
            stage.revive(answer.code == 0, &fault);
            if !dead {
                break;
            }
            deaths += 1;
        }
    }
    println!("killed {deaths} times");
    assert!(deaths > 0);
}

#[test]
fn a_correction_is_kept_when_it_was_answered_and_changes_nothing_when_the_disk_failed() {
    let Some(mut stage) = Stage::set() else { return };
    assert_eq!(stage.send(), 0);
    let (mut faults, mut last) = (0, "Peace".to_owned());
    for (call, error) in CALLS.into_iter().flat_map(|call| [(call, "EIO"), (call, "ENOSPC")]) {
        for place in 1..MOST {
            let fault = format!("{call}:error={error}:when={place}");
            let Some(injected) = present("a failing disk", Injected::into(stage.daemon.process().id(), &fault)) else {
                return;
            };
            let text = format!("{call} {error} {place}");
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
