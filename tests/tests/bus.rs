//! The session bus, driven by busctl and gdbus: methods, properties, signals, objects, errors, and a bus that fails.

use serde_json::{Value, json};
use xmppd_tests::bus::Bus;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::present;
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};
use xmppd_tests::talk::Talk;
use xmppd_tests::verona::Verona;
use xmppd_tests::wait::{SOON, eventually};

const NAME: &str = "org.xmppctl.Daemon1";
const PATH: &str = "/org/xmppctl/Daemon1";
const ACCOUNT: &str = "/org/xmppctl/Daemon1/account/home";

/// A daemon on a bus, with Romeo online.
struct Stage {
    _daemon: Daemon,
    home: Home,
    bus: Bus,
    verona: Verona,
}

fn stage(test: &str) -> Option<Stage> {
    let mut verona = present(test, Verona::start())?;
    let bus = present(test, Bus::start())?;
    present(test, bus.run("busctl", &["--version"]))?;
    present(test, bus.run("gdbus", &["help"]))?;
    let home = Home::new(&verona.romeo("")).expect("the programs are built").with_bus(&bus);
    let daemon = verona.enter(&home);
    await_name(&home);
    Some(Stage { _daemon: daemon, home, bus, verona })
}

fn await_name(home: &Home) {
    home.eventually(&["daemon", "status"], |status| status["bus_name"] == NAME);
}

impl Stage {
    /// Calls a method of the daemon's object by busctl; what it printed, an error included.
    fn call(&self, method: &str, arguments: &[&str]) -> String {
        let words = [&["--user", "call", NAME, PATH, NAME, method], arguments].concat();
        self.bus.run("busctl", &words).unwrap_or_default().trim_end().to_owned()
    }

    fn property(&self, path: &str, interface: &str, name: &str) -> Value {
        let printed = self.bus.run("busctl", &["--user", "--json=short", "get-property", NAME, path, interface, name]);
        let printed = printed.unwrap_or_default();
        serde_json::from_str::<Value>(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))["data"].take()
    }

    /// A monitor that prints JSON, once it is listening.
    fn busctl_monitor(&self) -> Talk {
        let mut monitor =
            self.bus.follow("busctl", &["--user", "--json=short", "monitor", NAME]).expect("busctl is there");
        // What is asked after it has begun is what it shows first.
        eventually("busctl monitors", SOON, || {
            self.property(PATH, NAME, "Show");
            monitor.process().log().contains("Monitoring").then_some(())
        });
        monitor
    }
}

fn changed<'a>(message: &'a Value, interface: &str) -> Option<&'a Value> {
    let fits = message["member"] == "PropertiesChanged" && message["payload"]["data"][0] == interface;
    fits.then(|| &message["payload"]["data"][1])
}

#[test]
fn the_object_introduces_itself_to_both_programs() {
    let Some(stage) = stage("bus") else { return };
    let busctl = stage.bus.run("busctl", &["--user", "introspect", NAME, PATH, NAME]).unwrap_or_default();
    let rows: Vec<Vec<&str>> = busctl.lines().map(|line| line.split_whitespace().take(4).collect()).collect();
    for row in [
        [".SetStatus", "method", "ss", "-"],
        [".SetStatusFor", "method", "sst", "-"],
        [".ClearStatus", "method", "-", "-"],
        [".Send", "method", "ss", "s"],
        [".SetTune", "method", "a{sv}", "-"],
        [".ClearTune", "method", "-", "-"],
        [".Call", "method", "ss", "s"],
        [".Show", "property", "s", "\"online\""],
        [".Status", "property", "s", "\"\""],
        [".Connection", "property", "s", "\"online\""],
        [".Tune", "property", "a{sv}", "0"],
        [".Unread", "property", "u", "0"],
        [".MessageReceived", "signal", "ssss", "-"],
        [".PresenceChanged", "signal", "ssss", "-"],
    ] {
        assert!(rows.contains(&row.to_vec()), "{row:?} in\n{busctl}");
    }
    let gdbus =
        stage.bus.run("gdbus", &["introspect", "--session", "--dest", NAME, "--object-path", PATH, "--recurse"]);
    let gdbus = gdbus.unwrap_or_default();
    for part in [
        "Send(in  s to,",
        "out s id",
        "Call(in  s method,",
        "org.xmppctl.Account1",
        "org.freedesktop.DBus.ObjectManager",
    ] {
        assert!(gdbus.contains(part), "{part} in\n{gdbus}");
    }
}

