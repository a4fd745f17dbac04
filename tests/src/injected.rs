//! System calls of a running program that fail, or kill it, at a chosen place: `strace` sits between the program and the
//! kernel.
//!
//! Which calls, and what is right afterwards, is the test's business.

use std::process::Command;

use rustix::process::Signal;

use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};
use crate::wait::{SOON, eventually, until};

/// One kind of call, tampered with as long as the value lives.
#[derive(Debug)]
pub struct Injected {
    strace: Process,
    folder: Folder,
}

impl Injected {
    /// Has all threads of a process meet `fault`, in the words of `strace`: `fdatasync:error=EIO:when=2`. Each thread
    /// counts its own calls.
    ///
    /// # Errors
    /// `Missing` without `strace`, and where this user may not trace a process.
    pub fn into(process: u32, fault: &str) -> Result<Self, Missing> {
        let folder = Folder::new("injected");
        let call = fault.split(':').next().unwrap_or(fault);
        let mut command = Command::new(program("strace")?);
        clean(&mut command).args(["-f", "-qq", "-e", &format!("trace={call}"), "-e", &format!("inject={fault}")]);
        command.arg("-o").arg(folder.join("calls")).args(["-p", &process.to_string()]);
        let mut strace = Process::start("strace", command, &folder.join("log"));
        let attached = eventually("strace has attached", SOON, || {
            if strace.ended().is_some() {
                return Some(false);
            }
            threads(process).iter().all(|status| !status.contains("TracerPid:\t0\n")).then_some(true)
        });
        if attached { Ok(Self { strace, folder }) } else { Err(Missing(format!("a right to trace: {}", strace.log()))) }
    }

    /// Lets go of the program; how many of its calls met the fault.
    #[must_use]
    pub fn lift(self) -> usize {
        let calls = self.calls();
        calls.matches("(INJECTED)").count() + calls.matches("(DELAYED)").count()
    }

    /// Lets go of the program; how many of its calls wrote something, and less than they were to.
    #[must_use]
    pub fn short_writes(self) -> usize {
        let is_short = |line: &str| {
            // `pwrite64(9, "\0"..., 4096, 56) = 2024`
            let (call, result) = line.rsplit_once(") = ")?;
            let asked: u64 = call.rsplit(", ").nth(1)?.parse().ok()?;
            let written: u64 = result.split(' ').next()?.parse().ok()?;
            (0 < written && written < asked).then_some(())
        };
        self.calls().lines().filter_map(is_short).count()
    }

    fn calls(mut self) -> String {
        self.strace.signal(Signal::TERM);
        until(SOON, || self.strace.ended());
        std::fs::read_to_string(self.folder.join("calls")).unwrap_or_default()
    }
}

fn threads(process: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    tasks.filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok()).collect()
}
