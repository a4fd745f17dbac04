//! A real Wayland compositor without a screen: cage of the folder of another Debian (this one's may be too old for
//! ext-idle-notify-v1), with keys pressed by wtype.

use std::path::PathBuf;

use crate::missing::{Missing, cache};
use crate::process::{Folder, Process, clean};
use crate::wait::{SOON, eventually};

/// Makes a place of its own for what is mounted, and enters the other Debian.
const ENTER: &str = r#"
folder=$1 root=$2; shift 2
mount --bind "$folder" "$root/mnt"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
exec chroot "$root" env -i PATH=/usr/bin:/bin HOME=/mnt XDG_RUNTIME_DIR=/mnt WAYLAND_DISPLAY=wayland-0 \
    WLR_BACKENDS=headless WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1 "$@"
"#;

/// A running compositor; gone with the value.
#[derive(Debug)]
pub struct Compositor {
    root: PathBuf,
    _process: Process,
    folder: Folder,
}

impl Compositor {
    /// Starts one and waits until it listens.
    ///
    /// # Errors
    /// `Missing` when no Debian folder has cage and wtype.
    pub fn start() -> Result<Self, Missing> {
        let root = std::env::var_os("XMPPD_TESTS_WAYLAND").map_or_else(|| cache().join("trixie"), PathBuf::from);
        for program in ["cage", "wtype"] {
            if !root.join("usr/bin").join(program).is_file() {
                return Err(Missing(format!("{program} of Debian 13")));
            }
        }
        let folder = Folder::new("compositor");
        let process =
            Process::start("cage", command(&root, &folder, &["cage", "--", "sleep", "600"]), &folder.join("log"));
        let socket = folder.join("wayland-0");
        eventually("the compositor listens", SOON, || socket.exists().then_some(()));
        Ok(Self { root, _process: process, folder })
    }

    /// Its socket, as `$WAYLAND_DISPLAY` names it.
    #[must_use]
    pub fn display(&self) -> String {
        self.folder.join("wayland-0").display().to_string()
    }

    /// Somebody presses a key.
    ///
    /// # Panics
    /// When the compositor does not take it.
    pub fn press(&self) {
        let output = command(&self.root, &self.folder, &["wtype", "-k", "a"]).output().expect("unshare is there");
        assert!(output.status.success(), "{output:?}");
    }
}

fn command(root: &std::path::Path, folder: &Folder, words: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new("unshare");
    clean(&mut command);
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "--", "sh", "-euc", ENTER, "enter"]).arg(folder.path()).arg(root).args(words);
    command
}
