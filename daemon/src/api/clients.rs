//! How many programs are connected to the socket and how many of them watch, for `daemon.status`; and whether anybody
//! looks at contacts, for servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::watch;

/// A handle to both numbers; its clones show the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clients {
    clients: Arc<AtomicU32>,
    watchers: Arc<AtomicU32>,
    lookers: Arc<watch::Sender<u32>>,
}

/// One that is counted as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted(Arc<AtomicU32>);

/// One that looks at contacts as long as it lives.
#[derive(Debug)]
pub(crate) struct Looker(Arc<watch::Sender<u32>>);

impl Clients {
    /// How many look at contacts, now and later.
    pub(crate) fn lookers(&self) -> watch::Receiver<u32> {
        self.lookers.subscribe()
    }

    /// One more who looks at contacts.
    pub(crate) fn looker(&self) -> Looker {
        self.lookers.send_modify(|number| *number += 1);
        Looker(Arc::clone(&self.lookers))
    }

    /// How many programs are connected to the socket.
    pub(crate) fn connected(&self) -> u32 {
        self.clients.load(Ordering::Relaxed)
    }

    /// How many of them watch.
    pub(crate) fn watching(&self) -> u32 {
        self.watchers.load(Ordering::Relaxed)
    }

    /// One program more.
    pub(crate) fn client(&self) -> Counted {
        Counted::new(&self.clients)
    }

    /// One watcher more.
    pub(crate) fn watcher(&self) -> Counted {
        Counted::new(&self.watchers)
    }
}

impl Counted {
    fn new(number: &Arc<AtomicU32>) -> Self {
        number.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(number))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Looker {
    fn drop(&mut self) {
        self.0.send_modify(|number| *number -= 1);
    }
}
