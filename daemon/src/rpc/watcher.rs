//! A client that watches: its changes as numbered lines. What it is told, and that it never holds anybody up, is the
//! subscription's work.

use std::sync::Arc;

use xmppd_proto::jsonrpc::event_line;
use xmppd_proto::{Change, Event, Topic, Topics};

use crate::api::{Clients, Counted, Looker, Subscription};

/// What `watch.start` began.
#[derive(Debug)]
pub(super) struct Watcher {
    topics: Topics,
    subscription: Subscription,
    seq: u64,
    _counted: Counted,
    _looker: Option<Looker>,
}

impl Watcher {
    /// Watches these topics.
    pub(super) fn new(topics: Topics, subscription: Subscription, clients: &Clients) -> Self {
        // Contacts have tunes, too.
        let looks = [Topic::Roster, Topic::Presence, Topic::Tune, Topic::Personal, Topic::Room]
            .into_iter()
            .any(|topic| topics.contains(topic));
        Self { topics, subscription, seq: 0, _counted: clients.watcher(), _looker: looks.then(|| clients.looker()) }
    }

    /// The next change; nothing when the daemon ends. A change is not lost when this future is dropped.
    pub(super) async fn next(&mut self) -> Option<Arc<Change>> {
        self.subscription.next().await
    }

    /// The change as the watcher's next line: numbers rise by one from each snapshot, which is 0.
    pub(super) fn line(&mut self, change: Arc<Change>) -> String {
        match &*change {
            Change::Snapshot(state) => {
                self.seq = 0;
                event_line(&state.snapshot(self.topics))
            }
            Change::Gap => event_line(&Event::gap()),
            Change::Status(_)
            | Change::Tune(_)
            | Change::Presence(_)
            | Change::Personal(_)
            | Change::Roster(_)
            | Change::Message(_)
            | Change::Account(_)
            | Change::Unread(_)
            | Change::Receipt(_)
            | Change::Reaction(_)
            | Change::Retraction(_)
            | Change::ChatState(_)
            | Change::Outbox(_)
            | Change::Room(_) => {
                self.seq += 1;
                event_line(&Event::new(self.seq, Arc::unwrap_or_clone(change)))
            }
        }
    }
}
