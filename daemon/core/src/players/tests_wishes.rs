//! What the person's wishes do to what is published, told as scripts under virtual time.

use super::tests::{PAUSED, STOPPED, appears, check, does, manual, patterns, plays, says, title, vanishes};
use super::*;

/// Both clocks, the wall's at the same number.
fn at(millis: u64) -> Now {
    Now { moment: Moment::from_millis(millis), wall: wall(millis) }
}

fn wall(millis: u64) -> Wall {
    Wall::from_unix_millis(millis.cast_signed())
}

fn pins(name: &str) -> Observation {
    Observation::Pinned(Some(name).filter(|name| *name != "auto").map(str::to_owned))
}

/// Two players that play, the second one the later.
fn both(more: Vec<(u64, Observation)>) -> Vec<(u64, Observation)> {
    let begin = vec![
        (0, appears("mpv.instance7")),
        (0, appears("vlc")),
        (0, plays("mpv.instance7", "M")),
        (10_000, plays("vlc", "V")),
    ];
    begin.into_iter().chain(more).collect()
}

fn standings(players: &Players) -> Vec<String> {
    players.listing().into_iter().map(|player| format!("{}: {}", player.player, player.standing)).collect()
}

#[test]
fn who_is_pinned_goes_before_all_others_as_long_as_it_plays_or_is_paused() {
    let check = |more, expected: &[&str]| check(Rules::default(), both(more), expected);
    for name in ["mpv", "MPV", "mpv.instance7", "org.mpris.MediaPlayer2.mpv.instance7"] {
        check(vec![(20_000, pins(name))], &["3.0 M", "13.0 V", "20.0 M"]);
    }
    check(vec![(20_000, pins("mpv")), (30_000, pins("auto"))], &["3.0 M", "13.0 V", "20.0 M", "30.0 V"]);
    let paused = check(
        vec![(20_000, pins("mpv")), (30_000, does("mpv.instance7", PAUSED))],
        &["3.0 M", "13.0 V", "20.0 M", "30.0 -"],
    );
    assert_eq!(paused.decision().reason, Some(Reason::Paused));
    assert_eq!(standings(&paused), ["mpv: it is pinned, and goes before vlc", "vlc: mpv is pinned"]);
    check(
        vec![(20_000, pins("mpv")), (30_000, does("mpv.instance7", STOPPED))],
        &["3.0 M", "13.0 V", "20.0 M", "30.0 V"],
    );
    // The pin waits for a player that has gone.
    let back = vec![
        (20_000, pins("mpv")),
        (30_000, vanishes("mpv.instance7")),
        (40_000, appears("mpv")),
        (40_000, plays("mpv", "N")),
    ];
    let players = check(back, &["3.0 M", "13.0 V", "20.0 M", "30.0 V", "43.0 N"]);
    assert_eq!(players.pinned(), Some("mpv"));
}

#[test]
fn who_is_denied_is_not_followed_pinned_or_not() {
    let rules = Rules { deny: patterns(&["mpv"]), ..Rules::default() };
    let players = check(rules, both(vec![(20_000, pins("mpv"))]), &["13.0 V"]);
    let expected = ["mpv: its rule denies it", "vlc: no other player that is allowed plays or is paused"];
    assert_eq!(standings(&players), expected);
}

#[test]
fn each_standing_names_what_decided() {
    let of = |rules: Rules, more| {
        let mut players = Players::new(rules);
        both(more).into_iter().for_each(|(millis, observation)| players.handle(at(millis), observation));
        standings(&players)
    };
    let ranked = || Rules { allow: patterns(&["mpv", "*"]), ..Rules::default() };
    let later = |name: &str, other: &str| [name, " started or paused after ", other].concat();
    assert_eq!(
        of(Rules::default(), vec![]),
        [format!("mpv: {}", later("vlc", "it")), format!("vlc: {}", later("it", "mpv"))]
    );
    assert_eq!(of(ranked(), vec![]), ["mpv: it stands before vlc in allow", "vlc: mpv stands before it in allow"]);
    let paused = vec![(11_000, does("mpv.instance7", PAUSED))];
    assert_eq!(of(ranked(), paused), ["mpv: vlc plays, and it is paused", "vlc: it plays, and mpv is paused"]);
    let stopped = vec![(11_000, does("mpv.instance7", STOPPED))];
    assert_eq!(
        of(ranked(), stopped),
        ["mpv: it has stopped", "vlc: no other player that is allowed plays or is paused"]
    );
    for (wish, expected) in [
        (Observation::Switched(false), "publishing is switched off"),
        (Observation::Held(Some(Hold::Open)), "publishing is held"),
        (manual("vinyl"), "a tune set by hand goes before all players"),
    ] {
        assert_eq!(
            of(Rules::default(), vec![(20_000, wish)]),
            [format!("mpv: {expected}"), format!("vlc: {expected}")]
        );
    }
}

#[test]
fn a_skipped_track_is_withdrawn_and_the_next_one_published() {
    let mut players = Players::new(Rules::default());
    let mut step = |millis, observation: Observation| {
        players.handle(at(millis), observation);
        title(players.decision())
    };
    step(0, appears("mpv"));
    step(0, plays("mpv", "A"));
    assert_eq!(step(3_000, Observation::Tick), "A");
    assert_eq!(players.skip(at(10_000)), Ok(()));
    assert_eq!((title(players.decision()), players.decision().reason.clone()), ("-".into(), Some(Reason::Skipped)));
    assert_eq!(players.skip(at(10_500)), Err(Unskippable::Nothing), "once is enough");
    let mut step = |millis, observation: Observation| {
        players.handle(at(millis), observation);
        title(players.decision())
    };
    // The same one said again, a pause, and a second of empty fields are not the next one.
    for (millis, said) in [
        (11_000, plays("mpv", "A")),
        (20_000, does("mpv", PAUSED)),
        (30_000, plays("mpv", "")),
        (30_500, plays("mpv", "A")),
    ] {
        assert_eq!(step(millis, said), "-");
    }
    assert_eq!(step(60_000, plays("mpv", "B")), "-");
    assert_eq!(step(63_000, Observation::Tick), "B");
    step(70_000, plays("mpv", "A"));
    assert_eq!(step(73_000, Observation::Tick), "A", "it was this time that was skipped");
}

