//! What a person wishes of the tune, and is told about it: a pin, a hold, a skip, an end, the reasons, a template.

use serde_json::{Value, json};
use xmppd_tests::player::scripted::{ScriptedPlayer, properties};
use xmppd_tests::server::Kind;
use zbus::Variant;

use crate::stage::{AT_ONCE, Stage, adas, configuration, nothing, plays, plays_harbour, third_harbour};

/// `xmppctl` fails with this code, and says the way out.
#[track_caller]
fn fails(stage: &Stage, arguments: &[&str], code: i32, hint: &str) {
    let answer = stage.home.ctl(arguments);
    assert_eq!(answer.code, code, "xmppctl {arguments:?}: {answer:?}");
    assert!(answer.stderr.contains("hint: ") && answer.stderr.contains(hint), "{answer:?}");
}

#[test]
fn a_pinned_player_goes_before_the_others_over_a_restart_until_it_is_let_go() {
    let Some(mut stage) = Stage::set("tune use", Kind::Prosody12, AT_ONCE) else { return };
    let _mpv = ScriptedPlayer::start(&stage.bus, "mpv.instance7", plays("First"));
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    let vlc = ScriptedPlayer::start(&stage.bus, "vlc", plays("Second"));
    let _firefox = ScriptedPlayer::start(&stage.bus, "firefox.instance_1_42", plays("Private"));
    stage.shows(Some("♪ Ada – Second"), &adas("Second"));
    stage.player("firefox", |player| player["state"] == "playing");
    fails(&stage, &["tune", "use", "rhythmbox"], 10, "there are: firefox, mpv, vlc");
    fails(&stage, &["tune", "use", "firefox"], 12, "xmppctl config reload");

    let report = stage.home.json(&["tune", "use", "mpv"]);
    assert_eq!((&report["pinned"], &report["player"]), (&json!("mpv"), &json!("mpv")), "{report}");
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    stage.daemon.stop();
    stage.restart();
    stage.player("vlc", |player| player["state"] == "playing");
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    assert_eq!(stage.home.json(&["tune"])["pinned"], "mpv");

    // Paused, it still goes before one that plays.
    stage.ctl(&["tune", "use", "org.mpris.MediaPlayer2.vlc"]);
    stage.shows(Some("♪ Ada – Second"), &adas("Second"));
    vlc.announce(properties([("PlaybackStatus", Variant::from("Paused"))]));
    stage.shows(None, &nothing());
    let auto = stage.home.json(&["tune", "use", "auto"]);
    assert_eq!((&auto["pinned"], &auto["player"]), (&Value::Null, &json!("mpv")), "{auto}");
    stage.shows(Some("♪ Ada – First"), &adas("First"));
}

#[test]
fn a_hold_withdraws_the_tune_over_a_restart_until_it_is_resumed_or_ends() {
    let Some(mut stage) = Stage::set("tune hold", Kind::Prosody13, AT_ONCE) else { return };
    let _player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
    let text = Some("♪ Ondes Lentes – Harbour Lights");
    stage.shows(text, &third_harbour());
    let held = stage.home.json(&["tune", "hold"]);
    assert_eq!((&held["state"], &held["tune"], &held["until"]), (&json!("held"), &Value::Null, &Value::Null), "{held}");
    stage.shows(None, &nothing());
    stage.daemon.stop();
    stage.restart();
    stage.player("steady", |player| player["state"] == "playing");
    assert_eq!(stage.home.json(&["tune"])["state"], "held");
    stage.settle();
    stage.shows(None, &nothing());
    stage.ctl(&["tune", "resume"]);
    stage.shows(text, &third_harbour());

    let brief = stage.home.json(&["tune", "hold", "--for", "2s"]);
    assert!(brief["state"] == "held" && brief["until"].is_string(), "{brief}");
    stage.shows(None, &nothing());
    stage.shows(text, &third_harbour());
    assert_eq!(stage.home.json(&["tune"])["until"], Value::Null);
    fails(&stage, &["tune", "hold", "--for", "0s"], 2, "--for 1h30m");
}

#[test]
fn a_tune_by_hand_may_end_by_itself() {
    let Some(mut stage) = Stage::set("tune set --for", Kind::Prosody12, AT_ONCE) else { return };
    let report = stage.home.json(&["tune", "set", "--artist", "Ada", "--title", "Vinyl", "--for", "2s"]);
    assert!(report["until"].is_string() && report["state"] == "playing", "{report}");
    stage.shows(Some("♪ Ada – Vinyl"), &adas("Vinyl"));
    fails(&stage, &["tune", "skip"], 11, "xmppctl tune clear");
    stage.shows(None, &nothing());
    assert_eq!(stage.tune(|tune| tune["state"] == "stopped")["tune"], Value::Null);
}

