//! The connection once it stands: bytes in and out, plain or over TLS, driven by one owner. What the bytes mean
//! and how many may wait to be sent is decided elsewhere.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use xmppd_core::srv::Security;

use super::domain::Domain;
use super::tls::{Tls, TlsError, TlsFacts};

/// How long a polite end waits for the peer's.
const FAREWELL: Duration = Duration::from_secs(1);

/// How much of the send buffer is kept while there is nothing to send, in bytes.
const KEPT: usize = 4096;

/// A connection to the server. Dropped, it hangs up without a word, which leaves a session resumable.
#[derive(Debug)]
pub(crate) struct Link<S = TcpStream> {
    channel: Channel<S>,
    outgoing: Vec<u8>,
    sent: usize,
    unflushed: bool,
    broken: Option<io::Error>,
}

#[derive(Debug)]
enum Channel<S> {
    Plain(S),
    Tls(Box<TlsStream<S>>),
}

/// What [`Link::read`] brings.
#[derive(Debug)]
pub(crate) enum Received {
    /// So many bytes, at least one.
    Bytes(usize),
    /// No more will come.
    End(End),
}

/// How the peer's side ended.
#[derive(Debug)]
pub(crate) enum End {
    /// In order: close_notify over TLS, FIN without it.
    Closed,
    /// Over TLS, the connection ended without close_notify: something may be missing.
    Truncated,
    /// The connection broke.
    Lost(io::Error),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    /// Carries bytes over `stream` as they are.
    pub(crate) fn plain(stream: S) -> Self {
        Self::over(Channel::Plain(stream))
    }

    /// Carries bytes over TLS.
    pub(crate) fn tls(stream: TlsStream<S>) -> Self {
        Self::over(Channel::Tls(Box::new(stream)))
    }

    /// Puts bytes behind those that wait to be sent; [`read`](Self::read) and [`flush`](Self::flush) send them.
    pub(crate) fn queue(&mut self, bytes: &[u8]) {
        self.outgoing.drain(..self.sent);
        self.sent = 0;
        self.outgoing.extend_from_slice(bytes);
    }

    /// How many bytes the connection has not taken yet.
    #[cfg(test)]
    pub(crate) fn queued(&self) -> usize {
        self.outgoing.len() - self.sent
    }

