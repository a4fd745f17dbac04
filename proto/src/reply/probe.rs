//! What a look at a domain's servers found, without an account. Reading it out to a person is xmppctl's.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What `probe` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeReport {
    /// The domain in its ASCII form.
    pub domain: String,
    /// The SRV look-ups, direct TLS first; none where a server was named or the domain can have no records.
    pub services: Vec<ProbeService>,
    /// Each place that could be dialled, in the order in which a login would.
    pub endpoints: Vec<ProbeEndpoint>,
    /// What a person would want mended.
    pub warnings: Vec<ProbeWarning>,
    /// How long the whole look took, in milliseconds.
    pub took_ms: u64,
}

/// One SRV look-up (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeService {
    /// The name that was asked for, without the domain: `_xmpps-client._tcp` or `_xmpp-client._tcp`.
    pub service: String,
    /// What the DNS said.
    pub answer: ServiceAnswer,
    /// The records, by priority and weight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<SrvRecord>,
}

/// What the DNS said about a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ServiceAnswer {
    /// There are records.
    Records,
    /// There is none.
    None,
    /// No answer came, or an error.
    Failed,
}

/// One SRV record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SrvRecord {
    /// Lower is tried first.
    pub priority: u16,
    /// The chance to be tried first among those of one priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host; `.` when the service is not offered.
    pub target: String,
}

/// How TLS starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TlsStart {
    /// With the first byte (XEP-0368).
    Direct,
    /// By `<starttls/>` (RFC 6120 section 5).
    StartTls,
}

impl TlsStart {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::StartTls => "starttls",
        }
    }
}

/// A place to dial. What is told of its server is what the first address that went furthest showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeEndpoint {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How TLS starts there.
    pub tls_start: TlsStart,
    /// Why it has no addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its addresses, best first as the system sees it.
    pub addresses: Vec<ProbeAddress>,
    /// What the server offers before TLS; with STARTTLS only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_tls: Option<ProbeFeatures>,
    /// What protects the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ProbeTls>,
    /// The server's own certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// What the server offers inside TLS; only where its certificate verifies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_tls: Option<ProbeFeatures>,
}

/// One address that was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeAddress {
    /// The IP address.
    pub address: String,
    /// How long it took to accept the connection, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_ms: Option<u64>,
    /// How long the TLS handshake took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_ms: Option<u64>,
    /// How long the server's features took inside TLS, from the stream header on, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_ms: Option<u64>,
    /// Why the look ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What the TLS handshake agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeTls {
    /// The protocol version, for instance `1.3`.
    pub version: String,
    /// The cipher suite's registered name.
    pub cipher: String,
    /// The key exchange group, for instance `X25519`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The protocol that the server chose (ALPN, RFC 7301).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
}

/// An X.509 certificate (RFC 5280).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Certificate {
    /// Whom it names.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The names that it is for: DNS names, IP addresses, XMPP addresses (RFC 6120 section 13.7.1.4).
    pub names: Vec<String>,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// The kind of key, for instance `RSA 2048` or `EC P-256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether it verifies for the domain, now.
    pub verified: bool,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What a server offers at one point of a stream (RFC 6120 section 4.3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeFeatures {
    /// The children of `<stream:features/>`, each `NAME NAMESPACE`, in the server's order.
    pub features: Vec<String>,
    /// The mechanisms of SASL's first profile, in the server's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mechanisms: Vec<String>,
    /// The channel bindings that the server can check (XEP-0440); absent when it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_bindings: Option<Vec<String>>,
    /// SASL's second profile (XEP-0388).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sasl2: Option<ProbeSasl2>,
    /// Limits of the stream (XEP-0478).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ProbeLimits>,
}

/// What one request for authentication can hold (XEP-0388).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeSasl2 {
    /// The mechanisms, in the server's order; not those of tokens.
    pub mechanisms: Vec<String>,
    /// Whether a stream can be resumed inline (XEP-0198).
    pub resume: bool,
    /// What binding inline can enable (XEP-0386), by namespace; absent when it is not offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind: Option<Vec<String>>,
    /// The mechanisms of tokens (XEP-0484); absent when it is not offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fast: Option<Vec<String>>,
    /// Whether TLS early data may carry a token.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub early_data: bool,
    /// Upgrade tasks (XEP-0480).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upgrades: Vec<String>,
}

/// Limits of a stream (XEP-0478).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeLimits {
    /// The size of a first-level element, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// How long the stream may be silent, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<u64>,
}

/// Something worth mending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeWarning {
    /// A word for scripts, for instance `only-plain` or `certificate-expires`.
    pub warning: String,
    /// Where, as `HOST:PORT`; absent when it is about the domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The same for a person.
    pub message: String,
}
