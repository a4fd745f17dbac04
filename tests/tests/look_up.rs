//! Where an account's server is, asked of a real resolver in a network of its own: SRV records of both services, their
//! order, and what is done without them.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;
use xmppd_tests::account;
use xmppd_tests::certificate::{Authority, DOMAIN};
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::netns::{Names, Netns, Srv};
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::ScriptedServer;
use xmppd_tests::server::people::ROMEO;
use xmppd_tests::server::{Kind, Server, Tls};

const STARTTLS: &str = "_xmpp-client._tcp.verona.example";
const DIRECT: &str = "_xmpps-client._tcp.verona.example";

/// The server's STARTTLS port is `chat`'s, its direct one `direct`'s; at `dead` nobody listens. The domain itself has
/// an address, which leads to the STARTTLS port as well.
const HOSTS: [(&str, Ipv4Addr); 4] = [
    (DOMAIN, Ipv4Addr::new(127, 0, 0, 2)),
    ("chat.verona.example", Ipv4Addr::new(127, 0, 0, 2)),
    ("direct.verona.example", Ipv4Addr::new(127, 0, 0, 3)),
    ("dead.verona.example", Ipv4Addr::new(127, 0, 0, 9)),
];

/// A server behind the names of a namespace.
struct World {
    namespace: Netns,
    server: Server,
}

#[test]
fn records_of_both_services_are_mixed_by_priority_and_weight() {
    let Some(mut world) = present("SRV records", World::start()) else { return };
    world.leads_to("auto", &[chat(5, 1), direct(1, 1)], "direct.verona.example:5223");
    world.leads_to("auto", &[chat(1, 1), direct(5, 1)], "chat.verona.example:5222");
    world.leads_to("auto", &[chat(1, 0), direct(1, 65_535)], "direct.verona.example:5223");
    world.leads_to("auto", &[chat(1, 65_535), direct(1, 0)], "chat.verona.example:5222");
    world.leads_to("direct", &[chat(1, 1), direct(5, 1)], "direct.verona.example:5223");
    world.leads_to("starttls", &[chat(5, 1), direct(1, 1)], "chat.verona.example:5222");
    let questions = world.namespace.questions();
    for asked in [STARTTLS, DIRECT] {
        assert!(questions.contains(&format!("query[SRV] {asked}")), "{questions}");
    }
    assert!(!questions.contains("_xmppconnect"), "{questions}");
}

#[test]
fn a_target_that_is_dead_or_has_no_address_gives_way_to_the_next() {
    let Some(mut world) = present("dead targets", World::start()) else { return };
    let dead = Srv { target: "dead.verona.example", ..chat(1, 1) };
    let nameless = Srv { target: "nameless.verona.example", ..direct(1, 1) };
    world.leads_to("auto", &[dead, chat(2, 1)], "chat.verona.example:5222");
    world.leads_to("auto", &[dead, nameless, direct(3, 1), chat(4, 1)], "direct.verona.example:5223");
    let refused = world.fails("auto", &[dead, nameless]);
    assert_eq!(refused["error"]["kind"], "unreachable", "{refused}");
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("dead.verona.example port 5222"), "{message}");
}

#[test]
fn a_service_that_is_not_offered_is_not_looked_for_elsewhere() {
    let Some(mut world) = present("services not offered", World::start()) else { return };
    let (no_starttls, no_direct) = (Srv { target: "", ..chat(0, 0) }, Srv { target: "", ..direct(0, 0) });
    world.leads_to("auto", &[no_starttls, direct(1, 1)], "direct.verona.example:5223");
    world.leads_to("auto", &[no_direct, chat(1, 1)], "chat.verona.example:5222");
    let refused = world.fails("auto", &[no_direct, no_starttls]);
    assert_eq!((&refused["state"], &refused["error"]["kind"]), (&"retrying".into(), &"not-offered".into()));
}

#[test]
fn without_records_the_domain_itself_is_asked_on_5222() {
    let Some(mut world) = present("no records", World::start()) else { return };
    world.leads_to("auto", &[], "verona.example:5222");
    world.leads_to("starttls", &[], "verona.example:5222");
}

#[test]
fn direct_tls_names_the_domain_and_the_protocol_in_its_first_message() {
    let (authority, folder) = (Authority::new(), Folder::new("alpn"));
    let trusted = folder.write("authority.pem", &authority.pem());
    let names = Names { services: &[direct(1, 1)], hosts: &HOSTS };
    let Some(mut namespace) = present("ALPN", Netns::start(names)) else { return };
    let hello = ScriptedServer::start(move |client| {
        let mut heard = client.heard()?;
        while !(heard.contains("xmpp-client") && heard.contains(DOMAIN)) {
            let more = client.heard()?;
            if more.len() == heard.len() {
                return Err(format!("no ALPN or no name in {heard:?}"));
            }
            heard = more;
        }
        if heard.contains("direct.verona") || heard.contains("romeo") { Err(heard) } else { Ok(()) }
    });
    namespace.expose(SocketAddr::from((HOSTS[2].1, 5223)), hello.port());
    let configuration = account::romeo_by_name("auto", &trusted, &password());
    let Some(home) = present("ALPN", Home::new(&configuration)) else { return };
    let home = home.within(&namespace);
    let _daemon = home.start();
    hello.played();
}

impl World {
    fn start() -> Result<Self, Missing> {
        let mut namespace = Netns::start(Names { services: &[], hosts: &HOSTS })?;
        let server = Server::start(Kind::Prosody12)?;
        namespace.expose(SocketAddr::from((HOSTS[1].1, 5222)), server.port(Tls::Starttls));
        namespace.expose(SocketAddr::from((HOSTS[2].1, 5223)), server.port(Tls::Direct));
        Ok(Self { namespace, server })
    }

    /// Holds that with these records a daemon logs in through this server.
    #[track_caller]
    fn leads_to(&mut self, tls: &str, services: &[Srv<'_>], server: &str) {
        let account = self.settled(tls, services);
        assert_eq!(
            (&account["state"], &account["server"]),
            (&"online".into(), &server.into()),
            "{services:?}: {account}"
        );
    }

    /// What `account list` says when these records lead nowhere.
    #[track_caller]
    fn fails(&mut self, tls: &str, services: &[Srv<'_>]) -> Value {
        let account = self.settled(tls, services);
        assert_ne!(account["state"], "online", "{services:?}: {account}");
        account
    }

    #[track_caller]
    fn settled(&mut self, tls: &str, services: &[Srv<'_>]) -> Value {
        self.namespace.rename(Names { services, hosts: &HOSTS });
        let configuration = account::romeo_by_name(tls, &self.server.authority_file(), &password());
        let home = Home::new(&configuration).expect("the programs are built").within(&self.namespace);
        let _daemon = home.start();
        let list = home.eventually(&["account", "list"], |list| list["accounts"][0]["state"] != "connecting");
        list["accounts"][0].clone()
    }
}

fn chat(priority: u16, weight: u16) -> Srv<'static> {
    Srv { service: STARTTLS, target: "chat.verona.example", port: 5222, priority, weight }
}

fn direct(priority: u16, weight: u16) -> Srv<'static> {
    Srv { service: DIRECT, target: "direct.verona.example", port: 5223, priority, weight }
}

fn password() -> String {
    format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password)
}
