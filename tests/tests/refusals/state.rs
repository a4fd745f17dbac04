//! A state folder that is in use, damaged, or of a later version.

use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;

use super::{NOWHERE, error_in, fails, holds};

#[test]
fn a_second_daemon_ends_with_11_and_names_the_first() {
    let Some(home) = present("second daemon", Home::new(NOWHERE)) else { return };
    let mut first = home.start();
    let second = home.xmppd(&[]);
    assert_eq!((second.code, second.stdout.as_str()), (11, ""), "{second:?}");
    holds(&second.stderr, "another xmppd");
    holds(&second.stderr, &first.process().id().to_string());
    assert_eq!(home.json(&["daemon", "status"])["pid"], first.process().id());
    assert_eq!(first.stop(), Some(0));
}

#[test]
fn a_killed_daemon_is_no_second_one() {
    let Some(home) = present("killed daemon", Home::new(NOWHERE)) else { return };
    let mut first = home.start();
    assert_eq!(home.json(&["status", "dnd", "Farewell"])["accounts"][0]["delivery"], "pending");
    first.kill();
    let _second = home.start();
    let status = home.json(&["status"])["accounts"][0]["requested"].clone();
    assert_eq!((&status["show"], &status["status"]), (&"dnd".into(), &"Farewell".into()));
}

#[test]
fn a_database_that_cannot_be_used_is_told_and_left_as_it_is() {
    let Some(home) = present("database", Home::new(NOWHERE)) else { return };
    let mut daemon = home.start();
    assert_eq!(home.ctl(&["status", "dnd", "Keep me"]).code, 0);
    assert_eq!(daemon.stop(), Some(0));
    let file = home.state().join("state.db");
    let sound = std::fs::read(&file).expect("the daemon has made it");
    let check = |what: &str, spoil: fn(&mut Vec<u8>), words: &[&str]| {
        let mut spoilt = sound.clone();
        spoil(&mut spoilt);
        std::fs::write(&file, &spoilt).expect("it is ours");
        let answer = home.xmppd(&[]);
        assert_eq!((answer.code, answer.stdout.as_str()), (1, ""), "{what}: {answer:?}");
        for word in ["state.db", "hint: "].iter().chain(words) {
            assert!(answer.stderr.contains(word), "{what}: {word:?} is not in {answer:?}");
        }
        assert!(!home.socket().exists());
        assert_eq!(std::fs::read(&file).ok(), Some(spoilt), "{what}: nothing is overwritten");
    };
    // The database's header has its version at 60 and its owner at 68 (SQLite file format, section 1.3).
    check("of a later version", |bytes| bytes[60..64].copy_from_slice(&99_u32.to_be_bytes()), &["newer"]);
    check("of another program", |bytes| bytes[68..72].copy_from_slice(b"mine"), &["not one of xmppd's"]);
    check("no database", |bytes| bytes[..16].copy_from_slice(b"Two households, "), &["damaged"]);
    check("with a page of noise", |bytes| bytes[4096..8192].fill(0xa5), &["damaged"]);
    check("cut short", |bytes| bytes.truncate(5000), &["damaged"]);

    std::fs::write(&file, &sound).expect("it is ours");
    let _daemon = home.start();
    assert_eq!(home.json(&["status"])["accounts"][0]["requested"]["status"], "Keep me");
}

#[test]
fn an_account_that_cannot_be_started_says_why_and_is_tried_again_at_a_reload() {
    let Some(home) = present("an account that cannot be started", Home::new(NOWHERE)) else { return };
    let anchors = home.write("anchors.pem", "no certificate\n");
    home.configure(&format!("{NOWHERE}ca-file = {anchors:?}\n"));
    let _daemon = home.start();
    let error = error_in(&home, "stopped");
    assert_eq!(error["kind"], "start", "{error}");
    let (words, document) = fails(&home, 1, &["send", "juliet@verona.example", "Peace"]);
    holds(&words, "anchors.pem");
    holds(&words, "config reload");
    assert_eq!(document["message"], error["message"]);
    home.configure(NOWHERE);
    assert_eq!(home.ctl(&["config", "reload"]).code, 0);
    assert_eq!(home.json(&["send", "juliet@verona.example", "Peace"])["state"], "queued");
}
