//! TLS as a client of XMPP wants it (RFC 7590, XEP-0368): version 1.2 at least, authenticated encryption and
//! ephemeral keys only, the certificate checked against the JID's domain and nothing else. Sockets, and when to
//! start TLS, are others' work; what the channel facts are good for is `xmppd_core`'s.

pub(crate) mod certificate;
mod der;
mod end_point;
mod pinned;
mod reason;
#[cfg(test)]
mod tests;
mod tickets;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use xmppd_core::sasl::TlsVersion;
use xmppd_core::srv::Security;

use super::domain::Domain;
use tickets::Tickets;

/// The protocol name a direct TLS connection offers (XEP-0368).
pub(crate) const ALPN: &[u8] = b"xmpp-client";

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The label of the tls-exporter binding; its context is empty, not absent (RFC 9266).
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// How an account secures its connections. Built once from the trust anchors, cheap to clone; a changed
/// configuration builds a new one.
#[derive(Clone)]
pub(crate) struct Tls {
    direct: TlsConnector,
    starttls: TlsConnector,
}

/// What the handshake established.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFacts {
    /// The version of TLS.
    pub(crate) version: TlsVersion,
    /// The cipher suite's registered name, as `TLS_AES_128_GCM_SHA256`.
    pub(crate) cipher: String,
    /// The tls-exporter binding (RFC 9266), on version 1.3 only: on 1.2 it does not always name the channel.
    pub(crate) exporter: Option<[u8; 32]>,
    /// The tls-server-end-point binding (RFC 5929), where the certificate defines one.
    pub(crate) end_point: Option<Vec<u8>>,
}

/// Why there is no secure channel.
#[derive(Debug, Error)]
pub(crate) enum TlsError {
    /// The server's certificate does not verify; the text says why.
    #[error("{0}")]
    Certificate(String),
    /// The two sides found no common ground, or one of them spoke no TLS.
    #[error("{0}")]
    Handshake(String),
    /// The connection broke meanwhile.
    #[error("the connection broke during the TLS handshake: {0}")]
    Lost(io::Error),
    /// No end of the handshake within 10 seconds.
    #[error("the TLS handshake took too long")]
    Timeout,
}

/// The account's `ca-file` is of no use.
#[derive(Debug, Error)]
#[error("{}: {cause}", path.display())]
pub(crate) struct AnchorError {
    path: PathBuf,
    cause: String,
}

impl Tls {
    /// Trusts the system's anchors (or those of `SSL_CERT_FILE`, `SSL_CERT_DIR`) and those in `ca_file`, in PEM. A
    /// server may also show a certificate of `ca_file` itself.
    pub(crate) fn new(ca_file: Option<&Path>) -> Result<Self, AnchorError> {
        let mut anchors = system_anchors();
        let own = ca_file.map(|path| add_file(&mut anchors, path)).transpose()?;
        Ok(Self::with_anchors(anchors, own.unwrap_or_default()))
    }

    /// Trusts these anchors only, and servers that show an `own` certificate, which is among the anchors too.
    pub(crate) fn with_anchors(anchors: RootCertStore, own: Vec<CertificateDer<'static>>) -> Self {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for TLS 1.2 and 1.3");
        let builder = if own.is_empty() {
            builder.with_root_certificates(anchors)
        } else {
            let ordinary = WebPkiServerVerifier::builder_with_provider(Arc::new(anchors), provider)
                .build()
                .expect("there is an anchor, and no revocation list");
            builder.dangerous().with_custom_certificate_verifier(Arc::new(pinned::Verifier { ordinary, own }))
        };
        let mut starttls = builder.with_no_client_auth();
        starttls.resumption = Resumption::store(Arc::new(Tickets::new()));
        let mut direct = starttls.clone();
        direct.resumption = Resumption::store(Arc::new(Tickets::new()));
        direct.alpn_protocols = vec![ALPN.to_vec()];
        Self { direct: Arc::new(direct).into(), starttls: Arc::new(starttls).into() }
    }

