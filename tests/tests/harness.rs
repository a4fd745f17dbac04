//! The harness on itself: every part of it works before a test relies on it.

use serde_json::json;
use xmppd_tests::contact::Contact;
use xmppd_tests::missing::present;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};

#[test]
fn every_server_starts_and_starts_again() {
    for kind in Kind::ALL {
        let Some(mut server) = present(kind.name(), Server::start(kind)) else { continue };
        println!("{}: {:?}", kind.name(), server.started_in());
        server.restart();
        println!("{}: {:?} again", kind.name(), server.started_in());
        server.crash();
        server.restart();
        println!("{}: {:?} after a crash", kind.name(), server.started_in());
    }
}

#[test]
fn two_foreign_clients_see_each_other_on_every_server() {
    for kind in Kind::ALL {
        let Some(server) = present(kind.name(), Server::start(kind)) else { continue };
        for tls in Tls::BOTH {
            let Some(mut juliet) = present("slixmpp", Contact::login(&server, tls, JULIET)) else { return };
            let Some(mut romeo) = present("slixmpp", Contact::login(&server, tls, ROMEO)) else { return };
            exchange(&mut romeo, &mut juliet);
        }
    }
}

fn exchange(romeo: &mut Contact, juliet: &mut Contact) {
    let (bare, full) = (ROMEO.jid(), romeo.jid().to_owned());
    juliet.wait_for_presence(&bare, "romeo comes online", |presence| presence["show"] == "online");

    romeo.tell("presence", &json!({"show": "dnd", "status": "Good night", "priority": 7}));
    let seen = juliet.wait_for_presence(&bare, "romeo is busy", |presence| presence["show"] == "dnd");
    assert_eq!((&seen["status"], &seen["priority"]), (&json!("Good night"), &json!(7)));

    romeo.tell("tune", &json!({"artist": "Prokofiev", "title": "Dance of the Knights", "length": 342}));
    let tune = juliet.wait_for_tune(&bare, "romeo's tune", |tune| tune["artist"] == "Prokofiev");
    assert_eq!(tune["tune"]["length"], "342");
    romeo.tell("tune", &json!({}));
    juliet.wait_for_tune(&bare, "romeo's silence", |tune| tune == &json!({}));

    juliet.tell("message", &json!({"to": bare, "body": "Ay me! <&>"}));
    let message = romeo.wait_for("juliet's message", |event| event["event"] == "message");
    assert_eq!(message["body"], "Ay me! <&>");

    juliet.tell("ping", &json!({"to": full}));
    assert_eq!(juliet.tell("version", &json!({"to": full}))["name"], "contact");
    let features = juliet.tell("disco", &json!({"to": full}))["features"].clone();
    assert!(features.as_array().is_some_and(|all| all.contains(&json!("http://jabber.org/protocol/tune+notify"))));
    let refused = juliet.ask("iq", &json!({"to": full, "payload": "<query xmlns='unheard-of'/>"}));
    assert_eq!(refused["condition"], "feature-not-implemented");

    romeo.tell("leave", &json!({}));
    juliet.wait_for_presence(&bare, "romeo leaves", |presence| presence["type"] == "unavailable");
}
