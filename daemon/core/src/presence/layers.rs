//! The layers from which one account's presence is made. What they give together is [`super::compose`]'s to say.

use super::Presence;

/// A layer's name, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// What the person asked for, until they ask for something else.
    Base,
    /// The tune that plays, as a text. It has no show.
    Tune,
}

impl Layer {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Tune => "tune",
        }
    }
}

/// What was requested for one account. The base is always there, so there is always an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers {
    base: Presence,
}

impl Layers {
    /// A base and nothing above it.
    pub fn new(base: Presence) -> Self {
        Self { base }
    }

    /// What the person asked for.
    pub fn base(&self) -> &Presence {
        &self.base
    }

    /// Replaces what the person asked for.
    pub fn set_base(&mut self, base: Presence) {
        self.base = base;
    }

    /// What is requested by all layers together, without the tune's text, and the layer that decides the show.
    pub fn requested(&self) -> (&Presence, Layer) {
        (&self.base, Layer::Base)
    }
}
