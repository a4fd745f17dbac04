//! Layers in any order of events, and their ends under a clock that stands, runs and is set.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::time::Wall;

const SHOWS: [Show; 7] = [Show::Online, Show::Chat, Show::Away, Show::Xa, Show::Dnd, Show::Offline, Show::Invisible];

/// What can befall layers.
#[derive(Clone, Debug)]
enum Event {
    Base(Presence),
    Timed(Option<Timed>),
    Idle(Option<Idle>),
    Scroll(Option<Scroll>),
    Hold(Overlay, Option<i64>),
    /// Of those held, the one at this place, if there are so many.
    Release(usize),
    ReleaseAll,
    /// The wall clock stands somewhere else: it ran, the machine slept, or somebody set it.
    Clock(i64),
}

/// The layers told from the events alone, each for itself and with no regard to the others.
#[derive(Clone, Debug)]
struct Told {
    base: Presence,
    idle: Option<Idle>,
    timed: Option<Timed>,
    scroll: Option<Scroll>,
    held: Vec<Held>,
}

fn show() -> impl Strategy<Value = Show> {
    prop::sample::select(&SHOWS[..])
}

fn status() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[a-c]")
}

fn overlay() -> impl Strategy<Value = Overlay> {
    (show(), status(), prop::option::of(-1i8..2)).prop_map(|(show, status, priority)| Overlay {
        show,
        status,
        priority,
    })
}

fn timed() -> impl Strategy<Value = Timed> {
    let then = prop::option::of((show(), status()).prop_map(|(show, status)| Then { show, status }));
    (overlay(), 0i64..100, then).prop_map(|(overlay, until, then)| Timed {
        overlay,
        until: Wall::from_unix_millis(until),
        then,
    })
}

fn scroll() -> impl Strategy<Value = Scroll> {
    ("[u-w]", prop::option::of(0i64..100))
        .prop_map(|(window, until)| Scroll { window, until: until.map(Wall::from_unix_millis) })
}

fn idle() -> impl Strategy<Value = Idle> {
    let since = prop::option::of((0i64..100).prop_map(Wall::from_unix_millis));
    let show = prop::sample::select(&[Show::Away, Show::Xa][..]);
    (show, since).prop_map(|(show, since)| Idle { show, since, by: "mutter" })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (show(), status(), -1i8..2)
            .prop_map(|(show, status, priority)| Event::Base(Presence { show, status, priority })),
        3 => prop::option::weighted(0.8, timed()).prop_map(Event::Timed),
        2 => prop::option::of(idle()).prop_map(Event::Idle),
        2 => prop::option::weighted(0.7, scroll()).prop_map(Event::Scroll),
        3 => (overlay(), prop::option::weighted(0.3, 0i64..100)).prop_map(|(overlay, until)| Event::Hold(overlay, until)),
        2 => (0usize..4).prop_map(Event::Release),
        1 => Just(Event::ReleaseAll),
        3 => (0i64..100).prop_map(Event::Clock),
    ]
}

/// One event on the machine; its clock is read after each of them.
fn befall(layers: &mut Layers, event: &Event, number: u64, wall: &mut i64) {
    match event.clone() {
        Event::Base(base) => layers.set_base(base),
        Event::Timed(timed) => layers.set_timed(timed),
        Event::Idle(idle) => layers.set_idle(idle),
        Event::Scroll(scroll) => layers.set_scroll(scroll),
        Event::Hold(overlay, until) => {
            layers.hold(Held { number, overlay, until: until.map(Wall::from_unix_millis), by: None });
        }
        Event::Release(place) => {
            if let Some(number) = layers.held().get(place).map(|held| held.number) {
                assert!(layers.release(number));
            }
        }
        Event::ReleaseAll => layers.release_all(),
        Event::Clock(at) => *wall = at,
    }
    layers.expire(Wall::from_unix_millis(*wall), drop);
}

