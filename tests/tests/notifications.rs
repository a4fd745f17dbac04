//! Desktop notifications: what is shown, what is not, and services that hang, die and shout while nobody else minds.

use std::time::{Duration, Instant};

use serde_json::json;
use xmppd_tests::bus::Bus;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::present;
use xmppd_tests::screen::{Screen, Shown};
use xmppd_tests::server::Kind::Prosody13;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Server, Tls};
use xmppd_tests::service::{Kind, Service};
use xmppd_tests::verona::Verona;
use xmppd_tests::wait::{SOON, eventually};

/// A server, Juliet, a bus for the session, and Romeo's daemon on it.
struct Stage {
    daemon: Daemon,
    home: Home,
    verona: Verona,
}

impl Stage {
    fn set(test: &str, bus: &Bus) -> Option<Self> {
        Self::at(test, bus, present(test, Verona::start())?)
    }

    fn at(test: &str, bus: &Bus, mut verona: Verona) -> Option<Self> {
        let home = present(test, Home::new(&verona.romeo("")))?.with_bus(bus);
        let daemon = verona.enter(&home);
        Some(Self { daemon, home, verona })
    }

    fn juliet_says(&mut self, body: &str) {
        self.verona.juliet.tell("message", &json!({"to": ROMEO.jid(), "body": body}));
    }

    fn finding(&self) -> String {
        let report = self.home.json(&["doctor"]);
        let checks = report["checks"].as_array().expect("a list");
        let found = checks.iter().find(|check| check["check"] == "notifications").expect("it is looked at");
        found["message"].as_str().expect("a text").to_owned()
    }

    /// Everything else goes on: asked right now, the daemon answers at once.
    fn answers_at_once(&self) {
        let begun = Instant::now();
        assert_eq!(self.home.ctl(&["status", "chat", "still here"]).code, 0);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

fn bus(test: &str) -> Option<Bus> {
    present(test, Bus::start())
}

fn shown(service: &Service<'_>, count: usize) -> Vec<String> {
    let what = format!("{count} notifications are shown");
    eventually(&what, SOON, || Some(service.notifications()).filter(|shown| shown.len() >= count))
}

#[test]
fn a_message_is_shown_clean_and_escaped_as_the_service_needs_it_and_the_next_takes_its_place() {
    let test = "notifications";
    for (kind, body) in
        [(Kind::Notifications, "&lt;b&gt;Ay&lt;/b&gt; &amp; me"), (Kind::PlainNotifications, "<b>Ay</b> & me")]
    {
        let Some(bus) = bus(test) else { return };
        let Some(service) = present(test, Service::start(&bus, kind)) else { return };
        let Some(mut stage) = Stage::set(test, &bus) else { return };
        assert_eq!(stage.finding(), "messages will be shown by the desktop; there was none yet");
        stage.juliet_says("<b>Ay</b> & \u{202e}me");
        let first = shown(&service, 1);
        assert!(first[0].starts_with(&format!("<uint32 0>, <'mail-unread'>, <'juliet'>, <'{body}'>")), "{first:?}");
        stage.juliet_says("O Romeo");
        let second = shown(&service, 2);
        assert!(second[1].starts_with("<uint32 1>, <'mail-unread'>, <'juliet'>, <'O Romeo'>"), "{second:?}");
        assert_eq!(stage.finding(), "the last message was shown by the desktop");
    }
}

#[test]
fn a_real_service_shows_a_message_as_it_was_written_and_the_next_in_its_place() {
    let test = "notifications on a screen";
    let Some(bus) = bus(test) else { return };
    let Some(screen) = present(test, Screen::start(&bus)) else { return };
    let Some(mut stage) = Stage::set(test, &bus) else { return };
    for (body, shown) in [("<b>Ay</b> & me", "&lt;b&gt;Ay&lt;/b&gt; &amp; me"), ("O Romeo", "O Romeo")] {
        stage.juliet_says(body);
        let shown = format!("body: '{shown}'");
        eventually("it is on the screen", SOON, || screen.log().contains(&shown).then_some(()));
        assert_eq!(screen.count(), 1);
    }
    let shown = Shown { summary: "juliet".into(), body: "O Romeo".into() };
    assert_eq!(screen.cleared(), [shown]);
}

#[test]
fn nothing_is_shown_of_what_we_send_while_busy_while_switched_off_or_of_whom_we_do_not_want_to_hear() {
    let test = "silent notifications";
    let Some(bus) = bus(test) else { return };
    let Some(service) = present(test, Service::start(&bus, Kind::Notifications)) else { return };
    // It gives copies of what other clients send as part of the login.
    let Some(server) = present(test, Server::start(Prosody13)) else { return };
    let Some(juliet) = present(test, Contact::login(&server, Tls::Direct, JULIET)) else { return };
    let Some(mut other) = present(test, Contact::login(&server, Tls::Direct, ROMEO)) else { return };
    let Some(mut stage) = Stage::at(test, &bus, Verona { juliet, server }) else { return };
    let configure = |stage: &Stage, messages: &str| {
        stage.home.configure(&stage.verona.romeo(&format!("[messages]\n{messages}")));
        let reloaded = stage.home.ctl(&["config", "reload"]);
        assert_eq!(reloaded.code, 0, "{reloaded:?}");
    };
    let mut watch = stage.home.watch(&["--json", "watch", "message"]);
    assert_eq!(watch.json()["event"], "snapshot");
    let mut unseen = |stage: &mut Stage, what: &str, say: &mut dyn FnMut(&mut Stage)| {
        say(stage);
        let event = watch.wait_for_json(what, |event| event["body"] == what);
        assert_eq!(event["event"], "message", "{event}");
    };

    let juliet = stage.verona.juliet.jid().split('/').next().expect("a bare part").to_owned();
    unseen(&mut stage, "a copy of our own", &mut |_| {
        other.tell("message", &json!({"to": juliet, "body": "a copy of our own"}));
    });
    assert_eq!(stage.home.ctl(&["status", "dnd"]).code, 0);
    unseen(&mut stage, "while busy", &mut |stage| stage.juliet_says("while busy"));
    assert_eq!(stage.home.ctl(&["status", "online"]).code, 0);
    configure(&stage, "notify = false");
    assert_eq!(stage.finding(), "messages.notify is false");
    unseen(&mut stage, "while off", &mut |stage| stage.juliet_says("while off"));
    configure(&stage, "notify-deny = [\"*@verona.example\"]");
    unseen(&mut stage, "while denied", &mut |stage| stage.juliet_says("while denied"));
    configure(&stage, "notify-body = false");
    unseen(&mut stage, "a secret", &mut |stage| stage.juliet_says("a secret"));

    let all = shown(&service, 1);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].contains("<'juliet'>, <'sent a message'>"), "{all:?}");
    drop(stage.daemon);
}

