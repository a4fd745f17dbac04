//! A message bus of a test's own: started on a private socket, stopped when dropped, restarted on demand.
//! Tests only; what is connected to it is the test's business.

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use zbus::Connection;

use super::Bus;

/// How long a test waits for anything before it fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A `dbus-daemon` with a folder of its own.
pub(crate) struct PrivateBus {
    folder: PathBuf,
    daemon: Option<Child>,
}

impl PrivateBus {
    /// A bus that is up.
    pub(crate) fn start() -> Self {
        let mut bus = Self::absent();
        bus.restart();
        bus
    }

    /// The place of a bus which is not there yet.
    pub(crate) fn absent() -> Self {
        let folder = fresh_folder();
        fs::create_dir(folder.join("services")).unwrap();
        let config = format!(
            "<busconfig><type>session</type><listen>unix:path={0}/bus</listen><servicedir>{0}/services</servicedir>\
             <policy context='default'><allow send_destination='*' eavesdrop='true'/>\
             <allow eavesdrop='true'/><allow own='*'/></policy></busconfig>",
            folder.display()
        );
        fs::write(folder.join("bus.conf"), config).unwrap();
        Self { folder, daemon: None }
    }

    /// Starts it, after stopping what runs.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let mut daemon = Command::new("dbus-daemon")
            .arg("--config-file")
            .arg(self.folder.join("bus.conf"))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(!address.is_empty(), "dbus-daemon did not start");
        self.daemon = Some(daemon);
    }

    /// Kills it: every connection breaks.
    pub(crate) fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().unwrap();
            daemon.wait().unwrap();
            let _ = fs::remove_file(self.folder.join("bus"));
        }
    }

    /// How to reach it.
    pub(crate) fn bus(&self) -> Bus {
        Bus::At(self.address())
    }

    /// Its address, for programs that are not ours.
    pub(crate) fn address(&self) -> String {
        format!("unix:path={}/bus", self.folder.display())
    }

    /// A folder for what a test leaves behind.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A connection for the test itself.
    pub(crate) async fn connect(&self) -> Connection {
        self.bus().connect(DEADLINE).await.unwrap()
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn fresh_folder() -> PathBuf {
    let place = std::env::temp_dir();
    (0..)
        .map(|number: u32| place.join(format!("xmppd-bus-{}-{number}", std::process::id())))
        .find(|folder| match fs::create_dir(folder) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => panic!("{}: {error}", folder.display()),
        })
        .expect("the numbers do not run out")
}