#[test]
fn methods_reach_juliet_and_properties_follow() {
    let Some(mut stage) = stage("bus") else { return };
    let romeo = ROMEO.jid();
    let mut monitor = stage.busctl_monitor();
    assert_eq!(stage.call("SetStatus", &["ss", "dnd", "Good night"]), "");
    let seen = stage.verona.juliet.wait_for_presence(&romeo, "romeo is busy", |seen| seen["show"] == "dnd");
    assert_eq!(seen["status"], "Good night");
    let told = monitor.wait_for_json("Show has changed", |message| changed(message, NAME).is_some());
    let told = changed(&told, NAME).expect("it was looked for");
    assert_eq!((&told["Show"]["data"], &told["Status"]["data"]), (&json!("dnd"), &json!("Good night")));
    assert_eq!(stage.property(PATH, NAME, "Show"), "dnd");
    assert_eq!(stage.property(ACCOUNT, "org.xmppctl.Account1", "Status"), "Good night");

    assert_eq!(stage.call("ClearStatus", &[]), "");
    let seen = stage.verona.juliet.wait_for_presence(&romeo, "romeo is free", |seen| seen["show"] == "online");
    assert_eq!(seen["status"], Value::Null);

    assert_eq!(stage.call("SetStatusFor", &["sst", "xa", "Lunch", "1500"]), "");
    stage.verona.juliet.wait_for_presence(&romeo, "romeo eats", |seen| seen["status"] == "Lunch");
    stage.verona.juliet.wait_for_presence(&romeo, "romeo is back", |seen| seen["show"] == "online");

    let id = stage.call("Send", &["ss", &JULIET.jid(), "By the bus — ♪"]);
    let message = stage.verona.juliet.wait_for("romeo's message", |event| event["event"] == "message");
    assert_eq!(message["body"], "By the bus — ♪");
    assert_eq!(id, format!("s {}", message["id"]));

    let tune = [
        "a{sv}",
        "3",
        "xesam:title",
        "s",
        "Montagues",
        "xesam:artist",
        "as",
        "1",
        "Prokofiev",
        "mpris:length",
        "x",
        "342000000",
    ];
    assert_eq!(stage.call("SetTune", &tune), "");
    let seen = stage.verona.juliet.wait_for_tune(&romeo, "romeo's tune", |tune| tune["title"] == "Montagues");
    assert_eq!((&seen["tune"]["artist"], &seen["tune"]["length"]), (&json!("Prokofiev"), &json!("342")));
    let told = monitor.wait_for_json("Tune has changed", |message| {
        changed(message, NAME).is_some_and(|told| told.get("Tune").is_some())
    });
    assert_eq!(
        changed(&told, NAME).map(|told| told["Tune"]["data"]["xesam:title"]["data"].clone()),
        Some(json!("Montagues"))
    );
    assert_eq!(stage.call("ClearTune", &[]), "");
    stage.verona.juliet.wait_for_tune(&romeo, "romeo's silence", |tune| tune == &json!({}));

    let called =
        stage.bus.run("busctl", &["--user", "--json=short", "call", NAME, PATH, NAME, "Call", "ss", "roster", "{}"]);
    let called: Value = serde_json::from_str(&called.unwrap_or_default()).expect("busctl prints JSON");
    let roster: Value =
        serde_json::from_str(called["data"][0].as_str().unwrap_or_default()).expect("the result is JSON");
    assert_eq!(roster["accounts"][0]["contacts"][0]["jid"], JULIET.jid());
}

