//! The tune that is published, and the players it comes from.

use serde::{Deserialize, Serialize};

use crate::{PlayerState, Tune, TuneState};

/// What `tune` and the verbs that change it answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TuneReport {
    /// What is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tune: Option<Tune>,
    /// The player it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player: Option<String>,
    /// What becomes of the tune.
    pub state: TuneState,
    /// Why nothing is published, or through which accounts the tune cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What `tune.players` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlayerList {
    /// The chosen one first, then by rank.
    pub players: Vec<Player>,
}

/// One media player on the session bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Player {
    /// Its name without prefix and instance.
    pub player: String,
    /// Its name on the bus.
    pub bus_name: String,
    /// What it calls itself (MPRIS `Identity`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// What it does.
    pub state: PlayerState,
    /// Whether the tune is taken from it.
    pub chosen: bool,
    /// The rule that decided about it, as the configuration words it.
    pub rule: String,
    /// What it plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tune: Option<Tune>,
}
