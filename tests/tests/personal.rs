//! Moods, activities, nicknames and avatars, ours and contacts', on real servers and with a client that is not ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::{SOON, eventually};

/// A picture of 64 by 48 pixels, as far as its head tells.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x30\x08\x06\0\0\0";
/// Its SHA-1.
const PICTURE_ID_LENGTH: usize = 40;

const NODES: [(&str, &str); 4] = [
    ("mood", "http://jabber.org/protocol/mood"),
    ("activity", "http://jabber.org/protocol/activity"),
    ("nick", "http://jabber.org/protocol/nick"),
    ("avatar", "urn:xmpp:avatar:metadata"),
];

/// Romeo's daemon, and juliet.
struct World {
    home: Home,
    _daemon: Daemon,
    juliet: Contact,
    server: Server,
}

impl World {
    fn start(kind: Kind) -> Result<Self, Missing> {
        let server = Server::start(kind)?;
        let home = Home::new(&account::romeo(&server, Tls::Direct))?;
        let mut juliet = Contact::login(&server, Tls::Direct, JULIET)?;
        let daemon = home.start();
        assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0, "{}", daemon.log());
        juliet.wait_for_presence(&ROMEO.jid(), "sees romeo", |presence| presence["type"] == "available");
        Ok(Self { home, _daemon: daemon, juliet, server })
    }

    /// What juliet sees next of romeo's.
    #[track_caller]
    fn juliet_sees(&mut self, what: &str, told: &Value) {
        self.juliet.wait_for(&format!("sees the {what} {told}"), |event| {
            event["event"] == "personal"
                && event["bare"] == ROMEO.jid().as_str()
                && event["what"] == what
                && event["told"] == *told
        });
    }

    /// Runs a verb to a good end and gives back what the one account tells.
    #[track_caller]
    fn told(&self, words: &[&str]) -> Value {
        let mut account = self.home.json(words)["accounts"][0].clone();
        assert_eq!(account["account"], "home", "{words:?}: {account}");
        account.as_object_mut().expect("an account").remove("account");
        account
    }
}

fn on_every_server(test: &str, play: impl Fn(World) + Copy + Send) {
    std::thread::scope(|scope| {
        for kind in Kind::ALL {
            scope.spawn(move || present(&format!("{test} ({})", kind.name()), World::start(kind)).map(play));
        }
    });
}

