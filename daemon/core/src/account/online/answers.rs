//! Bounds what strangers can make us send: at most 20 automatic answers a second, 2 to one sender (S72).

use std::collections::BTreeMap;

use jid::BareJid;

use crate::time::Moment;

const EACH: u32 = 2;
const ALL: u32 = 20;
const SECOND_MS: u64 = 1_000;

/// The answers given in the current second.
#[derive(Debug, Default)]
pub(super) struct Answers {
    second: u64,
    all: u32,
    each: BTreeMap<Option<BareJid>, u32>,
}

impl Answers {
    /// Whether one more answer may go to this sender now; nobody means our own server.
    pub(super) fn allow(&mut self, to: Option<BareJid>, now: Moment) -> bool {
        let second = now.as_millis() / SECOND_MS;
        if second != self.second {
            *self = Self { second, ..Self::default() };
        }
        if self.all >= ALL {
            return false;
        }
        let each = self.each.entry(to).or_default();
        if *each >= EACH {
            return false;
        }
        *each += 1;
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
    fn each_sender_and_all_together_are_bounded_by_the_second() {
        let mut answers = Answers::default();
        assert_eq!(allowed(&mut answers, "tybalt@verona.example", 10, 50), 2);
        let others: usize = (0..50).map(|n| allowed(&mut answers, &format!("t{n}@verona.example"), 20, 3)).sum();
        assert_eq!(others, 18);
        assert_eq!(allowed(&mut answers, "tybalt@verona.example", 1_000, 50), 2);
    }
}
