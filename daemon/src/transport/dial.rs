//! Finds and opens a way to an account's server: look-up, then one end point after the other until one answers.
//! When to dial, and what a failure means for the account, is decided by `xmppd_core`; starting TLS on a plain
//! connection is too.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use xmppd_core::entropy::Entropy;
use xmppd_core::srv::{self, Answer, Endpoint, Found, Security, TlsPolicy};

use super::dns::Resolver;
use super::domain::Domain;
use super::link::Link;
use super::tls::{Tls, TlsError, TlsFacts};

/// How long one address may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Whose server is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The JID's domain: what is looked up, and what the certificate must be for.
    pub(crate) domain: Domain,
    /// A host and port to use instead of a look-up. The certificate must be for `domain` all the same.
    pub(crate) server: Option<(String, u16)>,
    /// How TLS may start.
    pub(crate) tls: TlsPolicy,
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

/// Opens a connection. Every end point is tried, in order, with all its addresses; dropping the future hangs up.
pub(crate) async fn dial(
    target: &Target,
    resolver: &Resolver,
    tls: &Tls,
    entropy: &mut Entropy,
) -> Result<Dialed, DialError> {
    let mut failures = Vec::new();
    for endpoint in endpoints(target, resolver, entropy).await? {
        let Endpoint { host, port, .. } = &endpoint;
        let addresses = match resolver.addresses(host, *port).await {
            Ok(addresses) => addresses,
            Err(error) => {
                failures.push(DialError::Dns(format!("{host}: {error}")));
                continue;
            }
        };
        // The place of Happy Eyeballs (RFC 8305, XEP-0495): addresses are raced here instead of tried in turn.
        for address in addresses {
            match open(target, &endpoint, address, tls).await {
                Ok((link, facts)) => {
                    tracing::debug!(host, %address, direct = facts.is_some(), "connected");
                    return Ok(Dialed { link, endpoint, address, tls: facts });
                }
                Err(error) => {
                    tracing::debug!(host, %address, %error, "an end point failed");
                    failures.push(error);
                }
            }
        }
    }
    Err(summary(failures, target.domain.ascii()))
}

