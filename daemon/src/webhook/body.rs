//! The body of a request, piece by piece as it comes, in either framing (RFC 9112 section 6). Within the limit it is
//! whole, or it is refused; what follows it is not looked at.

use httparse::Status;

use super::answer::Answer;

/// The largest body, in bytes, without the framing of its chunks.
pub(super) const LIMIT: usize = 64 * 1024;
/// The longest line that tells a chunk's size.
const SIZE_LINE: usize = 256;

/// How a body tells its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// It has so many bytes.
    Length(usize),
    /// Each chunk has its size before it.
    Chunked,
}

/// A body that is coming.
#[derive(Debug)]
pub(super) struct Body {
    whole: Vec<u8>,
    /// What came and is not understood yet.
    raw: Vec<u8>,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// So many bytes as they are, to the end.
    Rest(usize),
    /// The line before a chunk.
    Size,
    /// So many bytes of a chunk.
    Chunk(usize),
    /// The line break behind a chunk.
    Break,
}

impl Body {
    /// A body of which nothing has come.
    pub(super) fn new(framing: Framing) -> Self {
        let part = match framing {
            Framing::Length(length) => Part::Rest(length),
            Framing::Chunked => Part::Size,
        };
        Self { whole: Vec::new(), raw: Vec::new(), part }
    }

    /// Takes what came; the whole body once it is there.
    ///
    /// # Errors
    /// It is too large, or no chunks.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, Answer> {
        self.raw.extend_from_slice(bytes);
        loop {
            match self.part {
                Part::Rest(left) if left > LIMIT => return Err(Answer::TooLarge),
                Part::Rest(left) => {
                    let left = left - self.move_at_most(left);
                    self.part = Part::Rest(left);
                    return Ok((left == 0).then(|| std::mem::take(&mut self.whole)));
                }
                Part::Size => match self.size()? {
                    None => return Ok(None),
                    Some(0) => return Ok(Some(std::mem::take(&mut self.whole))),
                    Some(size) => self.part = Part::Chunk(size),
                },
                Part::Chunk(left) => {
                    let left = left - self.move_at_most(left);
                    if left > 0 {
                        self.part = Part::Chunk(left);
                        return Ok(None);
                    }
                    self.part = Part::Break;
                }
                Part::Break => {
                    if self.raw.len() < 2 {
                        return Ok(None);
                    }
                    if !self.raw.starts_with(b"\r\n") {
                        return Err(no_chunks());
                    }
                    self.raw.drain(..2);
                    self.part = Part::Size;
                }
            }
        }
    }

    fn move_at_most(&mut self, count: usize) -> usize {
        let count = count.min(self.raw.len());
        self.whole.extend(self.raw.drain(..count));
        count
    }

    /// The next chunk's size.
    fn size(&mut self) -> Result<Option<usize>, Answer> {
        match httparse::parse_chunk_size(&self.raw) {
            Ok(Status::Complete((line, size))) => {
                let size = usize::try_from(size).map_err(|_| Answer::TooLarge)?;
                if self.whole.len().saturating_add(size) > LIMIT {
                    return Err(Answer::TooLarge);
                }
                self.raw.drain(..line);
                Ok(Some(size))
            }
            Ok(Status::Partial) if self.raw.len() <= SIZE_LINE => Ok(None),
            Ok(Status::Partial) | Err(_) => Err(no_chunks()),
        }
    }
}

fn no_chunks() -> Answer {
    Answer::Bad("the body is not in chunks".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However it is cut, a body is the same.
    #[track_caller]
    fn check(framing: Framing, bytes: &[u8], expected: Result<Option<&[u8]>, Answer>) {
        for size in [1, 2, 3, 7, bytes.len().max(1)] {
            let mut body = Body::new(framing);
            let mut ended = body.take(&[]);
            let mut pieces = bytes.chunks(size);
            while let (Ok(None), Some(piece)) = (&ended, pieces.next()) {
                ended = body.take(piece);
            }
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
            assert_eq!(ended.as_ref().map(Option::as_deref), expected.as_ref().copied(), "{size}: {shown}");
        }
    }

    #[test]
    fn a_body_of_a_known_length_is_whole_when_it_is_there() {
        check(Framing::Length(0), b"", Ok(Some(b"")));
        check(Framing::Length(3), b"ab", Ok(None));
        check(Framing::Length(3), b"abc", Ok(Some(b"abc")));
        check(Framing::Length(3), b"abcPOST / HTTP/1.1", Ok(Some(b"abc")));
        check(Framing::Length(LIMIT), &vec![b'x'; LIMIT], Ok(Some(&vec![b'x'; LIMIT])));
        check(Framing::Length(LIMIT + 1), b"", Err(Answer::TooLarge));
        check(Framing::Length(usize::MAX), b"", Err(Answer::TooLarge));
    }

    #[test]
    fn chunks_are_put_together_and_broken_ones_refused() {
        let bad = || Err(no_chunks());
        check(Framing::Chunked, b"", Ok(None));
        check(Framing::Chunked, b"3\r\nabc\r\n0\r\n\r\n", Ok(Some(b"abc")));
        check(
            Framing::Chunked,
            b"3;name=value\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
            Ok(Some(b"abc0123456789")),
        );
        check(Framing::Chunked, b"3\r\nabc", Ok(None));
        check(Framing::Chunked, b"3\r\nabcX\r\n", bad());
        check(Framing::Chunked, b"x\r\nabc\r\n", bad());
        check(Framing::Chunked, b"-1\r\n", bad());
        check(Framing::Chunked, b"ffffffffffffffffff\r\n", bad());
        check(Framing::Chunked, b"ffffffffffffffff\r\n", Err(Answer::TooLarge));
        check(Framing::Chunked, format!("{:x}\r\n", LIMIT + 1).as_bytes(), Err(Answer::TooLarge));
        check(Framing::Chunked, format!("3;{}", "x".repeat(300)).as_bytes(), bad());
    }

    #[test]
    fn many_small_chunks_are_no_way_around_the_limit() {
        let mut body = Body::new(Framing::Chunked);
        let ended = (0..=LIMIT).map(|_| body.take(b"1\r\nx\r\n")).find(|ended| *ended != Ok(None));
        assert_eq!(ended, Some(Err(Answer::TooLarge)));
    }
}
