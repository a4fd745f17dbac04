//! What leaves on a live stream: every stanza counted (XEP-0198), asked about in time, and given back to whoever
//! waits for it once the server has it. What must wait for the disk first is in [`line`], what waits for the server to
//! read on in [`window`], taking a session up again in [`resume`], what rooms show in [`rooms`].

mod line;
mod resume;
mod rooms;
mod sent;
mod window;

use std::time::Duration;

use jid::Jid;

use super::super::context::Context;
use super::super::input::StoreTicket;
use super::super::kept::{Border, KeptMessage};
use super::super::output::Incoming;
use super::super::recent::Said;
use super::super::timers::Timer;
use super::commits::Commits;
use super::watched::ClientState;
use crate::loss::{Ending, Loss};
use crate::management::Management;
use crate::stanza::StanzaError;
use crate::stanza::error::{Condition, ErrorKind};
use crate::stanza::management as sm;
use crate::xml::{Element, writer};

use line::Line;
pub(super) use line::Stored;
pub(in super::super) use resume::ResumeBy;
pub(super) use sent::Sent;
use sent::Tracked;
pub(in super::super) use sent::{Letter, Unsent, Unwritten};

/// After this many unasked stanzas the server is asked at once (XEP-0198 section 4).
const ASK_AFTER: usize = 5;
/// After this long with anything unacknowledged the server is asked.
const ASK_WITHIN: Duration = Duration::from_secs(2);
/// A server that says nothing for this long after a question is gone (G7).
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// A server that talks, but does not acknowledge for this long, is not keeping its side of stream management (R11).
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(30);
/// How long we ask the server to keep the session without a connection.
pub(in super::super) const RESUME_FOR: Duration = Duration::from_secs(600);
/// The same when the machine woke up or the network changed.
const HURRIED_ANSWER: Duration = Duration::from_secs(5);
/// An idle stream is tried this often: often enough for common address translators.
const IDLE: Duration = Duration::from_secs(290);

/// The outgoing half of the stream.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    management: Stage,
    resume_by: Option<ResumeBy>,
    commits: Commits,
    line: Line,
    /// So many stanzas come a second time: they were handled, and the server was not told.
    repeated: u32,
    /// What the disk knows of a session that another process began and this one has not resumed yet.
    restored: Option<Vec<KeptMessage>>,
    /// There is no connection: what is sent is only kept, and written when the session is resumed.
    asleep: bool,
    /// Our end tag is out.
    closed: bool,
    /// The longest stanza the server takes, in bytes (XEP-0478).
    max_bytes: Option<u64>,
    client_state: ClientState,
}

/// Stream management's own progress.
#[derive(Debug, Default)]
enum Stage {
    /// The server has none.
    #[default]
    Off,
    /// Stanzas count already, the server has not agreed yet.
    Enabling(Management<Tracked>),
    /// In force.
    On(Management<Tracked>),
}

impl Outbound {
    /// A stream whose server takes stanzas up to this size, and may want to know whether anybody looks.
    pub(super) fn new(max_bytes: Option<u64>, client_state: ClientState) -> Self {
        Self { max_bytes, client_state, ..Self::default() }
    }

    /// The server takes stanzas up to this size from now on.
    pub(super) fn takes_at_once(&mut self, max_bytes: Option<u64>) {
        self.max_bytes = max_bytes;
    }

    /// What the server knows of whether anybody looks.
    pub(super) fn client_state(&self) -> ClientState {
        self.client_state
    }

    /// The same, to be changed.
    pub(super) fn client_state_mut(&mut self) -> &mut ClientState {
        &mut self.client_state
    }

    /// Whether there is a stream to write to.
    pub(super) fn can_write(&self) -> bool {
        !self.closed && !self.asleep
    }

    /// Whether the server would end the stream over this stanza; only what people write can be that long.
    pub(super) fn refuses(&self, stanza: &str) -> Option<StanzaError> {
        let length = u64::try_from(stanza.len()).unwrap_or(u64::MAX);
        let limit = self.max_bytes.filter(|limit| length > *limit)?;
        let text = format!("the server takes {limit} bytes at once, and this has {length}");
        Some(StanzaError { text: Some(text), ..StanzaError::new(ErrorKind::Modify, Condition::PolicyViolation) })
    }

