//! What becomes of what is posted, told as scripts under virtual time.

use std::time::Duration;

use super::tests::{PAUSED, PLAYING, STOPPED, appears, check, now, patterns, plays, vanishes};
use super::*;

const PATIENCE: Duration = Duration::from_secs(900);

fn post(playback: Option<Playback>, title: &str, seconds: Option<u64>) -> Observation {
    let metadata = Some(Metadata { title: Some(title.to_owned()), ..Metadata::default() });
    let metadata = metadata.filter(|_| !title.is_empty());
    Observation::Posted(Post { playback, metadata, player: None, lasts: seconds.map(Duration::from_secs) }, PATIENCE)
}

#[test]
fn a_post_is_published_once_it_has_settled_and_withdrawn_at_a_pause_or_stop() {
    check(
        Rules::default(),
        vec![(1000, post(PLAYING, "A", None)), (60_000, post(PAUSED, "", None))],
        &["4.0 A", "60.0 -"],
    );
    let script =
        vec![(1000, post(PLAYING, "A", None)), (20_000, post(PLAYING, "B", None)), (60_000, post(STOPPED, "", None))];
    check(Rules::default(), script, &["4.0 A", "23.0 B", "61.0 -"]);
    let script =
        vec![(0, post(PLAYING, "A", None)), (1000, post(PLAYING, "B", None)), (2000, post(PLAYING, "C", None))];
    check(Rules::default(), script, &["5.0 C"]);
}

#[test]
fn a_post_is_believed_for_its_length_or_for_as_long_as_is_configured() {
    let later = |millis| (millis, appears("mpv"));
    check(Rules::default(), vec![(0, post(PLAYING, "A", None)), later(1_000_000)], &["3.0 A", "900.0 -"]);
    check(Rules::default(), vec![(0, post(PLAYING, "A", Some(270))), later(1_000_000)], &["3.0 A", "270.0 -"]);
    // Whoever posts the same again goes on, and whoever pauses may be away for longer than the song lasts.
    let script = vec![(0, post(PLAYING, "A", Some(270))), (200_000, post(PLAYING, "A", Some(270))), later(1_000_000)];
    check(Rules::default(), script, &["3.0 A", "470.0 -"]);
    let keep = Rules { on_pause: OnPause::Keep, ..Rules::default() };
    check(
        keep,
        vec![(0, post(PLAYING, "A", Some(60))), (50_000, post(PAUSED, "", None)), later(2_000_000)],
        &["3.0 A", "950.0 -"],
    );
    let players = check(Rules::default(), vec![(0, post(PLAYING, "A", Some(60))), later(70_000)], &["3.0 A", "60.0 -"]);
    assert_eq!(players.listing().len(), 1, "mpv alone is left");
}

#[test]
fn posts_are_ranked_and_denied_like_a_player_of_that_name() {
    let rules = Rules { allow: patterns(&["webhook", "*"]), ..Rules::default() };
    let script = vec![
        (0, appears("mpv")),
        (0, plays("mpv", "M")),
        (10_000, post(PLAYING, "A", None)),
        (20_000, post(STOPPED, "", None)),
    ];
    check(rules, script.clone(), &["3.0 M", "13.0 A", "20.0 M"]);
    let denied = Rules { deny: patterns(&["webhook"]), ..Rules::default() };
    let players = check(denied, script, &["3.0 M"]);
    let listed = players.listing();
    assert_eq!((listed[1].bus_name.as_str(), listed[1].rule.to_string().as_str()), ("webhook", "deny \"webhook\""));
}

#[test]
fn what_a_denied_player_plays_may_be_posted_and_no_player_is_taken_for_an_echo_of_posts() {
    let script = vec![(0, appears("firefox")), (0, plays("firefox", "A")), (5000, post(PLAYING, "A", None))];
    check(Rules::default(), script, &["8.0 A"]);
    let script = vec![
        (0, post(PLAYING, "A", None)),
        (5000, appears("mpv")),
        (5000, plays("mpv", "A")),
        (9000, post(STOPPED, "", None)),
    ];
    check(Rules::default(), script, &["3.0 A"]);
}

#[test]
fn a_closed_webhook_takes_its_song_along_and_others_are_never_too_many_for_it() {
    check(Rules::default(), vec![(0, post(PLAYING, "A", None)), (9000, vanishes(POSTED))], &["3.0 A", "9.0 -"]);
    let mut players = Players::new(Rules::default());
    for number in 0..MAX_PLAYERS {
        players.handle(now(0), appears(&format!("mpv{number}")));
    }
    players.handle(now(0), post(PLAYING, "A", None));
    assert_eq!(players.listing().len(), MAX_PLAYERS + 1);
    assert_eq!(players.deadline(), Some(Moment::from_millis(3000)));
}
