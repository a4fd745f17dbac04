//! What contacts see of us, and what it is composed of.

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ConnectionState;
use crate::{Failure, Show, UnknownWord};

/// What `status` and `status.set` answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatusReport {
    /// In the order of the configuration.
    pub accounts: Vec<AccountStatus>,
}

/// One account's presence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountStatus {
    /// The account's name.
    pub account: String,
    /// Its bare JID, or the full one while bound.
    pub jid: String,
    /// Where its connection stands.
    pub connection: ConnectionState,
    /// Whether contacts can know already.
    pub delivery: Delivery,
    /// What was asked for.
    pub requested: Presence,
    /// What contacts are told.
    pub effective: Presence,
    /// What it is composed of, the highest first.
    pub layers: Vec<Layer>,
    /// What single contacts are told in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directed: Vec<Directed>,
    /// Why it is not as was asked for, though the others' may be: of the first account that has one `xmppctl` makes its
    /// exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// What one contact is told in place of what all are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Directed {
    /// Whom: a contact, or one of their resources.
    pub to: String,
    /// The availability.
    pub show: Show,
    /// The text beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// How far a presence has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// The server has it.
    Acknowledged,
    /// It is on its way.
    Sent,
    /// It will be sent once the account is online.
    Pending,
}

impl Delivery {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Sent => "sent",
            Self::Pending => "pending",
        }
    }
}

/// A presence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Presence {
    /// The availability.
    pub show: Show,
    /// The text beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// RFC 6121 section 4.7.2.3.
    pub priority: i8,
}

/// One layer of a presence; what it leaves open shows what is under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Layer {
    /// Which one.
    pub layer: LayerName,
    /// The availability it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show: Option<Show>,
    /// The text it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The priority it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i8>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What is asked for without an end when it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
    /// The command that it lasts for, or who says that you are idle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What contacts are told from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decides: Vec<Part>,
    /// Why it decides that, or nothing, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What follows a layer with an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Then {
    /// The availability.
    pub show: Show,
    /// The text beside it; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// What `scroll.preview` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScrollFrames {
    /// What is seen at each step, until it begins anew; one for a text that fits and stands still.
    pub frames: Vec<String>,
}

/// A part of a presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The availability.
    Show,
    /// The text.
    Status,
    /// The priority.
    Priority,
}

impl Part {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Show => "show",
            Self::Status => "status",
            Self::Priority => "priority",
        }
    }
}

impl Layer {
    /// A layer that says nothing yet.
    pub const fn new(layer: LayerName) -> Self {
        Self {
            layer,
            show: None,
            status: None,
            priority: None,
            until: None,
            then: None,
            by: None,
            decides: Vec::new(),
            reason: None,
        }
    }
}

/// The layers, see the contract's section 5 for their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LayerName {
    /// What was asked for without an end.
    Base,
    /// What was asked for with an end.
    Timed,
    /// The person is away from the machine.
    Idle,
    /// The tune as text.
    Tune,
    /// A text that scrolls.
    Scroll,
    /// A command runs.
    Command,
}

impl LayerName {
    /// Every value.
    pub const ALL: [Self; 6] = [Self::Command, Self::Scroll, Self::Timed, Self::Idle, Self::Tune, Self::Base];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Timed => "timed",
            Self::Idle => "idle",
            Self::Tune => "tune",
            Self::Scroll => "scroll",
            Self::Command => "command",
        }
    }
}

impl FromStr for LayerName {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|layer| layer.as_str() == word).ok_or_else(|| UnknownWord {
            word: word.to_owned(),
            expected: "command, scroll, timed, base (what you can clear); idle, tune",
        })
    }
}
