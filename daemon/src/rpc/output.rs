//! What waits to be written to a client, and when the client counts as one that never reads.

use std::io;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::Instant;

/// Once so many bytes wait, one more line ends the connection.
pub(super) const MAX_WAITING: usize = 8 << 20;

/// How long a client may take nothing at all of what waits for it.
pub(super) const MAX_BLOCKED: Duration = Duration::from_secs(30);

/// Memory that is kept for the next lines.
const KEPT: usize = 16 * 1024;

/// Lines that wait.
#[derive(Debug)]
pub(super) struct Output {
    buffer: Vec<u8>,
    written: usize,
    moved: Instant,
}

/// The client does not read, and too much waits for it.
#[derive(Debug)]
pub(super) struct Overflow;

impl Output {
    /// Nothing waits.
    pub(super) const fn new(now: Instant) -> Self {
        Self { buffer: Vec::new(), written: 0, moved: now }
    }

    /// How many bytes wait.
    pub(super) const fn len(&self) -> usize {
        self.buffer.len() - self.written
    }

    /// Whether nothing waits.
    pub(super) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the client counts as one that never reads, unless it takes something or nothing waits.
    pub(super) fn deadline(&self) -> Instant {
        self.moved + MAX_BLOCKED
    }

    /// Appends a line of any length.
    ///
    /// # Errors
    /// When more than [`MAX_WAITING`] bytes wait already.
    pub(super) fn push(&mut self, line: String, now: Instant) -> Result<(), Overflow> {
        if self.len() > MAX_WAITING {
            return Err(Overflow);
        }
        if self.is_empty() {
            self.moved = now;
            self.written = 0;
            self.buffer = line.into_bytes();
        } else {
            self.buffer.extend_from_slice(line.as_bytes());
        }
        Ok(())
    }

    /// Writes as much as the socket takes.
    ///
    /// # Errors
    /// The system's, except `WouldBlock`.
    pub(super) fn write_to(&mut self, stream: &UnixStream, now: Instant) -> io::Result<()> {
        while !self.is_empty() {
            match stream.try_write(&self.buffer[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.written += count;
                    self.moved = now;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.tidy();
        Ok(())
    }

    /// Lets go of what was written, in steps that cost no more than the writing did.
    fn tidy(&mut self) {
        if self.is_empty() {
            self.buffer = Vec::new();
        } else if self.written > self.buffer.len() / 2 {
            self.buffer.drain(..self.written);
            self.buffer.shrink_to(KEPT);
        } else {
            return;
        }
        self.written = 0;
    }
}
