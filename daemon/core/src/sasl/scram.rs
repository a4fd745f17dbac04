//! SCRAM (RFC 5802, RFC 7677) as steps that consume each other: [`ClientFirst`] → [`Challenge`] → [`Expecting`] →
//! [`Authenticated`]. Nothing derived from the password leaves before the server's first message has passed
//! every check. Messages are bytes; base64 and XML are the negotiation's, and running [`derive()`] aside is the shell's.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::binding::{Choice, Offer};
use super::downgrade::{self, Downgrade, ListProof, TlsVersion};
use super::mechanism::Hash;
use super::{Authenticated, same};
use crate::entropy::Entropy;
use crate::secret::Secret;
use message::ServerFirst;

mod message;

/// Why a SCRAM login ended. Of these, only [`Error::Refused`] can mean a wrong password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The server's first message breaks RFC 5802.
    #[error("the server's login challenge is malformed: {0}")]
    MalformedChallenge(Fault),
    /// The count is below 4,096 (a stolen proof would be cheap to guess from) or above 1,000,000 (it would hold us up).
    #[error("the server asks for {0} rounds of password hashing; 4096 to 1000000 are accepted")]
    IterationsOutOfRange(u64),
    /// Someone between us and the server has changed what was offered.
    #[error(transparent)]
    Downgrade(#[from] Downgrade),
    /// The server did not prove that it knows the password.
    #[error("the server did not prove that it knows the password")]
    ServerNotProven,
    /// The server ended the exchange by `e=`; the text is one of RFC 5802 section 7's, such as `invalid-proof`.
    #[error("the server refused the login: {0}")]
    Refused(String),
}

/// What is wrong with a server's first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not UTF-8, or its attributes are not `r`, `s`, `i` and extensions, in this order, each once.
    #[error("its parts are not as they should be")]
    Syntax,
    /// The nonce does not continue ours, adds nothing to it, or has forbidden characters.
    #[error("its nonce does not continue ours")]
    Nonce,
    /// The salt is empty or not base64.
    #[error("its salt is unreadable")]
    Salt,
    /// An extension that must be understood (`m=`).
    #[error("it needs an extension that does not exist")]
    MandatoryExtension,
}

/// Text that SASLprep (RFC 4013) forbids: control or unassigned characters, or mixed writing directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Prohibited {
    /// In the user name, which may not be empty either.
    #[error("the user name is empty or has characters that SCRAM does not allow")]
    UserName,
    /// In the password.
    #[error("the password has characters that SCRAM does not allow")]
    Password,
}

/// Our first message, ready to be sent, and what is kept until the server's first.
#[derive(Debug)]
pub struct ClientFirst {
    choice: Choice,
    nonce: String,
    bare: String,
}

impl ClientFirst {
    /// Starts a login as `username` (the local part of the JID), with a fresh nonce of 256 bits.
    ///
    /// # Errors
    /// [`Prohibited::UserName`].
    pub fn new(username: &str, choice: Choice, entropy: &mut Entropy) -> Result<Self, Prohibited> {
        Self::with_nonce(username, choice, URL_SAFE_NO_PAD.encode(entropy.bytes()))
    }

    fn with_nonce(username: &str, choice: Choice, nonce: String) -> Result<Self, Prohibited> {
        let name = stringprep::saslprep(username).map_err(|_| Prohibited::UserName)?;
        if name.is_empty() {
            return Err(Prohibited::UserName);
        }
        let escaped = name.replace('=', "=3D").replace(',', "=2C");
        Ok(Self { choice, bare: format!("n={escaped},r={nonce}"), nonce })
    }

    /// The client-first-message.
    pub fn message(&self) -> Vec<u8> {
        format!("{}{}", self.choice.gs2.header(), self.bare).into_bytes()
    }

    /// Takes the server-first-message. `offer` is what the choice was made from, `tls` the connection's version.
    ///
    /// # Errors
    /// Every [`Error`] but [`Error::ServerNotProven`]; the exchange is over and must be aborted.
    pub fn server_first(self, message: &[u8], offer: &Offer, tls: TlsVersion) -> Result<Challenge, Error> {
        let text = str::from_utf8(message).map_err(|_| Error::MalformedChallenge(Fault::Syntax))?;
        let first = ServerFirst::parse(text, &self.nonce)?;
        let list_proof = downgrade::check_lists(self.choice.hash, offer, first.list_hash)?;
        if list_proof == ListProof::Absent && self.choice.must_prove_list {
            return Err(Downgrade::ListsUnproven.into());
        }
        downgrade::check_tls(tls, first.tls)?;
        let without_proof = format!("c={},r={}", STANDARD.encode(self.choice.gs2.channel()), first.nonce);
        let auth_message = format!("{},{text},{without_proof}", self.bare);
        let derivation = Derivation { hash: self.choice.hash, salt: first.salt, iterations: first.iterations };
        Ok(Challenge { choice: self.choice, list_proof, derivation, without_proof, auth_message })
    }
}

