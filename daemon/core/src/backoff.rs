//! How long to wait before dialling again: growing pauses with jitter, so that a thousand daemons that lost one server
//! do not come back in step. Whether to dial again at all, and what cuts a pause short, is [`crate::account`]'s.

use std::time::Duration;

use crate::entropy::Entropy;

/// The longest that the first pause may take; each further one may take twice as long.
const FIRST: Duration = Duration::from_secs(2);
/// The longest that any pause may take.
const LONGEST: Duration = Duration::from_secs(300);
/// The shortest pause once they no longer grow. With nine attempts before that, it keeps an outage of an hour below
/// 40 attempts whatever the dice say.
const SHORTEST_GROWN: Duration = Duration::from_secs(120);
/// A session at least this long shows that the server takes us.
const LASTING: Duration = Duration::from_secs(60);

/// The pauses of one account. A fresh one waits at most two seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    doublings: u32,
}

impl Backoff {
    /// The pause before the next attempt: evenly anywhere between nothing and a limit that doubles from 2 s (full
    /// jitter), in the end between 2 and 5 minutes. Whole milliseconds.
    pub fn pause(&mut self, entropy: &mut Entropy) -> Duration {
        let (shortest, longest) = self.advance();
        let span = u64::try_from((longest - shortest).as_millis()).expect("no pause is longer than five minutes");
        shortest + Duration::from_millis(entropy.below(span + 1))
    }

    /// A session has ended. Unless it was over as soon as it began, the pauses start small again.
    pub fn session_lasted(&mut self, duration: Duration) {
        if duration >= LASTING {
            self.reset();
        }
    }

    /// Starts small again: the network returned, the machine woke up, or a person asked.
    pub fn reset(&mut self) {
        self.doublings = 0;
    }

    /// Between what the next pause lies; the one after it lies higher.
    fn advance(&mut self) -> (Duration, Duration) {
        let limit = FIRST * (1 << self.doublings);
        if limit < LONGEST {
            self.doublings += 1;
            (Duration::ZERO, limit)
        } else {
            (SHORTEST_GROWN, LONGEST)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn entropy(seed: u16) -> Entropy {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&seed.to_be_bytes());
        Entropy::new(bytes)
    }

    /// Attempts within an hour, when each fails at once and `pause` says how long to wait.
    fn attempts(mut pause: impl FnMut() -> Duration) -> u32 {
        let (mut attempts, mut elapsed) = (1, pause());
        while elapsed <= HOUR {
            attempts += 1;
            elapsed += pause();
        }
        attempts
    }

    #[test]
    fn an_hour_of_outage_sees_at_most_forty_attempts() {
        for seed in 0..2000 {
            let (mut backoff, mut entropy) = (Backoff::default(), entropy(seed));
            let attempts = attempts(|| backoff.pause(&mut entropy));
            assert!((15..=40).contains(&attempts), "seed {seed}: {attempts}");
        }
    }

    #[test]
    fn even_the_unluckiest_dice_stay_below_forty_attempts() {
        let mut backoff = Backoff::default();
        assert_eq!(attempts(|| backoff.advance().0), 39);
    }

    #[test]
    fn the_first_retry_is_quick_and_none_is_over_five_minutes() {
        let mut first: Vec<Duration> = (0..999)
            .map(|seed| {
                let (mut backoff, mut entropy) = (Backoff::default(), entropy(seed));
                let first = backoff.pause(&mut entropy);
                assert!((0..50).all(|_| backoff.pause(&mut entropy) <= LONGEST), "seed {seed}");
                first
            })
            .collect();
        first.sort_unstable();
        assert!(first[998] <= FIRST);
        let median = first[499].as_millis();
        assert!((900..1100).contains(&median), "{median}");
    }

    #[test]
    fn pauses_start_small_again_after_a_session_that_lasted() {
        let check = |lasted: u64, starts_small: bool| {
            let (mut backoff, mut entropy) = (Backoff::default(), entropy(1));
            for _ in 0..20 {
                backoff.pause(&mut entropy);
            }
            backoff.session_lasted(Duration::from_secs(lasted));
            assert_eq!(backoff == Backoff::default(), starts_small, "{lasted} s");
        };
        check(0, false);
        check(59, false);
        check(60, true);
        check(86_400, true);
    }
}
