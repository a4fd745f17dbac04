//! What xmppd and xmppctl cost, measured on real parts, beside what they may cost. `tests/bench` builds and runs it.
//!
//! Nothing here fails for a slow machine: what does not drift is held by `tests/tests/idle.rs`.

mod command;
mod flood;
mod idle;
mod outbox;
mod song;
mod table;
mod trips;

use xmppd_tests::certificate::DOMAIN;
use xmppd_tests::missing::Missing;
use xmppd_tests::server::people::ROMEO;

use table::Table;

/// One part of the bench.
type Measure = fn(&mut Table) -> Result<(), Missing>;

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let parts: [(&str, Measure); 7] = [
        ("size", table::sizes),
        ("command", command::measure),
        ("idle", idle::measure),
        ("song", song::measure),
        ("flood", flood::measure),
        ("outbox", outbox::measure),
        ("trips", trips::measure),
    ];
    if let Some(unknown) = chosen.iter().find(|name| parts.iter().all(|(part, _)| name != part)) {
        eprintln!("bench: there is no {unknown}; the parts are size, command, idle, song, flood, outbox, trips");
        std::process::exit(2);
    }
    let mut table = Table::begin();
    for (name, measure) in parts {
        if (chosen.is_empty() || chosen.iter().any(|chosen| chosen == name))
            && let Err(Missing(what)) = measure(&mut table)
        {
            eprintln!("{name}: {what} is missing (tests/install brings it)");
        }
    }
}

/// A configuration with Romeo's account on a port of 127.0.0.1, reached by STARTTLS, and further lines.
fn configuration(port: u16, authority: &std::path::Path, further: &str) -> String {
    format!(
        "{further}\n[[account]]\nname = \"home\"\njid = \"{}@{DOMAIN}\"\npassword-command = [\"printf\", \"%s\", {:?}]\n\
         server = \"127.0.0.1:{port}\"\ntls = \"starttls\"\nca-file = {authority:?}\n",
        ROMEO.name, ROMEO.password
    )
}
