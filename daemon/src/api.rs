//! What the faces may ask of the daemon: requests, and a subscription to what changes. A stand-in with the right shape:
//! whoever holds the other end answers.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use xmppd_proto::{Change, Failure, Kind, Reply, Request, Topics};

/// What arrives at the other end.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Something to do.
    Call(Request, oneshot::Sender<Result<Reply, Failure>>),
    /// Somebody to be told.
    Subscribe(Topics, oneshot::Sender<Subscription>),
}

/// A handle to the daemon's middle.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    asked: mpsc::Sender<Asked>,
}

/// What a subscriber is told: a snapshot first, then each change.
#[derive(Debug)]
pub(crate) struct Subscription {
    changes: mpsc::Receiver<Arc<Change>>,
}

impl Api {
    /// Does what is asked and answers after it is done.
    ///
    /// # Errors
    /// The failure of the request; `unexpected` when the daemon is ending.
    pub(crate) async fn call(&self, request: Request) -> Result<Reply, Failure> {
        let (reply, answer) = oneshot::channel();
        let ending = || Failure::new(Kind::Unexpected, "the daemon is ending");
        self.asked.send(Asked::Call(request, reply)).await.map_err(|_| ending())?;
        answer.await.map_err(|_| ending())?
    }

    /// Tells what changes; the first change is the snapshot, and so is the one behind a gap.
    pub(crate) async fn subscribe(&self, topics: Topics) -> Subscription {
        let (reply, answer) = oneshot::channel();
        let nothing = || Subscription { changes: mpsc::channel(1).1 };
        match self.asked.send(Asked::Subscribe(topics, reply)).await {
            Ok(()) => answer.await.unwrap_or_else(|_| nothing()),
            Err(_) => nothing(),
        }
    }
}

impl Subscription {
    /// The next change; nothing once the daemon is ending.
    pub(crate) async fn next(&mut self) -> Option<Arc<Change>> {
        self.changes.recv().await
    }
}

/// The other end, for tests of the faces.
#[cfg(test)]
pub(crate) mod stand_in {
    use super::{Api, Arc, Asked, Change, Subscription, mpsc};

    /// A handle, and what is asked through it.
    pub(crate) fn api() -> (Api, mpsc::Receiver<Asked>) {
        let (asked, requests) = mpsc::channel(64);
        (Api { asked }, requests)
    }

    /// A subscription, and what it is told through.
    pub(crate) fn subscription() -> (mpsc::Sender<Arc<Change>>, Subscription) {
        let (sender, changes) = mpsc::channel(64);
        (sender, Subscription { changes })
    }
}
