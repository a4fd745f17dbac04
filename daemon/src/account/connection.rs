//! The one connection of an account and the work around it: dialling, TLS, the password, the key. All of it reports as
//! inputs for the core; what belongs to a connection that was given up is thrown away.

use std::future::pending;
use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet, spawn_blocking};
use tokio::time::timeout;
use xmppd_core::account::{Connected, Dial, HangUp, Input, KeptMessage, SecretMissing, StoreTicket};
use xmppd_core::entropy::Entropy;
use xmppd_core::loss::Loss;
use xmppd_core::sasl::scram::{self, Derivation};
use xmppd_core::secret::Secret;

use super::convert;
use super::tap::{Direction, Tap, Watcher};
use crate::config::PasswordSource;
use crate::places::Environment;
use crate::store::StoreError;
use crate::transport::dial::{self, DialError, Dialed, Target};
use crate::transport::dns::Resolver;
use crate::transport::domain::Domain;
use crate::transport::link::{Link, Received};
use crate::transport::recall::Recall;
use crate::transport::tls::{Tls, TlsError, TlsFacts};
use crate::{host, secret};

/// The longest that a key may take to derive (S20).
const DERIVE_WITHIN: Duration = Duration::from_secs(10);
/// How long the last words before hanging up may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// How much is read at once.
const BUFFER: usize = 8 * 1024;

/// What the connection has to tell.
pub(super) enum Wake {
    /// So many bytes of the server's stand in [`Connection::received`].
    Received(usize),
    /// Anything else.
    Input(Input<'static>),
}

/// At most one live link, and the work towards it.
pub(super) struct Connection {
    domain: Domain,
    password: Option<PasswordSource>,
    tls: Tls,
    environment: Environment,
    resolver: Resolver,
    link: Option<Link>,
    buffer: Box<[u8]>,
    work: JoinSet<Done>,
    /// Only while somebody watches the wire.
    tap: Option<Box<Tap>>,
    /// Work begun under an older number belongs to a connection that was given up.
    generation: u64,
    dialing: Option<AbortHandle>,
    /// The dial of now leads where another server has sent us.
    redirected: bool,
    /// What the attempts so far have taught.
    recall: Recall,
}

/// Work that has ended, by what it was.
enum Done {
    Dialed(u64, Box<Result<Dialed, DialError>>),
    Secured(u64, Box<Result<(Link, TlsFacts), TlsError>>),
    Secret(u64, Result<Secret, SecretMissing>),
    Derived(u64, Result<Result<scram::SaltedPassword, scram::Prohibited>, Expensive>),
    Stored(StoreTicket, Result<(), StoreError>),
    Loaded(Result<Vec<KeptMessage>, StoreError>),
    Closed,
}

/// A derivation took too long.
struct Expensive;

impl Connection {
    pub(super) fn new(domain: Domain, password: Option<PasswordSource>, tls: Tls, environment: Environment) -> Self {
        Self {
            domain,
            password,
            tls,
            environment,
            resolver: Resolver::system(),
            link: None,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            work: JoinSet::new(),
            tap: None,
            generation: 0,
            dialing: None,
            redirected: false,
            recall: Recall::default(),
        }
    }

    /// Waits for something to tell, from the server only if it is to be read, and sends what was written meanwhile. May be
    /// dropped at any point.
    pub(super) async fn wake(&mut self, reads: bool) -> Wake {
        loop {
            let received = async {
                match &mut self.link {
                    Some(link) if reads => link.read(&mut self.buffer).await,
                    Some(link) => {
                        // A broken connection says so when it is read next.
                        let _ = link.flush().await;
                        pending().await
                    }
                    None => pending().await,
                }
            };
            tokio::select! {
                received = received => match received {
                    Received::Bytes(count) => {
                        self.heard(count);
                        return Wake::Received(count);
                    }
                    Received::End(end) => {
                        self.drop_link();
                        self.recall.lost();
                        return Wake::Input(Input::Lost(convert::end(&end)));
                    }
                },
                Some(done) = self.work.join_next() => {
                    if let Some(input) = done.ok().and_then(|done| self.done(done)) {
                        return Wake::Input(input);
                    }
                }
            }
        }
    }

