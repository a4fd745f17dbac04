//! Which SCRAM mechanism to use and how to bind it to the TLS connection: XEP-0440 1.0.0 and the gs2 flags of
//! RFC 5802 section 6 as one pure function. The values to bind to come from the shell's TLS session
//! (RFC 9266, RFC 5929); whether the lists are the server's own is [`super::downgrade`]'s to find out.

use std::fmt;

use super::mechanism::{Hash, Mechanism};

/// A kind of channel binding, as XEP-0440 lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindingType {
    /// `tls-exporter` (RFC 9266): this very connection.
    TlsExporter,
    /// `tls-server-end-point` (RFC 5929): the server's certificate.
    TlsServerEndPoint,
}

impl BindingType {
    /// Both, strongest first.
    const ALL: [Self; 2] = [Self::TlsExporter, Self::TlsServerEndPoint];

    /// The registered name, such as `tls-exporter`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TlsExporter => "tls-exporter",
            Self::TlsServerEndPoint => "tls-server-end-point",
        }
    }
}

impl fmt::Display for BindingType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the TLS session can be bound by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings {
    /// 32 bytes of the exporter `EXPORTER-Channel-Binding` with an empty context; TLS 1.3 only.
    pub exporter: Option<[u8; 32]>,
    /// The hash of the server's certificate by the hash of its signature; none for Ed25519 and Ed448.
    pub end_point: Option<Vec<u8>>,
}

impl Bindings {
    /// The bytes of this kind, when the session has them.
    pub fn data(&self, kind: BindingType) -> Option<&[u8]> {
        match kind {
            BindingType::TlsExporter => self.exporter.as_ref().map(<[u8; 32]>::as_slice),
            BindingType::TlsServerEndPoint => self.end_point.as_deref(),
        }
    }
}

/// Which of the two ways of logging in a list of mechanisms was offered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// RFC 6120 section 6.
    Sasl,
    /// XEP-0388.
    Sasl2,
}

/// What the server listed after TLS, exactly as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The profile in use.
    pub profile: Profile,
    /// The mechanisms of that profile alone, without those of FAST or of upgrade tasks.
    pub mechanisms: Vec<String>,
    /// The types of `<sasl-channel-binding/>` (XEP-0440); `None` when there was no such element.
    pub types: Option<Vec<String>>,
}

impl Offer {
    /// The types that were listed; none when the element was absent or empty, which mean the same.
    pub(super) fn listed_types(&self) -> &[String] {
        self.types.as_deref().unwrap_or_default()
    }

    fn lists_type(&self, kind: BindingType) -> bool {
        self.listed_types().iter().any(|name| name == kind.name())
    }

    /// Whether the server can bind at all, be it with a hash that we do not speak.
    fn lists_plus(&self) -> bool {
        self.mechanisms.iter().any(|name| name.starts_with("SCRAM-") && name.ends_with("-PLUS"))
    }

    /// The best hash among the SCRAM mechanisms with or without `-PLUS`.
    fn strongest(&self, with_plus: bool) -> Option<Hash> {
        let scram = self.mechanisms.iter().filter_map(|name| match Mechanism::named(name) {
            Some(Mechanism::Scram { hash, plus }) => (plus == with_plus).then_some(hash),
            Some(Mechanism::Ht { .. }) | None => None,
        });
        scram.max()
    }
}

/// The gs2 channel-binding flag (RFC 5802 section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gs2 {
    /// `n`: this session has nothing to bind by.
    Unsupported,
    /// `y`: we could bind, but the server offered no way to. A server that did offer one refuses this.
    NotOffered,
    /// `p`: bound.
    Bound {
        /// The kind of binding.
        kind: BindingType,
        /// Its bytes.
        data: Vec<u8>,
    },
}

impl Gs2 {
    /// The gs2 header, with an empty authorisation identity: `n,,`, `y,,` or `p=TYPE,,`.
    pub(super) fn header(&self) -> String {
        match self {
            Self::Unsupported => "n,,".to_owned(),
            Self::NotOffered => "y,,".to_owned(),
            Self::Bound { kind, .. } => format!("p={kind},,"),
        }
    }

    /// What `c=` carries: the header, then the binding's bytes.
    pub(super) fn channel(&self) -> Vec<u8> {
        let mut channel = self.header().into_bytes();
        if let Self::Bound { data, .. } = self {
            channel.extend_from_slice(data);
        }
        channel
    }

