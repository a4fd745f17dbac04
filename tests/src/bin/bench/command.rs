//! How long a whole `xmppctl status` takes, from fork to exit, asked of a daemon that is online.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use xmppd_tests::daemon::Home;
use xmppd_tests::missing::Missing;
use xmppd_tests::server::{Kind, Server, Tls};

use crate::configuration;
use crate::table::Table;

const RUNS: usize = 200;

pub(crate) fn measure(table: &mut Table) -> Result<(), Missing> {
    let server = Server::start(Kind::Prosody13)?;
    let home = Home::new(&configuration(server.port(Tls::Starttls), &server.authority_file(), ""))?;
    let _daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0, "romeo comes online");
    let control =
        std::env::var_os("XMPPCTL_BIN").map(PathBuf::from).ok_or_else(|| Missing("XMPPCTL_BIN".to_owned()))?;
    let status = times(|| home.command(&control, &["status"]));
    table.times("xmppctl status, whole command", status, "0.8 ms");
    let nothing = times(|| home.command(Path::new("/bin/true"), &[]));
    table.times("for comparison, /bin/true", nothing, "");
    Ok(())
}

fn times(command: impl Fn() -> Command) -> Vec<Duration> {
    let run = |_| {
        let mut command = command();
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let begun = Instant::now();
        let status = command.status().expect("the program starts");
        assert!(status.success(), "{command:?}: {status}");
        begun.elapsed()
    };
    (0..RUNS).map(run).collect()
}
