//! Dice whose seed is printed, so that what they threw can be thrown again.

use std::hash::{BuildHasher, RandomState};

/// SplitMix64: small, and good enough to choose where to cut.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The dice with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// The seed of a random test: `XMPPD_TESTS_SEED`, or a new one. It is printed, so that a failure can be had again.
#[must_use]
pub fn seed(test: &str) -> u64 {
    let named = std::env::var("XMPPD_TESTS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = named.unwrap_or_else(|| RandomState::new().hash_one(test) % 1_000_000);
    println!("{test}: XMPPD_TESTS_SEED={seed}");
    seed
}

/// How often a random test does what it does: `few` in every run, and what the variable says before a release.
#[must_use]
pub fn times(variable: &str, few: u64) -> u64 {
    std::env::var(variable).ok().and_then(|times| times.parse().ok()).unwrap_or(few)
}
