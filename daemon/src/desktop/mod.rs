//! Tells what befalls the machine, as far as a connection minds it: that it is about to sleep, that it woke up, that its
//! network changed. It hears so from logind and NetworkManager, and where they are not there, from the clocks and from
//! the kernel (netlink). Nothing is polled. What follows from it is others' to decide; this is a leaf.

mod clock;
mod kernel;
mod picture;
mod services;

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::bus::{Bus, Pauses};
use clock::Clock;
use kernel::Kernel;
use services::{Heard, Services};

/// Changes of the network come in bursts: the last one counts, when it has been quiet for so long.
const QUIET: Duration = Duration::from_millis(150);
/// The longest that a burst may go on before it is told.
const BURST: Duration = Duration::from_secs(1);
/// How long the last words before sleep may take; logind itself grants five seconds.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How often a bus that is not there is tried at pauses; then only when something else has happened.
const TRIES: u32 = 5;

/// What befell the machine.
#[derive(Debug)]
pub(crate) enum Sign {
    /// It is about to sleep, and waits until the sender is dropped, for two seconds at most.
    Sleeps(oneshot::Sender<()>),
    /// It woke up.
    Woke,
    /// A link, an address or a route changed, or the way to the world did.
    NetworkChanged,
}

/// Who tells of one of the two subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Not known yet.
    Looking,
    /// The service whose subject it is.
    Service,
    /// The machine itself, since the service is not there.
    Machine {
        /// Why it is not there.
        reason: String,
    },
    /// Nobody.
    Nobody {
        /// Why not the service, and why not the machine.
        reason: String,
    },
}

/// Who tells of what; `doctor` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sources {
    /// Of sleep.
    pub(crate) sleep: Source,
    /// Of the network.
    pub(crate) network: Source,
}

impl Sources {
    /// Nothing is known yet.
    pub(crate) fn unknown() -> Self {
        Self { sleep: Source::Looking, network: Source::Looking }
    }
}

/// Watches until nobody receives `signs` any more.
pub(crate) async fn watch(bus: Bus, signs: mpsc::Sender<Sign>, sources: watch::Sender<Sources>) {
    let watcher = Watcher {
        bus,
        signs,
        sources,
        services: Err("not asked yet".into()),
        clock: Clock::new().map_err(|error| error.to_string()),
        kernel: Kernel::new().map_err(|error| error.to_string()),
        burst: None,
        pauses: Pauses::new(),
        tries: 0,
        try_at: Some(Instant::now()),
    };
    watcher.run().await;
}

struct Watcher {
    bus: Bus,
    signs: mpsc::Sender<Sign>,
    sources: watch::Sender<Sources>,
    services: Result<Services, String>,
    clock: Result<Clock, String>,
    kernel: Result<Kernel, String>,
    burst: Option<Burst>,
    pauses: Pauses,
    tries: u32,
    try_at: Option<Instant>,
}

/// Changes that have not been told yet.
struct Burst {
    first: Instant,
    last: Instant,
}

enum Wake {
    Services(Result<Heard, String>),
    Clock(bool),
    Kernel(bool),
    Quiet,
    Try,
    Unwanted,
}

impl Watcher {
    async fn run(mut self) {
        loop {
            match self.wake().await {
                Wake::Services(Ok(Heard::Sleeps)) => self.sleeps().await,
                Wake::Services(Ok(Heard::Woke)) => self.woke().await,
                Wake::Services(Ok(Heard::NetworkChanged)) => self.network_changed(),
                Wake::Services(Ok(Heard::SomebodyElse)) => {
                    self.delay_sleep().await;
                    self.show();
                }
                Wake::Services(Err(reason)) => {
                    self.services = Err(reason);
                    self.try_at = Some(Instant::now() + self.pauses.step());
                    self.show();
                }
                Wake::Clock(true) if !self.hears_of_sleep() => self.woke().await,
                Wake::Clock(_) => {}
                Wake::Kernel(true) if !self.hears_of_network() => self.network_changed(),
                Wake::Kernel(_) => {}
                Wake::Quiet => {
                    self.burst = None;
                    self.tell(Sign::NetworkChanged).await;
                    self.try_again();
                }
                Wake::Try => self.connect().await,
                Wake::Unwanted => return,
            }
        }
    }

