//! Who is believed about the person, and what follows when.

use proptest::prelude::*;

use super::Sign::{Absent, Present};
use super::Source::{Compositor, IdleHint, LockedHint, Mutter, ScreenSaver};
use super::*;

const START: u64 = 10_000_000;

fn at(seconds: u64) -> Now {
    let wall = i64::try_from(seconds).unwrap() * 1_000;
    Now { moment: Moment::from_millis(START + seconds * 1_000), wall: Wall::from_unix_millis(wall) }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn rules(away: Option<u64>, xa: Option<u64>) -> Rules {
    Rules { away_after: away.map(seconds), xa_after: xa.map(seconds), tells_since: false }
}

#[test]
fn an_absence_counts_when_it_has_lasted_and_a_lock_at_once() {
    let check = |rules: Rules, source: Source, sign: Sign, later: u64, expected: Option<Show>| {
        let mut idleness = Idleness::new(rules);
        idleness.hear(source, Some(sign), at(0));
        let shown = idleness.layer(at(later).moment).map(|idle| idle.show);
        assert_eq!(shown, expected, "{rules:?}, {source:?} {sign:?}, {later} s later");
    };
    let both = rules(Some(600), Some(1_800));
    let (away, xa) = (Some(Show::Away), Some(Show::Xa));
    for source in [Compositor, Mutter, IdleHint] {
        check(both, source, Absent(seconds(0)), 599, None);
        check(both, source, Absent(seconds(0)), 600, away);
        check(both, source, Absent(seconds(600)), 0, away);
        check(both, source, Absent(seconds(600)), 1_199, away);
        check(both, source, Absent(seconds(600)), 1_200, xa);
        check(both, source, Present, 9_999, None);
        check(rules(None, Some(600)), source, Absent(seconds(0)), 600, xa);
        // Whoever wants xa first has it first.
        check(rules(Some(600), Some(60)), source, Absent(seconds(0)), 60, xa);
        check(rules(None, None), source, Absent(seconds(9_999)), 9_999, None);
    }
    for source in [LockedHint, ScreenSaver] {
        check(both, source, Absent(seconds(0)), 0, away);
        check(both, source, Absent(seconds(0)), 1_799, away);
        check(both, source, Absent(seconds(0)), 1_800, xa);
        check(both, source, Present, 9_999, None);
        check(rules(None, Some(600)), source, Absent(seconds(0)), 599, None);
        check(rules(None, Some(600)), source, Absent(seconds(0)), 600, xa);
        check(rules(None, None), source, Absent(seconds(0)), 9_999, None);
    }
    // Since before the machine started: no more than that is known.
    check(both, Mutter, Absent(Duration::MAX), 0, xa);
}

#[test]
fn the_best_measure_is_believed_and_a_lock_whatever_is_measured() {
    let gone = Absent(seconds(600));
    let check = |heard: &[(Source, Sign)], expected: Option<&str>| {
        let mut idleness = Idleness::new(rules(Some(600), None));
        heard.iter().for_each(|(source, sign)| idleness.hear(*source, Some(*sign), at(0)));
        assert_eq!(idleness.layer(at(0).moment).map(|idle| idle.by), expected, "{heard:?}");
    };
    check(&[], None);
    check(&[(Compositor, Present), (Mutter, gone), (IdleHint, gone)], None);
    check(&[(Compositor, gone), (Mutter, Present), (IdleHint, Present)], Some("compositor"));
    check(&[(Mutter, Present), (IdleHint, gone)], None);
    check(&[(Mutter, gone), (IdleHint, Present)], Some("mutter"));
    check(&[(IdleHint, gone)], Some("logind idle"));
    check(&[(Compositor, Present), (LockedHint, gone)], Some("logind locked"));
    check(&[(LockedHint, Present), (ScreenSaver, gone)], Some("screensaver"));
    check(&[(LockedHint, Present), (ScreenSaver, Present)], None);
}

#[test]
fn who_leaves_is_not_believed_any_more_and_the_next_one_is() {
    let mut idleness = Idleness::new(rules(Some(600), None));
    idleness.hear(Mutter, Some(Present), at(0));
    idleness.hear(IdleHint, Some(Absent(seconds(600))), at(0));
    assert_eq!(idleness.layer(at(0).moment), None);
    let counts = |idleness: &Idleness| idleness.opinions().iter().map(|it| (it.source, it.counts)).collect::<Vec<_>>();
    assert_eq!(counts(&idleness), [(Mutter, true), (IdleHint, false)]);
    idleness.hear(Mutter, None, at(1));
    assert_eq!(idleness.layer(at(1).moment).map(|idle| idle.show), Some(Show::Away));
    assert_eq!(counts(&idleness), [(IdleHint, true)]);
    idleness.hear(IdleHint, None, at(2));
    assert_eq!(idleness.layer(at(2).moment), None);
}

#[test]
fn the_longer_absence_decides_and_contacts_learn_since_when_only_if_that_is_wanted() {
    let mut idleness = Idleness::new(rules(Some(60), Some(600)));
    idleness.hear(Mutter, Some(Absent(seconds(600))), at(1_000));
    idleness.hear(LockedHint, Some(Absent(seconds(0))), at(1_000));
    let idle = Idle { show: Show::Xa, since: None, by: "mutter" };
    assert_eq!(idleness.layer(at(1_000).moment), Some(idle));
    let tells = Rules { tells_since: true, ..rules(Some(60), Some(600)) };
    idleness.set_rules(tells);
    // The clock may have been set meanwhile, and who repeats himself says nothing new.
    idleness.hear(Mutter, Some(Absent(seconds(10))), at(1_000));
    let idle = idleness.layer(at(1_700).moment).unwrap();
    assert_eq!((idle.show, idle.since), (Show::Xa, Some(Wall::from_unix_millis(400_000))));
}

#[test]
fn there_is_a_next_look_as_long_as_something_is_to_follow() {
    let check = |heard: &[(Source, Sign)], now: u64, expected: Option<u64>| {
        let mut idleness = Idleness::new(rules(Some(60), Some(600)));
        heard.iter().for_each(|(source, sign)| idleness.hear(*source, Some(*sign), at(0)));
        let expected = expected.map(|expected| at(expected).moment);
        assert_eq!(idleness.deadline(at(now).moment), expected, "{heard:?} at {now}");
    };
    let absent = Absent(seconds(0));
    check(&[], 0, None);
    check(&[(Mutter, Present)], 0, None);
    check(&[(Mutter, absent)], 0, Some(60));
    check(&[(Mutter, absent)], 60, Some(600));
    check(&[(Mutter, absent)], 600, None);
    check(&[(Mutter, Present), (IdleHint, absent)], 0, None);
    check(&[(Mutter, Absent(seconds(30))), (LockedHint, absent)], 0, Some(30));
}

fn heard() -> impl Strategy<Value = Vec<(Source, Option<Sign>, u64)>> {
    let sign = prop::option::weighted(
        0.9,
        prop_oneof![Just(Present), (0u64..4_000).prop_map(|lasted| Absent(seconds(lasted)))],
    );
    prop::collection::vec((prop::sample::select(&Source::ALL[..]), sign, 0u64..500), 0..20)
}

proptest! {
    #[test]
    fn between_two_deadlines_nothing_changes(heard in heard(), away in 1u64..2_000, xa in 1u64..2_000, later in 0u64..3_000) {
        let mut idleness = Idleness::new(rules(Some(away), Some(xa)));
        let mut now = 5_000;
        for (source, sign, passed) in heard {
            now += passed;
            idleness.hear(source, sign, at(now));
        }
        let before = idleness.layer(at(now).moment);
        let point = at(now + later).moment;
        if idleness.deadline(at(now).moment).is_none_or(|deadline| point < deadline) {
            prop_assert_eq!(idleness.layer(point), before);
        }
        if let Some(idle) = idleness.layer(point) {
            prop_assert!(matches!(idle.show, Show::Away | Show::Xa));
        }
    }
}
