//! One actor an account: it drives the core's [`Account`] over one connection, does what comes out of it, and hands
//! answers to whoever asked. It decides nothing. What accounts there are, and what is asked of them, is the hub's.

mod connection;
mod convert;
mod tap;

use std::collections::HashMap;
use std::io;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, yield_now};
use xmppd_core::account::{
    Account, Command, Event, Input, Machine, Memory, Outcome, Output, Playing, Settings, Ticket,
};
use xmppd_core::loss::Loss;
use xmppd_core::players::{Budget, Pattern};

use crate::config::PasswordSource;
use crate::host::{self, Alarm};
use crate::places::Environment;
use crate::store::Store;
use crate::transport::domain::Domain;
use crate::transport::tls::Tls;
use connection::{Connection, Wake as ConnectionWake};
pub(crate) use tap::{Direction, Told, Watcher};

/// How many orders may wait for an actor; it takes them as fast as they come.
const ORDERS: usize = 256;

/// What an actor needs to live.
pub(crate) struct Setup {
    /// The account's name in the configuration.
    pub(crate) name: String,
    /// What the configuration says of it.
    pub(crate) settings: Settings,
    /// What outlived the last run.
    pub(crate) memory: Memory,
    /// The domain to look up and to find in the certificate.
    pub(crate) domain: Domain,
    /// Where the password comes from.
    pub(crate) password: Option<PasswordSource>,
    /// How connections are secured.
    pub(crate) tls: Tls,
    /// For `password-command` and systemd's credentials.
    pub(crate) environment: Environment,
    /// What must outlive the process goes here.
    pub(crate) store: Store,
    /// What watchers want to know goes here, with the number of this actor.
    pub(crate) events: mpsc::UnboundedSender<(u64, Event)>,
    /// Tells this actor from others of the same account.
    pub(crate) number: u64,
    /// An actor of the same account that is saying goodbye: a resource is one session's, so this one starts after it.
    pub(crate) predecessor: Option<JoinHandle<()>>,
}

/// Orders for one actor. When the last handle is gone, the actor ends.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    orders: mpsc::Sender<Order>,
    /// Only the latest counts, and it always arrives.
    playing: watch::Sender<Option<Playing>>,
    /// Whether anybody looks at contacts.
    watched: watch::Sender<bool>,
    /// Chats that no plain text is sent into.
    encrypted_only: watch::Sender<Vec<Pattern>>,
}

/// The actor did not take the order: it has ended, or has more to do than can wait.
#[derive(Debug)]
pub(crate) struct Unavailable;

/// A handle that does not keep its actor alive.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    orders: mpsc::WeakSender<Order>,
}

enum Order {
    Command(Box<dyn FnOnce(Ticket) -> Command + Send>, oneshot::Sender<Outcome>),
    Tap(Watcher),
    Machine(Machine, oneshot::Sender<()>),
    Budget(oneshot::Sender<Budget>),
}

impl Handle {
    /// Asks for something; the answer comes after the effect. It fails when the actor has ended.
    pub(crate) fn ask(
        &self,
        command: impl FnOnce(Ticket) -> Command + Send + 'static,
    ) -> Result<oneshot::Receiver<Outcome>, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Command(Box::new(command), reply))?;
        Ok(answer)
    }

    /// Tells what is playing.
    pub(crate) fn tune(&self, playing: Option<Playing>) {
        self.playing.send_replace(playing);
    }

    /// Tells whether anybody looks at contacts.
    pub(crate) fn watched(&self, watched: bool) {
        self.watched.send_if_modified(|before| std::mem::replace(before, watched) != watched);
    }

    /// Tells which chats no plain text is sent into.
    pub(crate) fn encrypted_only(&self, chats: Vec<Pattern>) {
        self.encrypted_only.send_replace(chats);
    }

    /// Tells what befalls the machine; the answer comes when what is to be said about it has been sent.
    pub(crate) fn machine(&self, machine: Machine) -> Result<oneshot::Receiver<()>, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Machine(machine, reply))?;
        Ok(answer)
    }

    /// Tells what may still be published now.
    pub(crate) fn budget(&self) -> Result<oneshot::Receiver<Budget>, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Budget(reply))?;
        Ok(answer)
    }

    /// Lets somebody watch the wire, from the next whole element on.
    pub(crate) fn tap(&self, watcher: Watcher) -> Result<(), Unavailable> {
        self.order(Order::Tap(watcher))
    }

    /// What shows later whether this actor still runs.
    pub(crate) fn trace(&self) -> Trace {
        Trace { orders: self.orders.downgrade() }
    }

    fn order(&self, order: Order) -> Result<(), Unavailable> {
        self.orders.try_send(order).map_err(|_| Unavailable)
    }
}

impl Trace {
    /// Whether the actor can still be given orders.
    pub(crate) fn is_alive(&self) -> bool {
        self.orders.strong_count() > 0
    }
}

/// Starts an actor. It fails only where the kernel gives no randomness.
pub(crate) fn start(setup: Setup) -> io::Result<(Handle, JoinHandle<()>)> {
    let (sender, orders) = mpsc::channel(ORDERS);
    let (teller, playing) = watch::channel(None);
    let (looker, watched) = watch::channel(false);
    let (warden, encrypted_only) = watch::channel(Vec::new());
    let seed = host::seed()?;
    let actor = Actor {
        account: Account::new(setup.settings, setup.memory, seed),
        name: setup.name,
        orders,
        playing,
        watched,
        encrypted_only,
        connection: Connection::new(setup.domain, setup.password, setup.tls, setup.environment),
        store: setup.store,
        events: setup.events,
        number: setup.number,
        waiting: HashMap::new(),
        tickets: 0,
        alarm: Alarm::default(),
    };
    Ok((
        Handle { orders: sender, playing: teller, watched: looker, encrypted_only: warden },
        tokio::spawn(actor.run(setup.predecessor)),
    ))
}

