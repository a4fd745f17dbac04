//! The contact list with what contacts show.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Personal;
use crate::{Show, Tune};

/// What `roster` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RosterReport {
    /// In the order of the configuration.
    pub accounts: Vec<AccountRoster>,
}

/// One account's contacts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountRoster {
    /// The account's name.
    pub account: String,
    /// Sorted by JID.
    pub contacts: Vec<Contact>,
    /// Who asks to see us and is not answered yet, in the order in which they asked; in a snapshot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<SubscriptionRequest>,
}

/// Somebody who asks to see us (RFC 6121 section 3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SubscriptionRequest {
    /// The bare JID.
    pub jid: String,
    /// What they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// When it came.
    pub since: Timestamp,
}

/// What `roster pending` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PendingReport {
    /// In the order of the configuration.
    pub accounts: Vec<AccountPending>,
}

/// The open requests of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountPending {
    /// The account's name.
    pub account: String,
    /// Who asks to see us, in the order in which they asked.
    pub incoming: Vec<SubscriptionRequest>,
    /// Whom we have asked and who has not answered, sorted.
    pub outgoing: Vec<PendingContact>,
}

/// A contact who has not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PendingContact {
    /// The bare JID.
    pub jid: String,
    /// The name we gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What `block` and its verbs answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BlockReport {
    /// In the order of the configuration.
    pub accounts: Vec<AccountBlocked>,
}

/// The block list of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountBlocked {
    /// The account's name.
    pub account: String,
    /// The JIDs, sorted.
    pub blocked: Vec<String>,
}

/// One contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Contact {
    /// The bare JID.
    pub jid: String,
    /// The name we gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The groups we put it in.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Who sees whom.
    pub subscription: Subscription,
    /// A request that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Ask>,
    /// They may see us as soon as they ask (RFC 6121 section 3.4).
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub approved: bool,
    /// Where the contact is available.
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// What the contact listens to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tune: Option<Box<Tune>>,
    /// What else the contact tells.
    #[serde(flatten)]
    pub personal: Personal,
}

/// Who sees whom (RFC 6121 section 2.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Subscription {
    /// Nobody.
    None,
    /// We see the contact.
    To,
    /// The contact sees us.
    From,
    /// Both.
    Both,
}

impl Subscription {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::To => "to",
            Self::From => "from",
            Self::Both => "both",
        }
    }
}

/// A subscription request that is under way (RFC 6121 section 2.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// We asked to see the contact.
    Subscribe,
}

/// One place where a contact is available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resource {
    /// The resource; left out for an entity that is available without one, such as a gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// What it shows.
    pub show: Show,
    /// The text beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// RFC 6121 section 4.7.2.3.
    pub priority: i8,
    /// Since when it shows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}