#[test]
fn a_service_that_hangs_or_dies_or_comes_late_disturbs_nobody_and_is_found_again() {
    let test = "a hanging notification service";
    let Some(bus) = bus(test) else { return };
    let Some(mut stage) = Stage::set(test, &bus) else { return };
    stage.juliet_says("nobody shows this");
    stage.home.eventually(&["doctor"], |report| report.to_string().contains("no program shows notifications"));

    let Some(mut service) = present(test, Service::start(&bus, Kind::Notifications)) else { return };
    stage.juliet_says("one");
    shown(&service, 1);
    service.freeze(true);
    stage.juliet_says("two");
    stage.answers_at_once();
    stage.home.eventually(&["doctor"], |report| report.to_string().contains("the last message was not shown"));
    drop(service);

    // The number of the one before is not used at its successor: there, it is somebody else's.
    let Some(service) = present(test, Service::start(&bus, Kind::Notifications)) else { return };
    stage.juliet_says("three");
    let third = shown(&service, 1);
    assert!(third[0].starts_with("<uint32 0>") && third[0].contains("<'three'>"), "{third:?}");
    assert!(!stage.daemon.log().contains("panicked"));
}

#[test]
fn a_service_that_shouts_at_us_disturbs_nobody() {
    let test = "a shouting notification service";
    let Some(bus) = bus(test) else { return };
    let Some(service) = present(test, Service::start(&bus, Kind::Notifications)) else { return };
    let Some(mut stage) = Stage::set(test, &bus) else { return };
    stage.juliet_says("one");
    shown(&service, 1);
    let shouted = shout_at(&bus, stage.daemon.process().id(), 20_000);
    assert!(shouted >= 2, "the daemon has a connection for its face and one for notifications: {shouted}");
    stage.answers_at_once();
    stage.juliet_says("two");
    let second = shown(&service, 2);
    assert!(second[1].contains("<'two'>"), "{second:?}");
}

/// Sends so many signals to each connection that a process has to the bus; how many those are.
fn shout_at(bus: &Bus, process: u32, count: u32) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let connection = zbus::connection::Builder::address(bus.address().as_str()).build().await.expect("the bus");
        let ask = async |method: &str, name: Option<&str>| {
            let place = "org.freedesktop.DBus";
            match name {
                Some(name) => connection.call_method(Some(place), "/", Some(place), method, &name).await,
                None => connection.call_method(Some(place), "/", Some(place), method, &()).await,
            }
        };
        let names: Vec<String> = ask("ListNames", None).await.expect("names").body().deserialize().expect("a list");
        let mut theirs = Vec::new();
        for name in names.into_iter().filter(|name| name.starts_with(':')) {
            let answer = ask("GetConnectionUnixProcessID", Some(&name)).await;
            if answer.is_ok_and(|answer| answer.body().deserialize::<u32>().is_ok_and(|found| found == process)) {
                theirs.push(name);
            }
        }
        for name in &theirs {
            for number in 0..count {
                let body = (number, "default");
                let (path, interface) = ("/org/freedesktop/Notifications", "org.freedesktop.Notifications");
                let sent = connection.emit_signal(Some(name.as_str()), path, interface, "ActionInvoked", &body).await;
                sent.expect("the bus takes the signal");
            }
        }
        theirs.len()
    })
}
