//! The user unit: how far it is open, and that its sandbox keeps out and lets in what it should, tried by doing it
//! under a live user manager.

use std::path::Path;
use std::process::{Command, Output};

use xmppd_tests::missing::{Missing, present, program};
use xmppd_tests::process::Folder;

/// The most that `systemd-analyze security` may count, in tenths.
const EXPOSURE: &str = "--threshold=20";

/// Runs the acts in place of the daemon, once, with their output where the test finds it.
const DROP_IN: &str = "[Service]\nType=oneshot\nStandardOutput=append:%h/output\nEnvironment=OUTSIDE=";

#[test]
fn the_unit_is_exposed_as_little_as_promised() {
    let Some(analyze) = present("the unit's exposure", program("systemd-analyze")) else { return };
    let folder = Folder::new("unit");
    let output = Command::new(analyze)
        .args(["--user", "security", "--offline=true", "--no-pager", EXPOSURE])
        .arg(project().join("systemd/xmppd.service"))
        .env("XDG_RUNTIME_DIR", folder.path())
        .output();
    succeeds(&output.expect("systemd-analyze runs"));
}

#[test]
fn the_sandbox_lets_in_what_is_needed_and_keeps_out_the_rest() {
    let Some(_) = present("the unit's sandbox", user_manager()) else { return };
    let (folder, outside) = (Folder::new("unit"), Folder::new("outside"));
    for (file, text) in [
        (".bashrc", ""),
        (".gnupg/key", ""),
        (".password-store/secret", "secret"),
        (".ssh/id_ed25519", "secret"),
        (".config/xmppd/config.toml", ""),
    ] {
        folder.write(file, text);
    }
    let drop_in = format!("{DROP_IN}{}\n", outside.path().display());
    folder.write(".config/systemd/user/xmppd.service.d/acts.conf", &drop_in);
    for (from, to) in
        [("systemd/xmppd.service", ".config/systemd/user/xmppd.service"), ("tests/acts", ".local/bin/xmppd")]
    {
        let to = folder.write(to, "");
        std::fs::copy(project().join(from), to).expect("the project's files can be copied");
    }
    let started = Command::new(project().join("tests/with-user-manager"))
        .arg(folder.path())
        .args(["systemctl", "--user", "start", "xmppd.service"])
        .output();
    let acts = std::fs::read_to_string(folder.join("output")).unwrap_or_default();
    let started = started.expect("the script runs");
    assert!(started.status.success(), "{acts}{}", String::from_utf8_lossy(&started.stderr));
    assert_eq!(acts.lines().filter(|line| line.starts_with("ok ")).count(), acts.lines().count(), "{acts}");
    assert!(acts.lines().count() >= 23, "{acts}");
}

/// What a manager of one's own needs.
fn user_manager() -> Result<(), Missing> {
    let root = rustix::process::geteuid().is_root();
    let systemd = Path::new("/lib/systemd/systemd").exists();
    if root && systemd { Ok(()) } else { Err(Missing("root's right to start a user manager".to_owned())) }
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the project")
}

#[track_caller]
fn succeeds(output: &Output) {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    assert!(output.status.success(), "{text}");
}
