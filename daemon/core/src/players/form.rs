//! The fields of a form as a body of bytes (URL Living Standard, "application/x-www-form-urlencoded parsing"), but strict
//! where that is lenient: what is not UTF-8 is refused, not mended. What the fields mean is [`super::post`]'s.

use super::address::percent_decoded_bytes;

/// The fields in their order, names and values decoded; none when a part is not UTF-8.
///
/// An empty part between two `&` is no field, and one without `=` has an empty value.
pub fn fields(body: &[u8]) -> Option<Vec<(String, String)>> {
    let parts = body.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let mut halves = part.splitn(2, |byte| *byte == b'=');
            let name = decoded(halves.next().unwrap_or_default())?;
            Some((name, decoded(halves.next().unwrap_or_default())?))
        })
        .collect()
}

fn decoded(part: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    String::from_utf8(percent_decoded_bytes(&spaced)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(body: &[u8], expected: Option<&[(&str, &str)]>) {
        let read = fields(body);
        let read: Option<Vec<(&str, &str)>> =
            read.as_ref().map(|read| read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect());
        assert_eq!(read.as_deref(), expected, "{:?}", String::from_utf8_lossy(body));
    }

    #[test]
    fn names_and_values_are_decoded() {
        check(b"", Some(&[]));
        check(b"title=Mar%C3%A9e&artist=Ada+L", Some(&[("title", "Marée"), ("artist", "Ada L")]));
        check(b"Song%5B0%5D%5BTitle%5D=a%26b%3D%2B", Some(&[("Song[0][Title]", "a&b=+")]));
        check(b"&&a&=b&c==d&", Some(&[("a", ""), ("", "b"), ("c", "=d")]));
        check("title=Marée".as_bytes(), Some(&[("title", "Marée")]));
        check(b"a=100%&b=%4&c=%zz", Some(&[("a", "100%"), ("b", "%4"), ("c", "%zz")]));
    }

    #[test]
    fn what_is_not_utf_8_is_refused() {
        for body in [&b"title=Mar\xe9e"[..], b"title=Mar%E9e", b"%ff=a", b"a=%ed%a0%80", b"a=%c0%af"] {
            check(body, None);
        }
    }

    proptest! {
        #[test]
        fn no_body_is_too_strange_to_be_looked_at(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = fields(&body);
        }
    }
}
