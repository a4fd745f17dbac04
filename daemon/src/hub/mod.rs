//! The middle of the daemon: it owns what the user asked for, the picture of everything that watchers may know, and
//! the list of watchers. It waits for nobody: whoever asks gets what there is, and answers that take time are waited
//! for by the asker. Connections are the accounts' work, choosing a tune is the players'.

mod convert;
mod entry;
mod handle;
mod keeping;
mod personal;
mod presence;
mod rooms;
mod scroll;
mod setup;
mod subscribers;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use xmppd_core::account::{Command, Event, Outcome, Playing};
use xmppd_core::presence::Idle;
use xmppd_core::time::Moment;
use xmppd_proto::{Change, Failure, Kind, State, TuneChange, reply::TuneReport};

use crate::account::Handle as Account;
use crate::config::Config;
use crate::host::{Alarm, WallAlarm};
use crate::store::Store;
use crate::transport::tls::Tls;

use entry::Entry;
use handle::Message;
pub(crate) use handle::{Asked, Cleared, End, Handle, Hold, Parting, Status};
pub(crate) use presence::Holding;
pub(crate) use scroll::Scroller;
use subscribers::Subscribers;

pub(crate) use convert::{message, show, timestamp, tune as tune_to_proto};
pub(crate) use personal::of as personal_to_proto;
pub(crate) use setup::Surroundings;

/// How many messages may wait for the hub; it takes them as fast as they come.
const INBOX: usize = 256;

/// The hub and what reaches it.
pub(crate) struct Hub {
    config: Config,
    surroundings: Surroundings,
    store: Store,
    state: State,
    entries: Vec<Entry>,
    playing: Option<Playing>,
    /// Whether the person is away from the machine.
    idle: Option<Idle>,
    /// What the players' engine says of `playing`.
    tune: TuneReport,
    /// For accounts that trust the system's anchors alone, once there is one.
    tls: Option<Tls>,
    subscribers: Subscribers,
    /// Whether anybody looks at contacts.
    watched: bool,
    inbox: mpsc::Receiver<Message>,
    /// What happens in the accounts. Unbounded because an actor cannot wait; it reads from its connection only
    /// after the hub has had its turn.
    events: mpsc::UnboundedReceiver<(u64, Event)>,
    posts: mpsc::UnboundedSender<(u64, Event)>,
    /// How many actors there have been.
    actors: u64,
    /// How many layers have been held.
    holds: u64,
    /// Rings at the end of the next layer that has one.
    alarm: WallAlarm,
    /// Rings at the next step of a text that scrolls.
    ticker: Alarm,
    /// Rings when messages may be too old to be kept.
    keeper: Alarm,
    forget_at: Moment,
    /// Goodbyes of accounts that are in the configuration no more.
    goodbyes: Vec<JoinHandle<()>>,
}

enum Wake {
    Message(Message),
    /// From the actor with this number.
    Event(u64, Event),
    /// The wall clock shows the end of a layer.
    Expiry,
    /// A text scrolls on.
    Step,
    /// Messages may be too old to be kept.
    Forget,
    /// Nobody can ask anything any more.
    Abandoned,
}

impl Hub {
    /// Starts the hub with the accounts of a configuration, each as the store remembers it.
    pub(crate) async fn start(config: Config, surroundings: Surroundings, store: Store) -> (Handle, JoinHandle<()>) {
        let (sender, inbox) = mpsc::channel(INBOX);
        let (posts, events) = mpsc::unbounded_channel();
        let mut hub = Self {
            config,
            surroundings,
            store,
            state: State::default(),
            entries: Vec::new(),
            playing: None,
            idle: None,
            tune: TuneReport::default(),
            tls: None,
            subscribers: Subscribers::default(),
            watched: false,
            inbox,
            events,
            posts,
            actors: 0,
            holds: 0,
            alarm: WallAlarm::default(),
            ticker: Alarm::default(),
            keeper: Alarm::default(),
            forget_at: Moment::default(),
            goodbyes: Vec::new(),
        };
        hub.forget_old();
        hub.start_accounts().await;
        let handle = Handle::new(sender);
        (handle, tokio::spawn(hub.run()))
    }

