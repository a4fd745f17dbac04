//! What the losses of an account come to in a row: the third refusal is not the first. The pauses of ordinary losses
//! are [`crate::backoff`]'s, and what a single loss calls for is [`crate::loss`]'s.

use std::time::Duration;

use crate::loss::{self, Loss};
use crate::time::Moment;

/// More servers than this do not send us on before we pause (S11).
const MOST_HOPS: u32 = 3;
/// The pause after the first conflict; each further one is twice as long.
const FIRST_YIELD: Duration = Duration::from_secs(60);
/// The longest pause after a conflict.
const LONGEST_YIELD: Duration = Duration::from_secs(3600);
/// A session at least this long shows that the server takes us.
const LASTING: Duration = Duration::from_secs(60);
/// So many attempts may the machine's surroundings bring forward in a row.
const MOST_HURRIES: u32 = 6;
/// One more is allowed after each of these, so that a flapping link dials no oftener than a pause would.
const HURRY_REGAINED: Duration = Duration::from_secs(180);

/// One account's.
#[derive(Debug, Default)]
pub(super) struct Streak {
    hops: u32,
    conflicts: u32,
    /// The kind of loss that is bearable only a few times, and how often it has come.
    tries: (String, u32),
    hurries: u32,
    hurried: Moment,
    /// The server does not want us before.
    not_before: Moment,
}

/// An attempt that the machine's surroundings cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// The first after a calm: pauses start small again.
    First,
    /// One of several in a row.
    Again,
}

impl Streak {
    /// Where a `see-other-host` sends us; nowhere if that is no place, or too many have done so in a row.
    pub(super) fn follow(&mut self, loss: &Loss) -> Option<(String, u16)> {
        self.hops += 1;
        if self.hops > MOST_HOPS {
            self.hops = 0;
            return None;
        }
        loss::other_host(loss)
    }

    /// How long to leave the place to whoever has taken it.
    pub(super) fn yielding(&mut self) -> Duration {
        let pause = FIRST_YIELD * (1 << self.conflicts.min(6));
        self.conflicts += 1;
        pause.min(LONGEST_YIELD)
    }

    /// How often this loss has come in a row, this time included.
    pub(super) fn tried(&mut self, loss: &Loss) -> u32 {
        let words = loss.to_string();
        if self.tries.0 != words {
            self.tries = (words, 0);
        }
        self.tries.1 += 1;
        self.tries.1
    }

    /// The next attempt may not be made before: what the server itself asks for holds whatever the network does.
    pub(super) fn wait_for(&mut self, loss: &Loss, until: Moment) {
        self.not_before = if matches!(loss, Loss::Stream(_)) { until } else { Moment::default() };
    }

    /// The first moment from this one on at which an attempt may be made.
    pub(super) fn allowed_from(&self, at: Moment) -> Moment {
        at.max(self.not_before)
    }

    /// Whether the machine's surroundings may cause one more attempt, and whether it is the first for a while.
    pub(super) fn may_hurry(&mut self, now: Moment) -> Option<Haste> {
        let regained = (now - self.hurried).as_secs() / HURRY_REGAINED.as_secs();
        if regained > 0 {
            self.hurries = self.hurries.saturating_sub(u32::try_from(regained).unwrap_or(u32::MAX));
            self.hurried = now;
        }
        if self.hurries >= MOST_HURRIES {
            return None;
        }
        self.hurries += 1;
        Some(if self.hurries == 1 { Haste::First } else { Haste::Again })
    }

    /// A session has begun: the haste has paid off.
    pub(super) fn session_began(&mut self) {
        self.hurries = 0;
    }

    /// A session has ended. One that lasted clears the record; after a conflict it must have lasted longer than any
    /// pause, or two programs would take the place from each other for ever.
    pub(super) fn session_lasted(&mut self, duration: Duration) {
        if duration >= LASTING {
            self.hops = 0;
            self.tries = (String::new(), 0);
        }
        if duration >= LONGEST_YIELD {
            self.conflicts = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::error::{Condition, StreamError};

    fn sent_to(host: &str) -> Loss {
        let error = StreamError { other_host: Some(host.into()), ..StreamError::new(Condition::SeeOtherHost) };
        Loss::Stream(Box::new(error))
    }

    #[test]
    fn three_servers_in_a_row_are_followed_and_then_there_is_a_pause() {
        let mut streak = Streak::default();
        let followed = |streak: &mut Streak| streak.follow(&sent_to("other.example:5299")).is_some();
        for _ in 0..2 {
            assert_eq!([(); 4].map(|()| followed(&mut streak)), [true, true, true, false]);
        }
        assert!(followed(&mut streak));
        streak.session_lasted(LASTING);
        assert_eq!([(); 4].map(|()| followed(&mut streak)), [true, true, true, false]);
    }

    #[test]
    fn each_conflict_doubles_the_pause_until_a_session_outlasts_it() {
        let mut streak = Streak::default();
        let minutes: Vec<u64> = (0..8).map(|_| streak.yielding().as_secs() / 60).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60]);
        streak.session_lasted(LASTING);
        assert_eq!(streak.yielding(), LONGEST_YIELD);
        streak.session_lasted(LONGEST_YIELD);
        assert_eq!(streak.yielding(), FIRST_YIELD);
    }

    #[test]
    fn only_the_same_loss_counts_on() {
        let mut streak = Streak::default();
        let (unknown, refused) = (Condition::HostUnknown, Condition::NotAuthorized);
        let [unknown, refused] = [unknown, refused].map(|it| Loss::Stream(Box::new(StreamError::new(it))));
        assert_eq!([&unknown, &unknown, &refused, &unknown].map(|loss| streak.tried(loss)), [1, 2, 1, 1]);
    }

    #[test]
    fn a_flapping_network_is_worth_six_attempts_and_twenty_an_hour() {
        let mut streak = Streak::default();
        let minute = |minute: u64| Moment::from_millis(1_000_000 + minute * 60_000);
        assert_eq!(streak.may_hurry(minute(0)), Some(Haste::First));
        assert_eq!((0..10).filter(|_| streak.may_hurry(minute(0)) == Some(Haste::Again)).count(), 5);
        assert_eq!((1..=60).filter(|at| streak.may_hurry(minute(*at)).is_some()).count(), 20);
        streak.session_began();
        assert_eq!(streak.may_hurry(minute(60)), Some(Haste::First));
    }

    #[test]
    fn the_network_does_not_shorten_what_the_server_asked_for() {
        let mut streak = Streak::default();
        let (soon, later) = (Moment::from_millis(5), Moment::from_millis(60_000));
        streak.wait_for(&sent_to(""), later);
        assert_eq!(streak.allowed_from(soon), later);
        streak.wait_for(&Loss::TlsRequired, later);
        assert_eq!(streak.allowed_from(soon), soon);
    }
}
