//! `probe` against real servers, flawed ones, none, and one that speaks nonsense.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xmppd_tests::certificate::{Authority, DOMAIN, Flaw};
use xmppd_tests::daemon::{Answer, Home};
use xmppd_tests::missing::present;
use xmppd_tests::netns::{Names, Netns, Srv};
use xmppd_tests::process::free_port;
use xmppd_tests::scripted_server::{Conversation, ScriptedServer};
use xmppd_tests::server::{Kind, Server, Tls};

/// A daemon of an account that is switched off: a look needs none.
fn home() -> Home {
    let account = format!("[[account]]\njid = \"romeo@{DOMAIN}\"\npassword-command = [\"true\"]\nenabled = false\n");
    Home::new(&account).expect("the programs are built").with("XMPPD_LOG", "trace")
}

fn words(tls: Tls) -> &'static str {
    if tls == Tls::Direct { "direct" } else { "starttls" }
}

/// A look at a port of this machine.
fn at(port: u16, tls: Tls, ca_file: &str) -> Vec<String> {
    let server = format!("127.0.0.1:{port}");
    let words = ["probe", DOMAIN, "--server", &server, "--tls", words(tls), "--ca-file", ca_file];
    words.map(str::to_owned).to_vec()
}

fn look(home: &Home, arguments: &[String]) -> Value {
    home.json(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn fail(home: &Home, arguments: &[&str], code: i32) -> Answer {
    let answer = home.ctl(arguments);
    assert_eq!((answer.code, answer.stdout.as_str()), (code, ""), "{answer:?}");
    answer
}

fn warnings(report: &Value) -> Vec<&str> {
    report["warnings"].as_array().into_iter().flatten().filter_map(|warning| warning["warning"].as_str()).collect()
}

fn holds(list: &Value, text: &str) -> bool {
    list.as_array().is_some_and(|list| list.contains(&json!(text)))
}

#[test]
fn every_server_is_seen_over_both_kinds_of_tls() {
    let home = home();
    let _daemon = home.start();
    for kind in Kind::ALL {
        let Some(server) = present(kind.name(), Server::start(kind)) else { continue };
        let ca_file = server.authority_file();
        for tls in Tls::BOTH {
            let arguments = at(server.port(tls), tls, &ca_file.to_string_lossy());
            let report = look(&home, &arguments);
            let found = &report["endpoints"][0];
            assert_eq!(found["tls_start"], words(tls), "{report:#}");
            assert!(found["addresses"][0]["tcp_ms"].is_u64() && found["addresses"][0]["tls_ms"].is_u64(), "{report:#}");
            assert_eq!((&found["tls"]["version"], &found["certificate"]["verified"]), (&json!("1.3"), &json!(true)));
            assert!(holds(&found["certificate"]["names"], DOMAIN), "{report:#}");
            assert_eq!(found["before_tls"].is_object(), tls == Tls::Starttls, "{report:#}");
            offers(kind, &found["after_tls"]);
            let sheet = home.ctl(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(sheet.code == 0 && sheet.stdout.contains("certificate  verifies"), "{sheet:?}");
            println!("{}", sheet.stdout);
        }
    }
}

fn offers(kind: Kind, features: &Value) {
    let bound = |list: &Value| {
        list.as_array()
            .is_some_and(|list| list.iter().any(|name| name.as_str().is_some_and(|name| name.ends_with("-PLUS"))))
    };
    match kind {
        Kind::Prosody12 => assert!(holds(&features["mechanisms"], "SCRAM-SHA-1"), "{features:#}"),
        Kind::Prosody13 | Kind::Ejabberd => {
            assert!(bound(&features["sasl2"]["mechanisms"]), "{features:#}");
            assert!(holds(&features["channel_bindings"], "tls-exporter"), "{features:#}");
            assert!(holds(&features["sasl2"]["fast"], "HT-SHA-256-EXPR"), "{features:#}");
            assert!(features["sasl2"]["resume"] == true && features["sasl2"]["bind"].is_array(), "{features:#}");
        }
    }
}

#[test]
fn a_certificate_that_does_not_verify_is_shown_and_looked_behind_no_further() {
    let home = home();
    let _daemon = home.start();
    for (flaw, problem) in [
        (Flaw::WrongName, "mantua.example, not verona.example"),
        (Flaw::Expired, "expired"),
        (Flaw::SelfSigned, "unknown issuer"),
        (Flaw::UnknownAuthority, "not signed by the authority"),
    ] {
        let authority = Authority::new();
        let ca_file = home.write("authority.pem", &authority.pem());
        let certificate = authority.issue(flaw);
        for tls in Tls::BOTH {
            let certificate = certificate.clone();
            let server = ScriptedServer::start(move |client| {
                match tls {
                    Tls::Starttls => client.starttls(&certificate)?,
                    Tls::Direct => client.secure(&certificate)?,
                }
                // Not one byte comes in a channel that a login would not trust.
                match client.rest()?.as_str() {
                    "" => Ok(()),
                    text => Err(format!("heard {text:?}")),
                }
            });
            let report = look(&home, &at(server.port(), tls, &ca_file.to_string_lossy()));
            let found = &report["endpoints"][0];
            let told = found["certificate"]["problem"].as_str().unwrap_or_default();
            assert!(told.contains(problem), "{flaw:?}: {report:#}");
            assert_eq!(found["certificate"]["verified"], false);
            assert!(found["tls"]["version"] == "1.3" && found["after_tls"].is_null(), "{report:#}");
            assert!(warnings(&report).contains(&"certificate"), "{report:#}");
            server.played();
        }
    }
}

/// What a server does with its client.
type Script = fn(&mut Conversation) -> Result<(), String>;

#[test]
fn nonsense_is_told_and_what_was_seen_before_it_is_kept() {
    let home = home();
    let _daemon = home.start();
    let scripts: [(&str, Script); 5] = [
        ("no XMPP", |client| client.send("SSH-2.0-OpenSSH_9.2\r\n").and_then(|()| client.rest().map(drop))),
        ("hung up", Conversation::finish),
        ("STARTTLS", |client| client.open("").and_then(|()| client.rest().map(drop))),
        ("host-unknown", |client| {
            client.expect("version='1.0'")?;
            client.send(
                "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:error>\
                 <host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
            )
        }),
        ("clear text", |client| {
            client.open("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")?;
            client.expect("<starttls")?;
            client.send("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><stream:features/>")?;
            client.rest().map(drop)
        }),
    ];
    for (expected, script) in scripts {
        let server = ScriptedServer::start(script);
        let report = look(&home, &at(server.port(), Tls::Starttls, &authority(&home)));
        let address = &report["endpoints"][0]["addresses"][0];
        assert!(address["error"].as_str().is_some_and(|error| error.contains(expected)), "{expected}: {report:#}");
        assert!(address["tcp_ms"].is_u64() && warnings(&report).contains(&"address-failed"), "{report:#}");
    }
}

/// The file of an authority that signed nothing.
fn authority(home: &Home) -> String {
    home.write("other.pem", &Authority::new().pem()).to_string_lossy().into_owned()
}

#[test]
fn a_login_in_clear_text_and_one_by_plain_alone_are_warned_of() {
    let home = home();
    let _daemon = home.start();
    let authority = Authority::new();
    let ca_file = home.write("authority.pem", &authority.pem());
    let certificate = authority.issue(Flaw::None);
    let server = ScriptedServer::start(move |client| {
        let plain = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>";
        client.open(&format!("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>{plain}"))?;
        client.expect("<starttls")?;
        client.expect(">")?;
        client.send("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")?;
        client.secure(&certificate)?;
        client.open(plain)?;
        match client.rest()? {
            text if text.contains("auth") => Err(format!("somebody logs in: {text}")),
            _ => Ok(()),
        }
    });
    let report = look(&home, &at(server.port(), Tls::Starttls, &ca_file.to_string_lossy()));
    assert_eq!(warnings(&report), ["login-before-tls", "only-plain"], "{report:#}");
    server.played();
}

#[test]
fn who_is_not_there_has_an_exit_code() {
    let home = home();
    let _daemon = home.start();
    let nobody = format!("127.0.0.1:{}", free_port());
    let refused = fail(&home, &["probe", DOMAIN, "--server", &nobody], 6);
    assert!(
        refused.stderr.contains("refused") && refused.stderr.contains(&nobody.replace("127.0.0.1:", "port ")),
        "{refused:?}"
    );
    fail(&home, &["probe", "two words"], 2);
    fail(&home, &["probe", DOMAIN, "--server", "nonsense"], 2);
    fail(&home, &["probe", DOMAIN, "--ca-file", "/nonexistent"], 2);
    fail(&home, &["probe", DOMAIN, "--server", "no-such-host.invalid:5222"], 10);
}

#[test]
fn a_server_that_never_speaks_is_given_up() {
    let home = home();
    let _daemon = home.start();
    let server = ScriptedServer::start(|client| client.rest().map(drop));
    for tls in Tls::BOTH {
        let begun = Instant::now();
        let report = look(&home, &at(server.port(), tls, &authority(&home)));
        assert!(report["endpoints"][0]["addresses"][0]["error"].is_string(), "{report:#}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    }
}

#[test]
fn the_records_of_a_domain_are_shown_and_followed() {
    let test = "the_records_of_a_domain_are_shown_and_followed";
    let Some(server) = present(test, Server::start(Kind::Prosody13)) else { return };
    let host = "chat.verona.example";
    let (direct, starttls) = ("_xmpps-client._tcp.verona.example", "_xmpp-client._tcp.verona.example");
    let srv = |service, target, port, priority| Srv { service, target, port, priority, weight: 7 };
    let hosts = [(host, Ipv4Addr::LOCALHOST)];
    let services =
        [srv(direct, host, 5223, 1), srv(starttls, host, 5222, 2), srv(starttls, "gone.verona.example", 5222, 9)];
    let Some(mut namespace) = present(test, Netns::start(Names { services: &services, hosts: &hosts })) else { return };
    namespace.expose(SocketAddr::from((Ipv4Addr::LOCALHOST, 5223)), server.port(Tls::Direct));
    namespace.expose(SocketAddr::from((Ipv4Addr::LOCALHOST, 5222)), server.port(Tls::Starttls));
    let home = home().within(&namespace);
    let _daemon = home.start();
    let ca_file = server.authority_file();
    let arguments = ["probe", DOMAIN, "--ca-file", &ca_file.to_string_lossy()].map(str::to_owned);
    let report = look(&home, &arguments);
    assert_eq!(report["services"][0]["records"], json!([{"priority": 1, "weight": 7, "port": 5223, "target": host}]));
    assert_eq!(report["services"][1]["records"][1]["target"], "gone.verona.example", "{report:#}");
    let places = report["endpoints"].as_array().expect("a list");
    let seen: Vec<_> = places.iter().map(|place| (place["host"].as_str(), place["after_tls"].is_object())).collect();
    assert_eq!(seen, [(Some(host), true), (Some(host), true), (Some("gone.verona.example"), false)], "{report:#}");
    assert_eq!(warnings(&report), ["no-address"], "{report:#}");

    namespace.rename(Names { services: &[srv(starttls, host, 5222, 1)], hosts: &hosts });
    assert_eq!(warnings(&look(&home, &arguments)), ["no-direct-record"]);
    namespace.rename(Names { services: &[srv(starttls, "", 0, 0), srv(direct, "", 0, 0)], hosts: &hosts });
    let answer = home.ctl(&["probe", DOMAIN]);
    assert_eq!(answer.code, 7, "{answer:?}");
}
