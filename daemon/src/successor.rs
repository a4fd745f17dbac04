//! The program that takes over at a restart: the one installed where this one was started from, with the same arguments,
//! in the same process. What it goes on with is on the disk.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};

/// The first descriptor that a service manager passes (sd_listen_fds(3)).
const FIRST: i32 = 3;

/// How this process was started, and the socket it was given.
pub(crate) struct Successor {
    program: PathBuf,
    arguments: Vec<OsString>,
    listener: Option<OwnedFd>,
}

impl Successor {
    /// Notes at the start what a restart needs: later the program's file may be another.
    ///
    /// # Errors
    /// When the program's file cannot be found out, or no descriptor is left.
    pub(crate) fn of(listener: Option<&UnixListener>) -> io::Result<Self> {
        Ok(Self {
            program: std::env::current_exe()?,
            arguments: std::env::args_os().skip(1).collect(),
            listener: listener.map(UnixListener::try_clone).transpose()?.map(OwnedFd::from),
        })
    }

    /// Becomes the installed program. Comes back only with the reason why not.
    pub(crate) fn take_over(self) -> io::Error {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        if let Some(listener) = &self.listener {
            match pass_on(listener) {
                Ok(passed) => {
                    command.env("LISTEN_FDS", "1").env("LISTEN_PID", std::process::id().to_string());
                    // The successor finds it by its number.
                    std::mem::forget(passed);
                }
                Err(error) => return error,
            }
        }
        command.exec()
    }
}

/// The socket where a service manager would have put it, to survive the exchange.
fn pass_on(listener: &OwnedFd) -> io::Result<OwnedFd> {
    let passed = fcntl_dupfd_cloexec(listener, FIRST)?;
    if passed.as_raw_fd() != FIRST {
        return Err(io::Error::other("the socket's place is taken"));
    }
    fcntl_setfd(&passed, FdFlags::empty())?;
    Ok(passed)
}
