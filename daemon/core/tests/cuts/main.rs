//! The connection cut at every byte of logins and of sending, both ways, and at random places together with deaths of
//! the process and a slow or failing disk: nothing is lost, nothing is doubled, all is in order, nobody waits for ever
//! (R01 to R03, R05 to R07).

#[path = "../transcripts/scram.rs"]
mod scram;
mod server;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use jid::{FullJid, Jid};
use xmppd_core::account::{KeptMessage, KeptSession, Memory, Origin};
use xmppd_core::entropy::Entropy;
use xmppd_core::time::Wall;

use scram::Keys;
use server::{Kind, Lie};
use world::{Cut, Way, World, empty};

const CLASSIC: Kind = Kind {
    inline: false,
    fast: false,
    direct: false,
    managed: true,
    tells_h: true,
    talkative: false,
    archive: false,
    clears: false,
    room: false,
    renames: false,
    grudging: false,
    lingers: false,
    lies: None,
};
const INLINE: Kind = Kind { inline: true, direct: true, ..CLASSIC };
const FAST: Kind = Kind { fast: true, ..INLINE };

/// What goes before the part that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing: a first login.
    Nothing,
    /// A session that is lost with its connection: messages are under way.
    Break,
    /// The same, and the server forgets the session.
    Forgotten,
    /// The process dies.
    Death,
}

#[test]
fn logins_and_sending_are_cut_at_every_byte() {
    let unmanaged = Kind { managed: false, ..CLASSIC };
    let dialogues = [
        (CLASSIC, Before::Nothing),
        (Kind { direct: true, ..CLASSIC }, Before::Break),
        (unmanaged, Before::Nothing),
        (INLINE, Before::Nothing),
        (FAST, Before::Break),
        (Kind { talkative: true, ..FAST }, Before::Death),
        (FAST, Before::Forgotten),
        (Kind { tells_h: false, ..FAST }, Before::Forgotten),
        (Kind { tells_h: false, archive: true, ..CLASSIC }, Before::Forgotten),
        (Kind { tells_h: false, archive: true, clears: true, ..FAST }, Before::Forgotten),
        (Kind { room: true, ..FAST }, Before::Break),
        (Kind { room: true, ..FAST }, Before::Death),
        (Kind { room: true, renames: true, ..FAST }, Before::Death),
        (Kind { room: true, tells_h: false, ..CLASSIC }, Before::Forgotten),
        (Kind { room: true, ..unmanaged }, Before::Nothing),
    ];
    std::thread::scope(|scope| {
        let threads = dialogues.map(|(kind, before)| scope.spawn(move || cut_everywhere(kind, before)));
        for thread in threads {
            thread.join().expect("no cut does harm");
        }
    });
}

/// Cuts one dialogue at every byte, one way and the other.
fn cut_everywhere(kind: Kind, before: Before) {
    let keys = Keys::default();
    let mut whole = World::new(kind, &keys);
    prepare(&mut whole, before);
    let start = whole.carried;
    converse(&mut whole, None);
    let lengths = (whole.carried.0 - start.0, whole.carried.1 - start.1);
    for (way, length) in [(Way::ToClient, lengths.0), (Way::ToServer, lengths.1)] {
        for after in 1..=length {
            let cut = Cut { way, after };
            let played = catch_unwind(AssertUnwindSafe(|| {
                let mut world = World::new(kind, &keys);
                prepare(&mut world, before);
                converse(&mut world, Some(cut));
            }));
            assert!(played.is_ok(), "{kind:?} after {before:?}, cut at {cut:?}");
        }
    }
}

fn prepare(world: &mut World<'_>, before: Before) {
    world.start();
    if before == Before::Nothing {
        return;
    }
    world.until_online();
    world.slow_disk = true;
    world.send();
    world.receive();
    world.send();
    while world.unstored() > 0 {
        world.store(true);
    }
    // One of the two reaches the server, and nobody learns of it.
    world.carry(Way::ToServer, 150);
    world.slow_disk = false;
    match before {
        Before::Nothing | Before::Break => world.break_connection(),
        Before::Forgotten => {
            world.break_connection();
            world.server.forget();
        }
        Before::Death => world.die(0),
    }
}

/// A login, one message, and ten at once while others come; all of it cut once.
fn converse(world: &mut World<'_>, cut: Option<Cut>) {
    world.cut = cut;
    world.until_online();
    world.send();
    world.settle();
    world.until_online();
    for number in 0..10 {
        world.send();
        if number % 4 == 0 {
            world.receive();
        }
    }
    world.settle();
    world.until_quiet();
    world.check();
}

