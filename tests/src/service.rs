//! logind, NetworkManager and a notification service as python3-dbusmock plays them, on a private bus that stands for
//! the machine's or the session's.

use std::process::Command;

use rustix::process::Signal;

use crate::bus::Bus;
use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};
use crate::wait::{SOON, eventually};

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
}

/// A running stand-in; gone with the value.
#[derive(Debug)]
pub struct Service<'a> {
    kind: Kind,
    bus: &'a Bus,
    process: Process,
    _folder: Folder,
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
        clean(&mut command).env("DBUS_SESSION_BUS_ADDRESS", bus.address()).args([
            "-m",
            "dbusmock",
            "--session",
            "--template",
            template,
        ]);
        if kind == Kind::PlainNotifications {
            command.args(["--parameters", r#"{"capabilities": "body"}"#]);
        }
        let process = Process::start(template, command, &folder.join("log"));
        eventually(&format!("{name} is on the bus"), SOON, || {
            let arguments = ["call", "--session", "--dest", "org.freedesktop.DBus", "--object-path", "/"];
            let ask = ["--method", "org.freedesktop.DBus.NameHasOwner", name];
            bus.run("gdbus", &[&arguments[..], &ask].concat()).ok().filter(|answer| answer.contains("true")).map(drop)
        });
        Ok(Self { kind, bus, process, _folder: folder })
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
        let (name, path) = (self.kind.name(), self.kind.path());
        let call = ["call", "--session", "--dest", name, "--object-path", path, "--method", method];
        self.bus.run("gdbus", &[&call[..], arguments].concat()).expect("gdbus was there before")
    }
}

impl Kind {
    fn template(self) -> &'static str {
        match self {
            Self::Logind => "logind",
            Self::NetworkManager => "networkmanager",
            Self::Notifications | Self::PlainNotifications => "notification_daemon",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Logind => "org.freedesktop.login1",
            Self::NetworkManager => "org.freedesktop.NetworkManager",
            Self::Notifications | Self::PlainNotifications => "org.freedesktop.Notifications",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Logind => "/org/freedesktop/login1",
            Self::NetworkManager => "/org/freedesktop/NetworkManager",
            Self::Notifications | Self::PlainNotifications => "/org/freedesktop/Notifications",
        }
    }
}
