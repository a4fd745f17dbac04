//! What is said of messages: receipts both ways, corrections, replies, reactions, retractions, markers, and what is
//! read elsewhere; never by those who may not say so.

use serde_json::{Value, json};
use xmppd_tests::contact::Contact;
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};
use xmppd_tests::wait::{SOON, eventually};

use super::stage::{Stage, everywhere, files_with};

#[test]
fn receipts_go_to_contacts_who_ask_and_are_waited_for_on_every_server() {
    everywhere("receipts", "", |mut stage| {
        let sent = stage.home.json(&["send", &JULIET.jid(), "She speaks", "--receipt", "-t", "20s"]);
        assert_eq!(sent["state"], "received", "{sent}");
        let id = sent["id"].clone();
        stage.history(|messages| messages.iter().any(|message| message["id"] == id && message["state"] == "received"));
        // What has been received is not waited for.
        for text in ["Again", "Again"] {
            let again = ["send", &JULIET.jid(), text, "--receipt", "--id", "again", "-t", "20s"];
            assert_eq!(stage.home.json(&again)["state"], "received");
        }
        // Nobody of this name says so.
        let late = stage.home.ctl(&["send", &MERCUTIO.jid(), "Anybody?", "--receipt", "-t", "1s"]);
        assert_eq!(late.code, 3, "{late:?}");
        stage.home.eventually(&["outbox"], |list| list["messages"] == json!([]));

        let asks = |id: &str| format!("<body>{id}</body><request xmlns='urn:xmpp:receipts'/>");
        stage.sends("asked-1", &asks("asked-1"));
        stage.juliet.wait_for("a receipt", |event| event["event"] == "receipt" && event["id"] == "asked-1");
        let mut mercutio = Contact::login(&stage.server, Tls::Direct, MERCUTIO).expect("slixmpp is there");
        let stranger = format!("<message to='{}' type='chat' id='asked-2'>{}</message>", ROMEO.jid(), asks("asked-2"));
        mercutio.tell("xml", &json!({"xml": stranger}));
        stage.history(|messages| messages.iter().any(|message| message["id"] == "asked-2"));
        stage.reconfigure("[messages]\nreceipts = false\n");
        stage.sends("asked-3", &asks("asked-3"));
        stage.history(|messages| messages.iter().any(|message| message["id"] == "asked-3"));
        stage.reconfigure("");
        stage.sends("asked-4", &asks("asked-4"));
        stage.juliet.wait_for("a receipt", |event| event["event"] == "receipt" && event["id"] == "asked-4");
        let receipts = |contact: &mut Contact| {
            let seen = contact.seen().iter().filter(|event| event["event"] == "receipt");
            seen.filter_map(|event| event["id"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        assert_eq!(receipts(&mut stage.juliet), ["asked-1", "asked-4"]);
        assert_eq!(receipts(&mut mercutio), Vec::<String>::new());
    });
}

/// The message of this id, once it is so.
#[track_caller]
fn one(stage: &Stage, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let is_it = |message: &Value| message["id"] == id && fits(message);
    let messages = stage.history(|messages| messages.iter().any(is_it));
    messages.into_iter().find(is_it).unwrap_or_default()
}

/// What a stranger says of Juliet's message, and of ours to her.
fn lies_are_nothing(stage: &Stage, mine: &str) {
    let mut mercutio = Contact::login(&stage.server, Tls::Direct, MERCUTIO).expect("slixmpp is there");
    let mut lie = |id: &str, inside: &str| {
        let xml = format!("<message to='{}' type='chat' id='{id}'>{inside}</message>", ROMEO.jid());
        mercutio.tell("xml", &json!({"xml": xml}));
    };
    lie("l1", "<body>Lies</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>");
    lie("l2", "<retract xmlns='urn:xmpp:message-retract:1' id='m1'/><body>Taken back</body>");
    lie("l3", &format!("<displayed xmlns='urn:xmpp:chat-markers:0' id='{mine}'/>"));
    lie("l4", "<reactions xmlns='urn:xmpp:reactions:0' id='m1'><reaction>x</reaction></reactions>");
    lie("l5", "<body>the last lie</body>");
    one(stage, "l5", |_| true);
    let untouched = one(stage, "m1", |_| true);
    for key in ["replaced_by", "retracted", "reactions"] {
        assert!(untouched[key].is_null(), "{untouched}");
    }
    assert!(one(stage, "l1", |_| true)["replaces"].is_null());
    assert_eq!(one(stage, mine, |_| true)["state"], "sent");
}

#[test]
fn what_is_said_of_messages_is_seen_and_lies_are_not_on_every_server() {
    everywhere("remarks", "", |mut stage| {
        let mut watcher = stage.home.watch(&["--json", "watch", "message", "receipt"]);
        assert_eq!(watcher.json()["event"], "snapshot");
        let mine = stage.send("By yonder moon");
        stage.sends("m1", "<body>Ay mee</body>");
        one(&stage, "m1", |_| true);
        lies_are_nothing(&stage, &mine);

        stage.sends("m2", "<body>Ay me</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>");
        one(&stage, "m2", |message| message["replaces"] == "m1");
        one(&stage, "m1", |message| message["replaced_by"] == "m2");
        watcher.wait_for_json("the correction", |event| event["event"] == "message" && event["replaces"] == "m1");
        let shown = stage.home.ctl(&["history", &JULIET.jid()]).stdout;
        assert!(shown.contains("Ay me  (") && !shown.contains("Ay mee"), "{shown}");
        stage.sends("m3", &format!("<body>Yes</body><reply xmlns='urn:xmpp:reply:0' to='x@y' id='{mine}'/>"));
        one(&stage, "m3", |message| message["reply_to"] == mine.as_str());
        let hearts = "<reaction>♥</reaction><reaction>👍</reaction>";
        stage.sends("m4", &format!("<reactions xmlns='urn:xmpp:reactions:0' id='{mine}'>{hearts}</reactions>"));
        let expected = json!([{"from": JULIET.jid(), "emojis": ["♥", "👍"]}]);
        one(&stage, &mine, |message| message["reactions"] == expected);
        watcher.wait_for_json("the reaction", |event| event["event"] == "reaction" && event["id"] == mine.as_str());
        stage.sends("m5", &format!("<reactions xmlns='urn:xmpp:reactions:0' id='{mine}'/>"));
        one(&stage, &mine, |message| message["reactions"].is_null());
        stage.sends("m6", &format!("<displayed xmlns='urn:xmpp:chat-markers:0' id='{mine}'/>"));
        one(&stage, &mine, |message| message["state"] == "displayed");
        watcher.wait_for_json("it was seen", |event| event["event"] == "receipt" && event["state"] == "displayed");
        stage.sends("m7", "<composing xmlns='http://jabber.org/protocol/chatstates'/>");
        watcher.wait_for_json("she writes", |event| event["event"] == "chatstate" && event["state"] == "composing");

        stage.sends("m8", "<body>perchance-regretted</body>");
        one(&stage, "m8", |_| true);
        stage.sends("m9", "<retract xmlns='urn:xmpp:message-retract:1' id='m8'/><body>Taken back</body>");
        let gone = one(&stage, "m8", |message| message["retracted"] == true);
        assert!(gone["body"].is_null(), "{gone}");
        watcher.wait_for_json("the retraction", |event| event["event"] == "retraction" && event["id"] == "m8");
        eventually("the text is gone", SOON, || {
            files_with(&stage.home, "perchance-regretted").is_empty().then_some(())
        });
        assert_eq!(stage.home.json(&["history", "--search", "perchance"])["messages"], json!([]));
        // All of it outlives the process.
        let before = stage.history(|_| true);
        stage.kill_and_start();
        assert_eq!(stage.history(|_| true), before);
    });
}

#[test]
fn what_is_read_here_is_told_to_the_sender_and_to_our_other_clients_and_the_other_way_round_on_every_server() {
    everywhere("read elsewhere", "", |mut stage| {
        stage.sends("m1", "<body>Ay me</body><markable xmlns='urn:xmpp:chat-markers:0'/>");
        stage.home.eventually(&["unread"], |report| report["accounts"][0]["unread"] == 1);
        let place = one(&stage, "m1", |_| true)["stanza_id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(stage.home.ctl(&["unread", "clear", &JULIET.jid()]).code, 0);
        stage.juliet.wait_for("a marker", |event| event["event"] == "marker" && event["id"] == "m1");
        let mut phone = Contact::login(&stage.server, Tls::Direct, ROMEO).expect("slixmpp is there");
        let items =
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:mds:displayed:0'/></pubsub>";
        let noted = eventually("it is noted", SOON, || {
            let answer = phone.ask("iq", &json!({"to": ROMEO.jid(), "payload": items}));
            answer["xml"].as_str().filter(|xml| xml.contains(&place)).map(str::to_owned)
        });
        assert!(noted.contains(&JULIET.jid()), "{noted}");
        // Nobody else may read that.
        let refused = stage.juliet.ask("iq", &json!({"to": ROMEO.jid(), "payload": items}));
        assert_eq!(refused["ok"], false, "{refused}");

        stage.sends("m2", "<body>O Romeo</body>");
        stage.sends("m3", "<body>Deny thy father</body>");
        stage.home.eventually(&["unread"], |report| report["accounts"][0]["unread"] == 2);
        let place = one(&stage, "m2", |_| true)["stanza_id"].as_str().unwrap_or_default().to_owned();
        let publish = |place: &str| {
            format!(
                "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:mds:displayed:0'><item id='{}'>\
                 <displayed xmlns='urn:xmpp:mds:displayed:0'><stanza-id xmlns='urn:xmpp:sid:0' by='{}' id='{place}'/>\
                 </displayed></item></publish></pubsub>",
                JULIET.jid(),
                ROMEO.jid()
            )
        };
        let publication = json!({"to": ROMEO.jid(), "type": "set", "payload": publish(&place)});
        assert_eq!(phone.ask("iq", &publication)["ok"], true);
        stage.home.eventually(&["unread"], |report| report["accounts"][0]["unread"] == 1);
        // What is read while nobody is here is known at the next login.
        let place = one(&stage, "m3", |_| true)["stanza_id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(stage.home.ctl(&["status", "offline"]).code, 0);
        let publication = json!({"to": ROMEO.jid(), "type": "set", "payload": publish(&place)});
        assert_eq!(phone.ask("iq", &publication)["ok"], true);
        assert_eq!(stage.home.json(&["unread"])["accounts"][0]["unread"], 1);
        assert_eq!(stage.home.ctl(&["status", "online"]).code, 0);
        stage.home.eventually(&["unread"], |report| report["accounts"][0]["unread"] == 0);
    });
}
