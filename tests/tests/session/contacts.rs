//! Romeo's roster with what his contacts show.

use serde_json::{Value, json};
use xmppd_tests::contact::Contact;
use xmppd_tests::missing::present;
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};

use super::{World, ends_with};

pub(super) fn are_listed(world: &mut World) {
    world.juliet.tell("presence", &json!({"show": "away", "status": "At Friar Laurence's cell", "priority": 3}));
    let roster = world
        .home
        .eventually(&["roster"], |roster| roster["accounts"][0]["contacts"][0]["resources"][0]["show"] == "away");
    let account = &roster["accounts"][0];
    assert_eq!(account["account"], "home");
    assert_eq!(account["contacts"].as_array().map(Vec::len), Some(1), "{roster}");
    let contact = &account["contacts"][0];
    assert_eq!((&contact["jid"], &contact["name"]), (&json!(JULIET.jid()), &json!(JULIET.name)));
    assert_eq!((&contact["groups"], &contact["subscription"]), (&json!(["Capulet"]), &json!("both")));
    let resource = &contact["resources"][0];
    assert_eq!(format!("{}/{}", JULIET.jid(), resource["resource"].as_str().unwrap_or_default()), world.juliet.jid());
    assert_eq!((&resource["status"], &resource["priority"]), (&json!("At Friar Laurence's cell"), &json!(3)));

    assert_eq!(world.home.json(&["roster", "--online", "--group", "Capulet"]), roster);
    let empty = json!({"accounts": [{"account": "home", "contacts": []}]});
    assert_eq!(world.home.json(&["roster", "--group", "Montague"]), empty);
    let table = world.home.ctl(&["roster"]).stdout;
    assert!(table.contains("away") && table.contains(&JULIET.jid()) && table.contains("Capulet"), "{table}");
}

/// Another client of romeo's changes the roster, and the server tells.
pub(super) fn come_and_go(world: &mut World) {
    let Some(mut other) = present("a second client", Contact::login(&world.server, world.tls, ROMEO)) else { return };
    let mut change = |item: &str| {
        let payload = format!("<query xmlns='jabber:iq:roster'>{item}</query>");
        other.tell("iq", &json!({"to": null, "type": "set", "payload": payload}));
    };
    let nurse = |roster: &Value| {
        let contacts = roster["accounts"][0]["contacts"].as_array().cloned().unwrap_or_default();
        contacts.into_iter().find(|contact| contact["jid"] == "nurse@verona.example")
    };
    change("<item jid='nurse@verona.example' name='The Nurse'><group>Capulet</group><group>House</group></item>");
    let added = nurse(&world.home.eventually(&["roster"], |roster| nurse(roster).is_some())).unwrap_or_default();
    assert_eq!((&added["name"], &added["subscription"]), (&json!("The Nurse"), &json!("none")), "{added}");
    let groups = added["groups"].as_array().map_or(0, Vec::len);
    assert_eq!(groups, 2, "{added}");
    change("<item jid='nurse@verona.example' name='Angelica'/>");
    world.home.eventually(&["roster"], |roster| nurse(roster).is_some_and(|it| it["name"] == "Angelica"));
    change("<item jid='nurse@verona.example' subscription='remove'/>");
    world.home.eventually(&["roster"], |roster| nurse(roster).is_none());
}

pub(super) fn can_be_waited_for(world: &mut World) {
    let juliet = JULIET.jid();
    ends_with(&world.home, 0, &["wait", "contact", &juliet]);
    ends_with(&world.home, 0, &["wait", "contact", "Juliet@VERONA.example", "away"]);
    ends_with(&world.home, 3, &["-t", "200ms", "wait", "contact", &juliet, "chat"]);
    ends_with(&world.home, 3, &["-t", "200ms", "wait", "contact", &MERCUTIO.jid()]);

    let mut waiting = world.home.watch(&["-t", "20s", "wait", "contact", &juliet, "chat"]);
    world.juliet.tell("presence", &json!({"show": "chat"}));
    assert_eq!(waiting.ended(), 0, "{}", waiting.process().log());
}