    /// The first bytes of what was received last.
    pub(super) fn received(&self, count: usize) -> &[u8] {
        self.buffer.get(..count).unwrap_or_default()
    }

    pub(super) fn dial(&mut self, dial: Dial) {
        let redirected_from = dial.redirected.then(|| self.recall.reach());
        self.redirected = dial.redirected;
        let target = Target { domain: self.domain.clone(), server: dial.server, tls: dial.tls, redirected_from };
        let (resolver, tls, generation) = (self.resolver.clone(), self.tls.clone(), self.generation);
        let recall = self.recall.clone();
        let task = self.work.spawn(async move {
            let dialed = match host::seed() {
                Ok(seed) => dial::dial(&target, &recall, &resolver, &tls, &mut Entropy::new(seed)).await,
                Err(error) => Err(DialError::Unreachable(error.to_string())),
            };
            Done::Dialed(generation, Box::new(dialed))
        });
        self.dialing = Some(task);
    }

    pub(super) fn secure(&mut self) {
        if let Some(link) = self.link.take() {
            let (tls, domain, generation) = (self.tls.clone(), self.domain.clone(), self.generation);
            self.work.spawn(async move { Done::Secured(generation, Box::new(link.secure(&tls, &domain).await)) });
        }
    }

    pub(super) fn fetch_secret(&mut self) {
        let (source, environment, generation) = (self.password.clone(), self.environment.clone(), self.generation);
        self.work.spawn(async move {
            let secret = secret::fetch(source.as_ref(), &environment).await;
            Done::Secret(generation, secret.map_err(|error| SecretMissing(format!("{error}; {}", error.hint()))))
        });
    }

    pub(super) fn derive(&mut self, password: Secret, derivation: Derivation) {
        let generation = self.generation;
        self.work.spawn(async move {
            let derived = spawn_blocking(move || scram::derive(&password, &derivation));
            let salted = timeout(DERIVE_WITHIN, derived).await.ok().and_then(Result::ok).ok_or(Expensive);
            Done::Derived(generation, salted)
        });
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        if let Some(link) = &mut self.link {
            link.queue(bytes);
            self.tap.take_if(|tap| !tap.pass(Direction::Out, bytes));
        }
    }

    /// Lets somebody watch the wire of `account`, from the next whole element on.
    pub(super) fn tap(&mut self, account: &str, watcher: Watcher) {
        self.tap.get_or_insert_with(|| Box::new(Tap::new(account.to_owned()))).add(watcher);
    }

    /// Whether a watcher of the wire waits to be told that an element begins.
    pub(super) fn is_tap_astray(&self) -> bool {
        self.tap.as_ref().is_some_and(|tap| tap.is_astray())
    }

    /// The server's next byte begins an element.
    pub(super) fn between_stanzas(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.between();
        }
    }

    pub(super) fn hang_up(&mut self, how: HangUp) {
        self.generation += 1;
        self.give_up_dialing();
        if self.link.is_some() {
            self.recall.lost();
        }
        match (how, self.link.take()) {
            (HangUp::Polite, Some(link)) => {
                self.work.spawn(async move {
                    link.close().await;
                    Done::Closed
                });
            }
            // What was written last may say why.
            (HangUp::Abrupt, Some(mut link)) => {
                self.work.spawn(async move {
                    let _ = timeout(FAREWELL, link.flush()).await;
                    Done::Closed
                });
            }
            (HangUp::Polite | HangUp::Abrupt, None) => {}
        }
    }

    /// Sends what was written, for a second at most.
    pub(super) async fn flush(&mut self) {
        if let Some(link) = &mut self.link {
            // A broken connection says so when it is read next.
            let _ = timeout(FAREWELL, link.flush()).await;
        }
    }