/// The server's first message has passed; what is missing for the answer is the salted password.
#[derive(Debug)]
pub struct Challenge {
    choice: Choice,
    list_proof: ListProof,
    derivation: Derivation,
    without_proof: String,
    auth_message: String,
}

impl Challenge {
    /// What to derive from the password. The same derivation gives the same salted password, so it may be kept for
    /// the next login.
    pub fn derivation(&self) -> &Derivation {
        &self.derivation
    }

    /// The client-final-message, and what to expect of the server after it. A salted password of another derivation
    /// gives a proof that the server refuses.
    pub fn proof(self, salted: &SaltedPassword) -> (Vec<u8>, Expecting) {
        let hash = self.derivation.hash;
        let auth_message = self.auth_message.as_bytes();
        let client_key = Zeroizing::new(hash.hmac(&salted.0, &[b"Client Key"]));
        let stored_key = Zeroizing::new(hash.digest(&client_key));
        let server_key = Zeroizing::new(hash.hmac(&salted.0, &[b"Server Key"]));
        let client_signature = hash.hmac(&stored_key, &[auth_message]);
        let proof: Vec<u8> = client_key.iter().zip(client_signature).map(|(key, signed)| key ^ signed).collect();
        let message = format!("{},p={}", self.without_proof, STANDARD.encode(proof));
        let authenticated = Authenticated {
            mechanism: self.choice.mechanism(),
            binding: self.choice.gs2.kind(),
            list_proof: self.list_proof,
        };
        let expecting = Expecting { server_signature: hash.hmac(&server_key, &[auth_message]), authenticated };
        (message.into_bytes(), expecting)
    }
}

/// Our proof is out; the server owes its own.
pub struct Expecting {
    server_signature: Vec<u8>,
    authenticated: Authenticated,
}

impl Expecting {
    /// Takes the server-final-message, wherever it came: in a last challenge, in SASL 1's `<success/>` or in SASL 2's
    /// `<additional-data/>`. An absent one is passed as empty.
    ///
    /// # Errors
    /// [`Error::Refused`] by `e=`, [`Error::ServerNotProven`] by anything else but the right signature.
    pub fn server_final(self, message: &[u8]) -> Result<Authenticated, Error> {
        let text = str::from_utf8(message).map_err(|_| Error::ServerNotProven)?;
        message::refused(text)?;
        let first = text.split(',').next().unwrap_or_default();
        let signature = first.strip_prefix("v=").and_then(|value| STANDARD.decode(value).ok());
        match signature {
            Some(signature) if same(&signature, &self.server_signature) => Ok(self.authenticated),
            Some(_) | None => Err(Error::ServerNotProven),
        }
    }
}

impl fmt::Debug for Expecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expecting(…)")
    }
}

/// One computation of a salted password: everything that goes in beside the password.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Derivation {
    /// The mechanism's hash.
    pub hash: Hash,
    /// The server's salt for this account.
    pub salt: Vec<u8>,
    /// Rounds of PBKDF2, 4,096 to 1,000,000.
    pub iterations: u32,
}

/// What PBKDF2 makes of the password: as good as the password for this account, so it is wiped and never printed.
#[derive(Clone)]
pub struct SaltedPassword(Zeroizing<Vec<u8>>);

impl fmt::Debug for SaltedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SaltedPassword(…)")
    }
}

/// Derives the salted password. This takes as long as the server wanted (some milliseconds for each 10,000 rounds), so
/// the shell runs it off its loop.
///
/// # Errors
/// [`Prohibited::Password`].
pub fn derive(password: &Secret, derivation: &Derivation) -> Result<SaltedPassword, Prohibited> {
    let prepared = stringprep::saslprep(password.reveal()).map_err(|_| Prohibited::Password)?;
    let prepared = Zeroizing::new(prepared.into_owned());
    let Derivation { hash, salt, iterations } = derivation;
    Ok(SaltedPassword(Zeroizing::new(hash.pbkdf2(prepared.as_bytes(), salt, *iterations))))
}

#[cfg(test)]
mod tests;
