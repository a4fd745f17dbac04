//! What the user asks for of their presence, as layers of each account: setting, holding, taking back, and the end that
//! comes by the wall clock. What the layers give together is the core's; an account that cannot be told now is told
//! when it starts.

use jid::Jid;
use tokio::sync::oneshot;
use xmppd_core::account::Command;
use xmppd_core::presence::{Directed, Held, Idle, Overlay, Presence, Timed};
use xmppd_core::time::Wall;
use xmppd_proto::{Change, Failure, Kind};

use super::Hub;
use super::entry::Entry;
use super::handle::{Asked, Cleared, End, Hold, Message, Status};
use super::setup::first_presence;
use crate::host;
use crate::store::{self, BasePresence};

/// So many contacts at most are told something of their own: each hears it again whenever all are told something.
const DIRECTED: usize = 32;

/// A layer that lasts as long as this value.
#[derive(Debug)]
pub(crate) struct Holding {
    /// Its end tells that the layer is not held any more.
    hold: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

impl Holding {
    /// Holds a layer through a hub's inbox.
    pub(super) fn new(number: u64, hub: tokio::sync::mpsc::Sender<Message>) -> Self {
        let (hold, held) = oneshot::channel();
        let (done, released) = oneshot::channel();
        tokio::spawn(async move {
            if held.await.is_err() {
                // A hub that has ended holds nothing.
                let _ = hub.send(Message::Release(number, done)).await;
            }
        });
        Self { hold, released }
    }

    /// Takes the layer away, and waits until it is.
    pub(crate) async fn release(self) {
        drop(self.hold);
        // An error means that there is no hub to hold it.
        let _ = self.released.await;
    }

    /// Leaves the layer as it is, for the daemon is ending and says goodbye by other means.
    pub(crate) fn abandon(self) {
        let _ = self.hold.send(());
    }
}

impl Hub {
    /// Puts a wish of the user's in force. It is on its way to the disk and to the server when this returns.
    pub(super) fn set_status(&mut self, status: Status) -> Result<Vec<Asked>, Failure> {
        let indices = self.indices(status.account.as_deref())?;
        let mut asked = Vec::new();
        for index in indices {
            let entry = &mut self.entries[index];
            let account = entry.name().to_owned();
            if status.except.contains(&account) {
                continue;
            }
            let Overlay { show, status: text, priority } = status.overlay.clone();
            let change = match (status.end.clone(), status.to.clone()) {
                (end, Some(to)) => {
                    let told = entry.layers.directed();
                    if told.len() >= DIRECTED && told.iter().all(|known| known.to != to) {
                        return Err(Failure::new(
                            Kind::Policy,
                            format!("{DIRECTED} contacts are told something of their own already"),
                        )
                        .with_hint("`xmppctl status clear --to JID` takes one back"));
                    }
                    entry.layers.direct(Directed { to, show, status: text, until: end.map(|end| end.until) });
                    store::Change::Directed { account, directed: entry.layers.directed().to_vec() }
                }
                (None, None) => {
                    let before = entry.layers.base().priority;
                    let priority_now = priority.unwrap_or(before);
                    entry.layers.set_base(Presence { show, status: text.clone(), priority: priority_now });
                    let presence = BasePresence { show, status: text, priority };
                    store::Change::BasePresence { account, presence }
                }
                (Some(End { until, then }), None) => {
                    let timed = Some(Timed { overlay: Overlay { show, status: text, priority }, until, then });
                    entry.layers.set_timed(timed.clone());
                    store::Change::TimedPresence { account, timed }
                }
            };
            asked.push(self.tell_layers(index, vec![change]));
        }
        Ok(asked)
    }

    /// Holds a layer; gives the number under which it is released.
    pub(super) fn hold(&mut self, hold: Hold) -> Result<u64, Failure> {
        let indices = self.indices(hold.account.as_deref())?;
        self.holds += 1;
        let Hold { overlay, until, by, .. } = hold;
        let held = Held { number: self.holds, overlay, until, by };
        for index in indices {
            self.entries[index].layers.hold(held.clone());
            drop(self.tell_layers(index, Vec::new()));
        }
        Ok(held.number)
    }

    /// Takes away what is held under a number, if it still is.
    pub(super) fn release(&mut self, number: u64) {
        for index in 0..self.entries.len() {
            if self.entries[index].layers.release(number) {
                drop(self.tell_layers(index, Vec::new()));
            }
        }
    }

