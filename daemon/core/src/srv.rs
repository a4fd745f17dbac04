//! Where to dial for a domain: the SRV records of direct TLS and of STARTTLS mixed by priority and weight (RFC 2782,
//! RFC 6120 section 3.2, XEP-0368). Asking the DNS, and the addresses of each host, is the shell's. Whatever comes out,
//! the certificate is checked against the domain of the JID, never against a host named here.

use std::collections::BTreeMap;

use crate::entropy::Entropy;

/// More hosts than this are not tried.
const MOST: usize = 32;
/// The registered port for STARTTLS (RFC 6120 section 14.7).
const STARTTLS_PORT: u16 = 5222;
/// The customary port for direct TLS.
const DIRECT_PORT: u16 = 5223;
/// Ports on which TLS starts at once by custom; only asked where a named server leaves the choice to us.
const DIRECT_PORTS: [u16; 2] = [DIRECT_PORT, 443];

/// How TLS starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Security {
    /// With the first byte (`_xmpps-client`, XEP-0368).
    Direct,
    /// By `<starttls/>` (`_xmpp-client`, RFC 6120 section 5).
    StartTls,
}

/// Which ways of starting TLS the person allows. There is no plain text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsPolicy {
    /// Either, as the DNS says.
    #[default]
    Auto,
    /// Direct TLS only.
    Direct,
    /// STARTTLS only.
    StartTls,
}

/// One SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Lower is tried first.
    pub priority: u16,
    /// The chance to be tried first among those of one priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host, with or without its last dot; `.` when the service is not offered.
    pub target: String,
}

/// What the DNS said about one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// At least one record.
    Records(Vec<Record>),
    /// There is no such record.
    None,
    /// No answer, or an error. It counts as no record: some resolvers do not know SRV, and TLS guards the rest.
    Failed,
}

/// The answers about both services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// About `_xmpps-client._tcp`.
    pub direct: Answer,
    /// About `_xmpp-client._tcp`.
    pub starttls: Answer,
}

/// A place to dial.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Host name, or the domain itself; without a last dot.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How TLS starts there.
    pub security: Security,
}

/// The domain says, by the target `.`, that it has no such service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the domain says in its DNS that it offers no XMPP service of the kind allowed")]
pub struct NotOffered;

/// The place to dial for a server that was named instead of looked up.
pub fn named(host: &str, port: u16, policy: TlsPolicy) -> Endpoint {
    let is_direct = match policy {
        TlsPolicy::Direct => true,
        TlsPolicy::StartTls => false,
        TlsPolicy::Auto => DIRECT_PORTS.contains(&port),
    };
    let security = if is_direct { Security::Direct } else { Security::StartTls };
    Endpoint { host: host.to_owned(), port, security }
}

/// The host and port in a text of a server's: a name, an address, or an address of version 6 in brackets, and 5222 where
/// there is no port (RFC 6120 section 4.9.3.19, XEP-0198 section 3). Whether one may go there is not said by this: it is
/// for the shell, which knows the addresses (S11).
pub fn place(text: &str) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']')?;
            let port = if behind.is_empty() { None } else { Some(behind.strip_prefix(':')?) };
            (Some(host).filter(|host| host.contains(':'))?, port)
        }
        // An address of version 6 without brackets has no port.
        None if text.matches(':').count() > 1 => (text, None),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let valid = (1..=253).contains(&host.len()) && host.chars().all(is_host);
    let port = port.map_or(Some(STARTTLS_PORT), |port| port.parse().ok())?;
    (valid && port != 0).then(|| (host.to_owned(), port))
}

/// The places to dial for `domain` (in its ASCII form), best first, those of one priority together: at least one, at
/// most 32.
///
/// Only services that the policy allows count. Without any record the domain itself is dialled: on 5222 with STARTTLS,
/// or on 5223 if the policy is direct TLS. A target `.` forbids that for its own service: with [`TlsPolicy::Auto`],
/// that is the one of `_xmpp-client`.
///
/// # Errors
/// [`NotOffered`] when no record names a host and the domain itself may not be dialled.
pub fn candidates(
    domain: &str,
    found: Found,
    policy: TlsPolicy,
    entropy: &mut Entropy,
) -> Result<Vec<Vec<Endpoint>>, NotOffered> {
    let direct = Service::read(found.direct, Security::Direct);
    let starttls = Service::read(found.starttls, Security::StartTls);
    let (records, port, security, denied) = match policy {
        TlsPolicy::Auto => {
            let records = direct.records.into_iter().chain(starttls.records).collect();
            (records, STARTTLS_PORT, Security::StartTls, starttls.denied)
        }
        TlsPolicy::Direct => (direct.records, DIRECT_PORT, Security::Direct, direct.denied),
        TlsPolicy::StartTls => (starttls.records, STARTTLS_PORT, Security::StartTls, starttls.denied),
    };
    let groups = ordered(records, entropy);
    if !groups.is_empty() {
        Ok(groups)
    } else if denied {
        Err(NotOffered)
    } else {
        Ok(vec![vec![Endpoint { host: domain.to_owned(), port, security }]])
    }
}

/// A record that names a host, with the rank it has in its set.
struct Candidate {
    priority: u16,
    weight: u16,
    endpoint: Endpoint,
}

/// What one answer amounts to.
struct Service {
    records: Vec<Candidate>,
    /// There is a target `.`.
    denied: bool,
}

impl Service {
    fn read(answer: Answer, security: Security) -> Self {
        let mut service = Self { records: Vec::new(), denied: false };
        let records = match answer {
            Answer::Records(records) => records,
            Answer::None | Answer::Failed => return service,
        };
        for Record { priority, weight, port, target } in records {
            let host = target.strip_suffix('.').unwrap_or(&target).to_ascii_lowercase();
            if host.is_empty() {
                service.denied = true;
            } else if port != 0 {
                service.records.push(Candidate { priority, weight, endpoint: Endpoint { host, port, security } });
            }
        }
        service
    }
}

/// By priority, and among equals by weighted chance.
fn ordered(records: Vec<Candidate>, entropy: &mut Entropy) -> Vec<Vec<Endpoint>> {
    let mut groups: BTreeMap<u16, Vec<Candidate>> = BTreeMap::new();
    for record in records {
        groups.entry(record.priority).or_default().push(record);
    }
    let mut endpoints: Vec<Vec<Endpoint>> = Vec::new();
    let mut count = 0;
    for mut group in groups.into_values() {
        // RFC 2782 draws among records that stand in this order, so that those without weight have a small chance.
        group.sort_by_key(|record| record.weight != 0);
        let mut drawn = Vec::new();
        while !group.is_empty() && count < MOST {
            let chosen = group.remove(draw(&group, entropy)).endpoint;
            if !drawn.contains(&chosen) && !endpoints.iter().flatten().any(|endpoint| *endpoint == chosen) {
                drawn.push(chosen);
                count += 1;
            }
        }
        if !drawn.is_empty() {
            endpoints.push(drawn);
        }
    }
    endpoints
}

/// The index of the record whose running sum of weights first reaches a random number. `group` is not empty.
fn draw(group: &[Candidate], entropy: &mut Entropy) -> usize {
    let sum: u64 = group.iter().map(|record| u64::from(record.weight)).sum();
    let drawn = entropy.below(sum + 1);
    let mut running = 0;
    let reaches = |record: &Candidate| {
        running += u64::from(record.weight);
        running >= drawn
    };
    group.iter().position(reaches).expect("the number drawn is at most the sum of the weights")
}

#[cfg(test)]
mod tests;
