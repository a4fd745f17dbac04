//! A private session bus, with activation files of the test's own and none of the machine's.

use std::os::unix::net::UnixStream;
use std::process::Command;

use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};
use crate::talk::Talk;
use crate::wait::{SOON, eventually};

/// A running `dbus-daemon`; gone with the value.
#[derive(Debug)]
pub struct Bus {
    process: Option<Process>,
    folder: Folder,
}

impl Bus {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// `Missing` when there is no `dbus-daemon`.
    pub fn start() -> Result<Self, Missing> {
        program("dbus-daemon")?;
        let folder = Folder::new("bus");
        folder.write("services/.keep", "");
        let path = folder.path().display();
        // As large as the session's own bus lets messages be (session.conf of D-Bus).
        let configuration = format!(
            "<busconfig><type>session</type><listen>unix:path={path}/bus</listen><auth>EXTERNAL</auth>\
             <servicedir>{path}/services</servicedir><policy context=\"default\">\
             <allow user=\"*\"/><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>\
             </policy>\
             <limit name=\"max_incoming_bytes\">1000000000</limit><limit name=\"max_outgoing_bytes\">1000000000</limit>\
             <limit name=\"max_message_size\">1000000000</limit></busconfig>"
        );
        folder.write("bus.conf", &configuration);
        let mut bus = Self { process: None, folder };
        bus.restart();
        Ok(bus)
    }

    /// The address for `DBUS_SESSION_BUS_ADDRESS`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("unix:path={}", self.folder.join("bus").display())
    }

    /// Writes a D-Bus activation file; it counts from the next start on.
    pub fn activate(&self, name: &str, exec: &str) {
        let service = format!("[D-BUS Service]\nName={name}\nExec={exec}\n");
        self.folder.write(&format!("services/{name}.service"), &service);
    }

    /// Waits until somebody has this name.
    pub fn wait_for(&self, name: &str) {
        eventually(&format!("{name} is on the bus"), SOON, || {
            let arguments = ["call", "--session", "--dest", "org.freedesktop.DBus", "--object-path", "/"];
            let ask = ["--method", "org.freedesktop.DBus.NameHasOwner", name];
            self.run("gdbus", &[&arguments[..], &ask].concat()).ok().filter(|answer| answer.contains("true")).map(drop)
        });
    }

    /// Lets other users of the machine reach it.
    pub fn open_to_everybody(&self) {
        let anybody = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(self.folder.path(), anybody).expect("the owner of a folder sets its mode");
    }

    /// Starts a program of somebody else's that goes on (`gdbus monitor`) on this bus.
    ///
    /// # Errors
    /// `Missing` when there is no such program.
    pub fn follow(&self, name: &str, arguments: &[&str]) -> Result<Talk, Missing> {
        let mut command = Command::new(program(name)?);
        clean(&mut command)
            .env("HOME", self.folder.path())
            .env("DBUS_SESSION_BUS_ADDRESS", self.address())
            .args(arguments);
        let log = self.folder.join("follow.log");
        Ok(Talk::with(Process::start_piped(name, command, &log)))
    }

    /// Kills it: everybody on it is cut off.
    pub fn stop(&mut self) {
        self.process = None;
        // A socket file that is left behind would look like a bus that does not answer.
        let _ = std::fs::remove_file(self.folder.join("bus"));
    }

    /// Starts it again at the same address.
    pub fn restart(&mut self) {
        self.stop();
        let mut command = Command::new("dbus-daemon");
        clean(&mut command)
            .env("HOME", self.folder.path())
            .arg(format!("--config-file={}", self.folder.join("bus.conf").display()))
            .args(["--nofork", "--nopidfile"]);
        self.process = Some(Process::start("dbus-daemon", command, &self.folder.join("log")));
        let socket = self.folder.join("bus");
        eventually("the session bus answers", SOON, || UnixStream::connect(&socket).ok());
    }

    /// Runs a program of somebody else's on this bus (`busctl --user`, `gdbus`, `playerctl`) and gives back what it
    /// printed; standard error comes after standard output when it failed.
    ///
    /// # Errors
    /// `Missing` when there is no such program.
    pub fn run(&self, name: &str, arguments: &[&str]) -> Result<String, Missing> {
        let mut command = Command::new("timeout");
        clean(&mut command)
            .env("HOME", self.folder.path())
            .env("DBUS_SESSION_BUS_ADDRESS", self.address())
            .args(["--kill-after=1", "20"])
            .arg(program(name)?)
            .args(arguments);
        let output = command.output().map_err(|_| Missing("timeout".to_owned()))?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            text.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        Ok(text)
    }
}
