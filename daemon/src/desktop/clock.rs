//! Notices by the clocks that the machine has slept: the kernel wakes whoever waits for the wall clock to jump, and it
//! jumps at every resume (timerfd_create(2), `TFD_TIMER_CANCEL_ON_SET`). Whether it was sleep or somebody setting the
//! time shows in how far the clock that counts sleep has left the one that does not.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

use crate::host;

/// A shorter sleep breaks nothing.
const SLEEP: Duration = Duration::from_secs(1);
/// A time that never comes: in the year 2242.
const NEVER: Timespec = Timespec { tv_sec: 1 << 33, tv_nsec: 0 };

/// Waits for jumps.
pub(super) struct Clock {
    timer: Receiver,
    slept: Duration,
}

impl Clock {
    pub(super) fn new() -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let timer = Receiver::from_owned_fd_unchecked(timer)?;
        arm(&timer)?;
        Ok(Self { timer, slept: host::slept() })
    }

    /// Waits for a jump of the wall clock; whether the machine has slept. May be dropped at any point.
    pub(super) async fn next(&mut self) -> bool {
        // Either ECANCELED, or the year 2242.
        let _ = self.timer.read_u64().await;
        if arm(&self.timer).is_err() {
            std::future::pending::<()>().await;
        }
        self.has_slept(host::slept())
    }

    /// What was slept so far is known already.
    pub(super) fn resynchronise(&mut self) {
        self.slept = host::slept();
    }

    fn has_slept(&mut self, slept: Duration) -> bool {
        let more = slept.saturating_sub(self.slept);
        self.slept = slept;
        more >= SLEEP
    }
}

fn arm(timer: &Receiver) -> io::Result<()> {
    let never = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: NEVER };
    timerfd_settime(timer.as_fd(), TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET, &never)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleep_is_told_from_a_set_clock_and_counts_once() {
        let mut clock = Clock::new().unwrap();
        clock.slept = Duration::from_secs(100);
        let mut check = |slept: u64, expected: bool| {
            assert_eq!(clock.has_slept(Duration::from_millis(slept)), expected, "{slept}");
        };
        check(100_000, false);
        check(100_900, false);
        check(101_900, true);
        check(101_900, false);
        check(30 * 86_400_000, true);
        check(0, false);
    }

    #[tokio::test]
    async fn nothing_is_told_while_no_clock_jumps() {
        let mut clock = Clock::new().unwrap();
        let told = tokio::time::timeout(Duration::from_millis(20), clock.next()).await;
        assert!(told.is_err());
    }
}
