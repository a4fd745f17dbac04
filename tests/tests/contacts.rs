//! The roster changed from here, requests both ways, the block list, and the roster by its version, on every server,
//! with contacts whose clients are not ours.

#[path = "contacts/stage.rs"]
mod stage;

use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::certificate::{Authority, DOMAIN, Flaw};
use xmppd_tests::daemon::Home;
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::ScriptedServer;
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};
use xmppd_tests::server::{Kind, Tls};
use xmppd_tests::wait;

use stage::{fails, on_every_server};

#[test]
fn contacts_are_added_changed_and_removed() {
    on_every_server("contacts", |stage| {
        let mercutio = MERCUTIO.jid();
        is_no_contact(&stage.home, &mercutio);
        fails(&stage.home, 2, "usage", &["roster", "add", "@@"]);
        let many: Vec<String> = (0..51).map(|number| format!("--group={number}")).collect();
        let many: Vec<&str> = ["roster", "add", &mercutio].into_iter().chain(many.iter().map(String::as_str)).collect();
        fails(&stage.home, 2, "usage", &many);

        let added =
            stage.contact(&["roster", "add", &mercutio, "--name", "Merc", "--group", "Friends", "--group", "A & B"]);
        assert_eq!((&added["name"], &added["ask"]), (&json!("Merc"), &json!("subscribe")), "{added}");
        assert_eq!(groups(&added), ["A & B", "Friends"]);
        stage.mercutio_hears("subscribe");
        let pending = stage.home.json(&["roster", "pending"]);
        assert_eq!(pending["accounts"][0]["outgoing"], json!([{"jid": mercutio, "name": "Merc"}]), "{pending}");
        fails(&stage.home, 11, "conflict", &["roster", "add", &mercutio]);
        stage.contact(&["roster", "subscribe", &mercutio]);

        stage.mercutio_says("subscribed", None);
        let seen = |roster: &Value| roster["accounts"][0]["contacts"][0]["resources"][0]["show"] == "online";
        let shown = stage.home.eventually(&["roster", "show", &mercutio], seen);
        assert_eq!(shown["accounts"][0]["contacts"][0]["subscription"], "to");
        assert!(
            stage.home.ctl(&["roster", "show", &mercutio]).stdout.contains("resource:"),
            "the sheet has the resource"
        );

        let renamed = stage.contact(&["roster", "rename", &mercutio, "-Queen Mab-"]);
        assert_eq!(
            (&renamed["name"], groups(&renamed)),
            (&json!("-Queen Mab-"), vec!["A & B".into(), "Friends".into()])
        );
        let grouped = stage.contact(&["roster", "group", &mercutio, "+Duel", "-A & B", "-Nobody", "+Duel"]);
        assert_eq!(
            (&grouped["name"], groups(&grouped)),
            (&json!("-Queen Mab-"), vec!["Duel".into(), "Friends".into()])
        );
        assert_eq!(stage.contact(&["roster", "rename", &mercutio, ""])["name"], Value::Null);
        fails(&stage.home, 2, "usage", &["roster", "group", &mercutio, "Duel"]);

        let unsubscribed = stage.contact(&["roster", "unsubscribe", &mercutio]);
        assert_eq!((&unsubscribed["subscription"], &unsubscribed["ask"]), (&json!("none"), &Value::Null));
        stage.mercutio_hears("unsubscribe");
        let gone = stage.home.json(&["roster", "remove", &mercutio]);
        assert_eq!(gone, json!({"accounts": [{"account": "home", "contacts": []}]}));
        fails(&stage.home, 10, "not-found", &["roster", "remove", &mercutio]);
        let silent = stage.contact(&["roster", "add", &mercutio, "--no-subscribe"]);
        assert_eq!((&silent["subscription"], &silent["ask"]), (&json!("none"), &Value::Null));
    });
}

