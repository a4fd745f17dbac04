//! Servers, and those who pose as one, that send what no server may: nothing is believed, little is kept, and the
//! reason can be read.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::certificate::{Authority, Certificate, Flaw};
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::injected::Injected;
use xmppd_tests::missing::present;
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::login::success;
use xmppd_tests::scripted_server::{Conversation, Outcome, ScriptedServer};
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::{SOON, eventually};

const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>";
const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const HEADER: &str = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='x' \
                      from='verona.example' version='1.0'>";
/// How much memory a flood may cost.
const COST: u64 = 8 << 20;
/// How long a flood may last: it is cut at once, and a polite goodbye takes three seconds at most.
const FLOOD: Duration = Duration::from_secs(8);

/// A daemon at a scripted server.
struct World {
    server: ScriptedServer,
    home: Home,
    daemon: Daemon,
    _folder: Folder,
}

impl World {
    fn start(script: impl Fn(&mut Conversation, &Certificate) -> Outcome + Send + Sync + 'static) -> Self {
        let (authority, folder) = (Authority::new(), Folder::new("hostile"));
        let trusted = folder.write("authority.pem", &authority.pem());
        let certificate = authority.issue(Flaw::None);
        let server = ScriptedServer::start(move |client| script(client, &certificate));
        let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
        let configuration = account::romeo_at((server.port(), Tls::Starttls), &trusted, &password);
        let home = present("hostile", Home::new(&configuration)).expect("the programs are built");
        let daemon = home.start();
        Self { server, home, daemon, _folder: folder }
    }

    /// Waits until the account has an error of this kind, and gives back what `account list` says of it.
    #[track_caller]
    fn ends_as(&self, state: &str, kind: &str) -> Value {
        self.server.played();
        let list = self.home.eventually(&["account", "list"], |list| {
            list["accounts"][0]["state"] == state && list["accounts"][0]["error"]["kind"] == kind
        });
        list["accounts"][0].clone()
    }
}

#[test]
fn what_comes_in_clear_behind_proceed_is_an_attack() {
    for injected in ["<stream:features/>", " ", "\u{16}\u{3}\u{3}"] {
        let world = World::start(move |client, _| {
            client.open(STARTTLS)?;
            client.expect("<starttls")?;
            client.expect(">")?;
            client.send(format!("{PROCEED}{injected}"))?;
            let rest = client.rest()?;
            // A handshake begins with the byte 0x16.
            if rest.contains('\u{16}') { Err(format!("TLS was begun: {rest:?}")) } else { Ok(()) }
        });
        world.ends_as("retrying", "protocol");
    }
}

