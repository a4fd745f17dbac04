//! Random cuts of the connection and random ends of the process while messages go both ways: none is lost, none comes
//! twice, each comes in its turn, nothing hangs, and no contact sees anybody go.
//!
//! `XMPPD_TESTS_CUTS` and `XMPPD_TESTS_KILLS` say how many at each server: 30 and 100 in every run, 500 and 1,000 before a
//! release (`tests/release`). `XMPPD_TESTS_SEED` says where.

mod letters;
mod stage;

use std::time::Duration;

use stage::Stage;
use xmppd_tests::random::{Random, seed, times};
use xmppd_tests::relay::{Cut, Plan, Storm};
use xmppd_tests::server::Kind;
use xmppd_tests::wait::{SOON, delay, eventually};

/// A server bears so many turns.
const ROUND: u64 = 50;

#[test]
fn cuts_anywhere_lose_double_and_delay_no_message_at_prosody() {
    cuts(Kind::Prosody13);
}

#[test]
fn cuts_anywhere_lose_and_double_no_message_at_ejabberd() {
    cuts(Kind::Ejabberd);
}

#[test]
fn ends_of_the_process_anywhere_lose_and_double_no_message_at_prosody() {
    kills(Kind::Prosody13);
}

#[test]
fn ends_of_the_process_anywhere_lose_and_double_no_message_at_ejabberd() {
    kills(Kind::Ejabberd);
}

fn cuts(kind: Kind) {
    let (seed, cuts) = (seed("cuts"), times("XMPPD_TESTS_CUTS", 30));
    for (round, cuts) in rounds(cuts) {
        let Some((stage, _daemon)) = Stage::set("cuts", kind) else { return };
        let account = stage.under_letters(|stage| {
            let before = stage.relay.connections();
            let storm = Storm { seed: seed + round, up: 8_000, down: 16_000 };
            stage.relay.plan(Plan { storm: Some(storm), ..Plan::default() });
            stage.relay.cut(Cut::Reset);
            for number in 1..=cuts {
                stage.dials(before + number);
            }
            stage.relay.plan(Plan::default());
        });
        println!("{kind:?}: {cuts} cuts: {account}");
        account.check_turns(kind, cuts);
        assert!(account.unseen.is_empty(), "nothing was killed, so nothing may be missed: {account}");
    }
}

fn kills(kind: Kind) {
    let (seed, kills) = (seed("kills"), times("XMPPD_TESTS_KILLS", 100));
    for (round, kills) in rounds(kills) {
        let Some((stage, mut daemon)) = Stage::set("kills", kind) else { return };
        let mut random = Random::new(seed + round);
        let account = stage.under_letters(|stage| {
            for number in 1..=kills {
                delay(Duration::from_millis(random.below(1_000)));
                daemon.kill();
                // Whoever watches is there before anything can come: what nobody watches, nobody sees.
                stage.relay.plan(Plan { refuse: true, ..Plan::default() });
                daemon = stage.home.start();
                eventually("the watcher has found the daemon", SOON, || (stage.lives() > number).then_some(()));
                stage.relay.plan(Plan::default());
                let _ = stage.hurry();
            }
        });
        println!("{kind:?}: {kills} kills: {account}");
        account.check_turns(kind, kills);
        assert!(account.unseen.len() as u64 <= kills, "{account}");
    }
}

/// The numbers of the rounds and how many turns each has: ejabberd takes the longer to archive a message, the more are
/// in its memory.
fn rounds(turns: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..turns.div_ceil(ROUND)).map(move |round| (round, ROUND.min(turns - round * ROUND)))
}
