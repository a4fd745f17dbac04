//! The JID's domain in the two forms the network wants: an ASCII name to look up and the name a certificate
//! must carry. Whether the JID itself is well formed was checked by the `jid` crate.

use std::net::IpAddr;

use rustls::pki_types::ServerName;
use thiserror::Error;

/// A domain whose server can be looked up and recognised (RFC 6120 section 13.7.2.1, RFC 9525).
#[derive(Debug, Clone)]
pub(crate) struct Domain {
    ascii: String,
    reference: ServerName<'static>,
}

/// The domain has no form that DNS and certificates know.
#[derive(Debug, Error)]
#[error("{0:?} is not a domain that can be looked up")]
pub(crate) struct InvalidDomain(String);

impl Domain {
    /// Reads the domain part of a JID: a name (Unicode labels become A-labels) or an IP address (version 6 in
    /// brackets).
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidDomain> {
        let invalid = || InvalidDomain(text.to_owned());
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self { ascii: address.to_string(), reference: ServerName::from(address) });
        }
        let ascii = idna::domain_to_ascii(text).map_err(|_| invalid())?;
        let ascii = ascii.strip_suffix('.').unwrap_or(&ascii).to_owned();
        let reference = ServerName::try_from(ascii.clone()).map_err(|_| invalid())?;
        Ok(Self { ascii, reference })
    }

    /// The name in ASCII, without a final dot; an address without brackets.
    pub(crate) fn ascii(&self) -> &str {
        &self.ascii
    }

    /// What the server's certificate must be valid for, and what it is told it is asked for (SNI).
    pub(crate) fn reference(&self) -> &ServerName<'static> {
        &self.reference
    }

    /// Whether service records may exist: not for an address, nor for this machine (RFC 6761 section 6.3).
    pub(crate) fn has_services(&self) -> bool {
        let is_local = self.ascii == "localhost" || self.ascii.ends_with(".localhost");
        !is_local && !matches!(self.reference, ServerName::IpAddress(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, bool)>) {
        let domain = Domain::parse(text).ok();
        let seen = domain.as_ref().map(|domain| (domain.ascii(), domain.has_services()));
        assert_eq!(seen, expected, "{text}");
    }

    #[test]
    fn a_domain_is_looked_up_by_its_ascii_labels() {
        check("verona.example", Some(("verona.example", true)));
        check("Verona.Example.", Some(("verona.example", true)));
        check("bücher.example", Some(("xn--bcher-kva.example", true)));
        check("xn--bcher-kva.example", Some(("xn--bcher-kva.example", true)));
    }

    #[test]
    fn neither_an_address_nor_this_machine_has_services() {
        check("192.0.2.1", Some(("192.0.2.1", false)));
        check("[2001:db8::1]", Some(("2001:db8::1", false)));
        check("localhost", Some(("localhost", false)));
        check("chat.localhost", Some(("chat.localhost", false)));
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        check("", None);
        check("two words.example", None);
        check("verona.example:5222", None);
    }
}
