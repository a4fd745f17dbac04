//! The harness on itself, servers and those who talk to them: every part works before a test relies on it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use xmppd_tests::certificate::{Authority, DOMAIN, Flaw};
use xmppd_tests::contact::Contact;
use xmppd_tests::missing::present;
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::ScriptedServer;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::SOON;

#[test]
fn every_server_starts_and_starts_again() {
    for kind in Kind::ALL {
        let Some(mut server) = present(kind.name(), Server::start(kind)) else {
            continue;
        };
        println!("{}: {:?}", kind.name(), server.started_in());
        server.restart();
        println!("{}: {:?} again", kind.name(), server.started_in());
        server.crash();
        server.restart();
        println!("{}: {:?} after a crash", kind.name(), server.started_in());
    }
}

#[test]
fn two_foreign_clients_see_each_other_on_every_server() {
    for kind in Kind::ALL {
        let Some(server) = present(kind.name(), Server::start(kind)) else {
            continue;
        };
        for tls in Tls::BOTH {
            let Some(mut juliet) = present("slixmpp", Contact::login(&server, tls, JULIET)) else {
                return;
            };
            let Some(mut romeo) = present("slixmpp", Contact::login(&server, tls, ROMEO)) else {
                return;
            };
            exchange(&mut romeo, &mut juliet);
        }
    }
}

fn exchange(romeo: &mut Contact, juliet: &mut Contact) {
    let (bare, full) = (ROMEO.jid(), romeo.jid().to_owned());
    juliet.wait_for_presence(&bare, "romeo comes online", |presence| presence["show"] == "online");

    romeo.tell("presence", &json!({"show": "dnd", "status": "Good night", "priority": 7}));
    let seen = juliet.wait_for_presence(&bare, "romeo is busy", |presence| presence["show"] == "dnd");
    assert_eq!((&seen["status"], &seen["priority"]), (&json!("Good night"), &json!(7)));

    romeo.tell("tune", &json!({"artist": "Prokofiev", "title": "Dance of the Knights", "length": 342}));
    let tune = juliet.wait_for_tune(&bare, "romeo's tune", |tune| tune["artist"] == "Prokofiev");
    assert_eq!(tune["tune"]["length"], "342");
    romeo.tell("tune", &json!({}));
    juliet.wait_for_tune(&bare, "romeo's silence", |tune| tune == &json!({}));

    juliet.tell("message", &json!({"to": bare, "body": "Ay me! <&>"}));
    let message = romeo.wait_for("juliet's message", |event| event["event"] == "message");
    assert_eq!(message["body"], "Ay me! <&>");

    juliet.tell("ping", &json!({"to": full}));
    assert_eq!(juliet.tell("version", &json!({"to": full}))["name"], "contact");
    let features = juliet.tell("disco", &json!({"to": full}))["features"].clone();
    assert!(features.as_array().is_some_and(|all| all.contains(&json!("http://jabber.org/protocol/tune+notify"))));
    let refused = juliet.ask("iq", &json!({"to": full, "payload": "<query xmlns='unheard-of'/>"}));
    assert_eq!(refused["condition"], "feature-not-implemented");

    romeo.tell("leave", &json!({}));
    juliet.wait_for_presence(&bare, "romeo leaves", |presence| presence["type"] == "unavailable");
}

#[test]
fn a_scripted_server_logs_a_foreign_client_in_and_cuts() {
    let (authority, folder) = (Authority::new(), Folder::new("scripted"));
    let trusted = folder.write("authority.pem", &authority.pem());
    let certificate = authority.issue(Flaw::None);
    let server = ScriptedServer::start(move |client| {
        client.starttls(&certificate)?;
        client.log_in(JULIET)?;
        client.expect("jabber:iq:roster")?;
        client.cut()
    });
    let at = (server.port(), Tls::Starttls);
    let Some(mut juliet) = present("slixmpp", Contact::start(at, &trusted, JULIET, JULIET.password)) else {
        return;
    };
    server.played();
    juliet.wait_for("the cut", |event| event["event"] == "offline");
}

