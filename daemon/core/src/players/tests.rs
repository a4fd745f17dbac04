//! What is published when, told as scripts under virtual time.

use std::time::Duration;

use super::*;

pub(super) const PAUSED: Option<Playback> = Some(Playback::Paused);
pub(super) const PLAYING: Option<Playback> = Some(Playback::Playing);
pub(super) const STOPPED: Option<Playback> = Some(Playback::Stopped);

pub(super) fn now(millis: u64) -> Now {
    Now { moment: Moment::from_millis(millis), ..Now::default() }
}

pub(super) fn appears(name: &str) -> Observation {
    Observation::Appeared { id: name.to_owned(), name: name.to_owned(), identity: None }
}

pub(super) fn does(name: &str, playback: Option<Playback>) -> Observation {
    Observation::Changed { id: name.to_owned(), playback, metadata: None }
}

pub(super) fn says(name: &str, playback: Option<Playback>, title: &str) -> Observation {
    let title = Some(title.to_owned()).filter(|title| !title.is_empty());
    let metadata = Some(Metadata { title, ..Metadata::default() });
    Observation::Changed { id: name.to_owned(), playback, metadata }
}

pub(super) fn plays(name: &str, title: &str) -> Observation {
    says(name, PLAYING, title)
}

pub(super) fn vanishes(name: &str) -> Observation {
    Observation::Vanished { id: name.to_owned() }
}

pub(super) fn manual(title: &str) -> Observation {
    Observation::Manual(Some(Track { title: Some(title.to_owned()), ..Track::default() }), None)
}

pub(super) fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::player(text).expect("a pattern")).collect()
}

pub(super) fn on_pause(on_pause: OnPause) -> Rules {
    Rules { on_pause, ..Rules::default() }
}

pub(super) fn title(decision: &Decision) -> String {
    decision.tune.as_ref().and_then(|tune| tune.title.clone()).unwrap_or_else(|| "-".to_owned())
}

/// Plays the script, each step at its millisecond, and a minute of calm. `expected` is every change of the published
/// tune as `second title`, `-` for none.
pub(super) fn check(rules: Rules, script: Vec<(u64, Observation)>, expected: &[&str]) -> Players {
    let mut players = Players::new(rules);
    let mut log: Vec<String> = Vec::new();
    let mut seen = "-".to_owned();
    let mut note = |players: &Players, millis: u64| {
        let title = title(players.decision());
        assert_eq!(players.decision().reason.is_none(), players.decision().tune.is_some());
        if title != seen {
            log.push(format!("{}.{} {title}", millis / 1000, millis % 1000 / 100));
            seen = title;
        }
    };
    let described = format!("{script:?}");
    let end = script.last().map_or(0, |(millis, _)| millis + 60_000);
    for (millis, observation) in script.into_iter().chain([(end, Observation::Tick)]) {
        while let Some(deadline) = players.deadline().filter(|deadline| deadline.as_millis() <= millis) {
            players.handle(now(deadline.as_millis()), Observation::Tick);
            assert!(players.deadline().is_none_or(|next| next > deadline), "a deadline passes: {described}");
            note(&players, deadline.as_millis());
        }
        players.handle(now(millis), observation);
        note(&players, millis);
    }
    assert_eq!(log, expected, "{described}");
    players
}

#[test]
fn a_track_is_published_once_it_has_settled_and_replaced_in_one_publish() {
    let script = vec![(0, appears("mpv")), (1000, plays("mpv", "A")), (60_000, plays("mpv", "B"))];
    check(Rules::default(), script, &["4.0 A", "63.0 B"]);
    let script =
        vec![(0, appears("mpv")), (1000, plays("mpv", "A")), (2000, plays("mpv", "A")), (3000, plays("mpv", "A"))];
    check(Rules::default(), script, &["4.0 A"]);
    let at_once = Rules { settle: Duration::ZERO, ..Rules::default() };
    check(
        at_once,
        vec![(0, appears("mpv")), (1000, plays("mpv", "A")), (1100, plays("mpv", "B"))],
        &["1.0 A", "1.1 B"],
    );
}

#[test]
fn twenty_skips_in_five_seconds_publish_one_tune() {
    let mut script = vec![(0, appears("mpv")), (0, plays("mpv", "first"))];
    script.extend((1..=20).map(|skip| (10_000 + skip * 250, plays("mpv", &format!("skip {skip}")))));
    check(Rules::default(), script, &["3.0 first", "18.0 skip 20"]);
}