    /// Asks for stream management; what is sent from now on counts.
    pub(super) fn enable(&mut self, context: &mut Context) {
        context.write_element(&sm::enable(Some(RESUME_FOR)));
        self.management = Stage::Enabling(Management::default());
        // Messages wait for the answer.
        expect_acknowledgement(context);
    }

    /// The server began to count when it bound the resource.
    pub(super) fn enabled_at_binding(&mut self, resume_by: Option<ResumeBy>) {
        self.management = Stage::On(Management::default());
        self.resume_by = resume_by;
    }

    /// The server agreed.
    pub(super) fn enabled(&mut self, resume_by: Option<ResumeBy>) {
        self.management = match std::mem::take(&mut self.management) {
            Stage::Enabling(management) => Stage::On(management),
            other @ (Stage::Off | Stage::On(_)) => other,
        };
        self.resume_by = resume_by;
    }

    /// The server declined: gives back everything sent so far, of which no more will be known.
    pub(super) fn declined(&mut self) -> Vec<Sent> {
        match std::mem::take(&mut self.management) {
            Stage::Enabling(mut management) => management.drain().into_iter().map(Tracked::acknowledged).collect(),
            other @ (Stage::Off | Stage::On(_)) => {
                self.management = other;
                Vec::new()
            }
        }
    }

    /// Writes one stanza, a message only when the disk knows of it; what comes behind such a message waits with it, so
    /// that nothing overtakes. Gives it back when nothing will ever acknowledge it.
    pub(super) fn send(&mut self, stanza: &Element, sent: Sent, context: &mut Context) -> Option<Sent> {
        self.send_text(writer::to_string(stanza), sent, context)
    }

    /// Whether a stanza of the server's was handled before, and comes again only because the server was not told.
    pub(super) fn repeats(&mut self) -> bool {
        let repeats = self.repeated > 0;
        self.repeated = self.repeated.saturating_sub(1);
        repeats
    }

    /// Counts a stanza of the server's that is dealt with.
    pub(super) fn handled(&mut self) {
        if let Stage::On(management) = &mut self.management {
            management.handled();
        }
    }

    /// A message of somebody's is to be told once the disk knows of it, where that is waited for.
    pub(super) fn received(&mut self, said: Said) {
        self.commits.said(said);
    }

    /// Whether so much of what was received waits for the disk that no more is to be read.
    pub(super) fn is_behind(&self) -> bool {
        self.commits.is_behind()
    }

    /// Whether a message of which this is true was received and is not told yet.
    pub(super) fn expects(&self, is_it: &impl Fn(&Incoming) -> bool) -> bool {
        self.commits.expects(is_it)
    }

    /// With what was received, all is known of the archive up to here.
    pub(super) fn known_to(&mut self, border: Border) {
        self.commits.border(border);
    }

