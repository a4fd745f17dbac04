//! Runs the core's [`Players`]: what the watcher sees and what the user says goes in, decisions go to the hub.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use xmppd_core::account::Playing;
use xmppd_core::players::{Decision, Hold, Observation, POSTED, Players, Post, Rule, Rules, Skipped, Unskippable};
use xmppd_core::time::Wall;
use xmppd_core::tune::Track;
use xmppd_proto::reply::{ExplainedPlayer, FilterReport, PlayerList, TuneReport};

use super::convert;
use super::filter::Filter;
use crate::config;
use crate::host::{self, Alarm, WallAlarm};
use crate::hub;
use crate::places::Environment;
use crate::store::{Change, Store};

/// How many orders may wait.
const ORDERS: usize = 64;

/// Orders for the chooser.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
enum Order {
    Wish(Wish, oneshot::Sender<TuneReport>),
    Pin(String, oneshot::Sender<Result<TuneReport, Unpinnable>>),
    Skip(oneshot::Sender<Result<TuneReport, Unskippable>>),
    List(oneshot::Sender<PlayerList>),
    Explain(Option<String>, oneshot::Sender<Vec<ExplainedPlayer>>),
    Filter(oneshot::Sender<Option<FilterReport>>),
    Present(oneshot::Sender<Option<Playing>>),
    Post(Post, Duration),
    Unpost,
    Settings(Settings),
}

/// What a person may wish for, and always gets.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    /// `tune on`, `tune off`.
    Switch(bool),
    /// `tune hold`; none for `tune resume`.
    Hold(Option<Hold>),
    /// `tune set`, with its end; none for `tune clear`.
    Set(Option<Track>, Option<Wall>),
    /// `tune use auto`.
    Unpin,
}

/// Why a player cannot be pinned.
#[derive(Clone, Debug)]
pub(crate) enum Unpinnable {
    /// It is not there.
    Absent,
    /// This rule keeps it from being published, whatever it plays.
    Denied(String),
}

/// The wishes that outlive a restart.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// What `tune on` or `tune off` said last.
    pub(crate) on: bool,
    /// What `tune hold` said; it may be over.
    pub(crate) hold: Option<Hold>,
    /// What `tune use` said.
    pub(crate) pin: Option<String>,
    /// What `tune skip` skipped.
    pub(crate) skipped: Option<Skipped>,
}

/// What the configuration says.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Whether players are looked at and tunes published at all.
    pub(crate) enabled: bool,
    /// What is published then.
    pub(crate) rules: Rules,
    /// The program that is asked about it, and its arguments.
    pub(crate) filter: Option<Vec<String>>,
}

impl Settings {
    /// `[tune]` as the chooser needs it.
    pub(crate) fn of(tune: &config::Tune) -> Self {
        Self { enabled: tune.enabled, rules: convert::rules(tune), filter: tune.filter.clone() }
    }
}

/// The chooser has ended: the daemon is ending.
#[derive(Debug)]
pub(crate) struct Ended;

impl Handle {
    /// Does what is wished for; answered with what is published then.
    pub(crate) async fn wish(&self, wish: Wish) -> Result<TuneReport, Ended> {
        self.ask(|reply| Order::Wish(wish, reply)).await
    }

    /// `tune use`, with the name of a player that is there.
    pub(crate) async fn pin(&self, player: String) -> Result<Result<TuneReport, Unpinnable>, Ended> {
        self.ask(|reply| Order::Pin(player, reply)).await
    }

    /// `tune skip`.
    pub(crate) async fn skip(&self) -> Result<Result<TuneReport, Unskippable>, Ended> {
        self.ask(Order::Skip).await
    }

    /// Players of one name, or all, and why each is chosen or not.
    pub(crate) async fn explain(&self, player: Option<String>) -> Result<Vec<ExplainedPlayer>, Ended> {
        self.ask(|reply| Order::Explain(player, reply)).await
    }

    /// What the program said that is asked about songs, if there is one.
    pub(crate) async fn filter(&self) -> Result<Option<FilterReport>, Ended> {
        self.ask(Order::Filter).await
    }

    /// What is published, or would be if nothing kept it back.
    pub(crate) async fn present(&self) -> Result<Option<Playing>, Ended> {
        self.ask(Order::Present).await
    }

