//! A text that scrolls: step by step, whole characters, within the budget that it shares, and to nobody on trial.

use std::time::{Duration, Instant};

use serde_json::json;
use xmppd_tests::server::people::ROMEO;

use super::stage::{Stage, stage};

impl Stage {
    /// Waits until Juliet sees these texts, one after the other, nothing between them.
    #[track_caller]
    fn sees_in_a_row(&mut self, windows: &[&str]) {
        for window in windows {
            let seen = self.juliet(window, |seen| seen["type"] == "available");
            assert_eq!(seen["status"], *window, "{windows:?}");
        }
    }
}

#[test]
fn a_text_scrolls_second_by_second_until_its_end_and_shows_what_is_under_it() {
    let Some(mut stage) = stage("scroll", "") else { return };
    stage.set(&["status", "away", "Base"]);
    stage.sees("Base");
    let begun = Instant::now();
    stage.set(&["scroll", "👨‍👩‍👧🇩🇪ẹ́각", "--every", "1s", "--width", "2", "--for", "4500ms"]);
    stage.sees_in_a_row(&["👨‍👩‍👧🇩🇪", "🇩🇪ẹ́", "ẹ́각"]);
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    let layers = stage.home.json(&["status", "layers"])["accounts"][0]["layers"].clone();
    assert_eq!((&layers[0]["layer"], &layers[0]["decides"]), (&json!("scroll"), &json!(["status"])));
    assert!(layers[0]["until"].is_string(), "{layers}");
    assert_eq!(layers[1]["decides"], json!(["show", "priority"]));
    stage.sees("Base");
    assert!(begun.elapsed() >= Duration::from_millis(4_500), "{:?}", begun.elapsed());
    // Another takes its place, a command's text is above it, and it can be ended.
    stage.set(&["scroll", "One after the other", "--width", "8"]);
    stage.sees("One afte");
    stage.set(&["scroll", "stands"]);
    stage.sees("stands");
    let above = stage.home.json(&["status", "layers"]);
    assert_eq!(above["accounts"][0]["layers"].as_array().map(Vec::len), Some(2), "{above}");
    let under = stage.home.ctl(&["status", "dnd", "Building", "--", "true"]);
    assert_eq!(under.code, 0, "{under:?}");
    stage.sees("Building");
    stage.sees("stands");
    stage.set(&["scroll", "off"]);
    stage.sees("Base");
}

#[test]
fn a_trial_is_seen_here_and_by_nobody_else() {
    let Some(mut stage) = stage("dry run", "") else { return };
    let tried = stage.home.ctl(&["scroll", "abcd", "--width", "3", "--dry-run"]);
    assert_eq!((tried.code, tried.stdout.as_str()), (0, "abc\nbcd\ncd \nd ·\n · \n· a\n ab\n"), "{tried:?}");
    let frames = stage.home.json(&["scroll", "שלום עולם", "-n"])["frames"].clone();
    assert_eq!(frames, json!(["שלום עולם"]));
    for (words, part) in [
        (&["scroll", "Text", "--every", "999ms"][..], "--every 1s or more"),
        (&["scroll", "Text", "--width", "1"], "--width 2 to 100"),
        (&["scroll", "Text", "--width", "101"], "--width 2 to 100"),
        (&["scroll", " \u{7}"], "no text"),
        (&["scroll", "Text", "--for", "0s"], "1h30m"),
        (&["scroll"], "TEXT"),
    ] {
        let refused = stage.home.ctl(words);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{words:?}: {refused:?}");
        assert!(refused.stderr.contains(part), "{words:?}: {refused:?}");
    }
    stage.saw(&[]);
}

#[test]
fn scrolling_gives_way_to_songs_and_doctor_shows_why() {
    let Some(mut stage) = stage("budget", "[tune]\nsettle = \"0s\"\npublish = [\"pep\"]\n") else { return };
    let budget = |stage: &Stage| {
        let report = stage.home.json(&["doctor"]);
        let checks = report["checks"].as_array().cloned().unwrap_or_default();
        let found = checks.into_iter().find(|check| check["check"] == "budget");
        found.unwrap_or_else(|| panic!("{report}"))
    };
    assert_eq!(budget(&stage)["account"], "home");
    stage.set(&["scroll", "0123456789", "--every", "1s", "--width", "4"]);
    stage.sees("2345");
    for title in ["One", "Two", "Three", "Four"] {
        stage.set(&["tune", "set", "--title", title]);
        stage.verona.juliet.wait_for_tune(&ROMEO.jid(), title, |tune| tune["title"] == title);
    }
    let waits = budget(&stage)["message"].as_str().unwrap_or_default().to_owned();
    assert!(waits.contains("of 5 publishes") && waits.contains("scrolling waits"), "{waits}");
    // A person's own status does not wait.
    let asked = Instant::now();
    stage.set(&["status", "dnd", "Mine", "--", "true"]);
    stage.sees("Mine");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[test]
fn who_is_offline_scrolls_for_nobody_and_goes_on_later() {
    let Some(mut stage) = stage("offline", "") else { return };
    stage.set(&["scroll", "0123456789", "--every", "1s", "--width", "4"]);
    stage.sees("1234");
    stage.set(&["status", "offline"]);
    stage.gone();
    stage.set(&["status", "chat", "-t", "20s"]);
    let first = stage.juliet("he is back", |seen| seen["type"] == "available" && seen["show"] == "chat");
    stage.juliet("it scrolls on", |seen| seen["type"] == "available" && seen["status"] != first["status"]);
    // A reload keeps it.
    let configuration = stage.verona.romeo("enabled = true").replace("printf", "/usr/bin/printf");
    stage.home.configure(&configuration);
    assert_eq!(stage.home.ctl(&["config", "reload"]).code, 0);
    stage.gone();
    let again = stage.juliet("he is back", |seen| seen["type"] == "available");
    stage.juliet("it scrolls on", |seen| seen["type"] == "available" && seen["status"] != again["status"]);
}
