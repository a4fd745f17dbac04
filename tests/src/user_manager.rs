//! A live `systemd --user` on a machine whose first process need not be systemd, to run the units of the program in.
//!
//! It has a mount namespace of its own in which `/run` and `/sys/fs/cgroup` are fresh: nothing outside changes, and the
//! machine's own managers do not see it. Needs root.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};
use crate::wait::{SOON, until};

/// Where control groups are: in version 1 one tree counts for systemd, in the mixed form a second one.
const TREES: [&str; 3] = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

const RUNTIME: &str = "/run/user/manager";

/// Where the user's home folder is for the manager and all that it starts: `PrivateTmp=` would hide one in `/tmp`.
pub const HOME: &str = "/home/verona";

/// A running user manager with a session bus; units and programs that it started end with the value.
#[derive(Debug)]
pub struct UserManager {
    process: Process,
    folder: Folder,
}

impl UserManager {
    /// Starts one for the user that runs the test, whose home is a folder of the test's own, and waits until it
    /// takes calls.
    ///
    /// # Errors
    /// `Missing` when there is no systemd, no root, or the machine's control groups cannot be shared out.
    pub fn start() -> Result<Self, Missing> {
        let systemd = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
        let systemd = systemd.iter().find(|path| Path::new(path).exists());
        let systemd = systemd.ok_or_else(|| Missing("systemd".to_owned()))?;
        program("unshare")?;
        if !rustix::process::geteuid().is_root() {
            return Err(Missing("root, for a user manager of the test's own".to_owned()));
        }
        let folder = Folder::new("systemd");
        folder.write(".config/systemd/user/.keep", "");
        let mut command = Command::new("unshare");
        clean(&mut command)
            .env("HOME", HOME)
            // dbus-daemon asks the user database, not `$HOME`, where this is by default.
            .env("XDG_DATA_HOME", format!("{HOME}/.local/share"))
            .env("XDG_RUNTIME_DIR", RUNTIME)
            .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={RUNTIME}/bus"))
            .args(["--mount", "--pid", "--fork", "--kill-child=KILL", "--", "bash", "-euc", ENTER, "enter", systemd])
            .arg(group(&folder))
            .arg(folder.path())
            .args(TREES);
        let process = Process::start("user manager", command, &folder.join("log")).with_grace(Duration::ZERO);
        let mut manager = Self { process, folder };
        let answers = until(SOON, || {
            if manager.process.ended().is_some() {
                return Some(false);
            }
            let state = manager.run("systemctl", &["--user", "is-system-running"]);
            matches!(state.0.trim(), "running" | "degraded").then_some(true)
        });
        match answers {
            Some(true) => Ok(manager),
            Some(false) | None => Err(Missing(format!("a user manager ({})", manager.process.log().trim()))),
        }
    }

    /// Writes a unit into the user's own folder; the manager reads it after `systemctl --user daemon-reload`.
    pub fn unit(&self, name: &str, content: &str) {
        self.folder.write(&format!(".config/systemd/user/{name}"), content);
    }

    /// The home folder of the user as the test sees it; the manager has it at [`HOME`], with none of the `XDG` folders
    /// elsewhere than by default.
    #[must_use]
    pub fn home(&self) -> &Folder {
        &self.folder
    }

    /// All that the manager and the units without another place for their output have printed.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Runs a program (`systemctl --user …`, `busctl --user …`) beside the manager; what it printed, and its exit code.
    #[must_use]
    pub fn run(&self, name: &str, arguments: &[&str]) -> (String, Option<i32>) {
        let id = self.process.id();
        let mut command = Command::new("timeout");
        clean(&mut command)
            .args(["--kill-after=1", "30", "nsenter"])
            .arg(format!("--mount=/proc/{id}/ns/mnt"))
            .arg(format!("--root=/proc/{id}/root"))
            .arg(format!("--pid=/proc/{id}/ns/pid_for_children"))
            .args(["--", name])
            .args(arguments)
            .env("HOME", HOME)
            .env("XDG_RUNTIME_DIR", RUNTIME)
            .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={RUNTIME}/bus"));
        let Ok(output) = command.output() else {
            return (String::new(), None);
        };
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8_lossy(&text).into_owned(), output.status.code())
    }
}

impl Drop for UserManager {
    fn drop(&mut self) {
        self.process.kill();
        for tree in TREES {
            let group = Path::new(tree).join(group(&self.folder));
            // The kernel lets a group go once its last process is gone for good.
            until(Duration::from_secs(5), || {
                remove(&group);
                (!group.exists()).then_some(())
            });
        }
    }
}

/// The name of the control group: the folder's own.
fn group(folder: &Folder) -> String {
    folder.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Removes a control group and those below it, as far as they are empty.
fn remove(group: &Path) {
    for below in std::fs::read_dir(group).into_iter().flatten().flatten() {
        if below.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&below.path());
        }
    }
    let _ = std::fs::remove_dir(group);
}

const ENTER: &str = r#"
systemd=$1 group=$2 folder=$3; shift 3
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /home
mkdir "$HOME"
mount --bind "$folder" "$HOME"
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/system /run/systemd/inaccessible
# What `InaccessiblePaths=` lays over a path; the first process makes them on a machine that systemd booted.
mkdir -m 0 /run/systemd/inaccessible/dir
(umask 777; : >/run/systemd/inaccessible/reg)
mkdir -p -m 700 "$XDG_RUNTIME_DIR"
for tree; do
    [ -e "$tree/cgroup.procs" ] || continue
    mkdir -p "$tree/$group"
    echo 0 >"$tree/$group/cgroup.procs"
done
"$systemd" --user --log-target=console --log-level=info &
wait
"#;