    /// Whether a message of this name was received and is not told yet.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.commits.holds(name)
    }

    /// The server wants to know what we have handled.
    pub(super) fn asked(&mut self) {
        self.commits.asked();
    }

    /// Commits what was handled, and tells the server what is committed if it asked.
    pub(super) fn commit(&mut self, context: &mut Context) {
        if self.resume_by.is_none() {
            self.commits.tell_at_once(context);
        }
        let Stage::On(management) = &self.management else { return };
        let handled = management.inbound();
        let answer = match self.resume_by {
            Some(_) => self.commits.advance(handled, context),
            None => self.commits.answer_at_once(handled),
        };
        if let Some(committed) = answer.filter(|_| self.can_write()) {
            context.write_element(&sm::ack(committed));
        }
    }

    /// The store answered; whether it was to one of the commits.
    pub(super) fn committed(&mut self, ticket: StoreTicket, is_kept: bool, context: &mut Context) -> bool {
        self.commits.stored(ticket, is_kept, context)
    }

    /// Takes the server's `<a/>` and gives back what it acknowledges.
    pub(super) fn acknowledge(&mut self, h: u32, context: &mut Context) -> Result<Vec<Sent>, Loss> {
        let Stage::On(management) = &mut self.management else {
            return Ok(Vec::new());
        };
        let before = management.misbehaviours();
        let acknowledged = management.acknowledge(h).map_err(|counts| {
            context.mistrust_management();
            Loss::HandledTooHigh(counts)
        })?;
        if management.misbehaviours() > before {
            context.mistrust_management();
        } else if !acknowledged.is_empty() {
            context.mistrusted = 0;
        }
        let is_empty = management.tail().len() == 0;
        if is_empty || !acknowledged.is_empty() {
            context.timers.clear(Timer::Acknowledge);
        }
        if is_empty {
            context.timers.clear(Timer::Ask);
        } else {
            // What this answer does not cover may hold up more, and nothing else would be asked for.
            context.timers.set_if_unset(Timer::Ask, context.now.moment + ASK_WITHIN);
        }
        Ok(acknowledged.into_iter().map(Tracked::acknowledged).collect())
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
        if awaited || management.unasked() >= ASK_AFTER || management.has_unwritten() {
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
        self.rouse(context);
        context.write_element(&sm::request());
        context.timers.clear(Timer::Ask);
        expect_acknowledgement(context);
        expect_answer(context);
        true
    }

    /// The message with this id came back as an error from somewhere: it is not sent again. Gives it, with its stanza.
    pub(super) fn refused(&mut self, id: &str, comes_from: &impl Fn(&Jid) -> bool) -> Option<(Letter, String)> {
        let is_it = |sent: &Sent| matches!(sent, Sent::Message(letter) if letter.id == id && comes_from(&letter.to));
        let (Stage::Enabling(management) | Stage::On(management)) = &mut self.management else {
            return None;
        };
        let Some(tracked) = management.tail_mut().find(|tracked| is_it(&tracked.sent)) else {
            return self.take_in_doubt(is_it);
        };
        let letter = std::mem::replace(&mut tracked.sent, Sent::Other).into_letter()?;
        Some((letter, tracked.stanza.clone()))
    }

    /// Whether the server is yet to say that it has something.
    pub(super) fn awaits_answers(&self, context: &Context) -> bool {
        let enabling = matches!(self.management, Stage::Enabling(_));
        let probing = context.timers.is_set(Timer::Acknowledge);
        enabling || probing || self.unacknowledged() > 0 || !self.line.is_empty()
    }

    /// Whether somebody waits for a message's acknowledgement, or other messages do.
    pub(super) fn has_messages(&self) -> bool {
        let is_awaited = |letter: &Letter| letter.ticket.is_some() || letter.suspected > 0;
        self.letters_under_way().any(is_awaited)
    }

    /// The server has ended the session for something that it carried.
    pub(super) fn suspect(&mut self) {
        let (Stage::Enabling(management) | Stage::On(management)) = &mut self.management else { return };
        for tracked in management.under_way_mut() {
            if let Sent::Message(letter) = &mut tracked.sent {
                letter.suspected = letter.suspected.saturating_add(1);
            }
        }
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

    /// Tells the server what is committed, asked or not.
    pub(super) fn answer(&self, context: &mut Context) {
        if let (Stage::On(management), false) = (&self.management, self.closed) {
            let handled = if self.resume_by.is_some() { self.commits.committed() } else { management.inbound() };
            context.write_element(&sm::ack(handled));
        }
    }

    fn counted(&self) -> u32 {
        match &self.management {
            Stage::Off => 0,
            Stage::Enabling(management) | Stage::On(management) => management.outbound(),
        }
    }

    fn unacknowledged(&self) -> usize {
        match &self.management {
            Stage::Off => 0,
            Stage::Enabling(management) | Stage::On(management) => management.tail().len(),
        }
    }

    fn letters_under_way(&self) -> impl Iterator<Item = &Letter> {
        self.tail().filter_map(|tracked| match &tracked.sent {
            Sent::Message(letter) => Some(letter),
            Sent::Presence(_) | Sent::AtRoom(_) | Sent::Other => None,
        })
    }

    fn tail(&self) -> impl Iterator<Item = &Tracked> {
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

/// From now on the server must acknowledge something.
pub(super) fn expect_acknowledgement(context: &mut Context) {
    context.timers.set_if_unset(Timer::Acknowledge, context.now.moment + ACKNOWLEDGE_WITHIN);
}

/// An answer must come within seconds: the machine woke up, or the network changed, and the connection may be gone.
pub(super) fn hurry_answer(context: &mut Context) {
    context.timers.bring_forward(Timer::Answer, context.now.moment + HURRIED_ANSWER);
}
