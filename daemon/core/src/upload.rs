//! Putting a file at a place that a server gave for it (XEP-0363 sections 4 to 6, RFC 9112): what of the place may be
//! used, the head of the one request, and what its answer means. Connections and bytes are the shell's (`upload`), asking
//! for the place is [`crate::stanza::upload`]'s.

use crate::stanza::upload::Slot;
use crate::text::{self, Limit};

/// What a service may have told at the place (XEP-0363 section 5), in the order in which it asked for it.
const ALLOWED: [&str; 3] = ["authorization", "cookie", "expires"];
/// As long as an address may be.
const LONGEST_ADDRESS: usize = 4096;
/// As long as all that a service may have told can be.
const LONGEST_HEADERS: usize = 16 * 1024;
/// As long as the head of an answer may be.
const LONGEST_ANSWER: usize = 16 * 1024;
/// As long as a file's name may be.
const NAME: Limit = Limit::Bytes(200);

/// What endings of names mean; all else is bytes.
const MEDIA_TYPES: &[(&str, &str)] = &[
    ("avif", "image/avif"),
    ("gif", "image/gif"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("zip", "application/zip"),
];

/// A file that is to be put somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, without folders and clean.
    pub name: String,
    /// Its size in bytes, not zero.
    pub size: u64,
    /// What it is, by its name.
    pub media_type: &'static str,
}

/// A place that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The host to connect to, whose certificate must be for it; an address of version 6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The head of the request; the file follows.
    pub head: String,
    /// Where others can fetch the file.
    pub get: String,
}

/// Why a place is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPlace {
    /// A file is sent over TLS or not at all.
    #[error("the server's place for the file is not at an https address")]
    NotSecure,
    /// An address that is none.
    #[error("the server's place for the file has an address that cannot be used")]
    Malformed,
    /// More to tell there than anybody needs.
    #[error("the server wants too much told at the place for the file")]
    TooMuch,
}

/// Why an answer is none, or not the one that was hoped for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not HTTP, or without end.
    #[error("the place for the file did not answer in HTTP")]
    Garbage,
    /// Another place was named, which nobody has vouched for.
    #[error("the place for the file sends us elsewhere (HTTP {0}), and that is not followed")]
    Elsewhere(u16),
    /// 413.
    #[error("the place for the file finds it too large (HTTP 413)")]
    TooLarge,
    /// Any other than a success.
    #[error("the place for the file refused it (HTTP {0})")]
    Refused(u16),
}

impl File {
    /// A file by the name that somebody gave it, of which only the last part counts.
    pub fn new(name: &str, size: u64) -> Self {
        let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let clean = text::line(last, NAME).filter(|name| !matches!(name.as_str(), "." | ".."));
        let name = clean.unwrap_or_else(|| "file".to_owned());
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        let known = MEDIA_TYPES.iter().find(|(known, _)| *known == ending);
        Self { media_type: known.map_or("application/octet-stream", |(_, media_type)| media_type), name, size }
    }
}

impl Place {
    /// What may be used of a place for this file.
    ///
    /// # Errors
    /// Why it may not.
    pub fn new(slot: &Slot, file: &File) -> Result<Self, BadPlace> {
        let (authority, target) = parts(&slot.put)?;
        // What is sent on to others has to be as good as what is used.
        parts(&slot.get)?;
        let (host, port) = host_and_port(authority).ok_or(BadPlace::Malformed)?;
        let headers = allowed(&slot.headers)?;
        let (size, media_type) = (file.size, file.media_type);
        let head = format!(
            "PUT {target} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: {media_type}\r\nContent-Length: {size}\r\n\
             User-Agent: xmppd\r\nConnection: close\r\n{headers}\r\n"
        );
        Ok(Self { host, port, head, get: slot.get.clone() })
    }
}