#[test]
fn what_juliet_does_is_a_signal_to_both_programs() {
    let Some(mut stage) = stage("bus") else { return };
    let mut busctl = stage.busctl_monitor();
    let mut gdbus = stage.bus.follow("gdbus", &["monitor", "--session", "--dest", NAME]).expect("gdbus is there");
    gdbus.wait_for("gdbus knows the owner", |line| line.contains("is owned by"));
    let full = stage.verona.juliet.jid().to_owned();
    // gdbus listens a moment after it says that it does.
    let said = eventually("gdbus sees juliet", SOON, || {
        stage.verona.juliet.tell("presence", &json!({"show": "xa", "status": "on the balcony"}));
        stage.verona.juliet.tell("presence", &json!({"show": "away", "status": "in the vault"}));
        Some(gdbus.wait_for("PresenceChanged", |line| line.contains("PresenceChanged")))
    });
    // It may have missed the first.
    let told = [("xa", "on the balcony"), ("away", "in the vault")];
    assert!(
        told.iter().any(|(show, text)| said.contains(&format!("('home', '{full}', '{show}', '{text}')"))),
        "{said}"
    );
    let signal = busctl.wait_for_json("PresenceChanged", |message| message["member"] == "PresenceChanged");
    assert_eq!(signal["payload"]["data"], json!(["home", full, "xa", "on the balcony"]));
    assert_eq!((&signal["path"], &signal["interface"]), (&json!(PATH), &json!(NAME)));

    stage.verona.juliet.tell("message", &json!({"to": ROMEO.jid(), "body": "Ay me! 'tis \"so\""}));
    let said = gdbus.wait_for("MessageReceived", |line| line.contains("MessageReceived"));
    assert!(said.contains("Ay me!"), "{said}");
    let signal = busctl.wait_for_json("MessageReceived", |message| message["member"] == "MessageReceived");
    let data = &signal["payload"]["data"];
    assert_eq!((&data[0], &data[1], &data[2]), (&json!("home"), &json!(full), &json!("Ay me! 'tis \"so\"")));
    assert!(data[3].as_str().is_some_and(|id| !id.is_empty()), "{signal}");
}

