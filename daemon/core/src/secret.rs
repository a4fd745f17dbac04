//! Text that must never reach a log, an error or another process: wiped when dropped, blank when printed.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A password, token or key.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller should hold no other copy.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one computation that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is what was offered; how long it takes tells nothing of how much is right.
    pub fn is(&self, offered: &[u8]) -> bool {
        // Digests are of one length, so that not even the length shows.
        Sha256::digest(self.0.as_bytes()).ct_eq(&Sha256::digest(offered)).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_is_blank() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "Secret(…)");
    }

    #[test]
    fn an_offer_is_right_as_a_whole_or_not_at_all() {
        let secret = Secret::new("hunter2".into());
        assert!(secret.is(b"hunter2"));
        for wrong in [&b""[..], b"hunter", b"hunter22", b"hunter3", b"Hunter2", b"hunter2\0"] {
            assert!(!secret.is(wrong));
        }
    }
}
