//! What an idle session may cost: the figures that no machine and no load changes. `tests/bench` prints the others.

use std::time::{Duration, Instant};

use xmppd_tests::bus::Bus;
use xmppd_tests::certificate::DOMAIN;
use xmppd_tests::cost::Cost;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::player::mpv::{Mpv, Tags};
use xmppd_tests::server::people::ROMEO;
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::{eventually, until};

/// How long the daemon is watched.
const WINDOW: Duration = Duration::from_secs(45);
/// How long nothing may have happened before that: ten seconds after the login the server is told that nobody looks, and
/// has its own last word some seconds later.
const QUIET: Duration = Duration::from_secs(9);
/// How many threads: the loop, and the one that waits for the disk.
const THREADS: usize = 2;
/// How often all of them together may be woken in the window.
const WAKES: u64 = 1;
/// How much memory of its own it may have, in bytes; without optimisation too.
const PRIVATE: u64 = 4 * 1024 * 1024;

#[test]
fn an_idle_session_sleeps_in_two_threads_and_little_memory() {
    let Some((server, bus, mut mpv)) = present("idle", parts()) else { return };
    mpv.pause();
    let configuration = format!(
        "[[account]]\nname = \"home\"\njid = \"{}@{DOMAIN}\"\npassword-command = [\"printf\", \"%s\", {:?}]\n\
         server = \"127.0.0.1:{}\"\ntls = \"starttls\"\nca-file = {:?}\n",
        ROMEO.name,
        ROMEO.password,
        server.port(Tls::Starttls),
        server.authority_file(),
    );
    let Some(home) = present("idle", Home::new(&configuration)) else { return };
    let home = home.with_bus(&bus);
    let mut daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0, "{}", daemon.log());
    let cost = Cost::of(daemon.process().id());

    // What fetched the password and looked up the server ends by itself, some seconds after its work.
    let mut last = (cost.wakes(), Instant::now());
    eventually("the daemon has nothing left to do", Duration::from_secs(60), || {
        let wakes = cost.wakes();
        if wakes != last.0 {
            last = (wakes, Instant::now());
        }
        (cost.threads().len() <= THREADS && last.1.elapsed() > QUIET).then_some(())
    });
    let before = (cost.wakes(), cost.ran());
    let woken = until(WINDOW, || Some(cost.wakes() - before.0).filter(|wakes| *wakes > WAKES));
    let (private, threads) = (cost.memory().private, cost.threads());

    println!("{WINDOW:?} of idleness: {:?}, {private} bytes, {threads:?}", cost.ran() - before.1);
    assert_eq!(woken, None, "it was woken more than {WAKES} times\n{}", daemon.log());
    assert!(threads.len() <= THREADS, "{threads:?}");
    assert!(private <= PRIVATE, "{private} bytes of its own memory");
    assert_eq!(home.json(&["account", "list"])["accounts"][0]["state"], "online");
}

fn parts() -> Result<(Server, Bus, Mpv), Missing> {
    let server = Server::start(Kind::Prosody13)?;
    let bus = Bus::start()?;
    let tags = Tags { artist: "Prokofiev", title: "Montagues and Capulets", seconds: 600, ..Tags::default() };
    let mpv = Mpv::play(&bus, &[tags])?;
    Ok((server, bus, mpv))
}
