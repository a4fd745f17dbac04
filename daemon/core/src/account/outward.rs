//! What contacts are to see of this account: what the user asked for, what is playing, and the budget that keeps
//! both from flooding. Getting it to the server is the online link's work.

use super::input::Playing;
use super::settings::{Memory, TuneSettings};
use super::timers::{Timer, Timers};
use crate::players::Budget;
use crate::presence::{Composed, Layers, Show, compose};
use crate::time::Moment;
use crate::tune::Track;

/// The account's face to its contacts.
#[derive(Debug)]
pub(super) struct Outward {
    settings: TuneSettings,
    layers: Layers,
    /// What plays now.
    playing: Option<Playing>,
    /// What may be shown of it: the same, or what was before while the budget is used up.
    shown: Option<Playing>,
    budget: Budget,
    /// A tune of ours may stand at the server.
    pub(super) tune_out: bool,
}

impl Outward {
    pub(super) fn new(settings: TuneSettings, memory: Memory) -> Self {
        Self {
            settings,
            layers: memory.layers,
            playing: None,
            shown: None,
            budget: Budget::new(),
            tune_out: memory.tune_out,
        }
    }

    pub(super) fn set_settings(&mut self, settings: TuneSettings) {
        self.settings = settings;
    }

    /// Takes what was asked for. Where nothing but a text has scrolled on, it stays when the budget is used up: another
    /// step comes by itself. What nobody sees costs nothing.
    pub(super) fn set_layers(&mut self, layers: Layers, now: Moment) {
        let seen = self.composed().presence;
        let before = std::mem::replace(&mut self.layers, layers);
        if self.composed().presence == seen {
            return;
        }
        if !is_a_step(&before, &self.layers) {
            self.budget.spend(now);
        } else if !self.budget.take_step(now) {
            self.layers = before;
        }
    }

    /// What was asked for.
    pub(super) fn layers(&self) -> &Layers {
        &self.layers
    }

    /// What may go out.
    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Takes what plays now. A tune that ends is withdrawn at once; a new one waits for the budget.
    pub(super) fn set_playing(&mut self, playing: Option<Playing>, now: Moment, timers: &mut Timers) {
        self.playing = playing;
        if self.playing.is_none() {
            self.shown = None;
            timers.clear(Timer::Tune);
        } else if self.playing == self.shown {
            timers.clear(Timer::Tune);
        } else {
            self.show_playing(now, timers);
        }
    }

    /// Shows what plays now if the budget allows it, else sets the timer for when it does.
    pub(super) fn show_playing(&mut self, now: Moment, timers: &mut Timers) {
        match self.budget.take(now) {
            Ok(()) => self.shown = self.playing.clone(),
            Err(at) => timers.set(Timer::Tune, at),
        }
    }

    /// What contacts are to see now.
    pub(super) fn composed(&self) -> Composed {
        let text = self.settings.status.as_ref().zip(self.shown.as_ref());
        let text = text.and_then(|(template, playing)| template.render(&playing.track, playing.player.as_deref()));
        compose(&self.layers, text.as_deref(), self.settings.status_when)
    }

    /// Whether there is to be a stream at all.
    pub(super) fn wants_stream(&self) -> bool {
        self.composed().presence.show != Show::Offline
    }

    /// What User Tune is to say: nothing of who is not to be seen, for contacts are told of a tune by itself.
    pub(super) fn tune(&self) -> Option<&Track> {
        let published = self.shown.as_ref().filter(|_| self.settings.pep)?;
        self.composed().presence.show.is_visible().then_some(&published.track)
    }
}

/// Whether one differs from the other only in what of a scrolling text is to be seen.
fn is_a_step(before: &Layers, after: &Layers) -> bool {
    let (Some(_), Some(_)) = (before.scroll(), after.scroll()) else { return false };
    let mut alike = after.clone();
    alike.set_scroll(before.scroll().cloned());
    alike == *before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::{Presence, Scroll, StatusWhen};

    fn scrolled(window: &str) -> Layers {
        let mut layers = Layers::new(Presence { show: Show::Online, status: None, priority: 0 });
        layers.set_scroll(Some(Scroll { window: window.to_owned(), until: None }));
        layers
    }

    #[test]
    fn a_step_needs_the_budget_and_a_status_does_not() {
        let settings = TuneSettings { pep: true, status: None, status_when: StatusWhen::Empty };
        let layers = Layers::new(Presence { show: Show::Online, status: None, priority: 0 });
        let memory = Memory::new(layers);
        let mut outward = Outward::new(settings, memory);
        let mut timers = Timers::default();
        let check = |outward: &mut Outward, seconds: u64, layers: Layers, expected: Option<&str>| {
            outward.set_layers(layers, Moment::from_millis(seconds * 1_000));
            assert_eq!(outward.composed().presence.status.as_deref(), expected, "at {seconds}");
        };
        check(&mut outward, 0, scrolled("a"), Some("a"));
        for (second, window) in (1..20).zip(["b", "a"].into_iter().cycle()) {
            check(&mut outward, second, scrolled(window), Some(window));
        }
        // A song goes out, and its cost keeps the text where it is for a while.
        let track = Track { title: Some("Marée".to_owned()), ..Track::default() };
        outward.set_playing(Some(Playing { track, player: None }), Moment::from_millis(20_000), &mut timers);
        assert!(outward.tune().is_some());
        check(&mut outward, 20, scrolled("c"), Some("b"));
        check(&mut outward, 23, scrolled("d"), Some("d"));
        // Whatever the budget is, what a person asks for goes out.
        for text in ["one", "two", "three", "four", "five", "six", "seven"] {
            let base = Presence { show: Show::Dnd, status: Some(text.to_owned()), priority: 0 };
            check(&mut outward, 24, Layers::new(base), Some(text));
        }
        check(&mut outward, 24, scrolled("e"), Some("e"));
        check(&mut outward, 24, scrolled("f"), Some("e"));
    }
}
