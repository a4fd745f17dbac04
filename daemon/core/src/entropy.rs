//! Unpredictable bytes from a seed that the shell took from the kernel (HMAC-SHA-256 in counter mode, after
//! NIST SP 800-90A). The core itself reads no source of randomness.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How many bytes a seed has.
pub const SEED_LEN: usize = 32;

/// A generator that is as unpredictable as its seed.
#[derive(Clone)]
pub struct Entropy {
    key: [u8; SEED_LEN],
    counter: u64,
}

impl Entropy {
    /// A generator of this seed's sequence.
    pub fn new(seed: [u8; SEED_LEN]) -> Self {
        Self { key: seed, counter: 0 }
    }

    /// Mixes a fresh seed into the sequence, so that what leaked before tells nothing about what follows.
    pub fn mix(&mut self, seed: &[u8; SEED_LEN]) {
        self.key = self.block(seed);
    }

    /// The next 32 bytes.
    pub fn bytes(&mut self) -> [u8; SEED_LEN] {
        self.counter += 1;
        let counter = self.counter.to_be_bytes();
        self.block(&counter)
    }

    /// A text id of hardly less than 128 random bits, safe in an XML attribute, a JSON string and a file name, and no
    /// option of a command.
    pub fn id(&mut self) -> String {
        let id = URL_SAFE_NO_PAD.encode(&self.bytes()[..16]);
        if id.starts_with('-') { id.replacen('-', "_", 1) } else { id }
    }

    /// A UUID, version 4 (RFC 9562 section 5.4).
    pub fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.bytes()[..16]);
        let random = u128::from_be_bytes(bytes);
        let versioned = random & !(0xf << 76) | 4 << 76;
        let uuid = versioned & !(0b11 << 62) | 0b10 << 62;
        let hex = format!("{uuid:032x}");
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// A number below `bound`; zero when `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        let bytes = self.bytes();
        let mut word = [0; 16];
        word.copy_from_slice(&bytes[..16]);
        let wide = u128::from_be_bytes(word);
        u64::try_from(wide % u128::from(bound.max(1))).unwrap_or(0)
    }

    fn block(&self, data: &[u8]) -> [u8; SEED_LEN] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(data);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fixes_the_sequence_and_mixing_changes_it() {
        let mut first = Entropy::new([7; 32]);
        let mut second = Entropy::new([7; 32]);
        assert_eq!(first.id(), second.id());
        assert_ne!(first.id(), first.id());
        assert!((0..1_000).all(|_| !first.id().starts_with('-')), "an id is no option");
        second.bytes();
        second.mix(&[1; 32]);
        assert_ne!(first.bytes(), second.bytes());
    }

    #[test]
    fn a_uuid_says_that_it_is_random() {
        let uuid = Entropy::new([9; 32]).uuid();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
        assert!(["8", "9", "a", "b"].contains(&&uuid[19..20]), "{uuid}");
    }

    #[test]
    fn numbers_stay_below_their_bound() {
        let mut entropy = Entropy::new([0; 32]);
        assert_eq!(entropy.below(0), 0);
        for bound in 1..200 {
            assert!(entropy.below(bound) < bound);
        }
    }
}
