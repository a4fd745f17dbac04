//! Bytes cut into lines of limited length. What the lines say is [`super::frame`]'s.

use std::io;

use tokio::net::UnixStream;
use xmppd_proto::jsonrpc::MAX_LINE;

/// The most bytes read at once.
const CHUNK: usize = 16 * 1024;

/// What has arrived and is not yet taken. It owns no memory while nothing waits.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to where there is no newline behind `start`.
    scanned: usize,
    /// Whether a line that was too long has not ended yet.
    skipping: bool,
}

/// A line without its newline.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// What it says.
    Text(&'a [u8]),
    /// It exceeds [`MAX_LINE`]; what is left of it is thrown away as it comes.
    TooLong,
}

impl Lines {
    /// Reads some of what has arrived at the socket and tells how much; 0 at the end of the stream.
    ///
    /// # Errors
    /// The system's, among them `WouldBlock`.
    pub(super) fn read_from(&mut self, stream: &UnixStream) -> io::Result<usize> {
        self.buffer.reserve(CHUNK);
        let outcome = stream.try_read_buf(&mut self.buffer);
        self.tidy();
        outcome
    }

    /// The next whole line.
    pub(super) fn next(&mut self) -> Option<Line<'_>> {
        while let Some(offset) = self.buffer[self.scanned..].iter().position(|byte| *byte == b'\n') {
            let line = self.start..self.scanned + offset;
            self.start = line.end + 1;
            self.scanned = self.start;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            return Some(if line.len() > MAX_LINE { Line::TooLong } else { Line::Text(&self.buffer[line]) });
        }
        self.scanned = self.buffer.len();
        let too_long = !self.skipping && self.buffer.len() - self.start > MAX_LINE;
        self.skipping |= too_long;
        if self.skipping {
            self.start = self.buffer.len();
        }
        self.tidy();
        too_long.then_some(Line::TooLong)
    }

    /// What stands behind the last newline when no more will come.
    pub(super) fn rest(&mut self) -> Option<Vec<u8>> {
        let Self { mut buffer, start, .. } = std::mem::take(self);
        buffer.drain(..start);
        Some(buffer).filter(|rest| !rest.is_empty())
    }

    /// Whether nothing waits.
    pub(super) const fn is_empty(&self) -> bool {
        self.start == self.buffer.len()
    }

    /// Lets go of what was taken.
    fn tidy(&mut self) {
        if self.is_empty() {
            self.buffer = Vec::new();
        } else if self.scanned == self.buffer.len() && self.start > 0 {
            self.buffer.drain(..self.start);
            self.buffer.shrink_to(CHUNK);
        } else {
            return;
        }
        self.start = 0;
        self.scanned = self.buffer.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of chunks that arrive one by one, a `!` for each that is too long, and what is left.
    fn cut(chunks: &[&[u8]]) -> (Vec<String>, Option<Vec<u8>>) {
        let (mut lines, mut cut) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.buffer.extend_from_slice(chunk);
            while let Some(line) = lines.next() {
                cut.push(match line {
                    Line::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                    Line::TooLong => "!".to_owned(),
                });
            }
        }
        (cut, lines.rest())
    }

    #[test]
    fn lines_do_not_depend_on_how_they_arrive() {
        let check = |chunks: &[&str], lines: &[&str], rest: Option<&str>| {
            let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.as_bytes()).collect();
            let (cut, left) = cut(&chunks);
            assert_eq!(cut, lines);
            assert_eq!(left.as_deref(), rest.map(str::as_bytes));
        };
        check(&[], &[], None);
        check(&["a\nb\n"], &["a", "b"], None);
        check(&["a", "b\nc", "\n", "\nd"], &["ab", "c", ""], Some("d"));
        check(&["\n", "\n"], &["", ""], None);
    }

    #[test]
    fn a_long_line_is_told_once_and_the_next_is_read() {
        let (most, over) = (vec![b'x'; MAX_LINE], vec![b'x'; MAX_LINE + 1]);
        let (lines, rest) = cut(&[&most, b"\na\n"]);
        assert_eq!((lines[0].len(), lines[1].as_str(), rest), (MAX_LINE, "a", None));
        assert_eq!(cut(&[&over, b"\na\n"]), (vec!["!".to_owned(), "a".to_owned()], None));
        assert_eq!(cut(&[&most, b"y\na\n"]), (vec!["!".to_owned(), "a".to_owned()], None));
        assert_eq!(cut(&[&most, &over, &over, b"z\na"]), (vec!["!".to_owned()], Some(b"a".to_vec())));
        assert_eq!(cut(&[&over, &over]), (vec!["!".to_owned()], None));
    }

    #[test]
    fn memory_is_given_back() {
        let mut lines = Lines::default();
        let mut check = |chunk: &[u8], most: usize| {
            lines.buffer.extend_from_slice(chunk);
            while lines.next().is_some() {}
            assert!(lines.buffer.capacity() <= most, "{} bytes", lines.buffer.capacity());
        };
        check(&vec![b'x'; MAX_LINE], 2 * MAX_LINE);
        check(b"\nrest", CHUNK);
        check(b"\n", 0);
        check(&vec![b'x'; MAX_LINE + 1], 0);
        check(&vec![b'x'; MAX_LINE], 0);
        check(b"\n", 0);
    }
}
