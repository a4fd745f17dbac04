//! A text that scrolls: what of it is to be seen at each step. When the next step comes is the shell's; whether it may
//! go out is the budget's.

use unicode_segmentation::UnicodeSegmentation as _;

/// What stands between the end of the text and its beginning.
const GAP: &str = " · ";

/// A text that runs through a window of so many graphemes (UAX #29): emoji, combining marks and flags stay whole, and
/// text from right to left keeps its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marquee {
    /// The graphemes of the text, and behind them those of the gap where the text does not fit.
    ring: Vec<String>,
    width: usize,
}

impl Marquee {
    /// A clean text in a window of this width, which is not 0.
    pub fn new(text: &str, width: usize) -> Self {
        let mut ring: Vec<String> = text.graphemes(true).map(str::to_owned).collect();
        if ring.len() > width {
            ring.extend(GAP.graphemes(true).map(str::to_owned));
        }
        Self { ring, width: width.max(1) }
    }

    /// After how many steps it begins anew; 1 for a text that fits and stands still.
    pub fn steps(&self) -> u64 {
        if self.moves() { self.ring.len() as u64 } else { 1 }
    }

    /// Whether the text is longer than the window.
    pub fn moves(&self) -> bool {
        self.ring.len() > self.width
    }

    /// What is seen at a step, counted from 0.
    pub fn window(&self, step: u64) -> String {
        let first = usize::try_from(step % self.steps()).unwrap_or(0);
        self.ring.iter().cycle().skip(first).take(self.width.min(self.ring.len())).map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_runs_through_its_window_and_begins_anew() {
        let check = |text: &str, width, expected: &[&str]| {
            let marquee = Marquee::new(text, width);
            let seen: Vec<String> = (0..marquee.steps()).map(|step| marquee.window(step)).collect();
            assert_eq!(seen, expected, "{text:?}");
            assert_eq!(marquee.window(marquee.steps()), expected[0], "{text:?}");
        };
        check("abcd", 4, &["abcd"]);
        check("ab", 9, &["ab"]);
        check("abcd", 3, &["abc", "bcd", "cd ", "d ·", " · ", "· a", " ab"]);
        // A family, a flag, a letter with two marks and a syllable are one each.
        check("👨‍👩‍👧🇩🇪ẹ́각", 2, &["👨‍👩‍👧🇩🇪", "🇩🇪ẹ́", "ẹ́각", "각 ", " ·", "· ", " 👨‍👩‍👧"]);
        check("שלום", 3, &["שלו", "לום", "ום ", "ם ·", " · ", "· ש", " של"]);
    }

    proptest! {
        #[test]
        fn a_window_is_a_piece_of_the_ring_with_every_grapheme_whole(
            text in "[a-c 🇩🇫é́👍🏽עشـ각\u{200d}]{1,24}", width in 1usize..30, step in 0u64..100,
        ) {
            let marquee = Marquee::new(&text, width);
            let own: Vec<&str> = text.graphemes(true).collect();
            let window = marquee.window(step);
            if own.len() <= width {
                prop_assert_eq!(&window, &text);
                return Ok(());
            }
            let ring: Vec<&str> = own.into_iter().chain(GAP.graphemes(true)).collect();
            let first = step as usize % ring.len();
            let piece: String = (first..first + width).map(|place| ring[place % ring.len()]).collect();
            prop_assert_eq!(window, piece);
        }
    }
}
