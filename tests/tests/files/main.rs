//! Files: put at real servers and fetched from them, what is no file, and places that are not what they seem.

mod hostile;

use std::path::PathBuf;

use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{present, program};
use xmppd_tests::server::people::JULIET;
use xmppd_tests::server::{Kind, MAX_FILE, Server, Tls};
use xmppd_tests::web::fetch;

/// Bytes that no compression and no text would leave as they are.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// A file of the test's own in a home folder.
fn file(home: &Home, name: &str, bytes: &[u8]) -> PathBuf {
    let path = home.write(name, "");
    std::fs::write(&path, bytes).expect("a file can be written");
    path
}

#[test]
fn a_file_is_put_at_the_server_and_the_contact_sees_its_address_and_fetches_its_bytes_on_every_server() {
    for kind in Kind::ALL {
        let Some(server) = present("files", Server::start_with_files(kind)) else { continue };
        let Some(mut juliet) = present("files", Contact::login(&server, Tls::Direct, JULIET)) else { continue };
        let configuration = account::romeo(&server, Tls::Direct);
        let Some(home) = present("files", Home::new(&configuration)) else { continue };
        let daemon = home.start();
        assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0, "{}", daemon.log());
        let (bytes, juliets) = (noise(700_001), JULIET.jid());

        let path = file(&home, "A song & more.ogg", &bytes);
        let path = path.to_str().expect("a path in UTF-8");
        let report = home.json(&["send", &juliets, "--file", path]);
        let url = report["url"].as_str().expect("where it is").to_owned();
        assert_eq!(report["state"], "sent", "{report}");
        let told = juliet.wait_for("the file's address", |event| event["event"] == "message");
        assert_eq!(told["body"], json!(url), "{told}");
        let xml = told["xml"].as_str().expect("the stanza").to_owned();
        assert!(xml.contains("jabber:x:oob") && xml.matches(&url.replace('&', "&amp;")).count() == 2, "{xml}");
        assert_eq!(fetch(&url, &server.authority_file()), (200, bytes), "{kind:?} {url}");

        let small = file(&home, "small.txt", b"!");
        let small = small.to_str().expect("a path in UTF-8");
        let once = ["send", &juliets, "Once:", "--file", small, "--id", "once"];
        let (first, again) = (home.json(&once), home.json(&once));
        assert!(first["url"].is_string() && again["url"].is_null(), "{again}");
        assert_eq!((&again["id"], &again["state"]), (&first["id"], &first["state"]));
        let plain = home.ctl(&["send", &juliets, "Look:", "--file", small]);
        assert_eq!((plain.code, plain.stderr.as_str()), (0, ""), "no bar without a terminal: {plain:?}");
        let told = juliet.wait_for("the text with the address", |event| {
            event["body"].as_str().is_some_and(|body| body.starts_with("Look:"))
        });
        let body = told["body"].as_str().expect("a text").to_owned();
        let url = body.strip_prefix("Look:\n").unwrap_or_else(|| panic!("{body}"));
        assert_eq!(fetch(url, &server.authority_file()), (200, b"!".to_vec()), "{kind:?}");

        if kind == Kind::Prosody12 {
            shows_a_bar(&home, small);
        }
        let large = file(&home, "large", &vec![0; usize::try_from(MAX_FILE).expect("it fits") + 1]);
        let refused = home.ctl(&["send", &juliets, "--file", large.to_str().expect("a path in UTF-8")]);
        assert_eq!(refused.code, 6, "{refused:?}");
        assert!(refused.stderr.contains(&format!("takes files up to {MAX_FILE} bytes")), "{refused:?}");

        home.configure(&format!("{configuration}[messages]\nencrypted-only = [{juliets:?}]\n"));
        assert_eq!(home.ctl(&["config", "reload"]).code, 0);
        for words in [&["send", &juliets, "Hist!"][..], &["send", &juliets, "--file", small]] {
            let refused = home.ctl(words);
            assert_eq!(refused.code, 12, "{refused:?}");
            assert!(refused.stderr.contains("messages.encrypted-only"), "the way out: {refused:?}");
        }
    }
}

/// On a terminal there is a bar, which goes again.
fn shows_a_bar(home: &Home, path: &str) {
    let Some(script) = present("files: a terminal", program("script")) else { return };
    let control = home.programs()[1].display();
    let line = format!("{control} send {} --file {path}", JULIET.jid());
    let mut terminal = home.talk(&script, &["--quiet", "--return", "--command", &line, "/dev/null"]);
    let shown = terminal.wait_for("what it was sent as", |line| line.contains("sent "));
    assert!(shown.contains("] 100 %  1 B of 1 B\r\u{1b}[K"), "{shown:?}");
}

#[test]
fn a_server_without_places_for_files_is_told_of() {
    let Some(server) = present("files", Server::start(Kind::Prosody12)) else { return };
    let home = Home::new(&account::romeo(&server, Tls::Direct)).expect("the programs are built");
    let _daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
    let path = file(&home, "small.txt", b"!");
    let path = path.to_str().expect("a path in UTF-8");
    let refused = home.ctl(&["send", &JULIET.jid(), "--file", path]);
    assert_eq!(refused.code, 7, "{refused:?}");
    assert_eq!(home.ctl(&["status", "offline"]).code, 0);
    assert_eq!(home.ctl(&["send", &JULIET.jid(), "--file", path]).code, 4);
}

#[test]
fn what_is_no_file_is_named_before_anybody_is_asked() {
    let home = Home::new("").expect("the programs are built");
    let folder = home.state().parent().expect("it has one").to_owned();
    let fifo = home.write("fifo", "");
    std::fs::remove_file(&fifo).expect("it was written");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs");
    assert!(made.success());
    let dangling = fifo.with_file_name("dangling");
    std::os::unix::fs::symlink("nowhere", &dangling).expect("a link can be made");
    let circle = fifo.with_file_name("circle");
    std::os::unix::fs::symlink("circle", &circle).expect("a link can be made");
    let empty = home.write("empty", "");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let cases = [
        (folder, 2, "is a folder"),
        (fifo, 2, "is a pipe"),
        (PathBuf::from("/dev/zero"), 2, "is a device"),
        (empty, 2, "is empty"),
        (dangling, 10, "cannot read"),
        (circle, 1, "cannot read"),
        (PathBuf::from("/nonexistent/file"), 10, "cannot read"),
    ];
    for (path, code, words) in cases {
        let answer = home.ctl(&["--json", "send", &JULIET.jid(), "--file", path.to_str().expect("UTF-8")]);
        assert_eq!((answer.code, answer.stdout.as_str()), (code, ""), "{path:?}: {answer:?}");
        let error: Value = serde_json::from_str(&answer.stderr).expect("one line of JSON");
        assert!(error["error"]["message"].as_str().is_some_and(|said| said.contains(words)), "{error}");
    }
}
