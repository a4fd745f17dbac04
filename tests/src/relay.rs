//! A relay between a client and a server on loopback that counts, delays, swallows and cuts.
//!
//! It runs in a thread of its own and ends with its value; what goes through it means nothing to it. It delays as a
//! long line does, the handshake of TCP included: chunks overtake no one and wait for no one.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use crate::random::Random;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Both sides get a reset.
    Reset,
    /// Both sides get an orderly end.
    Finish,
}

/// What the relay does to its connections, those that are open included.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    /// Every chunk arrives this much later, in both ways; what a client sends first, later by the two ways that the
    /// handshake of TCP would have taken, since the system answers that one at once.
    pub delay: Duration,
    /// Bytes are taken and go nowhere; connections stay open: a dead link.
    pub swallow: bool,
    /// A new connection is reset at once.
    pub refuse: bool,
    /// Each connection is cut when so many bytes have gone this way: exactly so many are delivered.
    pub cut_after: Option<(Way, u64, Cut)>,
    /// Each new connection is cut after a number of bytes of its own.
    pub storm: Option<Storm>,
}

/// Cuts that a seed decides: the way, the kind, and after how many bytes.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// The same seed gives the same cut for the same connection, counted from the relay's start.
    pub seed: u64,
    /// At most so many bytes go up before the cut.
    pub up: u64,
    /// At most so many bytes come down before the cut.
    pub down: u64,
}

/// A running relay.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    counts: Arc<Counts>,
    control: Option<watch::Sender<Control>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    swallowed: AtomicU64,
    accepted: Mutex<Option<Instant>>,
    left: Mutex<Option<Instant>>,
}

/// One connection of a client's.
#[derive(Clone, Copy, Debug)]
struct Line {
    accepted: Instant,
    /// When its storm is to cut it.
    cut_after: Option<(Way, u64, Cut)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Control {
    plan: Plan,
    /// How often all open connections were cut, and how the last time.
    cuts: u64,
    how: Option<Cut>,
}

impl Relay {
    /// Listens on a port of its own and connects each client to `port` of 127.0.0.1.
    ///
    /// # Panics
    /// When it cannot listen.
    #[must_use]
    pub fn start(port: u16) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = listener.local_addr().expect("a listener has an address");
        let counts = Arc::new(Counts::default());
        let (control, orders) = watch::channel(Control::default());
        let shared = counts.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(accept(listener, port, shared, orders));
        });
        Self { address, counts, control: Some(control), thread: Some(thread) }
    }

    /// The port of 127.0.0.1 that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Does this from now on.
    pub fn plan(&self, plan: Plan) {
        self.change(|control| control.plan = plan);
    }

    /// Cuts all connections that are open now.
    pub fn cut(&self, how: Cut) {
        self.change(|control| {
            control.cuts += 1;
            control.how = Some(how);
        });
    }

    /// How many clients have connected, refused ones included.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// When the last client connected.
    #[must_use]
    pub fn connected_at(&self) -> Option<Instant> {
        *self.counts.accepted.lock().expect("nobody panics with it")
    }

    /// When a client sent something for the first time since this was asked last.
    ///
    /// # Panics
    /// Never, as nobody panics with it.
    #[must_use]
    pub fn take_left_at(&self) -> Option<Instant> {
        self.counts.left.lock().expect("nobody panics with it").take()
    }

    /// How many bytes have been delivered this way, over all connections.
    #[must_use]
    pub fn bytes(&self, way: Way) -> u64 {
        self.counts.of(way).load(Ordering::SeqCst)
    }

    /// How many bytes have gone nowhere.
    #[must_use]
    pub fn swallowed(&self) -> u64 {
        self.counts.swallowed.load(Ordering::SeqCst)
    }

    fn change(&self, change: impl FnOnce(&mut Control)) {
        self.control.as_ref().expect("there until dropped").send_modify(change);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // The end of its orders ends the thread; a panic there has been printed.
        self.control = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Counts {
    fn of(&self, way: Way) -> &AtomicU64 {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }
}

async fn accept(listener: std::net::TcpListener, port: u16, counts: Arc<Counts>, mut orders: watch::Receiver<Control>) {
    let listener = TcpListener::from_std(listener).expect("a listener can be watched");
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let number = counts.connections.fetch_add(1, Ordering::SeqCst);
                let plan = orders.borrow().plan;
                let cut_after = plan.storm.map(|storm| storm.cut(number));
                let line = Line { accepted: Instant::now(), cut_after };
                *counts.accepted.lock().expect("nobody panics with it") = Some(line.accepted);
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
                match server {
                    Ok(server) if !plan.refuse => {
                        tokio::spawn(relay(client, server, line, counts.clone(), orders.clone()));
                    }
                    Ok(_) | Err(_) => reset(&client),
                }
            }
            changed = orders.changed() => if changed.is_err() { return },
        }
    }
}

