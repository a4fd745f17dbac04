//! Programs that end with the value that holds them, folders that go with it, and free ports.
//!
//! What the programs are is the other modules' business.

use std::ffi::OsString;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::wait;

const FIRST_PORT: u16 = 10_240;
const PORTS: u64 = 22_000;

/// A running program, its process group, and a file with all that it printed.
///
/// Dropped, it is asked to end, then killed with its whole group; while a test fails, the end of its output is
/// printed. The kernel also kills it when the thread that started it ends, so that a killed test leaves none behind.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    ended: Option<ExitStatus>,
    log: PathBuf,
    grace: Duration,
}

impl Process {
    /// Starts `command` with nothing of this process's environment but what the command names, its output appended
    /// to `log`; both pipes stay free for the caller to set before: a standard input that is not set is empty.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[track_caller]
    #[must_use]
    pub fn start(name: &str, command: Command, log: &Path) -> Self {
        Self::start_with(name, command, log, Stdio::null(), None)
    }

    /// Like [`Process::start`], with pipes for standard input and output; the log has standard error alone.
    #[track_caller]
    #[must_use]
    pub fn start_piped(name: &str, command: Command, log: &Path) -> Self {
        Self::start_with(name, command, log, Stdio::piped(), Some(Stdio::piped()))
    }

    #[track_caller]
    fn start_with(name: &str, command: Command, log: &Path, input: Stdio, output: Option<Stdio>) -> Self {
        let file = std::fs::File::options().create(true).append(true).open(log);
        let file = file.unwrap_or_else(|error| panic!("{}: {error}", log.display()));
        let copy = file.try_clone().expect("a file's handle can be doubled");
        let mut bound = bound_to_this_thread(&command);
        bound.stdin(input).stdout(output.unwrap_or_else(|| copy.into())).stderr(file).process_group(0);
        let child = bound.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self { name: name.to_owned(), child, ended: None, log: log.to_owned(), grace: Duration::from_secs(5) }
    }

    /// How long it may take to end after SIGTERM before it is killed; 5 s when not set, none at all when zero.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The standard input of a piped program; `None` the second time.
    pub fn input(&mut self) -> Option<std::process::ChildStdin> {
        self.child.stdin.take()
    }

    /// The standard output of a piped program; `None` the second time. Tests read it as [`crate::talk::Talk`], which
    /// has a deadline.
    pub(crate) fn output(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// All that it has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The status it ended with, or `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Sends it a signal: the program itself, not its group. Nothing happens when it has ended.
    pub fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            // It may end between the question and the signal; the zombie still holds the id.
            let _ = rustix::process::kill_process(self.pid(), signal);
        }
    }

    /// Asks it to end, kills its whole group after the grace, and gives back how it ended.
    pub fn stop(&mut self) -> ExitStatus {
        if !self.grace.is_zero() {
            self.signal(Signal::TERM);
            let grace = self.grace;
            wait::until(grace, || self.ended());
        }
        self.kill()
    }

    /// Kills it and its group at once, and gives back how it ended.
    pub fn kill(&mut self) -> ExitStatus {
        // The group outlives its leader as long as a member runs; "no such group" means that none does.
        let _ = rustix::process::kill_process_group(self.pid(), Signal::KILL);
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
        }
        self.ended.unwrap_or_else(|| ExitStatus::from_raw(0))
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(60)..];
            eprintln!("--- {}, the end of its output ---\n{}", self.name, tail.join("\n"));
        }
    }
}

/// A folder of this test's own, gone with the value; only its owner may enter it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes `/tmp/xmppd-tests.NAME.RANDOM`. The name is kept short: socket paths hold 107 bytes.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let path = PathBuf::from(format!("/tmp/xmppd-tests.{name}.{:08x}", random() as u32));
        std::fs::create_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700))
            .expect("the owner of a folder sets its mode");
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path below it, whether or not it is there.
    #[must_use]
    pub fn join(&self, part: &str) -> PathBuf {
        self.path.join(part)
    }

    /// Writes a file below it, with the folders on the way, readable by the owner alone.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, part: &str, content: &str) -> PathBuf {
        let path = self.path.join(part);
        let folder = path.parent().expect("a file below a folder has a parent");
        std::fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("the owner of a file sets its mode");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A leftover in /tmp is no reason to hide the test's own result.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Listens on a port of 127.0.0.1 outside the range that outgoing connections take theirs from. No two calls of one
/// process are given the same: a server that was promised one may need a while until it listens.
///
/// # Panics
/// When a thousand ports are taken.
#[must_use]
pub fn listen() -> (TcpListener, u16) {
    static GIVEN: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(random() % PORTS));
    (0..1000)
        .map(|_| FIRST_PORT + (GIVEN.fetch_add(1, Ordering::Relaxed) % PORTS) as u16)
        .find_map(|port| Some((TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?, port)))
        .expect("one of a thousand ports is free")
}

/// A port of 127.0.0.1 on which nothing listens. It may stay taken for a moment yet: a program that another test
/// starts just now has the listener too, until it is that program.
///
/// # Panics
/// When a thousand ports are taken.
#[must_use]
pub fn free_port() -> u16 {
    listen().1
}

/// Empties the environment of a command down to what every program needs.
pub fn clean(command: &mut Command) -> &mut Command {
    command.env_clear().envs([("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"), ("LANG", "C.UTF-8")])
}

/// The same command through `setpriv`, which has the kernel kill it when the thread that started it ends.
fn bound_to_this_thread(command: &Command) -> Command {
    let mut bound = Command::new("setpriv");
    clean(&mut bound).args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    let set: Vec<(OsString, OsString)> =
        command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    bound.envs(set);
    if let Some(folder) = command.get_current_dir() {
        bound.current_dir(folder);
    }
    bound
}

fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
