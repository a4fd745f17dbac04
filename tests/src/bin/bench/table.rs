//! The table that is printed, a line as soon as it is known.

use std::path::PathBuf;
use std::time::Duration;

use xmppd_tests::missing::Missing;

/// Bytes in a mebibyte.
const MIB: f64 = 1024.0 * 1024.0;

/// What is measured, what came out, what it may be.
pub(crate) struct Table;

impl Table {
    pub(crate) fn begin() -> Self {
        println!("{:<44} {:>12}   goal", "what", "measured");
        Self
    }

    pub(crate) fn line(&mut self, what: &str, measured: &str, goal: &str) {
        println!("{what:<44} {measured:>12}   {goal}");
    }

    /// The median and the ninth decile of these times.
    pub(crate) fn times(&mut self, what: &str, mut times: Vec<Duration>, goal: &str) {
        times.sort_unstable();
        let at = |tenths: usize| times.get(times.len() * tenths / 10).map_or(0.0, Duration::as_secs_f64) * 1e3;
        self.line(what, &format!("{:.2} ms", at(5)), goal);
        self.line("  nine of ten within", &format!("{:.2} ms", at(9)), "");
    }
}

/// Bytes, for people.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.2} MiB", bytes as f64 / MIB)
}

/// How large the programs are.
pub(crate) fn sizes(table: &mut Table) -> Result<(), Missing> {
    for (name, variable, goal) in [("xmppd", "XMPPD_BIN", "6 MiB"), ("xmppctl", "XMPPCTL_BIN", "0.6 MiB")] {
        let path = std::env::var_os(variable).map(PathBuf::from).ok_or_else(|| Missing(variable.to_owned()))?;
        let size = std::fs::metadata(&path).map_err(|_| Missing(path.display().to_string()))?.len();
        table.line(&format!("size of {name}"), &mebibytes(size), goal);
    }
    Ok(())
}
