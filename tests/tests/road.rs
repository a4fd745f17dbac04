//! The road between the daemon and its server: sleep, networks that come and go, links that die without a word, servers
//! that send us elsewhere. Rows R04, R20, R21 and S11 of the tables of faults; numbers G7 and G8.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::Value;
use xmppd_tests::bus::Bus;
use xmppd_tests::certificate::{Authority, Certificate, Flaw};
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::present;
use xmppd_tests::netns::{Names, Netns};
use xmppd_tests::process::Folder;
use xmppd_tests::relay::{Cut, Plan, Relay};
use xmppd_tests::scripted_server::{Conversation, Outcome, ScriptedServer};
use xmppd_tests::server::people::ROMEO;
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::service::{self, Service};
use xmppd_tests::wait::{SOON, eventually, until};

const ACK: &str = "<a xmlns='urn:xmpp:sm:3' h='3'/>";
const REQUEST: &str = "<r xmlns='urn:xmpp:sm:3'/>";

/// The account `home`, Romeo's, at this host and port.
fn account(server: &str, tls: &str, authority: &Path) -> String {
    format!(
        "[[account]]\nname = \"home\"\njid = \"{}\"\npassword-command = [\"printf\", \"%s\", {:?}]\n\
         server = \"{server}\"\ntls = \"{tls}\"\nca-file = {authority:?}\n\n[tune]\nenabled = false\n",
        ROMEO.jid(),
        ROMEO.password,
    )
}

/// A login and a session in which nothing is left to be asked.
fn settle(client: &mut Conversation, certificate: &Certificate) -> Outcome {
    client.starttls(certificate)?;
    client.log_in(ROMEO)?;
    client.expect("<enable ")?;
    client.expect("<presence")?;
    client.send("<enabled xmlns='urn:xmpp:sm:3'/>")?;
    client.expect(REQUEST)?;
    client.send(ACK)
}

/// Romeo's home with a scripted server; `Home` outlives the server's certificate file.
fn scripted(
    script: impl Fn(&mut Conversation, &Certificate) -> Outcome + Send + Sync + 'static,
) -> (ScriptedServer, Home, Folder) {
    let (authority, folder) = (Authority::new(), Folder::new("authority"));
    let trusted = folder.write("authority.pem", &authority.pem());
    let certificate = authority.issue(Flaw::None);
    let server = ScriptedServer::start(move |client| script(client, &certificate));
    let home = Home::new(&account(&format!("127.0.0.1:{}", server.port()), "starttls", &trusted));
    (server, home.expect("the programs are built"), folder)
}

fn online(home: &Home) {
    state_is(home, "online", SOON);
}

fn state_is(home: &Home, wanted: &str, within: Duration) {
    let mut last = Value::Null;
    let found = until(within, || {
        last = home.json(&["account", "list"])["accounts"][0].clone();
        (last["state"] == wanted).then_some(())
    });
    assert!(found.is_some(), "not {wanted} within {within:?}: {last}");
}

/// What `doctor` says of a subject.
fn checked(home: &Home, subject: &str) -> String {
    let report = home.json(&["doctor"]);
    let checks = report["checks"].as_array().cloned().unwrap_or_default();
    let check = checks.into_iter().find(|check| check["check"] == subject);
    let word = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    check.map_or_else(String::new, |check| format!("{}: {}", word(&check, "state"), word(&check, "message")))
}

