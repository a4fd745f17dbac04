//! A look at a domain's servers, without an account: where the DNS leads, who answers there and how fast, what TLS agrees
//! on, what the certificate is worth, what is offered. Nothing is authenticated, and what a login would not trust is
//! looked at no further. Asking for a look, and the row of the exit table, are [`crate::api`]'s.

mod look;
mod talk;
mod warnings;
mod witness;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use xmppd_core::entropy::Entropy;
use xmppd_core::srv::{self, Answer, Endpoint, Found, NotOffered, Record, Security, TlsPolicy};
use xmppd_proto::reply::{ProbeAddress, ProbeEndpoint, ProbeReport, ProbeService, ServiceAnswer, SrvRecord, TlsStart};

use crate::host;
use crate::transport::dns::Resolver;
use crate::transport::domain::Domain;
use crate::transport::tls::{self, AnchorError};
use look::{Reached, Seen, Sight};
use witness::Judge;

/// How long the DNS has for the records, and then for the addresses of each host.
const RECORDS: Duration = Duration::from_secs(5);
const ADDRESSES: Duration = Duration::from_secs(5);

// Everything at once, one step after the other: nobody waits longer for the sheet.
const _: () = assert!(RECORDS.as_millis() + ADDRESSES.as_millis() + look::LONGEST_MILLIS <= 30_000);

/// How many places are looked at, and how many addresses of each.
const PLACES: usize = 8;
const ADDRESSES_OF_ONE: usize = 4;

/// What to look at.
#[derive(Debug)]
pub(crate) struct Target {
    /// The domain.
    pub(crate) domain: Domain,
    /// A server to look at instead of asking the DNS.
    pub(crate) server: Option<(String, u16)>,
    /// Which ways of starting TLS count.
    pub(crate) tls: TlsPolicy,
}

/// Why nothing was looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error("{0}")]
    Anchors(#[from] AnchorError),
    #[error("{0}")]
    NotOffered(#[from] NotOffered),
    #[error("the kernel gives no randomness: {0}")]
    Entropy(#[from] std::io::Error),
    /// Places are known, and none has an address.
    #[error("{0}")]
    NoAddress(String),
    /// Every address refused or cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// Nobody answered in time.
    #[error("{0}")]
    Silent(String),
}

/// Looks at everything that a login would try.
pub(crate) async fn probe(target: Target, ca_file: Option<&Path>) -> Result<ProbeReport, ProbeError> {
    let started = host::now().moment;
    let judge = tls::verifier(ca_file)?;
    let resolver = Resolver::system();
    let mut entropy = Entropy::new(host::seed()?);
    let domain = target.domain.ascii();
    let (services, places) = match &target.server {
        Some((host, port)) => (Vec::new(), vec![srv::named(host, *port, target.tls)]),
        None => {
            let found = if target.domain.has_services() {
                let failed = Found { direct: Answer::Failed, starttls: Answer::Failed };
                Some(timeout(RECORDS, resolver.services(domain, &mut entropy)).await.unwrap_or(failed))
            } else {
                None
            };
            let services = found.as_ref().map(services).unwrap_or_default();
            let found = found.unwrap_or(Found { direct: Answer::None, starttls: Answer::None });
            (services, srv::candidates(domain, found, target.tls, &mut entropy)?.concat())
        }
    };
    let sights = sights(Arc::new(target.domain.clone()), judge, places, resolver).await;
    let now = host::now();
    let endpoints: Vec<ProbeEndpoint> = reached(sights)?;
    let warnings = warnings::warnings(&services, &endpoints, now.wall);
    let took_ms = millis(now.moment - started);
    Ok(ProbeReport { domain: domain.to_owned(), services, endpoints, warnings, took_ms })
}

/// A place and what was seen at each of its addresses.
struct Place {
    endpoint: Endpoint,
    error: Option<String>,
    seen: Vec<(SocketAddr, Seen)>,
}

/// Looks everywhere at once; the places stay in their order.
async fn sights(domain: Arc<Domain>, judge: Judge, endpoints: Vec<Endpoint>, resolver: Resolver) -> Vec<Place> {
    let mut looks = JoinSet::new();
    for (index, endpoint) in endpoints.into_iter().take(PLACES).enumerate() {
        let (domain, judge, resolver) = (domain.clone(), judge.clone(), resolver.clone());
        looks.spawn(async move { (index, place(domain, judge, endpoint, resolver).await) });
    }
    let mut places = looks.join_all().await;
    places.sort_by_key(|(index, _)| *index);
    places.into_iter().map(|(_, place)| place).collect()
}

async fn place(domain: Arc<Domain>, judge: Judge, endpoint: Endpoint, resolver: Resolver) -> Place {
    let addresses = match timeout(ADDRESSES, resolver.addresses(&endpoint.host, endpoint.port)).await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) => return Place { endpoint, error: Some(error.to_string()), seen: Vec::new() },
        Err(_) => return Place { endpoint, error: Some("no answer about its address".to_owned()), seen: Vec::new() },
    };
    let mut looks = JoinSet::new();
    for (index, address) in addresses.into_iter().take(ADDRESSES_OF_ONE).enumerate() {
        let (domain, judge, security) = (domain.clone(), judge.clone(), endpoint.security);
        looks.spawn(async move { (index, address, look::look(&domain, judge, security, address).await) });
    }
    let mut seen = looks.join_all().await;
    seen.sort_by_key(|(index, ..)| *index);
    Place { endpoint, error: None, seen: seen.into_iter().map(|(_, address, seen)| (address, seen)).collect() }
}

