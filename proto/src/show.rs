//! The words for availability. What they do to a stream is the daemon's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Availability, as a person asks for it and as contacts show it (RFC 6121 section 4.7.2.1 with `online`, `offline`
/// and `invisible` beside).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Show {
    /// Available, nothing said beside it; `available` is the same.
    #[serde(alias = "available")]
    Online,
    /// Available and eager to talk.
    Chat,
    /// Away for a short while.
    Away,
    /// Away for long.
    Xa,
    /// Do not disturb; `busy` is the same.
    #[serde(alias = "busy")]
    Dnd,
    /// No stream at all.
    #[default]
    Offline,
    /// A stream that contacts do not see (XEP-0186).
    Invisible,
}

/// A word that is not one of those expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not one of: {expected}")]
pub struct UnknownWord {
    /// What was given.
    pub word: String,
    /// What could have been given.
    pub expected: &'static str,
}

impl Show {
    /// Every value, in the order in which help names them.
    pub const ALL: [Self; 7] =
        [Self::Online, Self::Chat, Self::Away, Self::Xa, Self::Dnd, Self::Offline, Self::Invisible];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Chat => "chat",
            Self::Away => "away",
            Self::Xa => "xa",
            Self::Dnd => "dnd",
            Self::Offline => "offline",
            Self::Invisible => "invisible",
        }
    }
}

impl fmt::Display for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Show {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "available" => Ok(Self::Online),
            "busy" => Ok(Self::Dnd),
            _ => Self::ALL.into_iter().find(|show| show.as_str() == word).ok_or_else(|| UnknownWord {
                word: word.to_owned(),
                expected: "online (available), chat, away, xa, dnd (busy), offline, invisible",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_the_same_typed_and_on_the_wire() {
        for show in Show::ALL {
            assert_eq!(show.as_str().parse(), Ok(show));
            assert_eq!(serde_json::to_value(show).unwrap(), show.as_str());
        }
        for (word, show) in [("available", Show::Online), ("busy", Show::Dnd)] {
            assert_eq!(word.parse(), Ok(show));
            assert_eq!(serde_json::from_str::<Show>(&format!("\"{word}\"")).unwrap(), show);
        }
    }

    #[test]
    fn another_word_is_answered_with_the_list() {
        let error = "gone".parse::<Show>().unwrap_err();
        assert!(error.to_string().starts_with("`gone` is not one of: online"), "{error}");
    }
}
