//! What every link state works with and none owns: settings, randomness, deadlines, and the way out.

use std::collections::VecDeque;
use std::time::Duration;

use super::inbox::Inbox;
use super::input::{Playing, StoreTicket, Ticket};
use super::kept::KeptSession;
use super::login::Key;
use super::online::{Asleep, Unsent};
use super::output::{Change, Delivery, Dial, Event, HangUp, Incoming, Outcome, Output};
use super::outward::Outward;
use super::settings::{Memory, Remembered, Settings, TuneSettings};
use super::streak::Streak;
use super::timers::{Timer, Timers};
use super::tokens::Tokens;
use crate::backoff::Backoff;
use crate::entropy::Entropy;
use crate::loss::{Ending, Loss};
use crate::stanza::StanzaError;
use crate::time::Now;
use crate::xml::{Element, writer};

/// After so many misbehaviours in a row stream management is not used any more.
const MISTRUST: u32 = 3;

/// The part of an account that outlives its connections.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) now: Now,
    pub(super) settings: Settings,
    pub(super) entropy: Entropy,
    pub(super) timers: Timers,
    pub(super) outward: Outward,
    pub(super) backoff: Backoff,
    pub(super) streak: Streak,
    /// Where the server before sent us.
    pub(super) redirect: Option<(String, u16)>,
    /// The key of the last login that worked, so that a reconnect asks nobody for the password.
    pub(super) key: Option<Key>,
    /// The tokens to log in with.
    pub(super) tokens: Tokens,
    /// What the server offered at the last login in one exchange.
    pub(super) remembered: Option<Remembered>,
    /// Somebody looks at what comes in.
    pub(super) watched: bool,
    /// A login by token led nowhere: the next one has the password at hand.
    pub(super) password_first: bool,
    /// A request to log in may go with the header: none that did has failed since the last login.
    pub(super) pipelines: bool,
    /// Who waits for the account to come online.
    pub(super) connecting: Vec<Ticket>,
    /// A session that may be taken up again.
    pub(super) asleep: Option<Asleep>,
    /// Messages of sessions that are gone.
    pub(super) unsent: Vec<Unsent>,
    /// What is known of the messages that came.
    pub(super) inbox: Inbox,
    /// What the disk is asked to forget.
    forgetting: Vec<(StoreTicket, Vec<String>)>,
    /// Messages that are at the server and could not be forgotten.
    remembered_in_vain: Vec<String>,
    /// How often in a row the server did not keep its side of stream management.
    pub(super) mistrusted: u32,
    /// The disk has a session.
    session_kept: bool,
    outputs: VecDeque<Output>,
    presence_told: Option<Event>,
    stores: u64,
}

