//! The one cleaner for text that players, scripts and the network hand in: what it returns can stand in XML,
//! on a terminal and in a list without doing anything there. Escaping for a certain output is that output's work.

use unicode_segmentation::UnicodeSegmentation as _;

/// How long a text may become. It is cut between graphemes (UAX #29).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many Unicode code points.
    CodePoints(usize),
    /// So many bytes of UTF-8.
    Bytes(usize),
}

/// A field of a tune as it is published.
pub const PUBLISHED: Limit = Limit::CodePoints(512);
/// A presence text made by a template.
pub const STATUS: Limit = Limit::CodePoints(256);
/// A short text somebody else wrote: a contact's status, name or group.
pub const READ: Limit = Limit::Bytes(4096);
/// What a server says about an error.
pub const REASON: Limit = Limit::CodePoints(256);
/// A message's body.
pub const BODY: Limit = Limit::Bytes(64 * 1024);

/// Nothing behind so many bytes is looked at, so that 64 MB of blanks cost no more than a page of them.
const EXAMINED: usize = 256 * 1024;

/// A text would have to be cut to become clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// One line of clean text, or nothing: each run of white space (line breaks and tabs too) is one space, none at the ends.
///
/// Dropped are what XML 1.0 section 2.2 forbids, the C0 and C1 controls, and all explicit directional embeddings,
/// overrides and isolates (UAX #9 section 2: an unpaired one turns around what follows the text). The implicit
/// marks U+200E, U+200F and U+061C stay.
pub fn line(text: &str, limit: Limit) -> Option<String> {
    line_of(text, limit).finish()
}

/// As [`line()`], with a `…` behind what was cut.
pub fn line_marked(text: &str, limit: Limit) -> Option<String> {
    line_of(text, limit).finish_marked()
}

/// As [`line()`] of a text that must not be cut.
///
/// # Errors
/// When it would be.
pub fn whole_line(text: &str, limit: Limit) -> Result<Option<String>, TooLong> {
    line_of(text.trim_end(), limit).finish_whole()
}

fn line_of(text: &str, limit: Limit) -> Kept {
    let mut kept = Kept::new(limit);
    let mut gap = false;
    for character in examined(text) {
        if character.is_whitespace() {
            gap = true;
        } else if !is_dropped(character) {
            if gap && !kept.text.is_empty() {
                kept.push(' ');
            }
            gap = false;
            kept.push(character);
        }
        if kept.is_full() {
            break;
        }
    }
    kept.unseen = text.len() > EXAMINED;
    kept
}

/// Clean text of any number of lines, or nothing when no line has more than white space. As [`line()`], but every kind
/// of line break becomes one `\n`, and blanks stay as they are except at the very end.
pub fn lines(text: &str, limit: Limit) -> Option<String> {
    lines_of(text, limit).finish()
}

/// As [`lines()`], with a `…` behind what was cut.
pub fn lines_marked(text: &str, limit: Limit) -> Option<String> {
    lines_of(text, limit).finish_marked()
}

/// As [`lines()`] of a text that must not be cut.
///
/// # Errors
/// When it would be.
pub fn whole_lines(text: &str, limit: Limit) -> Result<Option<String>, TooLong> {
    lines_of(text.trim_end(), limit).finish_whole()
}

fn lines_of(text: &str, limit: Limit) -> Kept {
    let mut kept = Kept::new(limit);
    let mut after_return = false;
    for character in examined(text) {
        match character {
            '\n' if after_return => {}
            '\r' | '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => kept.push('\n'),
            '\t' => kept.push('\t'),
            other if is_dropped(other) => {}
            other => kept.push(other),
        }
        after_return = character == '\r';
        if kept.is_full() {
            break;
        }
    }
    kept.unseen = text.len() > EXAMINED;
    kept
}

fn examined(text: &str) -> impl Iterator<Item = char> {
    text.char_indices().take_while(|(at, _)| *at < EXAMINED).map(|(_, character)| character)
}

