//! What an idle session costs: online, with a bus and a paused player, and nobody doing anything.

use std::time::{Duration, Instant};

use xmppd_tests::bus::Bus;
use xmppd_tests::cost::Cost;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::Missing;
use xmppd_tests::player::mpv::{Mpv, Tags};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::{delay, eventually};

use crate::configuration;
use crate::table::{Table, mebibytes};

const WINDOW: Duration = Duration::from_secs(60);

pub(crate) fn measure(table: &mut Table) -> Result<(), Missing> {
    let server = Server::start(Kind::Prosody13)?;
    let bus = Bus::start()?;
    let mut mpv =
        Mpv::play(&bus, &[Tags { artist: "Prokofiev", title: "Montagues", seconds: 600, ..Tags::default() }])?;
    mpv.pause();
    let home = Home::new(&configuration(server.port(Tls::Starttls), &server.authority_file(), ""))?.with_bus(&bus);
    let mut daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0, "romeo comes online");
    let cost = Cost::of(daemon.process().id());
    let mut quiet = (cost.wakes(), Instant::now());
    eventually("the daemon has nothing left to do", Duration::from_secs(60), || {
        if cost.wakes() != quiet.0 {
            quiet = (cost.wakes(), Instant::now());
        }
        (quiet.1.elapsed() > Duration::from_secs(12)).then_some(())
    });
    let (wakes, ran) = (cost.wakes(), cost.ran());
    delay(WINDOW);
    let (wakes, ran) = (cost.wakes() - wakes, cost.ran() - ran);
    let memory = cost.memory();
    table.line("idle: private dirty", &mebibytes(memory.private), "2.5 MiB");
    table.line("idle: proportional set", &mebibytes(memory.proportional.unwrap_or_default()), "6 MiB");
    table.line("idle: resident set", &mebibytes(memory.resident), "");
    table.line("idle: threads", &cost.threads().join(" "), "2");
    table.line("idle: wake-ups in a minute", &wakes.to_string(), "1");
    table.line("idle: processor in a minute", &format!("{:.2} ms", ran.as_secs_f64() * 1e3), "1 ms");
    table.line("processor to get there", &format!("{} ms", cost.cpu().as_millis()), "");
    Ok(())
}
