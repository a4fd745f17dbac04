//! A pattern of the configuration: exact, glob (`*`, `?`) or `/regex/`. Which list it stands in is [`super::rules`]'s.

use std::fmt;

use regex_lite::{Regex, RegexBuilder};

/// The most bytes a pattern may have.
const MAX_LEN: usize = 1024;
/// The most memory a compiled pattern may take, bytes.
const MAX_COMPILED: usize = 256 * 1024;

/// A pattern ready to be matched, in time linear in the text.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    matcher: Regex,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing, or `//`.
    #[error("a pattern cannot be empty")]
    Empty,
    /// More than 1 KiB, or too large once compiled.
    #[error("the pattern is too large")]
    TooLarge,
    /// The regular expression is not one.
    #[error("not a regular expression: {0}")]
    Malformed(String),
}

impl Pattern {
    /// A pattern for players' names. Without slashes it ignores case and covers what follows a dot as well:
    /// `kdeconnect` is also `kdeconnect.mpris_000001`.
    ///
    /// # Errors
    /// What is wrong with it, for the person who wrote it.
    pub fn player(text: &str) -> Result<Self, PatternError> {
        Self::new(text, r"(?:\..*)?")
    }

    /// A pattern for whole addresses. Without slashes it ignores case; `*` stands for slashes as well.
    ///
    /// # Errors
    /// What is wrong with it, for the person who wrote it.
    pub fn url(text: &str) -> Result<Self, PatternError> {
        Self::new(text, "")
    }

    /// Whether the pattern covers this.
    pub fn matches(&self, text: &str) -> bool {
        self.matcher.is_match(text)
    }

    /// Whether it names one thing in full: no glob and no regular expression.
    pub fn is_literal(&self) -> bool {
        !self.text.contains(['*', '?']) && !self.text.starts_with('/')
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn new(text: &str, tail: &str) -> Result<Self, PatternError> {
        let regex = text.strip_prefix('/').and_then(|text| text.strip_suffix('/'));
        match regex.unwrap_or(text) {
            "" => return Err(PatternError::Empty),
            long if long.len() > MAX_LEN => return Err(PatternError::TooLarge),
            _ => {}
        }
        let source = match regex {
            Some(regex) => regex.to_owned(),
            None => {
                let glob = regex_lite::escape(text).replace(r"\*", ".*").replace(r"\?", ".");
                format!("(?is)^(?:{glob}){tail}$")
            }
        };
        match RegexBuilder::new(&source).size_limit(MAX_COMPILED).build() {
            Ok(matcher) => Ok(Self { text: text.to_owned(), matcher }),
            Err(_) if regex.is_none() => Err(PatternError::TooLarge),
            Err(error) => Err(PatternError::Malformed(error.to_string())),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// Patterns are equal when they are written alike; player and address patterns are never in one list.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_it_says() {
        let check = |pattern: &str, name: &str, expected: bool| {
            let pattern = Pattern::player(pattern).expect("a pattern");
            assert_eq!(pattern.matches(name), expected, "{pattern:?} {name}");
        };
        check("mpv", "mpv", true);
        check("mpv", "MPV", true);
        check("mpv", "mpvx", false);
        check("kdeconnect", "kdeconnect.mpris_000001", true);
        check("m*", "mpv", true);
        check("m?v", "mpv", true);
        check("m?v", "mv", false);
        check("*", "anything.at.all", true);
        check("a.c", "abc", false);
        check("a+(b", "a+(b", true);
        check("/^(mpv|vlc)$/", "vlc", true);
        check("/^(mpv|vlc)$/", "vlc2", false);
        check("/pot/", "spotify", true);
        check("/", "/", true);
    }

    #[test]
    fn an_address_is_matched_as_a_whole() {
        let pattern = Pattern::url("file:///home/*/Private/*").expect("a pattern");
        assert!(pattern.matches("file:///home/romeo/Music/Private/a/b.ogg"));
        assert!(!pattern.matches("file:///home/romeo/Public/b.ogg"));
        assert!(!Pattern::url("https://a").expect("a pattern").matches("https://a.example"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert_eq!(Pattern::player(""), Err(PatternError::Empty));
        assert_eq!(Pattern::player("//"), Err(PatternError::Empty));
        assert_eq!(Pattern::player(&"x".repeat(1025)), Err(PatternError::TooLarge));
        assert!(matches!(Pattern::player("/(/"), Err(PatternError::Malformed(_))));
        assert!(matches!(Pattern::player("/((a{900}){900}){900}/"), Err(PatternError::Malformed(_))));
        assert!(Pattern::player(&"(".repeat(1024)).is_ok());
        assert!(Pattern::player(&"*".repeat(1024)).is_ok());
        assert!(matches!(Pattern::player(&format!("/{}/", "(".repeat(1000))), Err(PatternError::Malformed(_))));
    }

    #[test]
    fn no_pattern_takes_long() {
        let pattern = Pattern::player(&"*a".repeat(100)).expect("a pattern");
        assert!(!pattern.matches(&"a".repeat(99)));
        assert!(pattern.matches(&"ba".repeat(2000)));
    }
}
