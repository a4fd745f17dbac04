//! What can be waited for, in the contract's words: `online`, `offline`, `contact JID [SHOW]`, `tune playing|stopped`,
//! `outbox empty`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Show;

/// A condition that may come true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Condition {
    /// The account has a session.
    Online,
    /// The account has none.
    Offline,
    /// A contact shows this; anything but offline when nothing is named.
    Contact {
        /// The contact's JID, as it was given.
        jid: String,
        /// What it is to show.
        show: Option<Show>,
    },
    /// A tune is being published.
    TunePlaying,
    /// No tune is being published.
    TuneStopped,
    /// No message waits to be sent, nor for its acknowledgement.
    OutboxEmpty,
}

/// A text that names no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a condition: use online, offline, contact JID [SHOW], tune playing, tune stopped or outbox empty"
)]
pub struct BadCondition(String);

impl FromStr for Condition {
    type Err = BadCondition;

    fn from_str(text: &str) -> Result<Self, BadCondition> {
        let bad = || BadCondition(text.to_owned());
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["online"] => Ok(Self::Online),
            ["offline"] => Ok(Self::Offline),
            ["contact", jid] => Ok(Self::Contact { jid: (*jid).to_owned(), show: None }),
            ["contact", jid, show] => {
                Ok(Self::Contact { jid: (*jid).to_owned(), show: Some(show.parse().map_err(|_| bad())?) })
            }
            ["tune", "playing"] => Ok(Self::TunePlaying),
            ["tune", "stopped"] => Ok(Self::TuneStopped),
            ["outbox", "empty"] => Ok(Self::OutboxEmpty),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Online => f.write_str("online"),
            Self::Offline => f.write_str("offline"),
            Self::Contact { jid, show: None } => write!(f, "contact {jid}"),
            Self::Contact { jid, show: Some(show) } => write!(f, "contact {jid} {show}"),
            Self::TunePlaying => f.write_str("tune playing"),
            Self::TuneStopped => f.write_str("tune stopped"),
            Self::OutboxEmpty => f.write_str("outbox empty"),
        }
    }
}

impl TryFrom<String> for Condition {
    type Error = BadCondition;

    fn try_from(text: String) -> Result<Self, BadCondition> {
        text.parse()
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.to_string()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Condition {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "online | offline | contact JID [SHOW] | tune playing | tune stopped"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_back_as_they_are_written() {
        for text in ["online", "offline", "contact juliet@capulet.example", "tune playing", "tune stopped"] {
            assert_eq!(text.parse::<Condition>().unwrap().to_string(), text);
        }
        let condition: Condition = "contact  juliet@capulet.example busy".parse().unwrap();
        assert_eq!(condition.to_string(), "contact juliet@capulet.example dnd");
    }

    #[test]
    fn other_words_are_refused() {
        for text in ["", "on line", "contact", "contact a b c", "contact a@b gone", "tune", "tune off"] {
            assert!(text.parse::<Condition>().is_err(), "{text:?}");
        }
    }
}