    /// What the login is bound by, if by anything.
    pub(super) fn kind(&self) -> Option<BindingType> {
        match self {
            Self::Unsupported | Self::NotOffered => None,
            Self::Bound { kind, .. } => Some(*kind),
        }
    }
}

/// How to log in by SCRAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The mechanism's hash.
    pub hash: Hash,
    /// The channel binding.
    pub gs2: Gs2,
    /// Go on past the server's first message only if it proves the lists by XEP-0474: without that proof, the missing
    /// binding might be an attacker's work.
    pub must_prove_list: bool,
}

impl Choice {
    /// The mechanism's name on the wire: `-PLUS` when and only when it is bound.
    pub fn mechanism(&self) -> Mechanism {
        Mechanism::Scram { hash: self.hash, plus: self.gs2.kind().is_some() }
    }
}

/// Why no login is tried with what the server offered. Nothing secret has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing we speak.
    #[error("the server offers no SCRAM login; ask its operator to enable SCRAM-SHA-256")]
    NoMechanism,
    /// PLAIN and nothing we speak.
    #[error("the server wants the password itself (PLAIN); ask its operator to enable SCRAM-SHA-256")]
    OnlyPlain,
    /// Channel-binding types without a `-PLUS` mechanism.
    #[error("the server lists channel bindings but no mechanism that uses them: someone between may have removed it")]
    PlusMissing,
    /// A `-PLUS` mechanism without a usable channel-binding type.
    #[error("the server offers channel binding without listing its types: someone between may have removed them")]
    TypesMissing,
    /// Every mechanism needs a binding, and this connection has none of the listed ones.
    #[error(
        "the server insists on a channel binding that this connection does not have; TLS 1.3 on the server would help"
    )]
    NoCommonBinding,
}

/// Chooses mechanism and channel binding, the strongest that both sides can do: bound before unbound, then the longer
/// hash, and `tls-exporter` before `tls-server-end-point`.
///
/// A server that can bind is never answered with `y`, and its offer is never ignored without proof
/// ([`Choice::must_prove_list`]), also when it is our connection that has nothing to bind by. With SASL 1, where servers
/// older than XEP-0440 do not list their types, `tls-server-end-point` is tried: every server has to know that one.
///
/// # Errors
/// A [`Refusal`] when no mechanism is in common or the lists contradict each other.
pub fn choose(offer: &Offer, bindings: &Bindings) -> Result<Choice, Refusal> {
    let plus = offer.strongest(true);
    let without = offer.strongest(false);
    if plus.is_none() && without.is_none() {
        let plain = offer.mechanisms.iter().any(|name| name == "PLAIN");
        return Err(if plain { Refusal::OnlyPlain } else { Refusal::NoMechanism });
    }
    match (offer.lists_plus(), offer.listed_types().is_empty(), offer.profile) {
        (false, true, _) => {
            let can_bind = BindingType::ALL.iter().any(|kind| bindings.data(*kind).is_some());
            let gs2 = if can_bind { Gs2::NotOffered } else { Gs2::Unsupported };
            let hash = without.ok_or(Refusal::NoMechanism)?;
            Ok(Choice { hash, gs2, must_prove_list: false })
        }
        (false, false, _) => Err(Refusal::PlusMissing),
        (true, true, Profile::Sasl2) => Err(Refusal::TypesMissing),
        (true, true, Profile::Sasl) => {
            bound(plus, BindingType::TlsServerEndPoint, bindings).ok_or(Refusal::TypesMissing)
        }
        (true, false, _) => {
            let common = BindingType::ALL.into_iter().filter(|kind| offer.lists_type(*kind));
            let mut bound = common.filter_map(|kind| bound(plus, kind, bindings));
            let unbound = || without.map(|hash| Choice { hash, gs2: Gs2::Unsupported, must_prove_list: true });
            bound.next().or_else(unbound).ok_or(Refusal::NoCommonBinding)
        }
    }
}

fn bound(plus: Option<Hash>, kind: BindingType, bindings: &Bindings) -> Option<Choice> {
    let data = bindings.data(kind)?.to_vec();
    Some(Choice { hash: plus?, gs2: Gs2::Bound { kind, data }, must_prove_list: false })
}

#[cfg(test)]
mod tests;