#[test]
fn flicker_of_the_metadata_is_not_seen() {
    let script = vec![
        (0, appears("mpv")),
        (0, plays("mpv", "A")),
        (9000, says("mpv", None, "")),
        (10_000, says("mpv", None, "A")),
        (20_000, says("mpv", None, "")),
        (20_900, says("mpv", None, "B")),
    ];
    check(Rules::default(), script, &["3.0 A", "23.9 B"]);
    let empties = vec![(0, appears("mpv")), (0, plays("mpv", "A")), (9000, says("mpv", None, ""))];
    let players = check(Rules::default(), empties, &["3.0 A", "12.0 -"]);
    assert_eq!(players.decision().reason, Some(Reason::NothingToTell));
}

#[test]
fn a_stream_that_grows_is_published_once_and_its_length_when_it_is_known() {
    let grown = |seconds: i64| Observation::Changed {
        id: "mpv".to_owned(),
        playback: PLAYING,
        metadata: Some(Metadata {
            title: Some("live".to_owned()),
            length_micros: Some(seconds * 1_000_000),
            ..Metadata::default()
        }),
    };
    let mut players = Players::new(Rules::default());
    players.handle(now(0), appears("mpv"));
    let mut lengths = Vec::new();
    let mut note = |players: &Players| {
        let length = players.decision().tune.as_ref().and_then(|tune| tune.length).map(|length| length.as_secs());
        if lengths.last() != Some(&length) {
            lengths.push(length);
        }
    };
    for second in 1..30 {
        players.handle(now(second * 1000), grown(second.cast_signed()));
        note(&players);
    }
    players.handle(now(40_000), Observation::Tick);
    note(&players);
    assert_eq!(lengths, [None, Some(4), Some(29)]);
}

#[test]
fn a_tune_is_withdrawn_at_once_when_its_player_goes_and_a_moment_after_it_stops() {
    let begin = || vec![(0, appears("mpv")), (0, plays("mpv", "A"))];
    let with = |step: Observation| begin().into_iter().chain([(9000, step)]).collect();
    check(Rules::default(), with(does("mpv", STOPPED)), &["3.0 A", "10.0 -"]);
    let at_once = Rules { settle: Duration::ZERO, ..Rules::default() };
    check(at_once, with(does("mpv", STOPPED)), &["0.0 A", "9.0 -"]);
    check(Rules::default(), with(vanishes("mpv")), &["3.0 A", "9.0 -"]);
    check(Rules::default(), with(Observation::Switched(false)), &["3.0 A", "9.0 -"]);
    check(on_pause(OnPause::Keep), with(does("mpv", STOPPED)), &["3.0 A", "10.0 -"]);
    let and_then = |step: Observation| {
        let stopped = begin().into_iter().chain([(9000, does("mpv", STOPPED))]);
        stopped.chain([(9500, step)]).collect::<Vec<_>>()
    };
    check(Rules::default(), and_then(plays("mpv", "B")), &["3.0 A", "12.5 B"]);
    check(Rules::default(), and_then(plays("mpv", "A")), &["3.0 A"]);
    for step in
        [vanishes("mpv"), does("mpv", PAUSED), Observation::Switched(false), Observation::Held(Some(Hold::Open))]
    {
        check(Rules::default(), and_then(step), &["3.0 A", "9.5 -"]);
    }
    check(Rules::default(), vec![(0, appears("mpv")), (0, plays("mpv", "A")), (1000, vanishes("mpv"))], &[]);
}

#[test]
fn a_pause_is_treated_as_the_rules_say() {
    let pause = |until: u64| {
        vec![(0, appears("mpv")), (0, plays("mpv", "A")), (10_000, does("mpv", PAUSED)), (until, does("mpv", PLAYING))]
    };
    check(Rules::default(), pause(20_000), &["3.0 A", "10.0 -", "23.0 A"]);
    check(on_pause(OnPause::Keep), pause(20_000), &["3.0 A"]);
    check(on_pause(OnPause::After(Duration::from_secs(5))), pause(14_000), &["3.0 A"]);
    check(on_pause(OnPause::After(Duration::from_secs(5))), pause(20_000), &["3.0 A", "15.0 -", "23.0 A"]);
    let paused_from_the_start = vec![(0, appears("mpv")), (0, says("mpv", PAUSED, "A"))];
    let players = check(on_pause(OnPause::Keep), paused_from_the_start, &[]);
    assert_eq!(players.decision().reason, Some(Reason::Paused));
    let skipped_while_paused =
        vec![(0, appears("mpv")), (0, plays("mpv", "A")), (9000, does("mpv", PAUSED)), (9500, says("mpv", None, "B"))];
    check(on_pause(OnPause::Keep), skipped_while_paused, &["3.0 A", "12.5 B"]);
}