    /// All players.
    pub(crate) async fn list(&self) -> Result<PlayerList, Ended> {
        self.ask(Order::List).await
    }

    /// Takes what a player posted of itself, and how long that is believed when it does not say.
    pub(crate) async fn post(&self, post: Post, patience: Duration) -> Result<(), Ended> {
        self.orders.send(Order::Post(post, patience)).await.map_err(|_| Ended)
    }

    /// Nobody can post any more.
    pub(crate) async fn unpost(&self) -> Result<(), Ended> {
        self.orders.send(Order::Unpost).await.map_err(|_| Ended)
    }

    /// Puts another configuration in force.
    pub(crate) async fn configure(&self, settings: Settings) -> Result<(), Ended> {
        self.orders.send(Order::Settings(settings)).await.map_err(|_| Ended)
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, Ended> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| Ended)?;
        answer.await.map_err(|_| Ended)
    }
}

/// Starts the chooser; it ends with the last handle. `wanted` tells the watcher whether to look at players.
pub(crate) fn start(
    tune: &config::Tune,
    kept: Kept,
    wanted: watch::Sender<bool>,
    observations: mpsc::Receiver<Observation>,
    (hub, store): (hub::Handle, Store),
    environment: Environment,
) -> Handle {
    let settings = Settings::of(tune);
    let (sender, orders) = mpsc::channel(ORDERS);
    let mut players = Players::new(settings.rules.clone());
    players.handle(host::now(), Observation::Held(kept.hold));
    players.handle(host::now(), Observation::Pinned(kept.pin));
    players.handle(host::now(), Observation::Skipped(kept.skipped.clone()));
    let mut chooser = Chooser {
        players,
        filter: None,
        environment,
        on: kept.on,
        wanted,
        observations: Some(observations),
        orders,
        hub,
        store,
        told: None,
        skipped: kept.skipped,
        alarm: Alarm::default(),
        calendar: WallAlarm::default(),
    };
    chooser.configure(settings);
    tokio::spawn(chooser.run());
    Handle { orders: sender }
}

struct Chooser {
    players: Players,
    /// What stands between what is chosen and who publishes it.
    filter: Option<Filter>,
    environment: Environment,
    /// What the person said; the configuration may say otherwise.
    on: bool,
    wanted: watch::Sender<bool>,
    /// Nothing once the watcher has ended.
    observations: Option<mpsc::Receiver<Observation>>,
    orders: mpsc::Receiver<Order>,
    hub: hub::Handle,
    store: Store,
    told: Option<TuneReport>,
    /// What the store has of the track that is skipped.
    skipped: Option<Skipped>,
    /// Rings when something has settled.
    alarm: Alarm,
    /// Rings when a wish ends.
    calendar: WallAlarm,
}

enum Wake {
    Order(Order),
    Observation(Observation),
    Unwatched,
    /// The filter has answered, or may be asked again.
    Filter,
    Abandoned,
}

impl Chooser {
    async fn run(mut self) {
        loop {
            self.tell().await;
            match self.wake().await {
                Wake::Observation(observation) => self.players.handle(host::now(), observation),
                Wake::Order(order) => self.order(order).await,
                Wake::Filter => {}
                Wake::Unwatched => self.observations = None,
                Wake::Abandoned => return,
            }
        }
    }