impl Told {
    fn hear(&mut self, event: &Event, number: u64, wall: i64) {
        match event.clone() {
            Event::Base(base) => self.base = base,
            Event::Timed(timed) => self.timed = timed,
            Event::Idle(idle) => self.idle = idle,
            Event::Scroll(scroll) => self.scroll = scroll,
            Event::Hold(overlay, until) => {
                self.held.push(Held { number, overlay, until: until.map(Wall::from_unix_millis), by: None });
            }
            Event::Release(place) => {
                if place < self.held.len() {
                    self.held.remove(place);
                }
            }
            Event::ReleaseAll => self.held.clear(),
            Event::Clock(_) => {}
        }
        let due = |until: Wall| until.as_unix_millis() <= wall;
        self.held.retain(|held| !held.until.is_some_and(due));
        self.scroll.take_if(|scroll| scroll.until.is_some_and(due));
        if self.timed.as_ref().is_some_and(|timed| due(timed.until)) {
            let then = self.timed.take().and_then(|timed| timed.then);
            if let Some(Then { show, status }) = then {
                self.base = Presence { show, status, priority: self.base.priority };
            }
        }
    }

    /// Layers made from nothing, those that are held in the order that `turn` gives.
    fn layers(&self, turn: usize) -> Layers {
        let mut layers = Layers::new(Presence { show: Show::Offline, status: None, priority: 0 });
        let middle = turn % (self.held.len() + 1);
        for held in self.held[middle..].iter().rev().chain(&self.held[..middle]) {
            layers.hold(held.clone());
        }
        layers.set_scroll(self.scroll.clone());
        layers.set_timed(self.timed.clone());
        layers.set_idle(self.idle.clone());
        layers.set_base(self.base.clone());
        layers
    }
}

/// The seed of a run: `XMPPD_TESTS_SEED`, or one of this run's own. It is printed, so that a failure can be had again.
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    let named = std::env::var("XMPPD_TESTS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = named.unwrap_or_else(|| RandomState::new().hash_one("layers") % 1_000_000);
    println!("layers in any order: XMPPD_TESTS_SEED={seed}");
    seed
}

#[test]
fn any_order_of_events_gives_what_recomputing_from_nothing_gives() {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed().to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config { cases: 2_000, ..Config::default() }, random);
    let whens = prop::sample::select(&[StatusWhen::Empty, StatusWhen::Always, StatusWhen::Never][..]);
    let strategy = (prop::collection::vec(event(), 1..40), prop::option::of("[x-z]"), whens, 0usize..4);
    let result = runner.run(&strategy, |(events, tune, when, turn)| {
        let base = Presence { show: Show::Online, status: None, priority: 0 };
        let mut layers = Layers::new(base.clone());
        let mut told = Told { base, idle: None, timed: None, scroll: None, held: Vec::new() };
        let mut wall = 0;
        for (number, event) in (1..).zip(&events) {
            befall(&mut layers, event, number, &mut wall);
            told.hear(event, number, wall);
            let anew = told.layers(turn);
            prop_assert_eq!(&layers, &anew);
            let (live, from_nothing) = (compose(&layers, tune.as_deref(), when), compose(&anew, tune.as_deref(), when));
            prop_assert_eq!(&live, &from_nothing);
            is_explained(&layers, &live)?;
            is_never_over_what_idle_leaves_alone(&layers, &live)?;
        }
        Ok(())
    });
    result.unwrap();
}

/// Whoever asked for dnd, xa, invisible or offline has it, idle or not, and nobody learns since when they are idle.
fn is_never_over_what_idle_leaves_alone(layers: &Layers, composed: &Composed) -> Result<(), TestCaseError> {
    let mut active = layers.clone();
    active.set_idle(None);
    let without = compose(&active, composed.tune.as_ref().map(|it| it.text.as_str()), StatusWhen::Never);
    if matches!(without.presence.show, Show::Dnd | Show::Xa | Show::Invisible | Show::Offline) {
        prop_assert_eq!(composed.presence.show, without.presence.show);
        prop_assert_eq!(composed.idle_since, None);
    }
    prop_assert_eq!(composed.idle_since.is_some() && composed.show_from != Layer::Idle, false);
    prop_assert_eq!(composed.presence.priority, without.presence.priority);
    Ok(())
}

/// Each part of the result is decided by exactly one layer, and that layer says it.
fn is_explained(layers: &Layers, composed: &Composed) -> Result<(), TestCaseError> {
    let explained = explain(layers, composed);
    let by = |part: Part| explained.iter().filter(|row| row.decides.contains(&part)).collect::<Vec<_>>();
    let (show, status, priority) = (by(Part::Show), by(Part::Status), by(Part::Priority));
    prop_assert_eq!(show.len(), 1);
    prop_assert_eq!(show[0].sheet.show, Some(composed.presence.show));
    prop_assert_eq!(show[0].sheet.layer, composed.show_from);
    prop_assert_eq!(priority.len(), 1);
    prop_assert_eq!(priority[0].sheet.priority, Some(composed.presence.priority));
    prop_assert_eq!(status.len(), usize::from(composed.presence.status.is_some()));
    prop_assert_eq!(status.first().and_then(|row| row.sheet.status), composed.presence.status.as_deref());
    prop_assert_eq!(status.first().map(|row| row.sheet.layer), composed.status_from);
    prop_assert!(explained.windows(2).all(|pair| pair[0].sheet.layer >= pair[1].sheet.layer));
    Ok(())
}

