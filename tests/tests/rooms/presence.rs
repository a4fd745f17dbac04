//! In and out of rooms: who is there, what they are shown, nicknames, bookmarks, invitations, and being put out.

use serde_json::{Value, json};
use xmppd_tests::contact::Contact;
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::ROMEO;

use super::stage::{HALL, next, on_each};

#[test]
fn a_room_is_entered_and_left_and_its_members_are_shown() {
    on_each("rooms: in and out", |mut stage, _daemon| {
        let room = stage.join(&[]);
        assert_eq!((room["state"].as_str(), room["nick"].as_str()), (Some("joined"), Some("romeo")), "{room}");
        assert_eq!((room["bookmarked"].as_bool(), room["autojoin"].as_bool()), (Some(true), Some(true)), "{room}");
        stage.juliet.wait_for_presence(HALL, "romeo in the hall", |seen| seen["resource"] == "romeo");
        let members = stage.home.ctl(&["--json", "room", "members", HALL]);
        let members: Value = serde_json::from_str(&members.stdout).expect("a document");
        let nicks: Vec<_> =
            members["members"].as_array().expect("a list").iter().map(|it| it["nick"].clone()).collect();
        assert_eq!(nicks, ["juliet", "romeo"]);
        assert_eq!(members["members"][0]["affiliation"], "owner", "{members}");
        // What contacts are shown, the room is shown.
        assert_eq!(stage.home.ctl(&["status", "dnd", "At the feast"]).code, 0);
        stage.juliet.wait_for_presence(HALL, "his status in the hall", |seen| {
            seen["resource"] == "romeo" && seen["show"] == "dnd" && seen["status"] == "At the feast"
        });
        let left = stage.home.ctl(&["--json", "room", "leave", HALL]);
        assert_eq!(left.code, 0, "{left:?}");
        stage
            .juliet
            .wait_for_presence(HALL, "romeo gone", |seen| seen["resource"] == "romeo" && seen["type"] == "unavailable");
        let room = stage.wait_for_state("left");
        assert_eq!((room["autojoin"].as_bool(), room["bookmarked"].as_bool()), (Some(false), Some(true)), "{room}");
        assert_eq!(stage.home.ctl(&["room", "members", HALL]).code, 10);
        assert_eq!(stage.home.ctl(&["room", "leave", HALL, "--forget"]).code, 0);
        assert!(stage.home.ctl(&["room", "list"]).stderr.contains("no room"));
        assert_eq!(stage.home.ctl(&["room", "leave", HALL]).code, 10);
        assert_eq!(stage.home.ctl(&["room", "join", "hall"]).code, 2);
    });
}

#[test]
fn a_nickname_that_is_taken_is_a_conflict_or_tried_in_another_spelling() {
    on_each("rooms: nicknames", |mut stage, _daemon| {
        let taken = stage.home.ctl(&["room", "join", HALL, "--nick", "juliet"]);
        assert_eq!(taken.code, 11, "{:?}: {taken:?}", stage.kind);
        assert!(taken.stderr.contains("nickname"), "{taken:?}");
        stage.juliet.tell("join", &json!({"room": HALL, "nick": "romeo"}));
        stage.juliet.wait_for_presence(HALL, "her other name", |seen| seen["resource"] == "romeo");
        assert_eq!(stage.join(&[])["nick"], "romeo_");
        // Whoever is in the room stays there while another nickname is asked for, and when it is refused.
        assert_eq!(stage.join(&["--nick", "Montague"])["nick"], "Montague");
        let taken = stage.home.ctl(&["room", "join", HALL, "--nick", "romeo"]);
        assert_eq!(taken.code, 11, "{:?}: {taken:?}", stage.kind);
        let rooms = stage.home.json(&["room", "list"]);
        let hall = rooms["accounts"][0]["rooms"][0].clone();
        assert_eq!((&hall["state"], &hall["nick"]), (&json!("joined"), &json!("Montague")), "{rooms}");
    });
}