#[test]
fn cuts_deaths_and_a_slow_disk_at_random_do_no_harm() {
    let seed = std::env::var("XMPPD_SEED").ok().and_then(|seed| seed.parse().ok());
    let rounds = std::env::var("XMPPD_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(2_000);
    let seeds = seed.map_or(0..rounds, |seed: u64| seed..seed + 1);
    let keys = Keys::default();
    for seed in seeds {
        let played = catch_unwind(AssertUnwindSafe(|| wander(seed, &keys)));
        assert!(played.is_ok(), "again with XMPPD_SEED={seed}");
    }
}

/// One life of an account on a bad day.
fn wander(seed: u64, keys: &Keys) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut dice = Entropy::new(bytes);
    let mut roll = |below: u64| dice.below(below);
    let forgets = roll(4) == 0;
    let kind = kind_of_server(forgets, &mut roll);
    // What a disk that fails kept before a death is anybody's guess.
    let mut fails = roll(4) == 0;
    let holds = roll(4) == 0 && !kind.room;
    // What is to be set aside and cannot be, waits for the next process.
    fails &= !holds;
    let mut world = World::new(kind, keys).holding(holds);
    world.start();
    if kind.archive || kind.room {
        // What came before the first session is not told.
        world.until_online();
        world.until_known();
    }
    world.slow_disk = true;
    let comes_back = kind.managed && !kind.room;
    for _ in 0..300 {
        let most = usize::try_from(roll(400)).expect("a small number");
        let which = most % 16;
        match roll(108) {
            0..20 => drop(world.carry(Way::ToServer, most)),
            20..45 => drop(world.carry(Way::ToClient, most)),
            45..60 => world.store(!(fails && roll(8) == 0)),
            60..75 => world.answer_shell(),
            75..84 => world.send_to(which, roll(4) == 0),
            84..90 => world.receive(),
            90..93 => world.break_connection(),
            93..94 if !fails => {
                let kept = usize::try_from(roll(4)).expect("a small number").min(world.unstored());
                world.die(kept);
            }
            94..95 if forgets => world.server.forget(),
            95..96 if forgets => world.forget_what_is_known(),
            95..97 => world.settle(),
            97..99 => world.correct(which),
            99..101 if comes_back => world.server.send_back(which % 6, roll(4) > 0),
            101..102 => world.cancel(which),
            102..103 => world.retry(which),
            103..105 => world.let_pass(20_000),
            _ => world.wait(),
        }
    }
    world.until_quiet();
    world.check();
}

fn kind_of_server(forgets: bool, roll: &mut impl FnMut(u64) -> u64) -> Kind {
    let flag = |number: u64| number == 1;
    let mut kind = Kind {
        inline: roll(3) > 0,
        fast: flag(roll(2)),
        direct: flag(roll(2)),
        managed: roll(8) > 0,
        tells_h: flag(roll(2)),
        talkative: flag(roll(2)),
        archive: flag(roll(2)),
        clears: flag(roll(2)),
        room: flag(roll(2)),
        renames: flag(roll(2)),
        grudging: flag(roll(4)),
        lingers: flag(roll(2)),
        lies: None,
    };
    if kind.archive && !kind.room && forgets && flag(roll(2)) {
        let lies = [Lie::Hides, Lie::Repeats, Lie::Loses, Lie::Forges];
        kind.lies = Some(lies[usize::try_from(roll(4)).expect("a small number")]);
        // What the archive hides, the server still has.
        kind.clears = false;
    }
    kind
}

#[test]
fn a_session_goes_on_over_the_end_of_its_counters() {
    let keys = Keys::default();
    for offset in 0..6_u32 {
        let (handled, position) = (u32::MAX - 2, (u32::MAX - 3).wrapping_add(offset));
        let message = |number: u32| kept(number, position.wrapping_add(number));
        let session = KeptSession {
            jid: FullJid::new("romeo@verona.example/xmppd.1").expect("a JID"),
            previd: "before".into(),
            max: None,
            location: None,
            client_state: false,
            pre_approval: false,
            hidden: false,
            handled,
            at: Wall::from_unix_millis(1_789_999_940_000),
        };
        let disk = Memory { session: Some(session), messages: (0..3).map(message).collect(), ..empty(false) };
        let mut world = World::with_disk(INLINE, &keys, disk);
        // The server has handled as many as lie before its count, over the end of the numbers.
        let count = u32::MAX - 2;
        world.server.holds("before", count, handled);
        let lacks: Vec<String> = (0..3)
            .filter(|number| count.wrapping_sub(position.wrapping_add(*number)) >= 1 << 31)
            .map(|number| format!("kept-{number}"))
            .collect();
        world.start();
        for _ in 0..8 {
            world.receive();
        }
        world.until_quiet();
        let handled: Vec<&str> = world.server.handled.iter().map(|message| message.body.as_str()).collect();
        assert_eq!(handled, lacks, "the first of three messages is number {position}");
        assert_eq!(world.told.len(), 8);
        assert_eq!(world.server.resumptions, 1);
        assert!(world.memory().messages.is_empty());
    }
}

/// A message at a place in a session.
fn kept(number: u32, position: u32) -> KeptMessage {
    KeptMessage {
        id: format!("kept-{number}"),
        to: Jid::new("juliet@verona.example").expect("a JID"),
        position: Some(position),
        tried: false,
        chosen: None,
        returned: 0,
        replaces: None,
        stanza: format!(
            "<message to='juliet@verona.example' type='chat' id='kept-{number}'><body>kept-{number}</body></message>"
        ),
        origin: Origin { at: Wall::from_unix_millis(1_789_999_940_000), after: None },
    }
}

#[test]
fn tokens_are_used_and_renewed_over_many_breaks() {
    let keys = Keys::default();
    let mut world = World::new(FAST, &keys);
    world.start();
    for breaks in 1..=20 {
        world.until_online();
        world.send();
        world.settle();
        world.break_connection();
        world.until_online();
        assert_eq!((world.server.token_logins, world.server.resumptions), (breaks, breaks));
    }
    world.until_quiet();
    world.check();
    assert!(world.memory().tokens.len() <= 2);
}
