//! A program of the person's that says what may be told: what it passes, changes and keeps back, and that nothing is told
//! when it fails, in whatever way.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use xmppd_tests::player::scripted::ScriptedPlayer;
use xmppd_tests::server::Kind;
use xmppd_tests::wait::{SOON, eventually, until};

use crate::stage::{AT_ONCE, Stage, adas, configuration, nothing, plays};
use crate::webhook::doctor;

/// A stage whose daemon asks this script about every song.
fn stage(test: &str, kind: Kind, script: &str) -> Option<Stage> {
    let stage = Stage::set(test, kind, AT_ONCE)?;
    ask(&stage, script);
    Some(stage)
}

/// Puts this script in place of the filter that is asked.
fn ask(stage: &Stage, script: &str) {
    let path = write(stage, script);
    stage.home.configure(&configuration(
        &stage.server,
        &format!("{AT_ONCE}\nfilter = [{:?}, \"x\"]", path.display().to_string()),
    ));
    stage.ctl(&["config", "reload"]);
}

fn write(stage: &Stage, script: &str) -> PathBuf {
    let path = stage.home.write("filter", &format!("#!/bin/sh\n{script}\n"));
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&path, executable).expect("the owner of a file sets its mode");
    path
}

/// Waits until `tune explain` says this of the filter, and gives it back.
#[track_caller]
fn says(stage: &Stage, verdict: &str) -> serde_json::Value {
    stage.home.eventually(&["tune", "explain"], |told| told["filter"]["verdict"] == verdict)
}

/// How many processes run with this in their command line.
fn running(path: &str) -> usize {
    let processes = std::fs::read_dir("/proc").expect("the kernel lists processes").flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(path)).count()
}

#[test]
fn a_song_is_told_as_the_filter_says() {
    for kind in Kind::ALL {
        // It passes what is Ada's, as another song where it is a secret one, and nobody else's.
        let script = r#"song=$(cat); echo "$song" >> "$HOME/asked"
            case $song in *Secret*) echo '{"artist":"Ada","title":"Something"}';; *Ada*) echo "$song";; esac"#;
        let Some(mut stage) = stage("a filter", kind, script) else { continue };
        let player = ScriptedPlayer::start(&stage.bus, "mpv.instance7", plays("First"));
        stage.shows(Some("♪ Ada – First"), &adas("First"));
        says(&stage, "passed");
        player.announce(plays("Secret"));
        stage.shows(Some("♪ Ada – Something"), &adas("Something"));
        says(&stage, "changed");
        let hidden = xmppd_tests::player::scripted::playing(std::collections::HashMap::from([(
            "xesam:title",
            zbus::Variant::from("Eve's"),
        )]));
        player.announce(hidden);
        stage.shows(None, &nothing());
        let why = says(&stage, "withheld");
        assert_eq!(why["reason"], "the filter leaves this song out", "{why}");
        assert_eq!((&why["player"], &why["players"][0]["chosen"]), (&json!("mpv"), &json!(true)), "{why}");
        let page = stage.home.ctl(&["tune", "explain"]).stdout;
        assert!(page.contains("/filter leaves the song out\n"), "{page}");
        let asked =
            std::fs::read_to_string(stage.home.write(".keep", "").with_file_name("asked")).expect("it was asked");
        assert_eq!(asked.lines().next(), Some(r#"{"player":"mpv","artist":"Ada","title":"First"}"#));
        assert_eq!(asked.lines().count(), 3, "once a song: {asked}");
        assert_eq!(stage.since(0).tunes(), [adas("First"), adas("Something"), nothing()]);

        // What the person sets is said by the person.
        stage.ctl(&["tune", "set", "--artist", "Eve", "--title", "Vinyl"]);
        stage.until("the tune by hand", |seen| seen.tune()["title"] == "Vinyl");
    }
}

