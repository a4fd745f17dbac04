//! What is told of the wire itself: `xml.watch` and `probe`.

use xmppd_proto::reply::*;
use xmppd_proto::request::{Probe, XmlWatch};

use super::{at, check};

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn what_is_asked_keeps_its_shape() {
    let watch = XmlWatch { direction: Some(Direction::Out), unmasked: true, account: Some("home".into()) };
    check("request/xml.watch", &watch);
    let probe = Probe {
        domain: "verona.example".into(),
        server: Some("chat.verona.example:5222".into()),
        tls: Some(TlsStart::StartTls),
        ca_file: Some("/etc/ssl/verona.pem".into()),
    };
    check("request/probe", &probe);
}

#[test]
fn the_wire_keeps_its_shape() {
    check("reply/xml.watch", &XmlWatching { accounts: texts(&["home"]) });
    let frame = XmlFrame {
        at: at("2026-11-22T18:00:00.125Z"),
        account: "home".into(),
        direction: Direction::Out,
        xml: "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>[masked]</auth>".into(),
        lost: None,
    };
    check("reply/xml-frame", &frame);
    check("reply/xml-frame-lost", &XmlFrame { direction: Direction::In, lost: Some(17), ..frame });
}

#[test]
fn a_look_at_a_domain_keeps_its_shape() {
    let direct = ProbeService {
        service: "_xmpps-client._tcp".into(),
        answer: ServiceAnswer::Records,
        records: vec![SrvRecord { priority: 5, weight: 10, port: 5223, target: "chat.verona.example".into() }],
    };
    let starttls =
        ProbeService { service: "_xmpp-client._tcp".into(), answer: ServiceAnswer::None, records: Vec::new() };
    let report = ProbeReport {
        domain: "verona.example".into(),
        services: vec![direct, starttls],
        endpoints: vec![looked_at(), absent()],
        warnings: vec![ProbeWarning {
            warning: "certificate-expires".into(),
            endpoint: Some("chat.verona.example:5223".into()),
            message: "the certificate expires in 9 days".into(),
        }],
        took_ms: 120,
    };
    check("reply/probe", &report);
}

fn looked_at() -> ProbeEndpoint {
    ProbeEndpoint {
        host: "chat.verona.example".into(),
        port: 5223,
        tls_start: TlsStart::Direct,
        error: None,
        addresses: vec![
            ProbeAddress {
                address: "192.0.2.1".into(),
                tcp_ms: Some(20),
                tls_ms: Some(41),
                stream_ms: Some(22),
                error: None,
            },
            ProbeAddress { address: "2001:db8::1".into(), error: Some("no answer".into()), ..ProbeAddress::default() },
        ],
        before_tls: None,
        tls: Some(ProbeTls {
            version: "1.3".into(),
            cipher: "TLS_AES_256_GCM_SHA384".into(),
            group: Some("X25519".into()),
            alpn: Some("xmpp-client".into()),
        }),
        certificate: Some(Certificate {
            subject: "CN=verona.example".into(),
            issuer: "CN=An authority".into(),
            names: texts(&["verona.example", "chat.verona.example"]),
            not_before: at("2026-09-01T00:00:00Z"),
            not_after: at("2026-12-01T00:00:00Z"),
            key: Some("EC P-256".into()),
            verified: true,
            problem: None,
        }),
        after_tls: Some(ProbeFeatures {
            features: texts(&["mechanisms urn:ietf:params:xml:ns:xmpp-sasl", "authentication urn:xmpp:sasl:2"]),
            mechanisms: texts(&["SCRAM-SHA-1", "PLAIN"]),
            channel_bindings: Some(texts(&["tls-exporter"])),
            sasl2: Some(ProbeSasl2 {
                mechanisms: texts(&["SCRAM-SHA-1", "PLAIN"]),
                resume: true,
                bind: Some(texts(&["urn:xmpp:carbons:2", "urn:xmpp:sm:3"])),
                fast: Some(texts(&["HT-SHA-256-EXPR"])),
                early_data: true,
                upgrades: texts(&["UPGR-SCRAM-SHA-256"]),
            }),
            limits: Some(ProbeLimits { max_bytes: Some(262_144), idle_ms: Some(600_000) }),
        }),
    }
}

fn absent() -> ProbeEndpoint {
    ProbeEndpoint {
        host: "old.verona.example".into(),
        port: 5222,
        tls_start: TlsStart::StartTls,
        error: Some("no such host".into()),
        addresses: Vec::new(),
        before_tls: None,
        tls: None,
        certificate: Some(Certificate {
            subject: "CN=mantua.example".into(),
            issuer: "CN=mantua.example".into(),
            names: Vec::new(),
            not_before: at("2020-01-01T00:00:00Z"),
            not_after: at("2021-01-01T00:00:00Z"),
            key: None,
            verified: false,
            problem: Some("certificate expired on 2021-01-01".into()),
        }),
        after_tls: None,
    }
}
