//! Inside TLS, to a server whose certificate names the domain: learn what it offers and begin to authenticate.

use super::authenticating::Authenticating;
use super::inline::{self, Inline};
use super::{Facts, Stage, Step, open_stream};
use crate::account::context::Context;
use crate::account::input::Security;
use crate::loss::Loss;
use crate::negotiation;
use crate::sasl::{Offer, Profile};
use crate::stream::features::Features;
use crate::xml::{Element, Reader};

/// An encrypted stream, nobody authenticated.
#[derive(Debug)]
pub(super) struct Secured {
    pub(super) reader: Reader,
    security: Security,
}

impl Secured {
    /// Opens the stream; with a token, the request to log in goes with the header.
    pub(super) fn open(security: Security, facts: &mut Facts, context: &mut Context) -> Stage {
        let from = context.settings.jid.to_string();
        let reader = open_stream(Some(&from), facts, context);
        match Inline::pipelined(reader, security, facts, context) {
            Ok(inline) => Stage::Inline(Box::new(inline)),
            Err(parts) => {
                let (reader, security) = *parts;
                Stage::Secured(Box::new(Self { reader, security }))
            }
        }
    }

    pub(super) fn element(
        self: Box<Self>,
        element: Element,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Step, Loss> {
        let features = Features::parse(&element).ok_or_else(|| Loss::Unexpected(element.name().to_owned()))?;
        if features.authentication.is_some()
            && let Some(offered) = inline::offered(features.clone())
        {
            let stage = Inline::start(self.reader, self.security, offered, facts, context)?;
            return Ok(Step::To(Stage::Inline(Box::new(stage))));
        }
        if context.key.is_none() && facts.password.is_none() {
            // The tokens are for a login that this server does not have now.
            context.password_first = true;
            return Err(Loss::KeyStale);
        }
        let bindings = self.security.bindings();
        let offer = Offer { profile: Profile::Sasl, mechanisms: features.mechanisms, types: features.channel_bindings };
        let choice = negotiation::secured(&offer, &bindings)?;
        let stage = Authenticating::start(self.reader, self.security, offer, choice, facts, context)?;
        Ok(Step::To(Stage::Authenticating(Box::new(stage))))
    }
}
