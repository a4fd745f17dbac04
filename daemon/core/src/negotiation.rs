//! Chooses the next step of a login from what the server offers, one function a stage. Pure: reads features, writes
//! nothing. Doing the step is [`crate::account`]'s work.

use crate::loss::Loss;
use crate::sasl::{self, Bindings, Choice, Offer};
use crate::stream::features::Features;

/// Connected, nothing encrypted: the only step is STARTTLS (RFC 6120 section 5; S01).
pub fn plain(features: &Features) -> Result<(), Loss> {
    if features.starttls { Ok(()) } else { Err(Loss::TlsRequired) }
}

/// Inside TLS: how to authenticate (RFC 6120 section 6).
pub fn secured(offer: &Offer, bindings: &Bindings) -> Result<Choice, Loss> {
    sasl::choose(offer, bindings).map_err(Loss::Mechanism)
}

/// What follows once both sides are proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bind {
    /// Stream management is to be enabled once bound (XEP-0198).
    pub management: bool,
    /// A session is to be asked for: servers from before RFC 6120 insist (RFC 3921 section 3).
    pub session_required: bool,
}

/// Authenticated: bind a resource (RFC 6120 section 7).
pub fn authenticated(features: &Features) -> Result<Bind, Loss> {
    let Features { management, session_required, .. } = *features;
    if features.bind { Ok(Bind { management, session_required }) } else { Err(Loss::NoBind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_starttls_nothing_is_said() {
        assert_eq!(plain(&Features::default()), Err(Loss::TlsRequired));
        assert_eq!(plain(&Features { starttls: true, ..Features::default() }), Ok(()));
    }

    #[test]
    fn a_resource_is_bound_where_that_is_offered() {
        let check = |bind, management, session_required, expected| {
            let features = Features { bind, management, session_required, ..Features::default() };
            assert_eq!(authenticated(&features), expected);
        };
        check(false, true, true, Err(Loss::NoBind));
        check(true, false, false, Ok(Bind { management: false, session_required: false }));
        check(true, true, false, Ok(Bind { management: true, session_required: false }));
        check(true, false, true, Ok(Bind { management: false, session_required: true }));
    }
}
