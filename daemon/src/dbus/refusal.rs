//! Failures as D-Bus errors: `org.xmppctl.Error.<Kind>`, one name a row of the exit table, the sentence as its text.

use std::fmt;

use xmppd_proto::{Failure, Kind};
use zbus::{
    DBusError,
    message::{Header, Message},
    names::ErrorName,
};

/// A failure on its way to a caller on the bus.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    kind: Kind,
    text: String,
}

impl Refusal {
    /// Local policy refuses it.
    pub(super) fn policy(text: &str) -> Self {
        Self { kind: Kind::Policy, text: text.to_owned() }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let text = match failure.hint {
            Some(hint) => format!("{}: {hint}", failure.message),
            None => failure.message,
        };
        Self { kind: failure.kind, text }
    }
}

impl DBusError for Refusal {
    fn create_reply(&self, call: &Header<'_>) -> zbus::Result<Message> {
        Message::error(call, self.name()).build(&self.text.as_str())
    }

    fn name(&self) -> ErrorName<'_> {
        ErrorName::from_static_str_unchecked(name(self.kind))
    }

    fn description(&self) -> Option<&str> {
        Some(&self.text)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Refusal {}

const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Unexpected => "org.xmppctl.Error.Unexpected",
        Kind::Usage => "org.xmppctl.Error.Usage",
        Kind::TimedOut => "org.xmppctl.Error.TimedOut",
        Kind::NotOnline => "org.xmppctl.Error.NotOnline",
        Kind::Authentication => "org.xmppctl.Error.Authentication",
        Kind::Refused => "org.xmppctl.Error.Refused",
        Kind::Unsupported => "org.xmppctl.Error.Unsupported",
        Kind::NoDaemon => "org.xmppctl.Error.NoDaemon",
        Kind::ProtocolMismatch => "org.xmppctl.Error.ProtocolMismatch",
        Kind::NotFound => "org.xmppctl.Error.NotFound",
        Kind::Conflict => "org.xmppctl.Error.Conflict",
        Kind::Policy => "org.xmppctl.Error.Policy",
        Kind::Impossible => "org.xmppctl.Error.Impossible",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_that_the_bus_accepts() {
        for kind in Kind::ALL {
            let words: String = kind.word().split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
            let name = name(kind);
            assert_eq!(name, format!("org.xmppctl.Error.{words}"));
            assert!(ErrorName::try_from(name).is_ok(), "{name}");
        }
    }
}
