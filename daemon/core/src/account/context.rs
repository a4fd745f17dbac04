//! What every link state works with and none owns: settings, randomness, deadlines, and the way out.

use std::collections::VecDeque;
use std::time::Duration;

use super::backlog::Backlog;
use super::contacts::Contacts;
use super::correcting::Merging;
use super::fates::Fates;
use super::inbox::Inbox;
use super::input::{Playing, StoreTicket, Ticket};
use super::kept::KeptSession;
use super::login::Key;
use super::online::Asleep;
use super::outbox::Outbox;
use super::output::{Change, Delivery, Dial, Event, HangUp, Outcome, Output};
use super::outward::Outward;
use super::recent::{Dues, Recent};
use super::returned::{Pauses, Taken};
use super::room_recent::RoomRecent;
use super::rooms::Rooms;
use super::settings::{Memory, OnUncertain, Remembered, Settings, TuneSettings};
use super::streak::Streak;
use super::timers::{Timer, Timers};
use super::tokens::Tokens;
use crate::backoff::Backoff;
use crate::entropy::Entropy;
use crate::loss::{Ending, Loss};
use crate::presence::Show;
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
    /// The dial of now leads where the last session is to be resumed.
    by_location: bool,
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
    /// Messages that are in no session.
    pub(super) outbox: Outbox,
    /// Corrections that take the place of what they correct.
    pub(super) merging: Vec<Merging>,
    /// What became of messages.
    pub(super) fates: Fates,
    /// Messages that the server has taken.
    pub(super) taken: Taken,
    /// Recipients whose messages wait.
    pub(super) pauses: Pauses,
    /// Messages that are on the disk alone.
    pub(super) backlog: Backlog,
    /// What is known of the messages that came.
    pub(super) inbox: Inbox,
    /// The last messages.
    pub(super) recent: Recent,
    /// The same of rooms.
    pub(super) room_recent: RoomRecent,
    /// What others are to be told of them.
    pub(super) dues: Dues,
    /// What is known of the contacts.
    pub(super) contacts: Contacts,
    /// The rooms that the account remembers.
    pub(super) rooms: Rooms,
    /// How often in a row the server did not keep its side of stream management.
    pub(super) mistrusted: u32,
    /// The disk has a session.
    session_kept: bool,
    outputs: VecDeque<Output>,
    presence_told: Option<Event>,
    stores: u64,
    /// So many changes wait for the disk.
    pub(super) storing: usize,
}