#[test]
fn a_server_that_does_not_prove_that_it_knows_the_password_is_not_believed() {
    let check = |end: fn(&mut Conversation) -> Outcome| {
        let world = World::start(move |client, certificate| {
            client.starttls(certificate)?;
            end(client)?;
            let rest = client.rest()?;
            if rest.contains("<stream:stream") { Err(format!("it went on: {rest}")) } else { Ok(()) }
        });
        let account = world.ends_as("stopped", "server-not-proven");
        assert!(account["error"]["message"].is_string(), "{account}");
    };
    check(|client| {
        let signature = client.challenge(ROMEO)?;
        let wrong: String = signature.chars().rev().collect();
        client.send(success(&wrong))
    });
    check(|client| {
        client.challenge(ROMEO)?;
        client.send(success(""))
    });
    check(|client| {
        client.challenge(ROMEO)?;
        client.send("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
    });
    check(|client| {
        client.open(
            "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>",
        )?;
        client.expect("</auth>")?;
        client.send("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
    });
}

#[test]
fn a_session_of_somebody_else_is_not_taken() {
    let world = World::start(|client, certificate| {
        client.starttls(certificate)?;
        client.authenticate(ROMEO)?;
        client.open("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")?;
        let request = client.expect("</iq>")?;
        let id = request.split(['\'', '"']).nth(between_quotes(&request, " id=")).unwrap_or_default().to_owned();
        client.send(format!(
            "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>tybalt@verona.example/x</jid></bind></iq>"
        ))?;
        let rest = client.rest()?;
        if rest.contains("<presence") { Err(rest) } else { Ok(()) }
    });
    let account = world.ends_as("stopped", "wrong-account");
    assert!(account["error"]["message"].as_str().is_some_and(|text| text.contains("tybalt")), "{account}");
}

#[test]
fn what_is_no_xmpp_ends_the_stream_wherever_it_comes() {
    let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;'>]>";
    for text in [
        format!("<?xml version='1.0'?>{bomb}{HEADER}"),
        format!("{HEADER}<stream:features>&c;</stream:features>"),
        format!("{HEADER}<!-- a comment --><stream:features/>"),
        format!("{HEADER}<stream:features></stream:stream>"),
        format!("{HEADER}<undeclared:features/>"),
        format!("{HEADER}<stream:features>\u{0}</stream:features>"),
    ] {
        let world = World::start(move |client, certificate| {
            client.starttls(certificate)?;
            client.expect("<stream:stream")?;
            client.send(&text)?;
            let rest = client.rest()?;
            if rest.contains("<auth") { Err(rest) } else { Ok(()) }
        });
        world.ends_as("retrying", "protocol");
    }
    for text in [
        format!("{bomb}<message/>"),
        "<message from='juliet@verona.example'><body>&c;</body></message>".to_owned(),
        "<message><?xml-stylesheet href='x'?></message>".to_owned(),
        "<message><body></message></body>".to_owned(),
        "<message a='1' a='2'/>".to_owned(),
        "<message><body>&#0;</body></message>".to_owned(),
        "<a xmlns='urn:xmpp:sm:3' h='9999'/>".to_owned(),
    ] {
        let world = World::start(move |client, certificate| {
            online(client, certificate)?;
            client.send(&text)?;
            let rest = client.rest()?;
            if rest.contains("<stream:error") { Ok(()) } else { Err(format!("{text}: no stream error in {rest}")) }
        });
        world.ends_as("retrying", "protocol");
    }
}

#[test]
fn endless_and_oversized_pieces_cost_little_memory() {
    type Flood = (&'static str, &'static str);
    let floods: [Flood; 5] = [
        ("<message from='", "aaaaaaaaaaaaaaaa"),
        ("<message><body>", "aaaaaaaaaaaaaaaa"),
        ("<message>", "<a>"),
        ("<message", " a:a='' "),
        ("<", "aaaaaaaaaaaaaaaa"),
    ];
    for (logged_in, (begin, more)) in floods.into_iter().flat_map(|flood| [(false, flood), (true, flood)]) {
        let mut world = World::start(move |client, certificate| {
            if logged_in {
                online(client, certificate)?;
            } else {
                client.starttls(certificate)?;
                client.expect("<stream:stream")?;
                client.send(HEADER)?;
            }
            client.send(begin)?;
            let (piece, deadline) = (more.repeat(4096), Instant::now() + FLOOD);
            while Instant::now() < deadline {
                if client.send(&piece).is_err() {
                    return Ok(());
                }
            }
            Err(format!("{begin}{more} is still read after {FLOOD:?}"))
        });
        world.ends_as("retrying", "protocol");
        let peak = peak(&mut world.daemon);
        let limit = resident_at_rest() + COST;
        assert!(peak < limit, "{begin}{more}…: {} KiB of {} KiB", peak >> 10, limit >> 10);
    }
}

#[test]
fn after_a_conflict_there_is_a_minute_of_peace() {
    let world = World::start(|client, certificate| {
        online(client, certificate)?;
        client.send(
            "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
        )?;
        client.rest().map(drop)
    });
    let account = world.ends_as("retrying", "stream-error");
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let pause = time(&account["error"]["retry_at"]).zip(time(&account["since"])).map(|(then, since)| then - since);
    let seconds = pause.and_then(|pause| pause.total(jiff::Unit::Second).ok());
    assert!(seconds.is_some_and(|seconds| seconds >= 59.0), "{account}");
}

#[test]
fn a_server_that_never_says_what_it_offers_is_left_after_half_a_minute() {
    let begun = Instant::now();
    let silent = World::start(|client, certificate| {
        client.starttls(certificate)?;
        client.expect("<stream:stream")?;
        client.send(HEADER)?;
        // The script's own patience is shorter than the client's.
        let _ = client.rest();
        let _ = client.rest();
        Ok(())
    });
    // Debian 12's SASL2 modules fail inside Prosody 0.12, and no features ever come.
    let Some(broken) = present("broken SASL2", Server::start_with_broken_sasl2()) else { return };
    let home = Home::new(&account::romeo(&broken, Tls::Direct)).expect("the programs are built");
    let _daemon = home.start();
    for home in [&silent.home, &home] {
        let account = eventually("the server is left", Duration::from_secs(40), || {
            let account = home.json(&["account", "list"])["accounts"][0].clone();
            (account["state"] != "connecting").then_some(account)
        });
        assert_eq!(
            (&account["state"], &account["error"]["kind"]),
            (&json!("retrying"), &json!("timeout")),
            "{account}"
        );
        assert!(begun.elapsed() >= Duration::from_secs(29), "{:?}", begun.elapsed());
    }
}

#[test]
fn a_roster_push_is_believed_from_the_own_account_alone() {
    let Some(server) = present("roster push", Server::start(Kind::Prosody12)) else { return };
    let home = Home::new(&account::romeo(&server, Tls::Direct)).expect("the programs are built");
    let _daemon = home.start();
    assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
    let before = home.eventually(&["roster"], |roster| !roster["accounts"][0]["contacts"][0].is_null());
    let romeo = home.json(&["account", "list"])["accounts"][0]["jid"].clone();
    for person in [JULIET, MERCUTIO] {
        let Some(mut other) = present("roster push", Contact::login(&server, Tls::Starttls, person)) else { return };
        for item in [
            "<item jid='tybalt@verona.example' name='friend' subscription='both'/>",
            "<item jid='juliet@verona.example' subscription='remove'/>",
        ] {
            let payload = format!("<query xmlns='jabber:iq:roster'>{item}</query>");
            let refused = ask(&mut other, &json!({"to": romeo, "type": "set", "payload": payload, "timeout": 1}));
            assert_eq!(refused["condition"], "service-unavailable", "{} with {item}: {refused}", person.name);
        }
    }
    let mut after = home.json(&["roster"]);
    // Juliet has been online meanwhile.
    after["accounts"][0]["contacts"][0]["resources"] = json!([]);
    assert_eq!(after, before);
}

#[test]
fn messages_are_read_no_faster_than_the_disk_takes_them() {
    const MESSAGES: usize = 10_000;
    let (go, gone) = std::sync::mpsc::channel();
    let gone = Mutex::new(gone);
    let mut world = World::start(move |client, certificate| {
        resumable(client, certificate)?;
        let gone = gone.lock().map_err(|_| "the test has failed")?;
        gone.recv_timeout(SOON).map_err(|_| "the disk is not slow")?;
        let body = "x".repeat(2_000);
        for number in 0..MESSAGES {
            client.send(format!(
                "<message from='juliet@verona.example/balcony' type='chat' id='m{number}'><body>{body}</body></message>"
            ))?;
        }
        client.send("<r xmlns='urn:xmpp:sm:3'/>")?;
        client.expect(&format!(" h='{MESSAGES}'")).map(drop)
    });
    assert_eq!(world.home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
    let before = peak(&mut world.daemon);
    let slow = Injected::into(world.daemon.process().id(), "fsync,fdatasync:delay_enter=50000");
    let Some(slow) = present("a slow disk", slow) else { return };
    go.send(()).expect("the server waits");
    world.server.played();
    let cost = peak(&mut world.daemon).saturating_sub(before);
    assert!(slow.lift() > 0);
    assert!(cost < 2 * COST, "{cost} bytes for {} bytes of messages", MESSAGES * 2_000);
}

/// Takes the client to where stanzas flow: bound, with stream management.
fn online(client: &mut Conversation, certificate: &Certificate) -> Outcome {
    managed(client, certificate, "")
}

/// The same in a session that can be resumed, so that what is acknowledged is on the disk.
fn resumable(client: &mut Conversation, certificate: &Certificate) -> Outcome {
    managed(client, certificate, " id='session' resume='true'")
}

fn managed(client: &mut Conversation, certificate: &Certificate, enabled: &str) -> Outcome {
    client.starttls(certificate)?;
    client.log_in(ROMEO)?;
    client.expect("<enable")?;
    client.send(format!("<enabled xmlns='urn:xmpp:sm:3'{enabled}/>"))?;
    client.expect("<presence").map(drop)
}

/// Asks until there is an answer: two a second are given to one who asks, the others are dropped.
fn ask(contact: &mut Contact, fields: &Value) -> Value {
    eventually("there is an answer", SOON, || {
        let answer = contact.ask("iq", fields);
        (answer["condition"] != "timeout").then_some(answer)
    })
}

/// Which of the pieces between quotes is the value behind `name`.
fn between_quotes(text: &str, name: &str) -> usize {
    let before = text.split_once(name).map_or("", |(before, _)| before);
    before.matches(['\'', '"']).count() + 1
}

/// The most memory that a daemon has ever used.
fn peak(daemon: &mut Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.process().id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().map_or(u64::MAX, |kib| kib << 10)
}

/// The same of one that has never been told anything.
fn resident_at_rest() -> u64 {
    let world = World::start(|client, _| client.expect("<stream:stream").map(drop));
    world.server.played();
    let mut world = world;
    peak(&mut world.daemon)
}