    /// Waits for bytes from the server, and sends what is queued meanwhile: neither direction blocks the other.
    /// May be dropped at any point without losing a byte. `buffer` must not be empty.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> Received {
        poll_fn(|context| self.poll(context, buffer)).await
    }

    /// Waits until everything queued has been handed to the system. May be dropped at any point.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|context| self.poll_send(context)).await
    }

    /// Starts TLS on a plain connection (RFC 6120 section 5.4.3.3), after what is queued has been sent. Fails on
    /// one that is secured already.
    pub(crate) async fn secure(mut self, tls: &Tls, domain: &Domain) -> Result<(Self, TlsFacts), TlsError> {
        self.flush().await.map_err(TlsError::Lost)?;
        let Channel::Plain(stream) = self.channel else {
            return Err(TlsError::Handshake("the connection is secured already".to_owned()));
        };
        let (stream, facts) = tls.handshake(Security::StartTls, domain, stream).await?;
        Ok((Self::tls(stream), facts))
    }

    /// Ends politely: sends what is queued, close_notify and FIN, and waits a second at most for the peer to do
    /// the same, so that nothing of ours is overtaken by a reset.
    pub(crate) async fn close(mut self) {
        let farewell = async {
            self.flush().await?;
            match &mut self.channel {
                Channel::Plain(stream) => part(stream).await,
                Channel::Tls(stream) => part(stream).await,
            }
        };
        match timeout(FAREWELL, farewell).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the connection broke while closing"),
            Err(_) => tracing::debug!("the server did not close its side in time"),
        }
    }

    fn over(channel: Channel<S>) -> Self {
        Self { channel, outgoing: Vec::new(), sent: 0, unflushed: false, broken: None }
    }

    fn poll(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        if self.broken.is_none()
            && let Poll::Ready(Err(error)) = self.poll_send(context)
        {
            self.broken = Some(error);
        }
        let mut room = ReadBuf::new(buffer);
        let result = match &mut self.channel {
            Channel::Plain(stream) => Pin::new(stream).poll_read(context, &mut room),
            Channel::Tls(stream) => Pin::new(stream).poll_read(context, &mut room),
        };
        let end = match result {
            Poll::Ready(Ok(())) if room.filled().is_empty() => End::Closed,
            Poll::Ready(Ok(())) => return Poll::Ready(Received::Bytes(room.filled().len())),
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => End::Truncated,
            Poll::Ready(Err(error)) => End::Lost(error),
            // What the server said before the connection broke has been read by now.
            Poll::Pending => match self.broken.take() {
                Some(error) => End::Lost(error),
                None => return Poll::Pending,
            },
        };
        Poll::Ready(Received::End(end))
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.outgoing.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let written = match &mut self.channel {
                Channel::Plain(stream) => ready!(Pin::new(stream).poll_write(context, rest))?,
                Channel::Tls(stream) => ready!(Pin::new(stream).poll_write(context, rest))?,
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += written;
            self.unflushed = true;
        }
        self.outgoing.clear();
        self.outgoing.shrink_to(KEPT);
        self.sent = 0;
        if self.unflushed {
            match &mut self.channel {
                Channel::Plain(stream) => ready!(Pin::new(stream).poll_flush(context))?,
                Channel::Tls(stream) => ready!(Pin::new(stream).poll_flush(context))?,
            }
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

impl Link {
    /// The address of this machine that the connection was made from.
    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        let stream = match &self.channel {
            Channel::Plain(stream) => stream,
            Channel::Tls(stream) => stream.get_ref().0,
        };
        stream.local_addr().ok()
    }
}

async fn part<T: AsyncRead + AsyncWrite + Unpin>(stream: &mut T) -> io::Result<()> {
    stream.shutdown().await?;
    let mut ignored = [0; 512];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;
    use crate::transport::testing::{Authority, domain, secured};

    fn bytes(received: Received) -> usize {
        let Received::Bytes(count) = received else { panic!("expected bytes: {received:?}") };
        count
    }

    fn end(received: Received) -> End {
        let Received::End(end) = received else { panic!("expected an end: {received:?}") };
        end
    }

    #[tokio::test]
    async fn reading_goes_on_while_the_peer_takes_nothing() {
        let (ours, mut theirs) = duplex(16);
        let mut link = Link::plain(ours);
        link.queue(&[b'x'; 1000]);
        theirs.write_all(b"still heard").await.unwrap();
        let mut buffer = [0; 64];
        let count = bytes(link.read(&mut buffer).await);
        assert_eq!(&buffer[..count], b"still heard");
        assert_eq!(link.queued(), 1000 - 16);
    }

    #[tokio::test]
    async fn over_tls_too_neither_direction_blocks_the_other() {
        let authority = Authority::new();
        let acceptor = authority.issue(&["verona.example"], |_| {}).usual();
        let (mut link, mut peer) = secured(&authority.trusted(), &acceptor, 4096).await;
        let flood = vec![b'x'; 1 << 20];
        link.queue(&flood);
        peer.write_all(b"<a/>").await.unwrap();
        peer.flush().await.unwrap();
        let mut buffer = [0; 64];
        assert_eq!(bytes(link.read(&mut buffer).await), 4);
        assert!(link.queued() > 0);
        let reader = async {
            let mut seen = vec![0; flood.len()];
            peer.read_exact(&mut seen).await.unwrap();
            seen == flood
        };
        let (flushed, whole) = tokio::join!(link.flush(), reader);
        flushed.unwrap();
        assert!(whole);
        assert_eq!(link.queued(), 0);
        assert!(link.outgoing.capacity() <= KEPT);
    }

    #[tokio::test]
    async fn what_is_queued_leaves_while_we_wait_for_an_answer() {
        let (ours, mut theirs) = duplex(64);
        let mut link = Link::plain(ours);
        link.queue(b"<r");
        link.queue(b"/>");
        let answer = async {
            let mut request = [0; 4];
            theirs.read_exact(&mut request).await.unwrap();
            assert_eq!(&request, b"<r/>");
            theirs.write_all(b"<a h='0'/>").await.unwrap();
        };
        let mut buffer = [0; 64];
        let (received, ()) = tokio::join!(link.read(&mut buffer), answer);
        assert_eq!(bytes(received), 10);
    }

    #[tokio::test]
    async fn an_end_in_order_is_told_from_a_cut() {
        let authority = Authority::new();
        let acceptor = authority.issue(&["verona.example"], |_| {}).usual();
        let mut buffer = [0; 64];

        let (mut link, mut peer) = secured(&authority.trusted(), &acceptor, 4096).await;
        peer.write_all(b"</stream:stream>").await.unwrap();
        peer.shutdown().await.unwrap();
        assert_eq!(bytes(link.read(&mut buffer).await), 16);
        assert!(matches!(end(link.read(&mut buffer).await), End::Closed));

        let (mut link, peer) = secured(&authority.trusted(), &acceptor, 4096).await;
        drop(peer);
        assert!(matches!(end(link.read(&mut buffer).await), End::Truncated));

        let (ours, theirs) = duplex(64);
        drop(theirs);
        assert!(matches!(end(Link::plain(ours).read(&mut buffer).await), End::Closed));
    }

    #[tokio::test]
    async fn a_polite_close_sends_what_is_queued_and_says_so() {
        let authority = Authority::new();
        let acceptor = authority.issue(&["verona.example"], |_| {}).usual();
        let (mut link, mut peer) = secured(&authority.trusted(), &acceptor, 4096).await;
        link.queue(b"</stream:stream>");
        let peer = async {
            let mut seen = Vec::new();
            peer.read_to_end(&mut seen).await.unwrap();
            peer.shutdown().await.unwrap();
            seen
        };
        let ((), seen) = tokio::join!(link.close(), peer);
        assert_eq!(seen, b"</stream:stream>");
    }

    #[tokio::test(start_paused = true)]
    async fn a_polite_close_waits_a_second_at_most() {
        let (ours, _theirs) = duplex(64);
        let mut link = Link::plain(ours);
        link.queue(&[0; 1000]);
        let start = tokio::time::Instant::now();
        link.close().await;
        assert_eq!(start.elapsed(), FAREWELL);
    }

    #[tokio::test]
    async fn a_drop_says_nothing() {
        let authority = Authority::new();
        let acceptor = authority.issue(&["verona.example"], |_| {}).usual();
        let (link, mut peer) = secured(&authority.trusted(), &acceptor, 4096).await;
        drop(link);
        let error = peer.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn what_came_in_plain_text_after_proceed_ends_the_handshake() {
        let authority = Authority::new();
        let (ours, mut theirs) = duplex(4096);
        theirs.write_all(b"<stream:features><mechanisms/>").await.unwrap();
        let error = Link::plain(ours).secure(&authority.trusted(), &domain("verona.example")).await.unwrap_err();
        assert!(matches!(error, TlsError::Handshake(_)), "{error:?}");
    }

    #[tokio::test]
    async fn a_secured_link_cannot_be_secured_again() {
        let authority = Authority::new();
        let acceptor = authority.issue(&["verona.example"], |_| {}).usual();
        let (link, _peer) = secured(&authority.trusted(), &acceptor, 4096).await;
        let error = link.secure(&authority.trusted(), &domain("verona.example")).await.unwrap_err();
        assert!(matches!(error, TlsError::Handshake(_)), "{error:?}");
    }
}
