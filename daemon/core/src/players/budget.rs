//! How often an account may publish: one token bucket for the tune, the status and a text that scrolls. The tune waits for
//! a token, the person's own status never does but is counted, and scrolling gives way first. Keeping the newest value until there is a token is left to
//! the caller, who compares what is out with what is wanted: the last value wins by itself.

use std::time::Duration;

use crate::time::Moment;

/// So many publishes may follow each other at once.
const BURST: u64 = 5;
/// A token comes back every so often.
const INTERVAL: Duration = Duration::from_secs(5);
/// What a presence alone takes: a fifth of a token.
const PRESENCE: Duration = Duration::from_secs(1);
/// Scrolling takes of the last token only, so that the others are there for the tune.
const SCROLLING: Duration = INTERVAL;

/// The tokens of one account. A new one has them all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// When all tokens are there again.
    full_at: Moment,
}

impl Budget {
    /// A bucket with all its tokens.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a token.
    ///
    /// # Errors
    /// The moment at which there is one again.
    pub fn take(&mut self, now: Moment) -> Result<(), Moment> {
        let full_at = self.full_at.max(now) + INTERVAL;
        let whole = Duration::from_millis(INTERVAL.as_secs() * 1000 * BURST);
        if full_at.since(now) > whole {
            return Err(now + (full_at.since(now) - whole));
        }
        self.full_at = full_at;
        Ok(())
    }

    /// Counts a presence that goes out in any case.
    pub fn spend(&mut self, now: Moment) {
        let whole = now + INTERVAL.saturating_mul(u32::try_from(BURST).unwrap_or(1));
        self.full_at = (self.full_at.max(now) + PRESENCE).min(whole);
    }

    /// Takes what a step of a scrolling text needs; whether there was enough.
    pub fn take_step(&mut self, now: Moment) -> bool {
        let full_at = self.full_at.max(now) + PRESENCE;
        let there = full_at.since(now) <= SCROLLING;
        if there {
            self.full_at = full_at;
        }
        there
    }

    /// How many whole publishes may go out at once, and of how many.
    pub fn left(&self, now: Moment) -> (u64, u64) {
        let used = self.full_at.since(now).as_millis().div_ceil(INTERVAL.as_millis());
        (BURST.saturating_sub(u64::try_from(used).unwrap_or(BURST)), BURST)
    }

    /// When a step of a scrolling text may go out again; nothing when it may now.
    pub fn scrolls_at(&self, now: Moment) -> Option<Moment> {
        let late = (self.full_at.max(now) + PRESENCE).since(now).saturating_sub(SCROLLING);
        (!late.is_zero()).then(|| now + late)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_burst_of_five_then_one_every_five_seconds() {
        let mut budget = Budget::new();
        let mut check = |millis: u64, expected: Result<(), u64>| {
            let taken = budget.take(Moment::from_millis(millis));
            assert_eq!(taken, expected.map_err(Moment::from_millis), "at {millis}");
        };
        for millis in [1000, 1000, 1001, 1002, 1003] {
            check(millis, Ok(()));
        }
        check(1004, Err(6000));
        check(5999, Err(6000));
        check(6000, Ok(()));
        check(6000, Err(11_000));
        check(11_500, Ok(()));
        check(11_500, Err(16_000));
        for _ in 0..5 {
            check(60_000, Ok(()));
        }
        check(60_000, Err(65_000));
    }

    #[test]
    fn scrolling_goes_on_each_second_and_gives_way_first() {
        let at = Moment::from_millis;
        let mut budget = Budget::new();
        // Once a second for ever, and never faster in the long run.
        for second in 100..200 {
            assert!(budget.take_step(at(second * 1_000)), "{second}");
        }
        let steps = (0..10_000).filter(|tick| budget.take_step(at(200_000 + tick * 10))).count();
        assert!((100..=105).contains(&steps), "{steps}");
        // It leaves the tune all tokens but the last.
        let taken = (0..9).filter(|_| budget.take(at(300_000)).is_ok()).count();
        assert_eq!((taken, budget.left(at(300_000))), (4, (0, 5)));
        // The tune goes on at its own pace, and nothing scrolls until the bucket is nearly full again.
        assert!(!budget.take_step(at(319_000)));
        let again = budget.scrolls_at(at(300_000)).unwrap();
        assert!(!budget.clone().take_step(at(again.as_millis() - 1)) && budget.clone().take_step(again));
        assert_eq!(budget.scrolls_at(again), None);
        // A person's own status always goes out; many of them stop the scrolling, and never for long.
        let mut budget = Budget::new();
        (0..1_000).for_each(|_| budget.spend(at(0)));
        assert_eq!((budget.take(at(0)), budget.left(at(0))), (Err(at(5_000)), (0, 5)));
        assert!(!budget.take_step(at(20_000)) && budget.take_step(at(21_000)));
    }

    proptest! {
        #[test]
        fn no_window_has_more_than_its_share(gaps in prop::collection::vec(0u64..4000, 1..100)) {
            let mut budget = Budget::new();
            let (mut at, mut taken) = (0, Vec::new());
            for gap in gaps {
                at += gap;
                match budget.take(Moment::from_millis(at)) {
                    Ok(()) => taken.push(at),
                    Err(when) => prop_assert!(when > Moment::from_millis(at) && budget.clone().take(when).is_ok()),
                }
            }
            for (index, first) in taken.iter().enumerate() {
                for (count, last) in taken.iter().skip(index).enumerate() {
                    prop_assert!((count as u64) < 5 + (last - first) / 5000);
                }
            }
        }
    }
}