#[test]
fn a_foreign_client_refuses_each_flawed_certificate() {
    for flaw in [Flaw::WrongName, Flaw::Expired, Flaw::SelfSigned, Flaw::UnknownAuthority] {
        let (authority, folder) = (Authority::new(), Folder::new("flawed"));
        let trusted = folder.write("authority.pem", &authority.pem());
        let certificate = authority.issue(flaw);
        let server = ScriptedServer::start(move |client| match client.starttls(&certificate) {
            Ok(()) => client.rest().and_then(|heard| if heard.is_empty() { Ok(()) } else { Err(heard) }),
            Err(refused) => refused.contains("no TLS").then_some(()).ok_or(refused),
        });
        let at = (server.port(), Tls::Starttls);
        let contact = Contact::start(at, &trusted, JULIET, JULIET.password);
        let Some(_contact) = present("slixmpp", contact) else {
            return;
        };
        server.played();
    }
}

#[test]
fn each_server_offers_what_its_name_promises() {
    let modern = ["urn:xmpp:sasl:2", "urn:xmpp:bind:0", "urn:xmpp:fast:0", "urn:xmpp:sasl-cb:0"];
    for (kind, mechanism, offered) in [
        (Kind::Prosody12, "SCRAM-SHA-1<", &[][..]),
        (Kind::Prosody13, "SCRAM-SHA-1-PLUS<", &modern[..]),
        (Kind::Ejabberd, "SCRAM-SHA-256-PLUS<", &modern[..]),
    ] {
        let Some(server) = present(kind.name(), Server::start(kind)) else {
            continue;
        };
        let features = features(&server);
        assert!(features.contains(mechanism), "{features}");
        for namespace in modern {
            assert_eq!(features.contains(namespace), offered.contains(&namespace), "{namespace}: {features}");
        }
    }
}

#[test]
fn every_server_starts_with_a_flawed_certificate() {
    for kind in Kind::ALL {
        for flaw in [Flaw::WrongName, Flaw::Expired, Flaw::SelfSigned, Flaw::UnknownAuthority] {
            let Some(server) = present(kind.name(), Server::start_with(kind, flaw)) else {
                continue;
            };
            let at = (server.port(Tls::Direct), Tls::Direct);
            let contact = Contact::start(at, &server.authority_file(), JULIET, JULIET.password);
            let Some(mut juliet) = present("slixmpp", contact) else {
                return;
            };
            juliet.wait_for("refuses the certificate", |event| {
                assert_ne!(event["event"], "online", "{} with {flaw:?}", kind.name());
                event["event"] == "failed" || event["event"] == "offline"
            });
        }
    }
}

/// The features that a server offers before login over direct TLS, as it sends them.
fn features(server: &Server) -> String {
    let mut anchors = RootCertStore::empty();
    let pem = server.authority().pem();
    anchors.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("the authority is PEM")).expect("it is one");
    let configuration = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the versions")
        .with_root_certificates(anchors)
        .with_no_client_auth();
    let name = ServerName::try_from(DOMAIN).expect("it is a name");
    let session = ClientConnection::new(Arc::new(configuration), name).expect("the configuration is whole");
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port(Tls::Direct))).expect("it listens");
    stream.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
    let mut stream = StreamOwned::new(session, stream);
    let header = format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
         from='{}' to='{DOMAIN}' version='1.0'>",
        ROMEO.jid()
    );
    stream.write_all(header.as_bytes()).expect("the server reads");
    let (mut heard, mut buffer) = (String::new(), [0; 4096]);
    while !heard.contains("</stream:features>") {
        let count = stream.read(&mut buffer).expect("the server answers");
        assert!(count > 0, "the server ended the stream: {heard}");
        heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    heard
}
