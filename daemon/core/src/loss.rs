//! Why a connection is over or could not be made, classed once: try again, try later, or wait for the user.
//! Words for people are here too; the pauses themselves are [`crate::backoff`]'s.

mod words;

use std::time::Duration;

use crate::management::HandledTooHigh;
use crate::sasl::{Refusal, scram};
use crate::srv;
use crate::stanza::StanzaError;
use crate::stanza::sasl::Condition as SaslCondition;
use crate::stream::error::{Condition, StreamError};
use crate::xml::{Element, Fault, ns};

use words::{parenthesised, sasl_words};

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Loss {
    /// The domain's SRV records say that it has no such service (RFC 2782).
    #[error("{0}")]
    NotOffered(String),
    /// No server could be reached: look-up, refusal, time-out, one after the other.
    #[error("{0}")]
    Unreachable(String),
    /// The server's certificate does not prove that it serves the account's domain.
    #[error("{0}")]
    Certificate(String),
    /// TLS failed for another reason.
    #[error("{0}")]
    Tls(String),
    /// The server closed the stream.
    #[error("the server closed the stream")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The server did not do this in time.
    #[error("{0}")]
    Silent(&'static str),
    /// The server offers no TLS.
    #[error("the server offers no TLS, and without it nothing is sent")]
    TlsRequired,
    /// Bytes where none may be: someone wrote into the unencrypted part of the stream (CVE-2021-23222's class).
    #[error("the server sent data before TLS that it may not send")]
    Injected,
    /// XML that is not XMPP's.
    #[error("the server sent something that is not XMPP: {0}")]
    Malformed(Fault),
    /// An element out of order.
    #[error("the server sent <{0}/> where that cannot be")]
    Unexpected(String),
    /// A stream error.
    #[error("the server ended the stream: {}{}", .0.condition, parenthesised(.0.text.as_deref()))]
    Stream(Box<StreamError>),
    /// No usable SASL mechanism.
    #[error("{0}")]
    Mechanism(Refusal),
    /// The SASL exchange went wrong on the server's side.
    #[error("{0}")]
    Scram(scram::Error),
    /// The account name or password has characters that cannot be used.
    #[error("{0}")]
    Prohibited(scram::Prohibited),
    /// The derivation of the key took too long.
    #[error("the server wants more computation for the login than is reasonable")]
    Expensive,
    /// The key kept from the last login does not fit any more.
    #[error("the server changed the account's salt")]
    KeyStale,
    /// The token was refused before it was known what else the server takes.
    #[error("the server refused the token of the last login")]
    TokenRefused,
    /// SASL failure.
    #[error("{}{}", sasl_words(.condition), parenthesised(.text.as_deref()))]
    Refused {
        /// RFC 6120 section 6.5.
        condition: SaslCondition,
        /// The server's words.
        text: Option<String>,
    },
    /// The server logged us in as somebody else.
    #[error("the server logged in as {0}, which is not this account")]
    WrongAccount(String),
    /// The server offers no resource binding.
    #[error("the server offers no resource binding")]
    NoBind,
    /// The server refused to bind a resource.
    #[error("the server refused a resource: {0}")]
    Bind(Box<StanzaError>),
    /// The server acknowledged more than was sent.
    #[error("the server acknowledged stanza {} of {}", .0.handled, .0.sent)]
    HandledTooHigh(HandledTooHigh),
}

/// What to do after a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Connect again at once; this cannot happen twice in a row.
    Again,
    /// Connect again after a growing pause, and not before this.
    Retry {
        /// The shortest pause.
        at_least: Duration,
    },
    /// Connect at once to the server that this one names; see [`other_host`].
    Follow,
    /// Connect again after a pause that begins with a minute and doubles: somebody else wants the same place.
    Yield,
    /// Connect again after a growing pause, and not before this; wait for the user when this has come so often.
    Tries {
        /// This time included.
        most: u32,
        /// The shortest pause.
        at_least: Duration,
    },
    /// The same as `Retry`, the pause being at least some part of a minute: everybody else has lost the same server.
    Spread,
    /// Wait for the user.
    Stop,
}

const SOON: Next = Next::Retry { at_least: Duration::ZERO };
const LATER: Next = Next::Retry { at_least: Duration::from_secs(60) };

