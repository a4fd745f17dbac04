//! Finds and opens a way to an account's server: look-up, then a race among the end points of each priority.
//! When to dial, and what a failure means for the account, is decided by `xmppd_core`; starting TLS on a plain
//! connection is too.

use std::net::SocketAddr;
use std::pin::pin;

use thiserror::Error;
use xmppd_core::entropy::Entropy;
use xmppd_core::srv::{self, Answer, Endpoint, Found, Security, TlsPolicy};

use super::dns::Resolver;
use super::domain::Domain;
use super::link::Link;
use super::race::{Entrant, Race};
use super::recall::{Reach, Recall};
use super::tls::{Tls, TlsError, TlsFacts};

/// Whose server is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The JID's domain: what is looked up, and what the certificate must be for.
    pub(crate) domain: Domain,
    /// A host and port to use instead of a look-up. The certificate must be for `domain` all the same.
    pub(crate) server: Option<(String, u16)>,
    /// How TLS may start.
    pub(crate) tls: TlsPolicy,
    /// Set when `server` was named by another server: where that one was. No address nearer than it is dialled (S11).
    pub(crate) redirected_from: Option<Reach>,
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Dialed {
    /// The connection: secured already if the end point is a direct one, plain otherwise.
    pub(crate) link: Link,
    /// The end point that answered.
    pub(crate) endpoint: Endpoint,
    /// Its address.
    pub(crate) address: SocketAddr,
    /// What the handshake established; absent while the connection is plain.
    pub(crate) tls: Option<TlsFacts>,
}

/// Why there is no connection. The texts are for people and name each end point that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum DialError {
    /// The domain says that it has no such service (RFC 2782), or none that the TLS policy allows.
    #[error("{}", srv::NotOffered)]
    NotOffered,
    /// No address was found.
    #[error("{0}")]
    Dns(String),
    /// No end point took a connection: refused, unreachable, or broken at once.
    #[error("{0}")]
    Unreachable(String),
    /// All that was left was silence.
    #[error("{0}")]
    Timeout(String),
    /// A server answered, but its certificate does not verify; no other end point worked either.
    #[error("{0}")]
    Certificate(String),
    /// A server answered, but not with the TLS that we need.
    #[error("{0}")]
    Tls(String),
}

/// Opens a connection. The end point that worked last is tried while the look-up is under way; then come the groups of
/// equal priority, one after the other, all addresses of a group in a race (RFC 8305, XEP-0495). Dropping the future
/// hangs up.
pub(crate) async fn dial(
    target: &Target,
    recall: &Recall,
    resolver: &Resolver,
    tls: &Tls,
    entropy: &mut Entropy,
) -> Result<Dialed, DialError> {
    let mut race = Race::new(resolver.clone());
    let mut failures = Vec::new();
    let remembered = recall.worked().filter(|_| target.redirected_from.is_none());
    if let Some((endpoint, address)) = remembered.clone() {
        race.start(endpoint, address);
    }
    let groups = {
        let mut finding = pin!(groups(target, resolver, entropy));
        loop {
            tokio::select! {
                biased;
                groups = &mut finding => break groups?,
                Some(entrant) = race.next(), if race.is_on() => {
                    if let Some(dialed) = finish(target, entrant, tls, &mut failures).await {
                        return Ok(dialed);
                    }
                }
            }
        }
    };
    if remembered.is_some_and(|(endpoint, _)| !groups.iter().flatten().any(|offered| *offered == endpoint)) {
        // The domain has moved away from there.
        race = Race::new(resolver.clone());
    }
    for group in recall.order(groups) {
        race.enter(group, target.redirected_from);
        while let Some(entrant) = race.next().await {
            if let Some(dialed) = finish(target, entrant, tls, &mut failures).await {
                return Ok(dialed);
            }
        }
    }
    Err(summary(failures, target.domain.ascii()))
}

/// Makes a connection of what a race has brought, or notes why it is none.
async fn finish(
    target: &Target,
    entrant: Result<Entrant, DialError>,
    tls: &Tls,
    failures: &mut Vec<DialError>,
) -> Option<Dialed> {
    let opened = match entrant {
        Ok(entrant) => secure(target, entrant, tls).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(dialed) => {
            tracing::debug!(host = dialed.endpoint.host, address = %dialed.address, direct = dialed.tls.is_some(), "connected");
            Some(dialed)
        }
        Err(error) => {
            tracing::debug!(%error, "an end point failed");
            failures.push(error);
            None
        }
    }
}

/// The places to dial, those of one priority together, best first.
async fn groups(target: &Target, resolver: &Resolver, entropy: &mut Entropy) -> Result<Vec<Vec<Endpoint>>, DialError> {
    if let Some((host, port)) = &target.server {
        return Ok(vec![vec![srv::named(host, *port, target.tls)]]);
    }
    let domain = target.domain.ascii();
    let found = if target.domain.has_services() {
        resolver.services(domain, entropy).await
    } else {
        Found { direct: Answer::None, starttls: Answer::None }
    };
    tracing::debug!(domain, ?found, "looked up the service");
    srv::candidates(domain, found, target.tls, entropy).map_err(|_| DialError::NotOffered)
}

async fn secure(target: &Target, entrant: Entrant, tls: &Tls) -> Result<Dialed, DialError> {
    let Entrant { endpoint, address, stream } = entrant;
    let (link, facts) = match endpoint.security {
        Security::StartTls => (Link::plain(stream), None),
        Security::Direct => match tls.handshake(Security::Direct, &target.domain, stream).await {
            Ok((stream, facts)) => (Link::tls(stream), Some(facts)),
            Err(error) => return Err(failure(&place(&endpoint, address), &error)),
        },
    };
    Ok(Dialed { link, endpoint, address, tls: facts })
}

/// An address for people.
pub(super) fn place(endpoint: &Endpoint, address: SocketAddr) -> String {
    format!("{} port {} ({})", endpoint.host, endpoint.port, address.ip())
}

fn failure(place: &str, error: &TlsError) -> DialError {
    let text = format!("{place}: {error}");
    match error {
        TlsError::Certificate(_) => DialError::Certificate(text),
        TlsError::Handshake(_) => DialError::Tls(text),
        TlsError::Lost(_) => DialError::Unreachable(text),
        TlsError::Timeout => DialError::Timeout(text),
    }
}

/// The failure that got furthest stands for all: a server that answered wrongly tells more than one that was
/// not there.
fn summary(failures: Vec<DialError>, domain: &str) -> DialError {
    let rank = failures.iter().map(rank).max();
    let mut texts: Vec<String> = Vec::new();
    for failure in failures.iter().filter(|failure| Some(self::rank(failure)) == rank) {
        let text = failure.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let text = texts.join("; ");
    match failures.into_iter().find(|failure| Some(self::rank(failure)) == rank) {
        None => DialError::Dns(format!("{domain}: no address found")),
        Some(DialError::NotOffered) => DialError::NotOffered,
        Some(DialError::Dns(_)) => DialError::Dns(text),
        Some(DialError::Unreachable(_)) => DialError::Unreachable(text),
        Some(DialError::Timeout(_)) => DialError::Timeout(text),
        Some(DialError::Certificate(_)) => DialError::Certificate(text),
        Some(DialError::Tls(_)) => DialError::Tls(text),
    }
}

fn rank(error: &DialError) -> u8 {
    match error {
        DialError::NotOffered => 0,
        DialError::Dns(_) => 1,
        DialError::Timeout(_) => 2,
        DialError::Unreachable(_) => 3,
        DialError::Tls(_) => 4,
        DialError::Certificate(_) => 5,
    }
}

#[cfg(test)]
mod tests;
