//! What players say, right or wrong, and what juliet is told of it.

use std::collections::HashMap;

use serde_json::{Value, json};
use xmppd_tests::player::scripted::{ScriptedPlayer, playing};
use xmppd_tests::server::Kind;
use zbus::Variant;

use crate::stage::{AT_ONCE, Stage, nothing};

type Fields = Vec<(&'static str, Variant<'static>)>;

/// Has one player say one thing after the other; `None` is what cannot be told at all.
fn check(test: &str, kind: Kind, tune: &str, table: Vec<(Fields, Option<Value>)>) -> Option<Stage> {
    let mut stage = Stage::set(test, kind, tune)?;
    play(&mut stage, table);
    Some(stage)
}

fn play(stage: &mut Stage, table: Vec<(Fields, Option<Value>)>) {
    assert!(table.len() <= 5, "more would wait for the budget");
    let mut player = None;
    for (fields, expected) in table {
        let shown = format!("{fields:?}");
        let said = playing(fields.into_iter().collect::<HashMap<_, _>>());
        match &player {
            None => player = Some(ScriptedPlayer::start(&stage.bus, "odd", said)),
            Some(player) => player.announce(said),
        }
        let expected = expected.unwrap_or_else(nothing);
        stage.until(&format!("{shown} is told as {expected}"), |seen| seen.tune() == expected);
    }
}

#[test]
fn wrong_types_are_mended() {
    check(
        "wrong types",
        Kind::Prosody12,
        AT_ONCE,
        vec![
            (
                vec![
                    ("xesam:title", Variant::from("T")),
                    ("xesam:artist", Variant::from("One text")),
                    ("mpris:length", Variant::from(61_400_000_u64)),
                    ("xesam:trackNumber", Variant::from("7/12")),
                    ("mpris:trackid", Variant::from("spotify:track:1")),
                ],
                Some(json!({"artist": "One text", "length": "61", "title": "T", "track": "7"})),
            ),
            (
                vec![
                    ("xesam:title", Variant::from(vec!["", "T2"])),
                    ("xesam:artist", Variant::from(vec![Variant::from("A"), Variant::from(5_i32), Variant::from("B")])),
                    ("mpris:length", Variant::from(61_600_000.5_f64)),
                    ("xesam:trackNumber", Variant::from(8.0_f64)),
                    ("xesam:album", Variant::from(vec!["Album"])),
                    ("xesam:userRating", Variant::from(0.84_f64)),
                ],
                Some(json!({"artist": "A, B", "length": "62", "rating": "8", "source": "Album", "title": "T2",
                    "track": "8"})),
            ),
            (
                vec![
                    ("xesam:title", Variant::from("T3")),
                    ("xesam:artist", Variant::from(true)),
                    ("mpris:length", Variant::from(-1_i64)),
                    ("xesam:trackNumber", Variant::from(-3_i32)),
                    ("xesam:album", Variant::from(HashMap::from([("a", "b")]))),
                    ("xesam:userRating", Variant::from(f64::NAN)),
                ],
                Some(json!({"title": "T3"})),
            ),
            (vec![("xesam:title", Variant::from(5_i32)), ("xesam:artist", Variant::from("Nobody"))], None),
        ],
    );
}

#[test]
fn texts_are_cleaned_and_cut() {
    let long = "é".repeat(6000);
    let family = "👨‍👩‍👧".repeat(400);
    let stage = check(
        "odd texts",
        Kind::Prosody13,
        AT_ONCE,
        vec![
            (
                vec![
                    ("xesam:title", Variant::from("\u{1b}[31mRed\u{7}\n\t alert\u{85}\u{202e}live\u{2066}!\u{fffe}")),
                    ("xesam:artist", Variant::from(vec!["<b>&amp;]]>", " ", "\u{202e}\u{1}"])),
                ],
                Some(json!({"artist": "<b>&amp;]]>", "title": "[31mRed alert live!"})),
            ),
            (vec![("xesam:title", Variant::from(long))], Some(json!({"title": "é".repeat(512)}))),
            (vec![("xesam:title", Variant::from(family))], Some(json!({"title": "👨‍👩‍👧".repeat(102)}))),
        ],
    );
    let Some(mut stage) = stage else { return };
    for status in stage.since(0).statuses() {
        assert!(status.is_none_or(|text| text.chars().count() <= 256), "{status:?}");
    }
}

