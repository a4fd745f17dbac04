//! The watcher against a bus of its own and players that behave as they do in the field.

mod scripted;

use std::{collections::HashMap, fs};

use scripted::{Manner, Properties, Scripted, Watching, playing, titled};
use xmppd_core::players::{Observation, Playback};
use zbus::{Variant, message::Message};

use super::dialogue;
use crate::bus::{self, BusState, private::PrivateBus};

fn answers(properties: impl Fn() -> Properties + Send + Sync + 'static) -> Manner {
    Manner::Answers(Box::new(properties))
}

#[tokio::test]
async fn players_that_were_there_and_players_that_come_are_told_and_so_is_their_leaving() {
    let bus = PrivateBus::start();
    let early = Scripted::start(&bus, "early", answers(|| playing("First"))).await;
    let mut watching = Watching::start(bus.bus());
    watching.until_title(&early, "First").await;
    let late = Scripted::start(&bus, "late.instance7", answers(|| playing("Second"))).await;
    watching.until_title(&late, "Second").await;
    let id = late.id();
    watching.until(|players| players[&id].identity.is_some()).await;
    let seen = &watching.players[&id];
    assert_eq!(seen.name, "late.instance7");
    assert_eq!(seen.identity.as_deref(), Some("A Scripted Player"));
    assert_eq!(seen.playback, Playback::Playing);
    early.connection.clone().close().await.unwrap();
    watching.until(|players| players.len() == 1).await;
    late.give_up_name("late.instance7").await;
    watching.until(|players| players.is_empty()).await;
    late.take_name("again").await;
    watching.until_title(&late, "Second").await;
}

#[tokio::test]
async fn a_player_with_two_names_is_one_player_under_the_shorter() {
    let bus = PrivateBus::start();
    let player = Scripted::start(&bus, "vlc.instance12", answers(|| playing("Song"))).await;
    player.take_name("vlc").await;
    let mut watching = Watching::start(bus.bus());
    let id = player.id();
    watching.until(|players| players.get(&id).is_some_and(|seen| seen.name == "vlc")).await;
    assert_eq!(watching.players.len(), 1);
    player.give_up_name("vlc").await;
    watching.until(|players| players[&id].name == "vlc.instance12").await;
}

#[tokio::test]
async fn a_change_of_one_part_keeps_the_others() {
    let bus = PrivateBus::start();
    let player = Scripted::start(&bus, "test", answers(|| playing("Song"))).await;
    let mut watching = Watching::start(bus.bus());
    watching.until_title(&player, "Song").await;
    player.emit(HashMap::from([("PlaybackStatus", Variant::from("Paused"))]), &[]).await;
    let id = player.id();
    watching.until(|players| players[&id].playback == Playback::Paused).await;
    assert_eq!(watching.players[&id].metadata.title.as_deref(), Some("Song"));
    player.emit(HashMap::from([("Metadata", titled("Other"))]), &[]).await;
    watching.until_title(&player, "Other").await;
    assert_eq!(watching.players[&id].playback, Playback::Paused);
    assert_eq!(player.questions(), 1);
}

#[tokio::test]
async fn what_is_invalidated_is_asked_for_once_and_only_if_it_matters() {
    let bus = PrivateBus::start();
    let titles = std::sync::Mutex::new(vec!["Third", "Second", "First"]);
    let player = Scripted::start(&bus, "test", answers(move || playing(titles.lock().unwrap().pop().unwrap()))).await;
    let mut watching = Watching::start(bus.bus());
    watching.until_title(&player, "First").await;
    player.emit(HashMap::new(), &["Volume", "CanGoNext"]).await;
    player.emit(HashMap::new(), &["Metadata", "PlaybackStatus"]).await;
    watching.until_title(&player, "Second").await;
    assert_eq!(player.questions(), 2);
}

#[tokio::test]
async fn wrong_types_are_repaired_on_the_way() {
    let bus = PrivateBus::start();
    let wrong = || {
        let metadata: HashMap<&str, Variant<'static>> = HashMap::from([
            ("xesam:artist", Variant::from("Alone")),
            ("mpris:length", Variant::from(5_000_000.0_f64)),
            ("mpris:trackid", Variant::from("not a path")),
            ("xesam:title", Variant::from(vec!["Listed"])),
        ]);
        HashMap::from([("PlaybackStatus", Variant::from("PLAYING")), ("Metadata", Variant::from(metadata))])
    };
    let player = Scripted::start(&bus, "wrong", answers(wrong)).await;
    let mut watching = Watching::start(bus.bus());
    watching.until_title(&player, "Listed").await;
    let seen = &watching.players[&player.id()].metadata;
    assert_eq!(seen.artists, ["Alone"]);
    assert_eq!(seen.length_micros, Some(5_000_000));
    assert_eq!(seen.track_id.as_deref(), Some("not a path"));
}

#[tokio::test]
async fn a_silent_player_delays_nobody_and_is_still_heard() {
    let bus = PrivateBus::start();
    let silent = Scripted::start(&bus, "silent", Manner::Silent).await;
    let prompt = Scripted::start(&bus, "prompt", answers(|| playing("Prompt"))).await;
    let mut watching = Watching::start(bus.bus());
    watching.until_title(&prompt, "Prompt").await;
    silent.emit(playing("Unasked"), &[]).await;
    watching.until_title(&silent, "Unasked").await;
    assert_eq!(silent.questions(), 1, "the first question is still open");
}

