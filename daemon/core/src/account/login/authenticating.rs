//! The SASL exchange (RFC 6120 section 6 around RFC 5802): our proof, the server's proof, and only then a session.

use super::authenticated::Authenticated;
use super::{Facts, Key, Stage, Step, awaits_answer};
use crate::account::context::Context;
use crate::account::input::Security;
use crate::account::output::Output;
use crate::account::timers::Timer;
use crate::loss::Loss;
use crate::sasl::scram::{Challenge, ClientFirst, Error, Expecting, Fault, Prohibited, SaltedPassword};
use crate::sasl::{self, Choice, Offer};
use crate::stanza::sasl::{self as wire, Answer};
use crate::xml::{Element, Reader};

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
    /// The server's salt is to come.
    First(ClientFirst),
    /// The shell derives the key.
    Deriving(Challenge),
    /// The server's proof is to come.
    Final(Expecting, Key),
    /// It came in a challenge; the success is to follow.
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
        let user = context.settings.jid.node().map(|node| node.to_string()).unwrap_or_default();
        let first = ClientFirst::new(&user, choice, &mut context.entropy).map_err(Loss::Prohibited)?;
        context.write_element(&wire::auth(&mechanism, Some(&first.message())));
        awaits_answer(facts, context);
        Ok(Self { reader, security, offer, exchange: Exchange::First(first) })
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
        let Exchange::Deriving(challenge) = self.exchange else {
            return Ok(self);
        };
        let salted = salted.map_err(Loss::Prohibited)?;
        let key = Key { derivation: challenge.derivation().clone(), salted };
        let exchange = prove(challenge, key, facts, context);
        Ok(Self { exchange, ..self })
    }

    fn challenge(self, data: &[u8], facts: &mut Facts, context: &mut Context) -> Result<Self, Loss> {
        let Self { reader, security, offer, exchange } = self;
        let exchange = match exchange {
            Exchange::First(first) => {
                let challenge = match first.server_first(data, &offer, security.version) {
                    Ok(challenge) => challenge,
                    Err(error) => {
                        context.write_element(&wire::abort());
                        return Err(Loss::Scram(error));
                    }
                };
                with_key(challenge, facts, context)?
            }
            Exchange::Final(expecting, key) => {
                let authenticated = expecting.server_final(data).map_err(Loss::Scram)?;
                context.write_element(&wire::response(b""));
                awaits_answer(facts, context);
                Exchange::Proven(authenticated, key)
            }
            Exchange::Deriving(_) | Exchange::Proven(..) => return Err(Loss::Unexpected("challenge".into())),
        };
        Ok(Self { reader, security, offer, exchange })
    }

    /// The server says that we are in; whether it is our server is proven by its signature alone (S18).
    fn success(self, data: &[u8], facts: &mut Facts, context: &mut Context) -> Result<Authenticated, Loss> {
        let (authenticated, key) = match self.exchange {
            Exchange::Final(expecting, key) => (expecting.server_final(data).map_err(Loss::Scram)?, key),
            Exchange::Proven(authenticated, key) => (authenticated, key),
            Exchange::First(_) | Exchange::Deriving(_) => return Err(Loss::Scram(Error::ServerNotProven)),
        };
        facts.password = None;
        context.key = Some(key);
        Ok(Authenticated::open(&authenticated, self.security, facts, context))
    }
}

/// Goes on with the key of the last login, or has one derived from the password.
fn with_key(challenge: Challenge, facts: &mut Facts, context: &mut Context) -> Result<Exchange, Loss> {
    if let Some(key) = context.key.clone().filter(|key| key.derivation == *challenge.derivation()) {
        return Ok(prove(challenge, key, facts, context));
    }
    let Some(password) = facts.password.clone() else {
        context.key = None;
        context.write_element(&wire::abort());
        return Err(Loss::KeyStale);
    };
    context.timers.clear(Timer::Step);
    context.push(Output::Derive(password, challenge.derivation().clone()));
    Ok(Exchange::Deriving(challenge))
}

fn prove(challenge: Challenge, key: Key, facts: &mut Facts, context: &mut Context) -> Exchange {
    let (message, expecting) = challenge.proof(&key.salted);
    context.write_element(&wire::response(&message));
    awaits_answer(facts, context);
    Exchange::Final(expecting, key)
}
