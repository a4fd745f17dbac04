//! `status SHOW TEXT -- COMMAND`: the status lasts as long as this program's connection, and that as long as the command.
//! So it goes however this program ends. A daemon that goes away is waited for while the command runs on.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::Cause;
use xmppd_proto::request::{StatusHold, StatusRelease};
use xmppd_proto::{Failure, Kind, Timestamp, jsonrpc};

use crate::client::{Client, Patience, REQUEST};
use crate::report::{self, Stop};
use crate::session::Session;

/// What is passed on to the command.
const PASSED_ON: [i32; 4] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];
/// How long a daemon may take to answer while the command runs, or has ended.
const ANSWER: Duration = Duration::from_secs(2);
/// The pauses between attempts to find the daemon again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What a shell says of a command that is not there, or cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

/// Runs the command under this status; ends with the command's exit code.
pub(super) fn run(mut hold: StatusHold, command: &[OsString], session: &Session) -> Result<(), Stop> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Failure::usage("there is no command behind --").into());
    };
    hold.by = Path::new(program).file_name().map(|name| name.to_string_lossy().into_owned());
    let line = jsonrpc::request_line(REQUEST, &hold);
    session.print_request(&line)?;
    let mut client = session.connect()?;
    client.call(&line, session.patience(Some("waiting for xmppd …")))?;
    if let Some(millis) = hold.for_ms.take() {
        // A daemon that is told again is told the same end.
        hold.until = Timestamp::now().checked_add(Duration::from_millis(millis)).ok();
    }
    let line = jsonrpc::request_line(REQUEST, &hold);
    let mut keeper = Keeper { session, line, link: Link::Up(client) };
    let watched = Signals::catch().and_then(|signals| Ok((signals, Command::new(program).args(arguments).spawn()?)));
    let status = watched.and_then(|(mut signals, mut child)| keeper.watch(&mut child, &mut signals));
    keeper.release();
    match status {
        Ok(status) => Err(Stop::Exit(code(status))),
        Err(error) => Err(cannot_run(program, &error, session.global.json)),
    }
}

/// The status while the command runs.
struct Keeper<'a> {
    session: &'a Session,
    line: String,
    link: Link,
}

/// The connection that the status lasts as long as.
enum Link {
    Up(Client),
    /// Tried again then.
    Down {
        at: Instant,
        pause: Duration,
    },
    /// The daemon has refused the status, or it has had its time.
    Over,
}

impl Keeper<'_> {
    /// Waits for the command, passes signals on, and sees to it that a new daemon is told.
    fn watch(&mut self, child: &mut Child, signals: &mut Signals) -> io::Result<ExitStatus> {
        let pid = Pid::from_child(child);
        loop {
            self.wait(signals)?;
            for signal in signals.taken() {
                // It may have ended; as long as nobody has asked how, its id is nobody else's.
                let _ = kill_process(pid, signal);
            }
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            match &mut self.link {
                Link::Up(client) => {
                    if client.closed_within(Duration::ZERO) {
                        self.lose();
                    }
                }
                Link::Down { at, pause } if *at <= Instant::now() => {
                    let pause = *pause;
                    self.hold_again(pause);
                }
                Link::Down { .. } | Link::Over => {}
            }
        }
    }

    /// Sleeps until a signal comes (the command's end is one), the connection says something, or it is time to try.
    fn wait(&self, signals: &Signals) -> io::Result<()> {
        let mut descriptors = vec![PollFd::from_borrowed_fd(signals.0.get_read().as_fd(), PollFlags::IN)];
        let mut timeout = None;
        match &self.link {
            Link::Up(client) => descriptors.push(PollFd::from_borrowed_fd(client.descriptor(), PollFlags::IN)),
            Link::Down { at, .. } => timeout = Timespec::try_from(at.saturating_duration_since(Instant::now())).ok(),
            Link::Over => {}
        }
        match poll(&mut descriptors, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn lose(&mut self) {
        self.link = Link::Down { at: Instant::now() + FIRST_PAUSE, pause: FIRST_PAUSE };
        if !self.session.global.quiet && !self.session.global.json {
            eprintln!("xmppctl: the daemon is gone, and the status with it until it is back");
        }
    }

    fn hold_again(&mut self, pause: Duration) {
        let held = self.session.connect().and_then(|mut client| {
            client.call(&self.line, Patience { limit: Some(ANSWER), ..Patience::default() })?;
            Ok(client)
        });
        self.link = match held {
            Ok(client) => Link::Up(client),
            Err(failure) if failure.kind == Kind::NoDaemon || failure.kind == Kind::TimedOut => {
                let pause = (pause * 2).min(LONGEST_PAUSE);
                Link::Down { at: Instant::now() + pause, pause }
            }
            Err(_) => Link::Over,
        };
    }

    /// Ends the status; whoever asks next sees what is under it.
    fn release(self) {
        if let Link::Up(mut client) = self.link {
            let line = jsonrpc::request_line(REQUEST, &StatusRelease {});
            // The end of the connection releases it all the same.
            let _ = client.call(&line, Patience { limit: Some(ANSWER), ..Patience::default() });
        }
    }
}

/// The signals that end programs, with where they come from, and that of a child's end.
struct Signals(SignalDelivery<UnixStream, WithOrigin>);

impl Signals {
    /// Catches them from now on. Those that this program was started to ignore (nohup(1)) stay ignored, here and in the
    /// command.
    fn catch() -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        let ignored = ignored();
        let is_wanted = |signal: &i32| ignored >> (signal - 1) & 1 == 0;
        let signals = PASSED_ON.into_iter().filter(is_wanted).chain([SIGCHLD]);
        SignalDelivery::with_pipe(read, write, WithOrigin::default(), signals).map(Self)
    }

    /// Those that have come for the command. What the terminal sends, it sends to the command too.
    fn taken(&mut self) -> Vec<Signal> {
        let meant = |origin: &signal_hook::low_level::siginfo::Origin| {
            origin.signal != SIGCHLD && !matches!(origin.cause, Cause::Kernel)
        };
        self.0.pending().filter(meant).filter_map(|origin| Signal::from_named_raw(origin.signal)).collect()
    }
}

/// The signals that are ignored, a bit each (proc_pid_status(5)).
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// The exit code as a shell tells it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    u8::try_from(code).unwrap_or(u8::MAX)
}

fn cannot_run(program: &OsString, error: &io::Error, json: bool) -> Stop {
    let (kind, code) =
        if error.kind() == io::ErrorKind::NotFound { (Kind::NotFound, NOT_FOUND) } else { (Kind::Unexpected, NOT_RUN) };
    let failure = Failure::new(kind, format!("cannot run `{}`: {error}", program.to_string_lossy()))
        .with_hint("behind -- stands a program in the PATH with its words, not a line for a shell");
    report::tell(&failure, json);
    Stop::Exit(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_as_a_shell_would_tell() {
        for (raw, expected) in [(0, 0), (7 << 8, 7), (15, 143), (9, 137)] {
            assert_eq!(code(ExitStatus::from_raw(raw)), expected, "{raw}");
        }
    }
}