/// What the bytes of an answer mean so far: nothing yet, that the file is there, or why it is not.
pub fn answer(bytes: &[u8]) -> Option<Result<(), Refusal>> {
    let mut rest = bytes;
    loop {
        let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") else {
            let is_http = rest.iter().zip(b"HTTP/1.").all(|(found, wanted)| found == wanted);
            return (!is_http || rest.len() > LONGEST_ANSWER).then_some(Err(Refusal::Garbage));
        };
        let Some(status) = status(&rest[..end]) else { return Some(Err(Refusal::Garbage)) };
        return Some(match status {
            // It says that there will be another one (RFC 9110 section 15.2).
            100..=199 if bytes.len() <= LONGEST_ANSWER => {
                rest = &rest[end + 4..];
                continue;
            }
            200..=299 => Ok(()),
            300..=399 => Err(Refusal::Elsewhere(status)),
            413 => Err(Refusal::TooLarge),
            _ => Err(Refusal::Refused(status)),
        });
    }
}

/// The host with its port, and the target of the request.
fn parts(address: &str) -> Result<(&str, &str), BadPlace> {
    let is_clean = address.len() <= LONGEST_ADDRESS && address.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    let scheme = address.get(..8).filter(|scheme| scheme.eq_ignore_ascii_case("https://"));
    if scheme.is_none() && address.contains("://") {
        return Err(BadPlace::NotSecure);
    }
    let rest = scheme.and_then(|scheme| address.get(scheme.len()..)).filter(|_| is_clean);
    let rest = rest.ok_or(BadPlace::Malformed)?;
    let rest = rest.split('#').next().unwrap_or_default();
    let border = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(border);
    if authority.is_empty() || authority.contains(['@', '\\', '"', '<', '>']) || target.starts_with('?') {
        return Err(BadPlace::Malformed);
    }
    Ok((authority, if target.is_empty() { "/" } else { target }))
}

fn host_and_port(authority: &str) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':').or_else(|| rest.is_empty().then_some("443"))?)
        }
        None => authority.split_once(':').unwrap_or((authority, "443")),
    };
    let port = port.parse().ok().filter(|port| *port != 0)?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// The lines for what may be told, in their order and without line breaks (XEP-0363 section 5).
fn allowed(headers: &[(String, String)]) -> Result<String, BadPlace> {
    let mut lines = String::new();
    for (name, value) in headers {
        let clean = |text: &str| text.chars().filter(|character| !character.is_control()).collect::<String>();
        let name = clean(name);
        if ALLOWED.contains(&name.to_ascii_lowercase().as_str()) {
            lines.push_str(&format!("{name}: {}\r\n", clean(value).trim()));
        }
        if lines.len() > LONGEST_HEADERS {
            return Err(BadPlace::TooMuch);
        }
    }
    Ok(lines)
}

/// The number in the first line of a head.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let rest = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    let number = rest.split(' ').nth(1)?;
    number.parse().ok().filter(|number| number_is_status(*number))
}

