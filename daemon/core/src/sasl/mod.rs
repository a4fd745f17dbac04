//! Logging in without giving the password away: which mechanism and channel binding to use, SCRAM and HT as typed
//! steps, and the checks that nobody between us and the server has weakened the choice.
//! Base64, XML and the order of the exchange are [`crate::stream`]'s and the negotiation's; TLS is the shell's.
//!
//! PLAIN is not here: no list of a server's makes this program send a password.

pub mod binding;
pub mod downgrade;
pub mod ht;
pub mod mechanism;
pub mod scram;

pub use binding::{BindingType, Bindings, Choice, Gs2, Offer, Profile, Refusal, choose};
pub use downgrade::{Downgrade, ListProof, TlsVersion};
pub use mechanism::{Hash, Mechanism};

use subtle::ConstantTimeEq;

/// The server has proven that it knows our secret. Only [`scram::Expecting::server_final`] and
/// [`ht::Expecting::responder`] make one, and it cannot be copied: whatever needs a session takes it by value.
#[derive(Debug, PartialEq, Eq)]
pub struct Authenticated {
    mechanism: Mechanism,
    binding: Option<BindingType>,
    list_proof: ListProof,
}

impl Authenticated {
    /// The mechanism that proved both sides.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// What tied the login to this TLS connection; `None` when nothing did.
    pub fn binding(&self) -> Option<BindingType> {
        self.binding
    }

    /// Whether the server vouched for the lists that the mechanism was chosen from (XEP-0474).
    pub fn list_proof(&self) -> ListProof {
        self.list_proof
    }
}

/// Whether two byte strings are equal, in a time that tells nothing about where they differ.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