#[test]
fn a_kept_tune_gives_way_to_another_player() {
    let paused = |more: Vec<(u64, Observation)>| {
        let begin =
            vec![(0, appears("mpv")), (0, plays("mpv", "A")), (10_000, does("mpv", PAUSED)), (14_000, appears("vlc"))];
        begin.into_iter().chain(more).collect::<Vec<_>>()
    };
    let other_plays = || paused(vec![(14_000, plays("vlc", "B"))]);
    let other_is_paused = paused(vec![(14_000, says("vlc", PAUSED, "B"))]);
    check(on_pause(OnPause::Keep), other_is_paused, &["3.0 A", "14.0 -"]);
    check(on_pause(OnPause::Keep), other_plays(), &["3.0 A", "17.0 B"]);
    check(on_pause(OnPause::After(Duration::from_secs(5))), other_plays(), &["3.0 A", "15.0 -", "17.0 B"]);
}

#[test]
fn who_plays_comes_first_then_who_ranks_higher_then_who_was_active_last() {
    let both = |more: Vec<(u64, Observation)>| {
        let begin = vec![(0, appears("mpv")), (0, appears("vlc")), (0, plays("mpv", "M")), (10_000, plays("vlc", "V"))];
        begin.into_iter().chain(more).collect::<Vec<_>>()
    };
    check(Rules::default(), both(vec![]), &["3.0 M", "13.0 V"]);
    check(Rules::default(), both(vec![(20_000, plays("mpv", "N"))]), &["3.0 M", "13.0 V"]);
    check(Rules::default(), both(vec![(20_000, does("vlc", PAUSED))]), &["3.0 M", "13.0 V", "20.0 M"]);
    check(Rules::default(), both(vec![(20_000, vanishes("vlc"))]), &["3.0 M", "13.0 V", "20.0 M"]);
    let ranked = || Rules { allow: patterns(&["mpv", "*"]), ..Rules::default() };
    check(ranked(), both(vec![]), &["3.0 M"]);
    check(ranked(), both(vec![(20_000, does("mpv", PAUSED))]), &["3.0 M", "20.0 V"]);
    // The tune of a player that plays on stays until the other's has settled.
    let taken_over =
        vec![(0, appears("vlc")), (0, plays("vlc", "V")), (9000, appears("mpv")), (9000, plays("mpv", "M"))];
    let players = check(ranked(), taken_over, &["3.0 V", "12.0 M"]);
    assert_eq!(players.decision().player.as_deref(), Some("mpv"));
    // The same song in another player is no news.
    check(
        Rules::default(),
        vec![(0, appears("a")), (0, plays("a", "S")), (9000, appears("b")), (9000, plays("b", "S"))],
        &["3.0 S"],
    );
}

#[test]
fn what_is_denied_is_never_published() {
    let script = vec![(0, appears("firefox.instance_1_2")), (0, plays("firefox.instance_1_2", "private"))];
    let players = check(Rules::default(), script, &[]);
    let reason = players.decision().reason.as_ref().map(ToString::to_string);
    assert_eq!(reason.as_deref(), Some("firefox is playing, but not to be told: deny \"firefox\""));
    let private = Pattern::url("file:///private/*").expect("a pattern");
    let rules = || Rules { deny_url: vec![private.clone()], ..Rules::default() };
    let from = |title: &str, url: &str| {
        let metadata = Metadata { title: Some(title.to_owned()), url: Some(url.to_owned()), ..Metadata::default() };
        Observation::Changed { id: "mpv".to_owned(), playback: PLAYING, metadata: Some(metadata) }
    };
    let then = |step| vec![(0, appears("mpv")), (0, from("A", "file:///music/a")), (9000, step)];
    check(rules(), then(from("diary", "file:///private/diary")), &["3.0 A", "9.0 -"]);
    check(rules(), then(from("A", "file:///private/a")), &["3.0 A", "9.0 -"]);
    check(rules(), then(from("A", "file:///music/b")), &["3.0 A"]);
}