fn number_is_status(number: u16) -> bool {
    (100..600).contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(put: &str, headers: &[(&str, &str)]) -> Slot {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Slot { put: put.into(), headers, get: "https://files.verona.example/x/a.png".into() }
    }

    #[test]
    fn only_the_last_part_of_a_name_counts_and_it_is_clean() {
        let check = |name: &str, expected: &str, media_type: &str| {
            let file = File::new(name, 1);
            assert_eq!((file.name.as_str(), file.media_type), (expected, media_type), "{name:?}");
        };
        let bytes = "application/octet-stream";
        check("a.png", "a.png", "image/png");
        check("/etc/ssl/../A.JPG", "A.JPG", "image/jpeg");
        check("C:\\Users\\x.pdf", "x.pdf", "application/pdf");
        check("a\r\nX-Evil: 1\u{202e}.txt", "a X-Evil: 1.txt", "text/plain");
        check("..", "file", bytes);
        check("", "file", bytes);
        check("folder/", "file", bytes);
        check("no ending", "no ending", bytes);
        assert!(File::new(&"x".repeat(1000), 1).name.len() <= 200);
    }

    #[test]
    fn a_place_is_used_only_over_tls_and_with_a_sound_address() {
        let file = File::new("a.png", 5);
        let check = |put: &str, expected: Result<(&str, u16, &str), BadPlace>| {
            let place = Place::new(&slot(put, &[]), &file);
            let seen = place.as_ref().map(|place| {
                let target = place.head.split(' ').nth(1).expect("a target");
                (place.host.as_str(), place.port, target)
            });
            assert_eq!(seen, expected.as_ref().map(|expected| *expected), "{put}");
        };
        check("https://a.example/b/c?d=e#f", Ok(("a.example", 443, "/b/c?d=e")));
        check("HTTPS://a.example:5281/b%20c", Ok(("a.example", 5281, "/b%20c")));
        check("https://[2001:db8::1]:1/x", Ok(("2001:db8::1", 1, "/x")));
        check("https://[2001:db8::1]/", Ok(("2001:db8::1", 443, "/")));
        check("https://a.example", Ok(("a.example", 443, "/")));
        check("http://a.example/b", Err(BadPlace::NotSecure));
        check("ftp://a.example/b", Err(BadPlace::NotSecure));
        for wrong in [
            "",
            "https://",
            "https:///b",
            "https://a@b/c",
            "https://a:0/",
            "https://a:x/",
            "https://a:70000/",
            "https://a/b c",
            "https://a/b\r\nX: y",
            "https://a/ä",
            "https://[::1/",
            "https://[::1]x/",
            "//a/b",
            "https://a?b",
            "javascript:alert(1)",
        ] {
            check(wrong, Err(BadPlace::Malformed));
        }
        let get = |get: &str| Place::new(&Slot { get: get.into(), ..slot("https://a/b", &[]) }, &file).err();
        assert_eq!(get("https://elsewhere.example/x"), None);
        assert_eq!(get("http://a/b"), Some(BadPlace::NotSecure));
        assert_eq!(get("https://a/b\u{202e}"), Some(BadPlace::Malformed));
    }

    #[test]
    fn only_what_the_extension_allows_is_told_there() {
        let headers = [
            ("Authorization", "Basic QQ==\r\nHost: evil"),
            ("Host", "evil"),
            ("Coo\r\nkie", " a=1; b=2 "),
            ("Content-Length", "0"),
            ("X-Evil", "1"),
            ("expires", "never"),
        ];
        let place = Place::new(&slot("https://a/b", &headers), &File::new("a.png", 5)).expect("a place");
        assert_eq!(
            place.head,
            "PUT /b HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 5\r\nUser-Agent: xmppd\r\n\
             Connection: close\r\nAuthorization: Basic QQ==Host: evil\r\nCookie: a=1; b=2\r\nexpires: never\r\n\r\n"
        );
        let much = "x".repeat(20_000);
        let place = Place::new(&slot("https://a/b", &[("Cookie", &much)]), &File::new("a", 1));
        assert_eq!(place, Err(BadPlace::TooMuch));
    }

    #[test]
    fn an_answer_is_understood_byte_by_byte() {
        let check = |text: &str, expected: Option<Result<(), Refusal>>| {
            assert_eq!(answer(text.as_bytes()), expected, "{text:?}");
            let first = (0..=text.len()).find_map(|length| answer(&text.as_bytes()[..length]));
            assert_eq!(first, expected, "{text:?}, byte by byte");
        };
        check("", None);
        check("HTTP/1.1 201 Created\r\n", None);
        check("HTTP/1.1 201 Created\r\n\r\n", Some(Ok(())));
        check("HTTP/1.0 200\r\nX: y\r\n\r\n", Some(Ok(())));
        check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n", Some(Ok(())));
        check("HTTP/1.1 100 Continue\r\n\r\n", None);
        check("HTTP/1.1 307 T\r\nLocation: https://evil/\r\n\r\n", Some(Err(Refusal::Elsewhere(307))));
        check("HTTP/1.1 413 Payload\r\n\r\n", Some(Err(Refusal::TooLarge)));
        check("HTTP/1.1 500 Oops\r\n\r\n", Some(Err(Refusal::Refused(500))));
        check("HTTP/1.1 2000 Oops\r\n\r\n", Some(Err(Refusal::Garbage)));
        check("HTTP/2 200\r\n\r\n", Some(Err(Refusal::Garbage)));
        check("<html>", Some(Err(Refusal::Garbage)));
        check(&format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(20_000)), Some(Err(Refusal::Garbage)));
    }
}
