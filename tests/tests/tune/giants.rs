//! Players that are too much: titles of megabytes, a thousand names, metadata that flickers between songs.

use std::time::{Duration, Instant};

use serde_json::json;
use xmppd_tests::cost::Cost;
use xmppd_tests::player::scripted::{ScriptedPlayer, playing, properties};
use xmppd_tests::server::Kind;
use xmppd_tests::wait::{delay, eventually};
use zbus::Variant;

use crate::stage::{AT_ONCE, BRIEFLY, Stage, adas, nothing, plays, soon};

#[test]
fn a_title_of_megabytes_is_cut_or_not_even_read() {
    let rules = format!("{AT_ONCE}\nallow = [\"steady\", \"*\"]");
    let Some(mut stage) = Stage::set("a giant title", Kind::Prosody12, &rules) else { return };
    let steady = ScriptedPlayer::start(&stage.bus, "steady", plays("Before"));
    stage.shows(Some("♪ Ada – Before"), &adas("Before"));
    let cost = Cost::of(stage.daemon.process().id());
    let before = cost.memory().resident;
    let giant = ScriptedPlayer::start(&stage.bus, "giant", plays("Small"));
    let titled =
        |size: usize| playing(std::collections::HashMap::from([("xesam:title", Variant::from("x".repeat(size)))]));
    stage.player("giant", |player| player["tune"]["title"] == "Small");
    giant.announce(titled(60 << 20));
    let asked = Instant::now();
    steady.announce(plays("Meanwhile"));
    stage.shows(Some("♪ Ada – Meanwhile"), &adas("Meanwhile"));
    let delayed = asked.elapsed();
    // What follows it says that it has been heard, and not believed.
    let unlike = |player: &serde_json::Value| player["tune"]["title"] != "Small";
    assert!(!unlike(&stage.player("giant", |_| true)));
    giant.announce(titled(900 << 10));
    let listed = stage.player("giant", unlike);
    assert_eq!(listed["tune"]["title"].as_str().map(str::len), Some(512));
    drop(giant);
    let kept = eventually("the memory is given back", Duration::from_secs(60), || {
        let grown = cost.memory().resident.saturating_sub(before);
        (grown < 16 << 20).then_some(grown)
    });
    let peak = cost.memory().peak.saturating_sub(before);
    assert!(peak < 16 << 20, "{peak} bytes more at the peak");
    println!(
        "a title of 60 MiB: {} KiB before, {} KiB more at the peak, {} KiB afterwards, a song meanwhile after {delayed:?}",
        before >> 10,
        peak >> 10,
        kept >> 10
    );
}

#[test]
fn a_thousand_names_are_not_looked_at_and_hide_nobody() {
    let Some(mut stage) = Stage::set("a thousand names", Kind::Prosody12, AT_ONCE) else { return };
    let steady = ScriptedPlayer::start(&stage.bus, "steady", plays("Before"));
    stage.shows(Some("♪ Ada – Before"), &adas("Before"));
    let cost = Cost::of(stage.daemon.process().id());
    let before = cost.memory().resident;
    let crowd = runtime().block_on(async {
        let mut crowd = Vec::new();
        let address = stage.bus.address();
        // A bus gives one connection no more than 512 names.
        for part in 0..4 {
            let connection =
                zbus::connection::Builder::address(address.as_str()).build().await.expect("the bus answers");
            for number in 0..250 {
                let name = format!("org.mpris.MediaPlayer2.crowd{part}.instance{number}");
                connection.request_name(name.as_str()).await.expect("the name is free");
            }
            crowd.push(connection);
        }
        crowd
    });
    stage.ctl(&["status"]);
    steady.announce(plays("Among them"));
    stage.shows(Some("♪ Ada – Among them"), &adas("Among them"));
    let listed = stage.home.json(&["tune", "players"])["players"].as_array().map_or(0, Vec::len);
    assert!((1..=64).contains(&listed), "{listed}");
    let grown = cost.memory().peak.saturating_sub(before);
    println!("1000 names of 4 connections: {} KiB more at the peak, {listed} listed", grown >> 10);
    assert!(grown < 16 << 20, "{grown}");
    drop(crowd);
}

