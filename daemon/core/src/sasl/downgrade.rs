//! Did we see the server's own lists, and do both legs speak the same TLS? XEP-0474 0.5.0 (attribute `h`) and
//! XEP-0515 0.1.0 (attribute `t`), checked before any proof is sent. Reading the attributes is [`super::scram`]'s.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::binding::Offer;
use super::mechanism::Hash;

/// The version of the TLS connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

impl TlsVersion {
    /// Round trips of a full handshake (RFC 5246 section 7.3, RFC 8446 section 2).
    pub const fn handshake_trips(self) -> u32 {
        match self {
            Self::V1_2 => 2,
            Self::V1_3 => 1,
        }
    }

    /// The version as four lower-case hex digits (XEP-0515).
    const fn digits(self) -> &'static str {
        match self {
            Self::V1_2 => "0303",
            Self::V1_3 => "0304",
        }
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        })
    }
}

/// Whether the server vouched for the lists we chose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListProof {
    /// It said nothing: a server without XEP-0474 looks like that.
    Absent,
    /// Yes, as XEP-0474 says since 0.4.0.
    Current,
    /// Yes, in the form of XEP-0474 up to 0.3.1.
    Legacy,
}

/// Signs of someone between us and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Downgrade {
    /// `h` does not fit the lists that arrived.
    #[error("the login methods that arrived are not those the server sent (XEP-0474)")]
    ListsDiffer,
    /// `h` was needed to go on without channel binding, and is absent.
    #[error("the server's channel bindings do not fit this connection, and it does not vouch for its list (XEP-0474)")]
    ListsUnproven,
    /// `t` is not the version of our connection.
    #[error("the server sees another TLS version than this connection has (XEP-0515)")]
    TlsVersionDiffers,
}

/// Checks the attribute `h` against the lists that arrived, by the hash of the mechanism in use.
///
/// Servers from before 0.4.0 joined the names by `,` and `|`. That form is taken too, but only where every name is so
/// plain that it is as unambiguous as the present one.
pub(super) fn check_lists(hash: Hash, offer: &Offer, claimed: Option<&str>) -> Result<ListProof, Downgrade> {
    let Some(claimed) = claimed else { return Ok(ListProof::Absent) };
    if claimed == list_hash(hash, offer, '\u{1e}', '\u{1f}') {
        Ok(ListProof::Current)
    } else if is_plain(offer) && claimed == list_hash(hash, offer, ',', '|') {
        Ok(ListProof::Legacy)
    } else {
        Err(Downgrade::ListsDiffer)
    }
}

/// Checks the attribute `t` against the version of our own connection.
pub(super) fn check_tls(ours: TlsVersion, claimed: Option<&str>) -> Result<(), Downgrade> {
    match claimed {
        Some(claimed) if claimed != ours.digits() => Err(Downgrade::TlsVersionDiffers),
        Some(_) | None => Ok(()),
    }
}

fn list_hash(hash: Hash, offer: &Offer, between_names: char, between_lists: char) -> String {
    let mut text = joined(&offer.mechanisms, between_names);
    if !offer.listed_types().is_empty() {
        text.push(between_lists);
        text.push_str(&joined(offer.listed_types(), between_names));
    }
    STANDARD.encode(hash.digest(text.as_bytes()))
}

fn joined(names: &[String], between: char) -> String {
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.join(between.encode_utf8(&mut [0; 4]))
}

fn is_plain(offer: &Offer) -> bool {
    let of_sasl = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    offer.mechanisms.iter().all(|name| name.bytes().all(of_sasl))
        && offer.listed_types().iter().all(|name| !name.contains([',', '|']))
}

#[cfg(test)]
mod tests {
    use super::super::binding::Profile;
    use super::*;

    const MECHANISMS: [&str; 5] = ["SCRAM-SHA-512-PLUS", "PLAIN", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "SCRAM-SHA-256"];
    const TYPES: [&str; 2] = ["tls-server-end-point", "tls-exporter"];

    fn offer(mechanisms: &[&str], types: Option<&[&str]>) -> Offer {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Offer { profile: Profile::Sasl2, mechanisms: owned(mechanisms), types: types.map(owned) }
    }

