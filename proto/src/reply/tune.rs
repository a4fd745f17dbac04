//! The tune that is published, and the players it comes from.

use jiff::Timestamp;
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
    /// When a hold, or a tune set by hand, ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The player that goes before all others, whether it is there or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<String>,
}

/// What `tune.players` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlayerList {
    /// The chosen one first, then by rank.
    pub players: Vec<Player>,
}

/// One media player.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Player {
    /// Its name without prefix and instance.
    pub player: String,
    /// Its name on the bus; `webhook` for the one that posts what it plays.
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

/// What `tune.explain` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TuneExplanation {
    /// What is published, or why nothing is.
    #[serde(flatten)]
    pub report: TuneReport,
    /// The chosen one first, then by rank; one alone, with its instances, when one was asked for.
    pub players: Vec<ExplainedPlayer>,
    /// What became of the tune on its way to the servers.
    pub accounts: Vec<AccountTune>,
    /// The program that is asked about each song, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterReport>,
}

/// A program of the person's that is asked about each song before it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FilterReport {
    /// The program, without its arguments.
    pub program: String,
    /// What it said of the song; absent when there is none that it has to be asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<FilterVerdict>,
    /// In what way it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a filter said of a song.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FilterVerdict {
    /// It has not answered yet.
    Asked,
    /// It is told as it is.
    Passed,
    /// Something else is told in its place.
    Changed,
    /// It is not told.
    Withheld,
    /// The filter failed, and nothing is told.
    Failed,
}

/// A player, and why it is chosen or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExplainedPlayer {
    /// As `tune.players` lists it.
    #[serde(flatten)]
    pub player: Player,
    /// Why it is chosen or not, for people.
    pub why: String,
}

/// An account, and how the tune goes out through it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountTune {
    /// Its name.
    pub account: String,
    /// Whether it publishes tunes now, as User Tune (XEP-0118).
    pub publishes: bool,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its last publish or withdrawal since the daemon started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<TunePublish>,
}

/// A tune that was given to a server, and the server's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TunePublish {
    /// When the answer was there.
    pub at: Timestamp,
    /// Whether the server took it.
    pub accepted: bool,
    /// The tune; absent when one was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tune: Option<Tune>,
    /// What the server said against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What `tune.render` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TuneText {
    /// The text; absent when no name in the template has a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether `tune` is a sample, because nothing plays.
    pub sample: bool,
    /// The tune that it was tried with.
    pub tune: Tune,
    /// The player that it was tried with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player: Option<String>,
}
