//! A relay between a client and a server on loopback that counts, delays, swallows and cuts.
//!
//! It runs in a thread of its own and ends with its value; what goes through it means nothing to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::wait;

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
    /// Every chunk is held back for this long, in both ways.
    pub delay: Duration,
    /// Bytes are taken and go nowhere; connections stay open: a dead link.
    pub swallow: bool,
    /// A new connection is reset at once.
    pub refuse: bool,
    /// Each connection is cut when so many bytes have gone this way: exactly so many are delivered.
    pub cut_after: Option<(Way, u64, Cut)>,
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

    /// How many bytes have been delivered this way, over all connections.
    #[must_use]
    pub fn bytes(&self, way: Way) -> u64 {
        self.counts.of(way).load(Ordering::SeqCst)
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
                counts.connections.fetch_add(1, Ordering::SeqCst);
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
                match server {
                    Ok(server) if !orders.borrow().plan.refuse => {
                        tokio::spawn(relay(client, server, counts.clone(), orders.clone()));
                    }
                    Ok(_) | Err(_) => reset(&client),
                }
            }
            changed = orders.changed() => if changed.is_err() { return },
        }
    }
}

async fn relay(mut client: TcpStream, mut server: TcpStream, counts: Arc<Counts>, orders: watch::Receiver<Control>) {
    let how = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::select! {
            how = pump(Way::Up, from_client, to_server, &counts, &orders) => how,
            how = pump(Way::Down, from_server, to_client, &counts, &orders) => how,
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

/// Carries bytes until the connection is to end, and says how.
async fn pump(
    way: Way,
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    counts: &Counts,
    orders: &watch::Receiver<Control>,
) -> Cut {
    let mut buffer = vec![0; 16 * 1024];
    let mut carried = 0;
    loop {
        let count = match from.read(&mut buffer).await {
            Ok(0) => return Cut::Finish,
            Ok(count) => count,
            Err(_) => return Cut::Reset,
        };
        let plan = orders.borrow().plan;
        if plan.swallow {
            continue;
        }
        wait::delay_async(plan.delay).await;
        let left = plan.cut_after.filter(|(cut, ..)| *cut == way).map(|(_, at, how)| (at.saturating_sub(carried), how));
        let allowed = left.map_or(count, |(left, _)| count.min(usize::try_from(left).unwrap_or(usize::MAX)));
        if to.write_all(&buffer[..allowed]).await.is_err() {
            return Cut::Reset;
        }
        carried += allowed as u64;
        counts.of(way).fetch_add(allowed as u64, Ordering::SeqCst);
        if let Some((left, how)) = left
            && left <= count as u64
        {
            return how;
        }
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
