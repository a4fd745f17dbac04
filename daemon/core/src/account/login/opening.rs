//! The beginning of a stream, and the wait for what the server says next.

use std::time::Duration;

use super::Facts;
use crate::account::context::Context;
use crate::account::timers::Timer;
use crate::loss::Loss;
use crate::stream::header::{Header, Opening};
use crate::xml::{Element, Limits, Reader};

/// Every step of the login must be answered within this (S35).
const STEP_WITHIN: Duration = Duration::from_secs(30);

/// Opens a stream and starts reading the server's; one round trip.
pub(super) fn open_stream(from: Option<&str>, facts: &mut Facts, context: &mut Context) -> Reader {
    let domain = context.settings.jid.domain().to_string();
    context.write(Opening { to: &domain, from, lang: "en" }.to_text().into_bytes());
    awaits_answer(facts, context);
    Reader::new(Limits::BEFORE_LOGIN)
}

/// The server's answer to our header: a stream, and one new enough to say what it offers.
pub(super) fn opened(header: &Element) -> Result<(), Loss> {
    match Header::parse(header) {
        Some(header) if header.has_features => Ok(()),
        Some(_) | None => Err(Loss::Unexpected(header.name().to_owned())),
    }
}

/// The server must answer what is being written; one round trip.
pub(super) fn awaits_answer(facts: &mut Facts, context: &mut Context) {
    facts.round_trips += 1;
    context.set_timer(Timer::Step, STEP_WITHIN);
}
