//! The password's proof and the server's (SCRAM), whatever elements carry them: both SASL profiles take these steps.

use super::{Facts, Key, awaits_answer};
use crate::account::context::Context;
use crate::account::output::Output;
use crate::account::timers::Timer;
use crate::loss::Loss;
use crate::sasl::scram::{Challenge, ClientFirst, Error, Expecting, Prohibited, SaltedPassword};
use crate::sasl::{self, Choice, Offer, TlsVersion};
use crate::xml::Element;

/// How far the proof has come.
#[derive(Debug)]
pub(super) enum Proof {
    /// The server's salt is to come.
    First(ClientFirst),
    /// The shell derives the key.
    Deriving(Challenge),
    /// The server's proof is to come.
    Final(Expecting, Key),
}

/// The elements of one SASL profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    /// Carries our answer to a challenge.
    pub(super) response: fn(&[u8]) -> Element,
    /// Gives up.
    pub(super) abort: fn() -> Element,
}

impl Proof {
    /// Begins, and gives the first message.
    pub(super) fn start(choice: Choice, context: &mut Context) -> Result<(Vec<u8>, Self), Loss> {
        let user = context.user();
        let first = ClientFirst::new(&user, choice, &mut context.entropy).map_err(Loss::Prohibited)?;
        Ok((first.message(), Self::First(first)))
    }

    /// Takes the server's salt, and answers as soon as there is a key.
    pub(super) fn challenge(
        self,
        data: &[u8],
        (offer, tls): (&Offer, TlsVersion),
        wire: Wire,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Self, Loss> {
        let Self::First(first) = self else {
            return Err(Loss::Unexpected("challenge".into()));
        };
        match first.server_first(data, offer, tls) {
            Ok(challenge) => with_key(challenge, wire, facts, context),
            Err(error) => {
                context.write_element(&(wire.abort)());
                Err(Loss::Scram(error))
            }
        }
    }

    /// The key has been derived.
    pub(super) fn derived(
        self,
        salted: Result<SaltedPassword, Prohibited>,
        wire: Wire,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Self, Loss> {
        let Self::Deriving(challenge) = self else {
            return Ok(self);
        };
        let salted = salted.map_err(Loss::Prohibited)?;
        let key = Key { derivation: challenge.derivation().clone(), salted };
        Ok(prove(challenge, key, wire, facts, context))
    }

    /// The server says that we are in; whether it is our server is proven by its signature alone (S18).
    pub(super) fn success(self, data: &[u8]) -> Result<(sasl::Authenticated, Key), Loss> {
        match self {
            Self::Final(expecting, key) => Ok((expecting.server_final(data).map_err(Loss::Scram)?, key)),
            Self::First(_) | Self::Deriving(_) => Err(Loss::Scram(Error::ServerNotProven)),
        }
    }
}

/// Goes on with the key of the last login, or has one derived from the password.
fn with_key(challenge: Challenge, wire: Wire, facts: &mut Facts, context: &mut Context) -> Result<Proof, Loss> {
    if let Some(key) = context.key.clone().filter(|key| key.derivation == *challenge.derivation()) {
        return Ok(prove(challenge, key, wire, facts, context));
    }
    let Some(password) = facts.password.clone() else {
        context.key = None;
        context.write_element(&(wire.abort)());
        return Err(Loss::KeyStale);
    };
    context.timers.clear(Timer::Step);
    context.push(Output::Derive(password, challenge.derivation().clone()));
    Ok(Proof::Deriving(challenge))
}

fn prove(challenge: Challenge, key: Key, wire: Wire, facts: &mut Facts, context: &mut Context) -> Proof {
    let (message, expecting) = challenge.proof(&key.salted);
    context.write_element(&(wire.response)(&message));
    awaits_answer(facts, context);
    Proof::Final(expecting, key)
}
