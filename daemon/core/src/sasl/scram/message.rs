//! Reading what a SCRAM server says (RFC 5802 section 7). What it means for the login is [`super`]'s.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Error, Fault};

/// RFC 5802 section 5.1 sets the floor; the cap keeps a hostile server from holding us up.
const ITERATIONS: RangeInclusive<u32> = 4096..=1_000_000;

/// A server-first-message whose parts are in range.
pub(super) struct ServerFirst<'a> {
    /// The combined nonce.
    pub(super) nonce: &'a str,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
    /// The attribute `h` of XEP-0474.
    pub(super) list_hash: Option<&'a str>,
    /// The attribute `t` of XEP-0515.
    pub(super) tls: Option<&'a str>,
}

impl<'a> ServerFirst<'a> {
    /// Reads the message that answers our nonce.
    pub(super) fn parse(text: &'a str, our_nonce: &str) -> Result<Self, Error> {
        refused(text)?;
        if text.split(',').any(|attribute| attribute.starts_with("m=")) {
            return Err(Error::MalformedChallenge(Fault::MandatoryExtension));
        }
        let mut attributes = text.split(',');
        let mut next = |name| {
            let value = attributes.next().and_then(|attribute| attribute.strip_prefix(name));
            value.ok_or(Error::MalformedChallenge(Fault::Syntax))
        };
        let nonce = combined_nonce(next("r=")?, our_nonce)?;
        let salt = salt(next("s=")?)?;
        let iterations = iterations(next("i=")?)?;
        let mut first = Self { nonce, salt, iterations, list_hash: None, tls: None };
        for attribute in attributes {
            first.extend(attribute).ok_or(Error::MalformedChallenge(Fault::Syntax))?;
        }
        Ok(first)
    }

    /// Takes an extension: ours are kept, a repeated or nameless one is `None`, unknown ones pass.
    fn extend(&mut self, attribute: &'a str) -> Option<()> {
        let (name, value) = attribute.split_once('=')?;
        let known = match name {
            "h" => &mut self.list_hash,
            "t" => &mut self.tls,
            _ => {
                let is_letter = name.len() == 1 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
                return is_letter.then_some(());
            }
        };
        known.replace(value).is_none().then_some(())
    }
}

/// Fails when the server says `e=`. Text that is no error name is not repeated but taken for `other-error`.
pub(super) fn refused(text: &str) -> Result<(), Error> {
    let Some(rest) = text.strip_prefix("e=") else { return Ok(()) };
    let name = rest.split(',').next().unwrap_or_default();
    let is_name =
        (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    Err(Error::Refused(if is_name { name } else { "other-error" }.to_owned()))
}

fn combined_nonce<'a>(nonce: &'a str, ours: &str) -> Result<&'a str, Error> {
    let printable = nonce.bytes().all(|byte| byte.is_ascii_graphic());
    let continues = nonce.len() > ours.len() && nonce.starts_with(ours);
    if printable && continues { Ok(nonce) } else { Err(Error::MalformedChallenge(Fault::Nonce)) }
}

fn salt(value: &str) -> Result<Vec<u8>, Error> {
    let salt = STANDARD.decode(value).ok().filter(|salt| !salt.is_empty());
    salt.ok_or(Error::MalformedChallenge(Fault::Salt))
}

fn iterations(value: &str) -> Result<u32, Error> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0') && !value.is_empty();
    if !is_plain {
        return Err(Error::MalformedChallenge(Fault::Syntax));
    }
    let asked = value.parse::<u64>().unwrap_or(u64::MAX);
    let accepted = u32::try_from(asked).ok().filter(|count| ITERATIONS.contains(count));
    accepted.ok_or(Error::IterationsOutOfRange(asked))
}