#[test]
fn a_skipped_track_is_withdrawn_and_the_next_one_told() {
    let Some(mut stage) = Stage::set("tune skip", Kind::Prosody12, AT_ONCE) else { return };
    fails(&stage, &["tune", "skip"], 10, "xmppctl tune hold");
    let player = ScriptedPlayer::start(&stage.bus, "mpv", plays("First"));
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    let skipped = stage.home.json(&["tune", "skip"]);
    assert_eq!((&skipped["tune"], &skipped["reason"]), (&Value::Null, &json!("this track is skipped")), "{skipped}");
    stage.shows(None, &nothing());
    player.announce(plays("First"));
    stage.settle();
    stage.shows(None, &nothing());
    stage.ctl(&["daemon", "restart"]);
    let still = stage.tune(|tune| tune["reason"] == "this track is skipped");
    assert_eq!(still["player"], "mpv", "{still}");
    stage.ctl(&["wait", "online", "-t", "20s"]);
    player.announce(plays("Second"));
    stage.shows(Some("♪ Ada – Second"), &adas("Second"));
    assert_eq!(stage.since(0).tunes(), [adas("First"), nothing(), adas("Second")]);
}

#[test]
fn an_explanation_names_the_rule_the_reason_and_the_servers_answer() {
    let Some(mut stage) = Stage::set("tune explain", Kind::Prosody12, AT_ONCE) else { return };
    let quiet = stage.home.json(&["tune", "explain"]);
    assert_eq!((&quiet["players"], &quiet["reason"]), (&json!([]), &json!("no player is running")), "{quiet}");
    let mpv = ScriptedPlayer::start(&stage.bus, "mpv", plays("First"));
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    let _firefox = ScriptedPlayer::start(&stage.bus, "firefox", plays("Private"));
    let told = stage.home.eventually(&["tune", "explain"], |told| {
        told["accounts"][0]["last"]["accepted"] == true && told["players"][1]["state"] == "playing"
    });
    let expected = [
        ("mpv", "allow \"*\"", true, "no other player that is allowed plays or is paused"),
        ("firefox", "deny \"firefox\"", false, "its rule denies it"),
    ];
    for (player, (name, rule, chosen, why)) in told["players"].as_array().into_iter().flatten().zip(expected) {
        let said = (&player["player"], &player["rule"], &player["chosen"], &player["why"]);
        assert_eq!(said, (&json!(name), &json!(rule), &json!(chosen), &json!(why)));
    }
    let account = &told["accounts"][0];
    assert_eq!((&account["account"], &account["publishes"]), (&json!("home"), &json!(true)), "{account}");
    assert_eq!(account["last"]["tune"], json!({"artist": "Ada", "title": "First"}), "{account}");
    assert!(account["last"]["at"].is_string(), "{account}");
    let page = stage.home.ctl(&["tune", "explain"]).stdout;
    for said in ["Ada – First\nplaying (mpv)\n", "its rule denies it", "home     yes", "accepted"] {
        assert!(page.contains(said), "{said:?} is not in\n{page}");
    }
    assert_eq!(stage.home.json(&["tune", "explain", "firefox"])["players"][0]["player"], "firefox");
    fails(&stage, &["tune", "explain", "rhythmbox"], 10, "there are: firefox, mpv");

    drop(mpv);
    let after = stage.home.eventually(&["tune", "explain"], |told| told["accounts"][0]["last"]["tune"].is_null());
    assert_eq!(after["accounts"][0]["last"]["accepted"], true, "{after}");
    let silent = configuration(&stage.server, AT_ONCE).replace("[tune]", "tune = false\n[tune]");
    stage.home.configure(&silent);
    stage.ctl(&["config", "reload"]);
    let silent = stage.home.json(&["tune", "explain"]);
    let account = &silent["accounts"][0];
    assert_eq!(account["publishes"], false, "{account}");
    assert_eq!(account["reason"], "tune = false in the configuration", "{account}");
}

#[test]
fn a_template_is_tried_with_what_plays_or_a_sample_and_nobody_is_told() {
    let Some(mut stage) = Stage::set("tune render", Kind::Prosody12, AT_ONCE) else { return };
    let template = "{album|\"?\"}: {title}[ by {artist}][ on {url}] ({player})";
    let sample = stage.home.ctl(&["tune", "render", template]);
    assert_eq!(sample.stdout, "Pastel Blues: Sinnerman by Nina Simone on https://music.example/sinnerman (mpv)\n");
    assert_eq!(sample.stderr, "note: nothing plays; tried with Nina Simone – Sinnerman\n");
    assert_eq!(stage.home.ctl(&["-q", "tune", "render", "{title}"]).stderr, "");
    let _player = ScriptedPlayer::start(&stage.bus, "steady", plays("First"));
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    // What would be told if it were not held is what a template is tried with.
    for wish in [&["tune", "on"][..], &["tune", "hold"], &["tune", "off"]] {
        stage.ctl(wish);
        let text = stage.home.json(&["tune", "render", template]);
        assert_eq!((&text["text"], &text["sample"]), (&json!("?: First by Ada (steady)"), &json!(false)), "{text}");
    }
    let empty = stage.home.ctl(&["tune", "render", "♪ {album}"]);
    assert_eq!((empty.code, empty.stdout.as_str()), (0, ""), "{empty:?}");
    assert!(empty.stderr.contains("no name in it has a value"), "{empty:?}");
    fails(&stage, &["tune", "render", "{name}"], 2, "for instance: ");
    let wrong = stage.home.ctl(&["tune", "render", "{name}"]).stderr;
    assert!(wrong.contains("character 2: there is no name \"name\", only artist, title"), "{wrong}");
    assert_eq!(stage.since(0).tunes().len(), 2, "First, and its withdrawal");
}