/// What was found, if anybody was there.
fn reached(places: Vec<Place>) -> Result<Vec<ProbeEndpoint>, ProbeError> {
    let all = || places.iter().flat_map(|place| &place.seen).map(|(_, seen)| seen.reached);
    let outcome = all().max();
    if outcome != Some(Reached::Connected) {
        let told = places.iter().flat_map(complaints).collect::<Vec<_>>().join("; ");
        return Err(match outcome {
            Some(Reached::Refused) => ProbeError::Unreachable(told),
            Some(Reached::Silent | Reached::Connected) => ProbeError::Silent(told),
            None => ProbeError::NoAddress(told),
        });
    }
    Ok(places.into_iter().map(told).collect())
}

fn complaints(place: &Place) -> Vec<String> {
    let Endpoint { host, port, .. } = &place.endpoint;
    if place.seen.is_empty() {
        return vec![format!("{host}: {}", place.error.as_deref().unwrap_or("no address"))];
    }
    let of = |(address, seen): &(SocketAddr, Seen)| {
        format!("{host} port {port} ({}): {}", address.ip(), seen.error.as_deref().unwrap_or("no answer"))
    };
    place.seen.iter().map(of).collect()
}

fn told(place: Place) -> ProbeEndpoint {
    let Place { endpoint: Endpoint { host, port, security }, error, seen } = place;
    let mut addresses = Vec::new();
    let mut best = Sight::default();
    for (address, seen) in seen {
        addresses.push(ProbeAddress {
            address: address.ip().to_string(),
            tcp_ms: seen.tcp.map(millis),
            tls_ms: seen.tls.map(millis),
            stream_ms: seen.stream.map(millis),
            error: seen.error,
        });
        if seen.sight.depth() > best.depth() {
            best = seen.sight;
        }
    }
    let tls_start = match security {
        Security::Direct => TlsStart::Direct,
        Security::StartTls => TlsStart::StartTls,
    };
    let Sight { before_tls, tls, certificate, after_tls } = best;
    ProbeEndpoint { host, port, tls_start, error, addresses, before_tls, tls, certificate, after_tls }
}

fn services(found: &Found) -> Vec<ProbeService> {
    let told = |service: &str, answer: &Answer| {
        let (answer, records) = match answer {
            Answer::Records(records) => (ServiceAnswer::Records, records.iter().map(record).collect()),
            Answer::None => (ServiceAnswer::None, Vec::new()),
            Answer::Failed => (ServiceAnswer::Failed, Vec::new()),
        };
        let mut records: Vec<SrvRecord> = records;
        records.sort_by_key(|record| (record.priority, u16::MAX - record.weight));
        ProbeService { service: service.to_owned(), answer, records }
    };
    vec![told("_xmpps-client._tcp", &found.direct), told("_xmpp-client._tcp", &found.starttls)]
}

fn record(record: &Record) -> SrvRecord {
    let Record { priority, weight, port, target } = record;
    SrvRecord { priority: *priority, weight: *weight, port: *port, target: target.clone() }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