#[test]
fn a_skip_lasts_no_longer_than_its_player_and_needs_something_to_skip() {
    let mut players = Players::new(Rules::default());
    assert_eq!(players.skip(at(0)), Err(Unskippable::Nothing));
    players.handle(at(0), appears("mpv"));
    players.handle(at(0), plays("mpv", ""));
    assert_eq!(players.skip(at(0)), Err(Unskippable::Nothing));
    players.handle(at(0), plays("mpv", "A"));
    assert_eq!(players.skip(at(1_000)), Ok(()), "it may still be settling");
    for observation in [vanishes("mpv"), appears("mpv"), plays("mpv", "A")] {
        players.handle(at(10_000), observation);
    }
    players.handle(at(13_000), Observation::Tick);
    assert_eq!(title(players.decision()), "A");
    players.handle(at(14_000), Observation::Switched(false));
    assert_eq!(players.skip(at(14_000)), Err(Unskippable::Nothing));
    players.handle(at(14_000), Observation::Switched(true));
    players.handle(at(15_000), manual("vinyl"));
    assert_eq!(players.skip(at(15_000)), Err(Unskippable::ByHand));
}

#[test]
fn a_skip_can_be_handed_on_to_another_process() {
    let mut before = Players::new(Rules::default());
    [appears("mpv"), plays("mpv", "A")].into_iter().for_each(|observation| before.handle(at(0), observation));
    before.skip(at(1_000)).expect("there is something to skip");
    let check = |played: &str, expected: &str| {
        let mut players = Players::new(Rules::default());
        let skipped = Observation::Skipped(before.skipped().cloned());
        for observation in [skipped, appears("mpv"), plays("mpv", ""), plays("mpv", played)] {
            players.handle(at(0), observation);
        }
        players.handle(at(3_000), Observation::Tick);
        assert_eq!(title(players.decision()), expected);
        assert_eq!(players.skipped().is_some(), expected == "-");
    };
    check("A", "-");
    check("B", "B");
}

#[test]
fn a_hold_withdraws_whatever_is_published_and_ends_by_the_wall_clock_or_resume() {
    let held = Observation::Held(Some(Hold::Until(wall(60_000))));
    let mut players = Players::new(Rules::default());
    for (millis, observation) in both(vec![(20_000, held.clone()), (30_000, plays("vlc", "W"))]) {
        players.handle(at(millis), observation);
    }
    assert_eq!((players.decision().state, players.decision().reason.clone()), (State::Held, Some(Reason::Held)));
    assert_eq!((players.until(), players.expiry()), (Some(wall(60_000)), Some(wall(60_000))));
    players.handle(at(59_999), Observation::Tick);
    assert_eq!(title(players.decision()), "-");
    players.handle(at(60_000), Observation::Tick);
    assert_eq!((title(players.decision()).as_str(), players.expiry()), ("W", None), "it has long settled");
    // The clock may be set: only what it shows counts.
    players.handle(at(61_000), Observation::Held(Some(Hold::Until(wall(100_000)))));
    players.handle(Now { moment: Moment::from_millis(62_000), wall: wall(100_001) }, Observation::Tick);
    assert_eq!(title(players.decision()), "W");
    players.handle(at(63_000), Observation::Held(Some(Hold::Open)));
    assert_eq!((title(players.decision()).as_str(), players.until(), players.expiry()), ("-", None, None));
    players.handle(at(64_000), manual("vinyl"));
    assert_eq!(players.decision().state, State::Held);
    players.handle(at(65_000), Observation::Held(None));
    assert_eq!(title(players.decision()), "vinyl");
    players.handle(at(65_000), Observation::Held(Some(Hold::Open)));
    players.handle(at(66_000), Observation::Switched(false));
    assert_eq!(players.decision().state, State::Off);
}

#[test]
fn a_tune_by_hand_may_end_by_itself() {
    let mut players = Players::new(Rules::default());
    let Observation::Manual(vinyl, _) = manual("vinyl") else { unreachable!("it is one") };
    for (millis, observation) in both(vec![(20_000, Observation::Manual(vinyl, Some(wall(60_000))))]) {
        players.handle(at(millis), observation);
    }
    assert_eq!((title(players.decision()).as_str(), players.until()), ("vinyl", Some(wall(60_000))));
    players.handle(at(30_000), Observation::Held(Some(Hold::Until(wall(40_000)))));
    assert_eq!((players.until(), players.expiry()), (Some(wall(40_000)), Some(wall(40_000))));
    players.handle(at(40_000), Observation::Tick);
    assert_eq!((title(players.decision()).as_str(), players.expiry()), ("vinyl", Some(wall(60_000))));
    players.handle(at(60_000), Observation::Tick);
    assert_eq!((title(players.decision()).as_str(), players.expiry()), ("V", None));
    players.handle(at(70_000), says("vlc", None, "W"));
    assert_eq!(players.present().map(|(tune, player)| (tune.title, player)), Some((Some("W".to_owned()), "vlc")));
}
