//! Runs the core's [`Players`]: what the watcher sees and what the user says goes in, decisions go to the hub.

use tokio::sync::{mpsc, oneshot};
use xmppd_core::account::Playing;
use xmppd_core::players::{Decision, Listed, Observation, Playback, Players, Rules, State};
use xmppd_core::tune::Track;
use xmppd_proto::reply::{Player, PlayerList, TuneReport};
use xmppd_proto::{PlayerState, TuneState};

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
    Observe(Observation, oneshot::Sender<TuneReport>),
    List(oneshot::Sender<PlayerList>),
    Rules(Rules),
}

/// The chooser has ended: the daemon is ending.
#[derive(Debug)]
pub(crate) struct Ended;

impl Handle {
    /// `tune on`, `tune off`; answered with what is published then.
    pub(crate) async fn switch(&self, on: bool) -> Result<TuneReport, Ended> {
        self.ask(|reply| Order::Observe(Observation::Switched(on), reply)).await
    }

    /// `tune set`, and without a track `tune clear`; answered with what is published then.
    pub(crate) async fn set(&self, track: Option<Track>) -> Result<TuneReport, Ended> {
        self.ask(|reply| Order::Observe(Observation::Manual(track), reply)).await
    }

    /// All players.
    pub(crate) async fn list(&self) -> Result<PlayerList, Ended> {
        self.ask(Order::List).await
    }

    /// Exchanges the rules.
    pub(crate) async fn set_rules(&self, rules: Rules) -> Result<(), Ended> {
        self.orders.send(Order::Rules(rules)).await.map_err(|_| Ended)
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, Ended> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| Ended)?;
        answer.await.map_err(|_| Ended)
    }
}

/// Starts the chooser; it ends with the last handle.
pub(crate) fn start(rules: Rules, on: bool, observations: mpsc::Receiver<Observation>, hub: hub::Handle) -> Handle {
    let (sender, orders) = mpsc::channel(ORDERS);
    let mut players = Players::new(rules);
    players.handle(host::now(), Observation::Switched(on));
    let chooser =
        Chooser { players, observations: Some(observations), orders, hub, told: None, alarm: Alarm::default() };
    tokio::spawn(chooser.run());
    Handle { orders: sender }
}

struct Chooser {
    players: Players,
    /// Nothing once the watcher has ended.
    observations: Option<mpsc::Receiver<Observation>>,
    orders: mpsc::Receiver<Order>,
    hub: hub::Handle,
    told: Option<Decision>,
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
                Wake::Order(Order::Rules(rules)) => self.players.set_rules(host::now(), rules),
                Wake::Order(Order::List(reply)) => drop(reply.send(list(&self.players))),
                Wake::Order(Order::Observe(observation, reply)) => {
                    self.players.handle(host::now(), observation);
                    self.tell().await;
                    let _ = reply.send(report(self.players.decision()));
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

    /// Tells the hub a decision that it does not know.
    async fn tell(&mut self) {
        let decision = self.players.decision();
        if self.told.as_ref() == Some(decision) {
            return;
        }
        self.told = Some(decision.clone());
        let playing = decision.tune.clone().map(|track| Playing { track, player: decision.player.clone() });
        // An error means that the daemon ends.
        let _ = self.hub.tune(report(decision), playing).await;
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
