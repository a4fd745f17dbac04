//! How often a room's archive is asked in vain, over all visits of a session, and when it may be asked again.

use std::time::Duration;

use super::Turn;
use super::outside::pause_between;
use crate::time::Moment;

/// After so many failures in a row nothing waits for it any more.
const MOST: u32 = 5;
/// The pause behind the first one; each is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// Of one room.
#[derive(Debug, Default)]
pub(super) struct Tries {
    /// In a row.
    failures: u32,
    /// Not before then is it asked again.
    again_at: Moment,
}

impl Tries {
    /// It answered.
    pub(super) fn worked(&mut self) {
        *self = Self::default();
    }

    /// It did not; when to ask again, if that is worth waiting for. It is not where the failure is `lasting`.
    pub(super) fn failed(&mut self, lasting: bool, turn: &mut Turn<'_>) -> Option<Moment> {
        let pause = pause_between(FIRST_PAUSE, LONGEST_PAUSE, self.failures, turn.entropy);
        self.failures = if lasting { MOST } else { self.failures.saturating_add(1) };
        self.again_at = turn.now.moment + pause;
        self.are_left().then_some(self.again_at)
    }

    /// Whether anything is still worth waiting for.
    pub(super) fn are_left(&self) -> bool {
        self.failures < MOST
    }

    /// When it may be asked, if that is not now.
    pub(super) fn wait(&self, now: Moment) -> Option<Moment> {
        (self.failures > 0 && self.again_at > now).then_some(self.again_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;
    use crate::time::{Now, Wall};

    #[test]
    fn it_is_asked_less_and_less_often_until_it_answers() {
        let mut entropy = Entropy::new([1; 32]);
        let now = Now { moment: Moment::from_millis(1_000), wall: Wall::default() };
        let mut turn = Turn { now, entropy: &mut entropy, actions: Vec::new() };
        let mut tries = Tries::default();
        assert_eq!(tries.wait(now.moment), None);
        for failures in 0..40 {
            let longest = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
            let again = tries.failed(false, &mut turn);
            assert_eq!(again.is_some(), failures + 1 < MOST, "{failures}");
            let wait = tries.wait(now.moment).expect("not now");
            assert!(wait >= now.moment + longest / 2 && wait <= now.moment + longest, "{failures}: {wait:?}");
        }
        tries.worked();
        assert_eq!(tries.wait(now.moment), None);
        assert_eq!(tries.failed(true, &mut turn), None);
        assert!(tries.wait(now.moment).is_some());
    }
}
