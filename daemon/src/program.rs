//! Runs a program of the person's: without a shell, in a process group of its own that ends with the wish to run it, for a
//! limited time, and with limited memory for what it prints. What is asked of it, and what its answer means, is its
//! users' ([`crate::secret`], [`crate::players`]).

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// How much of a program's complaints is kept, in bytes.
const COMPLAINT: usize = 1024;
/// The first descriptor that is no standard stream.
const FIRST: i32 = 3;

/// How long a program may run and how much of its output is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From its start to its end.
    pub(crate) time: Duration,
    /// In bytes.
    pub(crate) output: usize,
    /// What happens to more output than that.
    pub(crate) excess: Excess,
}

/// What happens to output beyond the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// It is read and dropped; one byte more than the limit is kept.
    Dropped,
    /// The program is killed.
    Killed,
}

/// A program that ended by itself.
#[derive(Debug)]
pub(crate) struct Ended {
    /// How.
    pub(crate) status: ExitStatus,
    /// What it printed; it may be a secret.
    pub(crate) output: Zeroizing<Vec<u8>>,
    /// The end of what it wrote to stderr, on one line.
    pub(crate) complaint: String,
}

/// Why a program did not end by itself.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It cannot be started, or talked to.
    Io(io::Error),
    /// It ran for too long and was killed with its group.
    TimedOut,
    /// It printed too much and was killed with its group.
    TooMuch,
}

/// Runs a program to its end, with this input. When nobody waits for it any more, it is killed with its group.
pub(crate) async fn run(mut command: Command, input: &[u8], limits: Limits) -> Result<Ended, Failed> {
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    // Ours close themselves; what whoever started us has left open is for no child either.
    close_fds::set_fds_cloexec(FIRST, &[]);
    let mut child = command.spawn().map_err(Failed::Io)?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let ended = timeout(limits.time, talk(&mut child, input, limits)).await.unwrap_or(Err(Failed::TimedOut));
    if ended.is_ok() {
        // What it left running on purpose is not ours to end.
        std::mem::forget(group);
    }
    ended
}

/// Kills the process group when dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn talk(child: &mut Child, input: &[u8], limits: Limits) -> Result<Ended, Failed> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let talked = tokio::try_join!(tell(stdin, input), head(stdout, limits), tail(stderr));
    let ((), output, complaint) = talked?;
    let status = child.wait().await.map_err(Failed::Io)?;
    Ok(Ended { status, output, complaint })
}

async fn tell(stdin: Option<ChildStdin>, input: &[u8]) -> Result<(), Failed> {
    let Some(mut stdin) = stdin else { return Ok(()) };
    match stdin.write_all(input).await {
        // It need not listen.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failed::Io(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn head(stream: Option<impl AsyncRead + Unpin>, limits: Limits) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let mut kept = Zeroizing::new(Vec::with_capacity(limits.output.min(4096) + 1));
    let mut buffer = Zeroizing::new([0; 1024]);
    let Some(mut stream) = stream else { return Ok(kept) };
    loop {
        let count = stream.read(&mut buffer[..]).await.map_err(Failed::Io)?;
        if count == 0 {
            return Ok(kept);
        }
        let room = limits.output + 1 - kept.len();
        kept.extend_from_slice(&buffer[..count.min(room)]);
        if kept.len() > limits.output && limits.excess == Excess::Killed {
            return Err(Failed::TooMuch);
        }
    }
}

/// The last bytes of a stream as one line.
async fn tail(stream: Option<impl AsyncRead + Unpin>) -> Result<String, Failed> {
    let mut kept = Vec::new();
    let mut buffer = [0; COMPLAINT];
    let Some(mut stream) = stream else { return Ok(String::new()) };
    loop {
        let count = stream.read(&mut buffer).await.map_err(Failed::Io)?;
        if count == 0 {
            break;
        }
        kept.extend_from_slice(&buffer[..count]);
        kept.drain(..kept.len().saturating_sub(COMPLAINT));
    }
    let text = String::from_utf8_lossy(&kept);
    Ok(text
        .split(|c: char| c.is_control())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("; "))
}
