//! What others ask of romeo's client: contacts are answered, strangers learn nothing.

use serde_json::{Value, json};
use xmppd_tests::contact::Contact;
use xmppd_tests::missing::present;
use xmppd_tests::server::people::MERCUTIO;
use xmppd_tests::wait::{SOON, eventually};

use super::World;

const UNHEARD_OF: &str = "<query xmlns='urn:example:unheard-of'/>";

pub(super) fn of_a_contact_are_answered(world: &mut World) {
    let romeo = world.account()["jid"].clone();
    world.status(&["away", "Ask me"]);
    let presence = world.juliet_sees("away");

    let pong = ask(&mut world.juliet, "ping", json!({"to": romeo}));
    assert_eq!(pong["ok"], true, "{pong}");
    let version = ask(&mut world.juliet, "version", json!({"to": romeo}));
    assert_eq!((&version["name"], &version["ok"]), (&json!("xmppd"), &json!(true)), "{version}");
    let told = world.home.json(&["rpc", "daemon.hello"]);
    assert_eq!(version["version"], told["version"]);

    let node = format!("{}#{}", text(&presence["caps"]), text(&presence["ver"]));
    for node in [Value::Null, json!(node)] {
        let info = ask(&mut world.juliet, "disco", json!({"to": romeo, "node": node}));
        assert_eq!(info["ver"], presence["ver"], "the hash is that of what disco tells: {info}");
        for feature in ["urn:xmpp:ping", "jabber:iq:version", "http://jabber.org/protocol/disco#info"] {
            assert!(info["features"].as_array().is_some_and(|all| all.contains(&json!(feature))), "{feature}: {info}");
        }
    }
    let refused = ask(&mut world.juliet, "disco", json!({"to": romeo, "node": "no-such-node"}));
    assert_eq!(refused["condition"], "item-not-found", "{refused}");
    let refused = ask(&mut world.juliet, "iq", json!({"to": romeo, "payload": UNHEARD_OF}));
    assert_eq!(refused["condition"], "service-unavailable", "{refused}");
}

pub(super) fn of_a_stranger_are_not(world: &mut World) {
    let romeo = world.account()["jid"].clone();
    let Some(mut mercutio) = present("a stranger", Contact::login(&world.server, world.tls, MERCUTIO)) else { return };
    for (word, fields) in [
        ("ping", json!({})),
        ("version", json!({})),
        ("disco", json!({})),
        ("iq", json!({"payload": UNHEARD_OF, "type": "set"})),
    ] {
        let mut fields = fields;
        fields["to"] = romeo.clone();
        let refused = ask(&mut mercutio, word, fields);
        assert_eq!(refused["condition"], "service-unavailable", "{word}: {refused}");
    }
}

/// Asks until there is an answer: two a second are given to one who asks, the others are dropped.
fn ask(contact: &mut Contact, word: &str, mut fields: Value) -> Value {
    fields["timeout"] = json!(1);
    eventually("there is an answer", SOON, || {
        let answer = contact.ask(word, &fields);
        (answer["condition"] != "timeout").then_some(answer)
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
