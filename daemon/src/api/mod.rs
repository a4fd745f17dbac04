//! What can be asked of the daemon, whoever carries the question. The faces know this and [`xmppd_proto`] only: a
//! handle to ask through, and a subscription to what changes. Who answers is behind it, at the [`desk`].

mod account;
mod block;
mod clients;
mod config;
mod contacts;
mod daemon;
pub(crate) mod desk;
mod doctor;
mod history;
mod message;
mod outbox;
mod personal;
mod probe;
mod room;
mod roster;
mod scroll;
mod status;
mod tune;
mod upload;
mod wait;
mod webhook;
mod wire;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use xmppd_proto::reply::{StatusReport, XmlWatching};
use xmppd_proto::request::{StatusHold, XmlWatch};
use xmppd_proto::{Change, Failure, Kind, Reply, Request, Topics};

pub(crate) use crate::hub::Holding;
pub(crate) use clients::{Clients, Counted, Looker};
pub(crate) use daemon::{VERSION, hello};
pub(crate) use webhook::{Door, Doorkeeper, Doorway, Form, Posted, WebhookState};
pub(crate) use wire::Wire;

/// How many questions may wait; they are taken as fast as they come.
const ASKED: usize = 256;

/// What arrives at the other end.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Something to do.
    Call(Request, oneshot::Sender<Result<Reply, Failure>>),
    /// Somebody to be told: a snapshot first, then each change.
    Subscribe(Topics, oneshot::Sender<mpsc::Receiver<Arc<Change>>>),
    /// A status that somebody holds.
    Hold(StatusHold, oneshot::Sender<Result<(StatusReport, Holding), Failure>>),
    /// What a player posted of itself.
    Post(Posted, oneshot::Sender<Result<(), Failure>>),
    /// Somebody who wants to see the wire.
    Watch(XmlWatch, oneshot::Sender<Result<(XmlWatching, Wire), Failure>>),
}

/// A handle to ask through; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    asked: mpsc::Sender<Asked>,
}

/// What a watcher is told.
#[derive(Debug)]
pub(crate) struct Subscription {
    api: Api,
    topics: Topics,
    stage: Stage,
}

/// How far a subscription has come. What was asked for is kept here, so that it is asked once however often the one who
/// waits turns to something else.
#[derive(Debug)]
enum Stage {
    /// Nobody has been asked; whether something was missed before.
    Apart { missed: bool },
    /// The queue is on its way.
    Asked { missed: bool, answer: oneshot::Receiver<mpsc::Receiver<Arc<Change>>> },
    /// Changes come.
    Following(mpsc::Receiver<Arc<Change>>),
}

impl Api {
    /// A handle, and the end at which somebody answers.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (asked, questions) = mpsc::channel(ASKED);
        (Self { asked }, questions)
    }

    /// Does what is asked and answers after it is done.
    ///
    /// # Errors
    /// The failure of the request, as a row of the contract's exit table.
    pub(crate) async fn call(&self, request: Request) -> Result<Reply, Failure> {
        let (reply, answer) = oneshot::channel();
        self.asked.send(Asked::Call(request, reply)).await.map_err(|_| ending())?;
        answer.await.map_err(|_| ending())?
    }

    /// Tells what changes in these topics.
    pub(crate) fn subscribe(&self, topics: Topics) -> Subscription {
        Subscription { api: self.clone(), topics, stage: Stage::Apart { missed: false } }
    }

    /// Asks for a status that lasts as long as the value that comes with the answer.
    ///
    /// # Errors
    /// As for a status that is set.
    pub(crate) async fn hold(&self, request: StatusHold) -> Result<(StatusReport, Holding), Failure> {
        let (reply, answer) = oneshot::channel();
        self.asked.send(Asked::Hold(request, reply)).await.map_err(|_| ending())?;
        answer.await.map_err(|_| ending())?
    }

    /// Takes what a player posted of itself; for the webhook alone.
    ///
    /// # Errors
    /// A usage failure when the body says nothing that is known.
    pub(crate) async fn post(&self, posted: Posted) -> Result<(), Failure> {
        let (reply, answer) = oneshot::channel();
        self.asked.send(Asked::Post(posted, reply)).await.map_err(|_| ending())?;
        answer.await.map_err(|_| ending())?
    }

    /// Lets somebody see what crosses the wire of an account; for the socket alone.
    ///
    /// # Errors
    /// When there is no such account.
    pub(crate) async fn watch_wire(&self, request: XmlWatch) -> Result<(XmlWatching, Wire), Failure> {
        let (reply, answer) = oneshot::channel();
        self.asked.send(Asked::Watch(request, reply)).await.map_err(|_| ending())?;
        answer.await.map_err(|_| ending())?
    }
}

impl Subscription {
    /// The next thing to tell: a snapshot, then changes. One who lags too far behind is told of the gap, and gets a
    /// new snapshot. `None` when the daemon is ending. Nothing is lost when this future is dropped.
    pub(crate) async fn next(&mut self) -> Option<Arc<Change>> {
        loop {
            self.stage = match &mut self.stage {
                Stage::Apart { missed } => {
                    let place = self.api.asked.reserve().await.ok()?;
                    let (reply, answer) = oneshot::channel();
                    place.send(Asked::Subscribe(self.topics, reply));
                    Stage::Asked { missed: *missed, answer }
                }
                Stage::Asked { missed, answer } => {
                    let missed = *missed;
                    self.stage = Stage::Following(answer.await.ok()?);
                    if missed {
                        return Some(Arc::new(Change::Gap));
                    }
                    continue;
                }
                Stage::Following(changes) => match changes.recv().await {
                    Some(change) => return Some(change),
                    // A gap, unless this is the end of the daemon.
                    None => Stage::Apart { missed: true },
                },
            };
        }
    }
}

fn ending() -> Failure {
    Failure::new(Kind::NoDaemon, "the daemon is ending")
}
