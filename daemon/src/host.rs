//! The machine's clocks and its randomness, each read here and nowhere else, and what it may do with our memory.
//! What the readings mean is decided by those who are given them.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::rand::{GetRandomFlags, getrandom};
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime, timerfd_create,
    timerfd_settime,
};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
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

/// How much of its life the machine has spent asleep: what the clock that goes on in suspend is ahead of the one that
/// does not.
pub(crate) fn slept() -> Duration {
    let [all, awake] = [ClockId::Boottime, ClockId::Monotonic].map(|clock| millis(clock_gettime(clock)));
    Duration::from_millis(u64::try_from(all.saturating_sub(awake)).unwrap_or(0))
}

/// Something to be woken by. Other than the runtime's timers, whose clock stands still in suspend, it rings on time:
/// right after resume, if its time came meanwhile (timerfd_create(2), `CLOCK_BOOTTIME`).
#[derive(Debug, Default)]
pub(crate) struct Alarm(Timer);

impl Alarm {
    /// Waits until a moment has come; for ever when there is none. May be dropped at any point.
    pub(crate) async fn until(&mut self, moment: Option<Moment>) {
        let since_boot = || now().moment.as_millis();
        self.0.until(TimerfdClockId::Boottime, moment.map(Moment::as_millis), since_boot).await;
    }
}

/// The same by civil time: when somebody sets the clock, the kernel moves the ringing along (timerfd_create(2),
/// `CLOCK_REALTIME` with an absolute time).
#[derive(Debug, Default)]
pub(crate) struct WallAlarm(Timer);

impl WallAlarm {
    /// Waits until the clock shows a time; for ever when there is none. May be dropped at any point.
    pub(crate) async fn until(&mut self, wall: Option<Wall>) {
        let positive = |wall: Wall| u64::try_from(wall.as_unix_millis()).unwrap_or(0);
        self.0.until(TimerfdClockId::Realtime, wall.map(positive), || positive(now().wall)).await;
    }
}

/// A timer of the kernel's, made when it is needed first.
#[derive(Debug, Default)]
struct Timer {
    descriptor: Option<Receiver>,
    /// In milliseconds of its clock.
    set: Option<u64>,
}

impl Timer {
    async fn until(&mut self, clock: TimerfdClockId, at: Option<u64>, now: impl Fn() -> u64) {
        let Some(at) = at else { return std::future::pending().await };
        if at <= now() {
            return;
        }
        if self.ring(clock, at).await.is_err() {
            // Where there are no descriptors left, being late after resume is the smaller trouble.
            self.descriptor = None;
            tokio::time::sleep(Duration::from_millis(at.saturating_sub(now()))).await;
        }
        self.set = None;
    }

    async fn ring(&mut self, clock: TimerfdClockId, at: u64) -> io::Result<()> {
        let descriptor = match self.descriptor.take() {
            Some(descriptor) => self.descriptor.insert(descriptor),
            None => {
                let timer = timerfd_create(clock, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
                self.set = None;
                // The runtime's one safe way to wait for a descriptor that is no socket.
                self.descriptor.insert(Receiver::from_owned_fd_unchecked(timer)?)
            }
        };
        if self.set != Some(at) {
            let once = Itimerspec { it_interval: timespec(0), it_value: timespec(at) };
            timerfd_settime(descriptor.as_fd(), TimerfdTimerFlags::ABSTIME, &once)?;
            self.set = Some(at);
        }
        descriptor.read_u64().await.map(drop)
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

fn timespec(millis: u64) -> Timespec {
    let seconds = i64::try_from(millis / 1000).unwrap_or(i64::MAX);
    Timespec { tv_sec: seconds, tv_nsec: i64::try_from(millis % 1000 * 1_000_000).unwrap_or(0) }
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

    #[tokio::test]
    async fn an_alarm_rings_when_its_time_has_come_and_can_be_set_again() {
        let mut alarm = Alarm::default();
        let start = now().moment;
        for (set, dropped) in [(30, 10_000), (60, 5)] {
            // A wait that is given up leaves the next one its own time.
            tokio::select! {
                biased;
                () = alarm.until(Some(start + Duration::from_millis(dropped))) => {}
                () = std::future::ready(()) => {}
            }
            alarm.until(Some(start + Duration::from_millis(set))).await;
            let waited = now().moment - start;
            assert!(waited >= Duration::from_millis(set) && waited < Duration::from_secs(5), "{waited:?}");
        }
        alarm.until(Some(start)).await;
        tokio::select! {
            biased;
            () = alarm.until(None) => unreachable!("there is nothing to wait for"),
            () = std::future::ready(()) => {}
        }
    }

    #[tokio::test]
    async fn an_alarm_by_the_wall_clock_rings_when_that_shows_its_time() {
        let mut alarm = WallAlarm::default();
        let later = |millis: i64| Wall::from_unix_millis(now().wall.as_unix_millis() + millis);
        for millis in [20, 5, -1_000] {
            let at = later(millis);
            alarm.until(Some(at)).await;
            assert!(now().wall >= at && now().wall < later(5_000), "{millis}");
        }
        for far in [None, Some(later(600_000))] {
            let rung = tokio::time::timeout(Duration::from_millis(20), alarm.until(far)).await;
            assert!(rung.is_err(), "{far:?}");
        }
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
