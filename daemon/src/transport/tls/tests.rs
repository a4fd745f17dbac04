//! Handshakes with a server of our own, in memory.

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use sha2::{Digest, Sha256, Sha384};
use tokio_rustls::TlsAcceptor;
use xmppd_core::sasl::TlsVersion;
use xmppd_core::srv::Security;

use super::*;
use crate::transport::testing::{Authority, Identity, Scrap, domain, trusting};

/// What a handshake came to, with what the server exports for the binding.
struct Outcome {
    client: Result<TlsFacts, TlsError>,
    exported: Option<[u8; 32]>,
}

async fn shake(tls: &Tls, security: Security, name: &str, acceptor: &TlsAcceptor) -> Outcome {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let name = domain(name);
    let (client, server) = tokio::join!(tls.handshake(security, &name, ours), acceptor.accept(theirs));
    let export = |connection: &rustls::ServerConnection| {
        connection.export_keying_material([0; 32], EXPORTER_LABEL, Some(&[])).unwrap()
    };
    Outcome { client: client.map(|(_, facts)| facts), exported: server.ok().map(|stream| export(stream.get_ref().1)) }
}

fn reason(outcome: Outcome) -> String {
    match outcome.client {
        Ok(_) => "valid".to_owned(),
        Err(TlsError::Certificate(reason)) => reason,
        Err(other) => format!("not about the certificate: {other:?}"),
    }
}

async fn check(names: &[&str], alter: fn(&mut CertificateParams), name: &str, expected: &str) {
    let authority = Authority::new();
    let acceptor = authority.issue(names, alter).usual();
    for security in [Security::Direct, Security::StartTls] {
        let seen = reason(shake(&authority.trusted(), security, name, &acceptor).await);
        assert_eq!(seen, expected, "{names:?} for {name}");
    }
}

#[tokio::test]
async fn the_certificate_must_be_for_the_domain() {
    let plain: fn(&mut CertificateParams) = |_| {};
    check(&["verona.example"], plain, "verona.example", "valid").await;
    check(&["other.example", "Verona.Example"], plain, "verona.example", "valid").await;
    check(&["xn--bcher-kva.example"], plain, "bücher.example", "valid").await;
    check(&["127.0.0.1"], plain, "127.0.0.1", "valid").await;
    check(&["chat.example"], plain, "verona.example", "certificate is for chat.example, not verona.example").await;
    check(&[], plain, "verona.example", "certificate is for no name at all, not verona.example").await;
}

#[tokio::test]
async fn a_wildcard_is_one_whole_leftmost_label() {
    let plain: fn(&mut CertificateParams) = |_| {};
    let wrong = |shown: &str, name: &str| format!("certificate is for {shown}, not {name}");
    check(&["*.verona.example"], plain, "chat.verona.example", "valid").await;
    for (shown, name) in [
        ("*.verona.example", "verona.example"),
        ("*.example", "verona.example"),
        ("*", "localhost"),
        ("*.verona.example", "a.b.verona.example"),
        ("ver*.example", "verona.example"),
        ("*na.example", "verona.example"),
        ("chat.*.example", "chat.verona.example"),
    ] {
        let seen = {
            let authority = Authority::new();
            let acceptor = authority.issue(&[shown], plain).usual();
            reason(shake(&authority.trusted(), Security::Direct, name, &acceptor).await)
        };
        assert_eq!(seen, wrong(shown, name));
    }
}

#[tokio::test]
async fn the_common_name_counts_for_nothing() {
    let common_name: fn(&mut CertificateParams) = |params| {
        params.distinguished_name.push(rcgen::DnType::CommonName, "verona.example");
    };
    check(&[], common_name, "verona.example", "certificate is for no name at all, not verona.example").await;
}

#[tokio::test]
async fn the_certificate_must_be_of_today_and_for_servers() {
    let name = "verona.example";
    let old: fn(&mut CertificateParams) = |params| params.not_after = date_time_ymd(2020, 2, 29);
    check(&[name], old, name, "certificate expired on 2020-02-29").await;
    let early: fn(&mut CertificateParams) = |params| params.not_before = date_time_ymd(2999, 1, 2);
    check(&[name], early, name, "certificate is not valid before 2999-01-02").await;
    let client: fn(&mut CertificateParams) = |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    check(&[name], client, name, "certificate is not meant for servers").await;
}

