//! What is answered to a request, as the bytes of an HTTP/1.1 response. None of them lets a page of another origin read
//! anything, and all close the connection.

/// The end of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was taken.
    Taken,
    /// It is no HTTP, or its body is not what it says it is; why.
    Bad(String),
    /// There was no token, or a wrong one.
    Unauthorized,
    /// Another host is named than this one.
    WrongHost,
    /// It comes from a page.
    FromPage,
    /// There is nothing at this path.
    NotFound,
    /// It is no POST.
    NotPosted,
    /// It did not come in time.
    TooSlow,
    /// It does not say how long its body is.
    NoLength,
    /// Its body is too large.
    TooLarge,
    /// Its body is of another type than a form or JSON in UTF-8.
    UnknownType,
    /// Its head is too large.
    HeadTooLarge,
    /// The daemon is ending.
    Ending,
}

/// What lets a client go on that waits to be told so (RFC 9110 section 15.2.1).
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

impl Answer {
    /// The whole response.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let (status, text) = self.words();
        let allow = if *self == Self::NotPosted { "Allow: POST\r\n" } else { "" };
        let challenge = if *self == Self::Unauthorized { "WWW-Authenticate: Bearer\r\n" } else { "" };
        let length = text.len() + 1;
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\
             {allow}{challenge}Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
             Cross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n{text}\n"
        )
        .into_bytes()
    }

    fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Taken => ("200 OK", "taken"),
            Self::Bad(reason) => ("400 Bad Request", reason),
            Self::Unauthorized => ("401 Unauthorized", "the token is missing or wrong"),
            Self::WrongHost => ("403 Forbidden", "Host is not the address that is listened on"),
            Self::FromPage => ("403 Forbidden", "pages in browsers may not post here"),
            Self::NotFound => ("404 Not Found", "there is nothing here"),
            Self::NotPosted => ("405 Method Not Allowed", "only POST does anything here"),
            Self::TooSlow => ("408 Request Timeout", "the request took too long"),
            Self::NoLength => ("411 Length Required", "Content-Length is missing"),
            Self::TooLarge => ("413 Content Too Large", "at most 64 KiB may be posted"),
            Self::UnknownType => ("415 Unsupported Media Type", "post a form or JSON, in UTF-8"),
            Self::HeadTooLarge => ("431 Request Header Fields Too Large", "at most 8 KiB and 64 lines may be the head"),
            Self::Ending => ("503 Service Unavailable", "the daemon is ending"),
        }
    }
}
