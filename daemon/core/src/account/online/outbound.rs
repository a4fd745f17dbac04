//! What leaves on a live stream: every stanza counted (XEP-0198), asked about in time, and given back to whoever
//! waits for it once the server has it.

use std::time::Duration;

use super::super::context::Context;
use super::super::input::Ticket;
use super::super::timers::Timer;
use crate::loss::{Ending, Loss};
use crate::management::{Management, QUEUE_LIMIT};
use crate::stanza::StanzaError;
use crate::stanza::error::{Condition, ErrorKind};
use crate::stanza::management as sm;
use crate::xml::{Element, writer};

/// After this many unasked stanzas the server is asked at once (XEP-0198 section 4).
const ASK_AFTER: usize = 5;
/// After this long with anything unacknowledged the server is asked.
const ASK_WITHIN: Duration = Duration::from_secs(2);
/// A server that says nothing for this long after a question is gone (G7).
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// The same when the machine woke up or the network changed.
const HURRIED_ANSWER: Duration = Duration::from_secs(5);
/// An idle stream is tried this often: often enough for common address translators.
const IDLE: Duration = Duration::from_secs(290);

/// One stanza on its way, by what its acknowledgement means.
#[derive(Debug)]
pub(super) enum Sent {
    /// The presence with this number.
    Presence(u64),
    /// A message and who waits for it.
    Message(Ticket, String),
    /// Nobody waits.
    Other,
}

/// The outgoing half of the stream.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    management: Stage,
    /// The server has asked what we have handled.
    asked: bool,
    /// Our end tag is out.
    closed: bool,
    /// The longest stanza the server takes, in bytes (XEP-0478).
    max_bytes: Option<u64>,
}

/// Stream management's own progress.
#[derive(Debug, Default)]
enum Stage {
    /// The server has none.
    #[default]
    Off,
    /// Stanzas count already, the server has not agreed yet.
    Enabling(Management<Sent>),
    /// In force.
    On(Management<Sent>),
}

impl Outbound {
    /// A stream whose server takes stanzas up to this size.
    pub(super) fn within(max_bytes: Option<u64>) -> Self {
        Self { max_bytes, ..Self::default() }
    }

    /// Whether the server would end the stream over this stanza; only what people write can be that long.
    pub(super) fn refuses(&self, stanza: &Element) -> Option<StanzaError> {
        let length = u64::try_from(writer::to_string(stanza).len()).unwrap_or(u64::MAX);
        let limit = self.max_bytes.filter(|limit| length > *limit)?;
        let text = format!("the server takes {limit} bytes at once, and this has {length}");
        Some(StanzaError { text: Some(text), ..StanzaError::new(ErrorKind::Modify, Condition::PolicyViolation) })
    }

    /// Asks for stream management; what is sent from now on counts.
    pub(super) fn enable(&mut self, context: &mut Context) {
        context.write_element(&sm::enable(None));
        self.management = Stage::Enabling(Management::default());
    }

    /// The server agreed.
    pub(super) fn enabled(&mut self) {
        self.management = match std::mem::take(&mut self.management) {
            Stage::Enabling(management) => Stage::On(management),
            other @ (Stage::Off | Stage::On(_)) => other,
        };
    }

    /// The server declined: gives back everything sent so far, of which no more will be known.
    pub(super) fn declined(&mut self) -> Vec<Sent> {
        match std::mem::take(&mut self.management) {
            Stage::Enabling(mut management) => management.drain(),
            other @ (Stage::Off | Stage::On(_)) => {
                self.management = other;
                Vec::new()
            }
        }
    }

    /// Writes one stanza. Gives it back when nothing will ever acknowledge it.
    pub(super) fn send(&mut self, stanza: &Element, sent: Sent, context: &mut Context) -> Option<Sent> {
        if self.closed {
            return Some(sent);
        }
        context.write_element(stanza);
        match &mut self.management {
            Stage::Off => Some(sent),
            Stage::Enabling(management) | Stage::On(management) => {
                management.sent(sent);
                None
            }
        }
    }

    /// Counts a stanza of the server's that is dealt with.
    pub(super) fn handled(&mut self) {
        if let Stage::On(management) = &mut self.management {
            management.handled();
        }
    }

    /// The server wants to know what we have handled; however often it asks, [`answer`](Self::answer) tells it once.
    pub(super) fn asked(&mut self) {
        self.asked = true;
    }

    /// Answers the server's `<r/>`, if there was one.
    pub(super) fn answer_if_asked(&mut self, context: &mut Context) {
        if std::mem::take(&mut self.asked) {
            self.answer(context);
        }
    }

    /// Says what we have handled without being asked.
    pub(super) fn acknowledge_now(&mut self, context: &mut Context) {
        self.asked = false;
        self.answer(context);
    }