    async fn wake(&mut self) -> Wake {
        let observed = async {
            match &mut self.observations {
                Some(observations) => observations.recv().await.map_or(Wake::Unwatched, Wake::Observation),
                None => std::future::pending().await,
            }
        };
        let deadlines = [self.players.deadline(), self.filter.as_ref().and_then(Filter::deadline)];
        let answered = async {
            match &mut self.filter {
                Some(filter) => filter.answer().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = self.orders.recv() => order.map_or(Wake::Abandoned, Wake::Order),
            wake = observed => wake,
            () = answered => Wake::Filter,
            () = self.alarm.until(deadlines.into_iter().flatten().min()) => Wake::Observation(Observation::Tick),
            () = self.calendar.until(self.players.expiry()) => Wake::Observation(Observation::Tick),
        }
    }

    async fn order(&mut self, order: Order) {
        match order {
            Order::Settings(settings) => self.configure(settings),
            Order::Post(post, patience) => self.players.handle(host::now(), Observation::Posted(post, patience)),
            Order::Unpost => {
                self.players.handle(host::now(), Observation::Vanished { id: POSTED.to_owned() });
            }
            Order::List(reply) => drop(reply.send(convert::list(&self.players))),
            Order::Explain(player, reply) => drop(reply.send(convert::explain(&self.players, player.as_deref()))),
            Order::Filter(reply) => drop(reply.send(self.filter.as_ref().map(Filter::report))),
            Order::Present(reply) => drop(reply.send(self.present())),
            Order::Wish(wish, reply) => {
                self.wish(wish);
                self.tell().await;
                let _ = reply.send(self.report());
            }
            Order::Pin(player, reply) => {
                let pinned = self.pin(player);
                self.tell().await;
                let _ = reply.send(pinned.map(|()| self.report()));
            }
            Order::Skip(reply) => {
                let skipped = self.players.skip(host::now());
                self.tell().await;
                let _ = reply.send(skipped.map(|()| self.report()));
            }
        }
    }

    fn wish(&mut self, wish: Wish) {
        let observation = match wish {
            Wish::Switch(on) => {
                self.on = on;
                return self.switch();
            }
            Wish::Hold(hold) => Observation::Held(hold),
            Wish::Set(track, end) => Observation::Manual(track, end),
            Wish::Unpin => Observation::Pinned(None),
        };
        self.players.handle(host::now(), observation);
    }

    /// A player that is denied for what it plays now may play something else next; one that is denied itself may not.
    fn pin(&mut self, player: String) -> Result<(), Unpinnable> {
        let listing = self.players.listing();
        let named = listing.into_iter().find(|listed| listed.is_named(&player)).ok_or(Unpinnable::Absent)?;
        if let Rule::Deny(_) | Rule::Unlisted = named.rule {
            return Err(Unpinnable::Denied(named.rule.to_string()));
        }
        self.players.handle(host::now(), Observation::Pinned(Some(player)));
        Ok(())
    }

    fn present(&self) -> Option<Playing> {
        let decision = self.players.decision();
        let published = decision.tune.clone().map(|track| Playing { track, player: decision.player.clone() });
        published.or_else(|| {
            let (track, player) = self.players.present()?;
            Some(Playing { track, player: Some(player.to_owned()) })
        })
    }

    fn configure(&mut self, settings: Settings) {
        self.players.set_rules(host::now(), settings.rules);
        let kept = self.filter.take().filter(|filter| settings.filter.as_deref().is_some_and(|words| filter.is(words)));
        let new = |words| Filter::new(words, self.environment.clone());
        self.filter = kept.or_else(|| settings.filter.map(new));
        self.wanted.send_replace(settings.enabled);
        self.switch();
    }

    fn is_enabled(&self) -> bool {
        *self.wanted.borrow()
    }

    fn switch(&mut self) {
        let on = self.on && self.is_enabled();
        self.players.handle(host::now(), Observation::Switched(on));
    }

    /// Tells the filter, the store and the hub what they do not know.
    async fn tell(&mut self) {
        if let Some(filter) = &mut self.filter {
            filter.handle(host::now(), self.players.decision());
        }
        if self.skipped.as_ref() != self.players.skipped() {
            self.skipped = self.players.skipped().cloned();
            // A skip that cannot be kept holds until the daemon ends.
            drop(self.store.apply(vec![Change::TuneSkip(self.skipped.clone())]));
        }
        let report = self.report();
        if self.told.as_ref() == Some(&report) {
            return;
        }
        self.told = Some(report.clone());
        let Decision { tune, player, .. } = self.decision();
        let playing = tune.map(|track| Playing { track, player });
        // An error means that the daemon ends.
        let _ = self.hub.tune(report, playing).await;
    }

    /// What is to be published, after the filter.
    fn decision(&self) -> Decision {
        self.filter.as_ref().map_or_else(|| self.players.decision().clone(), Filter::decision)
    }

    fn report(&self) -> TuneReport {
        let mut report = convert::report(&self.decision(), &self.players);
        if !self.is_enabled() {
            report.reason = Some("tune.enabled is false in the configuration".to_owned());
        }
        report
    }
}
