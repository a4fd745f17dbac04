//! How many calls a connection may make. What becomes of one too many is decided by its caller.

use tokio::time::Instant;

/// How many calls a second are allowed in the long run, and how many at once.
pub(super) const CALLS_A_SECOND: u32 = 1000;

// A call comes back each millisecond.
const _: () = assert!(CALLS_A_SECOND == 1000);

/// A token bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    calls: u32,
    filled: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) const fn new(now: Instant) -> Self {
        Self { calls: CALLS_A_SECOND, filled: now }
    }

    /// Takes a call out; `false` when there is none.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        let left = self.calls.checked_sub(1);
        self.calls = left.unwrap_or(0);
        left.is_some()
    }

    fn fill(&mut self, now: Instant) {
        let millis = now.saturating_duration_since(self.filled).as_millis();
        let calls = u32::try_from(millis).map_or(CALLS_A_SECOND, |new| self.calls.saturating_add(new));
        if calls >= CALLS_A_SECOND {
            *self = Self::new(now);
        } else if calls > self.calls {
            // What is left of a millisecond counts for the next call.
            self.filled += std::time::Duration::from_millis(u64::from(calls - self.calls));
            self.calls = calls;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn taken(bucket: &mut Bucket, now: Instant) -> u32 {
        std::iter::repeat_with(|| bucket.take(now)).take_while(|taken| *taken).count().try_into().unwrap()
    }

    #[test]
    fn a_second_brings_a_thousand_calls_and_never_more_than_that_are_kept() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        assert_eq!(taken(&mut bucket, start), CALLS_A_SECOND);
        assert_eq!(taken(&mut bucket, start + Duration::from_micros(1_900)), 1);
        assert_eq!(taken(&mut bucket, start + Duration::from_micros(2_000)), 1);
        assert_eq!(taken(&mut bucket, start + Duration::from_millis(502)), 500);
        assert_eq!(taken(&mut bucket, start + Duration::from_secs(1 << 40)), CALLS_A_SECOND);
        assert_eq!(taken(&mut bucket, start), 0);
    }
}