struct Actor {
    name: String,
    account: Account,
    orders: mpsc::Receiver<Order>,
    playing: watch::Receiver<Option<Playing>>,
    watched: watch::Receiver<bool>,
    encrypted_only: watch::Receiver<Vec<Pattern>>,
    connection: Connection,
    store: Store,
    events: mpsc::UnboundedSender<(u64, Event)>,
    number: u64,
    waiting: HashMap<Ticket, oneshot::Sender<Outcome>>,
    tickets: u64,
    alarm: Alarm,
}

enum Wake {
    Order(Order),
    /// Something else plays.
    Tune,
    /// Somebody looks at contacts, or nobody does any more.
    Watched,
    /// Plain text may go into other chats.
    EncryptedOnly,
    /// Nobody can order anything any more.
    Abandoned,
    Connection(ConnectionWake),
    Deadline,
}

impl Actor {
    async fn run(mut self, predecessor: Option<JoinHandle<()>>) {
        if let Some(predecessor) = predecessor {
            let _ = predecessor.await;
        }
        self.handle(Input::Start);
        loop {
            match self.wake().await {
                Wake::Order(Order::Command(command, reply)) => {
                    let ticket = self.ticket(reply);
                    self.handle(Input::Command(command(ticket)));
                }
                Wake::Order(Order::Machine(machine, reply)) => {
                    self.machine(machine).await;
                    // Whoever told it may not care.
                    let _ = reply.send(());
                }
                Wake::Order(Order::Budget(reply)) => drop(reply.send(self.account.budget().clone())),
                Wake::Order(Order::Tap(watcher)) => {
                    self.connection.tap(&self.name, watcher);
                    self.place_tap();
                }
                Wake::Tune => {
                    let playing = self.playing.borrow_and_update().clone();
                    self.handle(Input::Command(Command::Tune(playing)));
                }
                Wake::Watched => {
                    let watched = *self.watched.borrow_and_update();
                    self.handle(Input::Command(Command::Watched(watched)));
                }
                Wake::EncryptedOnly => {
                    let chats = self.encrypted_only.borrow_and_update().clone();
                    self.account.encrypted_only(host::now(), chats);
                    self.drain();
                }
                Wake::Abandoned => break,
                Wake::Connection(wake) => {
                    self.connected(wake);
                    // Events are only gathered until the hub has its turn.
                    yield_now().await;
                }
                Wake::Deadline => self.handle(Input::Tick),
            }
        }
        self.connection.finish().await;
    }

    async fn wake(&mut self) -> Wake {
        let deadline = self.account.deadline();
        let reads = !self.account.is_behind();
        tokio::select! {
            order = self.orders.recv() => order.map_or(Wake::Abandoned, Wake::Order),
            // Without tellers there are no orders either.
            Ok(()) = self.playing.changed() => Wake::Tune,
            Ok(()) = self.watched.changed() => Wake::Watched,
            Ok(()) = self.encrypted_only.changed() => Wake::EncryptedOnly,
            wake = self.connection.wake(reads) => Wake::Connection(wake),
            () = self.alarm.until(deadline) => Wake::Deadline,
        }
    }

    async fn machine(&mut self, machine: Machine) {
        if machine != Machine::Sleeps && self.connection.has_lost_its_address() {
            self.connection.drop_link();
            self.handle(Input::Lost(Loss::Broken("this machine has lost the address it was made from".into())));
        }
        self.handle(Input::Machine(machine));
        if machine == Machine::Sleeps {
            self.connection.flush().await;
        }
    }

    fn connected(&mut self, wake: ConnectionWake) {
        match wake {
            ConnectionWake::Received(count) => {
                let bytes = self.connection.received(count);
                self.account.handle(host::now(), Input::Bytes(bytes));
                self.drain();
                self.place_tap();
            }
            ConnectionWake::Input(input) => self.handle(input),
        }
    }

    /// Watchers of the wire cannot see by themselves where an element begins, and the account can.
    fn place_tap(&mut self) {
        if self.connection.is_tap_astray() && self.account.is_between_stanzas() {
            self.connection.between_stanzas();
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.account.handle(host::now(), input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.account.poll() {
            self.perform(output);
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Dial(dial) => self.connection.dial(dial),
            Output::StartTls => self.connection.secure(),
            Output::NeedSecret => self.connection.fetch_secret(),
            Output::Derive(password, derivation) => self.connection.derive(password, derivation),
            Output::Write(bytes) => self.connection.write(&bytes),
            Output::HangUp(how) => self.connection.hang_up(how),
            Output::Store(ticket, change) => {
                let change = convert::change(self.name.clone(), change);
                self.connection.stored(ticket, self.store.apply(vec![change]));
            }
            Output::Load(most) => self.connection.loaded(self.store.load(self.name.clone(), most)),
            Output::Reply(ticket, outcome) => {
                if let Some(reply) = self.waiting.remove(&ticket) {
                    // Whoever asked may have given up.
                    let _ = reply.send(outcome);
                }
            }
            Output::Event(event) => {
                let _ = self.events.send((self.number, event));
            }
        }
    }

    fn ticket(&mut self, reply: oneshot::Sender<Outcome>) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.insert(ticket, reply);
        ticket
    }
}
