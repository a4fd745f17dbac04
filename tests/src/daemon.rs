//! The real `xmppd` and `xmppctl`, in folders of a test's own, with an environment that names everything they find.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bus::Bus;
use crate::missing::Missing;
use crate::netns::Netns;
use crate::process::{Folder, Process, clean};
use crate::small_disk::SmallDisk;
use crate::talk::Talk;
use crate::wait::{SOON, eventually, until};

/// How long one `xmppctl` may take before it is killed, in seconds; it then ends with 124.
const PATIENCE: &str = "60";

/// The folders of one person: configuration, state, runtime. They outlive a daemon, so that another can go on in them.
#[derive(Debug)]
pub struct Home {
    folder: Folder,
    programs: Programs,
    environment: Vec<(String, String)>,
    namespace: Option<Vec<String>>,
}

/// A running `xmppd`; it is asked to end, then killed, when dropped.
#[derive(Debug)]
pub struct Daemon {
    process: Process,
}

/// What a program said at its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The exit code; 128 and the signal when it was killed.
    pub code: i32,
    /// What it printed for programs.
    pub stdout: String,
    /// What it printed for people.
    pub stderr: String,
}

#[derive(Clone, Debug)]
struct Programs {
    daemon: PathBuf,
    control: PathBuf,
}

impl Home {
    /// Folders with this configuration (TOML), and no session bus.
    ///
    /// # Errors
    /// `Missing` when the programs are not built.
    pub fn new(configuration: &str) -> Result<Self, Missing> {
        let programs = Programs { daemon: binary("xmppd", "XMPPD_BIN")?, control: binary("xmppctl", "XMPPCTL_BIN")? };
        let folder = Folder::new("home");
        let home = Self { folder, programs, environment: Vec::new(), namespace: None };
        home.configure(configuration);
        home.folder.write("run/.keep", "");
        let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(home.folder.join("run"), only_owner).expect("the owner of a folder sets its mode");
        Ok(home)
    }

    /// The same with a session bus.
    #[must_use]
    pub fn with_bus(self, bus: &Bus) -> Self {
        self.with("DBUS_SESSION_BUS_ADDRESS", &bus.address())
    }

    /// The same with one more environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with the programs run inside a network namespace.
    #[must_use]
    pub fn within(mut self, namespace: &Netns) -> Self {
        self.namespace = Some(namespace.prefix());
        self
    }

    /// The same with the state on a disk of its own.
    #[must_use]
    pub fn with_state_on(mut self, disk: &SmallDisk) -> Self {
        self.namespace = Some(disk.prefix());
        self.with("XDG_STATE_HOME", &disk.inside())
    }

    /// Replaces the configuration file; a running daemon learns of it by SIGHUP or `config reload`.
    pub fn configure(&self, configuration: &str) {
        self.folder.write("config/xmppd/config.toml", configuration);
    }

    /// Writes a file of the test's own into the home folder (`~`), mode 0600, and gives back its path.
    pub fn write(&self, part: &str, content: &str) -> PathBuf {
        self.folder.write(part, content)
    }

    /// Where the daemon keeps its state.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.join("state/xmppd")
    }

    /// Where the daemon's socket is.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("run/xmppd/rpc.sock")
    }

    /// Starts the daemon and waits until its socket answers.
    ///
    /// # Panics
    /// When it ends before, or takes too long.
    #[track_caller]
    #[must_use]
    pub fn start(&self) -> Daemon {
        let mut process = Process::start("xmppd", self.command(&self.programs.daemon, &[]), &self.folder.join("log"));
        let socket = self.socket();
        let answers = eventually("xmppd answers on its socket", SOON, || {
            let ended = process.ended().map(|_| false);
            ended.or_else(|| UnixStream::connect(&socket).is_ok().then_some(true))
        });
        assert!(answers, "xmppd ended instead of starting:\n{}", process.log());
        Daemon { process }
    }

    /// Runs `xmppd` with these arguments until it ends: for starts that must fail, and for `--check`.
    #[must_use]
    pub fn xmppd(&self, arguments: &[&str]) -> Answer {
        self.run(&self.programs.daemon, arguments)
    }

    /// Runs `xmppctl` with these arguments.
    #[must_use]
    pub fn ctl(&self, arguments: &[&str]) -> Answer {
        self.run(&self.programs.control, arguments)
    }

    /// Runs `xmppctl --json` with these arguments and gives back its document.
    ///
    /// # Panics
    /// When it does not end with 0 or prints anything but one document.
    #[track_caller]
    #[must_use]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let answer = self.ctl(&[&["--json"], arguments].concat());
        assert_eq!(answer.code, 0, "xmppctl --json {arguments:?}: {answer:?}");
        serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {answer:?}"))
    }

    /// Asks `xmppctl --json` again and again until its document fits.
    ///
    /// # Panics
    /// When none fits [`SOON`].
    #[track_caller]
    pub fn eventually(&self, arguments: &[&str], fits: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = until(SOON, || {
            last = self.json(arguments);
            fits(&last).then(|| last.clone())
        });
        found.unwrap_or_else(|| panic!("waited {SOON:?} in vain for `xmppctl {}`; last: {last}", arguments.join(" ")))
    }

    /// Starts any program that goes on, with the environment of this home and pipes to it.
    #[must_use]
    pub fn talk(&self, program: &Path, arguments: &[&str]) -> Talk {
        let name = program.to_string_lossy().into_owned();
        let log = self.folder.join("talk.log");
        Talk::with(Process::start_piped(&name, self.command(program, arguments), &log))
    }

    /// Starts an `xmppctl` that goes on, such as `watch`, to be read line by line.
    #[must_use]
    pub fn watch(&self, arguments: &[&str]) -> Talk {
        self.talk(&self.programs.control, arguments)
    }

    /// Where `xmppd` and `xmppctl` are.
    #[must_use]
    pub fn programs(&self) -> [&Path; 2] {
        [&self.programs.daemon, &self.programs.control]
    }

    /// A command for any program with the environment of this home.
    #[must_use]
    pub fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = match self.namespace.as_deref() {
            Some([first, rest @ ..]) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
            Some([]) | None => Command::new(program),
        };
        clean(&mut command)
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.join("config"))
            .env("XDG_STATE_HOME", self.folder.join("state"))
            .env("XDG_CACHE_HOME", self.folder.join("cache"))
            .env("XDG_DATA_HOME", self.folder.join("data"))
            .env("XDG_RUNTIME_DIR", self.folder.join("run"))
            // Else the bus of the machine would be found by its usual place.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
            .env("RUST_BACKTRACE", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .args(arguments)
            .current_dir(self.folder.path());
        command
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Answer {
        let program = program.to_string_lossy();
        let bounded = [&["--kill-after=1", PATIENCE, &program], arguments].concat();
        let output = self.command(Path::new("timeout"), &bounded).output().expect("timeout runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
        Answer {
            code: output.status.code().unwrap_or_else(|| 128 + signal.unwrap_or_default()),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Daemon {
    /// The process: its id, its log, signals to it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// All that it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Asks it to end and gives back its exit code, `None` when it had to be killed.
    pub fn stop(&mut self) -> Option<i32> {
        self.process.stop().code()
    }

    /// Kills it without a word.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}

/// A program of the workspace: named by the variable, else beside the folder of the running test.
fn binary(name: &str, variable: &str) -> Result<PathBuf, Missing> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let built = || Some(std::env::current_exe().ok()?.parent()?.parent()?.join(name));
    named
        .or_else(built)
        .filter(|path| path.is_file())
        .ok_or_else(|| Missing(format!("{name} (build it: cargo build -p {name}; or name it: {variable})")))
}
