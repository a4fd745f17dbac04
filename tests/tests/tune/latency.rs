//! How long it takes from a player's signal until a contact's program has both carriers: a measurement, run by hand.

use std::time::{Duration, Instant};

use xmppd_tests::player::scripted::{ScriptedPlayer, properties};
use xmppd_tests::server::Kind;
use xmppd_tests::server::people::ROMEO;
use zbus::Variant;

use crate::stage::{AT_ONCE, Stage, adas, plays};

#[test]
#[ignore = "a measurement, not a proof: cargo test --test tune latency -- --ignored --nocapture"]
fn the_time_from_signal_to_event_is_measured() {
    let Some(mut stage) = Stage::set("latency", Kind::Prosody13, AT_ONCE) else { return };
    let mut player = ScriptedPlayer::start(&stage.bus, "quick", plays("Song 0"));
    let (mut presence, mut tune, mut withdrawn) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..10 {
        // A fresh daemon has all of its budget: the song it starts with, and four more.
        drop(player);
        stage.until("silence", |seen| seen.status().is_none());
        stage.daemon.stop();
        stage.restart();
        player = ScriptedPlayer::start(&stage.bus, "quick", plays(&format!("Begin {round}")));
        stage.until("the beginning", |seen| seen.tune() == adas(&format!("Begin {round}")));
        for number in 0..3 {
            let title = format!("Song {round}.{number}");
            let text = format!("♪ Ada – {title}");
            let begun = Instant::now();
            player.announce(plays(&title));
            stage.juliet.wait_for_presence(&ROMEO.jid(), "the text", |it| it["status"] == text.as_str());
            presence.push(begun.elapsed());
            stage.juliet.wait_for_tune(&ROMEO.jid(), "the tune", |it| it["title"] == title.as_str());
            tune.push(begun.elapsed());
        }
        let begun = Instant::now();
        player.announce(properties([("PlaybackStatus", Variant::from("Paused"))]));
        stage.juliet.wait_for_tune(&ROMEO.jid(), "silence", |it| *it == serde_json::json!({}));
        withdrawn.push(begun.elapsed());
    }
    for (name, mut times) in [("presence", presence), ("tune", tune), ("withdrawn", withdrawn)] {
        times.sort_unstable();
        let at = |share: usize| -> Duration { times[(times.len() - 1) * share / 100] };
        println!("{name}: {} times, median {:?}, 90 % {:?}, most {:?}", times.len(), at(50), at(90), at(100));
    }
}