/// A wall clock and the shell's one timer, which the kernel moves along when the clock is set: it rings at the first
/// reading that is not before the time it was set for.
struct Machine {
    layers: Layers,
    rings: u32,
    ends: Vec<Timed>,
}

impl Machine {
    /// The wall clock now stands here, however it came there.
    fn clock(&mut self, wall: i64) {
        let wall = Wall::from_unix_millis(wall);
        while self.layers.next_expiry().is_some_and(|next| next <= wall) {
            self.rings += 1;
            let ends = &mut self.ends;
            assert!(self.layers.expire(wall, |timed| ends.push(timed)), "a ring without an end");
        }
        assert!(!self.layers.expire(wall, |_| ()), "an end without a ring");
    }
}

#[test]
fn a_layer_ends_once_by_the_wall_clock_however_that_moves() {
    // Each is a way of the wall clock, and how many of its readings are before the end at 1000.
    let check = |readings: &[i64], before: usize| {
        let overlay = Overlay { show: Show::Dnd, status: Some("busy".to_owned()), priority: None };
        let then = Some(Then { show: Show::Away, status: Some("gone".to_owned()) });
        let timed = Timed { overlay, until: Wall::from_unix_millis(1_000), then };
        let mut layers = Layers::new(Presence { show: Show::Online, status: None, priority: 3 });
        layers.set_timed(Some(timed.clone()));
        let mut machine = Machine { layers, rings: 0, ends: Vec::new() };
        for (place, reading) in readings.iter().enumerate() {
            machine.clock(*reading);
            let show = if place < before { Show::Dnd } else { Show::Away };
            assert_eq!(
                compose(&machine.layers, None, StatusWhen::Empty).presence.show,
                show,
                "{readings:?}: {reading}"
            );
        }
        let over = before < readings.len();
        assert_eq!(machine.rings, u32::from(over), "{readings:?}");
        assert_eq!(machine.ends, if over { vec![timed] } else { Vec::new() }, "{readings:?}");
        if over {
            let base = Presence { show: Show::Away, status: Some("gone".to_owned()), priority: 3 };
            assert_eq!((machine.layers.base(), machine.layers.next_expiry()), (&base, None));
        }
    };
    // It runs; it is read between; the end itself belongs to what follows.
    check(&[0, 400, 999, 1_000, 1_001], 3);
    // The machine slept past the end, or was off.
    check(&[0, 1_000_000], 1);
    // The clock is set forward over the end, and back again: it has ended, once.
    check(&[0, 5_000, 10, 2_000], 1);
    // The clock is set back before the end: that is further away now.
    check(&[0, 900, -50_000, 0, 999], 5);
    check(&[900, -50_000, 999, 1_000], 3);
    // Set back and forth under the end.
    check(&[999, 1, 999, 1, 999, 1_500], 5);
}

#[test]
fn a_command_may_have_a_limit_and_the_next_end_is_the_nearest() {
    let overlay = || Overlay { show: Show::Dnd, status: None, priority: None };
    let mut layers = Layers::new(Presence { show: Show::Online, status: None, priority: 0 });
    assert_eq!(layers.next_expiry(), None);
    for (number, until) in [(1, None), (2, Some(500)), (3, Some(300))] {
        let until = until.map(Wall::from_unix_millis);
        layers.hold(Held { number, overlay: overlay(), until, by: None });
    }
    layers.set_timed(Some(Timed { overlay: overlay(), until: Wall::from_unix_millis(400), then: None }));
    let mut ends = Vec::new();
    while let Some(next) = layers.next_expiry() {
        assert!(!layers.expire(Wall::from_unix_millis(next.as_unix_millis() - 1), drop));
        assert!(layers.expire(next, drop));
        ends.push(next.as_unix_millis());
    }
    assert_eq!(ends, [300, 400, 500]);
    assert_eq!(layers.held().len(), 1);
}
