//! What a certificate says of itself, for people: whom it names, who signed it, when it holds. Nothing is verified here.

use std::net::IpAddr;

use jiff::Timestamp;
use rustls::pki_types::UnixTime;

use super::der::{FIRST_TAGGED, OBJECT_IDENTIFIER, SEQUENCE, any_element, element};
use super::pinned;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const BMP_STRING: u8 = 0x1e;
const SET: u8 = 0x31;
/// `[3]`, explicit: a certificate's extensions.
const EXTENSIONS: u8 = 0xa3;
/// The alternatives of a `GeneralName` (RFC 5280 section 4.2.1.6).
const OTHER_NAME: u8 = 0xa0;
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

/// 2.5.29.17.
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// 1.3.6.1.5.5.7.8.5 (RFC 6120 section 13.7.1.4) and 1.3.6.1.5.5.7.8.7 (RFC 4985).
const XMPP_ADDRESS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x05];
const SERVICE_NAME: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x07];

/// A certificate's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Whom it names, as `CN=verona.example, O=Verona`.
    pub(crate) subject: String,
    /// Who signed it.
    pub(crate) issuer: String,
    /// The names it is for.
    pub(crate) names: Vec<String>,
    /// From when it holds.
    pub(crate) not_before: Timestamp,
    /// Until when it holds.
    pub(crate) not_after: Timestamp,
    /// The kind of its key, where that is known.
    pub(crate) key: Option<String>,
}

/// Reads `TBSCertificate ::= SEQUENCE { version [0], serialNumber, signature, issuer, validity, subject,
/// subjectPublicKeyInfo, … extensions [3] }` (RFC 5280 section 4.1) of a certificate in DER.
pub(crate) fn read(certificate: &[u8]) -> Option<Outline> {
    let (not_before, not_after) = pinned::dates(certificate)?;
    let (fields, _) = element(SEQUENCE, certificate)?;
    let (fields, _) = element(SEQUENCE, fields)?;
    let (_, fields) = element(FIRST_TAGGED, fields)?;
    let (_, _, fields) = any_element(fields)?;
    let (_, fields) = element(SEQUENCE, fields)?;
    let (issuer, fields) = element(SEQUENCE, fields)?;
    let (_, fields) = element(SEQUENCE, fields)?;
    let (subject, fields) = element(SEQUENCE, fields)?;
    let (key_info, fields) = element(SEQUENCE, fields)?;
    Some(Outline {
        subject: distinguished_name(subject),
        issuer: distinguished_name(issuer),
        names: alternative_names(fields).unwrap_or_default(),
        not_before: timestamp(not_before)?,
        not_after: timestamp(not_after)?,
        key: key(key_info),
    })
}

fn timestamp(time: UnixTime) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.as_secs()).ok()?).ok()
}

/// The elements that stand one after the other.
fn elements(mut input: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, content, rest) = any_element(input)?;
        input = rest;
        Some((tag, content))
    })
}

/// `Name ::= SEQUENCE OF SET OF SEQUENCE { type, value }`, as RFC 4514 would write it the other way round.
fn distinguished_name(name: &[u8]) -> String {
    let attributes = elements(name).filter(|(tag, _)| *tag == SET).flat_map(|(_, set)| elements(set));
    let texts = attributes.filter_map(|(_, attribute)| {
        let (kind, value) = element(OBJECT_IDENTIFIER, attribute)?;
        let (tag, value, _) = any_element(value)?;
        Some(format!("{}={}", attribute_name(kind), text(tag, value)))
    });
    texts.collect::<Vec<_>>().join(", ")
}

