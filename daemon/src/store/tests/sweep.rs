//! A disk that fails, a process that dies and power that is lost at each call by which the store changes a file: what was
//! answered with yes is there afterwards, once and in its order, and nothing by half.

use super::disk::{Call, Disk, Fault, dice};
use super::life::{End, Theatre, Trial, ask};
use super::machine::Machine;
use super::requests::{self, account, home, take, usual};
use super::*;

/// What a process outlives.
const PASSING: [Fault; 4] = [Fault::Broken, Fault::Full, Fault::Short, Fault::Forgotten];
/// How lives end.
const ENDS: [End; 4] = [End::Closed, End::Killed, End::PowerLostAtOnce, End::PowerLost];

/// Lives the usual life once for each of its calls and each of the faults that fit; the harm that was done.
fn sweep(name: &str, faults: &[Fault], ends: impl Fn(usize) -> End) -> Vec<String> {
    try_all(Theatre::new(name, usual()), name, faults, ends)
}

fn try_all(mut theatre: Theatre, name: &str, faults: &[Fault], ends: impl Fn(usize) -> End) -> Vec<String> {
    theatre.live(Trial { fault: None, end: End::Closed, seed: 0 }).unwrap();
    let calls = theatre.calls().to_vec();
    let (mut lives, mut harm) = (0, Vec::new());
    for (at, call) in calls.iter().enumerate() {
        for (number, fault) in faults.iter().enumerate().filter(|(_, fault)| fault.fits(*call)) {
            let trial = Trial { fault: Some((at, *fault)), end: ends(at + number), seed: at as u64 };
            let lived = theatre.live(trial);
            harm.extend(lived.err().map(|harm| format!("{call:?}, {trial:?}: {harm}")));
            lives += 1;
        }
    }
    println!("{name}: {lives} lives, a fault at each of {} calls; {} harmed", calls.len(), harm.len());
    harm
}

#[test]
fn no_call_that_fails_takes_or_halves_what_was_answered() {
    let harm = sweep("failing", &PASSING, |number| ENDS[number % ENDS.len()]);
    assert!(harm.is_empty(), "{}", harm.join("\n"));
}

#[test]
fn a_failed_sync_that_forgets_what_it_was_for_takes_nothing_however_it_ends() {
    for end in ENDS {
        let harm = sweep(&format!("forgetting, {end:?}"), &[Fault::Forgotten], |_| end);
        assert!(harm.is_empty(), "{}", harm.join("\n"));
    }
}

#[test]
fn a_process_that_dies_at_any_call_has_kept_what_it_answered() {
    let harm = sweep("dying", &[Fault::Dead, Fault::HalfDead], |_| End::Killed);
    assert!(harm.is_empty(), "{}", harm.join("\n"));
}

#[test]
fn power_that_is_lost_at_any_call_takes_nothing_that_was_answered() {
    let harm = sweep("without power", &[Fault::Dead], |_| End::PowerLost);
    assert!(harm.is_empty(), "{}", harm.join("\n"));
}

#[test]
fn a_store_that_did_not_wait_for_the_disk_would_be_found_out() {
    let mut theatre = Theatre::new("hurrying", usual().into_iter().take(4).collect());
    theatre.hurries = true;
    let harm = try_all(theatre, "hurrying", &[Fault::Dead], |_| End::PowerLost);
    assert!(harm.iter().any(|harm| harm.contains("missing")), "{harm:?}");
}

