//! What an address tells of the file behind it: its name without the path, and whether it is a video.
//! Which addresses may be told is [`super::rules`]'s.

/// What the names of video files end with.
const VIDEO: [&str; 24] = [
    "3g2", "3gp", "asf", "avi", "divx", "f4v", "flv", "m2ts", "m2v", "m4v", "mkv", "mov", "mp4", "mpe", "mpeg", "mpg",
    "mts", "ogm", "ogv", "rm", "rmvb", "vob", "webm", "wmv",
];

/// The name of the file behind an address or a path, decoded, without the folders it is in.
pub(super) fn file_name(url: &str) -> Option<String> {
    let path = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.eq_ignore_ascii_case("file") => {
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            rest.split_once('/').map_or("", |(_, path)| path)
        }
        Some((_, path)) => path,
        None => url,
    };
    let decoded = percent_decoded(path);
    let name = decoded.rsplit(['/', '\\']).next().unwrap_or_default();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The name without what tells the kind of file.
pub(super) fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, kind))
            if !stem.is_empty() && kind.len() <= 5 && kind.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            stem
        }
        Some(_) | None => name,
    }
}

/// Whether a file of this name holds pictures that move.
pub(super) fn is_video(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, kind)| VIDEO.iter().any(|video| kind.eq_ignore_ascii_case(video)))
}

/// Whether a file of this machine is meant: a `file:` address, or a path.
pub(super) fn is_local(url: &str) -> bool {
    url.split_once(':').map_or(url.starts_with('/'), |(scheme, _)| scheme.eq_ignore_ascii_case("file"))
}

/// RFC 3986 section 2.1; what is not UTF-8 afterwards is replaced, and what is no escape stays.
pub(super) fn percent_decoded(url: &str) -> String {
    String::from_utf8_lossy(&percent_decoded_bytes(url.as_bytes())).into_owned()
}

/// The same of bytes, with whatever they are afterwards.
pub(super) fn percent_decoded_bytes(mut rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|digits| first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_name_without_its_folders() {
        let check = |url: &str, name: Option<&str>, title: &str| {
            let found = file_name(url);
            assert_eq!((found.as_deref(), found.as_deref().map_or("", stem)), (name, title), "{url}");
        };
        check("file:///home/romeo/Mar%C3%A9e.flac", Some("Marée.flac"), "Marée");
        check("file:///home/romeo/a%2Fb.ogg", Some("b.ogg"), "b");
        check("file:///home/romeo/What?.ogg", Some("What?.ogg"), "What?");
        check("/home/romeo/Vol. 2", Some("Vol. 2"), "Vol. 2");
        check("C:\\Users\\romeo\\a.mp3", Some("a.mp3"), "a");
        check("file:///home/romeo/.ogg", Some(".ogg"), ".ogg");
        check("https://a.example/x/b.mp4?token=1#t", Some("b.mp4"), "b");
        check("https://a.example?x=/b.mp4", None, "");
        check("file:///home/romeo/", None, "");
        check("", None, "");
    }

    #[test]
    fn videos_are_told_by_what_their_names_end_with() {
        for video in ["a.mkv", "A.MP4", "a.b.webm"] {
            assert!(is_video(video), "{video}");
        }
        for other in ["a.mp3", "mkv", "a.mkv.flac", "a."] {
            assert!(!is_video(other), "{other}");
        }
        assert!(is_local("/home/a") && is_local("FILE:///a") && !is_local("https://a/b") && !is_local("a"));
    }
}
