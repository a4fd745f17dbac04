//! Each loss has its word and its consequence.

use super::*;

fn of_stream(condition: Condition) -> Loss {
    Loss::Stream(Box::new(StreamError::new(condition)))
}

fn of_sasl(condition: SaslCondition) -> Loss {
    Loss::Refused { condition, text: None }
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
    check(of_stream(Condition::Reset), "stream-error", SOON, Ending::Polite);
    check(of_stream(Condition::SystemShutdown), "stream-error", Next::Spread, Ending::Polite);
    check(of_stream(Condition::Conflict), "stream-error", LATER, Ending::Polite);
    check(of_stream(Condition::Unknown("x".into())), "stream-error", SOON, Ending::Polite);
    check(of_sasl(SaslCondition::NotAuthorized), "authentication", Next::Stop, Ending::Polite);
    check(of_sasl(SaslCondition::TemporaryAuthFailure), "authentication", SOON, Ending::Polite);
}

#[test]
fn what_the_server_says_is_cleaned_and_cut() {
    let mut error = StreamError::new(Condition::Conflict);
    error.text = Some(format!(" Replaced\u{1b}[2J by\n new {}", "x".repeat(9000)));
    let words = Loss::Stream(Box::new(error)).to_string();
    assert!(words.starts_with("the server ended the stream: conflict (Replaced[2J by new xxx"), "{words}");
    assert!(words.chars().count() < 350, "{words}");
}
