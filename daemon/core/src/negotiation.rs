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
}

/// Authenticated: bind a resource (RFC 6120 section 7).
pub fn authenticated(features: &Features) -> Result<Bind, Loss> {
    if features.bind { Ok(Bind { management: features.management }) } else { Err(Loss::NoBind) }
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
        let check = |bind, management, expected| {
            assert_eq!(authenticated(&Features { bind, management, ..Features::default() }), expected);
        };
        check(false, true, Err(Loss::NoBind));
        check(true, false, Ok(Bind { management: false }));
        check(true, true, Ok(Bind { management: true }));
    }
}