    async fn wake(&mut self) -> Wake {
        let services = async {
            match &mut self.services {
                Ok(services) => services.next().await,
                Err(_) => std::future::pending().await,
            }
        };
        let clock = async {
            match &mut self.clock {
                Ok(clock) => clock.next().await,
                Err(_) => std::future::pending().await,
            }
        };
        let kernel = async {
            match &mut self.kernel {
                Ok(kernel) => kernel.next().await,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = services => Wake::Services(heard),
            jumped = clock => Wake::Clock(jumped),
            changed = kernel => Wake::Kernel(changed),
            () = at(self.burst.as_ref().map(Burst::over)) => Wake::Quiet,
            () = at(self.try_at) => Wake::Try,
            () = self.signs.closed() => Wake::Unwanted,
        }
    }

    async fn connect(&mut self) {
        self.try_at = None;
        self.services = Services::find(&self.bus).await.map_err(|error| error.to_string());
        match &self.services {
            Ok(_) => {
                self.pauses.reset();
                self.tries = 0;
            }
            Err(reason) => {
                tracing::debug!(reason, "no system bus");
                self.tries += 1;
                self.try_at = (self.tries < TRIES).then(|| Instant::now() + self.pauses.step());
            }
        }
        self.show();
    }

    /// The bus may have come with whatever else has changed.
    fn try_again(&mut self) {
        if self.services.is_err() && self.try_at.is_none() {
            self.try_at = Some(Instant::now());
        }
    }

    /// Lets everybody say their last words; then the machine may sleep.
    async fn sleeps(&mut self) {
        let (done, wait) = oneshot::channel();
        self.tell(Sign::Sleeps(done)).await;
        if tokio::time::timeout(LAST_WORDS, wait).await.is_err() {
            tracing::debug!("not everything was said before the machine sleeps");
        }
        if let Ok(services) = &mut self.services {
            services.let_sleep();
        }
    }

    async fn woke(&mut self) {
        if let Ok(clock) = &mut self.clock {
            clock.resynchronise();
        }
        self.tell(Sign::Woke).await;
        self.delay_sleep().await;
        self.try_again();
    }

    async fn delay_sleep(&mut self) {
        if let Ok(services) = &mut self.services {
            services.delay_sleep().await;
        }
    }

    fn network_changed(&mut self) {
        let now = Instant::now();
        let first = self.burst.as_ref().map_or(now, |burst| burst.first);
        self.burst = Some(Burst { first, last: now });
    }

    async fn tell(&self, sign: Sign) {
        tracing::debug!(?sign, "the machine");
        // An error means that nobody wants to know any more, which the loop sees next.
        let _ = self.signs.send(sign).await;
    }

    fn hears_of_sleep(&self) -> bool {
        self.services.as_ref().is_ok_and(|services| services.missing_logind().is_none())
    }

    fn hears_of_network(&self) -> bool {
        self.services.as_ref().is_ok_and(|services| services.missing_network_manager().is_none())
    }

    fn show(&self) {
        let (logind, manager) = match &self.services {
            Ok(services) => (services.missing_logind(), services.missing_network_manager()),
            Err(reason) => {
                let reason = format!("the system bus cannot be used: {reason}");
                (Some(reason.clone()), Some(reason))
            }
        };
        let sources = Sources {
            sleep: source(logind, self.clock.as_ref().err()),
            network: source(manager, self.kernel.as_ref().err()),
        };
        self.sources.send_if_modified(|before| {
            let changed = *before != sources;
            *before = sources;
            changed
        });
    }
}

impl Burst {
    fn over(&self) -> Instant {
        (self.last + QUIET).min(self.first + BURST)
    }
}

fn source(missing_service: Option<String>, missing_machine: Option<&String>) -> Source {
    match (missing_service, missing_machine) {
        (None, _) => Source::Service,
        (Some(reason), None) => Source::Machine { reason },
        (Some(reason), Some(machine)) => Source::Nobody { reason: format!("{reason}; {machine}") },
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
