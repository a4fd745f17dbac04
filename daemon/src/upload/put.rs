//! The one request of an upload over one secured connection (XEP-0363 section 4, RFC 9112). What it says and what its
//! answer means is the core's ([`xmppd_core::upload`]).

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use xmppd_core::srv::Security;
use xmppd_core::upload::{self, Place, Refusal};

use crate::transport::domain::Domain;
use crate::transport::tls::{Tls, TlsError};

/// How long one address may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// So many addresses of a host are tried.
const ADDRESSES: usize = 8;
/// How long the place may take no bytes of the file.
const STALLED: Duration = Duration::from_secs(30);
/// How long the place may take to answer once it has the file.
const ANSWER: Duration = Duration::from_secs(60);

/// Why a file is not where it was to be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutError {
    /// No address, or nobody there.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable { host: String, reason: String },
    /// Its certificate does not verify, or it speaks no TLS.
    #[error("{host} cannot be trusted: {error}")]
    Untrusted { host: String, error: TlsError },
    /// It said no.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The connection broke.
    #[error("the connection to the place for the file broke: {0}")]
    Broken(std::io::Error),
    /// It did nothing any more.
    #[error("the place for the file takes too long")]
    Stalled,
}

/// An upload under way.
pub(super) struct Put {
    reader: ReadHalf<TlsStream<TcpStream>>,
    writer: WriteHalf<TlsStream<TcpStream>>,
    answer: Vec<u8>,
}

impl Put {
    /// Connects to the place, checks its certificate, and writes the head of the request.
    pub(super) async fn open(place: &Place, tls: &Tls) -> Result<Self, PutError> {
        let host = &place.host;
        let domain = Domain::parse(host)
            .map_err(|error| PutError::Unreachable { host: host.clone(), reason: error.to_string() })?;
        let stream = connect(&domain, place.port)
            .await
            .map_err(|reason| PutError::Unreachable { host: host.clone(), reason })?;
        // Without a protocol of XMPP's being offered: a web server speaks HTTP/1.1 then (RFC 7301).
        let (stream, _) = tls
            .handshake(Security::StartTls, &domain, stream)
            .await
            .map_err(|error| PutError::Untrusted { host: host.clone(), error })?;
        let (reader, writer) = tokio::io::split(stream);
        let mut put = Self { reader, writer, answer: Vec::new() };
        put.write(place.head.as_bytes()).await?;
        Ok(put)
    }

    /// Writes a piece; fails as soon as the place says no, or whatever else it says before it has the file.
    pub(super) async fn write(&mut self, piece: &[u8]) -> Result<(), PutError> {
        let Self { reader, writer, answer } = self;
        let writing = async {
            writer.write_all(piece).await?;
            writer.flush().await
        };
        tokio::select! {
            // Who refuses may close at once: what it said counts more than that it can be written to no more.
            biased;
            refusal = early(reader, answer) => Err(refusal),
            written = timeout(STALLED, writing) => match written {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(timeout(CONNECT, early(reader, answer)).await.map_or(PutError::Broken(error), |said| said)),
                Err(_) => Err(PutError::Stalled),
            },
        }
    }

    /// Waits for the place to say that it has the file.
    pub(super) async fn finish(mut self) -> Result<(), PutError> {
        match timeout(ANSWER, read(&mut self.reader, &mut self.answer)).await {
            Ok(answered) => answered,
            Err(_) => Err(PutError::Stalled),
        }
    }
}

/// What is said before the file is there; a success then is none.
async fn early(reader: &mut ReadHalf<TlsStream<TcpStream>>, answer: &mut Vec<u8>) -> PutError {
    match read(reader, answer).await {
        Ok(()) => PutError::Refused(Refusal::Garbage),
        Err(error) => error,
    }
}

async fn read(reader: &mut ReadHalf<TlsStream<TcpStream>>, answer: &mut Vec<u8>) -> Result<(), PutError> {
    let mut piece = [0; 2048];
    loop {
        if let Some(said) = upload::answer(answer) {
            return said.map_err(PutError::Refused);
        }
        match reader.read(&mut piece).await {
            Ok(0) => return Err(PutError::Broken(std::io::ErrorKind::UnexpectedEof.into())),
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) => return Err(PutError::Broken(error)),
        }
    }
}

async fn connect(domain: &Domain, port: u16) -> Result<TcpStream, String> {
    let addresses = lookup_host((domain.ascii(), port)).await.map_err(|error| error.to_string())?;
    let mut reason = "it has no address".to_owned();
    for address in addresses.take(ADDRESSES).collect::<Vec<SocketAddr>>() {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => reason = format!("{address}: {error}"),
            Err(_) => reason = format!("{address}: no answer"),
        }
    }
    Err(reason)
}