impl Loss {
    /// What to do.
    pub fn next(&self) -> Next {
        match self {
            Self::KeyStale | Self::TokenRefused => Next::Again,
            Self::Unreachable(_) | Self::Tls(_) | Self::Closed | Self::Broken(_) | Self::Silent(_) => SOON,
            Self::Stream(error) => after_stream_error(&error.condition),
            Self::NotOffered(_)
            | Self::TlsRequired
            | Self::Injected
            | Self::Malformed(_)
            | Self::Unexpected(_)
            | Self::NoBind
            | Self::Bind(_)
            | Self::HandledTooHigh(_)
            | Self::Expensive => LATER,
            Self::Refused { condition, .. } => after_refusal(condition),
            Self::Certificate(_)
            | Self::Mechanism(_)
            | Self::Scram(_)
            | Self::Prohibited(_)
            | Self::WrongAccount(_) => Next::Stop,
        }
    }

    /// Whether it may be the answer to what we asked, and not the server's own plight.
    pub fn blames_the_request(&self) -> bool {
        match self {
            Self::Stream(error) => match error.condition {
                Condition::ConnectionTimeout
                | Condition::Reset
                | Condition::RemoteConnectionFailed
                | Condition::SystemShutdown
                | Condition::ResourceConstraint
                | Condition::HostGone
                | Condition::HostUnknown
                | Condition::SeeOtherHost
                | Condition::Conflict => false,
                Condition::InternalServerError
                | Condition::UndefinedCondition
                | Condition::PolicyViolation
                | Condition::BadFormat
                | Condition::BadNamespacePrefix
                | Condition::InvalidFrom
                | Condition::InvalidNamespace
                | Condition::InvalidXml
                | Condition::NotWellFormed
                | Condition::RestrictedXml
                | Condition::UnsupportedEncoding
                | Condition::UnsupportedFeature
                | Condition::UnsupportedStanzaType
                | Condition::UnsupportedVersion
                | Condition::ImproperAddressing
                | Condition::NotAuthorized
                | Condition::Unknown(_) => true,
            },
            Self::Unexpected(_) => true,
            Self::NotOffered(_)
            | Self::Unreachable(_)
            | Self::Certificate(_)
            | Self::Tls(_)
            | Self::Closed
            | Self::Broken(_)
            | Self::Silent(_)
            | Self::TlsRequired
            | Self::Injected
            | Self::Malformed(_)
            | Self::Mechanism(_)
            | Self::Scram(_)
            | Self::Prohibited(_)
            | Self::Expensive
            | Self::KeyStale
            | Self::TokenRefused
            | Self::Refused { .. }
            | Self::WrongAccount(_)
            | Self::NoBind
            | Self::Bind(_)
            | Self::HandledTooHigh(_) => false,
        }
    }

    /// A word for programs; it never changes.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotOffered(_) => "not-offered",
            Self::Unreachable(_) => "unreachable",
            Self::Certificate(_) => "certificate",
            Self::Tls(_) => "tls",
            Self::Closed | Self::Broken(_) => "connection-lost",
            Self::Silent(_) => "timeout",
            Self::TlsRequired => "tls-required",
            Self::Injected | Self::Malformed(_) | Self::Unexpected(_) | Self::HandledTooHigh(_) => "protocol",
            Self::Stream(_) => "stream-error",
            Self::Mechanism(_) => "no-mechanism",
            Self::Scram(error) => of_scram(error),
            Self::Expensive | Self::KeyStale | Self::TokenRefused | Self::Prohibited(_) | Self::Refused { .. } => {
                "authentication"
            }
            Self::WrongAccount(_) => "wrong-account",
            Self::NoBind | Self::Bind(_) => "bind",
        }
    }

    /// What the server is told before the stream closes, when the fault is its own.
    pub fn stream_error(&self) -> Option<Element> {
        match self {
            Self::Malformed(fault) => Some(StreamError::new(Condition::from(*fault)).to_element()),
            Self::HandledTooHigh(counts) => Some(handled_too_high(*counts)),
            Self::NotOffered(_)
            | Self::Unreachable(_)
            | Self::Certificate(_)
            | Self::Tls(_)
            | Self::Closed
            | Self::Broken(_)
            | Self::Silent(_)
            | Self::TlsRequired
            | Self::Injected
            | Self::Unexpected(_)
            | Self::Stream(_)
            | Self::Mechanism(_)
            | Self::Scram(_)
            | Self::Prohibited(_)
            | Self::Expensive
            | Self::KeyStale
            | Self::TokenRefused
            | Self::Refused { .. }
            | Self::WrongAccount(_)
            | Self::NoBind
            | Self::Bind(_) => None,
        }
    }

    /// What is left to do with the connection.
    pub fn ending(&self) -> Ending {
        match self {
            Self::NotOffered(_)
            | Self::Unreachable(_)
            | Self::Certificate(_)
            | Self::Tls(_)
            | Self::Broken(_)
            | Self::Expensive => Ending::Gone,
            Self::Silent(_) | Self::Injected => Ending::Abrupt,
            Self::Closed
            | Self::TlsRequired
            | Self::Malformed(_)
            | Self::Unexpected(_)
            | Self::Stream(_)
            | Self::Mechanism(_)
            | Self::Scram(_)
            | Self::Prohibited(_)
            | Self::KeyStale
            | Self::TokenRefused
            | Self::Refused { .. }
            | Self::WrongAccount(_)
            | Self::NoBind
            | Self::Bind(_)
            | Self::HandledTooHigh(_) => Ending::Polite,
        }
    }
}