#[test]
fn who_is_kicked_stays_out_and_who_is_banned_does_not_come_back() {
    on_each("rooms: kicked", |mut stage, _daemon| {
        stage.join(&[]);
        stage.admin("<item nick='romeo' role='none'><reason>No masks here</reason></item>");
        let room = stage.wait_for_state("kicked");
        assert_eq!(room["reason"], "No masks here", "{:?}", stage.kind);
        assert_eq!(stage.home.ctl(&["room", "members", HALL]).code, 10);
        assert_eq!(stage.join(&[])["state"], "joined");
        stage.admin(&format!("<item jid='{}' affiliation='outcast'/>", ROMEO.jid()));
        stage.wait_for_state("banned");
        let refused = stage.home.ctl(&["room", "join", HALL]);
        assert_eq!(refused.code, 6, "{:?}: {refused:?}", stage.kind);
        assert!(refused.stderr.contains("banned"), "{refused:?}");
    });
}

#[test]
fn a_room_that_is_destroyed_is_gone_and_can_return() {
    on_each("rooms: destroyed", |mut stage, _daemon| {
        stage.join(&[]);
        stage.destroy();
        let room = stage.wait_for_state("gone");
        assert_eq!(room["reason"], "The feast is over", "{:?}", stage.kind);
        stage.open_hall("juliet");
        assert_eq!(stage.join(&[])["state"], "joined");
        stage.send("Again");
        assert_eq!(stage.heard("Again").last().map(String::as_str), Some("Again"));
    });
}

#[test]
fn invitations_come_and_are_made() {
    on_each("rooms: invitations", |mut stage, _daemon| {
        let mut watcher = stage.watch(&["room"]);
        let invite = format!(
            "<message to='{HALL}'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='{}'>\
             <reason>We dance</reason></invite></x></message>",
            ROMEO.jid()
        );
        stage.juliet.tell("xml", &json!({"xml": invite}));
        let event = next(&mut watcher, "room");
        assert_eq!(
            (event["invitation"]["jid"].as_str(), event["invitation"]["reason"].as_str()),
            (Some(HALL), Some("We dance"))
        );
        assert!(event["invitation"]["from"].as_str().is_some_and(|from| from.contains("juliet")), "{event}");
        let direct = format!(
            "<message to='{}'><x xmlns='jabber:x:conference' jid='other@rooms.verona.example'/></message>",
            ROMEO.jid()
        );
        stage.juliet.tell("xml", &json!({"xml": direct}));
        assert_eq!(next(&mut watcher, "room")["invitation"]["jid"], "other@rooms.verona.example");
        stage.join(&[]);
        let made = stage.home.ctl(&["room", "invite", HALL, "juliet@verona.example", "Come back"]);
        assert_eq!(made.code, 0, "{made:?}");
        stage.juliet.wait_for("she is invited", |seen| {
            seen["event"] == "room" && seen["xml"].as_str().is_some_and(|xml| xml.contains("Come back"))
        });
    });
}

#[test]
fn a_bookmark_of_another_client_is_followed_and_what_is_not_known_in_it_stays() {
    on_each("rooms: bookmarks", |stage, _daemon| {
        let mut phone = Contact::login(&stage.server, Tls::Direct, ROMEO).expect("slixmpp is there");
        let conference = "<conference xmlns='urn:xmpp:bookmarks:1' name='The hall' autojoin='true'><nick>Montague</nick>\
                          <extensions><pin xmlns='http://client.example/' at='7'/></extensions></conference>";
        let options = "<publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>\
                       <value>http://jabber.org/protocol/pubsub#publish-options</value></field>\
                       <field var='pubsub#persist_items'><value>true</value></field>\
                       <field var='pubsub#max_items'><value>max</value></field>\
                       <field var='pubsub#access_model'><value>whitelist</value></field></x></publish-options>";
        let publish = format!(
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:bookmarks:1'>\
             <item id='{HALL}'>{conference}</item></publish>{options}</pubsub>"
        );
        phone.tell("iq", &json!({"to": ROMEO.jid(), "type": "set", "payload": publish}));
        let room = stage.wait_for_state("joined");
        assert_eq!((room["nick"].as_str(), room["name"].as_str()), (Some("Montague"), Some("The hall")), "{room}");
        assert_eq!(stage.home.ctl(&["room", "leave", HALL]).code, 0);
        let items = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:bookmarks:1'/></pubsub>";
        let kept = phone.tell("iq", &json!({"to": ROMEO.jid(), "type": "get", "payload": items}));
        let kept = kept["xml"].as_str().unwrap_or_default().to_owned();
        assert!(kept.contains("http://client.example/") && kept.contains("Montague"), "{:?}: {kept}", stage.kind);
        assert!(kept.contains("autojoin=\"false\""), "{:?}: {kept}", stage.kind);
    });
}