    fn answer(&self, context: &mut Context) {
        if let (Stage::On(management), false) = (&self.management, self.closed) {
            context.write_element(&sm::ack(management.inbound()));
        }
    }

    /// Takes the server's `<a/>` and gives back what it acknowledges.
    pub(super) fn acknowledge(&mut self, h: u32, context: &mut Context) -> Result<Vec<Sent>, Loss> {
        let Stage::On(management) = &mut self.management else {
            return Ok(Vec::new());
        };
        let acknowledged = management.acknowledge(h).map_err(Loss::HandledTooHigh)?;
        if management.tail().len() == 0 {
            context.timers.clear(Timer::Ask);
        }
        Ok(acknowledged)
    }

    /// Asks at once when somebody waits or enough is unasked, else within [`ASK_WITHIN`].
    pub(super) fn settle(&mut self, awaited: bool, context: &mut Context) {
        if awaited && matches!(self.management, Stage::Enabling(_)) {
            // The server has yet to agree, and its answer shows that it is there.
            expect_answer(context);
        }
        let (Stage::On(management), false) = (&self.management, self.closed) else {
            return;
        };
        if management.unasked() == 0 {
            return;
        }
        if awaited || management.unasked() >= ASK_AFTER {
            self.probe(context);
        } else {
            let at = context.now.moment + ASK_WITHIN;
            context.timers.set_if_unset(Timer::Ask, at);
        }
    }

    /// Asks the server what it has; whether it could be asked this way.
    pub(super) fn probe(&mut self, context: &mut Context) -> bool {
        let (Stage::On(management), false) = (&mut self.management, self.closed) else {
            return false;
        };
        management.asked();
        context.write_element(&sm::request());
        context.timers.clear(Timer::Ask);
        expect_answer(context);
        true
    }

    /// The message with this id came back as an error: who waits for it.
    pub(super) fn refused(&mut self, id: &str) -> Option<Ticket> {
        let (Stage::Enabling(management) | Stage::On(management)) = &mut self.management else {
            return None;
        };
        let sent = management.tail_mut().find(|sent| matches!(sent, Sent::Message(_, sent) if sent == id))?;
        match std::mem::replace(sent, Sent::Other) {
            Sent::Message(ticket, _) => Some(ticket),
            Sent::Presence(_) | Sent::Other => None,
        }
    }

    /// Whether so much is unacknowledged that the server cannot be keeping its side of stream management.
    pub(super) fn is_full(&self) -> bool {
        match &self.management {
            Stage::Off => false,
            Stage::Enabling(management) | Stage::On(management) => management.tail().len() > QUEUE_LIMIT,
        }
    }

    /// Whether a message waits for its acknowledgement.
    pub(super) fn has_messages(&self) -> bool {
        self.tail().any(|sent| matches!(sent, Sent::Message(..)))
    }

    /// Takes out everybody who waits for a message that the server has not acknowledged.
    pub(super) fn drain_messages(&mut self) -> Vec<Ticket> {
        let (Stage::Enabling(mut management) | Stage::On(mut management)) = std::mem::take(&mut self.management) else {
            return Vec::new();
        };
        let tickets = management.drain().into_iter().filter_map(|sent| match sent {
            Sent::Message(ticket, _) => Some(ticket),
            Sent::Presence(_) | Sent::Other => None,
        });
        tickets.collect()
    }

    /// Ends our side of the stream; nothing is written after it.
    pub(super) fn write_close(&mut self, context: &mut Context) {
        self.answer(context);
        context.write(writer::CLOSE.into());
        self.closed = true;
    }

    /// Ends our side after a loss, as far as there is still something to end.
    pub(super) fn end(&mut self, loss: &Loss, context: &mut Context) {
        if loss.ending() == Ending::Polite && loss.stream_error().is_none() {
            self.answer(context);
        }
        context.end_stream(loss, self.closed);
        self.closed = true;
    }

    fn tail(&self) -> impl Iterator<Item = &Sent> {
        let management = match &self.management {
            Stage::Off => None,
            Stage::Enabling(management) | Stage::On(management) => Some(management),
        };
        management.into_iter().flat_map(Management::tail)
    }
}

/// How long the stream may be silent before it is tried: less than the server's own limit (XEP-0478).
pub(super) fn idle_within(limit: Option<Duration>) -> Duration {
    limit.map_or(IDLE, |limit| (limit * 4 / 5).clamp(Duration::from_secs(20), IDLE))
}

/// From now on the server must say something.
pub(super) fn expect_answer(context: &mut Context) {
    context.timers.set_at_latest(Timer::Answer, context.now.moment + ANSWER_WITHIN);
}

/// The same within seconds: the machine woke up, or the network changed, and the connection may be gone.
pub(super) fn hurry_answer(context: &mut Context) {
    context.timers.bring_forward(Timer::Answer, context.now.moment + HURRIED_ANSWER);
}
