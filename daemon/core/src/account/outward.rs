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

    pub(super) fn set_layers(&mut self, layers: Layers) {
        self.layers = layers;
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

    /// What User Tune is to say.
    pub(super) fn tune(&self) -> Option<&Track> {
        self.shown.as_ref().filter(|_| self.settings.pep).map(|playing| &playing.track)
    }
}
