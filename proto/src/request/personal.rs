//! The parameters of the methods about what we tell of ourselves: mood, activity, nickname, avatar. Each that changes
//! something is answered when the server has it. A parameter that is not named here is refused.

use serde::{Deserialize, Serialize};

/// Parameters of methods that name an account at most.
macro_rules! about_accounts {
    ($($(#[$attribute:meta])* $name:ident)*) => {
        $(
            $(#[$attribute])*
            #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                /// The account; all when absent.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub account: Option<String>,
            }
        )*
    };
}

about_accounts! {
    /// `mood`: what the server has.
    MoodShow
    /// `mood.clear`.
    MoodClear
    /// `activity`: what the server has.
    ActivityShow
    /// `activity.clear`.
    ActivityClear
    /// `nick`: what the server has.
    NickShow
    /// `nick.clear`.
    NickClear
    /// `avatar`: what the server has.
    AvatarShow
    /// `avatar.clear`: no picture is told of any more, and the picture goes.
    AvatarClear
}

/// `mood.set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MoodSet {
    /// One of XEP-0107's words.
    pub value: String,
    /// Why, in your own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `activity.set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ActivitySet {
    /// One of XEP-0108's general words.
    pub general: String,
    /// One of the specific words that belong to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specific: Option<String>,
    /// Why, in your own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `nick.set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NickSet {
    /// What you want to be called.
    pub nick: String,
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `avatar.set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AvatarSet {
    /// The picture, in base64: PNG, JPEG, GIF or WebP, 40 KiB at most.
    pub data: String,
    /// The account; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `tune.get`: what a contact listens to, as their server has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TuneGet {
    /// Whose bare JID.
    pub jid: String,
    /// The account; all that have the contact when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}