    async fn run(mut self) {
        loop {
            match self.wake().await {
                Wake::Message(message) => self.message(message).await,
                Wake::Event(actor, event) => self.event(actor, event),
                Wake::Expiry => self.expire(),
                Wake::Step => self.step(),
                Wake::Forget => self.forget_old(),
                Wake::Abandoned => return,
            }
        }
    }

    async fn wake(&mut self) -> Wake {
        let (expiry, step, forget) = (self.next_expiry(), self.next_step(), self.next_forgetting());
        tokio::select! {
            // What has happened comes before what is asked, so that answers are never older than their question.
            biased;
            Some((actor, event)) = self.events.recv() => Wake::Event(actor, event),
            () = self.alarm.until(expiry) => Wake::Expiry,
            () = self.ticker.until(step) => Wake::Step,
            () = self.keeper.until(forget) => Wake::Forget,
            message = self.inbox.recv() => message.map_or(Wake::Abandoned, Wake::Message),
        }
    }

    async fn message(&mut self, message: Message) {
        match message {
            Message::Read(read) => read(&self.state, &self.config),
            Message::SetStatus(status, reply) => drop(reply.send(self.set_status(status))),
            Message::ClearStatus(account, what, reply) => {
                drop(reply.send(self.clear_status(account.as_deref(), what)));
            }
            Message::Hold(hold, reply) => drop(reply.send(self.hold(hold))),
            Message::Scroll(account, scroller, reply) => {
                drop(reply.send(self.scroll(account.as_deref(), scroller)));
            }
            Message::Release(number, reply) => {
                self.release(number);
                let _ = reply.send(());
            }
            Message::Accounts(name, reply) => drop(reply.send(self.accounts(name.as_deref()))),
            Message::Subscribe(topics, reply) => drop(reply.send(self.subscribers.add(topics, &self.state))),
            Message::Tune(report, playing) => self.tune(report, playing),
            Message::Idle(idle) => self.set_idle(idle),
            Message::Published(reply) => {
                let as_pep = self.config.tune.publish_pep;
                drop(reply.send(self.entries.iter().map(|entry| entry.tune_way(as_pep)).collect()));
            }
            Message::Watched(watched) => {
                self.watched = watched;
                for entry in &self.entries {
                    entry.watched(watched);
                }
            }
            Message::Reload(config, reply) => {
                let changed = self.reload(*config).await;
                let _ = reply.send(changed);
            }
            Message::Machine(machine, reply) => {
                let told: Vec<_> = self.entries.iter().filter_map(|entry| entry.machine(machine)).collect();
                tokio::spawn(async move {
                    for done in told {
                        let _ = done.await;
                    }
                    let _ = reply.send(());
                });
            }
            Message::Leave(parting, reply) => {
                let leaving = self.leave(parting);
                tokio::spawn(async move {
                    for task in leaving {
                        let _ = task.await;
                    }
                    let _ = reply.send(());
                });
            }
        }
    }

    fn accounts(&self, name: Option<&str>) -> Result<Vec<(String, Account)>, Failure> {
        let indices = self.indices(name)?;
        let handles = indices.into_iter().map(|index| &self.entries[index]);
        Ok(handles.filter_map(|entry| Some((entry.name().to_owned(), entry.handle()?.clone()))).collect())
    }

    /// The accounts that a name stands for: all that are switched on for `all` and for none.
    fn indices(&self, name: Option<&str>) -> Result<Vec<usize>, Failure> {
        let of = |wanted: &dyn Fn(&Entry) -> bool| -> Vec<usize> {
            (0..self.entries.len()).filter(|index| wanted(&self.entries[*index])).collect()
        };
        match name.filter(|name| *name != "all") {
            None => {
                let enabled = of(&Entry::is_enabled);
                if enabled.is_empty() { Err(no_account()) } else { Ok(enabled) }
            }
            Some(name) => {
                let named = of(&|entry: &Entry| entry.is(name));
                if named.is_empty() { Err(self.unknown(name)) } else { Ok(named) }
            }
        }
    }

