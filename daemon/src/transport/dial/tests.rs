//! Dialling servers of our own on the loopback.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use xmppd_core::sasl::TlsVersion;

use super::*;
use crate::transport::dns::tests::{Server, leading_to};
use crate::transport::testing::{Authority, Scrap, domain};

const LOOPBACK: &str = "127.0.0.1";

fn target(server: Option<(&str, u16)>, tls: TlsPolicy) -> Target {
    let server = server.map(|(host, port)| (host.to_owned(), port));
    Target { domain: domain("verona.example"), server, tls, redirected_from: None }
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
async fn dial_records(name: &str, tls: &Tls, direct: Option<u16>, starttls: Option<u16>) -> Result<Dialed, DialError> {
    let server = Server::start(move |question| {
        let port = if question.is_for_direct() { direct } else { starttls };
        leading_to(question, port, LOOPBACK)
    })
    .await;
    let file = Scrap::new(name, "nameserver 127.0.0.1\n");
    dial(&target(None, TlsPolicy::Auto), &Recall::default(), &server.resolver(&file), tls, &mut entropy()).await
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
    let error = dial(&refused, &Recall::default(), &Resolver::system(), &tls, &mut entropy()).await.unwrap_err();
    assert!(matches!(&error, DialError::Unreachable(text) if text.contains("refused")), "{error:?}");
    let nowhere = target(Some(("no..such..host", 5222)), TlsPolicy::Auto);
    let error = dial(&nowhere, &Recall::default(), &Resolver::system(), &tls, &mut entropy()).await.unwrap_err();
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
    let recall = Recall::default();
    let mut peer = tokio::select! {
        dialed = dial(&target, &recall, &resolver, &tls, &mut entropy) => panic!("the server is silent: {dialed:?}"),
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
        let found = groups(&target(Some(("chat.example", port)), tls), &resolver, &mut entropy()).await.unwrap();
        assert_eq!(found, [[Endpoint { host: "chat.example".to_owned(), port, security: expected }]]);
    }
    let address = Target { domain: domain("[::1]"), server: None, tls: TlsPolicy::Auto, redirected_from: None };
    let found = groups(&address, &resolver, &mut entropy()).await.unwrap();
    assert_eq!(found, [[Endpoint { host: "::1".to_owned(), port: 5222, security: Security::StartTls }]]);
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

/// An address that answers nothing, as long as the value lives: the queue of the listener is full.
async fn mute() -> (u16, (TcpListener, Vec<TcpStream>)) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((LOOPBACK.parse::<std::net::IpAddr>().unwrap(), 0).into()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(50), TcpStream::connect(address)).await {
        waiting.push(connected.unwrap());
    }
    (address.port(), (listener, waiting))
}

#[tokio::test]
async fn a_dead_end_point_costs_a_quarter_of_a_second_and_is_not_tried_first_again() {
    let (dead, _silence) = mute().await;
    let (_good, good_port) = listener().await;
    let server = Server::start(move |question| {
        leading_to(question, if question.is_for_direct() { None } else { Some(good_port) }, LOOPBACK)
    })
    .await;
    let file = Scrap::new("dead", "nameserver 127.0.0.1\n");
    let endpoint = |port| Endpoint { host: LOOPBACK.to_owned(), port, security: Security::StartTls };
    let mut race = Race::new(server.resolver(&file));
    race.start(endpoint(dead), (LOOPBACK.parse::<std::net::IpAddr>().unwrap(), dead).into());
    race.enter(vec![endpoint(good_port)], None);
    let start = Instant::now();
    let winner = race.next().await.unwrap().unwrap();
    assert_eq!(winner.endpoint, endpoint(good_port));
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(240) && took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn what_worked_last_is_dialled_while_the_look_up_goes_on() {
    let (_good, port) = listener().await;
    let endpoint = Endpoint { host: "chat.example".to_owned(), port, security: Security::StartTls };
    let mut recall = Recall::default();
    let address = (LOOPBACK.parse::<std::net::IpAddr>().unwrap(), port).into();
    recall.connected(endpoint.clone(), address, true, false);
    // Nobody answers questions: without memory this would take seconds.
    let silent = Server::start(|_| vec![]).await;
    let file = Scrap::new("worked", "nameserver 127.0.0.1\n");
    let (tls, resolver) = (Authority::new().trusted(), silent.resolver(&file));
    let dialing = dial(&target(None, TlsPolicy::Auto), &recall, &resolver, &tls, &mut entropy()).await;
    assert_eq!(dialing.unwrap().endpoint, endpoint);
}

#[tokio::test]
async fn what_worked_last_is_forgotten_when_the_domain_has_moved() {
    let (dead, _silence) = mute().await;
    let (_good, good_port) = listener().await;
    let old = Endpoint { host: LOOPBACK.to_owned(), port: dead, security: Security::StartTls };
    let mut recall = Recall::default();
    recall.connected(old, (LOOPBACK.parse::<std::net::IpAddr>().unwrap(), dead).into(), true, false);
    let server = Server::start(move |question| {
        leading_to(question, if question.is_for_direct() { None } else { Some(good_port) }, LOOPBACK)
    })
    .await;
    let file = Scrap::new("moved", "nameserver 127.0.0.1\n");
    let tls = Authority::new().trusted();
    let target = target(None, TlsPolicy::Auto);
    let dialed = dial(&target, &recall, &server.resolver(&file), &tls, &mut entropy()).await.unwrap();
    assert_eq!(dialed.address.port(), good_port);
}

#[tokio::test]
async fn a_server_sends_us_to_no_network_nearer_than_its_own() {
    let (_good, port) = listener().await;
    let (tls, resolver) = (Authority::new().trusted(), Resolver::system());
    for (from, may) in [(Reach::Machine, true), (Reach::Site, false), (Reach::World, false)] {
        for host in [LOOPBACK, "localhost", "::ffff:127.0.0.1"] {
            let target = Target { redirected_from: Some(from), ..target(Some((host, port)), TlsPolicy::StartTls) };
            let dialed = dial(&target, &Recall::default(), &resolver, &tls, &mut entropy()).await;
            assert_eq!(dialed.is_ok(), may, "{from:?} to {host}: {dialed:?}");
        }
    }
}
