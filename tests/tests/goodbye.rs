//! Ends: the daemon leaves in time whatever its surroundings do, and a connection that is cut is made anew.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::process::Folder;
use xmppd_tests::relay::{Cut, Plan, Relay};
use xmppd_tests::scripted_server::ScriptedServer;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::{SOON, eventually};

/// A daemon that is online through a relay.
struct World {
    daemon: Daemon,
    home: Home,
    relay: Relay,
    server: Server,
    configuration: String,
}

impl World {
    fn start() -> Result<Self, Missing> {
        let server = Server::start(Kind::Prosody12)?;
        let relay = Relay::start(server.port(Tls::Direct));
        let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
        let at = (relay.port(), Tls::Direct);
        let configuration = account::romeo_at(at, &server.authority_file(), &password);
        let home = Home::new(&configuration)?;
        let daemon = home.start();
        assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
        Ok(Self { daemon, home, relay, server, configuration })
    }
}

#[test]
fn a_dead_link_does_not_keep_the_daemon() {
    let Some(mut world) = present("dead link", World::start()) else { return };
    world.relay.plan(Plan { swallow: true, ..Plan::default() });
    leaves_in_time(&mut world.daemon);
}

#[test]
fn neither_a_silent_server_nor_a_password_that_does_not_come_keeps_the_daemon() {
    let folder = Folder::new("goodbye");
    let trusted = folder.write("authority.pem", &xmppd_tests::certificate::Authority::new().pem());
    for password in ["[\"sleep\", \"60\"]", "[\"echo\", \"secret\"]"] {
        let silent = ScriptedServer::start(|client| client.rest().map(drop));
        let at = (silent.port(), Tls::Starttls);
        let configuration = account::romeo_at(at, &trusted, &format!("password-command = {password}"));
        let Some(home) = present("goodbye", Home::new(&configuration)) else { return };
        let mut daemon = home.start();
        home.eventually(&["account", "list"], |list| list["accounts"][0]["state"] == "connecting");
        leaves_in_time(&mut daemon);
    }
}

#[test]
fn a_program_that_waits_or_watches_does_not_keep_the_daemon_and_is_told() {
    let Some(mut world) = present("waiting programs", World::start()) else { return };
    let mut waiting = world.home.watch(&["wait", "offline"]);
    let _watching = world.home.watch(&["watch"]);
    world.home.eventually(&["daemon", "status"], |status| status["watchers"] == 1 && status["clients"] == 3);
    leaves_in_time(&mut world.daemon);
    let code = waiting.ended();
    assert!([0, 8, 13].contains(&code), "{code}: {}", waiting.process().log());
}

#[test]
fn a_connection_that_is_cut_is_made_anew() {
    let Some(world) = present("cut connection", World::start()) else { return };
    let Some(mut juliet) = present("cut connection", Contact::login(&world.server, Tls::Starttls, JULIET)) else {
        return;
    };
    for (how, status) in [(Cut::Reset, "one"), (Cut::Finish, "two")] {
        let before = world.relay.connections();
        world.relay.cut(how);
        eventually("a new connection", SOON, || (world.relay.connections() > before).then_some(()));
        assert_eq!(world.home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
        let reported = world.home.json(&["status", "away", status]);
        assert_eq!(reported["accounts"][0]["delivery"], "acknowledged", "{reported}");
        juliet.wait_for_presence(&ROMEO.jid(), "sees him again", |it| it["status"] == status && it["show"] == "away");
    }
}

#[test]
fn a_storm_of_reloads_disturbs_no_session() {
    let Some(mut world) = present("reloads", World::start()) else { return };
    for _ in 0..50 {
        world.daemon.process().signal(Signal::HUP);
        assert_eq!(world.home.ctl(&["config", "reload"]).code, 0);
    }
    assert_eq!(world.home.json(&["account", "list"])["accounts"][0]["state"], json!("online"));
    assert_eq!(world.relay.connections(), 1);
}

#[test]
fn a_session_follows_its_configuration() {
    let Some(world) = present("reloads", World::start()) else { return };
    let Some(mut juliet) = present("reloads", Contact::login(&world.server, Tls::Starttls, JULIET)) else { return };
    assert_eq!(world.home.ctl(&["tune", "set", "--title", "Montagues"]).code, 0);
    juliet.wait_for_tune(&ROMEO.jid(), "the tune", |tune| tune["title"] == "Montagues");
    world.home.configure(
        &(world.configuration.clone() + "priority = 9\n[tune]\npublish = [\"status\"]\nstatus = \"on: {title}\"\n"),
    );
    assert_eq!(world.home.json(&["config", "reload"])["changed"], json!(["home"]));
    juliet.wait_for_presence(&ROMEO.jid(), "both are new", |it| it["priority"] == 9 && it["status"] == "on: Montagues");
    assert_eq!(world.relay.connections(), 1);
    // What was asked for by hand is stronger than the configuration.
    assert_eq!(world.home.ctl(&["status", "away", "--priority", "3"]).code, 0);
    world.home.configure(&(world.configuration.clone() + "priority = 8\n"));
    assert_eq!(world.home.ctl(&["config", "reload"]).code, 0);
    assert_eq!(world.home.json(&["status"])["accounts"][0]["effective"]["priority"], 3);
    assert_eq!(world.relay.connections(), 1);
}

#[test]
fn a_dead_link_keeps_no_reload() {
    let Some(world) = present("reloads", World::start()) else { return };
    world.relay.plan(Plan { swallow: true, ..Plan::default() });
    world.home.configure(&world.configuration.replace("[[account]]", "[[account]]\nenabled = false"));
    let begun = Instant::now();
    assert_eq!(world.home.ctl(&["config", "reload"]).code, 0);
    assert_eq!(world.home.json(&["account", "list"])["accounts"][0]["state"], "offline");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // The same account again says goodbye on the old link before it comes back on a new one.
    world.relay.plan(Plan::default());
    world.home.configure(&world.configuration);
    assert_eq!(world.home.ctl(&["config", "reload"]).code, 0);
    assert_eq!(world.home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
}

/// Holds that SIGTERM ends it as it should within five seconds.
#[track_caller]
fn leaves_in_time(daemon: &mut Daemon) {
    let begun = Instant::now();
    let code = daemon.stop();
    assert_eq!(code, Some(0), "after {:?}:\n{}", begun.elapsed(), daemon.log());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