    fn unknown(&self, name: &str) -> Failure {
        let names: Vec<&str> = self.entries.iter().map(Entry::name).collect();
        Failure::new(Kind::NotFound, format!("there is no account {name}"))
            .with_hint(format!("the configuration has: {}", names.join(", ")))
    }

    fn event(&mut self, actor: u64, event: Event) {
        // Who is told to leave is heard no more.
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.has_actor(actor)) else { return };
        let account = &entry.name().to_owned();
        let mut changes = Vec::new();
        match event {
            Event::Link(report) => {
                entry.set_report(report);
                changes.push(Change::Account(Box::new(entry.info())));
                changes.push(Change::Status(entry.status()));
            }
            Event::Presence(composed, delivery) => {
                entry.composed = composed;
                entry.delivery = delivery;
                changes.push(Change::Status(entry.status()));
            }
            Event::TunePublished(published) => entry.tune_published(published),
            Event::Mistrusted => entry.mistrusted(),
            Event::SetAside(id, aside, reason) => {
                entry.set_aside(&id, aside, &reason);
                changes.push(convert::set_aside(account.clone(), id, aside, reason));
            }
            event @ (Event::Roster(_)
            | Event::RosterItem(_)
            | Event::RosterRemoved(_)
            | Event::SubscriptionRequested(_)
            | Event::SubscriptionAnswered(_)
            | Event::Available(_)
            | Event::Unavailable(_)
            | Event::Personal(..)
            | Event::Departed
            | Event::Outbox(_)
            | Event::Room(_)
            | Event::RoomForgotten(_)
            | Event::Invited(_)
            | Event::Unread(..)
            | Event::Noted(_)
            | Event::ChatState(..)
            | Event::Message(_)) => {
                // Some servers tell both the account and its resource.
                changes
                    .extend(convert::event(account, event).filter(|change| !personal::is_known(change, &self.state)));
            }
        }
        for change in changes {
            self.publish(change);
        }
        self.tell_tune();
    }

    /// Something else plays, or nothing: every account that publishes tunes hears of it.
    fn tune(&mut self, report: TuneReport, playing: Option<Playing>) {
        if self.playing != playing {
            self.playing = playing;
            for entry in self.entries.iter().filter(|entry| entry.config().tune) {
                entry.tune(self.playing.clone());
            }
        }
        self.tune = report;
        self.tell_tune();
    }

    /// Tells watchers about the tune, and which accounts cannot publish it and why, if that is news.
    fn tell_tune(&mut self) {
        let mut report = self.tune.clone();
        if report.tune.is_some() && report.reason.is_none() {
            report.reason = self.why_unpublished();
        }
        if self.state.tune != report {
            self.publish(Change::Tune(TuneChange { account: None, jid: None, report }));
        }
    }

    fn why_unpublished(&self) -> Option<String> {
        let publishes = |entry: &Entry| entry.is_enabled() && entry.config().tune;
        if !self.entries.iter().any(publishes) {
            return Some("no account is configured to publish it".to_owned());
        }
        let problem = |entry: &Entry| Some(format!("{}: {}", entry.name(), entry.tune_problem.as_ref()?));
        let problems: Vec<String> = self.entries.iter().filter_map(problem).collect();
        (!problems.is_empty()).then(|| format!("not as User Tune through {}", problems.join("; ")))
    }

    fn publish(&mut self, change: Change) {
        self.subscribers.tell(&change);
        self.state.apply(change);
    }

    /// Has every account part from its server; each task ends when its connection is closed.
    fn leave(&mut self, parting: Parting) -> Vec<JoinHandle<()>> {
        let command = match parting {
            Parting::Goodbye => Command::Leave,
            Parting::Suspend => Command::Suspend,
        };
        self.goodbyes.drain(..).chain(self.entries.iter_mut().filter_map(|entry| entry.leave(command))).collect()
    }
}

fn no_account() -> Failure {
    Failure::new(Kind::NotFound, "no account is configured")
        .with_hint("write one into the configuration, then run `xmppctl config reload`")
}

/// Waits for an account's answer; its end is an answer too.
async fn outcome(answer: oneshot::Receiver<Outcome>) -> Outcome {
    answer.await.unwrap_or(Outcome::NotOnline(None))
}