#[test]
fn faults_at_random_in_random_lives_do_no_harm() {
    let seed = std::env::var("XMPPD_SEED").ok().and_then(|seed| seed.parse().ok());
    let rounds = std::env::var("XMPPD_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(30);
    let seeds = seed.map_or(0..rounds, |seed: u64| seed..seed + 1);
    let mut theatre = Theatre::new("random", Vec::new());
    for seed in seeds {
        let mut dice = dice(seed);
        theatre.play(requests::random(&mut dice));
        theatre.live(Trial { fault: None, end: End::Closed, seed }).unwrap();
        let calls = theatre.calls().to_vec();
        for _ in 0..5 {
            let at = usize::try_from(dice.below(calls.len() as u64)).unwrap();
            let faults = PASSING.into_iter().chain([Fault::Dead, Fault::HalfDead]);
            let faults: Vec<Fault> = faults.filter(|fault| fault.fits(calls[at])).collect();
            let fault = faults[usize::try_from(dice.below(faults.len() as u64)).unwrap()];
            let end = ENDS[usize::try_from(dice.below(4)).unwrap()];
            let trial = Trial { fault: Some((at, fault)), end, seed };
            let lived = theatre.live(trial);
            assert_eq!(lived, Ok(()), "{trial:?}: again with XMPPD_SEED={seed}");
        }
    }
}

#[test]
fn a_first_start_that_fails_or_ends_at_any_call_is_followed_by_a_good_one() {
    let machine = Machine::new("first start");
    let faults = [(Fault::Broken, false), (Fault::Short, false), (Fault::HalfDead, false), (Fault::Dead, true)];
    let faults = faults.into_iter().chain([(Fault::Forgotten, true)]);
    let starts: usize = faults.map(|(fault, lost_power)| start_twice(&machine, fault, lost_power)).sum();
    println!("{starts} starts");
}

/// Starts on an empty disk with a fault at each call, and again without; how often.
fn start_twice(machine: &Machine, fault: Fault, lost_power: bool) -> usize {
    let has_met = |at: &usize| {
        machine.disk().clone_from(&Disk::new());
        machine.disk().arm(Some((*at, fault)), *at as u64);
        let opened = machine.open();
        let has_met = machine.disk().has_met();
        machine.disk().kill();
        drop(opened);
        machine.disk().revive(lost_power);
        let opened = machine.open();
        assert!(opened.is_ok(), "{fault:?} at {at}: {:?}", opened.err());
        let answers = opened.unwrap().apply(&[account(), vec![take("m1")]]);
        assert_eq!(answers, [Ok(()), Ok(())], "{fault:?} at {at}");
        has_met
    };
    (0..).take_while(has_met).count()
}

#[test]
fn the_usual_life_ends_with_each_message_where_it_belongs() {
    let machine = Machine::new("usual");
    let mut database = machine.open().unwrap();
    assert_eq!(database.apply(&[account()]), [Ok(())]);
    let refused: Vec<_> =
        usual().iter().flat_map(|step| life::perform(&mut database, step)).filter(Result::is_err).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    let outbox = ask(&database, |store| store.outbox(home())).unwrap();
    let outbox: Vec<_> = outbox.iter().map(|row| (row.id.as_str(), row.is_placed, row.aside.is_some())).collect();
    assert_eq!(outbox, [("m2", false, true), ("b1", true, false), ("m5", false, true), ("m4", false, false)]);
    let taken = ask(&database, |store| store.messages_taken(home())).unwrap();
    assert_eq!(taken.iter().map(|message| message.id.as_str()).collect::<Vec<_>>(), ["m3"]);
    let query = HistoryQuery { account: home(), limit: 100, ..HistoryQuery::default() };
    let history = ask(&database, |store| store.history(query)).unwrap();
    let history: Vec<_> =
        history.iter().map(|row| (row.message.id.as_str(), row.state.as_deref().unwrap_or("in"))).collect();
    let states = [("m1", "failed"), ("m2", "failed"), ("m3", "sent"), ("b1", "queued"), ("in2", "in"), ("in3", "in")];
    let last = [("m5", "failed"), ("m4", "queued"), ("in4", "in")];
    assert_eq!(history, [&states[..], &last].concat());
    let calls = machine.disk().calls().to_vec();
    for call in [Call::Create, Call::Write, Call::Truncate, Call::Sync] {
        assert!(calls.contains(&call), "{call:?} is among what is tried");
    }
}
