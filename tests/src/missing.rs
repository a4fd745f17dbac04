//! What is not installed: its tests are skipped by name, and fail where everything must be there.

use std::io::Write;
use std::path::{Path, PathBuf};

/// A program or file that is not on this machine, as a person would call it: "Prosody 13".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub String);

/// What was started, or `None` after a line in the test's output that names what is skipped and why.
///
/// # Panics
/// When it is missing and `CI=true` or `XMPPD_TESTS_REQUIRE=1`: there, a skipped test is a failed one.
#[track_caller]
pub fn present<T>(test: &str, started: Result<T, Missing>) -> Option<T> {
    match started {
        Ok(value) => Some(value),
        Err(Missing(name)) => {
            let line = format!("skipped: {test}: {name} is missing (tests/install brings it)");
            assert!(!required(), "{line}");
            // Not `eprintln!`: the test runner would keep that to itself when the test passes. A closed stderr is no failure.
            let _ = writeln!(std::io::stderr(), "{line}");
            None
        }
    }
}

/// The program's path, looked for in the folders of `PATH` and of the system.
///
/// # Errors
/// `Missing` with the program's name.
pub fn program(name: &str) -> Result<PathBuf, Missing> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| Missing(name.to_owned()))
}

/// The folder that `tests/install` fills: `$XMPPD_TESTS_CACHE`, else `/var/cache/xmppd-tests`.
#[must_use]
pub fn cache() -> PathBuf {
    std::env::var_os("XMPPD_TESTS_CACHE").map_or_else(|| PathBuf::from("/var/cache/xmppd-tests"), PathBuf::from)
}

/// The version of an installed Debian package, in the system whose root folder is `root`.
#[must_use]
pub fn package_version(root: &Path, package: &str) -> Option<String> {
    let database = root.join("var/lib/dpkg");
    let output = std::process::Command::new("dpkg-query")
        .arg(format!("--admindir={}", database.display()))
        .args(["-W", "-f", "${db:Status-Status} ${Version}", package])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.strip_prefix("installed ")?.to_owned())
}

fn required() -> bool {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    is("CI", "true") || is("XMPPD_TESTS_REQUIRE", "1")
}
