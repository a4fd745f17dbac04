//! Bounds what strangers can make us send: 2 automatic answers a second to one sender, after a burst of 5, and 20 a
//! second to all of them together (S72). What is not asked again, as a receipt is not, may wait for its turn.

use std::collections::BTreeMap;
use std::time::Duration;

use jid::BareJid;

use crate::time::Moment;

/// What one sender's questions may cost at once.
const BURST: u64 = 5;
/// How long it takes until one more answer to a sender is allowed.
pub(super) const REFILL: Duration = Duration::from_millis(REFILL_MS);
const REFILL_MS: u64 = 500;
const ALL: u32 = 20;
const SECOND_MS: u64 = 1_000;

/// The answers given of late.
#[derive(Debug, Default)]
pub(super) struct Answers {
    second: u64,
    all: u32,
    /// When a sender's burst will be whole again; who has a whole one is not in it.
    whole_at: BTreeMap<Option<BareJid>, u64>,
}

impl Answers {
    /// Whether one more answer may go to this sender now; nobody means our own server.
    pub(super) fn allow(&mut self, to: Option<BareJid>, now: Moment) -> bool {
        let now = now.as_millis();
        if now / SECOND_MS != self.second {
            self.second = now / SECOND_MS;
            self.all = 0;
            self.whole_at.retain(|_, whole_at| *whole_at > now);
        }
        if self.all >= ALL {
            return false;
        }
        let whole_at = self.whole_at.get(&to).copied().unwrap_or_default().max(now) + REFILL_MS;
        if whole_at > now + BURST * REFILL_MS {
            return false;
        }
        self.whole_at.insert(to, whole_at);
        self.all += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(answers: &mut Answers, sender: &str, at: u64, asked: usize) -> usize {
        let sender = BareJid::new(sender).unwrap();
        (0..asked).filter(|_| answers.allow(Some(sender.clone()), Moment::from_millis(at))).count()
    }

    #[test]
    fn a_sender_gets_a_burst_and_then_two_a_second() {
        let mut answers = Answers::default();
        for (at, expected) in [(10, 5), (500, 0), (510, 1), (1_509, 1), (1_510, 1), (60_000, 5)] {
            assert_eq!(allowed(&mut answers, "tybalt@verona.example", at, 50), expected, "at {at} ms");
        }
    }

    #[test]
    fn all_senders_together_are_bounded_by_the_second() {
        let mut answers = Answers::default();
        let asked = |answers: &mut Answers, at: u64| -> usize {
            (0..50).map(|n| allowed(answers, &format!("t{n}@verona.example"), at, 3)).sum()
        };
        assert_eq!(asked(&mut answers, 20), 20);
        assert_eq!(asked(&mut answers, 999), 0);
        assert_eq!(asked(&mut answers, 1_000), 20);
        assert!(answers.whole_at.len() <= 20, "who was refused is not remembered");
    }
}
