//! Lets people see an account's wire: what passes the connection becomes whole elements and goes, masked unless asked
//! otherwise, into the bounded queue of each watcher. It is there only while somebody watches, and waits for nobody.

use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use xmppd_core::time::Wall;
use xmppd_core::wire::{Framer, Piece};

use crate::host;

/// How many elements may wait for one watcher.
const QUEUE: usize = 1_024;
/// How many bytes they may have together.
const ROOM: usize = 4 << 20;

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To us.
    In,
    /// From us.
    Out,
}

/// One thing that crossed the wire.
#[derive(Debug)]
pub(crate) struct Told {
    /// Whose wire.
    pub(crate) account: String,
    /// When.
    pub(crate) at: Wall,
    /// Which way.
    pub(crate) direction: Direction,
    /// What, in one line of XML.
    pub(crate) xml: Arc<str>,
    /// How many were lost before it.
    pub(crate) lost: u64,
    _room: OwnedSemaphorePermit,
}

/// Somebody who watches; a clone for each account.
#[derive(Clone, Debug)]
pub(crate) struct Watcher {
    queue: mpsc::Sender<Told>,
    room: Arc<Semaphore>,
    direction: Option<Direction>,
    unmasked: bool,
    lost: u64,
}

impl Watcher {
    /// A watcher of one direction or of both, and the queue to read from. Nothing is masked for one that is `unmasked`.
    pub(crate) fn new(direction: Option<Direction>, unmasked: bool) -> (Self, mpsc::Receiver<Told>) {
        let (queue, told) = mpsc::channel(QUEUE);
        (Self { queue, room: Arc::new(Semaphore::new(ROOM)), direction, unmasked, lost: 0 }, told)
    }

    /// Resolves once nobody reads from the queue any more.
    pub(crate) async fn gone(&self) {
        self.queue.closed().await;
    }

    /// Whether somebody still reads.
    fn tell(&mut self, account: &str, at: Wall, direction: Direction, xml: &Arc<str>) -> bool {
        let size = u32::try_from(xml.len()).unwrap_or(u32::MAX);
        let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(size) else {
            self.lost += 1;
            return !self.queue.is_closed();
        };
        let told =
            Told { account: account.to_owned(), at, direction, xml: Arc::clone(xml), lost: self.lost, _room: room };
        match self.queue.try_send(told) {
            Ok(()) => self.lost = 0,
            Err(TrySendError::Full(_)) => self.lost += 1,
            Err(TrySendError::Closed(_)) => return false,
        }
        true
    }
}

/// The watchers of one connection, and where each direction stands.
#[derive(Debug)]
pub(super) struct Tap {
    account: String,
    watchers: Vec<Watcher>,
    incoming: Framer,
    outgoing: Framer,
}

impl Tap {
    /// Begins somewhere: our own elements are written whole, where the server's begin must be told.
    pub(super) fn new(account: String) -> Self {
        Self { account, watchers: Vec::new(), incoming: Framer::astray(), outgoing: Framer::between() }
    }

    pub(super) fn add(&mut self, watcher: Watcher) {
        self.watchers.push(watcher);
    }

    /// A new connection, or a new stream on it: both directions begin.
    pub(super) fn restart(&mut self) {
        self.incoming = Framer::start();
        self.outgoing = Framer::start();
    }

    /// Whether [`Self::between`] is waited for.
    pub(super) fn is_astray(&self) -> bool {
        self.incoming.is_astray()
    }

    /// The server's next byte begins an element.
    pub(super) fn between(&mut self) {
        self.incoming = Framer::between();
    }

    /// Takes what passed; whether anybody still watches.
    pub(super) fn pass(&mut self, direction: Direction, bytes: &[u8]) -> bool {
        let Self { account, watchers, incoming, outgoing } = self;
        let framer = match direction {
            Direction::In => incoming,
            Direction::Out => outgoing,
        };
        let at = host::now().wall;
        framer.feed(bytes, |piece| tell(account, watchers, at, direction, piece));
        !watchers.is_empty()
    }
}

fn tell(account: &str, watchers: &mut Vec<Watcher>, at: Wall, direction: Direction, piece: Piece) {
    let wants = |watcher: &Watcher, unmasked: bool| {
        watcher.unmasked == unmasked && watcher.direction.is_none_or(|wanted| wanted == direction)
    };
    let mut told = |unmasked: bool, xml: &dyn Fn() -> String| {
        if watchers.iter().any(|watcher| wants(watcher, unmasked)) {
            let xml: Arc<str> = xml().into();
            watchers.retain_mut(|watcher| !wants(watcher, unmasked) || watcher.tell(account, at, direction, &xml));
        }
    };
    told(true, &|| piece.text());
    told(false, &|| piece.clone().masked());
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"<message><body>sworn</body></message>";

    fn tap(watcher: Watcher) -> Tap {
        let mut tap = Tap::new("home".to_owned());
        tap.add(watcher);
        tap.between();
        tap
    }

    fn read(told: &mut mpsc::Receiver<Told>) -> Vec<(String, u64)> {
        std::iter::from_fn(|| told.try_recv().ok()).map(|told| (told.xml.to_string(), told.lost)).collect()
    }

    #[test]
    fn each_watcher_sees_what_it_asked_for() {
        let (masked, mut masked_told) = Watcher::new(None, false);
        let (outgoing, mut outgoing_told) = Watcher::new(Some(Direction::Out), true);
        let mut tap = tap(masked);
        tap.add(outgoing);
        assert!(tap.pass(Direction::In, SECRET) && tap.pass(Direction::Out, SECRET));
        let (hidden, open) = ("<message><body>[masked]</body></message>", "<message><body>sworn</body></message>");
        assert_eq!(read(&mut masked_told), [(hidden.to_owned(), 0), (hidden.to_owned(), 0)]);
        assert_eq!(read(&mut outgoing_told), [(open.to_owned(), 0)]);
    }

    #[test]
    fn who_does_not_read_is_told_how_much_was_lost() {
        let (watcher, mut told) = Watcher::new(None, false);
        let mut tap = tap(watcher);
        for _ in 0..QUEUE + 7 {
            assert!(tap.pass(Direction::In, b"<a/>"));
        }
        assert_eq!(read(&mut told).len(), QUEUE);
        tap.pass(Direction::In, b"<b/>");
        assert_eq!(read(&mut told), [("<b/>".to_owned(), 7)]);
    }

    #[test]
    fn what_waits_has_a_size() {
        let (watcher, mut told) = Watcher::new(None, true);
        let mut tap = tap(watcher);
        let large = format!("<a>{}</a>", "x".repeat(1 << 19));
        for _ in 0..20 {
            tap.pass(Direction::In, large.as_bytes());
        }
        assert_eq!(read(&mut told).len(), ROOM / large.len());
        tap.pass(Direction::In, large.as_bytes());
        assert_eq!(read(&mut told).len(), 1);
    }

    #[test]
    fn a_tap_without_watchers_has_done_its_work() {
        let (watcher, told) = Watcher::new(None, false);
        let mut tap = tap(watcher);
        drop(told);
        assert!(!tap.pass(Direction::In, b"<a/>"));
    }

    #[test]
    fn nothing_is_told_before_an_element_s_begin_is_known() {
        let (watcher, mut told) = Watcher::new(None, false);
        let mut tap = Tap::new("home".to_owned());
        tap.add(watcher);
        assert!(tap.is_astray());
        tap.pass(Direction::In, b"sworn</body></message>");
        tap.between();
        tap.pass(Direction::In, b"<a/>");
        assert_eq!(read(&mut told), [("<a/>".to_owned(), 0)]);
    }
}