/// What is left to do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Close our side of the stream, then TLS.
    Polite,
    /// Hang up.
    Abrupt,
    /// Nothing: it is not there any more.
    Gone,
}

/// The host and port that a `see-other-host` names (RFC 6120 section 4.9.3.19), the port being 5222 when it names none.
/// Whether one may go there is not said by this: it is for the shell, which knows the addresses (S11).
pub fn other_host(loss: &Loss) -> Option<(String, u16)> {
    let Loss::Stream(error) = loss else { return None };
    srv::place(error.other_host.as_deref()?)
}

fn of_scram(error: &scram::Error) -> &'static str {
    match error {
        scram::Error::Refused(_) => "authentication",
        scram::Error::MalformedChallenge(_) | scram::Error::IterationsOutOfRange(_) => "protocol",
        scram::Error::Downgrade(_) => "downgrade",
        scram::Error::ServerNotProven => "server-not-proven",
    }
}

/// XEP-0198 section 4.
fn handled_too_high(counts: HandledTooHigh) -> Element {
    let detail = Element::new("handled-count-too-high", ns::SM)
        .with_attr("h", counts.handled.to_string())
        .with_attr("send-count", counts.sent.to_string());
    StreamError::new(Condition::UndefinedCondition).to_element().with_child(detail)
}

/// By the table of stream errors (RFC 6120 section 4.9.3).
fn after_stream_error(condition: &Condition) -> Next {
    match condition {
        Condition::ConnectionTimeout
        | Condition::Reset
        | Condition::InternalServerError
        | Condition::RemoteConnectionFailed
        | Condition::UndefinedCondition
        | Condition::Unknown(_) => SOON,
        Condition::SeeOtherHost => Next::Follow,
        Condition::Conflict => Next::Yield,
        Condition::HostUnknown => Next::Tries { most: 3, at_least: Duration::from_secs(300) },
        // Without a pause of its own: the login is done once more.
        Condition::NotAuthorized => Next::Tries { most: 2, at_least: Duration::ZERO },
        Condition::SystemShutdown | Condition::ResourceConstraint | Condition::HostGone => Next::Spread,
        Condition::PolicyViolation
        | Condition::BadFormat
        | Condition::BadNamespacePrefix
        | Condition::InvalidFrom
        | Condition::InvalidNamespace
        | Condition::InvalidXml
        | Condition::NotWellFormed
        | Condition::RestrictedXml
        | Condition::UnsupportedEncoding
        | Condition::UnsupportedFeature
        | Condition::UnsupportedStanzaType
        | Condition::UnsupportedVersion
        | Condition::ImproperAddressing => LATER,
    }
}

/// By the table of SASL errors (RFC 6120 section 6.5).
fn after_refusal(condition: &SaslCondition) -> Next {
    match condition {
        SaslCondition::TemporaryAuthFailure | SaslCondition::Aborted => SOON,
        SaslCondition::NotAuthorized
        | SaslCondition::AccountDisabled
        | SaslCondition::CredentialsExpired
        | SaslCondition::EncryptionRequired
        | SaslCondition::IncorrectEncoding
        | SaslCondition::InvalidAuthzid
        | SaslCondition::InvalidMechanism
        | SaslCondition::MalformedRequest
        | SaslCondition::MechanismTooWeak
        | SaslCondition::Unknown(_) => Next::Stop,
    }
}

#[cfg(test)]
mod tests;
