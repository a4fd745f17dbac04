//! What each layer may say, and what is told of it.

use super::super::{Held, Overlay, Scroll, Timed};
use super::*;
use crate::presence::Idle;
use crate::time::Wall;

fn presence(show: Show, status: Option<&str>) -> Presence {
    Presence { show, status: status.map(str::to_owned), priority: -7 }
}

fn overlay(show: Show, status: Option<&str>) -> Overlay {
    Overlay { show, status: status.map(str::to_owned), priority: None }
}

fn timed(show: Show, status: Option<&str>) -> Option<Timed> {
    Some(Timed { overlay: overlay(show, status), until: Wall::from_unix_millis(1_000), then: None })
}

fn held(number: u64, show: Show, status: Option<&str>) -> Held {
    Held { number, overlay: overlay(show, status), until: None, by: Some("make".to_owned()) }
}

fn away() -> Option<Idle> {
    Some(Idle { show: Show::Away, since: None, by: "mutter" })
}

#[test]
fn the_text_comes_from_the_layer_that_may_say_it() {
    let check = |show, own: Option<&str>, tune, when, status: Option<&str>, from: Option<Layer>| {
        let base = presence(show, own);
        let composed = compose(&Layers::new(base.clone()), tune, when);
        assert_eq!(composed.presence, presence(show, status), "{show:?} {own:?} {tune:?} {when:?}");
        assert_eq!(
            (composed.show_from, composed.status_from),
            (Layer::Base, from),
            "{show:?} {own:?} {tune:?} {when:?}"
        );
    };
    let (own, song) = (Some("Good night"), Some("♪ A – B"));
    let (base, tune) = (Some(Layer::Base), Some(Layer::Tune));
    check(Show::Online, None, None, StatusWhen::Empty, None, None);
    check(Show::Online, None, song, StatusWhen::Empty, song, tune);
    check(Show::Dnd, own, song, StatusWhen::Empty, own, base);
    check(Show::Dnd, own, None, StatusWhen::Always, own, base);
    check(Show::Dnd, own, song, StatusWhen::Always, song, tune);
    check(Show::Xa, None, song, StatusWhen::Never, None, None);
    check(Show::Away, own, song, StatusWhen::Never, own, base);
    for hidden in [Show::Offline, Show::Invisible] {
        check(hidden, None, song, StatusWhen::Empty, None, None);
        check(hidden, own, song, StatusWhen::Always, own, base);
    }
}

#[test]
fn without_the_tune_the_persons_own_text_is_back() {
    let mut layers = Layers::new(presence(Show::Chat, None));
    layers.set_base(presence(Show::Chat, Some("Hello")));
    let with = compose(&layers, Some("♪"), StatusWhen::Always);
    assert_eq!(with.presence.status.as_deref(), Some("♪"));
    let without = compose(&layers, None, StatusWhen::Always);
    assert_eq!(&without.presence, layers.base());
}

#[test]
fn each_removal_shows_what_is_under_it() {
    let mut layers = Layers::new(presence(Show::Online, Some("here")));
    let check = |layers: &Layers, show, status: Option<&str>, from| {
        let composed = compose(layers, None, StatusWhen::Empty);
        assert_eq!((composed.presence, composed.show_from), (presence(show, status), from));
        assert_eq!(layers.requested().status.as_deref(), status);
    };
    check(&layers, Show::Online, Some("here"), Layer::Base);
    layers.set_idle(away());
    check(&layers, Show::Away, Some("here"), Layer::Idle);
    layers.set_timed(timed(Show::Xa, Some("lunch")));
    check(&layers, Show::Xa, Some("lunch"), Layer::Timed);
    // What a layer leaves open shines through from under it.
    layers.hold(held(7, Show::Dnd, None));
    check(&layers, Show::Dnd, Some("lunch"), Layer::Command);
    // The newest is the highest, whichever was added first.
    layers.hold(held(9, Show::Dnd, Some("newest")));
    layers.hold(held(8, Show::Chat, Some("between")));
    check(&layers, Show::Dnd, Some("newest"), Layer::Command);
    assert!(layers.release(9) && !layers.release(9));
    check(&layers, Show::Chat, Some("between"), Layer::Command);
    layers.release_all();
    check(&layers, Show::Xa, Some("lunch"), Layer::Timed);
    layers.set_timed(None);
    check(&layers, Show::Away, Some("here"), Layer::Idle);
    layers.set_idle(None);
    check(&layers, Show::Online, Some("here"), Layer::Base);
}

