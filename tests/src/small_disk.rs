//! A file system with little space, in a mount namespace of its own, that is filled up to a chosen page.
//!
//! It is the kernel's own (tmpfs): what does not fit is written as far as it does, and then refused.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Command;

use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};

/// How much it is given out in.
const PAGE: usize = 4_096;
/// Its size: a state database, and some of its log.
const PAGES: usize = 512;

/// The file system; it goes with the value.
#[derive(Debug)]
pub struct SmallDisk {
    holder: Process,
    folder: Folder,
}

impl SmallDisk {
    /// Makes an empty one.
    ///
    /// # Errors
    /// `Missing` when the machine allows no namespaces.
    pub fn start() -> Result<Self, Missing> {
        for name in ["unshare", "nsenter"] {
            program(name)?;
        }
        let folder = Folder::new("small");
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        clean(&mut command).args(["--mount", "--", "sh", "-euc", ENTER, "enter"]);
        command.arg(folder.path()).arg((PAGE * PAGES).to_string());
        let mut holder = Process::start_piped("namespace", command, &folder.join("log"));
        let mut line = String::new();
        let output = holder.output().expect("the program is piped");
        if BufReader::new(output).read_line(&mut line).is_err() || line.trim() != "ready" {
            return Err(Missing(format!("a mount namespace ({})", holder.log().trim())));
        }
        Ok(Self { holder, folder })
    }

    /// Where it is, for programs inside.
    #[must_use]
    pub fn inside(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// The same for everybody.
    #[must_use]
    pub fn path(&self, part: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.holder.id(), self.folder.join(part).display()))
    }

    /// The words before a command that make it run inside.
    #[must_use]
    pub fn prefix(&self) -> Vec<String> {
        let mut words = vec!["nsenter".to_owned(), format!("--target={}", self.holder.id())];
        if !rustix::process::geteuid().is_root() {
            words.extend(["--user", "--preserve-credentials"].map(str::to_owned));
        }
        words.extend(["--mount", "--"].map(str::to_owned));
        words
    }

    /// Leaves space for so many pages.
    ///
    /// # Panics
    /// When there is less.
    pub fn fill(&self, but: usize) {
        self.empty();
        let free = rustix::fs::statvfs(self.path("")).expect("it is mounted").f_bfree as usize;
        let filler = free.checked_sub(but).unwrap_or_else(|| panic!("{free} pages are free, not {but}"));
        std::fs::write(self.path(FILLER), vec![0; filler * PAGE]).expect("there is space for it");
    }

    /// Takes away what it was filled with.
    pub fn empty(&self) {
        // It need not be there.
        let _ = std::fs::remove_file(self.path(FILLER));
    }
}

const FILLER: &str = "filler";

/// Mounts it, says so, and stays until standard input ends.
const ENTER: &str = r#"
mount -t tmpfs -o "size=$2,mode=0700" small "$1"
echo ready
exec cat
"#;
