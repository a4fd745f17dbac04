//! The tls-server-end-point channel binding (RFC 5929 section 4): a hash of the server's certificate, by the
//! hash function its signature uses. Reads no more of the certificate than that.

use sha2::{Digest, Sha256, Sha384, Sha512};

use super::der::{FIRST_TAGGED, OBJECT_IDENTIFIER, SEQUENCE, element};

/// 1.2.840.113549.1.1 (PKCS #1) and 1.2.840.10045.4 (ANSI X9.62 signatures), each without what follows.
const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
/// 2.16.840.1.101.3.4.2 (NIST hash functions) without what follows, and 1.3.14.3.2.26 (SHA-1).
const NIST_HASH: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];

/// The hash of `certificate` (DER); `None` where the signature algorithm has no single hash function, as
/// Ed25519, or is not known.
pub(super) fn binding(certificate: &[u8]) -> Option<Vec<u8>> {
    Some(match hash(certificate)? {
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    })
}

/// MD5 and SHA-1 are lifted to SHA-256.
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }` (RFC 5280 section 4.1).
fn hash(certificate: &[u8]) -> Option<Hash> {
    let (fields, _) = element(SEQUENCE, certificate)?;
    let (_, behind) = element(SEQUENCE, fields)?;
    let (algorithm, _) = element(SEQUENCE, behind)?;
    let (name, parameters) = element(OBJECT_IDENTIFIER, algorithm)?;
    if let Some(arc) = name.strip_prefix(PKCS1) {
        return match arc {
            [4 | 5 | 11] => Some(Hash::Sha256),
            [12] => Some(Hash::Sha384),
            [13] => Some(Hash::Sha512),
            [10] => pss_hash(parameters),
            _ => None,
        };
    }
    match name.strip_prefix(ECDSA)? {
        [1] | [3, 2] => Some(Hash::Sha256),
        [3, 3] => Some(Hash::Sha384),
        [3, 4] => Some(Hash::Sha512),
        _ => None,
    }
}

/// The hash function of RSASSA-PSS is a parameter; left out, it is SHA-1 (RFC 4055 section 3.1).
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let (fields, _) = element(SEQUENCE, parameters)?;
    let Some((function, _)) = element(FIRST_TAGGED, fields) else { return Some(Hash::Sha256) };
    let (function, _) = element(SEQUENCE, function)?;
    let (name, _) = element(OBJECT_IDENTIFIER, function)?;
    if name == SHA1 {
        return Some(Hash::Sha256);
    }
    match name.strip_prefix(NIST_HASH)? {
        [1] => Some(Hash::Sha256),
        [2] => Some(Hash::Sha384),
        [3] => Some(Hash::Sha512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::*;

    const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

    const RSA_PSS_SHA384: &str = "-----BEGIN CERTIFICATE-----
MIIC3jCCAdKgAwIBAgIUBsaYBKrySZZb7vMXHjvT9wHC8xYwQgYJKoZIhvcNAQEKMDWgDzANBglghkgBZQMEAgIFAKEcMBoGCSqGSIb3DQEBCDAN
BglghkgBZQMEAgIFAKIEAgIAjjAMMQowCAYDVQQDDAF4MB4XDTI2MTEyMjExMzkwNloXDTI2MTIyMjExMzkwNlowDDEKMAgGA1UEAwwBeDCB3zAN
BgkqhkiG9w0BAQEFAAOBzQAwgckCgcEArAvBZBq6FVAnzKEkjj3T/dDygNAKTPR+cKgOpdgdcxahLy9geRjewPormBMANJnTL/+bY1exTcnibENc
r3aWFyA4wghwhyZOKGmcFw1lZf48gN4m22VeXE6DE7KEwNYj0vGcMx4oayWxFEqREH2UyAV0QIhrtUe/vhATEdlzH41R99IIF6MTd7wWb1wgEmkC
BvGh7AYlSQtsxPaT5H8/FAPNrcUc1DHq+UfTM6mFA4R10/pFuUFV4Dl+jecRnYZTAgMBAAGjUzBRMB0GA1UdDgQWBBQsnh9hc+t6SXy+HCMC/yZZ
pxx8pTAfBgNVHSMEGDAWgBQsnh9hc+t6SXy+HCMC/yZZpxx8pTAPBgNVHRMBAf8EBTADAQH/MEIGCSqGSIb3DQEBCjA1oA8wDQYJYIZIAWUDBAIC
BQChHDAaBgkqhkiG9w0BAQgwDQYJYIZIAWUDBAICBQCiBAICAI4DgcEAq2t3RVmA6A+VlJDLQT/lGFwwtF3SJJpD6U4ZRBDOl1WV9o6vagxx34P+
Zd/Wl/YfxhaesD6nUwAs3ufDm5vRQOPAXh21rrD1bUHNwVnVLfVAHoY6572OKOy2+N26zU9JHa9lh8Qo6UVxrxkivEkv1NcNaE7wk8h6NYIsv1u5
hkfwCqj5Zi+sXiVtyghqWATDo35CqXxLdFN8080pn/ruL6dUPmflwonzDXh33Eg68qZKaPjEt0JpPROhlEnp7S8c
-----END CERTIFICATE-----";

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &length, &content].concat()
    }

    /// A certificate's outline: only the algorithm is real.
    fn outline(name: &[u8], parameters: &[u8]) -> Vec<u8> {
        let algorithm = der(SEQUENCE, &[&der(OBJECT_IDENTIFIER, &[name]), parameters]);
        der(SEQUENCE, &[&der(SEQUENCE, &[&[7; 300]]), &algorithm, &der(0x03, &[&[0; 64]])])
    }

    fn pss(function: Option<&[u8]>) -> Vec<u8> {
        let function = function
            .map(|name| der(FIRST_TAGGED, &[&der(SEQUENCE, &[&der(OBJECT_IDENTIFIER, &[name]), &[0x05, 0x00]])]));
        let salt = der(0xa2, &[&[0x02, 0x01, 0x20]]);
        outline(&[PKCS1, &[10]].concat(), &der(SEQUENCE, &[&function.unwrap_or_default(), &salt]))
    }

    fn check(certificate: &[u8], bits: Option<usize>) {
        let expected = bits.map(|bits| match bits {
            256 => Sha256::digest(certificate).to_vec(),
            384 => Sha384::digest(certificate).to_vec(),
            _ => Sha512::digest(certificate).to_vec(),
        });
        assert_eq!(binding(certificate), expected);
    }

    #[test]
    fn the_signature_algorithm_names_the_hash() {
        for (arc, bits) in [(4, 256), (5, 256), (11, 256), (12, 384), (13, 512)] {
            check(&outline(&[PKCS1, &[arc]].concat(), &[0x05, 0x00]), Some(bits));
        }
        for (arc, bits) in [(&[1][..], 256), (&[3, 2], 256), (&[3, 3], 384), (&[3, 4], 512)] {
            check(&outline(&[ECDSA, arc].concat(), &[]), Some(bits));
        }
        check(&outline(ED25519, &[]), None);
        check(&outline(&[PKCS1, &[99]].concat(), &[]), None);
    }

    #[test]
    fn the_hash_of_rsa_pss_is_a_parameter() {
        for (arc, bits) in [(1, 256), (2, 384), (3, 512)] {
            check(&pss(Some(&[NIST_HASH, &[arc]].concat())), Some(bits));
        }
        check(&pss(Some(SHA1)), Some(256));
        check(&pss(None), Some(256));
        check(&outline(&[PKCS1, &[10]].concat(), &[]), None);
    }

    #[test]
    fn a_certificate_that_openssl_made_has_the_hash_that_openssl_tells() {
        let certificate = CertificateDer::from_pem_slice(RSA_PSS_SHA384.as_bytes()).unwrap();
        let hash: String = binding(&certificate).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
        let expected =
            "80761ba0720c43e61ecf97548a9ed3d41009d0fb8995deeaad3abe8dc4a7b2112f08084ec4c999f7992757ce47432a02";
        assert_eq!(hash, expected);
    }

    proptest! {
        #[test]
        fn no_certificate_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            binding(&bytes);
        }

        #[test]
        fn no_damaged_certificate_panics(at in 0_usize..420, value: u8, length in 0_usize..420) {
            let mut bytes = pss(Some(SHA1));
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            bytes.truncate(length);
            binding(&bytes);
        }
    }
}
