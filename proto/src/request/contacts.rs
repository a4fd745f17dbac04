//! The parameters of the methods about contacts: the roster, subscriptions, the block list. Each of them that changes
//! something is answered when the server has done it. A parameter that is not named here is refused.

use serde::{Deserialize, Serialize};

/// Parameters of methods that are about one contact, and nothing else.
macro_rules! about_a_contact {
    ($($(#[$attribute:meta])* $name:ident)*) => {
        $(
            $(#[$attribute])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                /// Whose bare JID.
                pub jid: String,
                /// The account; absent only where there is one.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub account: Option<String>,
            }
        )*
    };
}

about_a_contact! {
    /// `roster.remove`: neither sees the other any longer.
    RosterRemove
    /// `roster.subscribe`: asks to see their presence, again if need be.
    RosterSubscribe
    /// `roster.unsubscribe`: their presence is seen no more; they stay in the roster.
    RosterUnsubscribe
    /// `roster.approve`: they may see our presence. Who has not asked yet, where the server can remember that.
    RosterApprove
    /// `roster.deny`: they may not see our presence, or not any longer.
    RosterDeny
    /// `block.add`: nothing more comes from this JID, and nothing goes to it. A domain or a full JID will do.
    BlockAdd
    /// `block.remove`.
    BlockRemove
}

/// `roster.show`: one contact, with all that is known of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RosterShow {
    /// Whose bare JID.
    pub jid: String,
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `roster.add`: puts somebody into the roster and asks to see their presence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RosterAdd {
    /// Whose bare JID.
    pub jid: String,
    /// What to call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The groups to put them in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Do not ask to see their presence.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub no_subscribe: bool,
    /// The account; absent only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `roster.rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RosterRename {
    /// Whose bare JID.
    pub jid: String,
    /// What to call them; an empty one takes the name away.
    pub name: String,
    /// The account; absent only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `roster.group`: puts a contact into groups and takes it out of others; all else stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RosterGroup {
    /// Whose bare JID.
    pub jid: String,
    /// The groups to put them in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<String>,
    /// The groups to take them out of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// The account; absent only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `roster.pending`: who waits for our answer, and whose we wait for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RosterPending {
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `block.list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BlockListing {
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}
