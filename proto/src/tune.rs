//! What is being listened to, in XEP-0118's words.

use serde::{Deserialize, Serialize};

/// A track. Texts are clean (no control characters) and bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tune {
    /// The performers, joined by ", ".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    /// The song's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The album or other collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The position in the collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<String>,
    /// How long it lasts, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_ms: Option<u64>,
    /// Where it can be found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The listener's rating, 1 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<u8>,
}

/// A tune and the player it is from: the line that a filter program reads on its standard input. What it prints is a
/// [`Tune`], or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Played {
    /// The player, without instance.
    pub player: String,
    /// What it plays.
    #[serde(flatten)]
    pub tune: Tune,
}

/// What becomes of the tune.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TuneState {
    /// A player plays, or a tune was set by hand.
    Playing,
    /// The chosen player pauses.
    Paused,
    /// No player plays.
    #[default]
    Stopped,
    /// Publishing is held for a time.
    Held,
    /// Publishing is switched off.
    Off,
}

/// What a media player does (MPRIS `PlaybackStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PlayerState {
    /// It plays.
    Playing,
    /// It pauses.
    Paused,
    /// It has stopped, or never started.
    Stopped,
}

impl TuneState {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Playing => "playing",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Held => "held",
            Self::Off => "off",
        }
    }
}

impl PlayerState {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Playing => "playing",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }
}