#[test]
fn signals_that_flicker_between_two_songs_are_one_publish_of_the_right_one() {
    for kind in Kind::ALL {
        let Some(mut stage) = Stage::set("flicker", kind, BRIEFLY) else { continue };
        let says = |id: &str, title: &str| {
            let id = zbus::ObjectPath::try_from(format!("/track/{id}")).expect("a path");
            let mut said = std::collections::HashMap::from([("mpris:trackid", Variant::from(id))]);
            if !title.is_empty() {
                said.insert("xesam:title", Variant::from(title.to_owned()));
                said.insert("xesam:artist", Variant::from(vec!["Ada"]));
            }
            properties([("Metadata", Variant::from(said)), ("PlaybackStatus", Variant::from("Playing"))])
        };
        let player = ScriptedPlayer::start(&stage.bus, "mpv", says("1", "First"));
        stage.shows(Some("♪ Ada – First"), &adas("First"));
        // Some servers tell the last song again when somebody comes.
        stage.settle();
        let mark = stage.mark();
        // A new track with the title of the old one, then half a second of nothing, then itself, three times over.
        player.announce(says("2", "First"));
        player.announce(says("2", ""));
        player.announce(properties([("PlaybackStatus", Variant::from("Playing"))]));
        delay(Duration::from_millis(500));
        for _ in 0..3 {
            player.announce(says("2", "Second"));
        }
        stage.shows(Some("♪ Ada – Second"), &adas("Second"));
        stage.settle();
        assert_eq!(stage.since(mark).tunes(), [adas("Second")], "{kind:?}");
        assert_eq!(stage.since(mark).statuses(), [Some("♪ Ada – Second")], "{kind:?}");
        // Emptiness that lasts is no song.
        player.announce(says("3", ""));
        stage.shows(None, &nothing());
    }
}

#[test]
fn the_wrong_player_does_not_win_and_the_right_one_comes_back() {
    let rules = format!("{AT_ONCE}\nallow = [\"mpv\", \"*\"]");
    let Some(mut stage) = Stage::set("the right player", Kind::Prosody12, &rules) else { return };
    let state = |word: &'static str| properties([("PlaybackStatus", Variant::from(word))]);
    let vlc = ScriptedPlayer::start(&stage.bus, "vlc", plays("Of vlc"));
    stage.until("vlc", |seen| seen.tune() == adas("Of vlc"));
    let rhythmbox = ScriptedPlayer::start(&stage.bus, "rhythmbox", plays("Of rhythmbox"));
    stage.until("who started last", |seen| seen.tune() == adas("Of rhythmbox"));
    // A new song of the other one is no start.
    vlc.announce(plays("Next of vlc"));
    stage.player("vlc", |player| player["tune"]["title"] == "Next of vlc" && player["chosen"] == false);
    let mpv = ScriptedPlayer::start(&stage.bus, "mpv", plays("Of mpv"));
    stage.until("who ranks higher", |seen| seen.tune() == adas("Of mpv"));
    mpv.announce(state("Paused"));
    stage.until("who plays", |seen| seen.tune() == adas("Of rhythmbox"));
    drop(rhythmbox);
    stage.until("who is left", |seen| seen.tune() == adas("Next of vlc"));
    vlc.announce(state("Stopped"));
    stage.shows(None, &nothing());
    assert_eq!(stage.home.json(&["tune"])["player"], "mpv", "it is paused, and the only one");
    mpv.announce(state("Playing"));
    soon("the budget has room again", || {
        let seen = stage.since(0).tune();
        (seen == adas("Of mpv")).then_some(json!(seen))
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}
