//! `xml.watch`: who may see an account's wire. The accounts tell it themselves; here it is seen to that those which start
//! later do so too, and that their words become the contract's.

use std::collections::HashMap;

use tokio::sync::mpsc;
use xmppd_proto::reply::{self, XmlFrame, XmlWatching};
use xmppd_proto::request::XmlWatch;
use xmppd_proto::{Failure, Timestamp, Topic, Topics};

use super::desk::Desk;
use crate::account::{Direction, Told, Trace, Watcher};

/// The wire as one client watches it; it ends the watching when it is dropped.
#[derive(Debug)]
pub(crate) struct Wire {
    told: mpsc::Receiver<Told>,
}

impl Wire {
    /// The next thing that crossed it; `None` when the daemon is ending. Nothing is lost when this future is dropped.
    pub(crate) async fn next(&mut self) -> Option<XmlFrame> {
        self.told.recv().await.map(frame)
    }
}

impl Desk {
    pub(super) async fn watch_wire(&self, params: XmlWatch) -> Result<(XmlWatching, Wire), Failure> {
        let direction = params.direction.map(|direction| match direction {
            reply::Direction::In => Direction::In,
            reply::Direction::Out => Direction::Out,
        });
        let (watcher, told) = Watcher::new(direction, params.unmasked);
        let mut taps = Taps { desk: self.clone(), account: params.account, watcher, known: HashMap::new() };
        let accounts = taps.place().await?;
        tokio::spawn(taps.follow());
        Ok((XmlWatching { accounts }, Wire { told }))
    }
}

/// One watcher's taps, one an account.
struct Taps {
    desk: Desk,
    account: Option<String>,
    watcher: Watcher,
    known: HashMap<String, Trace>,
}

impl Taps {
    /// Taps every account that is not tapped yet; gives the names of all that run.
    async fn place(&mut self) -> Result<Vec<String>, Failure> {
        let accounts = self.desk.hub.accounts(self.account.clone()).await?;
        for (name, account) in &accounts {
            let is_tapped = self.known.get(name).is_some_and(Trace::is_alive);
            // An actor that takes no orders is about to end.
            if !is_tapped && account.tap(self.watcher.clone()).is_ok() {
                self.known.insert(name.clone(), account.trace());
            }
        }
        Ok(accounts.into_iter().map(|(name, _)| name).collect())
    }

    /// Goes on until nobody watches any more: an account may start, or start anew, at any time.
    async fn follow(mut self) {
        loop {
            let Ok(mut changes) = self.desk.hub.subscribe(Topics::of(&[Topic::Account])).await else { return };
            loop {
                let watcher = self.watcher.clone();
                tokio::select! {
                    () = watcher.gone() => return,
                    change = changes.recv() => if change.is_none() { break },
                }
                // The account may be out of the configuration for now.
                let _ = self.place().await;
            }
        }
    }
}

fn frame(told: Told) -> XmlFrame {
    XmlFrame {
        at: Timestamp::from_millisecond(told.at.as_unix_millis()).unwrap_or(Timestamp::UNIX_EPOCH),
        account: told.account,
        direction: match told.direction {
            Direction::In => reply::Direction::In,
            Direction::Out => reply::Direction::Out,
        },
        xml: told.xml.to_string(),
        lost: (told.lost > 0).then_some(told.lost),
    }
}
