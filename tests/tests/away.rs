//! Whether the person is at the machine, by every source there is, as a contact sees it.

use serde_json::Value;
use xmppd_tests::bus::Bus;
use xmppd_tests::compositor::Compositor;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::server::people::ROMEO;
use xmppd_tests::service::{Kind, Service};
use xmppd_tests::verona::Verona;
use xmppd_tests::wait::{SOON, eventually};

/// Away at once when idle, and never xa.
const QUICK: &str = "[presence]\naway-after = \"1s\"\n";

/// Romeo with his daemon, and Juliet who watches him.
struct Stage {
    home: Home,
    _daemon: Daemon,
    verona: Verona,
}

impl Stage {
    fn start(presence: &str, variables: &[(&str, &str)]) -> Result<Self, Missing> {
        let mut verona = Verona::start()?;
        let mut home = Home::new(&verona.romeo(presence))?;
        for (name, value) in variables {
            home = home.with(name, value);
        }
        let daemon = verona.enter(&home);
        Ok(Self { home, _daemon: daemon, verona })
    }

    #[track_caller]
    fn sees(&mut self, show: &str) -> Value {
        let there = |seen: &Value| seen["type"] != "unavailable" && seen["show"] == show;
        self.verona.juliet.wait_for_presence(&ROMEO.jid(), show, there)
    }

    #[track_caller]
    fn set(&self, words: &[&str]) {
        let answer = self.home.ctl(words);
        assert_eq!(answer.code, 0, "{words:?}: {answer:?}");
    }

    /// What the idle layer says, and whether it decides.
    fn layer(&self) -> Value {
        let layers = self.home.json(&["status", "layers"])["accounts"][0]["layers"].clone();
        layers.as_array().into_iter().flatten().find(|layer| layer["layer"] == "idle").cloned().unwrap_or_default()
    }

    /// Waits until `doctor` says this of the sources.
    #[track_caller]
    fn doctor_says(&self, part: &str) {
        let mut last = Value::Null;
        let found = xmppd_tests::wait::until(SOON, || {
            let report = self.home.json(&["doctor"]);
            let checks = report["checks"].as_array().cloned().unwrap_or_default();
            last = checks.into_iter().find(|check| check["check"] == "idle").unwrap_or_default();
            last["message"].as_str().is_some_and(|message| message.contains(part)).then_some(())
        });
        assert!(found.is_some(), "{part:?} is not in {last}");
    }
}

#[test]
fn logind_tells_of_a_lock_and_of_idleness_and_nothing_overrides_dnd() {
    let Some(machine) = present("logind", Bus::start()) else { return };
    let Some(logind) = present("logind", Service::start(&machine, Kind::Logind)) else { return };
    let started = Stage::start(QUICK, &[("DBUS_SYSTEM_BUS_ADDRESS", &machine.address())]);
    let Some(mut stage) = present("logind", started) else { return };
    stage.doctor_says("logind has no session of yours");
    logind.logs_in();
    stage.doctor_says("logind idle: there; logind locked: there");

    logind.hints("LockedHint", true);
    stage.sees("away");
    let layer = stage.layer();
    assert_eq!((&layer["show"], &layer["by"]), (&Value::from("away"), &Value::from("logind locked")), "{layer}");
    assert_eq!(layer["decides"], serde_json::json!(["show"]));
    stage.doctor_says("logind locked: away since 20");
    // What the person asks for wins, and idleness shows again when that is over.
    stage.set(&["status", "dnd", "Not now"]);
    stage.sees("dnd");
    assert_eq!(stage.layer()["reason"], "idle never overrides dnd");
    stage.set(&["status", "online"]);
    stage.sees("away");
    logind.hints("LockedHint", false);
    stage.sees("online");
    assert_eq!(stage.layer(), Value::Null);

    logind.hints("IdleHint", true);
    stage.sees("away");
    assert_eq!(stage.layer()["by"], "logind idle");
    logind.hints("IdleHint", false);
    stage.sees("online");
    logind.hints("LockedHint", true);
    stage.sees("away");
    // A source that goes takes its word with it.
    drop(logind);
    stage.sees("online");
}

#[test]
fn the_desktop_tells_by_its_screen_saver_and_by_mutter_who_is_believed_more() {
    let Some(session) = present("desktop", Bus::start()) else { return };
    let Some(saver) = present("desktop", Service::start(&session, Kind::ScreenSaver)) else { return };
    let Some(mutter) = present("desktop", Service::start(&session, Kind::Mutter)) else { return };
    let configuration = "[presence]\naway-after = \"1s\"\nxa-after = \"3s\"\npublish-idle = true\n";
    let started = Stage::start(configuration, &[("DBUS_SESSION_BUS_ADDRESS", &session.address())]);
    let Some(mut stage) = present("desktop", started) else { return };
    stage.doctor_says("mutter: there; screensaver: there");
    eventually("Mutter is asked once", SOON, || mutter.log().contains("AddIdleWatch 1000").then_some(()));

    mutter.fires(1);
    stage.sees("away");
    assert_eq!(stage.layer()["by"], "mutter");
    // The second time is the daemon's own to know.
    stage.sees("xa");
    eventually("Mutter is to tell of activity", SOON, || mutter.log().contains("AddUserActiveWatch").then_some(()));
    mutter.fires(2);
    stage.sees("online");

    saver.saves(true);
    stage.sees("away");
    assert_eq!(stage.layer()["by"], "screensaver");
    saver.saves(false);
    stage.sees("online");
    assert_eq!(mutter.log().matches("AddIdleWatch").count(), 1);
}

#[test]
fn a_compositor_tells_by_ext_idle_notify() {
    let Some(compositor) = present("compositor", Compositor::start()) else { return };
    let started = Stage::start(QUICK, &[("WAYLAND_DISPLAY", &compositor.display())]);
    let Some(mut stage) = present("compositor", started) else { return };
    stage.sees("away");
    assert_eq!(stage.layer()["by"], "compositor");
    stage.doctor_says("compositor: away since 20");
    compositor.press();
    stage.sees("online");
    stage.sees("away");
    drop(compositor);
    stage.sees("online");
}

#[test]
fn nothing_is_looked_at_until_it_is_configured_and_a_reload_does_it() {
    let Some(machine) = present("reload", Bus::start()) else { return };
    let Some(logind) = present("reload", Service::start(&machine, Kind::Logind)) else { return };
    logind.logs_in();
    logind.hints("LockedHint", true);
    let started = Stage::start("", &[("DBUS_SYSTEM_BUS_ADDRESS", &machine.address())]);
    let Some(mut stage) = present("reload", started) else { return };
    stage.doctor_says("idle time is not looked at");
    assert!(!logind.log().contains("ListSessions"), "{}", logind.log());
    stage.home.configure(&stage.verona.romeo(QUICK));
    stage.set(&["config", "reload"]);
    stage.sees("away");
    assert!(logind.log().contains("ListSessions"), "{}", logind.log());
    stage.home.configure(&stage.verona.romeo(""));
    stage.set(&["config", "reload"]);
    stage.sees("online");
    stage.doctor_says("idle time is not looked at");
}
