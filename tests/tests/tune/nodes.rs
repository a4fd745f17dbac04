//! What stands at the server: never a song on a node that strangers may read, and no song that nobody plays.

use serde_json::{Value, json};
use xmppd_tests::bus::Bus;
use xmppd_tests::certificate::{Authority, Flaw};
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::player::scripted::ScriptedPlayer;
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::{Conversation, Outcome, ScriptedServer};
use xmppd_tests::server::Kind;
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};

use crate::stage::{AT_ONCE, Stage, account, nothing, plays_harbour, third_harbour};

const TEXT: Option<&str> = Some("♪ Ondes Lentes – Harbour Lights");

#[test]
fn a_tune_left_behind_by_a_killed_daemon_is_cleared_at_the_next_start_on_every_server() {
    for kind in Kind::ALL {
        let Some(mut stage) = Stage::set("a killed daemon", kind, AT_ONCE) else { continue };
        let player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
        stage.shows(TEXT, &third_harbour());
        stage.daemon.kill();
        drop(player);
        let left = Stage::items(&mut stage.juliet)["xml"].to_string();
        assert!(left.contains("Harbour Lights"), "the server keeps it: {left}");

        stage.restart();
        stage.shows(None, &nothing());
        let mut fresh = stage.contact(JULIET);
        let kept = Stage::items(&mut fresh)["xml"].to_string();
        assert!(kept.contains("tune") && !kept.contains("Harbour Lights"), "{kept}");
        let told = |event: &Value| event["event"] == "tune" && event["bare"] == ROMEO.jid().as_str();
        assert!(fresh.seen().iter().filter(|event| told(event)).all(|event| event["tune"] == nothing()));
    }
}

#[test]
fn a_node_that_strangers_may_read_is_made_anew_before_a_song_is_on_it_on_every_server() {
    for kind in Kind::ALL {
        let Some(mut stage) = Stage::set("an open node", kind, AT_ONCE) else { continue };
        let (mut other, mut stranger) = (stage.contact(ROMEO), stage.contact(MERCUTIO));
        other.tell("iq", &json!({"to": ROMEO.jid(), "type": "set", "payload": OPEN}));
        let subscribe = format!(
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'>\
             <subscribe node='http://jabber.org/protocol/tune' jid='{}'/></pubsub>",
            MERCUTIO.jid()
        );
        stranger.tell("iq", &json!({"to": ROMEO.jid(), "type": "set", "payload": subscribe}));
        other.tell("tune", &json!({"title": "For all the world"}));
        stranger.wait_for_tune(&ROMEO.jid(), "what is open", |tune| tune["title"] == "For all the world");

        let _player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
        stage.until("the song", |seen| seen.tune() == third_harbour());
        stage.settle();
        let refused = Stage::items(&mut stranger);
        assert_eq!(refused["ok"], false, "{}: {refused}", kind.name());
        stage.juliet.tell("message", &json!({"to": MERCUTIO.jid(), "body": "until here"}));
        stranger.wait_for("juliet's message", |event| event["body"] == "until here");
        let told = stranger.seen().iter().filter(|event| event["event"] == "tune");
        let told: Vec<&Value> = told.filter(|event| event["tune"]["artist"].is_string()).collect();
        assert!(told.is_empty(), "{}: a stranger saw {told:?}", kind.name());
    }
}

const OPEN: &str = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='http://jabber.org/protocol/tune'/>\
    <configure><x xmlns='jabber:x:data' type='submit'>\
    <field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#node_config</value></field>\
    <field var='pubsub#access_model'><value>open</value></field></x></configure></pubsub>";

const OPTIONS: &str = "http://jabber.org/protocol/pubsub#publish-options";

#[test]
fn a_tune_that_cannot_be_kept_from_strangers_is_not_published_and_said_so() {
    let check = |features: &'static [&'static str], publishes: usize, reason: &str| {
        let (authority, folder) = (Authority::new(), Folder::new("scripted"));
        let trusted = folder.write("authority.pem", &authority.pem());
        let certificate = authority.issue(Flaw::None);
        let server = ScriptedServer::start(move |client| {
            client.starttls(&certificate)?;
            client.log_in(ROMEO)?;
            keep_the_node_open(client, features, publishes)
        });
        let Some(bus) = present("a node that stays open", Bus::start()) else { return };
        let configuration = account(server.port(), &trusted.display().to_string(), AT_ONCE);
        let Some(home) = present("a node that stays open", Home::new(&configuration)) else { return };
        let home = home.with_bus(&bus);
        let mut daemon = home.start();
        let _player = ScriptedPlayer::start(&bus, "steady", plays_harbour());
        let report = home.eventually(&["tune"], |tune| tune["tune"].is_object() && tune["reason"].is_string());
        assert_eq!(report["reason"], reason, "{report}");
        let doctor = home.json(&["doctor"]);
        let checks = doctor["checks"].as_array().expect("a list");
        let tune = checks.iter().find(|check| check["check"] == "tune").expect("a check of the tune");
        assert_eq!((&tune["state"], &tune["message"]), (&json!("warning"), &json!(reason)), "{doctor}");
        let explained = home.json(&["tune", "explain"]);
        let account = &explained["accounts"][0];
        assert_eq!((&account["publishes"], &account["last"]["accepted"]), (&json!(false), &json!(false)), "{account}");
        assert_eq!(account["last"]["tune"]["title"], "Harbour Lights", "{account}");
        assert!(account["last"]["error"].as_str().is_some_and(|error| reason.ends_with(error)), "{account}");
        daemon.stop();
        server.played();
    };
    let stays = "not as User Tune through home: strangers may read the tune at the server, and it stays so: forbidden";
    check(&[OPTIONS], 1, stays);
    check(&[], 0, "not as User Tune through home: the server cannot keep it from strangers (no publish-options)");
}

/// Answers as a server whose tune node is open and stays so, and counts the songs that it is sent.
fn keep_the_node_open(client: &mut Conversation, features: &[&str], publishes: usize) -> Outcome {
    let mut songs = 0;
    loop {
        let Ok(heard) = client.expect("</iq>") else {
            let outcome = (songs == publishes).then_some(()).ok_or_else(|| format!("it was sent {songs} songs"));
            return outcome;
        };
        let (_, request) = heard.rsplit_once("<iq ").ok_or("no iq")?;
        let id = request.split("id='").nth(1).and_then(|rest| rest.split('\'').next()).ok_or("no id")?;
        let error = |kind: &str, conditions: &str| {
            format!("<iq type='error' id='{id}'><error type='{kind}'>{conditions}</error></iq>")
        };
        let stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";
        let answer = if request.contains("disco#info") {
            let features: String = features.iter().map(|feature| format!("<feature var='{feature}'/>")).collect();
            format!(
                "<iq type='result' id='{id}'><query xmlns='http://jabber.org/protocol/disco#info'>\
                 <identity category='pubsub' type='pep'/>{features}</query></iq>"
            )
        } else if request.contains("<delete ") {
            error("auth", &format!("<forbidden xmlns='{stanzas}'/>"))
        } else if request.contains("<title>") {
            songs += 1;
            let specific = "<precondition-not-met xmlns='http://jabber.org/protocol/pubsub#errors'/>";
            error("cancel", &format!("<conflict xmlns='{stanzas}'/>{specific}"))
        } else {
            format!("<iq type='result' id='{id}'/>")
        };
        client.send(answer)?;
        if heard.contains("</stream:stream>") {
            return Ok(());
        }
    }
}