async fn relay(
    mut client: TcpStream,
    mut server: TcpStream,
    line: Line,
    counts: Arc<Counts>,
    orders: watch::Receiver<Control>,
) {
    // Whoever waits for an acknowledgement before it sends more is on the other side of the line, not here.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let how = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::select! {
            how = carry(Way::Up, (from_client, to_server), line, &counts, &orders) => how,
            how = carry(Way::Down, (from_server, to_client), line, &counts, &orders) => how,
            how = cut(orders.clone()) => how,
        }
    };
    match how {
        Cut::Reset => {
            reset(&client);
            reset(&server);
        }
        Cut::Finish => {
            // A side that is gone already cannot be told.
            let _ = client.shutdown().await;
            let _ = server.shutdown().await;
        }
    }
}

/// What comes out of a line, and when.
enum Arrival {
    Bytes(Instant, Vec<u8>),
    End(Instant, Cut),
}

/// Carries bytes one way until the connection is to end, and says how.
async fn carry(
    way: Way,
    (from, to): (ReadHalf<'_>, WriteHalf<'_>),
    line: Line,
    counts: &Counts,
    orders: &watch::Receiver<Control>,
) -> Cut {
    let (into, out_of) = mpsc::unbounded_channel();
    let taking = async {
        // The other end of the line says when the connection ends.
        take_in(way, (from, into), line.accepted, counts, orders).await;
        std::future::pending().await
    };
    tokio::select! {
        how = give_out(way, out_of, to, line, counts, orders) => how,
        how = taking => how,
    }
}

/// Puts what comes on the line, with the time when it arrives.
async fn take_in(
    way: Way,
    (mut from, line): (ReadHalf<'_>, mpsc::UnboundedSender<Arrival>),
    accepted: Instant,
    counts: &Counts,
    orders: &watch::Receiver<Control>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await;
        let plan = orders.borrow().plan;
        let now = Instant::now();
        if way == Way::Up {
            counts.left.lock().expect("nobody panics with it").get_or_insert(now);
        }
        let left = match way {
            Way::Up => now.max(accepted + 2 * plan.delay),
            Way::Down => now,
        };
        let at = left + plan.delay;
        // A dead link does not carry the end of a connection either.
        if plan.swallow && !matches!(read, Ok(1..)) {
            return std::future::pending().await;
        }
        let arrival = match read {
            Ok(0) => Arrival::End(at, Cut::Finish),
            Ok(count) if plan.swallow => {
                counts.swallowed.fetch_add(count as u64, Ordering::SeqCst);
                continue;
            }
            Ok(count) => Arrival::Bytes(at, buffer[..count].to_vec()),
            Err(_) => Arrival::End(at, Cut::Reset),
        };
        let is_over = matches!(arrival, Arrival::End(..));
        if line.send(arrival).is_err() || is_over {
            return;
        }
    }
}

/// Takes from the line what arrives, until the connection is to end, and says how.
async fn give_out(
    way: Way,
    mut line: mpsc::UnboundedReceiver<Arrival>,
    mut to: WriteHalf<'_>,
    facts: Line,
    counts: &Counts,
    orders: &watch::Receiver<Control>,
) -> Cut {
    let mut carried = 0;
    while let Some(arrival) = line.recv().await {
        let (at, bytes) = match arrival {
            Arrival::Bytes(at, bytes) => (at, bytes),
            Arrival::End(at, how) => {
                tokio::time::sleep_until(at.into()).await;
                return how;
            }
        };
        tokio::time::sleep_until(at.into()).await;
        let cut = facts.cut_after.or(orders.borrow().plan.cut_after);
        let left = cut.filter(|(cut, ..)| *cut == way).map(|(_, at, how)| (at.saturating_sub(carried), how));
        let count = bytes.len() as u64;
        let allowed = left.map_or(count, |(left, _)| count.min(left));
        if to.write_all(&bytes[..usize::try_from(allowed).unwrap_or(bytes.len())]).await.is_err() {
            return Cut::Reset;
        }
        carried += allowed;
        counts.of(way).fetch_add(allowed, Ordering::SeqCst);
        if let Some((_, how)) = left.filter(|(left, _)| *left <= count) {
            return how;
        }
    }
    Cut::Reset
}

impl Storm {
    fn cut(self, number: u64) -> (Way, u64, Cut) {
        let mut random = Random::new(self.seed.wrapping_add(number));
        let (way, most) = if random.below(2) == 0 { (Way::Up, self.up) } else { (Way::Down, self.down) };
        let how = if random.below(2) == 0 { Cut::Reset } else { Cut::Finish };
        (way, random.below(most + 1), how)
    }
}

/// Waits until all connections are cut.
async fn cut(mut orders: watch::Receiver<Control>) -> Cut {
    let before = orders.borrow().cuts;
    loop {
        if orders.changed().await.is_err() {
            return Cut::Reset;
        }
        let control = *orders.borrow();
        if let Some(how) = control.how.filter(|_| control.cuts != before) {
            return how;
        }
    }
}

/// Has the socket answer with a reset when it is closed.
fn reset(stream: &TcpStream) {
    // A socket that is broken already is as good as reset.
    let _ = stream.set_zero_linger();
}
