//! What the tests of this folder share: certificates made on the spot, and a TLS server in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    SignatureAlgorithm,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::DuplexStream;
use tokio_rustls::{TlsAcceptor, server};

use super::domain::Domain;
use super::link::Link;
use super::tls::Tls;

/// A certificate authority of a test's own.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    /// Whose certificates are signed by this algorithm.
    pub(crate) fn of(algorithm: &'static SignatureAlgorithm) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate_for(algorithm).unwrap();
        let name = format!("authority {:02x?}", &key.public_key_raw()[8..16]);
        params.distinguished_name.push(DnType::CommonName, name);
        Self { issuer: CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    pub(crate) fn new() -> Self {
        Self::of(&rcgen::PKCS_ECDSA_P256_SHA256)
    }

    /// A server's certificate for these names, altered as the test likes.
    pub(crate) fn issue(&self, names: &[&str], alter: impl FnOnce(&mut CertificateParams)) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = server_params(names, alter).signed_by(&key, &self.issuer).unwrap();
        Identity::of(&certificate, &key)
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A client that trusts this authority alone.
    pub(crate) fn trusted(&self) -> Tls {
        trusting(self.issuer.der())
    }
}

impl Identity {
    /// A server's certificate that nobody else signed.
    pub(crate) fn self_signed(names: &[&str], alter: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        Self::of(&server_params(names, alter).self_signed(&key).unwrap(), &key)
    }

    fn of(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        let der = certificate.der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Self { certificate: der, pem: certificate.pem(), key }
    }

    /// A server with this certificate.
    pub(crate) fn acceptor(&self, versions: &[&'static SupportedProtocolVersion], alpn: &[&str]) -> TlsAcceptor {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }

    /// A server with this certificate and nothing unusual.
    pub(crate) fn usual(&self) -> TlsAcceptor {
        self.acceptor(rustls::ALL_VERSIONS, &[])
    }
}

fn server_params(names: &[&str], alter: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    alter(&mut params);
    params
}

/// A client that trusts this anchor alone.
pub(crate) fn trusting(anchor: &CertificateDer<'static>) -> Tls {
    let mut anchors = RootCertStore::empty();
    anchors.add(anchor.clone()).unwrap();
    Tls::with_anchors(anchors, Vec::new())
}

pub(crate) fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

/// Both ends of a TLS connection over STARTTLS, in memory.
pub(crate) async fn secured(
    tls: &Tls,
    acceptor: &TlsAcceptor,
    buffer: usize,
) -> (Link<DuplexStream>, server::TlsStream<DuplexStream>) {
    let (ours, theirs) = tokio::io::duplex(buffer);
    let name = domain("verona.example");
    let (link, peer) = tokio::join!(Link::plain(ours).secure(tls, &name), acceptor.accept(theirs));
    (link.unwrap().0, peer.unwrap())
}

/// A file that is gone with the test. `name` is the test's own.
pub(crate) struct Scrap(PathBuf);

impl Scrap {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("xmppd-test-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scrap {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}