#[test]
fn before_sleep_the_server_is_told_what_has_arrived_and_after_it_five_seconds_decide() {
    let Some(machine) = present("sleep", Bus::start()) else { return };
    let Some(logind) = present("sleep", Service::start(&machine, service::Kind::Logind)) else { return };
    let (tell, told) = channel();
    let tell = std::sync::Mutex::new(tell);
    let (server, home, _folder) = scripted(move |client, certificate| {
        let tell = |word: String| tell.lock().expect("nobody panics").send(word).map_err(|error| error.to_string());
        settle(client, certificate)?;
        if client.number > 0 {
            tell("back".into())?;
            return client.rest().map(drop);
        }
        tell("settled".into())?;
        client.expect("<a xmlns='urn:xmpp:sm:3'")?;
        tell("asleep".into())?;
        client.expect(REQUEST)?;
        client.send(ACK)?;
        tell("awake".into())?;
        client.expect(REQUEST)?;
        let begun = Instant::now();
        let last = client.rest()?;
        tell(format!("{} {}", begun.elapsed().as_millis(), last.contains("</stream")))
    });
    let home = home.with("DBUS_SYSTEM_BUS_ADDRESS", &machine.address());
    let _daemon = home.start();
    let next = || told.recv_timeout(SOON).expect("the server goes on");
    assert_eq!(next(), "settled");
    eventually("logind waits for the daemon", SOON, || logind.inhibitors().contains("xmppd").then_some(()));
    assert_eq!(checked(&home, "sleep"), "ok: logind tells of changes");

    logind.sleeps(true);
    assert_eq!(next(), "asleep");
    eventually("logind waits no longer", SOON, || (!logind.inhibitors().contains("xmppd")).then_some(()));
    logind.sleeps(false);
    assert_eq!(next(), "awake");
    eventually("logind waits for the daemon again", SOON, || logind.inhibitors().contains("xmppd").then_some(()));

    logind.sleeps(true);
    logind.sleeps(false);
    let end = next();
    let (took, said_goodbye) = end.split_once(' ').expect("two words");
    let took: u64 = took.parse().expect("milliseconds");
    assert!((4_500..7_000).contains(&took), "{took} ms");
    assert_eq!(said_goodbye, "false");
    assert_eq!(next(), "back");
    drop(server);
}

#[test]
fn network_manager_s_word_has_the_connection_tried_at_once() {
    let Some(machine) = present("network", Bus::start()) else { return };
    let Some(manager) = present("network", Service::start(&machine, service::Kind::NetworkManager)) else { return };
    let (tell, told) = channel();
    let tell = std::sync::Mutex::new(tell);
    let (_server, home, _folder) = scripted(move |client, certificate| {
        let tell = |word: &str| tell.lock().expect("nobody panics").send(word.to_owned()).map_err(|e| e.to_string());
        settle(client, certificate)?;
        tell("settled")?;
        client.expect(REQUEST)?;
        tell("asked")?;
        client.send(ACK)?;
        client.rest().map(drop)
    });
    let home = home.with("DBUS_SYSTEM_BUS_ADDRESS", &machine.address());
    let _daemon = home.start();
    assert_eq!(told.recv_timeout(SOON).as_deref(), Ok("settled"));
    eventually("doctor names NetworkManager", SOON, || {
        (checked(&home, "network") == "ok: NetworkManager tells of changes").then_some(())
    });
    let begun = Instant::now();
    manager.network(70);
    assert_eq!(told.recv_timeout(SOON).as_deref(), Ok("asked"));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());

    drop(manager);
    eventually("doctor names what takes its place", SOON, || {
        checked(&home, "network").contains("changes are noticed by the kernel").then_some(())
    });
}

#[test]
fn without_a_system_bus_the_machine_itself_tells_and_doctor_says_so() {
    let (_server, home, _folder) = scripted(|client, certificate| {
        settle(client, certificate)?;
        client.rest().map(drop)
    });
    let _daemon = home.start();
    for (subject, by) in [("sleep", "the clocks"), ("network", "the kernel")] {
        eventually("doctor says who tells", SOON, || {
            let said = checked(&home, subject);
            let expected = said.starts_with("ok: the system bus cannot be used: ")
                && said.ends_with(&format!("; changes are noticed by {by}"));
            expected.then_some(())
        });
    }
}

#[test]
fn a_server_that_names_another_is_followed_under_the_same_identity() {
    let (authority, folder) = (Authority::new(), Folder::new("authority"));
    let trusted = folder.write("authority.pem", &authority.pem());
    let certificate = authority.issue(Flaw::None);
    let other = ScriptedServer::start(move |client| {
        settle(client, &certificate)?;
        client.rest().map(drop)
    });
    let port = other.port();
    let certificate = authority.issue(Flaw::None);
    let first = ScriptedServer::start(move |client| {
        client.starttls(&certificate)?;
        client.expect("<stream:stream")?;
        client.send(format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
             id='first' from='verona.example' version='1.0'><stream:error>\
             <see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>127.0.0.1:{port}</see-other-host>\
             </stream:error></stream:stream>"
        ))?;
        client.rest().map(drop)
    });
    let home = Home::new(&account(&format!("127.0.0.1:{}", first.port()), "starttls", &trusted));
    let home = home.expect("the programs are built");
    let _daemon = home.start();
    first.played();
    online(&home);
    let report = home.json(&["account", "list"]);
    assert_eq!(report["accounts"][0]["server"], format!("127.0.0.1:{port}"));
}