#[test]
fn accounts_are_objects_that_come_and_go_with_the_configuration() {
    let Some(stage) = stage("bus") else { return };
    let managed = || {
        let words =
            ["--user", "--json=short", "call", NAME, PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"];
        let printed = stage.bus.run("busctl", &words).unwrap_or_default();
        let mut printed: Value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
        printed["data"][0].take()
    };
    let account = &managed()[ACCOUNT]["org.xmppctl.Account1"];
    assert_eq!((&account["Name"]["data"], &account["State"]["data"]), (&json!("home"), &json!("online")), "{account}");
    assert!(account["Jid"]["data"].as_str().is_some_and(|jid| jid.starts_with("romeo@verona.example/")), "{account}");
    let mut monitor = stage.busctl_monitor();
    stage.home.configure(&(stage.verona.romeo("") + &stage.verona.account("a.b", MERCUTIO, "")));
    assert_eq!(stage.home.ctl(&["config", "reload"]).code, 0);
    let path = format!("{PATH}/account/a_2eb");
    let added = monitor.wait_for_json("the account is added", |message| message["member"] == "InterfacesAdded");
    assert_eq!(added["payload"]["data"][0], path);
    eventually("mercutio is online", SOON, || {
        (stage.property(&path, "org.xmppctl.Account1", "State") == "online").then_some(())
    });
    stage.home.configure(&stage.verona.romeo(""));
    assert_eq!(stage.home.ctl(&["config", "reload"]).code, 0);
    let removed = monitor.wait_for_json("the account is removed", |message| message["member"] == "InterfacesRemoved");
    assert_eq!(removed["payload"]["data"][0], path);
    assert_eq!(managed().as_object().map(|objects| objects.contains_key(&path)), Some(false));
}

#[test]
fn failures_are_named_and_another_user_is_refused() {
    let Some(stage) = stage("bus") else { return };
    let gdbus = |method: &str, arguments: &[&str]| {
        let method = format!("{NAME}.{method}");
        let words = ["call", "--session", "--dest", NAME, "--object-path", PATH, "--method", &method];
        stage.bus.run("gdbus", &[&words[..], arguments].concat()).unwrap_or_default()
    };
    for (method, arguments, name) in [
        ("SetStatus", &["sleepy", ""][..], "Usage"),
        ("SetStatus", &["invisible", ""], "Unsupported"),
        ("Send", &["not a@jid@", "x"], "Usage"),
        ("SetTune", &["{}"], "Usage"),
        ("Call", &["no.such", "{}"], "Usage"),
        ("Call", &["status", "{"], "Usage"),
        ("Call", &["status", "{\"account\":\"elsewhere\"}"], "NotFound"),
        ("Call", &["watch.start", "{}"], "Policy"),
        ("Call", &["ping", "{\"jid\":\"juliet@verona.example/nobody\"}"], "Refused"),
    ] {
        let said = gdbus(method, arguments);
        assert!(said.contains(&format!("org.xmppctl.Error.{name}")), "{method} {arguments:?}: {said}");
    }
    stage.bus.open_to_everybody();
    let nobody = ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--", "busctl", "--user"];
    for words in [
        &["call", NAME, PATH, NAME, "SetStatus", "ss", "away", "stolen"][..],
        &["call", NAME, PATH, NAME, "Call", "ss", "roster", ""],
        &["get-property", NAME, PATH, NAME, "Status"],
        &["get-property", NAME, ACCOUNT, "org.xmppctl.Account1", "Jid"],
    ] {
        let said = stage.bus.run("setpriv", &[&nobody[..], words].concat()).unwrap_or_default();
        assert!(said.contains("only programs of the user who runs xmppd"), "{words:?}: {said}");
    }
    assert_eq!(stage.property(PATH, NAME, "Show"), "online");
}

#[test]
fn a_taken_name_and_a_lost_bus_cost_the_face_alone() {
    let Some(mut verona) = present("bus", Verona::start()) else { return };
    let Some(mut bus) = present("bus", Bus::start()) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built").with_bus(&bus);
    let squatter = Home::new("").expect("the programs are built").with_bus(&bus);
    let mut first = squatter.start();
    await_name(&squatter);
    let _daemon = verona.enter(&home);
    let says = |what: &'static str, state: &'static str, word: &'static str| {
        move |report: &Value| {
            let checks = report["checks"].as_array().map_or(&[][..], Vec::as_slice);
            checks.iter().any(|check| {
                let message = check["message"].as_str().unwrap_or_default();
                check["check"] == what && check["state"] == state && message.contains(word)
            })
        }
    };
    home.eventually(&["doctor"], says("session-bus", "warning", "taken by another program"));
    assert_eq!(home.ctl(&["status", "away", "still here"]).code, 0);
    verona.juliet.wait_for_presence(&ROMEO.jid(), "romeo is away", |seen| seen["show"] == "away");
    assert_eq!(first.stop(), Some(0));
    home.eventually(&["doctor"], says("session-bus", "ok", NAME));

    bus.stop();
    home.eventually(&["doctor"], says("session-bus", "warning", ""));
    home.eventually(&["doctor"], says("notifications", "warning", "cannot be shown"));
    assert_eq!(home.ctl(&["status", "dnd", "without a bus"]).code, 0);
    verona.juliet.wait_for_presence(&ROMEO.jid(), "romeo is busy", |seen| seen["show"] == "dnd");
    bus.restart();
    await_name(&home);
    let shown = bus.run("busctl", &["--user", "get-property", NAME, PATH, NAME, "Show", "Status"]).unwrap_or_default();
    assert_eq!(shown, "s \"dnd\"\ns \"without a bus\"\n");
}

#[test]
fn a_call_to_the_name_starts_the_daemon() {
    let Some(mut bus) = present("bus", Bus::start()) else { return };
    let home = Home::new("").expect("the programs are built").with_bus(&bus);
    let command = home.command(home.programs()[0], &[]);
    let variables: Vec<String> = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_str()?, value?.to_str()?)))
        .collect();
    // The bus starts it with the bus's own environment; a person's session has these variables in it.
    bus.activate(NAME, &format!("/usr/bin/env {} {}", variables.join(" "), home.programs()[0].display()));
    bus.restart();
    let shown = bus.run("busctl", &["--user", "get-property", NAME, PATH, NAME, "Connection"]).unwrap_or_default();
    assert_eq!(shown, "s \"offline\"\n");
    let pid = home.json(&["daemon", "status"])["pid"].clone();
    assert_eq!(home.ctl(&["daemon", "stop"]).code, 0);
    eventually("the daemon has ended", SOON, || {
        (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(())
    });
}
