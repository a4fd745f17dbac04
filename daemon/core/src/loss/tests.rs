//! The table of errors: what to do after each.

use super::*;

fn stream(condition: Condition) -> Loss {
    Loss::Stream(Box::new(StreamError::new(condition)))
}

fn refused(condition: SaslCondition) -> Loss {
    Loss::Refused { condition, text: None }
}

fn check(expected: Next, losses: impl IntoIterator<Item = Loss>) {
    for loss in losses {
        assert_eq!(loss.next(), expected, "{loss:?}");
    }
}

#[test]
fn each_stream_error_has_its_place_in_the_table() {
    use Condition::*;
    let check = |expected: Next, conditions: &[Condition]| check(expected, conditions.iter().cloned().map(stream));
    check(
        SOON,
        &[
            ConnectionTimeout,
            Reset,
            InternalServerError,
            RemoteConnectionFailed,
            UndefinedCondition,
            Unknown("gone-fishing".into()),
        ],
    );
    check(Next::Spread, &[SystemShutdown, ResourceConstraint, HostGone]);
    check(Next::Follow, &[SeeOtherHost]);
    check(Next::Yield, &[Conflict]);
    check(Next::Tries { most: 3, at_least: Duration::from_secs(300) }, &[HostUnknown]);
    check(Next::Tries { most: 2, at_least: Duration::ZERO }, &[NotAuthorized]);
    check(
        LATER,
        &[
            PolicyViolation,
            BadFormat,
            BadNamespacePrefix,
            InvalidFrom,
            InvalidNamespace,
            InvalidXml,
            NotWellFormed,
            RestrictedXml,
            UnsupportedEncoding,
            UnsupportedFeature,
            UnsupportedStanzaType,
            UnsupportedVersion,
            ImproperAddressing,
        ],
    );
}

#[test]
fn a_refused_login_is_not_repeated_unless_the_server_says_that_it_may_be() {
    use SaslCondition::*;
    check(SOON, [TemporaryAuthFailure, Aborted].map(refused));
    let stop = [
        NotAuthorized,
        AccountDisabled,
        CredentialsExpired,
        EncryptionRequired,
        IncorrectEncoding,
        InvalidAuthzid,
        InvalidMechanism,
        MalformedRequest,
        MechanismTooWeak,
        Unknown("no-tea".into()),
    ];
    check(Next::Stop, stop.map(refused));
}

#[test]
fn a_link_that_breaks_is_dialled_again_soon_and_a_server_that_cannot_do_it_later() {
    let text = || String::from("why");
    check(
        SOON,
        [Loss::Closed, Loss::Unreachable(text()), Loss::Tls(text()), Loss::Broken(text()), Loss::Silent("why")],
    );
    check(
        LATER,
        [
            Loss::NotOffered(text()),
            Loss::TlsRequired,
            Loss::Injected,
            Loss::Malformed(Fault::StrayText),
            Loss::Unexpected(text()),
            Loss::NoBind,
            Loss::HandledTooHigh(HandledTooHigh { handled: 2, sent: 1 }),
            Loss::Expensive,
        ],
    );
    check(Next::Stop, [Loss::Certificate(text()), Loss::WrongAccount(text())]);
    check(Next::Again, [Loss::KeyStale]);
}

#[test]
fn the_other_host_is_a_host_with_or_without_a_port() {
    let check = |text: &str, expected: Option<(&str, u16)>| {
        let error = StreamError { other_host: Some(text.into()), ..StreamError::new(Condition::SeeOtherHost) };
        let found = other_host(&Loss::Stream(Box::new(error)));
        assert_eq!(found.as_ref().map(|(host, port)| (host.as_str(), *port)), expected, "{text}");
    };
    check("other.example", Some(("other.example", 5222)));
    check("other.example:5299", Some(("other.example", 5299)));
    check("192.0.2.7:443", Some(("192.0.2.7", 443)));
    check("2001:db8::7", Some(("2001:db8::7", 5222)));
    check("[2001:db8::7]", Some(("2001:db8::7", 5222)));
    check("[2001:db8::7]:5299", Some(("2001:db8::7", 5299)));
    for text in [
        "",
        ":5222",
        "other.example:",
        "other.example:0",
        "other.example:65536",
        "other.example:+1x",
        "[]",
        "[]:1",
        "[other.example]:1",
        "[2001:db8::7",
        "[2001:db8::7]5299",
        "two words",
        "other/../../etc",
        "user@other.example",
        "other.example\u{0}",
    ] {
        check(text, None);
    }
    check(&"a".repeat(254), None);
    assert_eq!(other_host(&Loss::Closed), None);
}

#[test]
fn each_loss_has_its_word_and_its_consequence() {
    let check = |loss: Loss, kind: &str, next: Next, ending: Ending| {
        assert_eq!((loss.kind(), loss.next(), loss.ending()), (kind, next, ending), "{loss}");
    };
    check(Loss::Unreachable("x".into()), "unreachable", SOON, Ending::Gone);
    check(Loss::NotOffered("x".into()), "not-offered", LATER, Ending::Gone);
    check(Loss::Certificate("x".into()), "certificate", Next::Stop, Ending::Gone);
    check(Loss::Broken("x".into()), "connection-lost", SOON, Ending::Gone);
    check(Loss::Closed, "connection-lost", SOON, Ending::Polite);
    check(Loss::Silent("x"), "timeout", SOON, Ending::Abrupt);
    check(Loss::Injected, "protocol", LATER, Ending::Abrupt);
    check(Loss::TlsRequired, "tls-required", LATER, Ending::Polite);
    check(Loss::Malformed(Fault::StrayText), "protocol", LATER, Ending::Polite);
    check(Loss::KeyStale, "authentication", Next::Again, Ending::Polite);
    check(Loss::Expensive, "authentication", LATER, Ending::Gone);
    check(Loss::Mechanism(Refusal::OnlyPlain), "no-mechanism", Next::Stop, Ending::Polite);
    check(Loss::Scram(scram::Error::ServerNotProven), "server-not-proven", Next::Stop, Ending::Polite);
    check(Loss::Scram(scram::Error::Refused("x".into())), "authentication", Next::Stop, Ending::Polite);
    check(Loss::WrongAccount("x@y".into()), "wrong-account", Next::Stop, Ending::Polite);
    check(stream(Condition::Reset), "stream-error", SOON, Ending::Polite);
    check(stream(Condition::SystemShutdown), "stream-error", Next::Spread, Ending::Polite);
    check(stream(Condition::Conflict), "stream-error", Next::Yield, Ending::Polite);
    check(stream(Condition::Unknown("x".into())), "stream-error", SOON, Ending::Polite);
    check(refused(SaslCondition::NotAuthorized), "authentication", Next::Stop, Ending::Polite);
    check(refused(SaslCondition::TemporaryAuthFailure), "authentication", SOON, Ending::Polite);
}

#[test]
fn what_the_server_says_is_cleaned_and_cut() {
    let mut error = StreamError::new(Condition::Conflict);
    error.text = Some(format!(" Replaced\u{1b}[2J by\n new {}", "x".repeat(9000)));
    let words = Loss::Stream(Box::new(error)).to_string();
    assert!(words.starts_with("the server ended the stream: conflict (Replaced[2J by new xxx"), "{words}");
    assert!(words.chars().count() < 350, "{words}");
}
