//! The names of the SASL mechanisms we speak, and the hash functions under them.
//! Which one to use is [`super::binding`]'s to decide.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::binding::BindingType;

/// A hash function of a mechanism, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// SHA-1 (RFC 5802); still sound inside HMAC.
    Sha1,
    /// SHA-256 (RFC 7677).
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Hash {
    const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    /// The name inside a mechanism's, such as `SHA-256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.name() == name)
    }

    /// The hash of `data`.
    pub(super) fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    /// HMAC of the parts of a message, one after another, under `key`.
    pub(super) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => mac::<Hmac<Sha1>>(key, parts),
            Self::Sha256 => mac::<Hmac<Sha256>>(key, parts),
            Self::Sha512 => mac::<Hmac<Sha512>>(key, parts),
        }
    }

    /// PBKDF2 with HMAC, as long as the hash's output (`Hi` of RFC 5802 section 2.2).
    pub(super) fn pbkdf2(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        let mut key = vec![0; self.digest(&[]).len()];
        match self {
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut key),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut key),
            Self::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, iterations, &mut key),
        }
        key
    }
}

/// A SASL mechanism that never shows the server (or an impostor) the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// A password, challenged (RFC 5802, RFC 7677).
    Scram {
        /// The hash function.
        hash: Hash,
        /// Whether it is bound to the TLS connection.
        plus: bool,
    },
    /// A token, in one step (draft-schmaus-kitten-sasl-ht-09; XEP-0484).
    Ht {
        /// The hash function.
        hash: Hash,
        /// What binds it to the TLS connection; `None` is the draft's `NONE`.
        binding: Option<BindingType>,
    },
}

impl Mechanism {
    /// The mechanism of this name (exact, as on the wire); `None` for those we do not speak.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(rest) = name.strip_prefix("SCRAM-") {
            let (hash, plus) = match rest.strip_suffix("-PLUS") {
                Some(hash) => (hash, true),
                None => (rest, false),
            };
            return Hash::named(hash).map(|hash| Self::Scram { hash, plus });
        }
        let (hash, binding) = name.strip_prefix("HT-")?.rsplit_once('-')?;
        let binding = match binding {
            "NONE" => None,
            "EXPR" => Some(BindingType::TlsExporter),
            "ENDP" => Some(BindingType::TlsServerEndPoint),
            _ => return None,
        };
        Hash::named(hash).map(|hash| Self::Ht { hash, binding })
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Scram { hash, plus } => write!(f, "SCRAM-{}{}", hash.name(), if plus { "-PLUS" } else { "" }),
            Self::Ht { hash, binding } => {
                let binding = match binding {
                    None => "NONE",
                    Some(BindingType::TlsExporter) => "EXPR",
                    Some(BindingType::TlsServerEndPoint) => "ENDP",
                };
                write!(f, "HT-{}-{binding}", hash.name())
            }
        }
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_what_they_print() {
        for hash in Hash::ALL {
            for plus in [false, true] {
                let mechanism = Mechanism::Scram { hash, plus };
                assert_eq!(Mechanism::named(&mechanism.to_string()), Some(mechanism));
            }
            for binding in [None, Some(BindingType::TlsExporter), Some(BindingType::TlsServerEndPoint)] {
                let mechanism = Mechanism::Ht { hash, binding };
                assert_eq!(Mechanism::named(&mechanism.to_string()), Some(mechanism));
            }
        }
        assert_eq!(Mechanism::Scram { hash: Hash::Sha512, plus: true }.to_string(), "SCRAM-SHA-512-PLUS");
        assert_eq!(Mechanism::Ht { hash: Hash::Sha256, binding: None }.to_string(), "HT-SHA-256-NONE");
    }

    #[test]
    fn other_mechanisms_have_no_value() {
        for name in [
            "",
            "PLAIN",
            "EXTERNAL",
            "SCRAM-",
            "SCRAM-SHA-256-PLUS-PLUS",
            "SCRAM-SHA-384",
            "scram-sha-256",
            "SCRAM-SHA-256 ",
            "HT-SHA-256-UNIQ",
            "HT-SHA-256",
            "HT2-SHA-256-EXPR",
        ] {
            assert_eq!(Mechanism::named(name), None, "{name:?}");
        }
    }
}
