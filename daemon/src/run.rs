//! The life of the daemon: what must be there before it starts, the parts and how they are joined, and the goodbye.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use xmppd_core::account::Machine;
use xmppd_core::presence::Idle;
use xmppd_proto::{State, Topic, Topics};

use crate::api::desk::{Desk, Facts};
use crate::api::{Api, Clients, Doorkeeper, Doorway, VERSION, WebhookState};
use crate::bus::{Bus, BusState};
use crate::config::{self, Config, LoadError, Messages};
use crate::desktop::{self, Sign, Sources};
use crate::hub::{self, Hub, Parting, Surroundings};
use crate::lock::{Lock, LockError};
use crate::notifications::{self, Notifications, Standing};
use crate::places::{self, Environment, PlaceError};
use crate::players::{self, chooser};
use crate::rpc::{self, ListenError, Listener};
use crate::signals::{Signals, Wish};
use crate::store::{Change, OpenError, Store, StoreError};
use crate::successor::Successor;
use crate::{dbus, host, idle, log, notify, webhook};

/// How long the goodbye to servers may take; with what clients of the socket may take it is within 5 s.
const GOODBYE: Duration = Duration::from_secs(4);
/// How many observations of players may wait.
const OBSERVATIONS: usize = 64;
/// How many signs of the machine's may wait.
const SIGNS: usize = 8;

