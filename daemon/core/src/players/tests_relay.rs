//! Players that show what others play, told as scripts under virtual time.

use super::tests::{appears, check, patterns, plays, vanishes};
use super::*;

fn rules_of(players: &Players) -> Vec<String> {
    players.listing().into_iter().map(|player| format!("{}: {}", player.player, player.rule)).collect()
}

#[test]
fn a_proxy_of_any_name_does_not_tell_what_a_denied_player_plays() {
    let script = vec![
        (0, appears("mirror")),
        (0, appears("firefox")),
        (1_000, plays("mirror", "")),
        (1_000, plays("firefox", "")),
        (2_000, plays("firefox", "Private")),
        (2_100, plays("mirror", "Private")),
        // It is slow to follow, and does not see at once that the other has gone.
        (20_000, plays("firefox", "More")),
        (21_000, plays("mirror", "More")),
        (30_000, vanishes("firefox")),
    ];
    let players = check(Rules::default(), script, &[]);
    assert_eq!(rules_of(&players), ["mirror: it shows what firefox plays"]);
    let own = vec![
        (0, appears("mirror")),
        (0, plays("mirror", "Private")),
        (10_000, appears("firefox")),
        (10_000, plays("firefox", "Other")),
    ];
    check(Rules::default(), own, &["3.0 Private"]);
}

#[test]
fn what_was_there_before_is_taken_for_a_proxy_of_what_is_denied() {
    for names in [["firefox", "mirror"], ["mirror", "firefox"]] {
        let script = names.into_iter().flat_map(|name| [(0, appears(name)), (0, plays(name, "Private"))]).collect();
        check(Rules::default(), script, &[]);
    }
    // One that is known to be a proxy is nobody's original, and one that is named in full is believed.
    let both = |first: &str, second: &str| {
        [first, second].into_iter().flat_map(|name| [(0, appears(name)), (0, plays(name, "Song"))]).collect::<Vec<_>>()
    };
    check(Rules::default(), both("playerctld", "mpv"), &["3.0 Song"]);
    check(Rules::default(), both("kdeconnect.mpris_1", "mpv"), &["3.0 Song"]);
    let named = Rules { allow: patterns(&["mirror", "*"]), ..Rules::default() };
    check(named, both("firefox", "mirror"), &["3.0 Song"]);
}

#[test]
fn of_two_that_may_be_told_the_one_that_told_it_first_is_the_one() {
    let allowed = || Rules { deny: Vec::new(), ..Rules::default() };
    let script = |proxy: &'static str| {
        vec![
            (0, appears(proxy)),
            (0, appears("mpv")),
            (1_000, plays("mpv", "A")),
            (1_010, plays(proxy, "A")),
            (60_000, plays("mpv", "B")),
            (60_010, plays(proxy, "B")),
        ]
    };
    // Found in the wrong order, they take their places with the next song.
    let found = vec![(0, appears("mirror")), (0, plays("mirror", "A")), (0, appears("mpv")), (0, plays("mpv", "A"))];
    let then = vec![(60_000, plays("mpv", "B")), (60_010, plays("mirror", "B"))];
    let players = check(allowed(), found.into_iter().chain(then).collect(), &["3.0 A", "63.0 B"]);
    assert_eq!(players.decision().player.as_deref(), Some("mpv"));
    for proxy in ["mirror", "playerctld"] {
        let players = check(allowed(), script(proxy), &["4.0 A", "63.0 B"]);
        assert_eq!(rules_of(&players), [format!("{proxy}: it shows what mpv plays"), "mpv: allow \"*\"".to_owned()]);
        assert_eq!(players.decision().player.as_deref(), Some("mpv"));
    }
}
