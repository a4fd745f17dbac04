//! The pages of an archive that is being read (XEP-0313, XEP-0059), and whether it is to be read on: one that tells the
//! same again and again, or nothing, or loses its places, is left alone.

use std::collections::BTreeSet;

/// So often in a row a page may be empty, refused or not answered.
const TRIALS: u32 = 10;
/// So many pages are read at most, for of each one something is remembered.
const MOST: usize = 20_000;
/// A result with a longer id is as good as none.
const LONGEST_ID: usize = 256;

/// The pages so far.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// The first result of this page.
    first: Option<String>,
    /// That of each page before.
    seen: BTreeSet<String>,
    in_vain: u32,
    by_time: bool,
}

impl Pages {
    /// Those behind a point in time, because the archive has lost the place that was known.
    pub(super) fn by_time() -> Self {
        Self { by_time: true, ..Self::default() }
    }

    /// Whether the archive may be read by time once it has lost a place: it has not done so before.
    pub(super) fn may_lose_their_place(&self) -> bool {
        !self.by_time
    }

    /// A page is asked for.
    pub(super) fn requested(&mut self) {
        self.first = None;
    }

    /// A result with this id is on the page.
    pub(super) fn has(&mut self, id: &str) {
        if id.len() <= LONGEST_ID {
            self.first.get_or_insert_with(|| id.to_owned());
        }
    }

    /// The page ends, and the archive says that there is more; whether to ask for it.
    pub(super) fn go_on(&mut self) -> bool {
        match self.first.take().map(|first| self.seen.insert(first)) {
            Some(true) => self.in_vain = 0,
            Some(false) => self.in_vain = TRIALS,
            None => self.in_vain += 1,
        }
        self.in_vain < TRIALS && self.seen.len() < MOST
    }

    /// Nobody answered, or with an error; whether to ask again.
    pub(super) fn try_again(&mut self) -> bool {
        self.in_vain += 1;
        self.in_vain < TRIALS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_come_again_are_the_end() {
        let mut pages = Pages::default();
        for (first, goes_on) in [("a", true), ("b", true), ("a", false)] {
            pages.requested();
            pages.has(first);
            pages.has("behind it");
            assert_eq!(pages.go_on(), goes_on, "{first}");
        }
    }

    #[test]
    fn an_archive_without_an_end_is_left_alone_one_day() {
        let mut pages = Pages::default();
        for page in 1..MOST {
            pages.has(&page.to_string());
            assert!(pages.go_on(), "{page}");
        }
        pages.has("one more");
        assert!(!pages.go_on());
    }

    #[test]
    fn pages_of_names_without_measure_are_empty() {
        let mut pages = Pages::default();
        for page in 1..=TRIALS {
            pages.has(&format!("{page}{}", "x".repeat(LONGEST_ID)));
            assert_eq!(pages.go_on(), page < TRIALS, "{page}");
        }
        assert!(pages.seen.is_empty());
    }

    #[test]
    fn empty_pages_and_failures_end_it_when_there_are_too_many_in_a_row() {
        let mut pages = Pages::default();
        for _ in 1..TRIALS {
            assert!(pages.go_on());
        }
        pages.has("a");
        assert!(pages.go_on());
        for _ in 1..TRIALS {
            assert!(pages.try_again());
        }
        assert!(!pages.try_again());
    }
}
