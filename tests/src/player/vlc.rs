//! One more real player: VLC without window and sound, which takes two names on the bus by two connections.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::Command;

use super::mpv::{Tags, make};
use super::playerctl;
use crate::bus::Bus;
use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};
use crate::wait::{SOON, eventually};

/// The user that has nothing, for VLC does not run as root.
const NOBODY: u32 = 65_534;

/// A playing VLC; gone with the value.
#[derive(Debug)]
pub struct Vlc {
    process: Process,
    // The last field: the files go when nothing plays them any more.
    _folder: Folder,
}

impl Vlc {
    /// Makes a file for each of `tags` and plays them in that order; it is on the bus when this returns.
    ///
    /// # Errors
    /// `Missing` when VLC, playerctl or ffmpeg is not installed.
    pub fn play(bus: &Bus, tags: &[Tags<'_>]) -> Result<Self, Missing> {
        let vlc = program("cvlc")?;
        if !std::path::Path::new("/usr/lib/x86_64-linux-gnu/vlc/plugins/control/libdbus_plugin.so").exists()
            && !std::path::Path::new("/usr/lib/aarch64-linux-gnu/vlc/plugins/control/libdbus_plugin.so").exists()
        {
            return Err(Missing("vlc-plugin-base".to_owned()));
        }
        let folder = Folder::new("vlc");
        let files: Result<Vec<PathBuf>, Missing> =
            tags.iter().enumerate().map(|(index, tags)| make(&folder.join(&format!("{index}.flac")), tags)).collect();
        let files = files?;
        let mut command = Command::new("setpriv");
        clean(&mut command).env("HOME", folder.path()).env("DBUS_SESSION_BUS_ADDRESS", bus.address());
        // A change of the user makes the kernel forget what it was told before.
        command.args(["--pdeathsig", "KILL"]);
        if rustix::process::geteuid().is_root() {
            command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()]);
            bus.open_to_everybody();
            for path in std::iter::once(folder.path()).chain(files.iter().map(PathBuf::as_path)) {
                chown(path, Some(NOBODY), Some(NOBODY)).expect("root gives files away");
            }
            let anybody = PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(folder.path(), anybody).expect("root sets the mode of a folder");
        }
        command
            .arg("--")
            .arg(vlc)
            .args(["--control=dbus", "--no-video", "--aout=adummy", "--no-interact", "--no-metadata-network-access"])
            .args(files);
        let process = Process::start("vlc", command, &folder.join("log"));
        eventually("VLC is on the bus", SOON, || {
            playerctl(bus, &["--list-all"]).ok()?.lines().any(|name| name == "vlc").then_some(())
        });
        Ok(Self { process, _folder: folder })
    }

    /// Leaves the polite way.
    pub fn quit(mut self) {
        self.process.stop();
    }
}
