//! Why something was not done: the exit table of the contract as a type. Wording for a terminal is xmppctl's.

use serde::{Deserialize, Serialize};

/// A row of the exit table; its number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Kind {
    /// 1: a failure that no other row names.
    Unexpected = 1,
    /// 2: a bad word, JID, time or value.
    Usage = 2,
    /// 3: it took longer than was allowed.
    TimedOut = 3,
    /// 4: the account is not online.
    NotOnline = 4,
    /// 5: the authentication failed or the secret is missing.
    Authentication = 5,
    /// 6: the server or a peer refused.
    Refused = 6,
    /// 7: the server or a peer does not support it.
    Unsupported = 7,
    /// 8: the daemon is not running or cannot be reached.
    NoDaemon = 8,
    /// 9: xmppctl and xmppd do not speak the same protocol version.
    ProtocolMismatch = 9,
    /// 10: an account, contact, message or player was not found.
    NotFound = 10,
    /// 11: it exists already, or another daemon runs.
    Conflict = 11,
    /// 12: local policy refuses it.
    Policy = 12,
    /// 13: the awaited condition can no longer come true.
    Impossible = 13,
}

impl Kind {
    /// Every row, in the order of the codes.
    pub const ALL: [Self; 13] = [
        Self::Unexpected,
        Self::Usage,
        Self::TimedOut,
        Self::NotOnline,
        Self::Authentication,
        Self::Refused,
        Self::Unsupported,
        Self::NoDaemon,
        Self::ProtocolMismatch,
        Self::NotFound,
        Self::Conflict,
        Self::Policy,
        Self::Impossible,
    ];

    /// The exit code, 1 to 13.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The row of an exit code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The code of a JSON-RPC error for this row: `-32000 - EXIT`.
    pub const fn rpc_code(self) -> i32 {
        -32_000 - self.code() as i32
    }

    /// The row of a JSON-RPC error code in the range of the table.
    pub fn from_rpc_code(code: i32) -> Option<Self> {
        u8::try_from((-32_000_i32).checked_sub(code)?).ok().and_then(Self::from_code)
    }
}

/// Why something was not done, for a person and for a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(into = "FailureObject", from = "FailureObject")]
#[error("{message}")]
pub struct Failure {
    /// The row of the exit table.
    pub kind: Kind,
    /// What happened, as a sentence without a full stop.
    pub message: String,
    /// What the person can do about it.
    pub hint: Option<String>,
    /// The condition a server or peer named, for instance `not-allowed` (RFC 6120 section 8.3.3).
    pub condition: Option<String>,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, condition: None }
    }

    /// A bad word or value, see [`Kind::Usage`].
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The same with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with the condition that a server or peer named.
    #[must_use]
    pub fn with_condition(mut self, condition: impl Into<String>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    /// The exit code, 1 to 13.
    pub const fn code(&self) -> u8 {
        self.kind.code()
    }
}

/// The object on the wire, with the code beside its word.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct FailureObject {
    code: u8,
    kind: String,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
}

impl From<Failure> for FailureObject {
    fn from(failure: Failure) -> Self {
        let kind = failure.kind.word().to_owned();
        let Failure { kind: row, message, hint, condition } = failure;
        Self { code: row.code(), kind, message, hint, condition }
    }
}

impl From<FailureObject> for Failure {
    /// The code decides; a row that a newer daemon knows alone is [`Kind::Unexpected`] here.
    fn from(wire: FailureObject) -> Self {
        let FailureObject { code, message, hint, condition, kind: _ } = wire;
        Self { kind: Kind::from_code(code).unwrap_or(Kind::Unexpected), message, hint, condition }
    }
}

impl Kind {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unexpected => "unexpected",
            Self::Usage => "usage",
            Self::TimedOut => "timed-out",
            Self::NotOnline => "not-online",
            Self::Authentication => "authentication",
            Self::Refused => "refused",
            Self::Unsupported => "unsupported",
            Self::NoDaemon => "no-daemon",
            Self::ProtocolMismatch => "protocol-mismatch",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Policy => "policy",
            Self::Impossible => "impossible",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_one_code_and_one_word() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.code()), index + 1);
            assert_eq!(Kind::from_code(kind.code()), Some(kind));
            assert_eq!(Kind::from_rpc_code(kind.rpc_code()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
        for code in [-32_000, -32_014, -32_600, i32::MIN, i32::MAX, 0] {
            assert_eq!(Kind::from_rpc_code(code), None, "{code}");
        }
    }

    #[test]
    fn the_object_is_the_contracts() {
        let failure =
            Failure::new(Kind::Refused, "refused").with_hint("ask the server's owner").with_condition("not-allowed");
        let json = r#"{"code":6,"kind":"refused","message":"refused","hint":"ask the server's owner","condition":"not-allowed"}"#;
        assert_eq!(serde_json::to_string(&failure).unwrap(), json);
        assert_eq!(serde_json::from_str::<Failure>(json).unwrap(), failure);
        let newer = r#"{"code":14,"kind":"tired","message":"m","since":1}"#;
        assert_eq!(serde_json::from_str::<Failure>(newer).unwrap(), Failure::new(Kind::Unexpected, "m"));
    }
}
