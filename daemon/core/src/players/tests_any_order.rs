//! What holds in any order of events.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 4] = ["mpv", "vlc", "spotify", "firefox"];

fn playback() -> impl Strategy<Value = Playback> {
    prop_oneof![Just(Playback::Playing), Just(Playback::Paused), Just(Playback::Stopped)]
}

fn metadata() -> impl Strategy<Value = Metadata> {
    (prop::option::of("[A-C]"), prop::bool::ANY).prop_map(|(title, private)| {
        let url = private.then(|| "file:///private/x".to_owned());
        Metadata { title, url, ..Metadata::default() }
    })
}

fn observation() -> impl Strategy<Value = Observation> {
    let name = || prop::sample::select(&NAMES[..]).prop_map(str::to_owned);
    prop_oneof![
        3 => name().prop_map(|name| Observation::Appeared { id: name.clone(), name, identity: None }),
        9 => (name(), prop::option::of(playback()), prop::option::of(metadata()))
            .prop_map(|(id, playback, metadata)| Observation::Changed { id, playback, metadata }),
        2 => (prop::option::of(playback()), prop::option::of(metadata())).prop_map(|(playback, metadata)| {
            Observation::Posted(Post { playback, metadata, ..Post::default() }, Duration::from_secs(60))
        }),
        1 => name().prop_map(|id| Observation::Vanished { id }),
        1 => prop::bool::weighted(0.8).prop_map(Observation::Switched),
        1 => prop::option::weighted(0.3, "[X-Z]").prop_map(|title| {
            Observation::Manual(title.map(|title| Track { title: Some(title), ..Track::default() }), None)
        }),
        1 => prop::option::weighted(0.3, Just(Hold::Open)).prop_map(Observation::Held),
        1 => prop::option::weighted(0.5, name()).prop_map(Observation::Pinned),
        1 => Just(Observation::Tick),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let on_pause =
        prop_oneof![Just(OnPause::Clear), Just(OnPause::Keep), Just(OnPause::After(Duration::from_secs(4))),];
    (on_pause, prop::bool::ANY).prop_map(|(on_pause, ranked)| {
        let mut rules = Rules { on_pause, ..Rules::default() };
        rules.deny_url.extend(Pattern::url("file:///private/*"));
        if ranked {
            rules.allow = ["vlc", "*"].into_iter().flat_map(Pattern::player).collect();
        }
        rules
    })
}

fn at(millis: u64) -> Now {
    Now { moment: Moment::from_millis(millis), ..Now::default() }
}

/// The tunes one of which must be out after a long calm, told from the listing alone.
fn tunes_after_calm(players: &Players, rules: &Rules) -> Vec<Option<Track>> {
    match players.listing().into_iter().find(Listed::is_chosen) {
        Some(chosen) if chosen.playback == Playback::Playing => vec![chosen.tune],
        Some(chosen) if rules.on_pause == OnPause::Keep => vec![None, chosen.tune],
        Some(_) | None => vec![None],
    }
}

proptest! {
    #[test]
    fn calm_ends_with_the_chosen_players_track(
        rules in rules(),
        steps in prop::collection::vec((0u64..6000, observation()), 0..60),
    ) {
        let mut players = Players::new(rules.clone());
        let (mut millis, mut on, mut held, mut manual) = (0, true, None, None);
        for (gap, observation) in steps {
            millis += gap;
            match &observation {
                Observation::Switched(to) => on = *to,
                Observation::Held(hold) => held = *hold,
                Observation::Manual(track, _) => manual.clone_from(track),
                Observation::Appeared { .. }
                | Observation::Changed { .. }
                | Observation::Posted(..)
                | Observation::Vanished { .. }
                | Observation::Pinned(_)
                | Observation::Skipped(_)
                | Observation::Tick => {}
            }
            let before = players.decision().tune.clone();
            players.handle(at(millis), observation);
            prop_assert!(players.deadline().is_none_or(|deadline| deadline > Moment::from_millis(millis)));
            let decision = players.decision();
            prop_assert_eq!(decision.tune.is_none(), decision.reason.is_some());
            // What is new must be a script's, or allowed and followed.
            if decision.tune.is_some() && decision.tune != before && manual.is_none() {
                prop_assert!(on && held.is_none());
                let listing = players.listing();
                let chosen = listing.iter().find(|player| player.is_chosen()).expect("a chosen player");
                prop_assert_eq!(&chosen.tune, &decision.tune);
                prop_assert!(chosen.rule.rank().is_some() && chosen.player != "firefox");
            }
        }
        let mut ticks = 0;
        while let Some(deadline) = players.deadline() {
            players.handle(at(deadline.as_millis()), Observation::Tick);
            ticks += 1;
            prop_assert!(ticks < 5, "the deadlines come to an end");
        }
        let tune = players.decision().tune.clone();
        if !on || held.is_some() {
            prop_assert_eq!(tune, None);
        } else if manual.is_some() {
            prop_assert_eq!(tune, manual);
        } else {
            prop_assert!(tunes_after_calm(&players, &rules).contains(&tune));
        }
    }

    #[test]
    fn nothing_is_published_before_it_has_settled(
        steps in prop::collection::vec((0u64..2999, prop::sample::select(&["A", "B", "C"][..])), 2..40),
    ) {
        let mut players = Players::new(Rules::default());
        players.handle(at(0), Observation::Appeared { id: "mpv".into(), name: "mpv".into(), identity: None });
        let (mut millis, mut last, mut since) = (0, "", 0);
        for (gap, title) in steps {
            millis += gap;
            if title != last {
                (last, since) = (title, millis);
            }
            let metadata = Some(Metadata { title: Some(title.to_owned()), ..Metadata::default() });
            let before = players.decision().tune.clone();
            let playback = Some(Playback::Playing);
            players.handle(at(millis), Observation::Changed { id: "mpv".into(), playback, metadata });
            if players.decision().tune != before {
                prop_assert!(millis - since >= 3000);
            }
        }
    }
}
