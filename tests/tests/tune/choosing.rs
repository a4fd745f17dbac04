//! Which player is followed, and which never.

use serde_json::{Value, json};
use xmppd_tests::missing::present;
use xmppd_tests::player::playerctl;
use xmppd_tests::player::scripted::{ScriptedPlayer, properties};
use xmppd_tests::server::Kind;
use zbus::Variant;

use crate::stage::{AT_ONCE, Stage, adas, configuration, nothing, plays, soon};

#[test]
fn rules_decide_and_are_named_and_playerctl_sees_the_same_players() {
    let rules = format!("{AT_ONCE}\nallow = [\"vlc\", \"m*\", \"/^radio-[0-9]+$/\"]\ndeny = [\"mopidy\"]");
    let Some(mut stage) = Stage::set("rules decide", Kind::Prosody12, &rules) else { return };
    let names = ["mpv.instance12", "mopidy", "radio-7", "rhythmbox", "vlc.instance9"];
    let players = names.map(|name| ScriptedPlayer::start(&stage.bus, name, plays(&format!("of {name}"))));
    let check = |name: &str, rule: &str, chosen: bool| {
        // The identity is asked for last.
        let player = stage.player(name, |player| player["identity"].is_string() && player["chosen"] == chosen);
        assert_eq!((&player["rule"], &player["identity"]), (&json!(rule), &json!("Scripted player")), "{player}");
        assert_eq!(player["state"], "playing");
    };
    check("vlc", "allow \"vlc\"", true);
    check("mpv", "allow \"m*\"", false);
    check("radio-7", "allow \"/^radio-[0-9]+$/\"", false);
    check("mopidy", "deny \"mopidy\"", false);
    check("rhythmbox", "not in allow", false);
    stage.until("the highest rank", |seen| seen.tune() == adas("of vlc.instance9"));

    if let Some(listed) = present("playerctl", playerctl(&stage.bus, &["--list-all"])) {
        let mut theirs: Vec<String> = listed.lines().map(|name| format!("org.mpris.MediaPlayer2.{name}")).collect();
        let list = stage.home.json(&["tune", "players"]);
        let ours = list["players"].as_array().into_iter().flatten().filter_map(|it| it["bus_name"].as_str());
        let mut ours: Vec<String> = ours.map(str::to_owned).collect();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs);
        let title = playerctl(&stage.bus, &["--player=vlc", "metadata", "title"]).expect("playerctl is there");
        assert_eq!(title, "of vlc.instance9");
    }

    let [mpv, .., vlc] = players;
    vlc.announce(properties([("PlaybackStatus", Variant::from("Paused"))]));
    stage.until("who plays goes before who is paused", |seen| seen.tune() == adas("of mpv.instance12"));
    drop(mpv);
    stage.until("the next one", |seen| seen.tune() == adas("of radio-7"));
}

#[test]
fn browsers_and_proxies_are_never_told_unless_the_person_says_so() {
    let Some(mut stage) = Stage::set("browsers", Kind::Prosody12, AT_ONCE) else { return };
    let firefox = ScriptedPlayer::start(&stage.bus, "firefox.instance_1_42", plays("A private film"));
    let proxy = ScriptedPlayer::start(&stage.bus, "playerctld", plays("A private film"));
    for name in ["firefox", "playerctld"] {
        let player = stage.player(name, |player| player["state"] == "playing");
        assert_eq!((&player["chosen"], &player["rule"]), (&json!(false), &json!(format!("deny \"{name}\""))));
    }
    let why = stage.tune(|tune| tune["reason"].is_string());
    assert!(why["reason"].as_str().is_some_and(|it| it.contains("not to be told: deny")), "{why}");
    stage.settle();
    stage.shows(None, &nothing());
    drop((firefox, proxy));
    assert!(stage.since(0).tunes().is_empty());
}

#[test]
fn a_denied_address_is_not_told_however_it_is_written() {
    let rules = format!("{AT_ONCE}\ndeny-url = [\"file:///home/*/Private/*\"]");
    let Some(mut stage) = Stage::set("a denied address", Kind::Prosody12, &rules) else { return };
    let with_url = |title: &'static str, url: &'static str| {
        let metadata =
            std::collections::HashMap::from([("xesam:title", title), ("xesam:artist", "Ada"), ("xesam:url", url)]);
        properties([("PlaybackStatus", Variant::from("Playing")), ("Metadata", Variant::from(metadata))])
    };
    let player = ScriptedPlayer::start(&stage.bus, "mpv", with_url("Public", "file:///home/romeo/Music/a.ogg"));
    stage.shows(Some("♪ Ada – Public"), &adas("Public"));
    player.announce(with_url("Secret", "file:///home/romeo/Priv%61te/a.ogg"));
    stage.shows(None, &nothing());
    let why = stage.tune(|tune| tune["reason"].is_string());
    assert_eq!(why["reason"], "mpv is playing, but not to be told: deny-url \"file:///home/*/Private/*\"");
    assert!(stage.since(0).tunes().iter().all(|tune| tune["title"] != "Secret"));
}

