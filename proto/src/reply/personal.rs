//! What people tell of themselves beside presence: we, and contacts.

use serde::{Deserialize, Serialize};

use crate::Tune;
use crate::failure::Failure;

/// What `mood`, `activity`, `nick`, `avatar` and the verbs that change them answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PersonalReport {
    /// In the order of the configuration.
    pub accounts: Vec<AccountPersonal>,
}

/// What one account tells of what was asked for, and nothing of the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountPersonal {
    /// The account's name.
    pub account: String,
    /// What its server has.
    #[serde(flatten)]
    pub personal: Personal,
    /// Why it is not known, or not changed; only where another account's is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<Failure>>,
}

/// What somebody tells of themselves. What is absent is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Personal {
    /// How they feel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mood: Option<Box<Mood>>,
    /// What they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Box<Activity>>,
    /// What they want to be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick: Option<Box<str>>,
    /// The picture that they show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Box<Avatar>>,
}

/// A mood (XEP-0107).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mood {
    /// One of the schema's words.
    pub value: String,
    /// Why, in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// An activity (XEP-0108).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Activity {
    /// One of the schema's general words.
    pub general: String,
    /// One of the specific words that belong to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specific: Option<String>,
    /// Why, in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What is told of a picture (XEP-0084); the picture itself is not fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Avatar {
    /// The SHA-1 of its bytes, in hexadecimal digits.
    pub id: String,
    /// Its media type.
    #[serde(rename = "type")]
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: u32,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u16>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u16>,
}

/// What `tune.get` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContactTunes {
    /// Each account that has the contact.
    pub accounts: Vec<ContactTune>,
}

/// What a contact listens to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContactTune {
    /// The account that sees it.
    pub account: String,
    /// The contact's bare JID.
    pub jid: String,
    /// The tune; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tune: Option<Tune>,
}