    #[test]
    fn both_generations_of_the_list_hash_fit_lists_in_any_order() {
        let check = |hash, types, claimed, expected| {
            assert_eq!(check_lists(hash, &offer(&MECHANISMS, types), Some(claimed)), Ok(expected), "{claimed}");
        };
        let with = Some(TYPES.as_slice());
        check(Hash::Sha1, with, "bHLgpC6mxv/YE9uLw++mUDs5B+g=", ListProof::Current);
        check(Hash::Sha1, None, "Sfe7fbL1UKkkL1jzkb5mlR4OTIk=", ListProof::Current);
        check(Hash::Sha256, with, "slyf3Bw5H0v5TL80f2H+7M5sk2dIUqeTpo0mebt21aE=", ListProof::Current);
        check(Hash::Sha256, None, "yp+GtG8dzBSgR+41W4kug7CDqdrjhBjFxcrW1Gs2mAc=", ListProof::Current);
        check(Hash::Sha256, Some(&[]), "yp+GtG8dzBSgR+41W4kug7CDqdrjhBjFxcrW1Gs2mAc=", ListProof::Current);
        let long = "jjiN5+6bkQ9q6a0D5Sx3OyMFAcfw5y6mSYc457yUHOzlOCIAlk9Lr5uDfWQZMFM+Y2lOYpKklEp7uG5A+Shxtg==";
        check(Hash::Sha512, with, long, ListProof::Current);
        let long = "L8r+jKwh9S0Ay6X2OMaykvQustBaO3pS/R31CZbzT6MXXGklKvXvf/CdQNgh4cdxIMoAMioh55JlEsJ/RAGhaQ==";
        check(Hash::Sha512, None, long, ListProof::Current);
        check(Hash::Sha1, with, "1TnPJHNhDicrKZkAVOY7zADe81c=", ListProof::Legacy);
        check(Hash::Sha256, with, "q2vBZKA4kkMfK1W+4aDvW4yNbmf8v81mM70yPj5rnOY=", ListProof::Legacy);
    }

    #[test]
    fn every_change_to_the_lists_is_noticed() {
        let claimed = "slyf3Bw5H0v5TL80f2H+7M5sk2dIUqeTpo0mebt21aE=";
        let check = |mechanisms: &[&str], types: Option<&[&str]>, claimed| {
            let found = check_lists(Hash::Sha256, &offer(mechanisms, types), Some(claimed));
            assert_eq!(found, Err(Downgrade::ListsDiffer), "{mechanisms:?} {types:?} {claimed:?}");
        };
        check(&MECHANISMS, None, claimed);
        check(&MECHANISMS, Some(&TYPES[..1]), claimed);
        check(&MECHANISMS[1..], Some(&TYPES), claimed);
        check(&["PLAIN"], Some(&TYPES), claimed);
        check(&MECHANISMS, Some(&TYPES), "");
        check(&MECHANISMS, Some(&TYPES), "not base64!");
        check(&MECHANISMS, Some(&TYPES), &claimed[..claimed.len() - 1]);
    }

    #[test]
    fn the_older_form_is_not_taken_where_a_name_could_hide_a_separator() {
        let honest = offer(&["PLAIN", "SCRAM-SHA-1"], Some(&["tls-exporter", "tls-unique"]));
        let claimed = list_hash(Hash::Sha1, &honest, ',', '|');
        assert_eq!(check_lists(Hash::Sha1, &honest, Some(&claimed)), Ok(ListProof::Legacy));
        for forged in [
            offer(&["PLAIN,SCRAM-SHA-1"], Some(&["tls-exporter", "tls-unique"])),
            offer(&["PLAIN", "SCRAM-SHA-1"], Some(&["tls-exporter,tls-unique"])),
            offer(&["PLAIN", "SCRAM-SHA-1|tls-exporter,tls-unique"], None),
        ] {
            assert_eq!(list_hash(Hash::Sha1, &forged, ',', '|'), claimed);
            assert_eq!(check_lists(Hash::Sha1, &forged, Some(&claimed)), Err(Downgrade::ListsDiffer));
        }
    }

    #[test]
    fn the_tls_version_is_compared_when_the_server_tells_it() {
        assert_eq!(check_tls(TlsVersion::V1_3, None), Ok(()));
        assert_eq!(check_tls(TlsVersion::V1_3, Some("0304")), Ok(()));
        assert_eq!(check_tls(TlsVersion::V1_2, Some("0303")), Ok(()));
        for claimed in ["0303", "", "304", "0304 ", "0x0304"] {
            assert_eq!(check_tls(TlsVersion::V1_3, Some(claimed)), Err(Downgrade::TlsVersionDiffers), "{claimed}");
        }
    }
}
