//! The parameters of the methods about what contacts see of us. A parameter that is not named here is refused.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Show;
use crate::reply::LayerName;

/// `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The account asked about; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `status.set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusSet {
    /// The availability asked for.
    pub show: Show,
    /// The text beside it; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The priority, -128 to 127; unchanged when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i8>,
    /// How long it lasts, in milliseconds: it becomes the timed layer. Not together with `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<u64>,
    /// Until when it lasts: it becomes the timed layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// One contact, or one resource of theirs, that is told this in place of what all are told. Not with `priority` or
    /// `then`, and not for what cannot be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What is asked for without an end once it is over; with `for_ms` or `until` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<StatusThen>,
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// How long the answer may wait for the server, in milliseconds; the daemon's own limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// Answer at once, whatever the delivery is.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub no_wait: bool,
}

impl StatusSet {
    /// The availability alone, for every account.
    pub const fn new(show: Show) -> Self {
        Self {
            show,
            status: None,
            priority: None,
            for_ms: None,
            until: None,
            to: None,
            then: None,
            account: None,
            wait_ms: None,
            no_wait: false,
        }
    }
}

/// What is asked for without an end once a status with an end is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusThen {
    /// The availability.
    pub show: Show,
    /// The text beside it; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// `status.hold`: a status that lasts as long as this connection, above all others; the newest of several wins. A second
/// one on the same connection takes the place of the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusHold {
    /// The availability asked for.
    pub show: Show,
    /// The text beside it; what is under it shows when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The priority, -128 to 127; unchanged when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i8>,
    /// How long it lasts at most, in milliseconds. Not together with `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<u64>,
    /// Until when it lasts at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The name of the command that it lasts for, for `status.layers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `status.release`: ends what `status.hold` began on this connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusRelease {}

/// `status.clear`: takes back what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusClear {
    /// The layer: `timed`, `scroll`, `command` or `base`, which goes back to what the configuration starts with. When absent: all
    /// that is above the base, or the base where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<LayerName>,
    /// A contact who was told something of their own, and is to be told what all are told. Not with `layer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// How long the answer may wait for the server, in milliseconds; the daemon's own limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// Answer at once, whatever the delivery is.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub no_wait: bool,
}

/// `status.layers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusLayers {
    /// The account asked about; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `scroll`: a text that runs through a window, above every other text but a command's. Another one takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scroll {
    /// The text.
    pub text: String,
    /// The pause between two steps, in milliseconds: 1,000 or more; 3,000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_ms: Option<u64>,
    /// How long it scrolls, in milliseconds; until `scroll.off` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<u64>,
    /// How much of it is seen at once, in graphemes: 2 to 100; 24 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u16>,
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `scroll.preview`: what would be seen, without showing it to anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScrollPreview {
    /// The text.
    pub text: String,
    /// As in `scroll`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u16>,
}

/// `scroll.off`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScrollOff {
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}
