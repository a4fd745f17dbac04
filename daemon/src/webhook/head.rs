//! The head of a request and the verdict on it: who may post at all is decided here, before a byte of a body is read.

use httparse::{Header, Request, Status};

use super::answer::Answer;
use super::body::Framing;
use crate::api::{Door, Form};

/// The largest head, in bytes.
pub(super) const LIMIT: usize = 8 * 1024;
/// The most lines of a head.
const MAX_LINES: usize = 64;

/// A request that may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// How many bytes it took.
    pub(super) length: usize,
    /// Whether the client waits to be told to go on.
    pub(super) waits: bool,
    /// How the body tells its end.
    pub(super) framing: Framing,
    /// What the body is.
    pub(super) form: Form,
}

/// Judges a request by its first bytes; nothing as long as its head is not complete.
///
/// # Errors
/// The answer that ends it.
pub(super) fn judge(bytes: &[u8], door: &Door) -> Result<Option<Head>, Answer> {
    let mut lines = [httparse::EMPTY_HEADER; MAX_LINES];
    let mut request = Request::new(&mut lines);
    let length = match request.parse(bytes) {
        Ok(Status::Complete(length)) if length <= LIMIT => length,
        Ok(Status::Partial) if bytes.len() <= LIMIT => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Answer::HeadTooLarge),
        Err(error) => return Err(Answer::Bad(format!("this is no HTTP request: {error}"))),
    };
    let lines = Lines(request.headers);
    visitor(&lines, door)?;
    if request.method != Some("POST") {
        return Err(Answer::NotPosted);
    }
    entitled(request.path.unwrap_or_default(), &lines, door)?;
    let form = form(lines.one("Content-Type")?).ok_or(Answer::UnknownType)?;
    let waits = match lines.one("Expect")? {
        None => false,
        Some(value) if value.eq_ignore_ascii_case(b"100-continue") => request.version == Some(1),
        Some(_) => return Err(Answer::Bad("what is expected is not known".to_owned())),
    };
    Ok(Some(Head { length, waits, framing: framing(&lines)?, form }))
}

/// A page in a browser cannot leave these lines out, nor write them as it likes (Fetch Standard, "forbidden
/// request-header"; Fetch Metadata).
fn visitor(lines: &Lines<'_, '_>, door: &Door) -> Result<(), Answer> {
    if !lines.one("Host")?.is_some_and(|host| door.is_host(host)) {
        return Err(Answer::WrongHost);
    }
    let is_own = |origin: &[u8]| origin.strip_prefix(b"http://").is_some_and(|host| door.is_host(host));
    let is_foreign = lines.one("Origin")?.is_some_and(|origin| !is_own(origin));
    let site = lines.one("Sec-Fetch-Site")?;
    let is_cross = site.is_some_and(|site| ![&b"same-origin"[..], b"none"].contains(&site));
    if is_foreign || is_cross { Err(Answer::FromPage) } else { Ok(()) }
}

/// The token stands in the `Authorization` line (RFC 6750 section 2.1), or as the last part of the path. Where it stands
/// twice, it has to be right twice.
fn entitled(path: &str, lines: &Lines<'_, '_>, door: &Door) -> Result<(), Answer> {
    let rest = path.strip_prefix(door.path.trim_end_matches('/')).ok_or(Answer::NotFound)?;
    let in_path = match rest.strip_prefix('/') {
        Some("") => None,
        Some(token) => Some(token.as_bytes()),
        None if rest.is_empty() => None,
        None => return Err(Answer::NotFound),
    };
    let bearer = |line: &'_ [u8]| -> Option<Vec<u8>> {
        let (scheme, token) = line.split_at_checked(b"Bearer ".len())?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii().to_vec())
    };
    let in_line = lines.one("Authorization")?.map(|line| bearer(line).unwrap_or_default());
    let opens = |token: Option<&[u8]>| token.is_none_or(|token| door.opens_to(token));
    let any = in_path.is_some() || in_line.is_some();
    if any && opens(in_path) && opens(in_line.as_deref()) { Ok(()) } else { Err(Answer::Unauthorized) }
}

/// The two types that a page cannot post to another origin unasked, and the one that plug-ins of old post: the token
/// keeps pages off.
fn form(value: Option<&[u8]>) -> Option<Form> {
    let mut parts = std::str::from_utf8(value?).ok()?.split(';').map(str::trim);
    let kind = parts.next()?;
    let is_utf_8 = |part: &str| match part.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some(_) | None => true,
    };
    let known = [("application/json", Form::Json), ("application/x-www-form-urlencoded", Form::Fields)];
    let (_, form) = known.into_iter().find(|(known, _)| kind.eq_ignore_ascii_case(known))?;
    parts.all(is_utf_8).then_some(form)
}

/// RFC 9112 section 6.3; a request that tells its length in two ways is an attack (section 6.1).
fn framing(lines: &Lines<'_, '_>) -> Result<Framing, Answer> {
    let bad = || Answer::Bad("how long the body is cannot be told".to_owned());
    match (lines.one("Transfer-Encoding")?, lines.one("Content-Length")?) {
        (None, None) => Err(Answer::NoLength),
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        (None, Some(length)) if !length.is_empty() && length.iter().all(u8::is_ascii_digit) => {
            let length = std::str::from_utf8(length).map_err(|_| bad())?;
            // One that does not fit is too large for certain.
            let length = length.parse().unwrap_or(usize::MAX);
            if length > super::body::LIMIT { Err(Answer::TooLarge) } else { Ok(Framing::Length(length)) }
        }
        (Some(_), _) | (None, Some(_)) => Err(bad()),
    }
}

struct Lines<'h, 'b>(&'h [Header<'b>]);

impl<'b> Lines<'_, 'b> {
    /// The value of a line that may be there once.
    fn one(&self, name: &str) -> Result<Option<&'b [u8]>, Answer> {
        let mut found = self.0.iter().filter(|line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value);
        match (found.next(), found.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Answer::Bad(format!("{name} is there twice"))),
        }
    }
}