impl Context {
    pub(super) fn new(settings: Settings, mut memory: Memory, entropy: Entropy) -> Self {
        let messages = std::mem::take(&mut memory.messages);
        let inbox = Inbox::restored(memory.border.take(), std::mem::take(&mut memory.told));
        let session_kept = memory.session.is_some();
        let (asleep, unsent) = match memory.session.take() {
            Some(kept) => (Some(Asleep::restored(kept, messages)), Vec::new()),
            None => (None, messages.into_iter().map(|message| Unsent::kept(message, true)).collect()),
        };
        Self {
            now: Now::default(),
            tokens: Tokens::restored(memory.tokens.clone()),
            remembered: memory.offer.clone(),
            outward: Outward::new(settings.tune.clone(), memory),
            settings,
            entropy,
            timers: Timers::default(),
            backoff: Backoff::default(),
            streak: Streak::default(),
            redirect: None,
            key: None,
            watched: false,
            password_first: false,
            pipelines: true,
            connecting: Vec::new(),
            asleep,
            unsent,
            inbox,
            forgetting: Vec::new(),
            remembered_in_vain: Vec::new(),
            mistrusted: 0,
            session_kept,
            outputs: VecDeque::new(),
            presence_told: None,
            stores: 0,
        }
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(super) fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(super) fn write(&mut self, bytes: Vec<u8>) {
        // What is written in one go leaves in one segment.
        if let Some(Output::Write(before)) = self.outputs.back_mut() {
            before.extend(bytes);
        } else {
            self.push(Output::Write(bytes));
        }
    }

    pub(super) fn write_element(&mut self, element: &Element) {
        self.write(writer::to_string(element).into_bytes());
    }

    /// The account's local part, as SASL names it.
    pub(super) fn user(&self) -> String {
        self.settings.jid.node().map(ToString::to_string).unwrap_or_default()
    }

    /// Has the tokens kept as they are now.
    pub(super) fn keep_tokens(&mut self) {
        self.store(Change::Tokens(self.tokens.kept().to_vec()));
    }

    /// A login has worked: the next one may take the short way.
    pub(super) fn logged_in(&mut self) {
        self.password_first = false;
        self.pipelines = true;
    }

    /// Has the session kept for another process, or what was kept erased.
    pub(super) fn keep_session(&mut self, session: Option<KeptSession>) -> Option<StoreTicket> {
        let was_kept = std::mem::replace(&mut self.session_kept, session.is_some());
        (self.session_kept || was_kept).then(|| self.store(Change::Session(session)))
    }

    /// The server does not keep its side of stream management; watchers learn it when that is used no more.
    pub(super) fn mistrust_management(&mut self) {
        self.mistrusted += 1;
        if self.mistrusted == MISTRUST {
            self.event(Event::Mistrusted);
        }
    }

    /// Whether the server has so often misbehaved that its stream management is of no use (R08).
    pub(super) fn mistrusts_management(&self) -> bool {
        self.mistrusted >= MISTRUST
    }

    /// Has the server's offer kept for the next login.
    pub(super) fn remember(&mut self, offer: Remembered) {
        if self.remembered.as_ref() != Some(&offer) {
            self.remembered = Some(offer.clone());
            self.store(Change::Offer(offer));
        }
    }

    /// The server has these messages: the disk may forget them, and who waits is told.
    pub(super) fn messages_arrived(&mut self, messages: impl IntoIterator<Item = (Option<Ticket>, String)>) {
        let mut ids = Vec::new();
        for (ticket, id) in messages {
            if let Some(ticket) = ticket {
                self.reply(ticket, Outcome::Sent(id.clone()));
            }
            ids.push(id);
        }
        self.forget_messages(ids);
    }

    /// This message could not be kept, and is not sent; an earlier attempt to keep it may have worked.
    pub(super) fn message_not_kept(&mut self, ticket: Option<Ticket>, id: String, reason: String) {
        if let Some(ticket) = ticket {
            self.reply(ticket, Outcome::NotKept(reason));
        }
        self.forget_messages(vec![id]);
    }

    /// Has the disk forget these messages, and those that it could not forget before.
    fn forget_messages(&mut self, mut ids: Vec<String>) {
        if !ids.is_empty() {
            ids.append(&mut self.remembered_in_vain);
            let ticket = self.store(Change::Arrived(ids.clone()));
            self.forgetting.push((ticket, ids));
        }
    }

    /// The store answered; messages that it could not forget are tried again with the next ones.
    pub(super) fn forgotten(&mut self, ticket: StoreTicket, is_done: bool) {
        if let Some(place) = self.forgetting.iter().position(|(awaited, _)| *awaited == ticket) {
            let (_, ids) = self.forgetting.remove(place);
            if !is_done {
                self.remembered_in_vain.extend(ids);
            }
        }
    }

    /// This message came back: the disk may forget it, and who waits is told.
    pub(super) fn message_refused(&mut self, ticket: Option<Ticket>, id: String, error: &StanzaError) {
        if let Some(ticket) = ticket {
            self.reply(ticket, Outcome::Refused(error.clone()));
        }
        self.forget_messages(vec![id]);
    }

    /// The request to go on with the last session; one that cannot be there any more is given up.
    pub(super) fn resumption(&mut self) -> Option<Element> {
        let now = self.now.wall;
        let mistrusts = self.mistrusts_management();
        let request = self.asleep.as_mut()?.request(now).filter(|_| !mistrusts);
        if request.is_none() {
            self.forget_session(None);
        }
        request
    }

    /// The store answered while there is no stream: a session that is asleep, or a message of one that is gone.
    pub(super) fn stored(&mut self, ticket: StoreTicket, result: Result<(), String>) {
        if let Some(place) = self.unsent.iter().position(|unsent| unsent.awaits == Some(ticket)) {
            return self.stored_unsent(place, result);
        }
        if let Some(mut asleep) = self.asleep.take() {
            asleep.stored(ticket, result, self);
            self.asleep = Some(asleep);
        }
    }

    fn stored_unsent(&mut self, place: usize, result: Result<(), String>) {
        match result {
            Ok(()) => {
                self.unsent[place].awaits = None;
                self.put_off_messages();
            }
            Err(reason) => {
                let unsent = self.unsent.remove(place);
                self.message_not_kept(unsent.letter.ticket, unsent.letter.id, reason);
            }
        }
    }

    /// The last session is gone; the server had so many of our stanzas, if it said so.
    pub(super) fn forget_session(&mut self, h: Option<u32>) {
        if let Some(asleep) = self.asleep.take() {
            asleep.dissolve(h, self);
        }
    }

    /// Nobody knows when the next session is: whoever waits for a message is told that it is kept.
    pub(super) fn put_off_messages(&mut self) {
        let asleep = self.asleep.as_mut().map(Asleep::put_off_messages).unwrap_or_default();
        let waiting: Vec<_> = asleep.into_iter().chain(self.unsent.iter_mut().filter_map(Unsent::put_off)).collect();
        for (ticket, id) in waiting {
            self.reply(ticket, Outcome::Queued(id));
        }
    }

    pub(super) fn dial(&mut self) {
        let dial = Dial {
            domain: self.settings.jid.domain().to_string(),
            server: self.redirect.clone().or_else(|| self.settings.server.clone()),
            redirected: self.redirect.is_some(),
            tls: self.settings.tls,
        };
        self.push(Output::Dial(dial));
    }

    pub(super) fn hang_up(&mut self, how: HangUp) {
        self.timers.clear_connection();
        self.push(Output::HangUp(how));
    }

    /// Ends our side of a stream as this loss asks for; `closed` when our end tag has been sent.
    pub(super) fn end_stream(&mut self, loss: &Loss, closed: bool) {
        match loss.ending() {
            Ending::Polite => {
                if !closed {
                    if let Some(error) = loss.stream_error() {
                        self.write_element(&error);
                    }
                    self.write(writer::CLOSE.into());
                }
                self.hang_up(HangUp::Polite);
            }
            Ending::Abrupt => self.hang_up(HangUp::Abrupt),
            Ending::Gone => {}
        }
    }

    pub(super) fn reply(&mut self, ticket: Ticket, outcome: Outcome) {
        self.push(Output::Reply(ticket, outcome));
    }

    pub(super) fn event(&mut self, event: Event) {
        self.push(Output::Event(event));
    }

    /// Tells watchers of messages.
    pub(super) fn messages_came(&mut self, messages: Vec<Incoming>) {
        for message in messages {
            self.event(Event::Message(message));
        }
    }

    /// Tells watchers what contacts see, if that differs from what watchers were told last.
    pub(super) fn tell_presence(&mut self, delivery: Delivery) {
        let event = Event::Presence(self.outward.composed(), delivery);
        if self.presence_told.as_ref() != Some(&event) {
            self.presence_told = Some(event.clone());
            self.event(event);
        }
    }

    /// What was asked for waits for a connection, or needs none.
    pub(super) fn present_later(&mut self) -> Delivery {
        let delivery = if self.outward.wants_stream() { Delivery::Pending } else { Delivery::Acknowledged };
        self.tell_presence(delivery);
        delivery
    }

    pub(super) fn set_playing(&mut self, playing: Option<Playing>) {
        self.outward.set_playing(playing, self.now.moment, &mut self.timers);
    }

    /// Publishes otherwise from now on, while there is no stream that could carry it.
    pub(super) fn set_tune_settings_later(&mut self, ticket: Ticket, settings: TuneSettings) {
        self.outward.set_settings(settings);
        self.present_later();
        self.reply(ticket, Outcome::Done);
    }

    pub(super) fn show_playing(&mut self) {
        self.outward.show_playing(self.now.moment, &mut self.timers);
    }

    /// The same while there is no stream that could carry it.
    pub(super) fn set_playing_later(&mut self, playing: Option<Playing>) {
        self.set_playing(playing);
        self.present_later();
    }

    /// The same while there is no stream that could carry it.
    pub(super) fn show_playing_later(&mut self) {
        self.show_playing();
        self.present_later();
    }

    pub(super) fn store(&mut self, change: Change) -> StoreTicket {
        self.stores += 1;
        let ticket = StoreTicket(self.stores);
        self.push(Output::Store(ticket, change));
        ticket
    }

    pub(super) fn set_timer(&mut self, timer: Timer, after: Duration) {
        self.timers.set(timer, self.now.moment + after);
    }

    /// Answers everybody who waits for the account to come online.
    pub(super) fn reply_connecting(&mut self, outcome: &Outcome) {
        for ticket in std::mem::take(&mut self.connecting) {
            self.reply(ticket, outcome.clone());
        }
    }
}
