//! What a watcher can ask to be told about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::UnknownWord;

/// A subject of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// What contacts see of us.
    Status,
    /// What is being listened to, by us and by contacts.
    Tune,
    /// The contact list.
    Roster,
    /// What contacts show.
    Presence,
    /// Messages, in and out.
    Message,
    /// What became of messages sent.
    Receipt,
    /// Accounts and their connections.
    Account,
    /// Messages that wait to be sent.
    Outbox,
    /// Contacts' moods, activities, nicknames and avatars.
    Personal,
    /// Rooms, and invitations into them.
    Room,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 10] = [
        Self::Status,
        Self::Tune,
        Self::Roster,
        Self::Presence,
        Self::Message,
        Self::Receipt,
        Self::Account,
        Self::Outbox,
        Self::Personal,
        Self::Room,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Tune => "tune",
            Self::Roster => "roster",
            Self::Presence => "presence",
            Self::Message => "message",
            Self::Receipt => "receipt",
            Self::Account => "account",
            Self::Outbox => "outbox",
            Self::Personal => "personal",
            Self::Room => "room",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Topic {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == word).ok_or_else(|| UnknownWord {
            word: word.to_owned(),
            expected: "status, tune, roster, presence, message, receipt, account, outbox, personal, room",
        })
    }
}

/// A set of topics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Topics(u16);

impl Topics {
    /// Every topic.
    pub fn all() -> Self {
        Topic::ALL.into_iter().collect()
    }

    /// The topics of a list, where an empty one means all.
    pub fn of(list: &[Topic]) -> Self {
        if list.is_empty() { Self::all() } else { list.iter().copied().collect() }
    }

    /// Whether the topic is in the set.
    pub const fn contains(self, topic: Topic) -> bool {
        self.0 & (1 << topic as u8) != 0
    }

    /// Whether who watches these is shown the roster, which has what contacts show and tell.
    pub fn show_roster(self) -> bool {
        [Topic::Roster, Topic::Presence, Topic::Personal].into_iter().any(|topic| self.contains(topic))
    }

    /// The topics in the set.
    pub fn iter(self) -> impl Iterator<Item = Topic> {
        Topic::ALL.into_iter().filter(move |topic| self.contains(*topic))
    }
}

impl FromIterator<Topic> for Topics {
    fn from_iter<I: IntoIterator<Item = Topic>>(topics: I) -> Self {
        Self(topics.into_iter().fold(0, |set, topic| set | 1 << topic as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        for topic in Topic::ALL {
            let set = Topics::of(&[topic]);
            assert_eq!(set.iter().collect::<Vec<_>>(), [topic]);
            assert_eq!(topic.as_str().parse(), Ok(topic));
            assert_eq!(serde_json::to_value(topic).unwrap(), topic.as_str());
        }
        assert_eq!(Topics::of(&[]), Topics::all());
    }
}