#[test]
fn a_scripts_tune_overrides_all_until_it_is_cleared() {
    let script = vec![
        (0, appears("mpv")),
        (0, plays("mpv", "A")),
        (9000, manual("vinyl")),
        (10_000, plays("mpv", "B")),
        (20_000, Observation::Manual(None, None)),
        (30_000, manual("radio")),
        (31_000, Observation::Switched(false)),
        (32_000, Observation::Switched(true)),
        (33_000, Observation::Manual(Some(Track::default()), None)),
    ];
    check(Rules::default(), script, &["3.0 A", "9.0 vinyl", "20.0 B", "30.0 radio", "31.0 -", "32.0 radio", "33.0 -"]);
}

#[test]
fn an_address_is_published_only_by_permission() {
    let url = Some("https://music.example/a".to_owned());
    let metadata = Some(Metadata { url, ..Metadata::default() });
    let script = || {
        let changed = Observation::Changed { id: "mpv".to_owned(), playback: PLAYING, metadata: metadata.clone() };
        vec![(0, appears("mpv")), (0, changed)]
    };
    let withheld = check(Rules::default(), script(), &[]);
    assert_eq!(withheld.decision().reason, Some(Reason::NothingToTell));
    let mut allowed = check(Rules { publish_url: true, ..Rules::default() }, script(), &[]);
    let uri = |players: &Players| players.decision().tune.as_ref().and_then(|tune| tune.uri.clone());
    assert_eq!(uri(&allowed).as_deref(), Some("https://music.example/a"));
    allowed.set_rules(now(100_000), Rules::default());
    assert_eq!(uri(&allowed), None);
}

#[test]
fn the_listing_names_what_decided() {
    let mut players = Players::new(Rules::default());
    for observation in [
        Observation::Appeared {
            id: ":1.5".to_owned(),
            name: "vlc.instance77".to_owned(),
            identity: Some("VLC\u{1b} player".to_owned()),
        },
        appears("playerctld"),
        plays("playerctld", "A"),
        plays(":1.5", "A"),
    ] {
        players.handle(now(0), observation);
    }
    let tune = Some(Track { title: Some("A".to_owned()), ..Track::default() });
    let vlc = Listed {
        player: "vlc".to_owned(),
        bus_name: "org.mpris.MediaPlayer2.vlc.instance77".to_owned(),
        identity: Some("VLC player".to_owned()),
        playback: Playback::Playing,
        rule: Rule::Allow { pattern: "*".to_owned(), rank: 0 },
        standing: Standing::Followed(None),
        tune: tune.clone(),
    };
    let proxy = Listed {
        player: "playerctld".to_owned(),
        bus_name: "org.mpris.MediaPlayer2.playerctld".to_owned(),
        identity: None,
        rule: Rule::Deny("playerctld".to_owned()),
        standing: Standing::Denied,
        ..vlc.clone()
    };
    assert_eq!(players.listing(), [vlc, proxy]);
    let settling =
        Decision { state: State::Playing, tune: None, player: Some("vlc".to_owned()), reason: Some(Reason::Settling) };
    assert_eq!(players.decision(), &settling);
}

#[test]
fn no_crowd_and_no_giant_finds_room() {
    let mut players = Players::new(Rules::default());
    for number in 0..1000 {
        players.handle(now(0), appears(&format!("p{number}")));
    }
    players.handle(now(0), appears(&"x".repeat(256)));
    players.handle(now(0), vanishes("p0"));
    players.handle(now(0), appears(&"x".repeat(256)));
    assert_eq!(players.listing().len(), MAX_PLAYERS - 1);
    let huge = Some("x".repeat(16 << 20));
    let metadata = Metadata { title: huge.clone(), url: huge, ..Metadata::default() };
    players.handle(now(0), Observation::Changed { id: "p1".to_owned(), playback: PLAYING, metadata: Some(metadata) });
    players.handle(now(3000), Observation::Tick);
    assert_eq!(players.decision().tune.as_ref().and_then(|tune| tune.title.as_ref()).map(String::len), Some(512));
}
