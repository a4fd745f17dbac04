//! A connection to a bus that lets no message past which is longer than anything we could want: zbus makes room for the
//! whole of a message before anybody can look at it, and a player may send 128 MiB.
//!
//! It passes no file descriptors. What is in the messages is left to zbus.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use zbus::connection::socket::{BoxedSplit, ReadHalf, Split, WriteHalf};

/// Longer messages are not read: 1 MiB.
pub(crate) const LONGEST: u64 = 1 << 20;

/// The bytes that tell how long a message is (D-Bus specification, "Message Format").
const HEADER: usize = 16;

/// A connection over this stream, before its handshake.
pub(crate) fn over(stream: UnixStream) -> BoxedSplit {
    let (read, write) = stream.into_split();
    Split::new(Box::new(Reader::new(read)), Box::new(Writer(write)))
}

/// What comes in.
#[derive(Debug)]
struct Reader {
    stream: OwnedReadHalf,
    stage: Stage,
}

/// How far the stream has come; a call that is given up halfway loses nothing.
#[derive(Debug)]
enum Stage {
    /// The handshake speaks in lines; no line begins as a message does. Whether this is the begin of one.
    Lines(bool),
    /// The first bytes of a message, as many as there are.
    Header(Vec<u8>),
    /// These have been read and not passed on; then there are so many more of the message.
    Ahead(Vec<u8>, u64),
    /// So many bytes of a message are still to be passed on.
    Passing(u64),
    /// So many bytes of a message that is too long are still to come.
    Skipping(u64),
}

impl Reader {
    fn new(stream: OwnedReadHalf) -> Self {
        Self { stream, stage: Stage::Lines(true) }
    }

    /// One byte of the handshake, or the first of the first message; how many bytes are to be passed on.
    async fn line(&mut self, is_begin: bool, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(byte) = buffer.get_mut(..1) else { return Ok(Some(0)) };
        if self.stream.read(byte).await? == 0 {
            return Ok(Some(0));
        }
        if is_begin && [b"l", b"B"].iter().any(|begin| byte == *begin) {
            self.stage = Stage::Header(byte.to_vec());
            return Ok(None);
        }
        self.stage = Stage::Lines(byte == b"\n");
        Ok(Some(1))
    }

    /// More of a message's first bytes; whether the stream goes on.
    async fn header(&mut self) -> io::Result<bool> {
        let Stage::Header(have) = &mut self.stage else { return Ok(true) };
        let mut rest = [0; HEADER];
        let Some(rest) = rest.get_mut(have.len()..) else { return Ok(true) };
        let count = self.stream.read(rest).await?;
        have.extend(rest.iter().take(count));
        if let Some(length) = length(have) {
            let left = length.saturating_sub(HEADER as u64);
            self.stage =
                if length > LONGEST { Stage::Skipping(left) } else { Stage::Ahead(std::mem::take(have), left) };
        }
        Ok(count > 0)
    }

    /// Reads on in a message that is too long; whether the stream goes on.
    async fn skip(&mut self, left: u64) -> io::Result<bool> {
        let mut waste = [0; 4096];
        let count = self.stream.read(part(&mut waste, left)).await?;
        self.stage = then(left.saturating_sub(count as u64), Stage::Skipping);
        Ok(count > 0)
    }
}

#[async_trait]
impl ReadHalf for Reader {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        loop {
            let count = match &mut self.stage {
                Stage::Lines(is_begin) => {
                    let is_begin = *is_begin;
                    match self.line(is_begin, buffer).await? {
                        Some(count) => count,
                        None => continue,
                    }
                }
                Stage::Header(_) => match self.header().await? {
                    true => continue,
                    false => 0,
                },
                Stage::Ahead(ahead, left) => {
                    let count = ahead.len().min(buffer.len());
                    ahead.drain(..count).zip(buffer).for_each(|(byte, place)| *place = byte);
                    if ahead.is_empty() {
                        self.stage = then(*left, Stage::Passing);
                    }
                    count
                }
                Stage::Passing(left) => {
                    let left = *left;
                    let count = self.stream.read(part(buffer, left)).await?;
                    self.stage = then(left.saturating_sub(count as u64), Stage::Passing);
                    count
                }
                Stage::Skipping(left) => {
                    let left = *left;
                    match self.skip(left).await? {
                        true => continue,
                        false => 0,
                    }
                }
            };
            return Ok((count, Vec::new()));
        }
    }
}

