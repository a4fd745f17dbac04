//! What every link state works with and none owns: settings, randomness, deadlines, and the way out.

use std::collections::VecDeque;
use std::time::Duration;

use super::input::{Playing, StoreTicket, Ticket};
use super::login::Key;
use super::output::{Change, Delivery, Dial, Event, HangUp, Outcome, Output};
use super::outward::Outward;
use super::settings::{Memory, Settings, TuneSettings};
use super::streak::Streak;
use super::timers::{Timer, Timers};
use crate::backoff::Backoff;
use crate::entropy::Entropy;
use crate::loss::{Ending, Loss};
use crate::time::Now;
use crate::xml::{Element, writer};

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
    /// Who waits for the account to come online.
    pub(super) connecting: Vec<Ticket>,
    outputs: VecDeque<Output>,
    told: Option<Event>,
    stores: u64,
}

impl Context {
    pub(super) fn new(settings: Settings, memory: Memory, entropy: Entropy) -> Self {
        Self {
            now: Now::default(),
            outward: Outward::new(settings.tune.clone(), memory),
            settings,
            entropy,
            timers: Timers::default(),
            backoff: Backoff::default(),
            streak: Streak::default(),
            redirect: None,
            key: None,
            connecting: Vec::new(),
            outputs: VecDeque::new(),
            told: None,
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

    /// Tells watchers what contacts see, if that differs from what watchers were told last.
    pub(super) fn tell_presence(&mut self, delivery: Delivery) {
        let event = Event::Presence(self.outward.composed(), delivery);
        if self.told.as_ref() != Some(&event) {
            self.told = Some(event.clone());
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
