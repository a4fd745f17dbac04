//! Where the daemon's program is, and what a person can do to run it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What a person can do when no daemon answers.
pub(crate) fn how_to_start() -> String {
    let managed = std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join("systemd").is_dir());
    match program() {
        Some(_) if managed => "start it: systemctl --user start xmppd".to_owned(),
        Some(program) => format!("start it: {}", program.display()),
        None => "xmppd is not installed beside xmppctl or on the PATH".to_owned(),
    }
}

/// The daemon's program: the one beside this one, else the first on the `PATH`.
pub(crate) fn program() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|own| own.parent().map(Path::to_path_buf));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = beside.into_iter().chain(std::env::split_paths(OsStr::new(&path)));
    folders.map(|folder| folder.join("xmppd")).find(|program| program.is_file())
}
