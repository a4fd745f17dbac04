//! What comes while an archive is read, in its order. It is bounded in number and in memory, whoever speaks how much: of
//! more than that nothing waits, for the archive has it, too, and is read on to it.

/// So many at most wait.
const MOST: usize = 500;
/// As many bytes of them.
const MOST_BYTES: usize = 1024 * 1024;

/// For one archive.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    /// With about how many bytes each holds.
    waiting: Vec<(T, usize)>,
    bytes: usize,
    /// More came than could wait.
    overflown: bool,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { waiting: Vec::new(), bytes: 0, overflown: false }
    }
}

impl<T> Waiting<T> {
    /// One more, of about so many bytes; when it is one too many, none is left.
    pub(super) fn push(&mut self, one: T, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.waiting.len() < MOST && self.bytes <= MOST_BYTES && !self.overflown {
            self.waiting.push((one, bytes));
        } else {
            *self = Self { overflown: true, ..Self::default() };
        }
    }

    /// The archive has told what this is true of.
    pub(super) fn remove(&mut self, is_told: impl Fn(&T) -> bool) {
        for (_, bytes) in self.waiting.extract_if(.., |(one, _)| is_told(one)) {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    /// Whether more came than could wait, which is asked once: what comes from now on waits again.
    pub(super) fn take_overflown(&mut self) -> bool {
        std::mem::take(&mut self.overflown)
    }

    /// All that waits.
    pub(super) fn take(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(self).waiting.into_iter().map(|(one, _)| one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_wait_and_when_there_are_more_none_does_until_that_is_known() {
        let check = |most: usize, bytes: usize| {
            let mut waiting = Waiting::default();
            for number in 0..most {
                waiting.push(number, bytes);
            }
            assert_eq!((waiting.waiting.len(), waiting.overflown), (most, false), "{most} of {bytes}");
            for _ in 0..2 {
                waiting.push(most, bytes);
                assert_eq!(
                    (waiting.waiting.len(), waiting.bytes, waiting.overflown),
                    (0, 0, true),
                    "{most} of {bytes}"
                );
            }
            assert!(waiting.take_overflown() && !waiting.take_overflown());
            waiting.push(most, bytes);
            assert_eq!(waiting.take().collect::<Vec<_>>(), [most]);
        };
        check(MOST, 10);
        check(4, MOST_BYTES / 4);
    }

    #[test]
    fn what_the_archive_has_told_makes_room() {
        let mut waiting = Waiting::default();
        for number in 0..100 {
            waiting.push(number, MOST_BYTES / 2);
            waiting.remove(|other| *other == number);
        }
        assert_eq!((waiting.waiting.len(), waiting.bytes, waiting.overflown), (0, 0, false));
    }
}
