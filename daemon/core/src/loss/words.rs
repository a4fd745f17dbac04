//! What people are told of a loss.

use crate::stanza::sasl::Condition as SaslCondition;
use crate::text;

/// The server refused the login.
pub(super) fn sasl_words(condition: &SaslCondition) -> String {
    match condition {
        SaslCondition::NotAuthorized => "the server refused the password".into(),
        SaslCondition::AccountDisabled => "the account is disabled".into(),
        SaslCondition::CredentialsExpired => "the password has expired".into(),
        SaslCondition::TemporaryAuthFailure => "the server cannot check passwords now".into(),
        SaslCondition::Aborted
        | SaslCondition::EncryptionRequired
        | SaslCondition::IncorrectEncoding
        | SaslCondition::InvalidAuthzid
        | SaslCondition::InvalidMechanism
        | SaslCondition::MalformedRequest
        | SaslCondition::MechanismTooWeak
        | SaslCondition::Unknown(_) => format!("the server refused the login: {condition}"),
    }
}

/// The server's own words, fit to be shown.
pub(super) fn parenthesised(text: Option<&str>) -> String {
    let text = text.and_then(|text| text::line(text, text::REASON));
    text.map_or_else(String::new, |text| format!(" ({text})"))
}