#[tokio::test]
async fn a_stranger_s_certificate_is_refused() {
    let expected = "certificate is from an unknown issuer";
    let own = Identity::self_signed(&["verona.example"], |_| {});
    let tls = Authority::new().trusted();
    assert_eq!(reason(shake(&tls, Security::Direct, "verona.example", &own.usual()).await), expected);
    let theirs = Authority::new().issue(&["verona.example"], |_| {});
    assert_eq!(reason(shake(&tls, Security::Direct, "verona.example", &theirs.usual()).await), expected);
    let none = Tls::with_anchors(RootCertStore::empty(), Vec::new());
    assert_eq!(reason(shake(&none, Security::Direct, "verona.example", &own.usual()).await), expected);
}

#[tokio::test]
async fn a_ca_file_adds_anchors() {
    let authority = Authority::new();
    let file = Scrap::new("authority.pem", &format!("a comment\n{}", authority.pem()));
    let tls = Tls::new(Some(file.path())).unwrap();
    let acceptor = authority.issue(&["verona.example"], |_| {}).usual();
    assert_eq!(reason(shake(&tls, Security::Direct, "verona.example", &acceptor).await), "valid");
}

/// A certificate that nobody else signed, itself in `ca-file`.
async fn check_own(case: &str, alter: fn(&mut CertificateParams), name: &str, expected: &str) {
    let own = Identity::self_signed(&["verona.example"], alter);
    let file = Scrap::new(&format!("own-{case}.pem"), &own.pem);
    let tls = Tls::new(Some(file.path())).unwrap();
    assert_eq!(reason(shake(&tls, Security::Direct, name, &own.usual()).await), expected, "{case}");
}

#[tokio::test]
async fn a_ca_file_may_hold_the_server_s_own_certificate() {
    let authority: fn(&mut CertificateParams) = |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = "verona.example";
    check_own("leaf", |_| {}, name, "valid").await;
    check_own("authority", authority, name, "valid").await;
    let wrong = "certificate is for verona.example, not mantua.example";
    check_own("leaf-elsewhere", |_| {}, "mantua.example", wrong).await;
    check_own("authority-elsewhere", authority, "mantua.example", wrong).await;
    let old: fn(&mut CertificateParams) = |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = date_time_ymd(2020, 2, 29);
    };
    check_own("authority-old", old, name, "certificate expired on 2020-02-29").await;
    let early: fn(&mut CertificateParams) = |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2999, 1, 2);
    };
    check_own("authority-early", early, name, "certificate is not valid before 2999-01-02").await;
}

#[tokio::test]
async fn an_authority_in_a_server_s_place_is_refused() {
    let authority = Authority::new();
    let alter: fn(&mut CertificateParams) = |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let below = authority.issue(&["verona.example"], alter);
    let file = Scrap::new("above.pem", &authority.pem());
    let tls = Tls::new(Some(file.path())).unwrap();
    let expected = "certificate is an authority's own, not a server's";
    assert_eq!(reason(shake(&tls, Security::Direct, "verona.example", &below.usual()).await), expected);
}

#[test]
fn a_useless_ca_file_is_an_error_that_names_it() {
    let check = |name: &str, text: &str, expected: &str| {
        let file = Scrap::new(name, text);
        let error = Tls::new(Some(file.path())).err().unwrap().to_string();
        assert!(error.starts_with(&file.path().display().to_string()), "{error}");
        assert!(error.contains(expected), "{error}");
    };
    check("empty.pem", "", "no certificate in it");
    check("junk.pem", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "PEM");
    check("noise.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "invalid");
    assert!(Tls::new(Some(Path::new("/nonexistent/ca.pem"))).is_err());
}

#[tokio::test]
async fn direct_tls_names_the_protocol_and_starttls_does_not() {
    let authority = Authority::new();
    let identity = authority.issue(&["verona.example"], |_| {});
    for (security, offered, works) in [
        (Security::Direct, &["xmpp-client"][..], true),
        (Security::Direct, &[], true),
        (Security::Direct, &["h2", "http/1.1"], false),
        (Security::StartTls, &["h2"], true),
    ] {
        let acceptor = identity.acceptor(rustls::ALL_VERSIONS, offered);
        let outcome = shake(&authority.trusted(), security, "verona.example", &acceptor).await;
        assert_eq!(outcome.client.is_ok(), works, "{security:?} {offered:?}");
        if let Err(error) = outcome.client {
            assert!(matches!(&error, TlsError::Handshake(text) if text.contains("NoApplicationProtocol")), "{error}");
        }
    }
}

async fn facts_over(version: &'static SupportedProtocolVersion) -> (TlsFacts, Option<[u8; 32]>) {
    let authority = Authority::new();
    let acceptor = authority.issue(&["verona.example"], |_| {}).acceptor(&[version], &[]);
    let outcome = shake(&authority.trusted(), Security::StartTls, "verona.example", &acceptor).await;
    (outcome.client.unwrap(), outcome.exported)
}

#[tokio::test]
async fn both_ends_export_the_same_on_version_1_3_only() {
    let (facts, exported) = facts_over(&TLS13).await;
    assert_eq!(facts.version, TlsVersion::V1_3);
    assert_eq!(facts.cipher, "TLS_AES_256_GCM_SHA384");
    assert!(exported.is_some());
    assert_eq!(facts.exporter, exported);
    let (facts, _) = facts_over(&TLS12).await;
    assert_eq!((facts.version, facts.exporter), (TlsVersion::V1_2, None));
    assert_eq!(facts.cipher, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
}

#[tokio::test]
async fn the_end_point_is_the_leaf_hashed_as_its_issuer_signs() {
    for (algorithm, bits) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, Some(256)),
        (&rcgen::PKCS_ECDSA_P384_SHA384, Some(384)),
        (&rcgen::PKCS_ED25519, None),
    ] {
        let authority = Authority::of(algorithm);
        let identity = authority.issue(&["verona.example"], |_| {});
        let outcome = shake(&authority.trusted(), Security::Direct, "verona.example", &identity.usual()).await;
        let leaf = &identity.certificate;
        let expected =
            bits.map(|bits| if bits == 256 { Sha256::digest(leaf).to_vec() } else { Sha384::digest(leaf).to_vec() });
        assert_eq!(outcome.client.unwrap().end_point, expected, "{algorithm:?}");
    }
}

