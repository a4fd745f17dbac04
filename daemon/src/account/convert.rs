//! The transport's words in the core's: what a TLS session offers, and why there is no connection.

use xmppd_core::account::Security;
use xmppd_core::loss::Loss;

use crate::transport::dial::DialError;
use crate::transport::link::End;
use crate::transport::tls::{TlsError, TlsFacts};

pub(super) fn security(facts: TlsFacts) -> Security {
    let TlsFacts { version, cipher, exporter, end_point } = facts;
    Security { version, cipher, exporter, end_point }
}

pub(super) fn dial_error(error: &DialError) -> Loss {
    let text = error.to_string();
    match error {
        DialError::NotOffered => Loss::NotOffered(text),
        DialError::Dns(_) | DialError::Unreachable(_) | DialError::Timeout(_) => Loss::Unreachable(text),
        DialError::Certificate(_) => Loss::Certificate(text),
        DialError::Tls(_) => Loss::Tls(text),
    }
}

pub(super) fn tls_error(error: &TlsError) -> Loss {
    let text = error.to_string();
    match error {
        TlsError::Certificate(_) => Loss::Certificate(text),
        TlsError::Handshake(_) | TlsError::Timeout => Loss::Tls(text),
        TlsError::Lost(_) => Loss::Broken(text),
    }
}

pub(super) fn end(end: &End) -> Loss {
    Loss::Broken(match end {
        End::Closed => "the server hung up without ending the stream".into(),
        End::Truncated => "it was cut".into(),
        End::Lost(error) => error.to_string(),
    })
}