fn attribute_name(kind: &[u8]) -> String {
    match kind {
        [0x55, 0x04, 0x03] => "CN".to_owned(),
        [0x55, 0x04, 0x06] => "C".to_owned(),
        [0x55, 0x04, 0x07] => "L".to_owned(),
        [0x55, 0x04, 0x08] => "ST".to_owned(),
        [0x55, 0x04, 0x0a] => "O".to_owned(),
        [0x55, 0x04, 0x0b] => "OU".to_owned(),
        // In hex, as RFC 4514 does with values that it does not know.
        other => other.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn text(tag: u8, value: &[u8]) -> String {
    if tag == BMP_STRING {
        let units: Vec<u16> = value.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16_lossy(&units);
    }
    String::from_utf8_lossy(value).into_owned()
}

fn alternative_names(fields: &[u8]) -> Option<Vec<String>> {
    let (_, extensions) = elements(fields).find(|(tag, _)| *tag == EXTENSIONS)?;
    let (extensions, _) = element(SEQUENCE, extensions)?;
    let names = elements(extensions).find_map(|(_, extension)| {
        let (kind, rest) = element(OBJECT_IDENTIFIER, extension)?;
        // A flag may stand between.
        let (_, value) = elements(rest).find(|(tag, _)| *tag == OCTET_STRING)?;
        (kind == SUBJECT_ALTERNATIVE_NAME).then_some(value)
    })?;
    let (names, _) = element(SEQUENCE, names)?;
    Some(elements(names).filter_map(|(tag, value)| general_name(tag, value)).collect())
}

fn general_name(tag: u8, value: &[u8]) -> Option<String> {
    match tag {
        DNS_NAME => Some(text(tag, value)),
        IP_ADDRESS => {
            let four = <[u8; 4]>::try_from(value).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        OTHER_NAME => {
            let (kind, rest) = element(OBJECT_IDENTIFIER, value)?;
            let (inner, _) = element(FIRST_TAGGED, rest)?;
            let (tag, name, _) = any_element(inner)?;
            let kind = match kind {
                XMPP_ADDRESS => "XmppAddr",
                SERVICE_NAME => "SRVName",
                _ => return None,
            };
            Some(format!("{kind} {}", text(tag, name)))
        }
        _ => None,
    }
}

/// `SubjectPublicKeyInfo ::= SEQUENCE { algorithm SEQUENCE { type, parameters }, key BIT STRING }`.
fn key(info: &[u8]) -> Option<String> {
    let (algorithm, rest) = element(SEQUENCE, info)?;
    let (kind, parameters) = element(OBJECT_IDENTIFIER, algorithm)?;
    match kind {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01] => {
            let (bits, _) = element(BIT_STRING, rest)?;
            let (numbers, _) = element(SEQUENCE, bits.get(1..)?)?;
            let (modulus, _) = element(INTEGER, numbers)?;
            let digits = modulus.len() - modulus.iter().take_while(|byte| **byte == 0).count();
            Some(format!("RSA {}", digits * 8))
        }
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01] => {
            let (curve, _) = element(OBJECT_IDENTIFIER, parameters)?;
            let curve = match curve {
                [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => "EC P-256",
                [0x2b, 0x81, 0x04, 0x00, 0x22] => "EC P-384",
                [0x2b, 0x81, 0x04, 0x00, 0x23] => "EC P-521",
                _ => "EC",
            };
            Some(curve.to_owned())
        }
        [0x2b, 0x65, 0x70] => Some("Ed25519".to_owned()),
        [0x2b, 0x65, 0x71] => Some("Ed448".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{DnType, SanType};

    use super::*;
    use crate::transport::testing::Authority;

    #[test]
    fn a_certificate_tells_names_dates_and_key() {
        let identity = Authority::new().issue(&["verona.example", "*.verona.example"], |params| {
            params.subject_alt_names.push(SanType::IpAddress([192, 0, 2, 1].into()));
            params.distinguished_name.push(DnType::CommonName, "Zoë");
            params.distinguished_name.push(DnType::OrganizationName, "Verona");
            params.not_before = rcgen::date_time_ymd(2020, 2, 3);
            params.not_after = rcgen::date_time_ymd(2051, 2, 3);
        });
        let outline = read(&identity.certificate).unwrap();
        assert!(outline.subject.contains("CN=Zoë") && outline.subject.contains("O=Verona"), "{outline:?}");
        assert!(outline.issuer.contains("CN=authority"), "{outline:?}");
        assert_eq!(outline.names, ["verona.example", "*.verona.example", "192.0.2.1"]);
        assert_eq!(outline.not_before.to_string(), "2020-02-03T00:00:00Z");
        assert_eq!(outline.not_after.to_string(), "2051-02-03T00:00:00Z");
        assert_eq!(outline.key.as_deref(), Some("EC P-256"));
    }

    #[test]
    fn names_of_xmpp_are_told_as_such() {
        let mut value = vec![0x06, 8];
        value.extend_from_slice(XMPP_ADDRESS);
        value.extend_from_slice(&[0xa0, 6, 0x0c, 4]);
        value.extend_from_slice(b"a.eu");
        assert_eq!(general_name(OTHER_NAME, &value).as_deref(), Some("XmppAddr a.eu"));
        assert_eq!(general_name(IP_ADDRESS, &[0; 5]), None);
    }

    proptest! {
        #[test]
        fn no_damaged_certificate_panics(at in 0_usize..600, value: u8, length in 0_usize..600) {
            let mut bytes = Authority::new().issue(&["verona.example"], |_| {}).certificate.to_vec();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            bytes.truncate(length.max(400));
            read(&bytes);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            read(&bytes);
            alternative_names(&bytes);
            distinguished_name(&bytes);
            key(&bytes);
        }
    }
}