#[tokio::test]
async fn a_player_that_dies_in_the_middle_of_a_question_is_gone_and_the_rest_goes_on() {
    let bus = PrivateBus::start();
    let mut watching = Watching::start(bus.bus());
    watching.until_state(|state| *state == BusState::Present).await;
    let dying = Scripted::start(&bus, "dying", Manner::Dies).await;
    let other = Scripted::start(&bus, "other", answers(|| playing("Other"))).await;
    watching.until_title(&other, "Other").await;
    let id = dying.id();
    watching.until(|players| !players.contains_key(&id)).await;
}

#[tokio::test]
async fn a_flood_is_told_in_its_latest_state_and_delays_nobody() {
    let bus = PrivateBus::start();
    let flooding = Scripted::start(&bus, "flooding", answers(|| playing("0"))).await;
    let calm = Scripted::start(&bus, "calm", answers(|| playing("Calm"))).await;
    let mut watching = Watching::start(bus.bus());
    watching.until_title(&flooding, "0").await;
    watching.until_title(&calm, "Calm").await;
    for round in 1..=10_000 {
        flooding.emit(HashMap::from([("Metadata", titled(round.to_string()))]), &[]).await;
    }
    calm.emit(HashMap::from([("Metadata", titled("Still calm"))]), &[]).await;
    watching.until_title(&calm, "Still calm").await;
    watching.until_title(&flooding, "10000").await;
    assert!(watching.told.len() < 100, "{} observations for a receiver that did not look", watching.told.len());
}

#[tokio::test]
async fn an_oversized_message_is_ignored() {
    let bus = PrivateBus::start();
    let player = Scripted::start(&bus, "large", answers(|| playing("Song"))).await;
    let mut watching = Watching::start(bus.bus());
    watching.until_title(&player, "Song").await;
    player.emit(HashMap::from([("Metadata", titled("x".repeat(2 * 1024 * 1024)))]), &[]).await;
    player.emit(HashMap::from([("Metadata", titled("Next"))]), &[]).await;
    watching.until_title(&player, "Next").await;
    let long = |told: &Observation| {
        let Observation::Changed { metadata: Some(metadata), .. } = told else { return false };
        metadata.title.as_ref().is_some_and(|title| title.starts_with('x'))
    };
    assert!(!watching.told.iter().any(long));
}

#[tokio::test]
async fn nobody_is_started_by_looking() {
    let bus = PrivateBus::absent();
    let mark = bus.folder().join("started");
    let service =
        format!("[D-BUS Service]\nName=org.mpris.MediaPlayer2.sleeping\nExec=/usr/bin/touch {}\n", mark.display());
    fs::write(bus.folder().join("services/sleeping.service"), service).unwrap();
    let mut bus = bus;
    bus.restart();
    let mut watching = Watching::start(bus.bus());
    let awake = Scripted::start(&bus, "awake", answers(|| playing("Song"))).await;
    watching.until_title(&awake, "Song").await;
    let reply =
        awake.connection.call_method(Some(bus::NAME), "/", Some(bus::NAME), "ListActivatableNames", &()).await.unwrap();
    let startable: Vec<String> = reply.body().deserialize().unwrap();
    assert!(startable.iter().any(|name| name.ends_with(".sleeping")));
    assert!(!mark.exists());
}

#[tokio::test]
async fn a_bus_that_goes_takes_all_players_and_one_that_comes_back_brings_them() {
    let mut bus = PrivateBus::absent();
    let mut watching = Watching::start(bus.bus());
    watching.until_state(|state| matches!(state, BusState::Missing { .. })).await;
    bus.restart();
    watching.until_state(|state| *state == BusState::Present).await;
    let before = Scripted::start(&bus, "before", answers(|| playing("Before"))).await;
    watching.until_title(&before, "Before").await;
    bus.stop();
    watching.until(|players| players.is_empty()).await;
    watching.until_state(|state| matches!(state, BusState::Missing { .. })).await;
    bus.restart();
    let after = Scripted::start(&bus, "after", answers(|| playing("After"))).await;
    watching.until_title(&after, "After").await;
}

#[test]
fn only_the_bus_is_believed_about_names() {
    let says = |sender: &'static str, name: &str| {
        let message = Message::signal("/org/freedesktop/DBus", bus::NAME, "NameOwnerChanged")
            .sender(sender)
            .build(&(name, "", ":1.7"))
            .unwrap();
        dialogue::owner_change(&message).map(|change| (change.name, change.from, change.to))
    };
    let name = "org.mpris.MediaPlayer2.test";
    assert_eq!(says(bus::NAME, name), Some((name.to_owned(), None, Some(":1.7".to_owned()))));
    assert_eq!(says(":1.66", name), None);
    assert_eq!(says(bus::NAME, "org.mpris.MediaPlayer2"), None);
    assert_eq!(says(bus::NAME, "org.mpris.MediaPlayer2evil.test"), None);
}