/// A real server with a relay in front of it, and Romeo online through both.
fn relayed(name: &str) -> Option<(Server, Relay, Home, Daemon)> {
    let server = present(name, Server::start(Kind::Prosody12))?;
    let relay = Relay::start(server.port(Tls::Starttls));
    let at = format!("127.0.0.1:{}", relay.port());
    let home = Home::new(&account(&at, "starttls", &server.authority_file())).expect("the programs are built");
    let daemon = home.start();
    online(&home);
    Some((server, relay, home, daemon))
}

#[test]
fn a_link_that_swallows_everything_is_noticed_within_thirty_seconds_of_something_to_say() {
    let Some((_server, relay, home, _daemon)) = relayed("black hole") else { return };
    relay.plan(Plan { swallow: true, ..Plan::default() });
    let begun = Instant::now();
    let sent = home.ctl(&["send", "juliet@verona.example", "Ay me"]);
    assert_ne!(sent.code, 0, "{sent:?}");
    let limit = Duration::from_secs(30);
    eventually("the dead link is noticed", limit.saturating_sub(begun.elapsed()), || {
        (home.json(&["account", "list"])["accounts"][0]["state"] != "online").then_some(())
    });
    println!("a dead link with a message pending: noticed after {:?}", begun.elapsed());
    relay.plan(Plan::default());
    state_is(&home, "online", Duration::from_secs(30));
}

#[test]
fn a_reset_and_an_end_without_close_notify_are_losses_that_are_mended_at_once() {
    let Some((_server, relay, home, _daemon)) = relayed("cuts") else { return };
    for how in [Cut::Reset, Cut::Finish] {
        let before = relay.connections();
        relay.cut(how);
        eventually("the daemon dials again", SOON, || (relay.connections() > before).then_some(()));
        online(&home);
    }
}

/// A namespace with the server behind its own address, and Romeo online in it.
struct Street {
    _server: Server,
    namespace: Netns,
    home: Home,
    _daemon: Daemon,
}

impl Street {
    fn open(name: &str) -> Option<Self> {
        let server = present(name, Server::start(Kind::Prosody12))?;
        let mut namespace = present(name, Netns::start(Names::default()))?;
        let inside = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 5222));
        namespace.expose(inside, server.port(Tls::Starttls));
        let home = Home::new(&account("192.0.2.1:5222", "starttls", &server.authority_file()));
        let home = home.expect("the programs are built").within(&namespace);
        let daemon = home.start();
        online(&home);
        Some(Self { _server: server, namespace, home, _daemon: daemon })
    }

    fn address(&self, verb: &str) {
        let mut command = self.namespace.command("ip");
        let status = command.args(["address", verb, "192.0.2.1/24", "dev", "lo"]).status();
        assert!(status.is_ok_and(|status| status.success()), "ip address {verb}");
    }

    /// Takes the network away, waits until that was noticed, gives it back, and tells how long it takes to be online.
    fn outage(&self, away: impl Fn(&Self), back: impl Fn(&Self)) -> Duration {
        away(self);
        state_is(&self.home, "retrying", SOON);
        back(self);
        let begun = Instant::now();
        online(&self.home);
        begun.elapsed()
    }
}

/// How many outages are measured; `XMPPD_ROAD_RUNS=50` is the benchmark of the goal.
fn runs() -> usize {
    std::env::var("XMPPD_ROAD_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(3)
}

fn median(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let median = times[times.len() / 2];
    println!("{what}: median {median:?} of {}, from {:?} to {:?}", times.len(), times[0], times[times.len() - 1]);
    median
}

#[test]
fn two_seconds_after_its_address_returns_the_daemon_is_online() {
    let Some(street) = Street::open("address") else { return };
    let outage = |_| street.outage(|street| street.address("del"), |street| street.address("add"));
    let median = median("an address that left and returned", (0..runs()).map(outage).collect());
    assert!(median < Duration::from_secs(2), "{median:?}");
}

#[test]
fn two_seconds_after_its_link_returns_the_daemon_is_online() {
    let Some(street) = Street::open("link") else { return };
    let outage = |_| street.outage(|street| street.namespace.network(false), |street| street.namespace.network(true));
    let median = median("a link that went down and up", (0..runs()).map(outage).collect());
    assert!(median < Duration::from_secs(2), "{median:?}");
}
