//! Runs the core's [`Players`]: what the watcher sees and what the user says goes in, decisions go to the hub.

use tokio::sync::{mpsc, oneshot, watch};
use xmppd_core::account::Playing;
use xmppd_core::players::{Decision, Listed, Observation, OnPause, Pattern, Playback, Players, Rules, State};
use xmppd_core::tune::Track;
use xmppd_proto::reply::{Player, PlayerList, TuneReport};
use xmppd_proto::{PlayerState, TuneState};

use crate::config;
use crate::host::{self, Alarm};
use crate::hub::{self, tune_to_proto};

/// How many orders may wait.
const ORDERS: usize = 64;

/// Orders for the chooser.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
enum Order {
    Switch(bool, oneshot::Sender<TuneReport>),
    Set(Option<Track>, oneshot::Sender<TuneReport>),
    List(oneshot::Sender<PlayerList>),
    Settings(Settings),
}

/// What the configuration says.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Whether players are looked at and tunes published at all.
    pub(crate) enabled: bool,
    /// What is published then.
    pub(crate) rules: Rules,
}

impl Settings {
    /// `[tune]` as the chooser needs it.
    pub(crate) fn of(tune: &config::Tune) -> Self {
        Self { enabled: tune.enabled, rules: rules(tune) }
    }
}

/// The chooser has ended: the daemon is ending.
#[derive(Debug)]
pub(crate) struct Ended;

impl Handle {
    /// `tune on`, `tune off`; answered with what is published then.
    pub(crate) async fn switch(&self, on: bool) -> Result<TuneReport, Ended> {
        self.ask(|reply| Order::Switch(on, reply)).await
    }

    /// `tune set`, and without a track `tune clear`; answered with what is published then.
    pub(crate) async fn set(&self, track: Option<Track>) -> Result<TuneReport, Ended> {
        self.ask(|reply| Order::Set(track, reply)).await
    }

    /// All players.
    pub(crate) async fn list(&self) -> Result<PlayerList, Ended> {
        self.ask(Order::List).await
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
    settings: Settings,
    on: bool,
    wanted: watch::Sender<bool>,
    observations: mpsc::Receiver<Observation>,
    hub: hub::Handle,
) -> Handle {
    let (sender, orders) = mpsc::channel(ORDERS);
    let players = Players::new(settings.rules.clone());
    let alarm = Alarm::default();
    let mut chooser = Chooser { players, on, wanted, observations: Some(observations), orders, hub, told: None, alarm };
    chooser.configure(settings);
    tokio::spawn(chooser.run());
    Handle { orders: sender }
}

struct Chooser {
    players: Players,
    /// What the person said; the configuration may say otherwise.
    on: bool,
    wanted: watch::Sender<bool>,
    /// Nothing once the watcher has ended.
    observations: Option<mpsc::Receiver<Observation>>,
    orders: mpsc::Receiver<Order>,
    hub: hub::Handle,
    told: Option<TuneReport>,
    alarm: Alarm,
}

enum Wake {
    Order(Order),
    Observation(Observation),
    Unwatched,
    Abandoned,
}

impl Chooser {
    async fn run(mut self) {
        loop {
            self.tell().await;
            match self.wake().await {
                Wake::Observation(observation) => self.players.handle(host::now(), observation),
                Wake::Order(Order::Settings(settings)) => self.configure(settings),
                Wake::Order(Order::List(reply)) => drop(reply.send(list(&self.players))),
                Wake::Order(Order::Switch(on, reply)) => {
                    self.on = on;
                    self.switch();
                    self.tell().await;
                    let _ = reply.send(self.report());
                }
                Wake::Order(Order::Set(track, reply)) => {
                    self.players.handle(host::now(), Observation::Manual(track));
                    self.tell().await;
                    let _ = reply.send(self.report());
                }
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
        tokio::select! {
            order = self.orders.recv() => order.map_or(Wake::Abandoned, Wake::Order),
            wake = observed => wake,
            () = self.alarm.until(self.players.deadline()) => Wake::Observation(Observation::Tick),
        }
    }

    fn configure(&mut self, settings: Settings) {
        self.players.set_rules(host::now(), settings.rules);
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

    /// Tells the hub what it does not know.
    async fn tell(&mut self) {
        let report = self.report();
        if self.told.as_ref() == Some(&report) {
            return;
        }
        self.told = Some(report.clone());
        let decision = self.players.decision();
        let playing = decision.tune.clone().map(|track| Playing { track, player: decision.player.clone() });
        // An error means that the daemon ends.
        let _ = self.hub.tune(report, playing).await;
    }

    fn report(&self) -> TuneReport {
        let mut report = report(self.players.decision());
        if !self.is_enabled() {
            report.reason = Some("tune.enabled is false in the configuration".to_owned());
        }
        report
    }
}

fn report(decision: &Decision) -> TuneReport {
    TuneReport {
        tune: decision.tune.as_ref().map(tune_to_proto),
        player: decision.player.clone(),
        state: match decision.state {
            State::Playing => TuneState::Playing,
            State::Paused => TuneState::Paused,
            State::Stopped => TuneState::Stopped,
            State::Off => TuneState::Off,
        },
        reason: decision.reason.as_ref().map(ToString::to_string),
    }
}

/// The chosen one first, then by rank.
fn list(players: &Players) -> PlayerList {
    let mut listed = players.listing();
    listed.sort_by_key(|player| (!player.chosen, player.rule.rank().unwrap_or(usize::MAX)));
    PlayerList { players: listed.into_iter().map(player).collect() }
}

fn player(listed: Listed) -> Player {
    Player {
        player: listed.player,
        bus_name: listed.bus_name,
        identity: listed.identity,
        state: match listed.playback {
            Playback::Playing => PlayerState::Playing,
            Playback::Paused => PlayerState::Paused,
            Playback::Stopped => PlayerState::Stopped,
        },
        chosen: listed.chosen,
        rule: listed.rule.to_string(),
        tune: listed.tune.as_ref().map(tune_to_proto),
    }
}

fn rules(tune: &config::Tune) -> Rules {
    let players = |patterns: &[String]| patterns.iter().filter_map(|text| Pattern::player(text).ok()).collect();
    Rules {
        allow: players(&tune.allow),
        deny: players(&tune.deny),
        deny_url: tune.deny_url.iter().filter_map(|text| Pattern::url(text).ok()).collect(),
        settle: tune.settle,
        on_pause: match tune.on_pause {
            config::OnPause::Clear => OnPause::Clear,
            config::OnPause::Keep => OnPause::Keep,
            config::OnPause::ClearAfter(pause) => OnPause::After(pause),
        },
        publish_url: tune.publish_url,
    }
}
