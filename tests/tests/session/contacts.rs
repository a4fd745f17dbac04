//! Romeo's roster with what his contacts show.

use serde_json::json;
use xmppd_tests::server::people::{JULIET, MERCUTIO};
use xmppd_tests::wait::{SOON, eventually};

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

pub(super) fn can_be_waited_for(world: &mut World) {
    let juliet = JULIET.jid();
    ends_with(&world.home, 0, &["wait", "contact", &juliet]);
    ends_with(&world.home, 0, &["wait", "contact", "Juliet@VERONA.example", "away"]);
    ends_with(&world.home, 3, &["-t", "200ms", "wait", "contact", &juliet, "chat"]);
    ends_with(&world.home, 3, &["-t", "200ms", "wait", "contact", &MERCUTIO.jid()]);

    let mut waiting = world.home.follow(&["-t", "20s", "wait", "contact", &juliet, "chat"]);
    world.juliet.tell("presence", &json!({"show": "chat"}));
    let status = eventually("`wait contact` ends", SOON, || waiting.ended());
    assert_eq!(status.code(), Some(0), "{}", waiting.log());
}