    /// Whether the connection was made from an address that this machine no longer has: nothing will come on it.
    pub(super) fn has_lost_its_address(&self) -> bool {
        let address = self.link.as_ref().and_then(Link::local_address);
        address.is_some_and(|address| {
            let bound = UdpSocket::bind((address.ip(), 0));
            bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrNotAvailable)
        })
    }

    /// Forgets the connection without a word.
    pub(super) fn drop_link(&mut self) {
        self.link = None;
        self.generation += 1;
    }

    pub(super) fn stored(
        &mut self,
        ticket: StoreTicket,
        stored: impl Future<Output = Result<(), StoreError>> + Send + 'static,
    ) {
        self.work.spawn(async move { Done::Stored(ticket, stored.await) });
    }

    pub(super) fn loaded(
        &mut self,
        loaded: impl Future<Output = Result<Vec<KeptMessage>, StoreError>> + Send + 'static,
    ) {
        self.work.spawn(async move { Done::Loaded(loaded.await) });
    }

    /// Lets what was begun come to its end: goodbyes that are under way, changes on their way to the disk.
    pub(super) async fn finish(mut self) {
        self.link = None;
        while self.work.join_next().await.is_some() {}
    }

    fn heard(&mut self, count: usize) {
        let bytes = self.buffer.get(..count).unwrap_or_default();
        self.tap.take_if(|tap| !tap.pass(Direction::In, bytes));
    }

    /// A stream begins on a link that is new, or newly secured.
    fn connected(&mut self, link: Link) {
        self.link = Some(link);
        if let Some(tap) = &mut self.tap {
            tap.restart();
        }
    }

    fn done(&mut self, done: Done) -> Option<Input<'static>> {
        match done {
            Done::Dialed(generation, dialed) if generation == self.generation => Some(self.dialed(*dialed)),
            Done::Secured(generation, secured) if generation == self.generation => Some(match *secured {
                Ok((link, facts)) => {
                    self.recall.secured();
                    self.connected(link);
                    Input::Secured(convert::security(facts))
                }
                Err(error) => {
                    self.recall.lost();
                    self.lost(convert::tls_error(&error))
                }
            }),
            Done::Secret(generation, secret) if generation == self.generation => Some(Input::Secret(secret)),
            Done::Derived(generation, derived) if generation == self.generation => Some(match derived {
                Ok(salted) => Input::Derived(salted),
                Err(Expensive) => {
                    self.link = None;
                    self.lost(Loss::Expensive)
                }
            }),
            Done::Stored(ticket, stored) => Some(Input::Stored(ticket, stored.map_err(|error| error.to_string()))),
            Done::Loaded(loaded) => Some(Input::Loaded(loaded.map_err(|error| error.to_string()))),
            Done::Dialed(..) | Done::Secured(..) | Done::Secret(..) | Done::Derived(..) | Done::Closed => None,
        }
    }

    fn dialed(&mut self, dialed: Result<Dialed, DialError>) -> Input<'static> {
        match (dialed, host::seed()) {
            (Ok(dialed), Ok(seed)) => {
                self.recall.connected(dialed.endpoint.clone(), dialed.address, dialed.tls.is_some(), self.redirected);
                self.connected(dialed.link);
                let security = dialed.tls.map(convert::security);
                let round_trips = 1 + security.as_ref().map_or(0, |security| security.version.handshake_trips());
                let server = format!("{}:{}", dialed.endpoint.host, dialed.endpoint.port);
                tracing::debug!(%server, address = %dialed.address, "connected");
                Input::Connected(Connected { security, server, seed, round_trips })
            }
            (Err(error), _) => self.lost(convert::dial_error(&error)),
            (Ok(_), Err(error)) => self.lost(Loss::Unreachable(no_randomness(&error))),
        }
    }

    fn give_up_dialing(&mut self) {
        if let Some(task) = self.dialing.take() {
            task.abort();
        }
    }

    fn lost(&mut self, loss: Loss) -> Input<'static> {
        self.generation += 1;
        Input::Lost(loss)
    }
}

fn no_randomness(error: &io::Error) -> String {
    format!("the kernel gives no randomness: {error}")
}