#[test]
fn files_videos_and_private_windows_are_not_told_unless_the_person_says_so() {
    let rules = format!("{AT_ONCE}\ndeny = []\ndeny-file = [\"memo-*\"]");
    let Some(mut stage) = Stage::set("kinds of files", Kind::Prosody12, &rules) else { return };
    let says = |title: &'static str, url: &'static str| {
        let metadata = std::collections::HashMap::from([("xesam:title", title), ("xesam:url", url)]);
        properties([("PlaybackStatus", Variant::from("Playing")), ("Metadata", Variant::from(metadata))])
    };
    let player = ScriptedPlayer::start(&stage.bus, "firefox", says("Public", "file:///home/romeo/a.ogg"));
    stage.until("a song", |seen| seen.tune() == json!({"title": "Public"}));
    for (title, url, rule) in [
        ("Memo", "file:///home/romeo/memo%2d1.ogg", "deny-file \"memo-*\""),
        ("Film", "file:///home/romeo/film.MKV", "publish-video is false, and it plays a video"),
        ("A site is playing media", "", "publish-private is false, and it plays in a private window"),
    ] {
        player.announce(says(title, url));
        stage.player("firefox", |player| player["rule"] == rule);
    }
    stage.shows(None, &nothing());
    let open = configuration(&stage.server, &format!("{AT_ONCE}\ndeny = []\npublish-video = true"));
    stage.home.configure(&open);
    player.announce(says("Film", "file:///home/romeo/film.MKV"));
    stage.ctl(&["config", "reload"]);
    stage.until("the film", |seen| seen.tune() == json!({"title": "Film"}));
    assert_eq!(stage.since(0).tunes().len(), 3, "the song, silence, the film");
}

#[test]
fn a_proxy_that_no_rule_names_is_known_by_what_it_shows() {
    let Some(mut stage) = Stage::set("a proxy without a name", Kind::Prosody12, AT_ONCE) else { return };
    let mirror = ScriptedPlayer::start(&stage.bus, "mirror", plays(""));
    let firefox = ScriptedPlayer::start(&stage.bus, "firefox", plays("Private"));
    stage.player("firefox", |player| player["state"] == "playing");
    mirror.announce(plays("Private"));
    stage.player("mirror", |player| player["rule"] == "it shows what firefox plays" && player["chosen"] == false);
    firefox.announce(plays("More"));
    stage.player("firefox", |player| player["tune"]["title"] == "More");
    mirror.announce(plays("More"));
    stage.player("mirror", |player| player["tune"]["title"] == "More" && player["chosen"] == false);
    drop(firefox);
    stage.settle();
    assert!(stage.since(0).tunes().is_empty());
    mirror.announce(plays("Own"));
    stage.shows(Some("♪ Ada – Own"), &adas("Own"));
}

#[test]
fn rules_that_are_read_again_hold_for_the_song_that_plays() {
    let Some(mut stage) = Stage::set("rules read again", Kind::Prosody12, AT_ONCE) else { return };
    let _player = ScriptedPlayer::start(&stage.bus, "mpv", plays("First"));
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    let denied = configuration(&stage.server, &format!("{AT_ONCE}\ndeny = [\"mpv\"]"));
    stage.home.configure(&denied);
    stage.ctl(&["config", "reload"]);
    stage.shows(None, &nothing());
    assert_eq!(stage.player("mpv", |_| true)["rule"], "deny \"mpv\"");
    stage.home.configure(&configuration(&stage.server, AT_ONCE));
    stage.ctl(&["config", "reload"]);
    stage.shows(Some("♪ Ada – First"), &adas("First"));
}

#[test]
fn players_are_looked_at_only_while_the_configuration_says_so() {
    let Some(mut stage) = Stage::set("tune.enabled", Kind::Prosody12, "enabled = false") else { return };
    let mut player = ScriptedPlayer::start(&stage.bus, "mpv", plays("First"));
    let off = stage.home.json(&["tune", "on"]);
    assert_eq!((&off["state"], &off["reason"]), (&json!("off"), &json!("tune.enabled is false in the configuration")));
    stage.settle();
    assert_eq!(player.calls(), [""; 0]);

    stage.home.configure(&configuration(&stage.server, AT_ONCE));
    stage.ctl(&["config", "reload"]);
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    stage.home.configure(&configuration(&stage.server, "enabled = false"));
    stage.ctl(&["config", "reload"]);
    stage.shows(None, &nothing());
    assert_eq!(stage.home.json(&["tune", "players"])["players"], json!([]));
}

#[test]
fn a_tune_that_no_account_publishes_says_so() {
    let Some(mut stage) = Stage::set("an account without tune", Kind::Prosody12, AT_ONCE) else { return };
    let _player = ScriptedPlayer::start(&stage.bus, "mpv", plays("First"));
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    let silent = configuration(&stage.server, AT_ONCE).replace("[tune]", "tune = false\n[tune]");
    stage.home.configure(&silent);
    stage.ctl(&["config", "reload"]);
    stage.shows(None, &nothing());
    let report = stage.tune(|tune| tune["reason"].is_string());
    assert_eq!(report["reason"], "no account is configured to publish it", "{report}");
}

#[test]
fn a_name_that_comes_back_with_another_owner_is_another_player() {
    let Some(mut stage) = Stage::set("another owner", Kind::Prosody12, AT_ONCE) else { return };
    let first = ScriptedPlayer::start(&stage.bus, "mpv", plays("First"));
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    drop(first);
    let _second = ScriptedPlayer::start(&stage.bus, "mpv", plays("Second"));
    stage.shows(Some("♪ Ada – Second"), &adas("Second"));
    let list = soon("one player", || {
        let list: Value = stage.home.json(&["tune", "players"]);
        (list["players"].as_array()?.len() == 1).then_some(list)
    });
    assert_eq!(list["players"][0]["bus_name"], "org.mpris.MediaPlayer2.mpv");
}
