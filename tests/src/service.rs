//! logind, NetworkManager, a notification service, a screen saver and Mutter's idle monitor as python3-dbusmock plays
//! them, on a private bus that stands for the machine's or the session's.

use std::process::Command;

use rustix::process::Signal;

use crate::bus::Bus;
use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};

/// The session that [`Service::logs_in`] adds.
const SESSION: &str = "/org/freedesktop/login1/session/c1";

/// Which service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// org.freedesktop.login1.
    Logind,
    /// org.freedesktop.NetworkManager.
    NetworkManager,
    /// org.freedesktop.Notifications, whose bodies are markup.
    Notifications,
    /// The same, whose bodies are plain text.
    PlainNotifications,
    /// org.gnome.ScreenSaver.
    ScreenSaver,
    /// org.gnome.Mutter.IdleMonitor: one watch for idleness, number 1, and one for activity, number 2.
    Mutter,
}

/// A running stand-in; gone with the value.
#[derive(Debug)]
pub struct Service<'a> {
    kind: Kind,
    bus: &'a Bus,
    process: Process,
    folder: Folder,
}

impl<'a> Service<'a> {
    /// Starts one and waits until it has its name.
    ///
    /// # Errors
    /// `Missing` when python3-dbusmock or gdbus is not installed.
    pub fn start(bus: &'a Bus, kind: Kind) -> Result<Self, Missing> {
        program("gdbus")?;
        let installed = Command::new("/usr/bin/python3").args(["-c", "import dbusmock"]).output();
        if !installed.is_ok_and(|output| output.status.success()) {
            return Err(Missing("python3-dbusmock".to_owned()));
        }
        let (template, name) = (kind.template(), kind.name());
        let folder = Folder::new("service");
        let mut command = Command::new("/usr/bin/python3");
        clean(&mut command).env("DBUS_SESSION_BUS_ADDRESS", bus.address()).args(["-m", "dbusmock", "--session"]);
        match template {
            Some(template) => command.args(["--template", template]),
            None => command.args([name, kind.path(), name]),
        };
        if kind == Kind::PlainNotifications {
            command.args(["--parameters", r#"{"capabilities": "body"}"#]);
        }
        let process = Process::start(name, command, &folder.join("log"));
        bus.wait_for(name);
        let service = Self { kind, bus, process, folder };
        if kind == Kind::Mutter {
            for (method, takes, gives, code) in [
                ("GetIdletime", "", "t", "ret = 0"),
                ("AddIdleWatch", "t", "u", "ret = 1"),
                ("AddUserActiveWatch", "", "u", "ret = 2"),
            ] {
                let added = service.call("org.freedesktop.DBus.Mock.AddMethod", &[name, method, takes, gives, code]);
                assert!(added.contains("()"), "{method}: {added}");
            }
        }
        Ok(service)
    }

    /// Has logind know a session of this user's.
    pub fn logs_in(&self) {
        let user = rustix::process::getuid().as_raw().to_string();
        self.call("org.freedesktop.DBus.Mock.AddSession", &["c1", "seat0", &user, "romeo", "true"]);
        self.emit("org.freedesktop.login1.Manager", "SessionNew", "so", &format!("[<'c1'>, <objectpath '{SESSION}'>]"));
    }

    /// Has logind say this of that session: `IdleHint` or `LockedHint`.
    pub fn hints(&self, property: &str, is_so: bool) {
        let properties = format!("{{'{property}': <{is_so}>}}");
        let arguments = ["org.freedesktop.login1.Session", &properties];
        let answer = self.call_on(SESSION, "org.freedesktop.DBus.Mock.UpdateProperties", &arguments);
        assert!(answer.contains("()"), "{property}: {answer}");
    }

    /// Has the screen saver become active, or end.
    pub fn saves(&self, active: bool) {
        self.call("org.gnome.ScreenSaver.SetActive", &[&active.to_string()]);
    }

    /// Has Mutter's watch of this number fire.
    pub fn fires(&self, watch: u32) {
        self.emit("org.gnome.Mutter.IdleMonitor", "WatchFired", "u", &format!("[<uint32 {watch}>]"));
    }

    /// The calls that it got, a line each, as dbusmock logs them.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Has logind say that the machine is about to sleep, or woke up.
    pub fn sleeps(&self, sleeps: bool) {
        self.emit("org.freedesktop.login1.Manager", "PrepareForSleep", "b", &format!("[<{sleeps}>]"));
    }

    /// Has NetworkManager say what state it sees (`NMState`).
    pub fn network(&self, state: u32) {
        self.emit("org.freedesktop.NetworkManager", "StateChanged", "u", &format!("[<uint32 {state}>]"));
    }

    /// Who has logind wait before the machine sleeps, as gdbus prints it.
    #[must_use]
    pub fn inhibitors(&self) -> String {
        self.call("org.freedesktop.login1.Manager.ListInhibitors", &[])
    }

    /// Every notification that was shown, as gdbus prints the calls.
    #[must_use]
    pub fn notifications(&self) -> Vec<String> {
        let calls = self.call("org.freedesktop.DBus.Mock.GetMethodCalls", &["Notify"]);
        calls.split("<'xmppd'>, ").skip(1).map(str::to_owned).collect()
    }

    /// Lets it do nothing any more, or go on.
    pub fn freeze(&mut self, frozen: bool) {
        self.process.signal(if frozen { Signal::STOP } else { Signal::CONT });
    }

    fn emit(&self, interface: &str, signal: &str, signature: &str, arguments: &str) {
        let answer = self.call("org.freedesktop.DBus.Mock.EmitSignal", &[interface, signal, signature, arguments]);
        assert!(answer.contains("()"), "{signal}: {answer}");
    }

    fn call(&self, method: &str, arguments: &[&str]) -> String {
        self.call_on(self.kind.path(), method, arguments)
    }

    fn call_on(&self, path: &str, method: &str, arguments: &[&str]) -> String {
        let name = self.kind.name();
        let call = ["call", "--session", "--dest", name, "--object-path", path, "--method", method];
        self.bus.run("gdbus", &[&call[..], arguments].concat()).expect("gdbus was there before")
    }
}

impl Kind {
    fn template(self) -> Option<&'static str> {
        match self {
            Self::Logind => Some("logind"),
            Self::NetworkManager => Some("networkmanager"),
            Self::Notifications | Self::PlainNotifications => Some("notification_daemon"),
            Self::ScreenSaver => Some("gnome_screensaver"),
            Self::Mutter => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Logind => "org.freedesktop.login1",
            Self::NetworkManager => "org.freedesktop.NetworkManager",
            Self::Notifications | Self::PlainNotifications => "org.freedesktop.Notifications",
            Self::ScreenSaver => "org.gnome.ScreenSaver",
            Self::Mutter => "org.gnome.Mutter.IdleMonitor",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Logind => "/org/freedesktop/login1",
            Self::NetworkManager => "/org/freedesktop/NetworkManager",
            Self::Notifications | Self::PlainNotifications => "/org/freedesktop/Notifications",
            Self::ScreenSaver => "/org/gnome/ScreenSaver",
            Self::Mutter => "/org/gnome/Mutter/IdleMonitor/Core",
        }
    }
}
