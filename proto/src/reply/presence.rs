//! What contacts see of us, and what it is composed of.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ConnectionState;
use crate::Show;

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
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
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