fn is_dropped(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// What was kept so far: at most one code point more than the limit, which tells whether a border is at the limit.
struct Kept {
    text: String,
    limit: Limit,
    used: usize,
    /// How many bytes of `text` are within the limit.
    fitting: usize,
    /// There was more than anybody looks at.
    unseen: bool,
}

impl Kept {
    fn new(limit: Limit) -> Self {
        Self { text: String::new(), limit, used: 0, fitting: 0, unseen: false }
    }

    fn push(&mut self, character: char) {
        if self.is_full() {
            return;
        }
        self.text.push(character);
        let (size, limit) = match self.limit {
            Limit::CodePoints(limit) => (1, limit),
            Limit::Bytes(limit) => (character.len_utf8(), limit),
        };
        self.used += size;
        if self.used <= limit {
            self.fitting = self.text.len();
        }
    }

    fn is_full(&self) -> bool {
        self.fitting < self.text.len()
    }

    fn is_cut(&self) -> bool {
        self.is_full() || self.unseen
    }

    fn finish_whole(self) -> Result<Option<String>, TooLong> {
        if self.is_cut() { Err(TooLong) } else { Ok(self.finish()) }
    }

    fn finish_marked(self) -> Option<String> {
        let is_cut = self.is_cut();
        self.finish().map(|text| if is_cut { text + "…" } else { text })
    }

    fn finish(mut self) -> Option<String> {
        if self.is_full() {
            let borders = self.text.grapheme_indices(true).map(|(at, _)| at);
            let border = borders.take_while(|at| *at <= self.fitting).last().unwrap_or(0);
            // A single grapheme may be longer than any limit; then a border of code points has to do.
            self.text.truncate(if border == 0 { self.fitting } else { border });
        }
        self.text.truncate(self.text.trim_end().len());
        (!self.text.trim_start().is_empty()).then_some(self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_clean_and_has_single_spaces() {
        let check =
            |text: &str, expected: Option<&str>| assert_eq!(line(text, PUBLISHED).as_deref(), expected, "{text:?}");
        check("", None);
        check(" \t\r\n\u{a0}\u{2028}", None);
        check("\0\u{1b}\u{7f}\u{9b}\u{202e}\u{ffff}", None);
        check("  two \r\n\t words ", Some("two words"));
        check("\u{1b}[31mred\u{7}", Some("[31mred"));
        check("a\u{202e}b\u{2066}c\u{2069}", Some("abc"));
        check("next\u{85}line", Some("next line"));
        check("marks \u{200f}stay", Some("marks \u{200f}stay"));
        check("👩‍👩‍👧 ñ 🏴󠁧󠁢󠁥󠁮󠁧󠁿", Some("👩‍👩‍👧 ñ 🏴󠁧󠁢󠁥󠁮󠁧󠁿"));
    }

    #[test]
    fn lines_keep_their_breaks_and_blanks() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(lines(text, BODY).as_deref(), expected, "{text:?}");
        check("\r\n \n", None);
        check("a\r\nb\rc\u{2029}d\n\n", Some("a\nb\nc\nd"));
        check("a\n\nb\r\r\nc", Some("a\n\nb\n\nc"));
        check("  fn main() {\n\tgo()\u{7}\n  }", Some("  fn main() {\n\tgo()\n  }"));
    }

    #[test]
    fn a_cut_falls_between_graphemes() {
        let check = |text: &str, limit: Limit, expected: Option<&str>| {
            assert_eq!(line(text, limit).as_deref(), expected, "{text:?} {limit:?}");
        };
        check("abc", Limit::CodePoints(3), Some("abc"));
        check("abcd", Limit::CodePoints(3), Some("abc"));
        check("ab cd", Limit::CodePoints(3), Some("ab"));
        check("abe\u{301}", Limit::CodePoints(3), Some("ab"));
        check("a👩‍👩‍👧b", Limit::CodePoints(5), Some("a"));
        check("a👩‍👩‍👧b", Limit::CodePoints(6), Some("a👩‍👩‍👧"));
        check("🇩🇪🇫🇷", Limit::CodePoints(3), Some("🇩🇪"));
        check("añb", Limit::Bytes(2), Some("a"));
        check("añb", Limit::Bytes(3), Some("añ"));
        check("e\u{301}\u{301}\u{301}", Limit::CodePoints(2), Some("e\u{301}"));
        check("a", Limit::CodePoints(0), None);
    }

    #[test]
    fn what_was_cut_shows_it_or_is_refused() {
        let check = |text: &str, marked: Option<&str>, whole: Result<Option<&str>, TooLong>| {
            let limit = Limit::Bytes(4);
            assert_eq!(lines_marked(text, limit).as_deref(), marked, "{text:?}");
            assert_eq!(line_marked(text, limit).as_deref(), marked, "{text:?}");
            assert_eq!(whole_lines(text, limit), whole.map(|text| text.map(str::to_owned)), "{text:?}");
            assert_eq!(whole_line(text, limit), whole.map(|text| text.map(str::to_owned)), "{text:?}");
        };
        check("", None, Ok(None));
        check("abcd", Some("abcd"), Ok(Some("abcd")));
        check("abcde", Some("abcd…"), Err(TooLong));
        check("abcñ", Some("abc…"), Err(TooLong));
        check(&("a".to_owned() + &"\u{7}".repeat(EXAMINED)), Some("a…"), Err(TooLong));
        assert_eq!(whole_lines("abcd \n\n", Limit::Bytes(4)), Ok(Some("abcd".into())));
    }

    #[test]
    fn a_huge_text_costs_no_more_than_its_beginning() {
        let blanks = " ".repeat(64 << 20) + "unseen";
        assert_eq!(line(&blanks, PUBLISHED), None);
        let marks = "a".to_owned() + &"\u{301}".repeat(32 << 20);
        assert_eq!(line(&marks, PUBLISHED).map(|text| text.chars().count()), Some(512));
        assert_eq!(lines(&marks, BODY).map(|text| text.len() <= 64 * 1024), Some(true));
    }

    proptest! {
        #[test]
        fn whatever_comes_what_leaves_is_clean_and_bounded(text in "(?s).{0,80}", limit in 0usize..60) {
            for (clean, breaks) in [
                (line(&text, Limit::CodePoints(limit)), ""),
                (lines(&text, Limit::CodePoints(limit)), "\n\t"),
            ] {
                let Some(clean) = clean else { continue };
                prop_assert!(clean.chars().count() <= limit);
                prop_assert!(!clean.trim().is_empty());
                prop_assert!(clean.chars().all(|it| breaks.contains(it) || !is_dropped(it)));
                prop_assert!(text.chars().any(|it| clean.contains(it)));
            }
            prop_assert!(line(&text, Limit::Bytes(limit)).is_none_or(|clean| clean.len() <= limit));
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in "(?s).{0,80}", limit in 0usize..60) {
            if let Some(once) = line(&text, Limit::CodePoints(limit)) {
                prop_assert_eq!(line(&once, Limit::CodePoints(limit)), Some(once.clone()));
            }
        }
    }
}
