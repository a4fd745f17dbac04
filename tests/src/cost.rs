//! What a running program costs, as the kernel counts it (proc(5)).

use std::path::{Path, PathBuf};
use std::time::Duration;

/// One kibibyte, in the unit of proc(5).
const KIB: u64 = 1024;
/// The unit of utime and stime: `USER_HZ` is 100 on every Linux that programs of users see.
const TICK: Duration = Duration::from_millis(10);

/// A running program, by its process id.
#[derive(Clone, Debug)]
pub struct Cost {
    folder: PathBuf,
}

/// Memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All that is in RAM, whoever shares it.
    pub resident: u64,
    /// The most that ever was.
    pub peak: u64,
    /// Its part of what it shares.
    pub proportional: Option<u64>,
    /// What it alone has written to: it would be free if the program were not there. Where the kernel does not show
    /// that (a program that cannot be dumped shows it to root alone), its anonymous memory, which is nearly the same.
    pub private: u64,
}

impl Cost {
    /// Of the process with this id.
    #[must_use]
    pub fn of(id: u32) -> Self {
        Self { folder: Path::new("/proc").join(id.to_string()) }
    }

    /// The names of its threads.
    #[must_use]
    pub fn threads(&self) -> Vec<String> {
        self.each_thread("comm").map(|name| name.trim().to_owned()).collect()
    }

    /// How often its living threads have gone to sleep by themselves, which is how often they were woken.
    #[must_use]
    pub fn wakes(&self) -> u64 {
        self.each_thread("status").filter_map(|status| number(&status, "voluntary_ctxt_switches:")).sum()
    }

    /// How long its living threads have run, to the nanosecond.
    #[must_use]
    pub fn ran(&self) -> Duration {
        self.each_thread("schedstat")
            .filter_map(|line| line.split_ascii_whitespace().next()?.parse().ok())
            .map(Duration::from_nanos)
            .sum()
    }

    /// How long all its threads have run, those that have ended as well, to ten milliseconds.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        let line = self.read("stat");
        // The name stands in brackets and may have anything in it. The state comes next, then 10 fields, then these.
        let fields = line.rsplit_once(')').map(|(_, rest)| rest.split_ascii_whitespace());
        let ticks: u32 = fields
            .into_iter()
            .flat_map(|fields| fields.skip(11).take(2))
            .filter_map(|ticks| ticks.parse::<u32>().ok())
            .sum();
        TICK * ticks
    }

    /// Its memory.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let status = self.read("status");
        let rollup = self.read("smaps_rollup");
        let of = |text: &str, name: &str| number(text, name).map(|count| count * KIB);
        let private = of(&rollup, "Private_Dirty:").or_else(|| of(&status, "RssAnon:"));
        Memory {
            resident: of(&status, "VmRSS:").unwrap_or_default(),
            peak: of(&status, "VmHWM:").unwrap_or_default(),
            proportional: of(&rollup, "Pss:"),
            private: private.unwrap_or_default(),
        }
    }

    fn each_thread(&self, file: &'static str) -> impl Iterator<Item = String> {
        let folders = std::fs::read_dir(self.folder.join("task"));
        let folders = folders.into_iter().flatten().flatten();
        // A thread may end between the two looks.
        folders.filter_map(move |folder| std::fs::read_to_string(folder.path().join(file)).ok())
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.join(file)).unwrap_or_default()
    }
}

/// The number behind a name at the beginning of a line.
fn number(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_cost() {
        let cost = Cost::of(std::process::id());
        let memory = cost.memory();
        assert!(memory.peak >= memory.resident && memory.resident > memory.private && memory.private > 0);
        assert!(!cost.threads().is_empty());
        assert!(cost.ran() > Duration::ZERO);
    }
}
