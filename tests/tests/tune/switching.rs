//! What a person asks for: the switch, a tune by hand, and who may write the status text.

use serde_json::json;
use xmppd_tests::player::scripted::ScriptedPlayer;
use xmppd_tests::server::Kind;

use crate::stage::{AT_ONCE, Stage, nothing, plays_harbour, third_harbour};

const TEXT: Option<&str> = Some("♪ Ondes Lentes – Harbour Lights");

#[test]
fn the_switch_withdraws_restores_and_outlives_a_restart() {
    let Some(mut stage) = Stage::set("the switch", Kind::Prosody12, AT_ONCE) else { return };
    let _player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
    stage.shows(TEXT, &third_harbour());
    let off = stage.home.json(&["tune", "off"]);
    assert_eq!((&off["state"], &off["tune"]), (&json!("off"), &json!(null)), "{off}");
    stage.shows(None, &nothing());

    stage.daemon.stop();
    stage.restart();
    stage.player("steady", |player| player["state"] == "playing");
    let still = stage.home.json(&["tune"]);
    assert_eq!(still["state"], "off", "{still}");
    stage.settle();
    stage.shows(None, &nothing());

    stage.ctl(&["tune", "on"]);
    stage.shows(TEXT, &third_harbour());
    stage.daemon.stop();
    stage.restart();
    stage.shows(TEXT, &third_harbour());
}

#[test]
fn a_tune_by_hand_overrides_every_player_until_it_is_cleared() {
    let Some(mut stage) = Stage::set("a tune by hand", Kind::Prosody13, AT_ONCE) else { return };
    let by_hand = ["tune", "set", "--artist", "Ada", "--title", "Marée\u{202e}", "--album", "Mer", "--length", "4m1s"];
    let more = ["--track", "7", "--url", "https://u:p@radio.example/x?token=1"];
    let report = stage.home.json(&[&by_hand[..], &more[..]].concat());
    assert_eq!((&report["state"], &report["tune"]["title"]), (&json!("playing"), &json!("Marée")));
    let expected = json!({"artist": "Ada", "length": "241", "source": "Mer", "title": "Marée", "track": "7",
        "uri": "https://radio.example/x"});
    stage.shows(Some("♪ Ada – Marée"), &expected);

    let _player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
    stage.player("steady", |player| player["state"] == "playing");
    stage.settle();
    stage.shows(Some("♪ Ada – Marée"), &expected);
    stage.ctl(&["tune", "clear"]);
    stage.shows(TEXT, &third_harbour());

    let nameless = stage.home.ctl(&["tune", "set", "--title", "\u{202e} \u{7}"]);
    assert_eq!(nameless.code, 2, "{nameless:?}");
    assert_eq!(stage.home.ctl(&["tune", "set", "--url", "file:///home/romeo/x.ogg"]).code, 2);
}

#[test]
fn the_requested_text_and_the_tune_share_the_status_as_configured() {
    for (when, empty, written) in
        [("empty", TEXT, Some("Good night")), ("always", TEXT, TEXT), ("never", None, Some("Good night"))]
    {
        let tune = format!("{AT_ONCE}\nstatus-when = \"{when}\"");
        let Some(mut stage) = Stage::set("status-when", Kind::Prosody12, &tune) else { return };
        let player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
        stage.shows(empty, &third_harbour());
        stage.ctl(&["status", "dnd", "Good night"]);
        stage.shows(written, &third_harbour());
        drop(player);
        stage.shows(Some("Good night"), &nothing());
    }
}

#[test]
fn each_carrier_goes_alone_when_the_other_is_not_wanted() {
    for (publish, text, tune) in [("pep", None, third_harbour()), ("status", TEXT, nothing())] {
        let configured = format!("{AT_ONCE}\npublish = [\"{publish}\"]");
        let Some(mut stage) = Stage::set("each carrier", Kind::Prosody12, &configured) else { return };
        let _player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
        stage.shows(text, &tune);
        stage.settle();
        stage.shows(text, &tune);
    }
}

#[test]
fn the_template_says_how_the_status_reads() {
    let tune = format!(
        "{AT_ONCE}\nstatus = \"{{title}}[ ({{album}})][ <{{url}}>] {{length}} {{player}} {{artist|\\\"?\\\"}}\""
    );
    let Some(mut stage) = Stage::set("the template", Kind::Prosody12, &tune) else { return };
    let _player = ScriptedPlayer::start(&stage.bus, "steady.instance7", plays_harbour());
    stage.shows(Some("Harbour Lights (Low Tide) 4:01 steady Ondes Lentes"), &third_harbour());
}
