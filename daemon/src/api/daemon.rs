//! `daemon.*` and `rpc.describe`: what the daemon says of itself.

use xmppd_proto::reply::{DaemonStatus, Done, Hello};
use xmppd_proto::request::DaemonHello;
use xmppd_proto::{Failure, Kind, PROTOCOL, Timestamp, schema};

use super::desk::Desk;
use crate::bus::BusState;
use crate::hub::Parting;
use crate::{bus, host};

/// The program's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Answers a greeting.
///
/// # Errors
/// The mismatch; nothing that this client asks means to us what it means to it.
pub(crate) fn hello(params: &DaemonHello) -> Result<Hello, Failure> {
    match params.protocol {
        Some(other) if other != PROTOCOL => {
            let message = format!("xmppd {VERSION} speaks protocol {PROTOCOL}, not {other}");
            Err(Failure::new(Kind::ProtocolMismatch, message)
                .with_hint("install xmppd and xmppctl of one version, then restart the daemon"))
        }
        Some(_) | None => Ok(Hello { protocol: PROTOCOL, version: VERSION.to_owned() }),
    }
}

/// The OpenRPC document of all methods, made from their types.
pub(super) fn describe() -> serde_json::Value {
    schema::openrpc(VERSION)
}

impl Desk {
    pub(super) fn daemon_status(&self) -> DaemonStatus {
        let bus_name = match *self.facts.bus.borrow() {
            BusState::Present => Some(bus::OUR_NAME.to_owned()),
            BusState::Connecting | BusState::Missing { .. } => None,
        };
        let since = self.facts.started.wall.as_unix_millis();
        DaemonStatus {
            version: VERSION.to_owned(),
            protocol: PROTOCOL,
            pid: std::process::id(),
            since: Timestamp::from_millisecond(since).unwrap_or(Timestamp::UNIX_EPOCH),
            config: self.facts.config.display().to_string(),
            state: self.facts.state.display().to_string(),
            socket: Some(self.facts.socket.display().to_string()),
            bus_name,
            clients: self.facts.clients.connected(),
            watchers: self.facts.clients.watching(),
            memory: host::resident_memory(),
        }
    }

    /// Begins the end; the socket closes with it.
    pub(super) fn daemon_end(&self, parting: Parting) -> Done {
        self.facts.end.send_replace(Some(parting));
        Done {}
    }
}
