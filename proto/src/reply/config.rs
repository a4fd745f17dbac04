//! The configuration as the daemon reads it.

use serde::{Deserialize, Serialize};

/// What `config.check` and `config.reload` answer for a sound file; an unsound one is a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigReport {
    /// The file that was read.
    pub file: String,
    /// The names of its accounts; left out where only the soundness is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// The names of what the file changes in the running daemon, in words: an account's name, `tune`, `messages` …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
}

/// What `config.get` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigValues {
    /// The file in force.
    pub file: String,
    /// The value asked for, or everything, with the defaults filled in and secrets left out.
    pub values: serde_json::Value,
}