#[test]
fn a_filter_that_fails_in_any_way_tells_nothing_and_says_so() {
    let Some(mut stage) = stage("filters that fail", Kind::Prosody12, "cat") else { return };
    let player = ScriptedPlayer::start(&stage.bus, "mpv", plays("Song 0"));
    stage.shows(Some("♪ Ada – Song 0"), &adas("Song 0"));
    let kinds = [
        ("cat; exit 3", "exit status: 3"),
        ("cat; echo broken >&2; exit 1", "exit status: 1: broken"),
        ("cat; kill -SEGV $$", "signal: 11"),
        ("cat; sleep 100", "no answer within a second"),
        ("cat; (trap '' TERM HUP; sleep 100) & exec sleep 100", "no answer within a second"),
        ("cat; exec cat /dev/zero", "it printed more than 64 KiB"),
        ("echo Sinnerman", "what it printed is no tune"),
        ("cat; cat /dev/zero >&2", "no answer within a second"),
    ];
    for (number, (script, reason)) in kinds.into_iter().enumerate() {
        ask(&stage, "cat");
        write(&stage, script);
        // The configuration is the same, so that the program is asked about the next song only.
        player.announce(plays(&format!("Song {}", number + 1)));
        let why = says(&stage, "failed");
        assert!(why["filter"]["reason"].as_str().is_some_and(|it| it.contains(reason)), "{script}: {why}");
        assert!(
            why["reason"].as_str().is_some_and(|it| it.starts_with("the filter failed, so this song is not told")),
            "{why}"
        );
        assert!(why["tune"].is_null(), "{why}");
        let check = doctor(&stage.home, "filter", |check| check["state"] == "failed");
        assert!(check["message"].as_str().is_some_and(|it| it.contains(reason)), "{check}");
    }
    stage.settle();
    stage.shows(None, &nothing());
    assert_eq!(stage.since(0).tunes(), [adas("Song 0"), nothing()], "no song came through");
    let path = stage.home.write("filter", "");
    let path = path.display().to_string();
    eventually("nothing of them is left", SOON, || (running(&path) == 0).then_some(()));

    // One that has gone is like one that fails, and no reason for the daemon not to live.
    std::fs::remove_file(&path).expect("it is there");
    player.announce(plays("Last"));
    let why = stage.home.eventually(&["tune", "explain"], |told| {
        told["filter"]["reason"].as_str().is_some_and(|it| it.contains("No such file"))
    });
    assert!(why["tune"].is_null(), "{why}");
    let broken = stage.home.ctl(&["config", "check"]);
    assert!(broken.code == 2 && broken.stderr.contains("tune.filter: there is no program"), "{broken:?}");
}

#[test]
fn a_filter_that_hangs_holds_nobody_up_and_the_newest_song_wins() {
    // It hangs at every song but the last.
    let script = r#"song=$(cat); case $song in *Last*) echo "$song";; *) echo >> "$HOME/hung"; sleep 100;; esac"#;
    let Some(mut stage) = stage("a filter that hangs", Kind::Prosody13, script) else { return };
    let player = ScriptedPlayer::start(&stage.bus, "mpv", plays("Song 0"));
    let hung = stage.home.write(".keep", "").with_file_name("hung");
    eventually("it hangs", SOON, || hung.exists().then_some(()));
    let begun = Instant::now();
    for number in 1..200 {
        player.announce(plays(&format!("Song {number}")));
    }
    stage.ctl(&["status"]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let path = hung.with_file_name("filter").display().to_string();
    let count = until(Duration::from_millis(500), || Some(running(&path)).filter(|count| *count > 1));
    assert_eq!(count, None, "one at a time");
    player.announce(plays("Last"));
    stage.shows(Some("♪ Ada – Last"), &adas("Last"));
    assert_eq!(stage.since(0).tunes(), [adas("Last")]);
    let runs = std::fs::read_to_string(&hung).map_or(0, |text| text.lines().count());
    assert!(runs <= 10, "it is asked no oftener than songs may be published: {runs}");
    stage.daemon.stop();
}

#[test]
fn a_filter_that_comes_or_goes_with_the_configuration_holds_for_the_song_that_plays() {
    let Some(mut stage) = Stage::set("a new filter", Kind::Prosody12, AT_ONCE) else { return };
    let _player = ScriptedPlayer::start(&stage.bus, "mpv", plays("First"));
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    assert!(stage.home.json(&["tune", "explain"])["filter"].is_null());
    ask(&stage, "cat >/dev/null");
    stage.shows(None, &nothing());
    assert!(stage.home.json(&["config", "get", "tune.filter"]).to_string().contains("/filter"));
    stage.home.configure(&configuration(&stage.server, AT_ONCE));
    stage.ctl(&["config", "reload"]);
    stage.shows(Some("♪ Ada – First"), &adas("First"));
}
