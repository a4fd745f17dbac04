//! What the engine answers: the tune that is to be published, or why there is none, and the list of players.
//! Wording it as JSON is the shell's.

use std::fmt;

use super::choice::Standing;
use super::rules::Rule;
use crate::tune::Track;

/// What every player's name on the bus begins with (MPRIS 2.2, "Bus Name Policy").
pub(super) const BUS_PREFIX: &str = "org.mpris.MediaPlayer2.";

/// What a player says it is doing (MPRIS 2.2 `PlaybackStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Playback {
    /// A track is playing.
    Playing,
    /// A track is paused.
    Paused,
    /// There is no current track.
    Stopped,
}

impl Playback {
    /// The contract's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Playing => "playing",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }
}

/// What is to be published now. It is equal to the one before when there is nothing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is going on.
    pub state: State,
    /// The tune that contacts are to see.
    pub tune: Option<Track>,
    /// The player it is from, without instance suffix; without a tune, the one that was chosen.
    /// None while a script's tune is shown.
    pub player: Option<String>,
    /// Why there is no tune; none when there is one.
    pub reason: Option<Reason>,
}

impl Decision {
    /// What is decided as long as no player was seen.
    pub(super) fn nothing_yet() -> Self {
        Self { state: State::Stopped, tune: None, player: None, reason: Some(Reason::NoPlayer) }
    }
}

/// What is going on, in the contract's words for `tune`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The player, or a script's tune, plays.
    Playing,
    /// The player is paused.
    Paused,
    /// No allowed player plays or is paused.
    Stopped,
    /// Publishing is held.
    Held,
    /// Publishing is switched off.
    Off,
}

impl State {
    /// The contract's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Playing => "playing",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Held => "held",
            Self::Off => "off",
        }
    }

    pub(super) fn of(playback: Playback) -> Self {
        match playback {
            Playback::Playing => Self::Playing,
            Playback::Paused => Self::Paused,
            Playback::Stopped => Self::Stopped,
        }
    }
}

/// Why no tune is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The person switched it off.
    Off,
    /// The person holds it.
    Held,
    /// No player is there.
    NoPlayer,
    /// Players are there, and none plays.
    NothingPlays,
    /// What plays must not be told.
    Denied {
        /// The player, without instance suffix.
        player: String,
        /// The rule that denies it.
        rule: Rule,
    },
    /// The player is paused.
    Paused,
    /// The person skipped this track.
    Skipped,
    /// The track has not played for long enough yet.
    Settling,
    /// The person's filter leaves it out.
    Filtered,
    /// The person's filter said nothing that can be used; why.
    FilterFailed(String),
    /// The person's filter has not answered yet.
    Filtering,
    /// The track has neither a title nor an address that may be published.
    NothingToTell,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("publishing the tune is switched off"),
            Self::Held => f.write_str("publishing the tune is held"),
            Self::NoPlayer => f.write_str("no player is running"),
            Self::NothingPlays => f.write_str("no player is playing"),
            Self::Denied { player, rule } => write!(f, "{player} is playing, but not to be told: {rule}"),
            Self::Paused => f.write_str("the player is paused"),
            Self::Skipped => f.write_str("this track is skipped"),
            Self::Settling => f.write_str("the track has only just begun"),
            Self::Filtered => f.write_str("the filter leaves this song out"),
            Self::FilterFailed(reason) => write!(f, "the filter failed, so this song is not told: {reason}"),
            Self::Filtering => f.write_str("the filter is being asked"),
            Self::NothingToTell => f.write_str("the track has no title"),
        }
    }
}

/// One player, for `tune players`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name without instance suffix, as the rules see it.
    pub player: String,
    /// Its well-known name on the bus, complete; without one, its name.
    pub bus_name: String,
    /// What it calls itself, clean.
    pub identity: Option<String>,
    /// What it is doing.
    pub playback: Playback,
    /// The rule that decided about it.
    pub rule: Rule,
    /// Why it is followed, or is not.
    pub standing: Standing,
    /// Its track as it would be published, if there is enough to tell.
    pub tune: Option<Track>,
}

impl Listed {
    /// Whether it is the one that is followed now.
    pub fn is_chosen(&self) -> bool {
        matches!(self.standing, Standing::Followed(_))
    }

    /// Whether this is its name: with or without instance suffix, or its whole name on the bus. Case is ignored.
    pub fn is_named(&self, name: &str) -> bool {
        is_named(&self.player, &self.bus_name, name)
    }
}

/// Whether a player of this name without instance suffix, and this name on the bus, is meant by a name.
pub(super) fn is_named(player: &str, bus_name: &str, name: &str) -> bool {
    let short = |name: &str| name.strip_prefix(BUS_PREFIX).unwrap_or(name).to_lowercase();
    [player, bus_name].map(short).contains(&short(name))
}
