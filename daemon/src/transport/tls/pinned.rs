//! Accepts a server whose very certificate the person put into `ca-file`, where the ordinary check would not: a
//! self-signed certificate usually calls itself an authority, which no server's may (RFC 5280), as those that Prosody
//! makes do. Name and dates must be right all the same.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::der::{FIRST_TAGGED, GENERALIZED_TIME, SEQUENCE, UTC_TIME, any_element, element};

/// The ordinary check, and the exception for `own` certificates.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) ordinary: Arc<WebPkiServerVerifier>,
    pub(super) own: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.ordinary.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // What the library has no arm for, as an authority in a server's place. Name, dates, purpose have arms.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if self.own.contains(certificate) => {
                check_dates(certificate, now)?;
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.ordinary.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.ordinary.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.ordinary.supported_verify_schemes()
    }
}

fn check_dates(certificate: &[u8], time: UnixTime) -> Result<(), CertificateError> {
    let (not_before, not_after) = dates(certificate).ok_or(CertificateError::BadEncoding)?;
    if time < not_before {
        Err(CertificateError::NotValidYetContext { time, not_before })
    } else if time > not_after {
        Err(CertificateError::ExpiredContext { time, not_after })
    } else {
        Ok(())
    }
}

/// `TBSCertificate ::= SEQUENCE { version [0], serialNumber, signature, issuer, validity, … }` (RFC 5280 section
/// 4.1).
pub(super) fn dates(certificate: &[u8]) -> Option<(UnixTime, UnixTime)> {
    let (fields, _) = element(SEQUENCE, certificate)?;
    let (fields, _) = element(SEQUENCE, fields)?;
    let (_, fields) = element(FIRST_TAGGED, fields)?;
    let (_, _, fields) = any_element(fields)?;
    let (_, fields) = element(SEQUENCE, fields)?;
    let (_, fields) = element(SEQUENCE, fields)?;
    let (validity, _) = element(SEQUENCE, fields)?;
    let (tag, not_before, rest) = any_element(validity)?;
    let (last_tag, not_after, _) = any_element(rest)?;
    Some((time(tag, not_before)?, time(last_tag, not_after)?))
}

/// `YYMMDDHHMMSSZ` of 1950 to 2049, or `YYYYMMDDHHMMSSZ` (RFC 5280 section 4.1.2.5).
fn time(tag: u8, text: &[u8]) -> Option<UnixTime> {
    let text = str::from_utf8(text).ok()?;
    let full = match tag {
        UTC_TIME => format!("{}{text}", if text < "5" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let since_epoch =
        DateTime::strptime("%Y%m%d%H%M%SZ", full).ok()?.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    let seconds = u64::try_from(since_epoch.as_secs().max(0)).ok()?;
    Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tag: u8, text: &str, seconds: Option<u64>) {
        assert_eq!(time(tag, text.as_bytes()).map(|time| time.as_secs()), seconds, "{text}");
    }

    #[test]
    fn a_certificate_s_dates_come_in_two_forms() {
        check(UTC_TIME, "700101000010Z", Some(10));
        check(UTC_TIME, "491231235959Z", Some(2_524_607_999));
        check(UTC_TIME, "500101000000Z", Some(0));
        check(GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000));
        check(GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799));
        check(GENERALIZED_TIME, "20501301000000Z", None);
        check(UTC_TIME, "", None);
        check(UTC_TIME, "7001010000Z", None);
        check(SEQUENCE, "700101000010Z", None);
    }
}
