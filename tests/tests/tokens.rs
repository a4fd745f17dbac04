//! Tokens and passwords: they are in the state folder, which is the owner's alone, and nowhere else that anybody reads.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use xmppd_tests::account;
use xmppd_tests::bus::Bus;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{present, program};
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};

const NAME: &str = "org.xmppctl.Daemon1";

/// What the database has of tokens, read by another program.
fn tokens(python: &std::path::Path, home: &Home) -> BTreeSet<String> {
    let script = "import json, sqlite3, sys\n\
                  rows = sqlite3.connect(sys.argv[1]).execute('SELECT secret FROM token')\n\
                  print(json.dumps([row[0] for row in rows]))";
    let output = Command::new(python).args(["-c", script]).arg(home.state().join("state.db")).output();
    let output = output.expect("python3 runs");
    let rows: Vec<String> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    rows.into_iter().collect()
}

#[test]
fn no_secret_is_in_a_log_an_answer_or_on_the_bus() {
    let Some(python) = present("tokens", program("python3")) else { return };
    for kind in [Kind::Prosody13, Kind::Ejabberd] {
        let Some(server) = present("tokens", Server::start(kind)) else { continue };
        let Some(bus) = present("tokens", Bus::start()) else { return };
        let configuration = account::romeo(&server, Tls::Direct);
        let Some(home) = present("tokens", Home::new(&configuration)) else { return };
        let home = home.with("XMPPD_LOG", "trace").with_bus(&bus);
        let mut daemon = home.start();
        let mut secrets = BTreeSet::from([ROMEO.password.to_owned()]);
        let mut logs = String::new();
        // By password, by token, after the end of the process, and after its exchange.
        for turn in 0..4 {
            match turn {
                0 => {}
                1 => assert_eq!(home.ctl(&["account", "disconnect"]).code, 0),
                2 => {
                    daemon.kill();
                    logs.push_str(&daemon.log());
                    daemon = home.start();
                }
                _ => assert_eq!(home.ctl(&["daemon", "restart"]).code, 0),
            }
            let connect = home.ctl(&["-t", "20s", "account", "connect"]);
            assert_eq!(connect.code, 0, "{kind:?}, {turn}: {connect:?}");
            assert_eq!(home.ctl(&["send", &JULIET.jid(), "good morrow"]).code, 0);
            let list = home.json(&["account", "list"]);
            let mechanism = list["accounts"][0]["auth"]["mechanism"].as_str().unwrap_or_default().to_owned();
            assert_eq!(mechanism.starts_with("HT-"), turn > 0, "{kind:?}, {turn}: {mechanism}");
            secrets.extend(tokens(&python, &home));
        }
        assert!(secrets.len() > 1, "there is a token");
        logs.push_str(&daemon.log());
        assert!(logs.contains("TRACE") || logs.contains("DEBUG"), "the log says all: {logs}");
        let mut public = vec![("the log", logs)];
        for words in [&["account", "list"][..], &["--json", "account", "list"], &["doctor"], &["--json", "status"]] {
            let answer = home.ctl(words);
            public.push(("an answer", answer.stdout + &answer.stderr));
        }
        home.eventually(&["daemon", "status"], |status| status["bus_name"] == NAME);
        let words =
            ["--user", "--json=short", "call", NAME, "/org/xmppctl/Daemon1", "org.freedesktop.DBus.ObjectManager"];
        let objects = bus.run("busctl", &[&words[..], &["GetManagedObjects"]].concat());
        public.push(("the bus", present("tokens", objects).unwrap_or_default()));
        assert!(public.last().is_some_and(|(_, text)| text.contains("home")), "the objects are there");
        for (place, text) in &public {
            for secret in &secrets {
                assert!(!text.contains(secret.as_str()), "{kind:?}: a secret is in {place}:\n{text}");
            }
        }
    }
}

#[test]
fn the_state_is_its_owners_alone() {
    let Some(server) = present("tokens", Server::start(Kind::Prosody13)) else { return };
    let Some(home) = present("tokens", Home::new(&account::romeo(&server, Tls::Direct))) else { return };
    let _daemon = home.start();
    assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    assert_eq!(mode(&home.state()), 0o700);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(home.state()).expect("the state folder is there").flatten() {
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
        names.push(entry.file_name().into_string().unwrap_or_default());
    }
    assert!(names.iter().any(|name| name == "state.db"), "{names:?}");
}
