//! One pure function from the layers to what contacts see. Who calls it when, and what is sent, is left to the account.

use super::{Layer, Layers, Presence};

/// When the tune's text is shown as the status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StatusWhen {
    /// Only while the requested status has no text.
    #[default]
    Empty,
    /// In place of any requested text.
    Always,
    /// Not at all.
    Never,
}

/// What contacts are to see, and which layer says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// The result.
    pub presence: Presence,
    /// The layer the show is from.
    pub show_from: Layer,
    /// The layer the text is from, if there is a text.
    pub status_from: Option<Layer>,
}

/// Composes what contacts see. `tune_text` is the rendered text of the tune being published, if any; who is offline or
/// invisible never shows it.
pub fn compose(layers: &Layers, tune_text: Option<&str>, when: StatusWhen) -> Composed {
    let (requested, show_from) = layers.requested();
    let shown = match when {
        StatusWhen::Empty => requested.status.is_none(),
        StatusWhen::Always => true,
        StatusWhen::Never => false,
    };
    match tune_text {
        Some(text) if shown && requested.show.is_visible() => Composed {
            presence: Presence { status: Some(text.to_owned()), ..requested.clone() },
            show_from,
            status_from: Some(Layer::Tune),
        },
        Some(_) | None => Composed {
            presence: requested.clone(),
            show_from,
            status_from: requested.status.is_some().then_some(show_from),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::Show;
    use super::*;

    #[test]
    fn the_text_comes_from_the_layer_that_may_say_it() {
        let check = |show, own: Option<&str>, tune, when, status: Option<&str>, from: Option<Layer>| {
            let base = Presence { show, status: own.map(str::to_owned), priority: -7 };
            let expected = Composed {
                presence: Presence { status: status.map(str::to_owned), ..base.clone() },
                show_from: Layer::Base,
                status_from: from,
            };
            assert_eq!(compose(&Layers::new(base), tune, when), expected, "{show:?} {own:?} {tune:?} {when:?}");
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
        let mut layers = Layers::new(Presence { show: Show::Chat, status: None, priority: 0 });
        layers.set_base(Presence { status: Some("Hello".to_owned()), ..layers.base().clone() });
        let with = compose(&layers, Some("♪"), StatusWhen::Always);
        assert_eq!(with.presence.status.as_deref(), Some("♪"));
        let without = compose(&layers, None, StatusWhen::Always);
        assert_eq!(&without.presence, layers.base());
    }
}
