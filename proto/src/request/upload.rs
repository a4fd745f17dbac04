//! The parameters of the methods that put a file at a server (XEP-0363). The file goes over the socket in pieces, so
//! that the daemon need not see the folders of who sends it.

use serde::{Deserialize, Serialize};

/// `upload.start`: finds a place for a file and opens the way there. An upload that nobody goes on with for half a minute
/// is given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UploadStart {
    /// The file's name; folders before it are left out.
    pub name: String,
    /// Its size in bytes, which all pieces together must have.
    pub size: u64,
    /// To whom its address is to be sent: refused where that could not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The account; absent only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `upload.write`: the next piece; answered when it has left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UploadWrite {
    /// What `upload.start` answered.
    pub upload: String,
    /// The bytes in base64 (RFC 4648 section 4, with padding).
    pub data: String,
}

/// `upload.finish`: all pieces were written; answered when the file is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UploadFinish {
    /// What `upload.start` answered.
    pub upload: String,
}

/// `upload.cancel`: gives an upload up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UploadCancel {
    /// What `upload.start` answered.
    pub upload: String,
}