    /// Takes back what was asked for. Without a word which: all that is above the base, or where nothing is above any
    /// base that is meant, the base.
    pub(super) fn clear_status(&mut self, account: Option<&str>, what: Option<Cleared>) -> Result<Vec<Asked>, Failure> {
        let indices = self.indices(account)?;
        let is_covered = |index: &usize| has_more_than_base(&self.entries[*index]);
        let otherwise = if indices.iter().any(is_covered) { Cleared::AboveBase } else { Cleared::Base };
        let what = what.unwrap_or(otherwise);
        if let Cleared::Directed(to) = &what {
            return self.clear_directed(indices, to);
        }
        let mut asked = Vec::new();
        for index in indices {
            let first = first_presence(&self.config, self.entries[index].config());
            let entry = &mut self.entries[index];
            let account = entry.name().to_owned();
            let mut changes = Vec::new();
            match &what {
                Cleared::Directed(_) => {}
                Cleared::Base => {
                    entry.layers.set_base(first);
                    changes.push(store::Change::NoBasePresence { account });
                }
                Cleared::Command => entry.layers.release_all(),
                Cleared::Scroll => entry.layers.set_scroll(None),
                Cleared::Timed | Cleared::AboveBase => {
                    if what == Cleared::AboveBase {
                        entry.layers.release_all();
                        entry.layers.set_scroll(None);
                    }
                    entry.layers.set_timed(None);
                    changes.push(store::Change::TimedPresence { account, timed: None });
                }
            }
            asked.push(self.tell_layers(index, changes));
        }
        Ok(asked)
    }

    fn clear_directed(&mut self, indices: Vec<usize>, to: &Jid) -> Result<Vec<Asked>, Failure> {
        let mut asked = Vec::new();
        for index in indices {
            let entry = &mut self.entries[index];
            if entry.layers.undirect(to) {
                let (account, directed) = (entry.name().to_owned(), entry.layers.directed().to_vec());
                asked.push(self.tell_layers(index, vec![store::Change::Directed { account, directed }]));
            }
        }
        if asked.is_empty() {
            return Err(Failure::new(Kind::NotFound, format!("{to} is told nothing of their own"))
                .with_hint("`xmppctl status layers` shows who is"));
        }
        Ok(asked)
    }

    /// The person is away from the machine, or back.
    pub(super) fn set_idle(&mut self, idle: Option<Idle>) {
        self.idle.clone_from(&idle);
        for index in 0..self.entries.len() {
            self.entries[index].layers.set_idle(idle.clone());
            drop(self.tell_layers(index, Vec::new()));
        }
    }

    /// When the next layer ends by itself.
    pub(super) fn next_expiry(&self) -> Option<Wall> {
        self.entries.iter().filter_map(|entry| entry.layers.next_expiry()).min()
    }

    /// Takes away the layers whose time has come.
    pub(super) fn expire(&mut self) {
        let now = host::now().wall;
        for index in 0..self.entries.len() {
            let entry = &mut self.entries[index];
            let (mut ended, told) = (None, entry.layers.directed().len());
            if !entry.layers.expire(now, |timed| ended = Some(timed)) {
                continue;
            }
            let account = entry.name().to_owned();
            tracing::info!(%account, "a status has come to its end");
            let ended = ended.map(|timed| store::Change::TimedEnded { account: account.clone(), then: timed.then });
            let directed = entry.layers.directed();
            let directed = (directed.len() != told)
                .then(|| store::Change::Directed { account: account.clone(), directed: directed.to_vec() });
            let mut told = self.tell_layers(index, ended.into_iter().chain(directed).collect());
            tokio::spawn(async move {
                if let Err(error) = told.stored().await {
                    tracing::warn!(%account, "the end of a status is not kept: {error}");
                }
            });
        }
    }

    /// The layers of an account are others: tells the disk, the account and the watchers.
    pub(super) fn tell_layers(&mut self, index: usize, changes: Vec<store::Change>) -> Asked {
        let stored = (!changes.is_empty()).then(|| self.store.apply(changes));
        let entry = &mut self.entries[index];
        entry.scroller.take_if(|_| entry.layers.scroll().is_none());
        let (account, layers) = (entry.name().to_owned(), entry.layers.clone());
        let outcome = entry.ask(|ticket| Command::Layers(ticket, layers));
        let status = entry.status();
        if !self.state.status.accounts.contains(&status) {
            self.publish(Change::Status(status));
        }
        let stored = async move {
            match stored {
                Some(stored) => stored.await,
                None => Ok(()),
            }
        };
        Asked::new(account, stored, outcome)
    }
}

fn has_more_than_base(entry: &Entry) -> bool {
    entry.layers.timed().is_some() || entry.layers.scroll().is_some() || !entry.layers.held().is_empty()
}
