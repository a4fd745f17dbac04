//! One daemon a state folder: a file lock that the kernel takes back when its owner ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The lock's name in the state folder. The file stays; only the lock on it counts.
const NAME: &str = "xmppd.lock";

/// Held as long as the value lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Another daemon works in this folder; exit code 11.
    #[error("another xmppd{} is running with the state in {}", process(*pid), folder.display())]
    Held {
        /// The state folder.
        folder: PathBuf,
        /// The other daemon's process id, when it could be read.
        pid: Option<u32>,
    },
    /// The file cannot be made or locked.
    #[error("{}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Lock {
    /// Takes the lock of this state folder at once or fails.
    pub(crate) fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(NAME);
        let failed = |source| LockError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { folder: folder.into(), pid: owner(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // The number is for people; a full disk must not keep the daemon from starting.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_second_daemon_is_refused_and_told_who_is_first() {
        let folder = Folder::new();
        let first = Lock::take(folder.path()).unwrap();
        let error = Lock::take(folder.path()).unwrap_err();
        assert!(matches!(&error, LockError::Held { pid: Some(pid), .. } if *pid == std::process::id()), "{error}");
        drop(first);
        Lock::take(folder.path()).unwrap();
    }

    #[test]
    fn an_unreadable_number_is_left_out_and_a_link_is_not_followed() {
        let folder = Folder::new();
        let held = Lock::take(folder.path()).unwrap();
        std::fs::write(folder.path().join(NAME), "?").unwrap();
        assert!(matches!(Lock::take(folder.path()), Err(LockError::Held { pid: None, .. })));
        drop(held);

        let path = folder.path().join(NAME);
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("elsewhere", &path).unwrap();
        assert!(matches!(Lock::take(folder.path()), Err(LockError::Io { .. })));
    }
}