#[test]
fn a_priority_is_the_highest_one_that_was_asked_for() {
    let mut layers = Layers::new(presence(Show::Online, None));
    layers.set_timed(Some(Timed {
        overlay: Overlay { priority: Some(30), ..overlay(Show::Dnd, None) },
        until: Wall::default(),
        then: None,
    }));
    layers.hold(held(1, Show::Dnd, None));
    assert_eq!(compose(&layers, None, StatusWhen::Never).presence.priority, 30);
    assert_eq!(layers.requested().priority, 30);
    layers.set_timed(None);
    assert_eq!(compose(&layers, None, StatusWhen::Never).presence.priority, -7);
}

#[test]
fn idle_never_overrides_dnd_xa_invisible_or_offline() {
    let check = |base, expected| {
        let mut layers = Layers::new(presence(base, None));
        layers.set_idle(away());
        assert_eq!(compose(&layers, None, StatusWhen::Empty).presence.show, expected, "{base:?}");
    };
    check(Show::Online, Show::Away);
    check(Show::Chat, Show::Away);
    check(Show::Away, Show::Away);
    for kept in [Show::Dnd, Show::Xa, Show::Invisible, Show::Offline] {
        check(kept, kept);
    }
}

#[test]
fn every_layer_is_told_with_what_it_decides_and_why() {
    type Row = (Layer, &'static [Part], Reason);
    let check = |layers: &Layers, tune: Option<&str>, when, expected: &[Row]| {
        let composed = compose(layers, tune, when);
        let explained = explain(layers, &composed);
        let rows: Vec<_> = explained.iter().map(|row| (row.sheet.layer, row.decides.as_slice(), row.reason)).collect();
        assert_eq!(rows, expected);
    };
    use Part::{Priority, Show as Showing, Status};
    let all = &[Showing, Status, Priority][..];
    let mut layers = Layers::new(presence(Show::Online, Some("here")));
    check(&layers, None, StatusWhen::Empty, &[(Layer::Base, all, Reason::Highest)]);
    let own = [(Layer::Tune, &[][..], Reason::OwnText), (Layer::Base, all, Reason::Highest)];
    check(&layers, Some("♪"), StatusWhen::Empty, &own);
    let never = [(Layer::Tune, &[][..], Reason::Never), (Layer::Base, all, Reason::Highest)];
    check(&layers, Some("♪"), StatusWhen::Never, &never);
    let shown = Reason::Tune(StatusWhen::Always);
    let always = [(Layer::Tune, &[Status][..], shown), (Layer::Base, &[Showing, Priority], Reason::Highest)];
    check(&layers, Some("♪"), StatusWhen::Always, &always);

    layers.set_timed(timed(Show::Dnd, None));
    layers.set_idle(away());
    let timed = (Layer::Timed, &[Showing][..], Reason::Highest);
    let idle = (Layer::Idle, &[][..], Reason::Under(Layer::Timed));
    let base = (Layer::Base, &[Status, Priority][..], Reason::LeftOpenBy(Layer::Timed));
    check(&layers, None, StatusWhen::Empty, &[timed, idle, base]);
    layers.hold(held(1, Show::Chat, Some("built")));
    let command = (Layer::Command, &[Showing, Status][..], Reason::Highest);
    let timed = (Layer::Timed, &[][..], Reason::Under(Layer::Command));
    let idle = (Layer::Idle, &[][..], Reason::Under(Layer::Command));
    let base = (Layer::Base, &[Priority][..], Reason::LeftOpenBy(Layer::Command));
    check(&layers, None, StatusWhen::Empty, &[command, timed, idle, base]);

    layers.set_scroll(Some(Scroll { window: "run".to_owned(), until: None }));
    let explained = |layers: &Layers, place: usize| {
        let composed = compose(layers, None, StatusWhen::Empty);
        let row = &explain(layers, &composed)[place];
        (row.sheet.layer, row.decides.clone(), row.reason)
    };
    assert_eq!(explained(&layers, 1), (Layer::Scroll, vec![], Reason::Under(Layer::Command)));
    layers.release_all();
    assert_eq!(explained(&layers, 0), (Layer::Scroll, vec![Status], Reason::Highest));
    assert_eq!(explained(&layers, 1), (Layer::Timed, vec![Showing], Reason::LeftOpenBy(Layer::Scroll)));
    assert_eq!(explained(&layers, 2), (Layer::Idle, vec![], Reason::Under(Layer::Timed)));
    assert_eq!(layers.requested().status.as_deref(), Some("here"));

    let mut layers = Layers::new(presence(Show::Invisible, None));
    layers.set_idle(away());
    let idle = (Layer::Idle, &[][..], Reason::NeverOver(Show::Invisible));
    let tune = (Layer::Tune, &[][..], Reason::Unseen);
    let base = (Layer::Base, &[Showing, Priority][..], Reason::Highest);
    check(&layers, Some("♪"), StatusWhen::Empty, &[idle, tune, base]);
}
