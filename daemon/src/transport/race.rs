//! A race among the addresses of the end points of one priority (RFC 8305, XEP-0495): each starts a moment after the
//! one before, or as soon as that one has failed, and the first connection wins, so that a dead address costs a quarter
//! of a second. What a connection is good for is found out by [`super::dial`]; the rest of the race waits for that.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use xmppd_core::srv::{Endpoint, Security};

use super::dial::{DialError, place};
use super::dns::Resolver;
use super::recall::Reach;

/// How long each waits for the one before (RFC 8305 section 8).
const STAGGER: Duration = Duration::from_millis(250);
/// How long an address waits for the look-up of an end point that comes before it (RFC 8305 section 3).
const RESOLUTION: Duration = Duration::from_millis(50);
/// How long one address may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection that was made.
#[derive(Debug)]
pub(super) struct Entrant {
    pub(super) endpoint: Endpoint,
    pub(super) address: SocketAddr,
    pub(super) stream: TcpStream,
}

/// Who runs, who is waiting to start, and whose addresses are still looked up. Dropped, all of them stop.
pub(super) struct Race {
    resolver: Resolver,
    look_ups: JoinSet<(usize, Endpoint, io::Result<Vec<SocketAddr>>)>,
    /// The places, in their group, of those who are looked up.
    looked_up: BTreeSet<usize>,
    /// By the place of the end point, then of the address.
    waiting: BTreeMap<(usize, usize), (Endpoint, SocketAddr)>,
    /// When the first of those who wait came.
    waiting_since: Instant,
    running: JoinSet<Result<Entrant, DialError>>,
    started: HashSet<(SocketAddr, Security)>,
    next_start: Instant,
    reach: Option<Reach>,
}

impl Race {
    /// A race that nobody has entered.
    pub(super) fn new(resolver: Resolver) -> Self {
        Self {
            resolver,
            look_ups: JoinSet::new(),
            looked_up: BTreeSet::new(),
            waiting: BTreeMap::new(),
            waiting_since: Instant::now(),
            running: JoinSet::new(),
            started: HashSet::new(),
            next_start: Instant::now(),
            reach: None,
        }
    }

    /// Starts one address at once.
    pub(super) fn start(&mut self, endpoint: Endpoint, address: SocketAddr) {
        if self.started.insert((address, endpoint.security)) {
            self.next_start = Instant::now() + STAGGER;
            self.running.spawn(connect(endpoint, address));
        }
    }

    /// Lets end points of one priority enter with all their addresses, or with those at least so far away.
    pub(super) fn enter(&mut self, group: Vec<Endpoint>, reach: Option<Reach>) {
        self.reach = reach;
        for (place, endpoint) in group.into_iter().enumerate() {
            let resolver = self.resolver.clone();
            self.looked_up.insert(place);
            self.look_ups.spawn(async move {
                let addresses = resolver.addresses(&endpoint.host, endpoint.port).await;
                (place, endpoint, addresses)
            });
        }
    }

    /// Whether anybody may still arrive.
    pub(super) fn is_on(&self) -> bool {
        !(self.look_ups.is_empty() && self.waiting.is_empty() && self.running.is_empty())
    }

    /// The next that arrives, or has to give up; nothing when the race is over. May be dropped at any point.
    pub(super) async fn next(&mut self) -> Option<Result<Entrant, DialError>> {
        loop {
            let start = self.start_at();
            tokio::select! {
                biased;
                Some(done) = self.running.join_next() => {
                    let arrived = done.unwrap_or_else(|error| Err(DialError::Unreachable(error.to_string())));
                    if arrived.is_err() {
                        self.next_start = Instant::now();
                    }
                    return Some(arrived);
                }
                Some(done) = self.look_ups.join_next() => match done {
                    Ok((place, endpoint, found)) => {
                        self.looked_up.remove(&place);
                        if let Err(error) = self.line_up(place, &endpoint, found) {
                            return Some(Err(error));
                        }
                    }
                    Err(error) => return Some(Err(DialError::Dns(error.to_string()))),
                },
                () = sleep_until(start), if !self.waiting.is_empty() => {
                    if let Some((_, (endpoint, address))) = self.waiting.pop_first() {
                        self.start(endpoint, address);
                    }
                }
                else => return None,
            }
        }
    }

    /// When the first of those who wait may start: one that comes before it may be about to be found.
    fn start_at(&self) -> Instant {
        let first = self.waiting.first_key_value().map(|((place, _), _)| *place);
        match (first, self.looked_up.first()) {
            (Some(first), Some(before)) if *before < first => self.next_start.max(self.waiting_since + RESOLUTION),
            _ => self.next_start,
        }
    }

    fn line_up(
        &mut self,
        place: usize,
        endpoint: &Endpoint,
        found: io::Result<Vec<SocketAddr>>,
    ) -> Result<(), DialError> {
        let addresses = found.map_err(|error| DialError::Dns(format!("{}: {error}", endpoint.host)))?;
        let found = addresses.len();
        let may_go = |address: &SocketAddr| self.reach.is_none_or(|reach| Reach::of(address.ip()) >= reach);
        let allowed: Vec<SocketAddr> = addresses.into_iter().filter(may_go).collect();
        if found == 0 {
            return Err(DialError::Dns(format!("{}: no address found", endpoint.host)));
        }
        if allowed.is_empty() {
            let text = format!("{}: a server may not send us to a network nearer than its own", endpoint.host);
            return Err(DialError::Unreachable(text));
        }
        if self.waiting.is_empty() {
            self.waiting_since = Instant::now();
        }
        let numbered = interleaved(allowed).into_iter().enumerate();
        self.waiting.extend(numbered.map(|(number, address)| ((place, number), (endpoint.clone(), address))));
        Ok(())
    }
}

/// One family after the other, the first address's first (RFC 8305 section 4): a network that is dead for one of them
/// costs one attempt, not all.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut mixed = Vec::new();
    loop {
        match (preferred.next(), other.next()) {
            (None, None) => return mixed,
            (one, two) => mixed.extend(one.into_iter().chain(two)),
        }
    }
}

async fn connect(endpoint: Endpoint, address: SocketAddr) -> Result<Entrant, DialError> {
    let connecting = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok::<_, io::Error>(stream)
    };
    match timeout(CONNECT, connecting).await {
        Ok(Ok(stream)) => Ok(Entrant { endpoint, address, stream }),
        Ok(Err(error)) => Err(DialError::Unreachable(format!("{}: {error}", place(&endpoint, address)))),
        Err(_) => Err(DialError::Timeout(format!("{}: no answer", place(&endpoint, address)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_take_turns_and_the_first_stays_first() {
        let check = |given: &str, expected: &str| {
            let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 5222);
            let found: Vec<String> = interleaved(given.split_whitespace().map(address).collect())
                .iter()
                .map(|address| address.ip().to_string())
                .collect();
            assert_eq!(found.join(" "), expected);
        };
        check("", "");
        check("::1 ::2 ::3 10.0.0.1", "::1 10.0.0.1 ::2 ::3");
        check("10.0.0.1 10.0.0.2 ::1 ::2", "10.0.0.1 ::1 10.0.0.2 ::2");
    }
}
