//! What a server gave us to resume a session with: of TLS 1.3 only. A resumed session is bound (tls-server-end-point) to
//! a certificate that its server may have exchanged since, and a login that is bound to the wrong one is refused. TLS
//! 1.3 binds by the exporter, which is each connection's own; 1.2 cannot. Early data stays off.

use rustls::NamedGroup;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;

/// How many domains may leave tickets; an account has one.
const DOMAINS: usize = 2;

/// The tickets of one account.
#[derive(Debug)]
pub(super) struct Tickets(ClientSessionMemoryCache);

impl Tickets {
    pub(super) fn new() -> Self {
        Self(ClientSessionMemoryCache::new(DOMAINS))
    }
}

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.0.kx_hint(server)
    }

    fn set_tls12_session(&self, _server: ServerName<'static>, _session: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _server: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(server, ticket);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.take_tls13_ticket(server)
    }
}
