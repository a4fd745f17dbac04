//! Both carriers, from what a player does to what juliet sees, and the goodbye.

use serde_json::{Value, json};
use xmppd_tests::missing::present;
use xmppd_tests::player::mpv::{Mpv, Tags};
use xmppd_tests::player::playerctl;
use xmppd_tests::player::scripted::{ScriptedPlayer, properties};
use xmppd_tests::server::Kind;
use xmppd_tests::wait::delay;
use zbus::Variant;

use crate::stage::{
    AT_ONCE, BRIEFLY, HARBOUR, HURRY, Stage, TERRACES, adas, harbour, nothing, plays, plays_harbour, soon, terraces,
    third_harbour,
};

const HARBOUR_TEXT: Option<&str> = Some("♪ Ondes Lentes – Harbour Lights");
const TERRACES_TEXT: Option<&str> = Some("♪ Ondes Lentes – Terraces");

type Goodbye = (&'static str, fn(&mut Stage));

fn on_each_server(test: &str, tune: &str, scene: impl Fn(Stage)) {
    for kind in Kind::ALL {
        if let Some(stage) = Stage::set(test, kind, tune) {
            println!("{}", kind.name());
            scene(stage);
        }
    }
}

#[test]
fn a_contact_sees_what_mpv_plays_as_tune_and_status_on_every_server() {
    on_each_server("a contact sees what mpv plays", BRIEFLY, |mut stage| {
        let mark = stage.mark();
        let played = Mpv::play(&stage.bus, &[HARBOUR, TERRACES]);
        let Some(mut mpv) = present("a contact sees what mpv plays", played) else { return };
        stage.shows(HARBOUR_TEXT, &harbour());
        if let Some(title) = present("playerctl agrees", playerctl(&stage.bus, &["metadata", "title"])) {
            assert_eq!(title, HARBOUR.title);
        }
        stage.settle();
        assert_eq!(stage.since(mark).tunes(), [harbour()], "one publish, after it has settled");
        assert_eq!(stage.since(mark).statuses(), [HARBOUR_TEXT]);

        let mark = stage.mark();
        mpv.next();
        stage.shows(TERRACES_TEXT, &terraces());
        stage.settle();
        assert_eq!(stage.since(mark).tunes(), [terraces()], "a skip replaces in one publish");
        assert_eq!(stage.since(mark).statuses(), [TERRACES_TEXT]);

        mpv.pause();
        stage.shows(None, &nothing());
        assert_eq!(stage.tune(|tune| tune["state"] == "paused")["reason"], "the player is paused");
        mpv.resume();
        stage.shows(TERRACES_TEXT, &terraces());
        mpv.stop();
        stage.shows(None, &nothing());
        mpv.quit();
        stage.tune(|tune| tune["reason"] == "no player is running");
    });
}

#[test]
fn a_player_that_leaves_or_dies_takes_its_tune_along() {
    let Some(mut stage) = Stage::set("a player that leaves", Kind::Prosody12, BRIEFLY) else { return };
    stage.ctl(&["status", "dnd", "--priority", "3"]);
    for end in [Mpv::quit, Mpv::die] {
        let Some(mpv) = present("a player that leaves", Mpv::play(&stage.bus, &[HARBOUR])) else { return };
        stage.shows(HARBOUR_TEXT, &harbour());
        end(mpv);
        stage.shows(None, &nothing());
        let presence = stage.since(0).presence().cloned().expect("romeo is there");
        assert_eq!((&presence["show"], &presence["priority"]), (&json!("dnd"), &json!(3)));
    }
}

#[test]
fn twenty_skips_in_five_seconds_publish_the_last_song_alone() {
    let Some(mut stage) = Stage::set("twenty skips", Kind::Prosody13, BRIEFLY) else { return };
    let names: Vec<String> = (0..=20).map(|number| format!("Song {number}")).collect();
    let songs: Vec<Tags<'_>> =
        names.iter().map(|title| Tags { artist: "A", title, seconds: 60, ..Tags::default() }).collect();
    let Some(mut mpv) = present("twenty skips", Mpv::play(&stage.bus, &songs)) else { return };
    let song = |number: usize| json!({"artist": "A", "title": names[number], "length": "60"});
    stage.shows(Some("♪ A – Song 0"), &song(0));
    let mark = stage.mark();
    for _ in 0..20 {
        mpv.next();
        delay(HURRY);
    }
    stage.shows(Some("♪ A – Song 20"), &song(20));
    stage.settle();
    assert_eq!(stage.since(mark).tunes(), [song(20)]);
    assert_eq!(stage.since(mark).statuses(), [Some("♪ A – Song 20")]);
}

#[test]
fn songs_faster_than_the_budget_skip_to_the_newest() {
    let Some(mut stage) = Stage::set("the budget", Kind::Prosody12, AT_ONCE) else { return };
    let player = ScriptedPlayer::start(&stage.bus, "quick", plays("Song 0"));
    for number in 1..5 {
        let before = format!("Song {}", number - 1);
        stage.shows(Some(&format!("♪ Ada – {before}")), &adas(&before));
        player.announce(plays(&format!("Song {number}")));
    }
    stage.until("the burst is used up", |seen| seen.tune() == adas("Song 4"));
    for number in 5..30 {
        player.announce(plays(&format!("Song {number}")));
    }
    stage.until("the newest", |seen| seen.tune() == adas("Song 29"));
    let expected: Vec<Value> = [0, 1, 2, 3, 4, 29].map(|number| adas(&format!("Song {number}"))).to_vec();
    assert_eq!(stage.since(0).tunes(), expected);
}

#[test]
fn every_goodbye_withdraws_the_tune_before_it_says_unavailable() {
    on_each_server("every goodbye", AT_ONCE, |mut stage| {
        let _player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
        let goodbyes: [Goodbye; 3] = [
            ("status offline", |stage| stage.ctl(&["status", "offline"])),
            ("daemon stop", |stage| stage.ctl(&["daemon", "stop"])),
            ("SIGTERM", |stage| assert_eq!(stage.daemon.stop(), Some(0))),
        ];
        for (name, goodbye) in goodbyes {
            stage.shows(HARBOUR_TEXT, &third_harbour());
            let mark = stage.mark();
            goodbye(&mut stage);
            stage.until(name, |seen| seen.presence().is_some_and(|it| it["type"] == "unavailable"));
            let seen = stage.since(mark);
            let silent = seen.position(|it| it["event"] == "tune" && it["tune"] == nothing());
            let gone = seen.position(|it| it["event"] == "presence" && it["type"] == "unavailable");
            assert!(silent.is_some() && silent < gone, "{name}: {:?}", seen.0);
            if name == "status offline" {
                stage.ctl(&["status", "online"]);
            } else if name == "daemon stop" {
                soon("the daemon ends", || stage.daemon.process().ended());
                stage.restart();
            }
        }
    });
}

#[test]
fn a_pause_keeps_the_tune_for_as_long_as_the_configuration_says() {
    for (on_pause, stays) in [("keep", true), ("1s", false)] {
        let tune = format!("{AT_ONCE}\non-pause = \"{on_pause}\"");
        let Some(mut stage) = Stage::set("on-pause", Kind::Prosody12, &tune) else { return };
        let player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
        stage.shows(HARBOUR_TEXT, &third_harbour());
        let mark = stage.mark();
        player.announce(properties([("PlaybackStatus", Variant::from("Paused"))]));
        stage.tune(|tune| tune["state"] == "paused");
        if stays {
            stage.settle();
            assert!(stage.since(mark).tunes().is_empty(), "the tune stays");
            player.announce(properties([("PlaybackStatus", Variant::from("Stopped"))]));
        }
        stage.shows(None, &nothing());
    }
}
