//! The login in one exchange (XEP-0388): a token or the password proves us, and the same request resumes or binds the
//! session. With a token, the request may travel right behind the stream header.

use jid::Jid;

use super::authenticated::{Authenticated, Proven};
use super::proof::{Proof, Wire};
use super::request::{Ask, Asked, Inside, request};
use super::{Bound, Facts, Managed, Stage, Step};
use crate::account::context::Context;
use crate::account::input::Security;
use crate::account::online::{Abilities, ResumeBy};
use crate::account::output::{Output, Profile};
use crate::account::settings::Remembered;
use crate::account::timers::Timer;
use crate::account::tokens::{self, Token};
use crate::loss::Loss;
use crate::negotiation;
use crate::sasl::ht;
use crate::sasl::scram::{Error, Fault, Prohibited, SaltedPassword};
use crate::sasl::{Mechanism, Offer, Profile as SaslProfile};
use crate::stanza::management::Management;
use crate::stanza::sasl::Condition;
use crate::stanza::sasl2::{self as wire, Answer, Success};
use crate::stream::features::{Authentication, ConfigVersion, Features, StreamLimits};
use crate::xml::{Element, Reader};

const WIRE: Wire = Wire { response: wire::response, abort: wire::abort };

/// A stream on which one request is to do everything.
#[derive(Debug)]
pub(super) struct Inline {
    pub(super) reader: Reader,
    security: Security,
    /// What the server offers on this stream; not known yet behind a request that went with the header.
    offered: Option<Offered>,
    exchange: Exchange,
    /// What a token was asked for.
    requested: Option<String>,
    asked: Asked,
}

/// What the server offers, as far as a login needs it.
#[derive(Clone, Debug)]
pub(super) struct Offered {
    pub(super) authentication: Authentication,
    pub(super) types: Option<Vec<String>>,
    config_version: Option<ConfigVersion>,
}

#[derive(Debug)]
enum Exchange {
    /// By a token; one step.
    Token(ht::Expecting),
    /// By the password.
    Password(Proof),
    /// A token was refused and the shell reads the password.
    Secret,
}

