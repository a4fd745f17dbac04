//! The machine's clocks and its randomness, each read here and nowhere else, and what it may do with our memory.
//! What the readings mean is decided by those who are given them.

use std::io;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::rand::{GetRandomFlags, getrandom};
use rustix::time::{ClockId, Timespec, clock_gettime};
use xmppd_core::entropy::SEED_LEN;
use xmppd_core::time::{Moment, Now, Wall};

/// Both clocks: the one that goes on in suspend and never steps (`CLOCK_BOOTTIME`), and civil time.
pub(crate) fn now() -> Now {
    let since_boot = u64::try_from(millis(clock_gettime(ClockId::Boottime))).unwrap_or(0);
    Now {
        moment: Moment::from_millis(since_boot),
        wall: Wall::from_unix_millis(millis(clock_gettime(ClockId::Realtime))),
    }
}

/// Waits until a moment has come; for ever when there is none.
pub(crate) async fn sleep_until(moment: Option<Moment>) {
    match moment {
        Some(moment) => tokio::time::sleep(moment - now().moment).await,
        None => std::future::pending().await,
    }
}

/// Fresh unpredictable bytes from the kernel (getrandom(2)), the seed of an [`xmppd_core::entropy::Entropy`].
/// Fails only where the system call is forbidden.
pub(crate) fn seed() -> io::Result<[u8; SEED_LEN]> {
    let mut seed = [0; SEED_LEN];
    let mut filled = 0;
    while filled < SEED_LEN {
        match getrandom(&mut seed[filled..], GetRandomFlags::empty()) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(seed)
}

/// Memory of this process that is in RAM, in bytes (proc_pid_statm(5)).
pub(crate) fn resident_memory() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let resident: u64 = pages.split_ascii_whitespace().nth(1)?.parse().ok()?;
    resident.checked_mul(u64::try_from(rustix::param::page_size()).ok()?)
}

/// The user this process runs as.
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Keeps passwords out of core dumps and away from other programs of the same user, which may neither trace this
/// process nor read its memory afterwards (PR_SET_DUMPABLE(2const)). To be called first of all.
pub(crate) fn protect_memory() -> io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

fn millis(time: Timespec) -> i64 {
    time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_go_backwards_and_the_year_is_plausible() {
        let (first, second) = (now(), now());
        assert!(first.moment <= second.moment);
        assert!(first.wall.as_unix_millis() > 1_700_000_000_000);
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(seed().unwrap(), seed().unwrap());
    }

    #[test]
    fn memory_can_be_protected() {
        protect_memory().unwrap();
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }

    #[test]
    fn a_time_before_the_epoch_keeps_its_order() {
        let time = |tv_sec, tv_nsec| millis(Timespec { tv_sec, tv_nsec });
        assert_eq!(time(-1, 999_000_000), -1);
        assert_eq!(time(i64::MAX, 0), i64::MAX);
    }
}
