//! What the methods answer that put a file at a server.

use serde::{Deserialize, Serialize};

/// What `upload.start` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UploadStarted {
    /// The account whose server has the place.
    pub account: String,
    /// What to call the upload by.
    pub upload: String,
}

/// What `upload.write` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UploadProgress {
    /// So many bytes have left.
    pub sent: u64,
    /// So many there are.
    pub size: u64,
}

/// What `upload.finish` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UploadDone {
    /// Where the file can be fetched; for `url` of `send`.
    pub url: String,
}