impl Inline {
    /// Sends the request right behind the header, when a token is at hand and the server's last offer allows that.
    /// The reader goes back when it does not.
    pub(super) fn pipelined(
        reader: Reader,
        security: Security,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Self, Box<(Reader, Security)>> {
        let usable =
            |remembered: &Remembered| remembered.direct == facts.direct && context.pipelines && !context.password_first;
        let remembered = context.remembered.clone().filter(usable);
        let fitting = remembered.and_then(|remembered| {
            let mechanism = context.tokens.next_mechanism()?;
            remembered.fast.iter().any(|offered| offered == mechanism).then_some(remembered)
        });
        let Some(remembered) = fitting else {
            return Err(Box::new((reader, security)));
        };
        match token_message(&security, context) {
            Some((token, message, expecting)) => {
                // The header and the request are one flight.
                facts.round_trips -= 1;
                facts.pipelined = true;
                let inside = Inside {
                    bind: &remembered.bind,
                    management: remembered.management,
                    config_version: remembered.config_version.as_ref(),
                };
                let asked = request(Ask::Token(&token), &message, inside, facts, context);
                let exchange = Exchange::Token(expecting);
                Ok(Self { reader, security, offered: None, exchange, requested: None, asked })
            }
            None => Err(Box::new((reader, security))),
        }
    }

    /// Begins with what the server offers on this stream.
    pub(super) fn start(
        reader: Reader,
        security: Security,
        offered: Offered,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Self, Loss> {
        let (exchange, asked) = (Exchange::Secret, Asked::default());
        let stage = Self { reader, security, offered: Some(offered), exchange, requested: None, asked };
        stage.by_token(facts, context)
    }

    /// By a token that the server offers to take, else by the password.
    fn by_token(self, facts: &mut Facts, context: &mut Context) -> Result<Self, Loss> {
        let authentication = self.offered.as_ref().map(|offered| &offered.authentication);
        let fast = authentication.and_then(|authentication| authentication.fast.as_ref());
        let takes = |mechanism: &str| fast.is_some_and(|fast| fast.mechanisms.iter().any(|name| name == mechanism));
        let is_usable = !context.password_first && context.tokens.next_mechanism().is_some_and(takes);
        if is_usable
            && let Some(authentication) = authentication
            && let Some((token, message, expecting)) = token_message(&self.security, context)
        {
            let asked = request(Ask::Token(&token), &message, Inside::of(authentication), facts, context);
            return Ok(Self { exchange: Exchange::Token(expecting), asked, ..self });
        }
        self.by_password(facts, context)
    }

    pub(super) fn element(
        mut self: Box<Self>,
        element: Element,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Step, Loss> {
        if let Some(features) = Features::parse(&element).filter(|_| self.offered.is_none()) {
            let Some(offered) = offered(features) else {
                return Err(no_such_login(facts, context));
            };
            self.offered = Some(offered);
            return Ok(Step::To(Stage::Inline(self)));
        }
        match Answer::parse(&element) {
            Some(Answer::Challenge(data)) => {
                Ok(Step::To(Stage::Inline(Box::new(self.challenge(&data, facts, context)?))))
            }
            Some(Answer::Success(success)) => self.success(*success, facts, context),
            // The token itself was not looked at; what is asked now rests on the offer of this stream.
            Some(Answer::Failure { outdated: true, .. }) if facts.pipelined && self.offered.is_some() => {
                facts.pipelined = false;
                Ok(Step::To(Stage::Inline(Box::new(self.by_token(facts, context)?))))
            }
            Some(Answer::Failure { condition, text, .. }) => match self.exchange {
                Exchange::Token(_) => {
                    let stage = self.token_refused(condition, text, facts, context)?;
                    Ok(Step::To(Stage::Inline(Box::new(stage))))
                }
                Exchange::Password(_) | Exchange::Secret => Err(Loss::Refused { condition, text }),
            },
            Some(Answer::Continue) => {
                context.write_element(&wire::abort());
                Err(Loss::Unexpected("continue".into()))
            }
            Some(Answer::Undecodable) => Err(Loss::Scram(Error::MalformedChallenge(Fault::Syntax))),
            None => Err(Loss::Unexpected(element.name().to_owned())),
        }
    }

    /// The key has been derived.
    pub(super) fn derived(
        self,
        salted: Result<SaltedPassword, Prohibited>,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Self, Loss> {
        let exchange = match self.exchange {
            Exchange::Password(proof) => Exchange::Password(proof.derived(salted, WIRE, facts, context)?),
            other @ (Exchange::Token(_) | Exchange::Secret) => other,
        };
        Ok(Self { exchange, ..self })
    }

    /// The password was read, after a token had been refused.
    pub(super) fn secret(self, facts: &mut Facts, context: &mut Context) -> Result<Self, Loss> {
        match self.exchange {
            Exchange::Secret => self.by_password(facts, context),
            Exchange::Token(_) | Exchange::Password(_) => Ok(self),
        }
    }

    fn challenge(self, data: &[u8], facts: &mut Facts, context: &mut Context) -> Result<Self, Loss> {
        let (Exchange::Password(proof), Some(offered)) = (self.exchange, &self.offered) else {
            return Err(Loss::Unexpected("challenge".into()));
        };
        let offer = offer(offered);
        let proof = proof.challenge(data, (&offer, self.security.version), WIRE, facts, context)?;
        Ok(Self { exchange: Exchange::Password(proof), ..self })
    }

    /// The token did not do. One that is of no use any more gives way to the one before it, then to the password, on
    /// the same stream; for any other reason it is kept, and the password takes its place this time (S22).
    fn token_refused(
        self,
        condition: Condition,
        text: Option<String>,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Self, Loss> {
        match condition {
            Condition::NotAuthorized | Condition::CredentialsExpired => {
                context.tokens.refused();
                context.keep_tokens();
            }
            Condition::TemporaryAuthFailure => return Err(Loss::Refused { condition, text }),
            Condition::Aborted
            | Condition::AccountDisabled
            | Condition::EncryptionRequired
            | Condition::IncorrectEncoding
            | Condition::InvalidAuthzid
            | Condition::InvalidMechanism
            | Condition::MalformedRequest
            | Condition::MechanismTooWeak
            | Condition::Unknown(_) => context.password_first = true,
        }
        if self.offered.is_none() {
            return Err(Loss::TokenRefused);
        }
        Self { exchange: Exchange::Secret, ..self }.by_token(facts, context)
    }

    fn by_password(self, facts: &mut Facts, context: &mut Context) -> Result<Self, Loss> {
        let Some(offered) = &self.offered else {
            return Err(Loss::TokenRefused);
        };
        if context.key.is_none() && facts.password.is_none() {
            context.timers.clear(Timer::Step);
            context.push(Output::NeedSecret);
            return Ok(self);
        }
        let bindings = self.security.bindings();
        let choice = negotiation::secured(&offer(offered), &bindings)?;
        let mechanism = choice.mechanism();
        let (message, proof) = Proof::start(choice, context)?;
        let authentication = &offered.authentication;
        let fast = authentication.fast.as_ref().map(|fast| fast.mechanisms.as_slice()).unwrap_or_default();
        let token = tokens::mechanism_to_request(fast, bindings.exporter.is_some(), bindings.end_point.is_some());
        let ask = Ask::Password { mechanism, token };
        let requested = token.map(str::to_owned);
        let asked = request(ask, &message, Inside::of(authentication), facts, context);
        Ok(Self { exchange: Exchange::Password(proof), requested, asked, ..self })
    }

    /// The server says that we are in: it must prove itself, and be talking of our account.
    fn success(self, success: Success, facts: &mut Facts, context: &mut Context) -> Result<Step, Loss> {
        let proof = match self.exchange {
            Exchange::Token(expecting) => {
                let proof = expecting.responder(&success.proof).map_err(|_| Loss::Scram(Error::ServerNotProven))?;
                context.tokens.worked();
                proof
            }
            Exchange::Password(proof) => {
                let (authenticated, key) = proof.success(&success.proof)?;
                context.key = Some(key);
                authenticated
            }
            Exchange::Secret => return Err(Loss::Scram(Error::ServerNotProven)),
        };
        facts.password = None;
        context.logged_in();
        own(success.identity.as_ref(), context)?;
        let mechanism = match proof.mechanism() {
            Mechanism::Ht { .. } => Some(proof.mechanism().to_string()),
            Mechanism::Scram { .. } => self.requested,
        };
        if let (Some(token), Some(mechanism)) = (success.token, mechanism) {
            context.tokens.issued(&mechanism, token);
        }
        if let Some(offered) = &self.offered {
            context.remember(remembered(offered, facts.direct));
        }
        context.keep_tokens();
        let proven = Proven::new(&proof, self.security, Profile::Sasl2);
        match success.management {
            Some(Management::Resumed { previd, h }) => {
                return proven.resumed(&previd, h, self.reader, facts, context).map(Step::Resumed);
            }
            Some(Management::Failed { h, .. }) => context.forget_session(h),
            Some(Management::Enabled { .. } | Management::Request | Management::Ack { .. }) | None => {}
        }
        match (success.bound, success.identity.map(Jid::try_into_full)) {
            (Some(bound), Some(Ok(jid))) => {
                context.forget_session(None);
                let managed = managed(bound.management.as_ref());
                let Asked { client_state, carbons } = self.asked;
                Ok(Step::Done(Box::new(Bound {
                    session: proven.session(jid, facts),
                    reader: self.reader,
                    managed,
                    session_required: false,
                    // What was said before the login held until it.
                    limits: StreamLimits::default(),
                    client_state,
                    abilities: Abilities::default(),
                    carbons,
                })))
            }
            // Nothing was bound: the features follow on this same stream.
            (None, _) | (Some(_), None | Some(Err(_))) => {
                let stage = Authenticated::on_same_stream(self.reader, proven);
                Ok(Step::To(Stage::Authenticated(Box::new(stage))))
            }
        }
    }
}

/// What of the server's features a login in one exchange needs; nothing when it has no such login.
pub(super) fn offered(features: Features) -> Option<Offered> {
    let authentication = features.authentication?;
    let Features { channel_bindings: types, config_version, .. } = features;
    Some(Offered { authentication, types, config_version })
}

/// The request went with the header, to a server that has no such login any more: it may never answer.
fn no_such_login(facts: &Facts, context: &mut Context) -> Loss {
    let nothing = Remembered {
        direct: facts.direct,
        fast: Vec::new(),
        bind: Vec::new(),
        management: false,
        config_version: None,
    };
    context.remember(nothing);
    Loss::TokenRefused
}

fn remembered(offered: &Offered, direct: bool) -> Remembered {
    let authentication = &offered.authentication;
    Remembered {
        direct,
        fast: authentication.fast.as_ref().map(|fast| fast.mechanisms.clone()).unwrap_or_default(),
        bind: authentication.bind.clone().unwrap_or_default(),
        management: authentication.management,
        config_version: offered.config_version.clone(),
    }
}

/// The next token's message, when this connection has what the token is bound by.
fn token_message(security: &Security, context: &mut Context) -> Option<(Token, Vec<u8>, ht::Expecting)> {
    let user = context.user();
    let token = context.tokens.use_next(context.now.wall)?;
    let Some(Mechanism::Ht { hash, binding }) = tokens::mechanism(&token) else {
        return None;
    };
    let (message, expecting) = ht::initiate(&user, &token.secret, hash, binding, &security.bindings()).ok()?;
    context.keep_tokens();
    Some((token, message, expecting))
}

fn offer(offered: &Offered) -> Offer {
    Offer {
        profile: SaslProfile::Sasl2,
        mechanisms: offered.authentication.mechanisms.clone(),
        types: offered.types.clone(),
    }
}

fn managed(answer: Option<&Management>) -> Managed {
    match answer {
        Some(Management::Enabled { resume_by, max, location }) => {
            Managed::Enabled(resume_by.clone().map(|previd| ResumeBy::new(previd, *max, location.as_deref())))
        }
        Some(Management::Failed { .. } | Management::Resumed { .. } | Management::Request | Management::Ack { .. })
        | None => Managed::Absent,
    }
}

/// The server may know us by no other address than the account's (S26).
fn own(identity: Option<&Jid>, context: &Context) -> Result<(), Loss> {
    match identity {
        Some(jid) if jid.to_bare() != context.settings.jid => Err(Loss::WrongAccount(jid.to_string())),
        Some(_) | None => Ok(()),
    }
}
