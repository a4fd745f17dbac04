//! How often an account may publish: a token bucket. Keeping the newest value until there is a token is left to
//! the caller, who compares what is out with what is wanted: the last value wins by itself.

use std::time::Duration;

use crate::time::Moment;

/// So many publishes may follow each other at once.
const BURST: u64 = 5;
/// A token comes back every so often.
const INTERVAL: Duration = Duration::from_secs(5);

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
