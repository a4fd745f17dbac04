//! Players that hang, die and shout, and a bus that goes away: nobody else notices.

use std::time::{Duration, Instant};

use xmppd_tests::player::scripted::ScriptedPlayer;
use xmppd_tests::server::Kind;
use xmppd_tests::wait::{delay, until};

use crate::stage::{AT_ONCE, Stage, adas, nothing, plays, plays_harbour, soon, third_harbour};

const TEXT: Option<&str> = Some("♪ Ondes Lentes – Harbour Lights");

#[test]
fn a_player_that_never_answers_delays_nobody_and_is_heard_when_it_speaks() {
    let Some(mut stage) = Stage::set("a silent player", Kind::Prosody12, AT_ONCE) else { return };
    stage.daemon.stop();
    let mut silent = ScriptedPlayer::start(&stage.bus, "silent", plays("Of the silent"));
    silent.answer(false);
    let steady = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
    stage.restart();
    soon("the silent player is asked", || (!silent.calls().is_empty()).then_some(()));
    stage.shows(TEXT, &third_harbour());
    assert_eq!(stage.player("silent", |_| true)["state"], "stopped", "nothing is known of it");
    drop(steady);
    stage.shows(None, &nothing());
    silent.announce(plays("Of the silent"));
    stage.shows(Some("♪ Ada – Of the silent"), &adas("Of the silent"));
}

#[test]
fn a_player_that_dies_while_it_is_asked_is_gone_at_once() {
    let Some(mut stage) = Stage::set("a dying player", Kind::Prosody12, AT_ONCE) else { return };
    let mut dying = ScriptedPlayer::start(&stage.bus, "dying", plays_harbour());
    stage.shows(TEXT, &third_harbour());
    dying.answer(false);
    let before = dying.calls().len();
    dying.invalidate(&["Metadata"]);
    soon("it is asked again", || (dying.calls().len() > before).then_some(()));
    drop(dying);
    stage.shows(None, &nothing());
    assert_eq!(stage.home.json(&["tune", "players"])["players"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_bus_that_comes_back_brings_the_players_back_and_starts_none() {
    let Some(mut stage) = Stage::set("a new bus", Kind::Prosody12, AT_ONCE) else { return };
    let player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
    stage.shows(TEXT, &third_harbour());
    let mark = stage.mark();
    let marker = stage.home.write("started", "");
    std::fs::remove_file(&marker).expect("it was written");
    stage.bus.activate("org.mpris.MediaPlayer2.sleeper", &format!("/usr/bin/touch {}", marker.display()));
    stage.bus.stop();
    drop(player);
    stage.shows(None, &nothing());
    assert!(stage.tune(|tune| tune["state"] == "stopped")["tune"].is_null());

    stage.bus.restart();
    let _player = ScriptedPlayer::start(&stage.bus, "steady", plays("Second"));
    stage.shows(Some("♪ Ada – Second"), &adas("Second"));
    let unavailable = stage.since(mark).position(|event| event["type"] == "unavailable");
    assert_eq!(unavailable, None, "the session did not notice");
    assert!(!marker.exists(), "looking starts no player");
}

#[test]
fn a_bus_that_comes_after_the_daemon_is_found() {
    let Some(mut stage) = Stage::set("a late bus", Kind::Prosody12, AT_ONCE) else { return };
    stage.daemon.stop();
    stage.bus.stop();
    stage.restart();
    stage.bus.restart();
    let _player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
    stage.shows(TEXT, &third_harbour());
}

#[test]
fn nothing_is_polled() {
    let Some(mut stage) = Stage::set("nothing is polled", Kind::Prosody12, AT_ONCE) else { return };
    let mut player = ScriptedPlayer::start(&stage.bus, "steady", plays_harbour());
    stage.shows(TEXT, &third_harbour());
    let asked = player.calls().to_vec();
    assert_eq!(asked.len(), 2, "once what it plays, once its name: {asked:?}");
    player.announce(plays("Second"));
    stage.shows(Some("♪ Ada – Second"), &adas("Second"));
    let more = until(Duration::from_secs(3), || (player.calls().len() > 2).then_some(()));
    assert_eq!(more, None, "{:?}", player.calls());
}

#[test]
fn a_flood_of_changes_costs_little_and_publishes_within_the_budget() {
    let Some(mut stage) = Stage::set("a flood", Kind::Prosody12, AT_ONCE) else { return };
    let player = ScriptedPlayer::start(&stage.bus, "flood", plays("Song 0"));
    stage.until("the first song", |seen| seen.tune() == adas("Song 0"));
    let id = stage.daemon.process().id();
    let (before, begun) = (memory(id, "VmRSS:"), Instant::now());
    let mut slowest = Duration::ZERO;
    for burst in 0..200_u32 {
        for change in 0..100 {
            player.announce(plays(&format!("Song {}", burst * 100 + change)));
        }
        let due = Duration::from_millis(10) * (burst + 1);
        if burst % 50 == 25 {
            let asked = Instant::now();
            stage.ctl(&["status"]);
            slowest = slowest.max(asked.elapsed());
        }
        delay(due.saturating_sub(begun.elapsed()));
    }
    let sent = begun.elapsed();
    stage.until("the last song", |seen| seen.tune() == adas("Song 19999"));
    let (elapsed, peak) = (begun.elapsed(), memory(id, "VmHWM:"));
    let published = stage.since(0).tunes().len() as u64;
    println!(
        "20000 changes asked for in {sent:?}, the last one seen after {elapsed:?}: {published} published, \
         {before} KiB before, {peak} KiB at the peak, `xmppctl status` {slowest:?} at worst"
    );
    assert!(!stage.daemon.log().contains("ERROR"), "{}", stage.daemon.log());
    assert!(published <= 5 + elapsed.as_secs() / 5 + 1, "{published} in {elapsed:?}");
    assert!(peak - before < 16 * 1024, "{before} KiB grew to {peak} KiB");
    assert!(slowest < Duration::from_secs(2), "xmppctl status took {slowest:?}");
}

/// A line of the kernel's account of a process, in KiB.
fn memory(id: u32, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("the process runs");
    let value = status.lines().find_map(|it| it.strip_prefix(line)).expect("the kernel tells it");
    value.trim().trim_end_matches(" kB").parse().expect("a number")
}
