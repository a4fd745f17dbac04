//! `probe`: what is asked, and the row of the exit table when there was nothing to look at. Looking is [`crate::probe`]'s.

use std::path::Path;

use xmppd_core::srv::TlsPolicy;
use xmppd_proto::reply::{ProbeReport, TlsStart};
use xmppd_proto::request::Probe;
use xmppd_proto::{Failure, Kind};

use crate::config;
use crate::probe::{ProbeError, Target, probe};
use crate::transport::domain::Domain;

/// Looks at a domain's servers.
pub(super) async fn answer(params: Probe) -> Result<ProbeReport, Failure> {
    let domain = Domain::parse(&params.domain)
        .map_err(|error| Failure::usage(error.to_string()).with_hint("give the part of an address behind the @"))?;
    let server = params.server.as_deref().map(server).transpose()?;
    let tls = match params.tls {
        None => TlsPolicy::Auto,
        Some(TlsStart::Direct) => TlsPolicy::Direct,
        Some(TlsStart::StartTls) => TlsPolicy::StartTls,
    };
    let ca_file = params.ca_file.as_deref().map(Path::new);
    if ca_file.is_some_and(|path| !path.is_absolute()) {
        return Err(Failure::usage("ca_file is an absolute path"));
    }
    let name = domain.ascii().to_owned();
    probe(Target { domain, server, tls }, ca_file).await.map_err(|error| failure(&name, &error))
}

fn server(text: &str) -> Result<(String, u16), Failure> {
    let complaint = || Failure::usage(format!("{text:?} is not HOST:PORT, such as chat.verona.example:5222"));
    config::server(text).map(|server| (server.host, server.port)).ok_or_else(complaint)
}

fn failure(domain: &str, error: &ProbeError) -> Failure {
    let unreachable = |kind: Kind| {
        Failure::new(kind, format!("no server of {domain} can be reached: {error}"))
            .with_hint("name another with --server HOST:PORT, or look at the network")
    };
    match error {
        ProbeError::Anchors(_) => Failure::usage(error.to_string()),
        ProbeError::NotOffered(_) => Failure::new(Kind::Unsupported, error.to_string()),
        ProbeError::Entropy(_) => Failure::new(Kind::Unexpected, error.to_string()),
        ProbeError::NoAddress(_) => unreachable(Kind::NotFound),
        ProbeError::Unreachable(_) => unreachable(Kind::Refused),
        ProbeError::Silent(_) => unreachable(Kind::TimedOut),
    }
}
