//! Encrypted messages are told as such, and no plain text goes into chats that are for encrypted ones only.

use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};

/// What a client that does OMEMO sends: the body is for those that do not.
const OMEMO: &str = "<body>I sent you an OMEMO encrypted message</body><encrypted \
                     xmlns='eu.siacs.conversations.axolotl'><header sid='1'><iv>x</iv></header><payload>xyz=</payload>\
                     </encrypted><encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl'/>";

#[test]
fn an_encrypted_message_is_told_as_such_and_never_by_its_stand_in_on_every_server() {
    for kind in Kind::ALL {
        let Some(server) = present("encrypted", Server::start(kind)) else { continue };
        let Some(mut juliet) = present("encrypted", Contact::login(&server, Tls::Direct, JULIET)) else { continue };
        let Some(home) = present("encrypted", Home::new(&account::romeo(&server, Tls::Direct))) else { continue };
        let _daemon = home.start();
        assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
        let mut watch = home.watch(&["--json", "watch", "message"]);
        let mut seen = home.watch(&["watch", "message"]);
        assert_eq!(watch.json()["event"], "snapshot");
        home.eventually(&["daemon"], |daemon| daemon["watchers"] == 2);
        let romeo = ROMEO.jid();
        juliet.tell("message", &json!({"to": romeo, "body": "Ay me!"}));
        seen.wait_for("an ordinary message", |line| line.contains("Ay me!"));
        juliet.tell("xml", &json!({"xml": format!("<message to='{romeo}' type='chat' id='omemo'>{OMEMO}</message>")}));
        let event = watch.wait_for_json("the encrypted one", |event| event["id"] == "omemo");
        assert_eq!((&event["encrypted"], &event["body"]), (&json!("OMEMO"), &Value::Null), "{kind:?}: {event}");
        let line = seen.wait_for("the encrypted one", |line| line.contains("encrypted"));
        assert!(line.contains("(encrypted with OMEMO, cannot be read here)"), "{line}");
        assert!(!line.contains("I sent you"), "{line}");
    }
}

#[test]
fn what_waits_for_a_session_is_set_aside_when_its_chat_is_for_encrypted_messages_only() {
    for kind in Kind::ALL {
        let Some(server) = present("encrypted", Server::start(kind)) else { continue };
        let Some(mut juliet) = present("encrypted", Contact::login(&server, Tls::Direct, JULIET)) else { continue };
        let Some(mut mercutio) = present("encrypted", Contact::login(&server, Tls::Direct, MERCUTIO)) else { continue };
        let configuration = account::romeo(&server, Tls::Direct);
        let Some(home) = present("encrypted", Home::new(&configuration)) else { continue };
        let mut daemon = home.start();
        assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
        assert_eq!(home.ctl(&["status", "offline"]).code, 0);
        for (to, body) in [(JULIET, "plain"), (MERCUTIO, "fine"), (JULIET, "plain too")] {
            assert_eq!(home.json(&["send", &to.jid(), body])["state"], "queued");
        }
        let private = format!("{configuration}[messages]\nencrypted-only = [\"juliet@*\"]\n");
        home.configure(&private);
        assert_eq!(home.ctl(&["config", "reload"]).code, 0);
        let aside = |listed: &Value| {
            let messages = listed["messages"].as_array().cloned().unwrap_or_default();
            messages.into_iter().filter(|message| message["state"] == "failed").collect::<Vec<_>>()
        };
        let listed = home.eventually(&["outbox"], |listed| aside(listed).len() == 2);
        let first = aside(&listed).swap_remove(0);
        let reason = first["reason"].as_str().expect("it says why");
        assert!(reason.contains("encrypted messages only"), "{first}");
        assert_eq!(home.ctl(&["outbox", "retry", first["id"].as_str().expect("an id")]).code, 12);
        assert_eq!(home.ctl(&["send", &format!("{}/balcony", JULIET.jid()), "plain as well"]).code, 12);

        // Another process knows it from its start.
        home.configure(&configuration);
        assert_eq!(home.ctl(&["config", "reload"]).code, 0);
        assert_eq!(home.json(&["send", &JULIET.jid(), "plain before the end"])["state"], "queued");
        daemon.stop();
        home.configure(&private);
        let daemon = home.start();
        assert_eq!(home.ctl(&["status", "online"]).code, 0);
        mercutio.wait_for("what may be read", |event| event["body"] == "fine");
        let all = |listed: &Value| listed["messages"].as_array().map(Vec::len);
        home.eventually(&["outbox"], |listed| aside(listed).len() == 3 && all(listed) == Some(3));
        assert_eq!(home.ctl(&["wait", "outbox", "empty"]).code, 13);
        assert!(daemon.log().contains("encrypted messages only"), "{}", daemon.log());
        // The server takes what comes in order: behind the next message there is no earlier one.
        home.configure(&configuration);
        assert_eq!(home.ctl(&["config", "reload"]).code, 0);
        assert_eq!(home.json(&["send", &JULIET.jid(), "the end"])["state"], "sent");
        juliet.wait_for("the end", |event| event["body"] == "the end");
        let plain = |event: &&Value| event["body"].as_str().is_some_and(|body| body.contains("plain"));
        assert_eq!(juliet.seen().iter().find(plain), None, "{kind:?}");
    }
}
