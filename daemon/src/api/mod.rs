//! What can be asked of the daemon, whoever carries the question. The faces know this and [`xmppd_proto`] only: a
//! handle to ask through, and a subscription to what changes. Who answers is behind it, at the [`desk`].

mod account;
mod clients;
mod config;
mod daemon;
pub(crate) mod desk;
mod doctor;
mod message;
mod status;
mod tune;
mod wait;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use xmppd_proto::{Change, Failure, Kind, Reply, Request, Topics};

pub(crate) use clients::{Clients, Counted};
pub(crate) use daemon::VERSION;

/// How many questions may wait; they are taken as fast as they come.
const ASKED: usize = 256;

/// What arrives at the other end.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Something to do.
    Call(Request, oneshot::Sender<Result<Reply, Failure>>),
    /// Somebody to be told: a snapshot first, then each change.
    Subscribe(Topics, oneshot::Sender<mpsc::Receiver<Arc<Change>>>),
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
    source: Source,
}

/// Where a watcher's next change comes from. It is kept between calls, so that one that is given up loses nothing.
#[derive(Debug)]
enum Source {
    /// Nobody has been asked.
    Unasked,
    /// The queue is asked for.
    Asked(oneshot::Receiver<mpsc::Receiver<Arc<Change>>>),
    /// The queue, which begins with a snapshot.
    Queue(mpsc::Receiver<Arc<Change>>),
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
        self.ask(|reply| Asked::Call(request, reply)).await.ok_or_else(ending)?
    }

    /// Tells what changes in these topics.
    pub(crate) fn subscribe(&self, topics: Topics) -> Subscription {
        Subscription { api: self.clone(), topics, source: Source::Unasked }
    }

    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Asked) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.asked.send(question(reply)).await.ok()?;
        answer.await.ok()
    }
}

impl Subscription {
    /// The next thing to tell: a snapshot, then changes. One who lags too far behind is told of the gap, and gets a
    /// new snapshot. `None` when the daemon is ending.
    pub(crate) async fn next(&mut self) -> Option<Arc<Change>> {
        loop {
            match &mut self.source {
                Source::Unasked => {
                    let (reply, answer) = oneshot::channel();
                    self.api.asked.send(Asked::Subscribe(self.topics, reply)).await.ok()?;
                    self.source = Source::Asked(answer);
                }
                Source::Asked(answer) => {
                    let answered = answer.await;
                    self.source = Source::Unasked;
                    self.source = Source::Queue(answered.ok()?);
                }
                Source::Queue(queue) => {
                    let change = queue.recv().await;
                    if change.is_none() {
                        self.source = Source::Unasked;
                    }
                    return Some(change.unwrap_or_else(|| Arc::new(Change::Gap)));
                }
            }
        }
    }
}

fn ending() -> Failure {
    Failure::new(Kind::NoDaemon, "the daemon is ending")
}