    /// Secures `stream` within 10 seconds. The certificate must be valid for `domain`, wherever the connection
    /// really leads (RFC 6120 section 13.7.2.1).
    pub(crate) async fn handshake<S>(
        &self,
        security: Security,
        domain: &Domain,
        stream: S,
    ) -> Result<(TlsStream<S>, TlsFacts), TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = match security {
            Security::Direct => &self.direct,
            Security::StartTls => &self.starttls,
        };
        let handshake = connector.connect(domain.reference().clone(), stream);
        let stream = timeout(HANDSHAKE, handshake).await.map_err(|_| TlsError::Timeout)?.map_err(reason::classify)?;
        let facts = facts(stream.get_ref().1)?;
        Ok((stream, facts))
    }
}

/// How a login with these anchors checks a certificate, for those who only want to see the verdict. `None` where
/// nothing is trusted at all.
pub(crate) fn verifier(ca_file: Option<&Path>) -> Result<Option<Arc<dyn ServerCertVerifier>>, AnchorError> {
    let mut anchors = system_anchors();
    let own = ca_file.map(|path| add_file(&mut anchors, path)).transpose()?.unwrap_or_default();
    let provider = Arc::new(ring::default_provider());
    let ordinary = WebPkiServerVerifier::builder_with_provider(Arc::new(anchors), provider).build().ok();
    Ok(ordinary.map(|ordinary| Arc::new(pinned::Verifier { ordinary, own }) as Arc<dyn ServerCertVerifier>))
}

/// Why a certificate does not verify, or a handshake failed, in words for people.
pub(crate) fn reason(error: &rustls::Error) -> String {
    reason::verdict(error)
}

/// The registered name of the cipher suite that was agreed on.
pub(crate) fn cipher(connection: &ClientConnection) -> String {
    let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or_default();
    suite.replacen("TLS13_", "TLS_", 1)
}

/// The error of a handshake that failed.
pub(crate) fn failure(error: io::Error) -> TlsError {
    reason::classify(error)
}

fn system_anchors() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a trust anchor of the system cannot be read");
    }
    let mut anchors = RootCertStore::empty();
    let (usable, ignored) = anchors.add_parsable_certificates(found.certs);
    tracing::debug!(usable, ignored, "read the system's trust anchors");
    anchors
}

fn add_file(anchors: &mut RootCertStore, path: &Path) -> Result<Vec<CertificateDer<'static>>, AnchorError> {
    let fault = |cause: String| AnchorError { path: path.to_owned(), cause };
    let text = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| fault(format!("not readable as PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(fault("no certificate in it".to_owned()));
    }
    for certificate in &certificates {
        anchors.add(certificate.clone()).map_err(|error| fault(error.to_string()))?;
    }
    Ok(certificates)
}

fn facts(connection: &ClientConnection) -> Result<TlsFacts, TlsError> {
    // RFC 7301 leaves room for servers that pick nothing, and for none that pick something else (ALPACA).
    if connection.alpn_protocol().is_some_and(|chosen| chosen != ALPN) {
        return Err(TlsError::Handshake("the server chose a protocol other than XMPP".to_owned()));
    }
    let (version, exporter) = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => (TlsVersion::V1_3, Some(exporter(connection)?)),
        _ => (TlsVersion::V1_2, None),
    };
    let leaf = connection.peer_certificates().and_then(<[_]>::first);
    Ok(TlsFacts {
        version,
        cipher: cipher(connection),
        exporter,
        end_point: leaf.and_then(|leaf| end_point::binding(leaf)),
    })
}

fn exporter(connection: &ClientConnection) -> Result<[u8; 32], TlsError> {
    connection
        .export_keying_material([0; 32], EXPORTER_LABEL, Some(&[]))
        .map_err(|error| TlsError::Handshake(error.to_string()))
}