#[test]
fn only_authenticated_ciphers_with_ephemeral_keys_are_offered() {
    let tls = trusting(&Identity::self_signed(&["verona.example"], |_| {}).certificate);
    for suite in &tls.direct.config().crypto_provider().cipher_suites {
        let name = format!("{:?}", suite.suite());
        assert!(name.contains("GCM") || name.contains("POLY1305"), "{name}");
        assert!(name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_"), "{name}");
    }
    assert!(!tls.direct.config().enable_early_data);
}

#[tokio::test]
async fn a_peer_that_speaks_no_tls_is_told_as_such() {
    use tokio::io::AsyncWriteExt;
    let tls = Authority::new().trusted();
    let (ours, mut theirs) = tokio::io::duplex(4096);
    theirs.write_all(b"<?xml version='1.0'?><stream:stream>").await.unwrap();
    let error = tls.handshake(Security::Direct, &domain("verona.example"), ours).await.unwrap_err();
    assert_eq!(error.to_string(), "the server does not speak TLS here");
    let (ours, theirs) = tokio::io::duplex(4096);
    drop(theirs);
    let error = tls.handshake(Security::Direct, &domain("verona.example"), ours).await.unwrap_err();
    assert!(matches!(error, TlsError::Lost(_) | TlsError::Handshake(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up_after_ten_seconds() {
    let tls = Authority::new().trusted();
    let (ours, _theirs) = tokio::io::duplex(4096);
    let start = tokio::time::Instant::now();
    let error = tls.handshake(Security::Direct, &domain("verona.example"), ours).await.unwrap_err();
    assert!(matches!(error, TlsError::Timeout));
    assert_eq!(start.elapsed(), HANDSHAKE);
}

#[tokio::test]
async fn a_session_of_tls_1_3_is_resumed_and_bound_anew_to_the_same_certificate() {
    for (version, resumed) in [(&TLS13, true), (&TLS12, false)] {
        let authority = Authority::new();
        let acceptor = authority.issue(&["verona.example"], |_| {}).acceptor(&[version], &[]);
        let tls = authority.trusted();
        for security in [Security::Direct, Security::StartTls] {
            let (first, was) = visit(&tls, security, &acceptor).await;
            assert_eq!(was, Some(rustls::HandshakeKind::Full));
            let (second, was) = visit(&tls, security, &acceptor).await;
            assert_eq!(was == Some(rustls::HandshakeKind::Resumed), resumed, "{version:?}: {was:?}");
            assert_eq!(first.end_point, second.end_point);
            assert!(second.end_point.is_some());
            assert_eq!(first.exporter.is_some() && first.exporter != second.exporter, resumed);
        }
    }
}

/// Connects, and reads what the server says, since tickets come with that.
async fn visit(tls: &Tls, security: Security, acceptor: &TlsAcceptor) -> (TlsFacts, Option<rustls::HandshakeKind>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let name = domain("verona.example");
    let serve = async {
        let mut stream = acceptor.accept(theirs).await.unwrap();
        stream.write_all(b"<stream>").await.unwrap();
        stream.flush().await.unwrap();
        stream
    };
    let (client, _server) = tokio::join!(tls.handshake(security, &name, ours), serve);
    let (mut stream, facts) = client.unwrap();
    stream.read_exact(&mut [0; 8]).await.unwrap();
    let kind = stream.get_ref().1.handshake_kind();
    (facts, kind)
}
