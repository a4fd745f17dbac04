//! One account: a link that is offline, connecting, online or stopped, and what the user wants of it.
//! Every state is a file and is consumed by its transitions. Sockets, files and the clock are the shell's, which hands
//! in what happened and does what comes out.

mod aside;
mod backlog;
mod chosen;
mod contacts;
mod context;
mod correcting;
mod fates;
mod inbox;
mod input;
mod kept;
mod login;
mod offline;
mod online;
mod outbox;
mod output;
mod outward;
mod pages;
mod recent;
mod returned;
mod room;
mod room_outbox;
mod room_recent;
mod rooms;
mod settings;
mod stopped;
mod streak;
#[cfg(test)]
mod testing;
mod timers;
mod tokens;
mod waiting;

pub use backlog::PART as BACKLOG_PART;
pub use contacts::{KeptPush, KeptRoster, SubscriptionRequest};
pub use correcting::Merged;
pub use inbox::NAMES_REMEMBERED;
pub use input::{
    Command, Connected, Correcting, Input, Machine, Outgoing, Place, Playing, Question, RoomCommand, SecretMissing,
    Security, StoreTicket, Subscribing, Ticket,
};
pub use kept::{Border, KeptAside, KeptMessage, KeptRoom, KeptSession, Known, Origin, Shown};
pub use output::{
    Aside, Available, Change, Delivery, Dial, Event, HangUp, Incoming, LinkState, Outcome, Output, Problem, Profile,
    Report, Session, Speaker, TunePublished,
};
pub use recent::{Author, KeptRecent, MESSAGES_REMEMBERED, Noted, RecentMessage};
pub use returned::{Returned, TAKEN_REMEMBERED};
pub use room::{Affiliation, Occupant, Role};
pub use room_recent::RoomWord;
pub use rooms::{Invitation, RoomReport, RoomState};
pub use settings::{Memory, MessageSettings, OnUncertain, Remembered, Settings, TuneSettings};
pub use tokens::Token;

use jid::Jid;

use context::Context;
use login::Connecting;
use offline::Offline;
use online::Online;
use stopped::Stopped;

use crate::entropy::{Entropy, SEED_LEN};
use crate::players::{Budget, Pattern};
use crate::time::{Moment, Now, Wall};

/// The machine of one account.
#[derive(Debug)]
pub struct Account {
    link: Link,
    context: Context,
    reported: Option<Report>,
}

/// Where the account stands. A transition consumes the state it leaves.
#[derive(Debug)]
enum Link {
    Offline(Offline),
    Connecting(Box<Connecting>),
    Online(Box<Online>),
    Stopped(Stopped),
}

impl Account {
    /// An account that has not started: it waits for [`Input::Start`].
    pub fn new(settings: Settings, memory: Memory, seed: [u8; SEED_LEN]) -> Self {
        let context = Context::new(settings, memory, Entropy::new(seed));
        Self { link: Link::Offline(Offline::ByCommand), context, reported: None }
    }

    /// Takes in one happening. Never fails and never waits; drain [`poll`](Self::poll) afterwards.
    pub fn handle(&mut self, now: Now, mut input: Input<'_>) {
        self.context.now = now;
        if let Input::Stored(ticket, result) = &input {
            self.context.storing = self.context.storing.saturating_sub(1);
            self.context.settled(*ticket, result);
            self.context.stored_unsent(*ticket, result);
            self.context.stored_behind(*ticket, result);
            self.context.merged(*ticket, result);
            let told = self.context.inbox.stored(*ticket);
            self.context.was_said(told);
        }
        if let Input::Loaded(result) = &mut input {
            self.context.loaded(std::mem::replace(result, Ok(Vec::new())));
        }
        if let Some((ticket, to)) = sending(&input)
            && self.context.is_encrypted_only(to)
        {
            return self.context.reply(ticket, Outcome::Withheld);
        }
        let link = std::mem::replace(&mut self.link, Link::Offline(Offline::ByCommand));
        self.link = link.handle(input, &mut self.context);
        let in_session = if let Link::Online(online) = &self.link { online.messages() } else { 0 };
        self.context.tell_outbox(in_session);
        self.report();
    }

    /// Sends no plain text into these chats from now on, whatever was taken before; they are patterns of bare addresses.
    pub fn encrypted_only(&mut self, now: Now, chats: Vec<Pattern>) {
        self.context.now = now;
        self.context.settings.encrypted_only = chats;
        self.context.withhold_unsent();
        let in_session = if let Link::Online(online) = &self.link { online.messages() } else { 0 };
        self.context.tell_outbox(in_session);
    }

    /// The next thing to do; nothing when all is done for now.
    pub fn poll(&mut self) -> Option<Output> {
        self.context.poll()
    }

    /// When to say [`Input::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Moment> {
        let timers = self.context.timers.earliest();
        let requests = match &self.link {
            Link::Online(online) => online.deadline(),
            Link::Offline(_) | Link::Connecting(_) | Link::Stopped(_) => None,
        };
        timers.into_iter().chain(requests).min()
    }

    /// What may still be published now.
    pub fn budget(&self) -> &Budget {
        self.context.outward.budget()
    }

    /// Whether what came waits for the disk in such numbers that the server is not to be read on before it is there.
    pub fn is_behind(&self) -> bool {
        match &self.link {
            Link::Online(online) => online.is_behind(&self.context),
            Link::Offline(_) | Link::Connecting(_) | Link::Stopped(_) => false,
        }
    }

    /// Whether the server's next byte begins an element, as far as that is known: only while stanzas flow.
    pub fn is_between_stanzas(&self) -> bool {
        match &self.link {
            Link::Online(online) => online.is_between_stanzas(),
            Link::Offline(_) | Link::Connecting(_) | Link::Stopped(_) => false,
        }
    }

    fn report(&mut self) {
        let now = self.context.now.wall;
        let since = |state: LinkState, before: Option<&Report>| {
            before.filter(|before| before.state == state).map_or(now, |before| before.since)
        };
        let mut report = self.link.report(&self.context);
        report.since = since(report.state, self.reported.as_ref());
        if self.reported.as_ref() != Some(&report) {
            self.reported = Some(report.clone());
            self.context.event(Event::Link(report));
        }
    }
}

/// To whom a message is to be sent, and who asks.
fn sending<'a>(input: &'a Input<'_>) -> Option<(Ticket, &'a Jid)> {
    let Input::Command(command) = input else { return None };
    if let Command::Retry(ticket, kept) = command {
        return Some((*ticket, &kept.message.to));
    }
    if let Command::Send(ticket, outgoing) = command { Some((*ticket, &outgoing.to)) } else { None }
}

impl Link {
    fn handle(self, input: Input<'_>, context: &mut Context) -> Self {
        match self {
            Self::Offline(offline) => offline.handle(input, context),
            Self::Connecting(connecting) => connecting.handle(input, context),
            Self::Online(online) => online.handle(input, context),
            Self::Stopped(stopped) => stopped.handle(input, context),
        }
    }

    fn report(&self, context: &Context) -> Report {
        let (state, problem, session) = match self {
            Self::Offline(offline) => (offline.state(), offline.problem().cloned(), None),
            Self::Connecting(_) => (LinkState::Connecting, None, None),
            Self::Online(online) => (LinkState::Online, online.problem(context), Some(online.session().clone())),
            Self::Stopped(stopped) => (stopped.state(), Some(stopped.problem().clone()), None),
        };
        Report { state, since: Wall::default(), problem, session }
    }
}