/// What follows when so much of a message is left.
fn then(left: u64, on: fn(u64) -> Stage) -> Stage {
    if left > 0 { on(left) } else { Stage::Header(Vec::with_capacity(HEADER)) }
}

/// As much of a buffer as there may be.
fn part(buffer: &mut [u8], left: u64) -> &mut [u8] {
    let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
    &mut buffer[..most]
}

/// How long a whole message is, by its first bytes; nothing as long as these are too few.
fn length(header: &[u8]) -> Option<u64> {
    let number = |at: usize| {
        let bytes: [u8; 4] = header.get(at..at + 4)?.try_into().ok()?;
        let is_little = header.first() == Some(&b'l');
        Some(u64::from(if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }))
    };
    let (body, fields) = (number(4)?, number(12)?);
    Some(HEADER as u64 + fields.next_multiple_of(8) + body)
}

/// What goes out.
#[derive(Debug)]
struct Writer(OwnedWriteHalf);

#[async_trait]
impl WriteHalf for Writer {
    async fn sendmsg(&mut self, buffer: &[u8], _: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.0.write(buffer).await
    }

    async fn close(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with so long a field array and body; only its beginning means anything.
    fn message(endian: u8, fields: u32, body: u32) -> Vec<u8> {
        let bytes = |number: u32| if endian == b'l' { number.to_le_bytes() } else { number.to_be_bytes() };
        let mut message = vec![endian, 1, 0, 1];
        message.extend(bytes(body));
        message.extend(bytes(7));
        message.extend(bytes(fields));
        message.resize(HEADER + fields.next_multiple_of(8) as usize + body as usize, b'x');
        message
    }

    async fn passed(parts: &[Vec<u8>], piece: usize, room: usize) -> Vec<u8> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let stream = parts.concat();
        let writing = async move {
            for piece in stream.chunks(piece) {
                theirs.write_all(piece).await.unwrap();
            }
        };
        let reading = async move {
            let (mut reader, mut all) = (Reader::new(ours.into_split().0), Vec::new());
            let mut buffer = vec![0; room];
            loop {
                match reader.recvmsg(&mut buffer).await.unwrap().0 {
                    0 => return all,
                    count => all.extend_from_slice(&buffer[..count]),
                }
            }
        };
        tokio::join!(writing, reading).1
    }

    #[tokio::test]
    async fn messages_pass_whole_and_those_that_are_too_long_not_at_all() {
        let handshake = b"OK 0123456789abcdef\r\nAGREE_UNIX_FD\r\n".to_vec();
        let most = u32::try_from(LONGEST).unwrap() - 16 - 24;
        let small = [message(b'l', 0, 0), message(b'B', 13, 5), message(b'l', 24, most)];
        let giant = [message(b'l', 24, most + 1), message(b'B', 1 << 20, 0), message(b'l', 8, 3 << 20)];
        let [one, two, three] = small.clone();
        let [four, five, six] = giant;
        let stream = [handshake.clone(), four, one, two, five, six, three];
        let expected = [&[handshake][..], &small].concat().concat();
        for (piece, room) in [(1 << 16, 1 << 16), (7, 4096), (4096, 3), (100_000, 16)] {
            let passed = passed(&stream, piece, room).await;
            assert!(passed == expected, "in pieces of {piece} with room for {room}: {} bytes", passed.len());
        }
    }

    #[tokio::test]
    async fn a_stream_that_ends_anywhere_is_at_its_end() {
        let handshake = b"OK 0123456789abcdef\r\n".to_vec();
        let stream = [handshake, message(b'l', 5, 9), message(b'l', 0, 2 << 20)].concat();
        for end in [0, 3, 21, 22, 36, 37, 50, 70, 90, 5000] {
            passed(&[stream[..end].to_vec()], 11, 64).await;
        }
    }
}
