//! A look at what is on a private web server, over HTTPS, with one authority trusted.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::wait::SOON;

/// What is at an address `https://HOST:PORT/…`: the status and the content.
///
/// # Panics
/// When it cannot be fetched.
#[track_caller]
#[must_use]
pub fn fetch(url: &str, authority: &Path) -> (u16, Vec<u8>) {
    let rest = url.strip_prefix("https://").unwrap_or_else(|| panic!("{url} is no https address"));
    let (place, path) = rest.split_once('/').expect("an address has a path");
    let host = place.split(':').next().expect("an address has a host").to_owned();
    let stream = TcpStream::connect(place).unwrap_or_else(|error| panic!("{url}: {error}"));
    stream.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
    let name = ServerName::try_from(host).expect("a host has a name");
    let session = ClientConnection::new(Arc::new(trusting(authority)), name).expect("a client starts");
    let mut stream = StreamOwned::new(session, stream);
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n").expect("it can be asked");
    let mut answer = Vec::new();
    // An end without close_notify is an end.
    let _ = stream.read_to_end(&mut answer);
    let border = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
    let head = String::from_utf8_lossy(&answer[..border]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status");
    (status, answer.split_off(border + 4))
}

fn trusting(authority: &Path) -> ClientConfig {
    let mut anchors = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority).expect("the authority can be read") {
        anchors.add(certificate.expect("the authority is PEM")).expect("it is a certificate");
    }
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the versions")
        .with_root_certificates(anchors)
        .with_no_client_auth()
}
