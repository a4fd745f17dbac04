//! What the faces may ask of the daemon: requests, and a subscription to what changes. A stand-in with the right shape:
//! whoever holds the other end answers.

use tokio::sync::{mpsc, oneshot};
use xmppd_proto::{Event, Failure, Kind, Request, Topics};

/// What arrives at the other end.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Something to do.
    Call(Request, oneshot::Sender<Result<serde_json::Value, Failure>>),
    /// Somebody to be told: a snapshot first, then each change.
    Subscribe(Topics, mpsc::Sender<Event>),
}

/// A handle to the daemon's middle.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    asked: mpsc::Sender<Asked>,
}

/// What a subscriber is told.
#[derive(Debug)]
pub(crate) struct Subscription {
    events: mpsc::Receiver<Event>,
}

impl Api {
    /// A handle whose other end is `asked`.
    pub(crate) fn new(asked: mpsc::Sender<Asked>) -> Self {
        Self { asked }
    }

    /// Does what is asked and answers after it is done.
    ///
    /// # Errors
    /// The failure of the request; `unexpected` when the daemon is ending.
    pub(crate) async fn call(&self, request: Request) -> Result<serde_json::Value, Failure> {
        let (reply, answer) = oneshot::channel();
        let ending = || Failure::new(Kind::Unexpected, "the daemon is ending");
        self.asked.send(Asked::Call(request, reply)).await.map_err(|_| ending())?;
        answer.await.map_err(|_| ending())?
    }

    /// Tells what changes; the first event is the snapshot, and so is the one behind a gap.
    pub(crate) async fn subscribe(&self, topics: Topics) -> Subscription {
        let (sender, events) = mpsc::channel(1024);
        let _ = self.asked.send(Asked::Subscribe(topics, sender)).await;
        Subscription { events }
    }
}

impl Subscription {
    /// The next event; nothing once the daemon is ending.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}
