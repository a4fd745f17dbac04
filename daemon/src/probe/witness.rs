//! TLS for a look alone: the handshake goes to its end whatever the certificate is, and the verdict that a login would
//! have come to is written down. Nothing here makes a connection that a login could use.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use xmppd_core::srv::Security;
use xmppd_proto::reply::{Certificate, ProbeTls};

use crate::transport::domain::Domain;
use crate::transport::tls::{self, certificate};

/// How a certificate is judged; none trusts nobody.
pub(super) type Judge = Option<Arc<dyn ServerCertVerifier>>;

/// What a handshake showed.
pub(super) struct Witnessed {
    pub(super) tls: ProbeTls,
    pub(super) certificate: Option<Certificate>,
    /// The channel, if a login would use it; else why not.
    pub(super) channel: Result<TlsStream<TcpStream>, String>,
}

/// Secures the connection as a login would, but for the certificate.
///
/// # Errors
/// Why there is no channel, in words for people.
pub(super) async fn secure(
    judge: Judge,
    security: Security,
    domain: &Domain,
    stream: TcpStream,
) -> Result<Witnessed, String> {
    let (tell, verdicts) = sync_channel(1);
    let witness = Arc::new(Witness { judge, provider: ring::default_provider(), verdict: tell });
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(witness)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    if security == Security::Direct {
        config.alpn_protocols = vec![tls::ALPN.to_vec()];
    }
    let connecting = TlsConnector::from(Arc::new(config)).connect(domain.reference().clone(), stream);
    let stream = connecting.await.map_err(|error| tls::failure(error).to_string())?;
    let connection = stream.get_ref().1;
    let verdict = verdicts.try_recv().unwrap_or_else(|_| Err("no certificate was shown".to_owned()));
    let leaf = connection.peer_certificates().and_then(<[_]>::first);
    Ok(Witnessed {
        tls: facts(connection),
        certificate: leaf.and_then(|leaf| told(leaf, verdict.as_ref().err())),
        channel: verdict.map(|()| stream),
    })
}

fn facts(connection: &ClientConnection) -> ProbeTls {
    let version = if connection.protocol_version() == Some(ProtocolVersion::TLSv1_3) { "1.3" } else { "1.2" };
    ProbeTls {
        version: version.to_owned(),
        cipher: tls::cipher(connection),
        group: connection.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name())),
        alpn: connection.alpn_protocol().map(|chosen| String::from_utf8_lossy(chosen).into_owned()),
    }
}

fn told(leaf: &[u8], problem: Option<&String>) -> Option<Certificate> {
    let outline = certificate::read(leaf)?;
    Some(Certificate {
        subject: outline.subject,
        issuer: outline.issuer,
        names: outline.names,
        not_before: outline.not_before,
        not_after: outline.not_after,
        key: outline.key,
        verified: problem.is_none(),
        problem: problem.cloned(),
    })
}

/// Lets every certificate pass and remembers what it is worth. One handshake each.
#[derive(Debug)]
struct Witness {
    judge: Judge,
    provider: CryptoProvider,
    verdict: SyncSender<Result<(), String>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = match &self.judge {
            Some(judge) => judge
                .verify_server_cert(certificate, intermediates, name, ocsp, now)
                .map(|_| ())
                .map_err(|error| tls::reason(&error)),
            None => Err("no authority is trusted here: the system has no certificates of any".to_owned()),
        };
        // The library asks once a handshake.
        let _ = self.verdict.try_send(verdict);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