async fn endpoints(target: &Target, resolver: &Resolver, entropy: &mut Entropy) -> Result<Vec<Endpoint>, DialError> {
    if let Some((host, port)) = &target.server {
        return Ok(vec![srv::named(host, *port, target.tls)]);
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

async fn open(
    target: &Target,
    endpoint: &Endpoint,
    address: SocketAddr,
    tls: &Tls,
) -> Result<(Link, Option<TlsFacts>), DialError> {
    let place = format!("{} port {} ({})", endpoint.host, endpoint.port, address.ip());
    let stream = match timeout(CONNECT, connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(DialError::Unreachable(format!("{place}: {error}"))),
        Err(_) => return Err(DialError::Timeout(format!("{place}: no answer"))),
    };
    match endpoint.security {
        Security::StartTls => Ok((Link::plain(stream), None)),
        Security::Direct => match tls.handshake(Security::Direct, &target.domain, stream).await {
            Ok((stream, facts)) => Ok((Link::tls(stream), Some(facts))),
            Err(error) => Err(failure(&place, &error)),
        },
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
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
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use xmppd_core::sasl::TlsVersion;

    use super::*;
    use crate::transport::dns::tests::{Server, leading_to};
    use crate::transport::testing::{Authority, Scrap, domain};

    const LOOPBACK: &str = "127.0.0.1";

    fn target(server: Option<(&str, u16)>, tls: TlsPolicy) -> Target {
        let server = server.map(|(host, port)| (host.to_owned(), port));
        Target { domain: domain("verona.example"), server, tls }
    }

    fn entropy() -> Entropy {
        Entropy::new([5; 32])
    }

    async fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    /// A port on which nobody listens.
    async fn deserted() -> u16 {
        listener().await.1
    }

    /// Accepts one connection and secures it; tells whether that worked.
    async fn secure_one(listener: &TcpListener, acceptor: &TlsAcceptor) -> bool {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.is_ok()
    }

    /// Dials a domain whose records lead to `direct` for direct TLS and to `starttls` for STARTTLS.
    async fn dial_records(
        name: &str,
        tls: &Tls,
        direct: Option<u16>,
        starttls: Option<u16>,
    ) -> Result<Dialed, DialError> {
        let server = Server::start(move |question| {
            let port = if question.is_for_direct() { direct } else { starttls };
            leading_to(question, port, LOOPBACK)
        })
        .await;
        let file = Scrap::new(name, "nameserver 127.0.0.1\n");
        dial(&target(None, TlsPolicy::Auto), &server.resolver(&file), tls, &mut entropy()).await
    }

    #[tokio::test]
    async fn a_direct_end_point_is_secured_for_the_domain_wherever_it_is() {
        let authority = Authority::new();
        let acceptor = authority.issue(&["verona.example"], |_| {}).usual();
        let (listener, port) = listener().await;
        let tls = authority.trusted();
        let dialing = dial_records("direct", &tls, Some(port), None);
        let (dialed, secured) = tokio::join!(dialing, secure_one(&listener, &acceptor));
        let dialed = dialed.unwrap();
        assert!(secured);
        assert_eq!(dialed.tls.unwrap().version, TlsVersion::V1_3);
        assert_eq!((dialed.endpoint.security, dialed.address.port()), (Security::Direct, port));
    }

    #[tokio::test]
    async fn a_starttls_end_point_is_left_plain() {
        let (_listener, port) = listener().await;
        let dialed = dial_records("starttls", &Authority::new().trusted(), None, Some(port)).await.unwrap();
        assert_eq!((dialed.tls, dialed.endpoint.security), (None, Security::StartTls));
    }

    #[tokio::test]
    async fn a_domain_without_the_service_is_not_dialled() {
        let error = dial_records("absent", &Authority::new().trusted(), None, Some(0)).await.unwrap_err();
        assert_eq!(error, DialError::NotOffered);
    }

    #[tokio::test]
    async fn the_next_end_point_is_tried_after_a_failure() {
        let authority = Authority::new();
        let wrong = authority.issue(&["chat.example"], |_| {}).usual();
        let (bad, bad_port) = listener().await;
        let (_good, good_port) = listener().await;
        let tls = authority.trusted();
        // Equal ranks come in random order; the plain end point is the one that works in both.
        let dialing = dial_records("next", &tls, Some(bad_port), Some(good_port));
        let dialed = tokio::select! {
            dialed = dialing => dialed.unwrap(),
            () = async { loop { secure_one(&bad, &wrong).await; } } => unreachable!("the server goes on"),
        };
        assert_eq!(dialed.address.port(), good_port);
    }

    #[tokio::test]
    async fn a_bad_certificate_stands_for_all_when_nothing_works() {
        let authority = Authority::new();
        let wrong = authority.issue(&["chat.example"], |_| {}).usual();
        let (bad, bad_port) = listener().await;
        let tls = authority.trusted();
        let dialing = dial_records("bad", &tls, Some(bad_port), Some(deserted().await));
        let (error, secured) = tokio::join!(dialing, secure_one(&bad, &wrong));
        assert!(!secured);
        let place = format!("127.0.0.1 port {bad_port} (127.0.0.1)");
        let text = format!("{place}: certificate is for chat.example, not verona.example");
        assert_eq!(error.unwrap_err(), DialError::Certificate(text));
    }

    #[tokio::test]
    async fn a_configured_server_that_refuses_or_has_no_address_is_told() {
        let tls = Authority::new().trusted();
        let port = deserted().await;
        let refused = target(Some((LOOPBACK, port)), TlsPolicy::Auto);
        let error = dial(&refused, &Resolver::system(), &tls, &mut entropy()).await.unwrap_err();
        assert!(matches!(&error, DialError::Unreachable(text) if text.contains("refused")), "{error:?}");
        let nowhere = target(Some(("no..such..host", 5222)), TlsPolicy::Auto);
        let error = dial(&nowhere, &Resolver::system(), &tls, &mut entropy()).await.unwrap_err();
        assert!(matches!(&error, DialError::Dns(text) if text.starts_with("no..such..host: ")), "{error:?}");
    }

    #[tokio::test]
    async fn a_dropped_dial_hangs_up() {
        let (listener, port) = listener().await;
        let tls = Authority::new().trusted();
        let target = target(Some((LOOPBACK, port)), TlsPolicy::Direct);
        let resolver = Resolver::system();
        let mut entropy = entropy();
        let mut greeting = vec![0; 4096];
        let mut peer = tokio::select! {
            dialed = dial(&target, &resolver, &tls, &mut entropy) => panic!("the server is silent: {dialed:?}"),
            peer = async {
                let (mut peer, _) = listener.accept().await.unwrap();
                assert!(peer.read(&mut greeting).await.unwrap() > 0);
                peer
            } => peer,
        };
        assert_eq!(peer.read(&mut greeting).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_configured_server_and_an_address_need_no_look_up() {
        let resolver = Resolver::system();
        for (port, tls, expected) in [
            (5222, TlsPolicy::Auto, Security::StartTls),
            (5223, TlsPolicy::Auto, Security::Direct),
            (443, TlsPolicy::Auto, Security::Direct),
            (5223, TlsPolicy::StartTls, Security::StartTls),
            (5222, TlsPolicy::Direct, Security::Direct),
        ] {
            let found = endpoints(&target(Some(("chat.example", port)), tls), &resolver, &mut entropy()).await.unwrap();
            assert_eq!(found, [Endpoint { host: "chat.example".to_owned(), port, security: expected }]);
        }
        let address = Target { domain: domain("[::1]"), server: None, tls: TlsPolicy::Auto };
        let found = endpoints(&address, &resolver, &mut entropy()).await.unwrap();
        assert_eq!(found, [Endpoint { host: "::1".to_owned(), port: 5222, security: Security::StartTls }]);
    }

    #[test]
    fn the_failure_that_got_furthest_stands_for_all() {
        let check = |failures: &[DialError], expected: DialError| {
            assert_eq!(summary(failures.to_vec(), "verona.example"), expected);
        };
        let text = |text: &str| text.to_owned();
        check(&[], DialError::Dns(text("verona.example: no address found")));
        check(&[DialError::Timeout(text("a")), DialError::Dns(text("b"))], DialError::Timeout(text("a")));
        check(
            &[DialError::Unreachable(text("a")), DialError::Timeout(text("b")), DialError::Unreachable(text("c"))],
            DialError::Unreachable(text("a; c")),
        );
        check(
            &[DialError::Certificate(text("a")), DialError::Tls(text("b")), DialError::Certificate(text("a"))],
            DialError::Certificate(text("a")),
        );
    }
}
