//! The SASL exchange of RFC 6120 section 6: our proof, the server's proof, and only then a stream of our own.

use super::authenticated::Authenticated;
use super::proof::{Proof, Wire};
use super::{Facts, Key, Stage, Step, awaits_answer};
use crate::account::context::Context;
use crate::account::input::Security;
use crate::loss::Loss;
use crate::sasl::scram::{Error, Fault, Prohibited, SaltedPassword};
use crate::sasl::{self, Choice, Offer};
use crate::stanza::sasl::{self as wire, Answer};
use crate::xml::{Element, Reader};

const WIRE: Wire = Wire { response: wire::response, abort: wire::abort };

/// A stream on which both sides are proving who they are.
#[derive(Debug)]
pub(super) struct Authenticating {
    pub(super) reader: Reader,
    security: Security,
    offer: Offer,
    exchange: Exchange,
}

#[derive(Debug)]
enum Exchange {
    /// Under way.
    Proving(Proof),
    /// The server's proof came in a challenge; the success is to follow.
    Proven(sasl::Authenticated, Key),
}

impl Authenticating {
    /// Sends the first message; one round trip.
    pub(super) fn start(
        reader: Reader,
        security: Security,
        offer: Offer,
        choice: Choice,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Self, Loss> {
        let mechanism = choice.mechanism().to_string();
        let (message, proof) = Proof::start(choice, context)?;
        context.write_element(&wire::auth(&mechanism, Some(&message)));
        awaits_answer(facts, context);
        Ok(Self { reader, security, offer, exchange: Exchange::Proving(proof) })
    }

    pub(super) fn element(
        self: Box<Self>,
        element: Element,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Step, Loss> {
        let stage = match Answer::parse(&element) {
            Some(Answer::Challenge(data)) => Stage::Authenticating(Box::new(self.challenge(&data, facts, context)?)),
            Some(Answer::Success(data)) => Stage::Authenticated(Box::new(self.success(&data, facts, context)?)),
            Some(Answer::Failure { condition, text }) => return Err(Loss::Refused { condition, text }),
            Some(Answer::Undecodable) => return Err(Loss::Scram(Error::MalformedChallenge(Fault::Syntax))),
            None => return Err(Loss::Unexpected(element.name().to_owned())),
        };
        Ok(Step::To(stage))
    }

    /// The key has been derived.
    pub(super) fn derived(
        self,
        salted: Result<SaltedPassword, Prohibited>,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Self, Loss> {
        let exchange = match self.exchange {
            Exchange::Proving(proof) => Exchange::Proving(proof.derived(salted, WIRE, facts, context)?),
            proven @ Exchange::Proven(..) => proven,
        };
        Ok(Self { exchange, ..self })
    }

    fn challenge(self, data: &[u8], facts: &mut Facts, context: &mut Context) -> Result<Self, Loss> {
        let Self { reader, security, offer, exchange } = self;
        let exchange = match exchange {
            Exchange::Proving(proof @ Proof::Final(..)) => {
                let (authenticated, key) = proof.success(data)?;
                context.write_element(&wire::response(b""));
                awaits_answer(facts, context);
                Exchange::Proven(authenticated, key)
            }
            Exchange::Proving(proof) => {
                Exchange::Proving(proof.challenge(data, (&offer, security.version), WIRE, facts, context)?)
            }
            Exchange::Proven(..) => return Err(Loss::Unexpected("challenge".into())),
        };
        Ok(Self { reader, security, offer, exchange })
    }

    fn success(self, data: &[u8], facts: &mut Facts, context: &mut Context) -> Result<Authenticated, Loss> {
        let (authenticated, key) = match self.exchange {
            Exchange::Proving(proof) => proof.success(data)?,
            Exchange::Proven(authenticated, key) => (authenticated, key),
        };
        facts.password = None;
        context.logged_in();
        context.key = Some(key);
        Ok(Authenticated::open(&authenticated, self.security, facts, context))
    }
}