#[test]
fn who_asks_to_see_us_waits_over_a_kill_until_answered() {
    on_every_server("contacts", |stage| {
        let (mercutio, romeo) = (MERCUTIO.jid(), ROMEO.jid());
        let mut watcher = stage.home.watch(&["--json", "watch", "roster"]);
        assert_eq!(watcher.json()["event"], "snapshot");
        stage.mercutio_says("subscribe", Some("Ask for me tomorrow"));
        let mut told = watcher.json_within(wait::SOON);
        while told["requests"].is_null() {
            told = watcher.json_within(wait::SOON);
        }
        assert_eq!((&told["event"], &told["requests"][0]["jid"]), (&json!("roster"), &json!(mercutio)), "{told}");
        // Prosody keeps to the letter of what was said, ejabberd leaves it out.
        let status = told["requests"][0]["status"].as_str().unwrap_or("Ask for me tomorrow");
        assert_eq!(status, "Ask for me tomorrow");
        drop(watcher);

        stage.daemon.kill();
        stage.daemon = stage.home.start();
        let asked = stage.home.json(&["roster", "pending"]);
        assert_eq!(asked["accounts"][0]["incoming"][0]["jid"], mercutio, "{asked}");
        assert_eq!(stage.home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
        let asked = stage.home.json(&["roster", "pending"]);
        assert_eq!(asked["accounts"][0]["incoming"].as_array().map(Vec::len), Some(1), "{asked}");

        let approved = stage.contact(&["roster", "approve", &mercutio]);
        assert_eq!(approved["subscription"], "from", "{approved}");
        stage.mercutio_hears("subscribed");
        stage.mercutio.wait_for_presence(&romeo, "romeo is there", |presence| presence["type"] == "available");
        let nobody = |pending: &Value| pending["accounts"][0]["incoming"] == json!([]);
        stage.home.eventually(&["roster", "pending"], nobody);
        // Who is approved already is no failure.
        stage.contact(&["roster", "approve", &mercutio]);
        // Who sees us can be asked in return.
        assert_eq!(stage.contact(&["roster", "add", &mercutio, "--name", "Merc"])["ask"], "subscribe");

        stage.contact(&["roster", "deny", &mercutio]);
        stage.mercutio_hears("unsubscribed");
        stage.mercutio_says("subscribe", None);
        stage.home.eventually(&["roster", "pending"], |pending| !nobody(pending));
        assert_eq!(stage.home.ctl(&["roster", "deny", &mercutio]).code, 0);
        stage.mercutio_hears("unsubscribed");
        stage.home.eventually(&["roster", "pending"], nobody);
        fails(&stage.home, 10, "not-found", &["roster", "deny", &mercutio]);
        // One who takes the request back waits no more.
        stage.mercutio_says("subscribe", None);
        stage.home.eventually(&["roster", "pending"], |pending| !nobody(pending));
        stage.mercutio_says("unsubscribe", None);
        stage.home.eventually(&["roster", "pending"], nobody);
    });
}

#[test]
fn who_has_not_asked_is_approved_beforehand_where_the_server_can() {
    on_every_server("contacts", |stage| {
        let mercutio = MERCUTIO.jid();
        if stage.server.kind() == Kind::Ejabberd {
            return fails(&stage.home, 7, "unsupported", &["roster", "approve", &mercutio]);
        }
        let approved = stage.contact(&["roster", "approve", &mercutio]);
        assert_eq!((&approved["subscription"], &approved["ask"]), (&json!("none"), &Value::Null), "{approved}");
        // It can be taken back. (Prosody does not show it, nor does it forget it when it is told that they may not.)
        assert_eq!(stage.home.ctl(&["roster", "remove", &mercutio]).code, 0);
        stage.mercutio_says("subscribe", None);
        let asks = |pending: &Value| pending["accounts"][0]["incoming"][0]["jid"] == mercutio;
        stage.home.eventually(&["roster", "pending"], asks);
        assert_eq!(stage.home.ctl(&["roster", "deny", &mercutio]).code, 0);
        stage.mercutio_hears("unsubscribed");

        stage.contact(&["roster", "approve", &mercutio]);
        stage.mercutio_says("subscribe", None);
        stage.mercutio_hears("subscribed");
        let sees_us = |roster: &Value| roster["accounts"][0]["contacts"][0]["subscription"] == "from";
        stage.home.eventually(&["roster", "show", &mercutio], sees_us);
        assert_eq!(stage.home.json(&["roster", "pending"])["accounts"][0]["incoming"], json!([]));
    });
}

#[test]
fn who_is_blocked_is_not_heard() {
    on_every_server("contacts", |stage| {
        let mercutio = MERCUTIO.jid();
        let list = |jids: Value| json!({"accounts": [{"account": "home", "blocked": jids}]});
        assert_eq!(stage.home.json(&["block"]), list(json!([])));
        assert_eq!(stage.home.json(&["block", "add", &mercutio]), list(json!([mercutio])));
        assert_eq!(stage.home.json(&["block", "add", "spam.example"]), list(json!([mercutio, "spam.example"])));
        assert_eq!(stage.home.json(&["block", "list"]), list(json!([mercutio, "spam.example"])));
        let mut watcher = stage.home.watch(&["--json", "watch", "message"]);
        assert_eq!(watcher.json()["event"], "snapshot");
        stage.mercutio.tell("message", &json!({"to": ROMEO.jid(), "body": "A plague"}));
        // Once his server answers, it has handled what came before.
        stage.mercutio.tell("ping", &json!({"to": DOMAIN}));
        assert_eq!(stage.home.json(&["block", "remove", &mercutio]), list(json!(["spam.example"])));
        fails(&stage.home, 10, "not-found", &["block", "remove", &mercutio]);
        // Stanzas of one sender keep their order: had the first come, it would come before this one.
        stage.mercutio.tell("message", &json!({"to": ROMEO.jid(), "body": "Good night"}));
        assert_eq!(watcher.json_within(wait::SOON)["body"], "Good night");
    });
}

#[test]
fn a_server_without_a_block_list_is_told_apart() {
    let (authority, folder) = (Authority::new(), Folder::new("scripted"));
    let trusted = folder.write("authority.pem", &authority.pem());
    let certificate = authority.issue(Flaw::None);
    let server = ScriptedServer::start(move |client| {
        client.starttls(&certificate)?;
        client.log_in(ROMEO)?;
        while let Ok(heard) = client.expect("</iq>") {
            let (_, request) = heard.rsplit_once("<iq ").ok_or("no iq")?;
            let id = stage::attribute(&format!("<iq {request}"), "id");
            let condition = "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";
            client.send(format!("<iq type='error' id='{id}'><error type='cancel'>{condition}</error></iq>"))?;
        }
        Ok(())
    });
    let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
    let configuration = account::romeo_at((server.port(), Tls::Starttls), &trusted, &password);
    let home = Home::new(&configuration).expect("the programs are built");
    let _daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
    for words in [&["block"] as &[&str], &["block", "add", "spam.example"], &["block", "remove", "spam.example"]] {
        fails(&home, 7, "unsupported", words);
    }
    // A server that refuses the roster refuses its changes, too.
    fails(&home, 6, "refused", &["roster", "add", &MERCUTIO.jid()]);
    assert_eq!(home.ctl(&["account", "disconnect"]).code, 0);
    fails(&home, 4, "not-online", &["roster", "add", &MERCUTIO.jid()]);
    fails(&home, 4, "not-online", &["block"]);
}

#[test]
fn the_roster_is_kept_and_asked_for_by_its_version() {
    on_every_server("contacts", |stage| {
        let names = |home: &Home| {
            let roster = home.json(&["roster"]);
            let contacts = roster["accounts"][0]["contacts"].as_array().cloned().unwrap_or_default();
            contacts.iter().map(|it| (it["jid"].clone(), it["name"].clone(), groups(it))).collect::<Vec<_>>()
        };
        stage.contact(&["roster", "add", &MERCUTIO.jid(), "--name", "Merc", "--group", "A & B", "--group", "Z"]);
        let known = names(&stage.home);
        assert_eq!(known.len(), 2, "{known:?}");
        assert_eq!(stage.daemon.stop(), Some(0));
        stage.server.stop();
        // Nobody is there to ask, and it is known all the same.
        stage.daemon = stage.home.start();
        assert_eq!(names(&stage.home), known);
        let mut wire = stage.home.watch(&["--json", "xml", "watch"]);
        stage.server.restart();
        assert_eq!(stage.home.ctl(&["account", "connect", "-t", "20s"]).code, 0);
        let mut asked = None;
        let answer = loop {
            let frame = wire.json_within(wait::SOON);
            let xml = frame["xml"].as_str().unwrap_or_default().to_owned();
            if frame["direction"] == "out" && xml.contains("jabber:iq:roster") {
                assert!(xml.contains("ver="), "{xml}");
                asked = Some(stage::attribute(&xml, "id"));
            } else if asked.is_some() && xml.starts_with("<iq") && asked == Some(stage::attribute(&xml, "id")) {
                break xml;
            }
        };
        assert!(answer.contains("result") && !answer.contains("<item"), "nothing has changed: {answer}");
        assert_eq!(names(&stage.home), known);
        let juliet = stage.home.json(&["roster", "show", &JULIET.jid()]);
        assert_eq!(juliet["accounts"][0]["contacts"][0]["subscription"], "both");
        // What another client changes meanwhile comes as well.
        assert_eq!(stage.daemon.stop(), Some(0));
        stage.other_client("<item jid='nurse@verona.example' name='Angelica'/>");
        stage.daemon = stage.home.start();
        stage.home.eventually(&["roster"], |roster| roster.to_string().contains("Angelica"));
        assert_eq!(names(&stage.home).len(), 3);
    });
}

/// Whatever is to be done with somebody who is no contact fails, and says so.
#[track_caller]
fn is_no_contact(home: &Home, jid: &str) {
    for words in [
        &["roster", "show", jid] as &[&str],
        &["roster", "rename", jid, "Merc"],
        &["roster", "group", jid, "+Friends"],
        &["roster", "remove", jid],
        &["roster", "subscribe", jid],
        &["roster", "unsubscribe", jid],
        &["roster", "deny", jid],
    ] {
        fails(home, 10, "not-found", words);
    }
}

fn groups(contact: &Value) -> Vec<String> {
    let groups = contact["groups"].as_array().cloned().unwrap_or_default();
    let mut groups: Vec<String> = groups.iter().filter_map(|group| group.as_str().map(str::to_owned)).collect();
    groups.sort();
    groups
}