#[test]
fn what_we_tell_of_ourselves_a_foreign_client_sees_on_every_server() {
    on_every_server("what we tell", |mut world| {
        let mood = json!({"mood": {"value": "in_love", "text": "She speaks"}});
        assert_eq!(world.told(&["mood"]), json!({}));
        assert_eq!(world.told(&["mood", "in_love", "She  speaks\u{202e}"]), mood);
        world.juliet_sees("mood", &json!({"value": "in_love", "text": "She speaks"}));
        assert_eq!(world.told(&["mood"]), mood);

        let activity = json!({"activity": {"general": "relaxing", "specific": "partying"}});
        assert_eq!(world.told(&["activity", "relaxing/partying"]), activity);
        world.juliet_sees("activity", &json!({"general": "relaxing", "specific": "partying", "text": null}));
        assert_eq!(world.told(&["activity"]), activity);

        assert_eq!(world.told(&["nick", "Romeo M."]), json!({"nick": "Romeo M."}));
        world.juliet_sees("nick", &json!("Romeo M."));
        assert_eq!(world.told(&["nick"]), json!({"nick": "Romeo M."}));

        let file = world.home.write("picture", "");
        std::fs::write(&file, PICTURE).expect("the home can be written to");
        let avatar = world.told(&["avatar", file.to_str().expect("a path in UTF-8")]);
        let id = avatar["avatar"]["id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(id.len(), PICTURE_ID_LENGTH, "{avatar}");
        assert_eq!((&avatar["avatar"]["type"], &avatar["avatar"]["width"]), (&json!("image/png"), &json!(64)));
        let bytes = PICTURE.len().to_string();
        world.juliet_sees(
            "avatar",
            &json!([{"bytes": bytes, "height": "48", "id": id, "type": "image/png", "width": "64"}]),
        );
        assert_eq!(world.told(&["avatar"]), avatar);
        let fetched = world.juliet.tell("picture", &json!({"of": ROMEO.jid(), "number": id}));
        assert_eq!(fetched["data"], STANDARD.encode(PICTURE));

        // Who is no contact sees none of it.
        let mut mercutio = Contact::login(&world.server, Tls::Direct, MERCUTIO).expect("slixmpp is there");
        let nodes = NODES.into_iter().chain([("picture", "urn:xmpp:avatar:data")]);
        for (what, node) in nodes {
            let payload = format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub>");
            let answer = mercutio.ask("iq", &json!({"to": ROMEO.jid(), "payload": payload}));
            assert_eq!(answer["ok"], false, "{what}: {answer}");
        }

        all_is_cleared(&mut world, &id);
    });
}

fn all_is_cleared(world: &mut World, id: &str) {
    for (what, cleared) in [
        ("mood", json!({"value": null, "text": null})),
        ("activity", json!({"general": null, "specific": null, "text": null})),
        ("nick", json!(null)),
        ("avatar", json!([])),
    ] {
        assert_eq!(world.told(&[what, "clear"]), json!({}));
        if what == "nick" {
            world.juliet.wait_for("sees no nick", |event| {
                event["event"] == "personal" && event["what"] == "nick" && event["told"].is_null()
            });
        } else {
            world.juliet_sees(what, &cleared);
        }
        assert_eq!(world.told(&[what]), json!({}));
    }
    let gone = world.juliet.ask("picture", &json!({"of": ROMEO.jid(), "number": id}));
    assert_eq!(gone["ok"], false, "the picture is still there: {gone}");
}

#[test]
fn what_contacts_tell_is_on_the_roster_and_in_watch_on_every_server() {
    on_every_server("what contacts tell", |mut world| {
        let mut watch = world.home.watch(&["--json", "watch", "personal"]);
        assert_eq!(watch.json()["event"], "snapshot");
        let told = [
            ("mood", json!({"value": "happy", "text": "Yay\u{202e}"}), json!({"value": "happy", "text": "Yay"})),
            (
                "activity",
                json!({"general": "eating", "specific": "having_lunch"}),
                json!({"general": "eating", "specific": "having_lunch"}),
            ),
            ("nick", json!({"nick": " Jule "}), json!("Jule")),
        ];
        let mut known = json!({});
        for (what, tells, seen) in told {
            world.juliet.tell(what, &tells);
            let event = watch.json();
            assert_eq!((&event["event"], &event["what"]), (&json!("personal"), &json!(what)), "{event}");
            assert_eq!((&event["account"], &event["jid"]), (&json!("home"), &json!(JULIET.jid())), "{event}");
            assert_eq!(event[what], seen, "{event}");
            known[what] = seen;
        }
        let picture = STANDARD.encode(PICTURE);
        let number = world.juliet.tell("avatar", &json!({"data": picture, "type": "image/png"}))["number"].clone();
        let event = watch.json();
        known["avatar"] = json!({"id": number, "type": "image/png", "bytes": PICTURE.len()});
        assert_eq!(event["avatar"], known["avatar"], "{event}");
        let contact = |home: &Home| home.json(&["roster"])["accounts"][0]["contacts"][0].clone();
        for (what, _) in NODES {
            assert_eq!(contact(&world.home)[what], known[what], "{what}");
        }
        for (what, _) in NODES {
            world.juliet.tell(what, &json!({}));
            let event = watch.json();
            assert_eq!((&event["what"], &event[what]), (&json!(what), &json!(null)), "{event}");
            assert_eq!(contact(&world.home)[what], json!(null), "{what}");
        }
    });
}

#[test]
fn a_contacts_tune_can_be_asked_for_and_followed_on_every_server() {
    on_every_server("tune get", |mut world| {
        let get = |world: &World| world.home.json(&["tune", "get", &JULIET.jid()]);
        let none = json!({"accounts": [{"account": "home", "jid": JULIET.jid()}]});
        assert_eq!(get(&world), none);
        let mut watch = world.home.watch(&["--json", "tune", "watch"]);
        assert_eq!(watch.json()["event"], "snapshot");
        world.juliet.tell("tune", &json!({"artist": "Prokofiev", "title": "Knights"}));
        let tune = json!({"artist": "Prokofiev", "title": "Knights"});
        assert_eq!(watch.json()["tune"], tune);
        assert_eq!(get(&world)["accounts"][0]["tune"], tune);
        assert!(world.home.ctl(&["tune", "get", &JULIET.jid()]).stdout.contains("Prokofiev – Knights\n"));
        world.juliet.tell("tune", &json!({}));
        assert_eq!(watch.json()["state"], "stopped");
        assert_eq!(get(&world), none);
        assert_eq!(world.home.ctl(&["tune", "get", &MERCUTIO.jid()]).code, 10);
        assert_eq!(world.home.ctl(&["tune", "get", "@"]).code, 2);
    });
}

#[test]
fn what_strangers_could_read_is_made_anew_before_anything_is_on_it() {
    on_every_server("an open node", |mut world| {
        let mut phone = Contact::login(&world.server, Tls::Direct, ROMEO).expect("slixmpp is there");
        let open = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='http://jabber.org/protocol/mood'/>\
            <configure><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>\
            <value>http://jabber.org/protocol/pubsub#node_config</value></field>\
            <field var='pubsub#access_model'><value>open</value></field></x></configure></pubsub>";
        phone.tell("iq", &json!({"to": ROMEO.jid(), "type": "set", "payload": open}));
        let items = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='http://jabber.org/protocol/mood'/></pubsub>";
        let mut mercutio = Contact::login(&world.server, Tls::Direct, MERCUTIO).expect("slixmpp is there");
        mercutio.tell("iq", &json!({"to": ROMEO.jid(), "payload": items}));
        assert_eq!(world.told(&["mood", "sad"]), json!({"mood": {"value": "sad"}}));
        world.juliet_sees("mood", &json!({"value": "sad", "text": null}));
        assert_eq!(mercutio.ask("iq", &json!({"to": ROMEO.jid(), "payload": items}))["ok"], false);
    });
}

#[test]
fn what_cannot_be_told_is_refused_with_its_own_code() {
    let Some(world) = present("what cannot be told", World::start(Kind::Prosody13)) else { return };
    let check = |words: &[&str], code: i32| {
        let answer = world.home.ctl(words);
        assert_eq!(answer.code, code, "{words:?}: {answer:?}");
    };
    check(&["mood", "splendid"], 2);
    check(&["mood", "clear", "why"], 2);
    check(&["activity", "relaxing/coding"], 2);
    check(&["activity", "loafing"], 2);
    check(&["nick", "  "], 2);
    check(&["avatar", "/nowhere/picture.png"], 2);
    let text = world.home.write("text", "no picture");
    check(&["avatar", &text.display().to_string()], 2);
    let large = world.home.write("large", &"GIF89a".repeat(10_000));
    check(&["avatar", &large.display().to_string()], 2);
    check(&["-a", "nobody", "mood"], 10);
    check(&["status", "offline"], 0);
    check(&["mood", "sad"], 4);
    check(&["mood"], 4);
}

#[test]
fn the_failures_of_one_account_are_not_those_of_another() {
    let start = || -> Result<_, Missing> {
        let (prosody, ejabberd) = (Server::start(Kind::Prosody13)?, Server::start(Kind::Ejabberd)?);
        let work = account::romeo(&ejabberd, Tls::Direct).replace("\"home\"", "\"work\"");
        let wrong = work.replace("\"work\"", "\"wrong\"").replace(&format!("{:?}", ROMEO.password), "\"wrong\"");
        let wrong = wrong.replace(&ROMEO.jid(), &MERCUTIO.jid());
        let home = Home::new(&format!("{}{work}{wrong}", account::romeo(&prosody, Tls::Direct)))?;
        let juliets = [Contact::login(&prosody, Tls::Direct, JULIET)?, Contact::login(&ejabberd, Tls::Direct, JULIET)?];
        let daemon = home.start();
        Ok((home, daemon, juliets, [prosody, ejabberd]))
    };
    let Some((home, _daemon, mut juliets, _servers)) = present("accounts apart", start()) else { return };
    for name in ["home", "work"] {
        assert_eq!(home.ctl(&["-a", name, "-t", "20s", "wait", "online"]).code, 0, "{name}");
    }
    eventually("the wrong password is noticed", SOON, || {
        let list = home.json(&["account", "list"]);
        (list["accounts"][2]["state"] == "stopped").then_some(())
    });
    let by_account = |report: &Value, what: &str| -> Vec<Value> {
        let accounts = report["accounts"].as_array().cloned().unwrap_or_default();
        accounts.iter().map(|it| json!([it["account"], it[what], it["error"]["kind"]])).collect()
    };
    let sad = json!({"value": "sad"});
    let expected = [json!(["home", sad, null]), json!(["work", sad, null]), json!(["wrong", null, "authentication"])];
    assert_eq!(by_account(&home.json(&["-a", "all", "mood", "sad"]), "mood"), expected);
    assert_eq!(by_account(&home.json(&["mood"]), "mood"), expected);
    assert_eq!(home.ctl(&["-a", "wrong", "mood", "sad"]).code, 5);

    // The song goes out through both that are online, and what stops one stops not the other.
    assert_eq!(home.ctl(&["tune", "set", "--title", "Sinnerman"]).code, 0);
    for juliet in &mut juliets {
        juliet.wait_for_tune(&ROMEO.jid(), "hears the song", |tune| tune["title"] == "Sinnerman");
    }
    assert_eq!(home.ctl(&["-a", "work", "status", "offline"]).code, 0);
    juliets[1].wait_for_tune(&ROMEO.jid(), "hears nothing more", |tune| *tune == json!({}));
    assert_eq!(home.ctl(&["tune", "set", "--title", "Feeling Good"]).code, 0);
    juliets[0].wait_for_tune(&ROMEO.jid(), "hears the next song", |tune| tune["title"] == "Feeling Good");
    let explained = home.json(&["tune", "explain"]);
    assert_eq!(by_account(&explained, "publishes")[..2], [json!(["home", true, null]), json!(["work", false, null])]);
    let set = home.json(&["-a", "all", "status", "dnd", "Both"]);
    assert_eq!(set["accounts"].as_array().map(Vec::len), Some(3), "{set}");
    for juliet in &mut juliets {
        juliet.wait_for_presence(&ROMEO.jid(), "sees both", |it| it["show"] == "dnd" && it["status"] == "Both");
    }
}
