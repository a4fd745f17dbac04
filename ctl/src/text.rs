//! Text from the network and from players, made safe for a terminal: nothing in it can move the cursor, colour, ring,
//! or make the text around it read in another order. JSON keeps the exact data and is made safe by escapes.

use std::borrow::Cow;

/// One line of foreign text: line ends and tabs become spaces, control characters become visible escapes, characters
/// that only steer direction or are invisible are left out, and text that runs right to left is isolated.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    let mut runs_right_to_left = false;
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                if !safe.ends_with(' ') {
                    safe.push(' ');
                }
            }
            c if c.is_control() => safe.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if steers_direction(c) || is_invisible(c) => {}
            c => {
                runs_right_to_left |= is_right_to_left(c);
                safe.push(c);
            }
        }
    }
    Cow::Owned(if runs_right_to_left { format!("\u{2068}{safe}\u{2069}") } else { safe })
}

/// In place of a text that is encrypted with this.
pub(crate) fn unreadable(method: &str) -> String {
    format!("(encrypted with {}, cannot be read here)", line(method))
}

/// JSON whose every character is harmless on a terminal. Its structure is ASCII, so whatever is not can only stand in a
/// text, where an escape means the same.
pub(crate) fn json(document: &str) -> Cow<'_, str> {
    let is_harmful =
        |c: char| c == '\u{7f}' || (!c.is_ascii() && (c.is_control() || steers_direction(c) || is_invisible(c)));
    if !document.contains(is_harmful) {
        return Cow::Borrowed(document);
    }
    let mut safe = String::with_capacity(document.len() + 32);
    for c in document.chars() {
        if is_harmful(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// The bidirectional controls of UAX #9.
const fn steers_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters without a shape that no script or emoji needs: separators, fillers, marks and tags that hide text.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether the character is in a block of scripts that run right to left.
const fn is_right_to_left(c: char) -> bool {
    matches!(
        c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(line(text), expected, "{text:?}");
    }

    #[test]
    fn plain_text_is_left_alone() {
        check("Good night", "Good night");
        check("♪ Björk – 夜 👩‍🚀", "♪ Björk – 夜 👩‍🚀");
        check("", "");
    }

    #[test]
    fn controls_become_visible() {
        check("\u{1b}]52;c;aGk=\u{7}", "\\x1b]52;c;aGk=\\x07");
        check("\u{9b}31m\u{7f}\u{0}", "\\x9b31m\\x7f\\x00");
        check("a\u{8}\u{8}b", "a\\x08\\x08b");
    }

    #[test]
    fn lines_are_folded() {
        check("a\r\n\tb\u{2028}c\u{85}d", "a b c d");
    }

    #[test]
    fn direction_is_kept_inside() {
        check("a\u{202e}gpj.exe", "agpj.exe");
        check("\u{2067}x\u{2066}", "x");
        check("שלום", "\u{2068}שלום\u{2069}");
        check("a\u{200b}b\u{feff}c\u{e0041}d", "abcd");
    }

    #[test]
    fn json_is_escaped_and_means_the_same() {
        let data = "a\u{9b}b\u{202e}c\u{7f}d\u{e0041}é♪שלום";
        let document = serde_json::to_string(data).unwrap();
        let safe = json(&document);
        assert_eq!(safe, "\"a\\u009bb\\u202ec\\u007fd\\udb40\\udc41é♪שלום\"");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), data);
    }
}
