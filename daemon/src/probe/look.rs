//! One address, looked at as far as a login would get without a name: TCP, STARTTLS, TLS, features. Each step has its own
//! time, and what was seen before a step failed is kept.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use xmppd_core::srv::Security;
use xmppd_proto::reply::{Certificate, ProbeFeatures, ProbeTls};

use super::talk::Talk;
use super::witness::{self, Judge};
use crate::host;
use crate::transport::domain::Domain;

/// How long the connection, each answer on the stream, the handshake, and the goodbye may take.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(3);
const HANDSHAKE: Duration = Duration::from_secs(5);
const FAREWELL: Duration = Duration::from_millis(500);

/// The sum of all steps: the features, TLS asked for, and the features again.
pub(super) const LONGEST_MILLIS: u128 =
    CONNECT.as_millis() + 3 * ANSWER.as_millis() + HANDSHAKE.as_millis() + FAREWELL.as_millis();

/// Who the stream says it is from, inside TLS: some servers offer tokens only to somebody. There is no such account.
const NOBODY: &str = "nobody";

/// How far TCP came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reached {
    /// Nobody answered in time.
    #[default]
    Silent,
    /// The system or the other side refused.
    Refused,
    /// Somebody is there.
    Connected,
}

/// What one address showed.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) reached: Reached,
    pub(super) tcp: Option<Duration>,
    pub(super) tls: Option<Duration>,
    pub(super) stream: Option<Duration>,
    /// Why the look ended early.
    pub(super) error: Option<String>,
    pub(super) sight: Sight,
}

/// What the server behind it showed.
#[derive(Debug, Default)]
pub(super) struct Sight {
    pub(super) before_tls: Option<ProbeFeatures>,
    pub(super) tls: Option<ProbeTls>,
    pub(super) certificate: Option<Certificate>,
    pub(super) after_tls: Option<ProbeFeatures>,
}

impl Sight {
    /// How much was seen.
    pub(super) fn depth(&self) -> usize {
        let Self { before_tls, tls, certificate, after_tls } = self;
        let seen = [before_tls.is_some(), tls.is_some(), certificate.is_some(), after_tls.is_some()];
        seen.into_iter().filter(|seen| *seen).count()
    }
}

/// Looks at one address.
pub(super) async fn look(domain: &Domain, judge: Judge, security: Security, address: SocketAddr) -> Seen {
    let mut seen = Seen::default();
    seen.error = steps(domain, judge, security, address, &mut seen).await.err();
    seen
}

async fn steps(
    domain: &Domain,
    judge: Judge,
    security: Security,
    address: SocketAddr,
    seen: &mut Seen,
) -> Result<(), String> {
    let stream = connect(address, seen).await?;
    let stream = match security {
        Security::Direct => stream,
        Security::StartTls => {
            let mut talk = Talk::new(stream);
            let opening = within(ANSWER, "no features came in time", talk.open(domain.ascii(), None));
            let (features, starttls) = opening.await?;
            seen.sight.before_tls = Some(features);
            if !starttls {
                return Err("the server offers no STARTTLS".to_owned());
            }
            within(ANSWER, "no answer to STARTTLS came in time", talk.start_tls()).await?
        }
    };
    let started = host::now().moment;
    let handshake = witness::secure(judge, security, domain, stream);
    let witnessed = within(HANDSHAKE, "the TLS handshake took too long", handshake).await?;
    seen.tls = Some(host::now().moment - started);
    seen.sight.tls = Some(witnessed.tls);
    seen.sight.certificate = witnessed.certificate;
    let channel = witnessed.channel?;
    let started = host::now().moment;
    let mut talk = Talk::new(channel);
    let from = format!("{NOBODY}@{}", domain.ascii());
    let opening = within(ANSWER, "no features came in time", talk.open(domain.ascii(), Some(&from)));
    let (features, _) = opening.await?;
    seen.stream = Some(host::now().moment - started);
    seen.sight.after_tls = Some(features);
    // A server that takes no goodbye has been seen all the same.
    let _ = timeout(FAREWELL, talk.close()).await;
    Ok(())
}

async fn connect(address: SocketAddr, seen: &mut Seen) -> Result<TcpStream, String> {
    let started = host::now().moment;
    let stream = match timeout(CONNECT, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            seen.reached = Reached::Refused;
            return Err(error.to_string());
        }
        Err(_) => return Err("no answer".to_owned()),
    };
    seen.reached = Reached::Connected;
    seen.tcp = Some(host::now().moment - started);
    // Without it, times would measure the kernel's patience.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn within<T>(limit: Duration, late: &str, step: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(limit, step).await.unwrap_or_else(|_| Err(late.to_owned()))
}