/// Why the daemon does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("{0}")]
    Place(#[from] PlaceError),
    #[error("{0}")]
    Config(#[from] LoadError),
    #[error("{0}")]
    Lock(#[from] LockError),
    #[error("{0}")]
    Store(#[from] OpenError),
    #[error("{0}")]
    Listen(#[from] ListenError),
    #[error("the state database: {0}")]
    State(#[from] StoreError),
    #[error("{0}")]
    System(#[from] std::io::Error),
}

impl StartError {
    /// The exit code, of the contract's table.
    pub(crate) fn exit(&self) -> u8 {
        match self {
            Self::Config(_) => 2,
            Self::Lock(LockError::Held { .. }) => 11,
            Self::Listen(error) => error.kind().code(),
            Self::Place(_) | Self::Lock(_) | Self::Store(_) | Self::State(_) | Self::System(_) => 1,
        }
    }

    /// The way out.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint().map(str::to_owned),
            Self::Store(error) => Some(error.hint()),
            Self::Lock(LockError::Held { .. }) => Some("`xmppctl daemon status` shows the one that runs".into()),
            Self::Lock(_) | Self::Place(_) | Self::Listen(_) | Self::State(_) | Self::System(_) => None,
        }
    }
}

/// Verifies the configuration, as `xmppd --check` does, and says what is worth knowing of it.
pub(crate) fn check(config: Option<PathBuf>, environment: &Environment) -> Result<(), StartError> {
    let path = config.map_or_else(|| places::config_file(environment), Ok)?;
    for note in config::load(&path, environment)?.notes() {
        eprintln!("note: {note}");
    }
    eprintln!("{} is sound", path.display());
    Ok(())
}

/// A daemon that has all it needs and has begun nothing.
pub(crate) struct Daemon {
    environment: Environment,
    path: PathBuf,
    config: Config,
    state: PathBuf,
    socket: PathBuf,
    inherited: Option<std::os::unix::net::UnixListener>,
    store: Store,
    lock: Lock,
    _log: log::Guard,
}

impl Daemon {
    /// Reads the configuration, takes the lock and opens the store. Nothing starts half-configured.
    pub(crate) fn prepare(config: Option<PathBuf>, environment: Environment) -> Result<Self, StartError> {
        let inherited = notify::activated_listener()?;
        let path = config.map_or_else(|| places::config_file(&environment), Ok)?;
        let config = config::load(&path, &environment)?;
        let state = places::state_folder(&environment)?;
        places::own_folder(&state)?;
        let lock = Lock::take(&state)?;
        places::own_folder(&places::runtime_folder(&environment)?)?;
        let socket = places::socket(&environment)?;
        let log = log::start(&environment)?;
        let store = Store::open(&state)?;
        Ok(Self { environment, path, config, state, socket, inherited, store, lock, _log: log })
    }

    /// Lives until a signal or a request ends it, or exchanges itself for the installed program.
    pub(crate) fn run(self) -> Result<(), StartError> {
        let successor = Successor::of(self.inherited.as_ref())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let result = runtime.block_on(self.live());
        // A look-up of the C library's may still be waiting for an answer nobody needs.
        runtime.shutdown_background();
        match result? {
            Parting::Goodbye => Ok(()),
            Parting::Suspend => Err(successor.take_over().into()),
        }
    }

    async fn live(self) -> Result<Parting, StartError> {
        let listener = match self.inherited {
            Some(listener) => Listener::inherited(listener)?,
            None => Listener::bind(&self.socket)?,
        };
        let mut signals = Signals::catch()?;
        self.config.notes().iter().for_each(|note| tracing::warn!("{note}"));
        let ((stop, stopped), (end, ended)) = (watch::channel(false), watch::channel(None));
        let (tune, presence, messages) =
            (self.config.tune.clone(), self.config.presence.clone(), self.config.messages.clone());
        let doorway = Doorway::of(self.config.webhook.as_ref());
        let surroundings = surroundings(&self.store, &self.environment).await?;
        let (hub, hub_task) = Hub::start(self.config, surroundings, self.store.clone()).await;
        let mut faces = Vec::new();
        let (chooser, players) = watch_players(&tune, &hub, (&self.store, &self.environment), &mut faces).await;
        let managed = self.environment.variable("NOTIFY_SOCKET").is_some();
        let (api, asked) = Api::new();
        let (bus_state, bus) = watch::channel(BusState::Connecting);
        let clients = Clients::default();
        faces.push(tokio::spawn(tell_of_lookers(clients.lookers(), hub.clone())));
        let machine = watch_machine(&hub, &mut faces);
        let notifications = notify_desktop(&messages, &hub, &mut faces);
        let idle = watch_person(&presence, &self.environment, &hub, &mut faces);
        let facts = Facts {
            started: host::now(),
            config: self.path,
            state: self.state,
            socket: self.socket,
            environment: self.environment,
            bus,
            players,
            notifications,
            machine,
            webhook: keep_door(doorway, &api, &mut faces),
            idle,
            clients: clients.clone(),
            end,
        };
        let desk = Desk::new(hub.clone(), chooser, self.store.clone(), facts);
        tokio::spawn(desk.clone().serve(asked));
        faces.extend(managed.then(|| tokio::spawn(tell_status(api.clone()))));
        faces.push(tokio::spawn(dbus::serve(Bus::Session, api.clone(), host::user(), bus_state)));
        let (over, closing) = watch::channel(false);
        let socket = tokio::spawn(rpc::serve(listener, api, clients, stopped.clone(), closing));
        notify::ready();
        tracing::info!(version = VERSION, "ready");
        let parting = watch_over(&desk, &mut signals, ended).await;
        stop.send_replace(true);
        drop(desk);
        if timeout(GOODBYE, goodbye(parting, hub, hub_task, faces, self.store)).await.is_err() {
            tracing::warn!("a server did not take the goodbye in time");
        }
        // Who sees the socket close may start the next daemon.
        drop(self.lock);
        over.send_replace(true);
        let _ = socket.await;
        Ok(parting)
    }
}

/// What the hub needs of the process.
async fn surroundings(store: &Store, environment: &Environment) -> Result<Surroundings, StartError> {
    let user_agent = installation(store).await?;
    Ok(Surroundings { environment: environment.clone(), user_agent, version: VERSION })
}

/// This installation's UUID, version 4, made once: servers know it as one client whatever the connection (XEP-0388).
async fn installation(store: &Store) -> Result<String, StartError> {
    if let Some(known) = store.installation().await? {
        return Ok(known);
    }
    let made = xmppd_core::entropy::Entropy::new(host::seed()?).uuid();
    store.apply(vec![Change::Installation(made.clone())]).await?;
    Ok(made)
}

/// What the person wished of the tune before; where it cannot be read, nothing.
async fn kept(store: &Store) -> chooser::Kept {
    chooser::Kept {
        on: store.tune_switch().await.ok().flatten().unwrap_or(true),
        hold: store.tune_hold().await.ok().flatten(),
        pin: store.tune_pin().await.ok().flatten(),
        skipped: store.tune_skip().await.ok().flatten(),
    }
}

/// Feeds the watchdog from the loop itself and does what signals say, until the daemon is to end; gives how.
async fn watch_over(desk: &Desk, signals: &mut Signals, mut ended: watch::Receiver<Option<Parting>>) -> Parting {
    let mut feeding = notify::watchdog_interval().map(tokio::time::interval);
    loop {
        // Kept from turn to turn, so that a storm of signals does not put the next feeding off.
        let fed = async {
            match &mut feeding {
                Some(feeding) => drop(feeding.tick().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            wish = signals.next() => match wish {
                Wish::End => return Parting::Goodbye,
                Wish::Reload => reload(desk).await,
            },
            parting = asked(&mut ended) => return parting,
            () = fed => notify::watchdog(),
        }
    }
}

/// Waits for a request to end.
async fn asked(ended: &mut watch::Receiver<Option<Parting>>) -> Parting {
    // The desk holds the sender as long as it is asked.
    let parting = ended.wait_for(Option::is_some).await.ok().and_then(|parting| *parting);
    parting.unwrap_or(Parting::Goodbye)
}

/// Starts watching players; gives who chooses among them, and whether they can be watched.
async fn watch_players(
    tune: &config::Tune,
    hub: &hub::Handle,
    (store, environment): (&Store, &Environment),
    tasks: &mut Vec<JoinHandle<()>>,
) -> (chooser::Handle, watch::Receiver<BusState>) {
    let kept = kept(store).await;
    let (observations, observed) = mpsc::channel(OBSERVATIONS);
    let (state, shown) = watch::channel(BusState::Connecting);
    let (wanted, is_wanted) = watch::channel(tune.enabled);
    let parts = (hub.clone(), store.clone());
    let chooser = chooser::start(tune, kept, wanted, observed, parts, environment.clone());
    tasks.push(tokio::spawn(players::watch(Bus::Session, is_wanted, observations, state)));
    (chooser, shown)
}

/// Starts the webhook; gives who opens and closes it.
fn keep_door(doorway: Doorway, api: &Api, tasks: &mut Vec<JoinHandle<()>>) -> Doorkeeper {
    let (doorway, wanted) = watch::channel(doorway);
    let (state, shown) = watch::channel(WebhookState::Off);
    tasks.push(tokio::spawn(webhook::serve(wanted, api.clone(), state)));
    Doorkeeper { doorway, state: shown }
}

/// Starts listening to the machine under us; gives who tells of what.
fn watch_machine(hub: &hub::Handle, tasks: &mut Vec<JoinHandle<()>>) -> watch::Receiver<Sources> {
    let (sources, shown) = watch::channel(Sources::unknown());
    let (signs, told) = mpsc::channel(SIGNS);
    tasks.push(tokio::spawn(desktop::watch(Bus::System, signs, sources)));
    tasks.push(tokio::spawn(tell_of_machine(told, hub.clone())));
    shown
}

/// Starts showing messages on the desktop; gives the way to say what is wished, and to know how it stands.
fn notify_desktop(messages: &Messages, hub: &hub::Handle, tasks: &mut Vec<JoinHandle<()>>) -> Notifications {
    let (notifying, wishes) = watch::channel(notifications::wishes(messages));
    let (standing, shown) = watch::channel(Standing::Untried);
    tasks.push(tokio::spawn(notifications::serve(Bus::Session, hub.clone(), wishes, standing)));
    Notifications { wishes: notifying, standing: shown }
}

/// Carries what befalls the machine to the accounts, which may have last words before it sleeps.
async fn tell_of_machine(mut signs: mpsc::Receiver<Sign>, hub: hub::Handle) {
    while let Some(sign) = signs.recv().await {
        match sign {
            Sign::Sleeps(done) => {
                hub.machine(Machine::Sleeps).await;
                drop(done);
            }
            Sign::Woke => hub.machine(Machine::Woke).await,
            Sign::NetworkChanged => hub.machine(Machine::NetworkChanged).await,
        }
    }
}

/// Starts listening for the person, as far as that is configured.
fn watch_person(
    presence: &config::Presence,
    environment: &Environment,
    hub: &hub::Handle,
    tasks: &mut Vec<JoinHandle<()>>,
) -> idle::Handle {
    let places = idle::Places { system: Bus::System, session: Bus::Session, environment: environment.clone() };
    let (idle, watcher) = idle::prepare(presence, places);
    let (layers, told) = mpsc::channel(SIGNS);
    tasks.push(tokio::spawn(watcher.run(layers)));
    tasks.push(tokio::spawn(tell_of_idleness(told, hub.clone())));
    idle
}

/// Carries to the accounts whether the person is away from the machine.
async fn tell_of_idleness(mut told: mpsc::Receiver<Option<Idle>>, hub: hub::Handle) {
    while let Some(idle) = told.recv().await {
        if hub.idle(idle).await.is_err() {
            return;
        }
    }
}

/// Tells servers, by way of the accounts, when somebody begins to look at contacts and when nobody does any more.
async fn tell_of_lookers(mut lookers: watch::Receiver<u32>, hub: hub::Handle) {
    loop {
        let watched = *lookers.borrow_and_update() > 0;
        if hub.watched(watched).await.is_err() || lookers.changed().await.is_err() {
            return;
        }
    }
}

/// Keeps the line that `systemctl status` shows: each account and how its connection stands.
async fn tell_status(api: Api) {
    let mut changes = api.subscribe(Topics::of(&[Topic::Account]));
    let mut state = State::default();
    while let Some(change) = changes.next().await {
        state.apply(Arc::unwrap_or_clone(change));
        let enabled = state.account.accounts.iter().filter(|account| account.enabled);
        let accounts: Vec<String> =
            enabled.map(|account| format!("{} {}", account.account, account.state.as_str())).collect();
        notify::status(&accounts.join(", "));
    }
}

async fn reload(desk: &Desk) {
    notify::reloading();
    match desk.config_reload().await {
        Ok(report) => tracing::info!(changed = ?report.changed, "the configuration is read again"),
        Err(failure) => tracing::error!("the configuration is broken and what was in force stays so: {failure}"),
    }
    notify::ready();
}

/// Parts from every server (for good with the tune withdrawn), and closes the store.
async fn goodbye(
    parting: Parting,
    hub: hub::Handle,
    hub_task: JoinHandle<()>,
    faces: Vec<JoinHandle<()>>,
    store: Store,
) {
    match parting {
        Parting::Goodbye => notify::stopping(),
        // The successor is the same process: it says when it is ready.
        Parting::Suspend => notify::reloading(),
    }
    tracing::info!(?parting, "ending");
    hub.leave(parting).await;
    for face in faces {
        face.abort();
    }
    hub_task.abort();
    store.close().await;
}
