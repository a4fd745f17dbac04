//! Turns the TLS library's errors into the arms of [`TlsError`] and into words for people.

use std::io;

use jiff::Timestamp;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use super::TlsError;

/// How many of a certificate's names are told.
const NAMES: usize = 5;

/// The error of a failed handshake.
pub(super) fn classify(error: io::Error) -> TlsError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return TlsError::Handshake("the server closed the connection during the TLS handshake".to_owned());
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(fault)) => TlsError::Certificate(certificate(fault)),
        Some(rustls::Error::InvalidMessage(_)) => TlsError::Handshake("the server does not speak TLS here".to_owned()),
        Some(rustls::Error::AlertReceived(alert)) => {
            TlsError::Handshake(format!("the server refused the TLS handshake ({alert:?})"))
        }
        Some(other) => TlsError::Handshake(format!("the TLS handshake failed: {other}")),
        None => TlsError::Lost(error),
    }
}

/// The verdict on a certificate.
pub(super) fn verdict(error: &rustls::Error) -> String {
    if let rustls::Error::InvalidCertificate(fault) = error { certificate(fault) } else { error.to_string() }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's enum may grow; its own words serve for the rest")]
fn certificate(fault: &CertificateError) -> String {
    match fault {
        CertificateError::Expired => "certificate has expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => format!("certificate expired on {}", date(*not_after)),
        CertificateError::NotValidYet => "certificate is not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("certificate is not valid before {}", date(*not_before))
        }
        CertificateError::UnknownIssuer => "certificate is from an unknown issuer".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            format!("certificate is for {}, not {}", names(presented), expected.to_str())
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "certificate is not meant for servers".to_owned()
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "certificate is an authority's own, not a server's".to_owned()
        }
        CertificateError::BadEncoding => "certificate is malformed".to_owned(),
        CertificateError::BadSignature => "certificate was not signed by the authority it names".to_owned(),
        other => format!("certificate does not verify: {other}"),
    }
}

fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).ok();
    let moment = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.map_or_else(|| "a date out of range".to_owned(), |moment| moment.strftime("%Y-%m-%d").to_string())
}

/// The names as people write them; the library gives them as `DnsName("chat.example")`.
fn names(presented: &[String]) -> String {
    let mut names: Vec<String> = presented
        .iter()
        .take(NAMES)
        .map(|name| name.strip_prefix("DnsName(\"").and_then(|rest| rest.strip_suffix("\")")).unwrap_or(name))
        .map(|name| name.chars().filter(|letter| letter.is_ascii_graphic()).collect())
        .collect();
    if names.is_empty() {
        return "no name at all".to_owned();
    }
    if presented.len() > NAMES {
        names.push("others".to_owned());
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(presented: &[&str], expected: &str) {
        let presented: Vec<_> = presented.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(names(&presented), expected);
    }

    #[test]
    fn names_of_a_certificate_are_cleaned_and_few() {
        check(&[], "no name at all");
        check(&["DnsName(\"chat.example\")"], "chat.example");
        check(&["DnsName(\"a\u{1b}[31m.example\")", "IpAddress(192.0.2.1)"], "a[31m.example, IpAddress(192.0.2.1)");
        check(&["a", "b", "c", "d", "e", "f", "g"], "a, b, c, d, e, others");
    }

    #[test]
    fn a_broken_connection_is_no_fault_of_tls() {
        assert!(matches!(classify(io::ErrorKind::ConnectionReset.into()), TlsError::Lost(_)));
        assert!(matches!(classify(io::ErrorKind::UnexpectedEof.into()), TlsError::Handshake(_)));
    }
}
