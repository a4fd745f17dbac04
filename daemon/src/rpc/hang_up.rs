//! Notices that a client is gone while nothing is read from it. A client that has closed its sending direction alone is
//! still there and waits for its answers; reading shows the end of the stream in both cases.

use std::io;
use std::os::fd::AsFd;

use tokio::io::Interest;
use tokio::net::UnixStream;

/// Watches one socket.
#[derive(Debug)]
pub(super) struct HangUp(UnixStream);

impl HangUp {
    /// Watches this client's socket.
    ///
    /// # Errors
    /// When there is no descriptor to be had for it.
    pub(super) fn of(stream: &UnixStream) -> io::Result<Self> {
        // A descriptor of its own, because clearing readiness below would otherwise make the writer wait for ever.
        let descriptor = stream.as_fd().try_clone_to_owned()?;
        UnixStream::from_std(descriptor.into()).map(Self)
    }

    /// Resolves when the client is gone.
    ///
    /// # Errors
    /// When the runtime is ending.
    pub(super) async fn wait(&self) -> io::Result<()> {
        while !self.0.ready(Interest::WRITABLE).await?.is_write_closed() {
            // Room to write is no news; what is reported as a lack of it is waited for.
            let _ = self.0.try_io(Interest::WRITABLE, || io::Result::<()>::Err(io::ErrorKind::WouldBlock.into()));
        }
        Ok(())
    }
}