impl Context {
    pub(super) fn new(settings: Settings, mut memory: Memory, entropy: Entropy) -> Self {
        let messages = std::mem::take(&mut memory.messages);
        let chosen = messages.iter().filter_map(|message| Some((message.id.clone(), message.chosen.clone()?)));
        let keys = chosen.chain(std::mem::take(&mut memory.chosen_behind)).collect();
        let kept_rooms = std::mem::take(&mut memory.rooms);
        let borders = kept_rooms.iter().filter_map(|room| Some((room.jid.clone(), room.border.clone()?))).collect();
        let inbox = Inbox::restored(memory.border.take(), borders, std::mem::take(&mut memory.told));
        let (rooms, known_rooms) = Rooms::restored(kept_rooms);
        let (contacts, known) = Contacts::restored(memory.roster.take(), std::mem::take(&mut memory.requests));
        let room_recent = RoomRecent::restored(std::mem::take(&mut memory.recent.in_rooms));
        let recent = Recent::restored(std::mem::take(&mut memory.recent));
        let unread = recent.unread().into_iter().map(|(chat, count)| Event::Unread(chat, count));
        let outputs = known.into_iter().chain(known_rooms).chain(unread).map(Output::Event).collect();
        let pauses = Pauses::restored(&messages, |jid| rooms.has(jid));
        let numbered = u64::try_from(messages.len()).unwrap_or(u64::MAX);
        let (asleep, unsent) = match memory.session.take() {
            Some(kept) => {
                let told = memory.layers.directed().iter().map(|directed| directed.to.clone()).collect();
                (Some(Asleep::restored(kept, messages, told)), Vec::new())
            }
            None => (None, messages),
        };
        Self {
            now: Now::default(),
            tokens: Tokens::restored(memory.tokens.clone()),
            taken: Taken::restored(std::mem::take(&mut memory.taken)),
            backlog: Backlog::restored(memory.backlog),
            remembered: memory.offer.clone(),
            outward: Outward::new(settings.tune.clone(), memory),
            settings,
            entropy,
            timers: Timers::default(),
            backoff: Backoff::default(),
            streak: Streak::default(),
            redirect: None,
            by_location: false,
            key: None,
            watched: false,
            password_first: false,
            pipelines: true,
            connecting: Vec::new(),
            session_kept: asleep.is_some(),
            asleep,
            outbox: Outbox::restored(unsent, keys, numbered),
            merging: Vec::new(),
            fates: Fates::default(),
            pauses,
            inbox,
            recent,
            room_recent,
            dues: Dues::default(),
            contacts,
            rooms,
            mistrusted: 0,
            outputs,
            presence_told: None,
            stores: 0,
            storing: 0,
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

    /// Whether nobody is to see us.
    pub(super) fn is_invisible(&self) -> bool {
        self.outward.composed().presence.show == Show::Invisible
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

    /// The request to go on with the last session; one that cannot be there any more is given up.
    pub(super) fn resumption(&mut self) -> Option<Element> {
        let now = self.now;
        let mistrusts = self.mistrusts_management();
        let request = self.asleep.as_mut()?.request(now).filter(|_| !mistrusts);
        if request.is_none() {
            self.forget_session(None);
        }
        request
    }

    /// The store answered while there is no stream; a session that is asleep may have asked.
    pub(super) fn stored(&mut self, ticket: StoreTicket, result: Result<(), String>) {
        if let Some(mut asleep) = self.asleep.take() {
            asleep.stored(ticket, result, self);
            self.asleep = Some(asleep);
        }
    }

    /// How long the server of the last session is still left alone with what the lost connection carried.
    pub(super) fn settling(&mut self) -> Duration {
        let now = self.now.moment;
        self.asleep.as_mut().map_or(Duration::ZERO, |asleep| asleep.settling(now))
    }

    /// Somebody wants the connection now: later pauses start small again.
    pub(super) fn hurried(&mut self) {
        self.backoff.reset();
        self.streak = Streak::default();
    }

    /// The last session is gone; the server had so many of our stanzas, if it said so.
    pub(super) fn forget_session(&mut self, h: Option<u32>) {
        if let Some(asleep) = self.asleep.take() {
            asleep.dissolve(h, self);
        }
    }

    /// Dials where a server sent us, by its last word or for the last session, else the usual way.
    pub(super) fn dial(&mut self) {
        let mut elsewhere = self.redirect.clone();
        if elsewhere.is_none() && !self.mistrusts_management() {
            elsewhere = self.asleep.as_ref().and_then(|asleep| asleep.location(self.now.wall));
            self.by_location = elsewhere.is_some();
        }
        let dial = Dial {
            domain: self.settings.jid.domain().to_string(),
            redirected: elsewhere.is_some(),
            server: elsewhere.or_else(|| self.settings.server.clone()),
            tls: self.settings.tls,
        };
        self.push(Output::Dial(dial));
    }

    /// There is no session by this dial; whether it led where the last one was to be resumed, which is not tried again.
    pub(super) fn gives_up_location(&mut self) -> bool {
        let gives_up = std::mem::take(&mut self.by_location);
        if let Some(asleep) = self.asleep.as_mut().filter(|_| gives_up) {
            asleep.forget_location();
        }
        gives_up
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

    pub(super) fn set_on_uncertain(&mut self, ticket: Ticket, what: OnUncertain) {
        self.settings.on_uncertain = what;
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
        self.storing += 1;
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