#[test]
fn addresses_of_files_never_leave_and_others_only_by_permission() {
    let with_url = |title: &'static str, url: &'static str| {
        vec![("xesam:title", Variant::from(title)), ("xesam:url", Variant::from(url))]
    };
    let file = || with_url("File", "file:///home/romeo/secret/a.ogg");
    let radio = || with_url("Radio", "https://romeo:secret@radio.example/live?token=secret#secret");
    let allowed = format!("{AT_ONCE}\npublish-url = true");
    let anonymous = vec![("xesam:url", Variant::from("https://radio.example/secret-less"))];
    let table = vec![
        (file(), Some(json!({"title": "File"}))),
        (radio(), Some(json!({"title": "Radio", "uri": "https://radio.example/live"}))),
        (with_url("Script", "javascript:secret"), Some(json!({"title": "Script"}))),
        (anonymous, Some(json!({"uri": "https://radio.example/secret-less"}))),
        (vec![("xesam:url", Variant::from("file:///home/romeo/secret/Tide.ogg"))], Some(json!({"title": "Tide"}))),
    ];
    if let Some(mut stage) = Stage::set("addresses", Kind::Ejabberd, &allowed) {
        let mut wire = stage.home.watch(&["--json", "xml", "watch", "--out", "--unsafe"]);
        stage.home.eventually(&["daemon"], |daemon| daemon["watchers"] == 1);
        play(&mut stage, table);
        stage.settle();
        let mut said = String::new();
        while !said.contains("until here") {
            said += &wire.line().expect("the wire goes on");
        }
        assert!(said.contains("https://radio.example/live"), "the wire has what was said: {said}");
        for private in ["file:", "/home/romeo", "romeo:secret", "token=secret", "#secret", "javascript"] {
            assert!(!said.contains(private), "{private} has left: {said}");
        }
    }
    let table = vec![
        (file(), Some(json!({"title": "File"}))),
        (radio(), Some(json!({"title": "Radio"}))),
        (vec![("xesam:url", Variant::from("https://radio.example/live"))], None),
    ];
    check("addresses", Kind::Prosody12, AT_ONCE, table);
}

#[test]
fn what_radio_stations_and_files_without_tags_say_is_mended() {
    let titled = |title: &'static str, url: &'static str| {
        vec![("xesam:title", Variant::from(title)), ("xesam:url", Variant::from(url))]
    };
    let radio = "https://radio.example/live";
    let table = vec![
        (titled("Ada - Sinking", radio), Some(json!({"artist": "Ada", "title": "Sinking"}))),
        (
            titled("", "file:///home/romeo/secret/Ada%20-%20Ti%64e.flac"),
            Some(json!({"artist": "Ada", "title": "Tide"})),
        ),
        (titled("/home/romeo/secret/Mer.ogg", ""), Some(json!({"title": "Mer"}))),
        (titled("https://romeo:secret@radio.example/live?token=1", radio), None),
    ];
    check("radio titles", Kind::Prosody12, AT_ONCE, table);
}

#[test]
fn a_player_without_a_track_has_no_tune() {
    let no_track = zbus::ObjectPath::try_from("/org/mpris/MediaPlayer2/TrackList/NoTrack").expect("a path");
    check(
        "no track",
        Kind::Prosody12,
        AT_ONCE,
        vec![
            (vec![("xesam:title", Variant::from("T"))], Some(json!({"title": "T"}))),
            (vec![("xesam:title", Variant::from("Old")), ("mpris:trackid", Variant::from(no_track))], None),
        ],
    );
}
