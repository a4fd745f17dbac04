//! Inside TLS, to a server whose certificate names the domain: learn what it offers and begin to authenticate.

use super::authenticating::Authenticating;
use super::{Facts, Stage, Step, open_stream};
use crate::account::context::Context;
use crate::account::input::Security;
use crate::loss::Loss;
use crate::negotiation;
use crate::sasl::{Bindings, Offer, Profile};
use crate::stream::features::Features;
use crate::xml::{Element, Reader};

/// An encrypted stream, nobody authenticated.
#[derive(Debug)]
pub(super) struct Secured {
    pub(super) reader: Reader,
    security: Security,
}

impl Secured {
    pub(super) fn open(security: Security, facts: &mut Facts, context: &mut Context) -> Self {
        let from = context.settings.jid.to_string();
        Self { reader: open_stream(Some(&from), facts, context), security }
    }

    pub(super) fn element(
        self: Box<Self>,
        element: Element,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Step, Loss> {
        let features = Features::parse(&element).ok_or_else(|| Loss::Unexpected(element.name().to_owned()))?;
        let bindings = Bindings { exporter: self.security.exporter, end_point: self.security.end_point.clone() };
        let offer = Offer { profile: Profile::Sasl, mechanisms: features.mechanisms, types: features.channel_bindings };
        let choice = negotiation::secured(&offer, &bindings)?;
        let stage = Authenticating::start(self.reader, self.security, offer, choice, facts, context)?;
        Ok(Step::To(Stage::Authenticating(Box::new(stage))))
    }
}
