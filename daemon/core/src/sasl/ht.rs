//! The HT mechanisms: a token proven in one step, both ways (draft-schmaus-kitten-sasl-ht-09, as XEP-0484 uses it).
//! Getting, keeping and counting tokens, and using one with its own mechanism only, is the caller's.

use std::fmt;

use super::binding::{BindingType, Bindings};
use super::downgrade::ListProof;
use super::mechanism::{Hash, Mechanism};
use super::{Authenticated, same};
use crate::secret::Secret;

/// Why an HT login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The TLS session has no binding of the mechanism's kind; nothing was sent.
    #[error("this TLS connection has no {0} to bind the token by")]
    NoBinding(BindingType),
    /// The server's proof is absent or wrong.
    #[error("the server did not prove that it knows the token")]
    ServerNotProven,
}

/// Our message is out; the server owes its proof.
pub struct Expecting {
    proof: Vec<u8>,
    authenticated: Authenticated,
}

/// The initiator message for `username` (the local part of the JID), raw, and what to expect of the server after it.
/// `hash` and `binding` are those of the [`Mechanism::Ht`] that the token was issued for.
///
/// # Errors
/// [`Error::NoBinding`].
pub fn initiate(
    username: &str,
    token: &Secret,
    hash: Hash,
    binding: Option<BindingType>,
    bindings: &Bindings,
) -> Result<(Vec<u8>, Expecting), Error> {
    let data = match binding {
        None => &[],
        Some(kind) => bindings.data(kind).ok_or(Error::NoBinding(kind))?,
    };
    let key = token.reveal().as_bytes();
    let mut message = username.as_bytes().to_vec();
    message.push(0);
    message.extend(hash.hmac(key, &[b"Initiator", data]));
    let authenticated =
        Authenticated { mechanism: Mechanism::Ht { hash, binding }, binding, list_proof: ListProof::Absent };
    Ok((message, Expecting { proof: hash.hmac(key, &[b"Responder", data]), authenticated }))
}

impl fmt::Debug for Expecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expecting(…)")
    }
}

impl Expecting {
    /// Takes the responder message out of `<additional-data/>`. An absent one is passed as empty, and is a failure.
    ///
    /// # Errors
    /// [`Error::ServerNotProven`].
    pub fn responder(self, message: &[u8]) -> Result<Authenticated, Error> {
        if same(message, &self.proof) { Ok(self.authenticated) } else { Err(Error::ServerNotProven) }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const END_POINT: [u8; 32] = [
        0xcf, 0x07, 0xee, 0xd5, 0x2e, 0xdc, 0x8b, 0xdd, 0x2e, 0xe9, 0x05, 0x90, 0xa6, 0x73, 0x19, 0x72, 0xcb, 0xe3,
        0x46, 0x19, 0xd0, 0xcf, 0x11, 0xc9, 0x49, 0x22, 0x27, 0x74, 0x40, 0x6b, 0x57, 0x2c,
    ];

    fn start(mechanism: &str, bindings: &Bindings) -> Result<(Vec<u8>, Expecting), Error> {
        let token = Secret::new("secret-token:fast-Zm9vYmFyMDEyMzQ1Njc4OQ".into());
        match Mechanism::named(mechanism) {
            Some(Mechanism::Ht { hash, binding }) => initiate("mira", &token, hash, binding, bindings),
            other => panic!("{mechanism} is {other:?}"),
        }
    }

    #[test]
    fn both_sides_prove_the_token() {
        let exporter = Some(std::array::from_fn(|index| u8::try_from(index).unwrap()));
        let bindings = Bindings { exporter, end_point: Some(END_POINT.to_vec()) };
        let check = |mechanism: &str, initiator: &str, responder: &str| {
            let right = STANDARD.decode(responder).unwrap();
            let (message, expecting) = start(mechanism, &bindings).unwrap();
            assert_eq!(STANDARD.encode(message), initiator, "{mechanism}");
            assert_eq!(expecting.responder(&right).unwrap().mechanism().to_string(), mechanism);
            let mut wrong = right.clone();
            wrong[31] ^= 1;
            for wrong in [&wrong[..], &right[..31], &[]] {
                let (_, expecting) = start(mechanism, &bindings).unwrap();
                assert_eq!(expecting.responder(wrong), Err(Error::ServerNotProven), "{mechanism}");
            }
        };
        check(
            "HT-SHA-256-NONE",
            "bWlyYQDI4xiLZyOdzq9SYu0qse+1+udSe62x+qPitBhSwvF/4g==",
            "9uE1aHhxAe8wwqdMkVYGc79tJthsVKkMr/VSB0l8Phc=",
        );
        check(
            "HT-SHA-256-EXPR",
            "bWlyYQCPWq602rXwu2TXI3wypTot0l81DuNM6B26bLTWPuXv5g==",
            "uq+U+mdSbGGdqQcT9Pf+BZkSg1sQ+HrFLRaNwnG4V6w=",
        );
        check(
            "HT-SHA-256-ENDP",
            "bWlyYQBSIzSZ99K4y9SW4KMyiy3MO7+ma4pmPAQ6uLkoVA3meA==",
            "MG99OS4NpmwPRcmZn/Kbb3gXxikM0vNeSkpKM7zfgzM=",
        );
    }

    #[test]
    fn a_bound_token_is_not_used_where_there_is_nothing_to_bind_by() {
        let error = |mechanism| start(mechanism, &Bindings::default()).err();
        assert_eq!(error("HT-SHA-256-EXPR"), Some(Error::NoBinding(BindingType::TlsExporter)));
        assert_eq!(error("HT-SHA-256-ENDP"), Some(Error::NoBinding(BindingType::TlsServerEndPoint)));
        assert_eq!(error("HT-SHA-256-NONE"), None);
    }
}
