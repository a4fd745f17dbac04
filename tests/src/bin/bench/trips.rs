//! How many round trips it takes until a contact sees the presence, next to what other libraries take in the same run.

use std::path::PathBuf;

use xmppd_tests::missing::Missing;
use xmppd_tests::server::Kind;
use xmppd_tests::trips::{Course, Login};

use crate::table::Table;

const RUNS: usize = 5;

pub(crate) fn measure(table: &mut Table) -> Result<(), Missing> {
    let peer = std::env::var_os("TOKIO_XMPP_BIN").map(PathBuf::from);
    for kind in [Kind::Prosody13, Kind::Ejabberd] {
        let mut course = Course::lay(kind)?;
        for measured in course.daemon(RUNS)? {
            let (what, goal) = match measured.login {
                Login::First => ("the first login", "5.5"),
                Login::Resume => ("a session resumed", "3.5"),
                Login::Token => ("a new session by token", "3.5"),
            };
            let what = format!("{}, {what}: round trips", kind.name());
            table.line(&what, &format!("{:.2}", measured.seen), goal);
            table.line("  the daemon's own count, to the session", &measured.counted.to_string(), "");
            table.line("  without a delay", &format!("{:.1} ms", measured.near.as_secs_f64() * 1e3), "");
        }
        let slixmpp = course.slixmpp(RUNS)?;
        table.line(&format!("{}, slixmpp: round trips", kind.name()), &format!("{slixmpp:.2}"), "");
        let Some(peer) = &peer else { continue };
        let tokio = course.tokio_xmpp(peer, RUNS)?;
        table.line(&format!("{}, tokio-xmpp 6: round trips", kind.name()), &format!("{tokio:.2}"), "");
    }
    if peer.is_some() { Ok(()) } else { Err(Missing("TOKIO_XMPP_BIN".to_owned())) }
}
