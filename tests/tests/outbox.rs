//! Messages that are taken while there is no session: kept over the end of the process, cancelled, sent once and in
//! order when there is one.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};
use xmppd_tests::certificate::{Authority, Certificate, Flaw};
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{present, program};
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::session::Turn;
use xmppd_tests::scripted_server::{Conversation, Outcome, ScriptedServer};
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::{account, wait};

fn bodies(juliet: &mut Contact) -> Vec<String> {
    let messages = juliet.seen().iter().filter(|event| event["event"] == "message");
    messages.map(|event| event["body"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_is_taken_without_a_session_outlives_the_daemon_and_leaves_once_and_in_order_on_every_server() {
    for kind in [Kind::Prosody12, Kind::Prosody13, Kind::Ejabberd] {
        let Some(server) = present("the outbox", Server::start(kind)) else { continue };
        let Some(mut juliet) = present("the outbox", Contact::login(&server, Tls::Direct, JULIET)) else { continue };
        let Some(home) = present("the outbox", Home::new(&account::romeo(&server, Tls::Direct))) else { continue };
        let mut daemon = home.start();
        assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
        assert_eq!(home.ctl(&["status", "offline"]).code, 0);
        let send = |text: &str| home.json(&["send", &JULIET.jid(), text]);
        let taken: Vec<Value> = (0..20).map(|number| send(&number.to_string())).collect();
        assert!(taken.iter().all(|report| report["state"] == "queued"), "{taken:?}");
        // Nobody is there to send them, and nobody will be by itself.
        assert_eq!(home.ctl(&["wait", "outbox", "empty"]).code, 13);

        daemon.kill();
        let _daemon = home.start();
        let unwanted = taken[7]["id"].as_str().expect("an id");
        assert_eq!(home.ctl(&["outbox", "cancel", unwanted]).code, 0);
        assert_eq!(home.ctl(&["outbox", "cancel", unwanted]).code, 10);
        let listed = home.json(&["outbox"]);
        let listed = listed["messages"].as_array().expect("a list");
        let expected: Vec<&Value> = taken.iter().filter(|report| report["id"] != unwanted).collect();
        assert_eq!(listed.len(), expected.len());
        for (listed, taken) in listed.iter().zip(&expected) {
            assert_eq!(
                (&listed["id"], &listed["to"], &listed["account"]),
                (&taken["id"], &taken["to"], &json!("home"))
            );
            assert_eq!((&listed["state"], &listed["attempts"]), (&json!("queued"), &json!(0)), "{listed}");
        }

        assert_eq!(once(&home), "queued");

        let mut watcher = home.watch(&["--json", "watch", "outbox"]);
        let snapshot = watcher.json();
        assert_eq!(snapshot["outbox"]["accounts"], json!([{"account": "home", "waiting": 20}]), "{snapshot}");
        assert_eq!(home.ctl(&["status", "online"]).code, 0);
        assert_eq!(home.ctl(&["wait", "outbox", "empty", "-t", "20s"]).code, 0);
        let mut told = watcher.json_within(wait::SOON);
        while told["waiting"] != 0 {
            assert_eq!(told["event"], "outbox", "{told}");
            told = watcher.json_within(wait::SOON);
        }
        assert_eq!(home.json(&["outbox"])["messages"], json!([]));
        let expected: Vec<String> = (0..=20).filter(|number| *number != 7).map(|number| number.to_string()).collect();
        juliet.wait_for("the last of them", |event| event["event"] == "message" && event["body"] == "20");
        assert_eq!(bodies(&mut juliet), expected, "{kind:?}");
        assert_eq!(once(&home), "sent");
        // The disk is enough for who does not wait.
        assert_eq!(home.json(&["--no-wait", "send", &JULIET.jid(), "21"])["state"], "queued");
        juliet.wait_for("what nobody waits for", |event| event["event"] == "message" && event["body"] == "21");
        assert_eq!(home.ctl(&["wait", "outbox", "empty", "-t", "20s"]).code, 0);
        let refused = home.ctl(&["send", &JULIET.jid(), "x", "--id", "two words"]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert_eq!(home.ctl(&["ping"]).code, 0);
        assert_eq!(bodies(&mut juliet).len(), expected.len() + 1, "{kind:?}");
    }
}

/// How far the message is that is sent once: the same id again is the same message, and no other one.
fn once(home: &Home) -> Value {
    let sent = [0, 1].map(|_| home.json(&["send", &JULIET.jid(), "20", "--id", "once"]));
    assert_eq!(sent[0], sent[1]);
    for (to, text) in [(JULIET, "twice"), (MERCUTIO, "20")] {
        assert_eq!(home.ctl(&["send", &to.jid(), text, "--id", "once"]).code, 11, "{text}");
    }
    sent[1]["state"].clone()
}

/// What the scripted server cannot stand.
const POISON: &str = "poison";

#[test]
fn a_message_that_ends_sessions_is_set_aside_with_its_reason_and_the_others_arrive() {
    let (authority, folder) = (Authority::new(), Folder::new("poison"));
    let (trusted, certificate) = (folder.write("authority.pem", &authority.pem()), authority.issue(Flaw::None));
    let (tell, arrived) = channel();
    let tell = Mutex::new(tell);
    let server = ScriptedServer::start(move |client| {
        let tell = tell.lock().map_err(|error| error.to_string())?.clone();
        serve(client, &certificate, &tell)
    });
    let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
    let configuration = account::romeo_at((server.port(), Tls::Starttls), &trusted, &password);
    let Some(home) = present("a poisonous message", Home::new(&configuration)) else { return };
    let _daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
    assert_eq!(home.ctl(&["account", "disconnect"]).code, 0);
    for text in ["one", POISON, "two"] {
        assert_eq!(home.json(&["send", &JULIET.jid(), text, "--id", text])["state"], "queued");
    }
    assert_eq!(home.ctl(&["account", "connect", "--no-wait"]).code, 0);
    let empty = home.ctl(&["wait", "outbox", "empty", "-t", "30s"]);
    assert_eq!(empty.code, 13, "{empty:?}");
    let mut bodies: Vec<String> = std::iter::from_fn(|| arrived.recv_timeout(Duration::ZERO).ok()).collect();
    bodies.dedup();
    assert_eq!(bodies, ["one", "two"]);
    let uncertain = |list: &Value| list["messages"][0].clone();
    let listed = uncertain(&home.json(&["outbox"]));
    assert_eq!((&listed["id"], &listed["state"]), (&json!(POISON), &json!("uncertain")), "{listed}");
    assert!(listed["reason"].as_str().is_some_and(|reason| reason.contains("undefined-condition")), "{listed}");

    // Its author's word is asked for, and heard.
    assert_eq!(home.ctl(&["outbox", "retry", "nothing"]).code, 10);
    let retried = home.ctl(&["outbox", "retry", POISON]);
    assert!([0, 3].contains(&retried.code), "{retried:?}");
    home.eventually(&["outbox"], |list| {
        uncertain(list)["state"] == "uncertain" && uncertain(list)["attempts"] != listed["attempts"]
    });
    assert_eq!(home.ctl(&["outbox", "cancel", POISON]).code, 0);
    assert_eq!(home.json(&["outbox"])["messages"], json!([]));
    assert_eq!(home.ctl(&["wait", "online", "-t", "30s"]).code, 0);
    assert_eq!(home.ctl(&["wait", "outbox", "empty", "-t", "5s"]).code, 0);
}

/// A session of a server that cannot stand one word.
fn serve(client: &mut Conversation, certificate: &Certificate, arrived: &Sender<String>) -> Outcome {
    client.session(certificate, ROMEO, |stanza| {
        let body = stanza.split_once("<body>").and_then(|(_, rest)| rest.split_once('<'));
        match body {
            Some((POISON, _)) => {
                let error = "<undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>";
                Turn::End(format!("<stream:error>{error}</stream:error></stream:stream>"))
            }
            Some((body, _)) => {
                let _ = arrived.send(body.to_owned());
                Turn::Usual
            }
            None => Turn::Usual,
        }
    })
}

#[test]
fn more_than_is_held_in_memory_waits_on_the_disk_and_leaves_in_order() {
    const MANY: usize = 2_500;
    let Some(server) = present("a long outbox", Server::start_quiet(Kind::Prosody13)) else { return };
    let Some(home) = present("a long outbox", Home::new(&account::romeo(&server, Tls::Direct))) else { return };
    let mut daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
    assert_eq!(home.ctl(&["status", "offline"]).code, 0);
    let Some(socat) = present("a long outbox", program("socat")) else { return };
    for part in (0..MANY).collect::<Vec<_>>().chunks(500) {
        // A connection may make a thousand calls a second.
        let mut socket = home.talk(&socat, &["-", &format!("UNIX-CONNECT:{}", home.socket().display())]);
        for number in part {
            let id = format!("m{number}");
            let params = json!({"to": JULIET.jid(), "body": number.to_string(), "id": id});
            socket.say(&json!({"jsonrpc": "2.0", "id": number, "method": "send", "params": params}));
        }
        for _ in part {
            let answer = socket.json();
            assert_eq!(answer["result"]["state"], "queued", "{answer}");
        }
    }
    let listed = |home: &Home| home.json(&["outbox"])["messages"].as_array().map_or(0, Vec::len);
    assert_eq!(listed(&home), MANY);
    // One in memory, two on the disk, each once.
    for (number, code) in [(3, 0), (1_700, 0), (2_400, 0), (2_400, 10)] {
        assert_eq!(home.ctl(&["outbox", "cancel", &format!("m{number}")]).code, code, "{number}");
    }
    daemon.kill();
    let _daemon = home.start();
    assert_eq!(home.ctl(&["outbox", "cancel", "m2000"]).code, 0);
    assert_eq!(home.json(&["send", &JULIET.jid(), "1999", "--id", "m1999"])["state"], "queued");
    assert_eq!(home.ctl(&["send", &JULIET.jid(), "another", "--id", "m1999"]).code, 11);
    assert_eq!(listed(&home), MANY - 4);

    let Some(mut juliet) = present("a long outbox", Contact::login(&server, Tls::Direct, JULIET)) else { return };
    assert_eq!(home.ctl(&["status", "online"]).code, 0);
    assert_eq!(home.json(&["send", &JULIET.jid(), "the last"])["state"], "queued");
    assert_eq!(home.ctl(&["wait", "outbox", "empty", "-t", "60s"]).code, 0);
    juliet.wait_for("the last of them", |event| event["event"] == "message" && event["body"] == "the last");
    let gone = [3, 1_700, 2_000, 2_400];
    let expected = (0..MANY).filter(|number| !gone.contains(number)).map(|number| number.to_string());
    assert_eq!(bodies(&mut juliet), expected.chain(["the last".to_owned()]).collect::<Vec<_>>());
    assert_eq!(home.json(&["outbox"])["messages"], json!([]));
}
