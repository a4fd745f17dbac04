//! The one request of a login in one exchange (XEP-0388): who we are, and what is to be done with the session.

use super::{Facts, awaits_answer};
use crate::account::context::Context;
use crate::account::online::{self, ClientState, RESUME_FOR};
use crate::account::tokens::Token;
use crate::identity;
use crate::sasl::Mechanism;
use crate::stanza::carbon;
use crate::stanza::management;
use crate::stanza::sasl2::{Authenticate, Bind};
use crate::stream::features::{Authentication, ConfigVersion};
use crate::xml::{Element, ns};

/// How we prove ourselves.
pub(super) enum Ask<'a> {
    /// By this token.
    Token(&'a Token),
    /// By the password, and whether a token is wanted for the next time.
    Password { mechanism: Mechanism, token: Option<&'a str> },
}

/// Sends the request, and says what it asks a new session to begin with.
pub(super) fn request(
    ask: Ask<'_>,
    message: &[u8],
    inside: Inside<'_>,
    facts: &mut Facts,
    context: &mut Context,
) -> Asked {
    let Inside { bind, management, config_version } = inside;
    let resume = if management { context.resumption() } else { None };
    facts.resuming = resume.is_some();
    let has = |feature: &str| bind.iter().any(|offered| offered == feature);
    let mut inline = Vec::new();
    if has(ns::SM) && !context.mistrusts_management() {
        inline.push(management::enable(Some(RESUME_FOR)));
    }
    let carbons = has(ns::CARBONS);
    inline.extend(carbons.then(carbon::enable));
    let mut client_state = ClientState::default();
    if has(ns::CSI) {
        client_state = ClientState::begun(context.watched);
        inline.extend((!context.watched).then(online::inactive));
    }
    let name = match &ask {
        Ask::Token(token) => token.mechanism.clone(),
        Ask::Password { mechanism, .. } => mechanism.to_string(),
    };
    let (token_use, token_request) = match ask {
        Ask::Token(token) => (Some(token.count), None),
        Ask::Password { token, .. } => (None, token),
    };
    let authenticate = Authenticate {
        mechanism: &name,
        initial: message,
        user_agent: &context.settings.user_agent,
        software: identity::NAME,
        token_use,
        token_request,
        resume,
        bind: Some(Bind { tag: identity::NAME, inline }),
        config_version,
    };
    let element: Element = authenticate.to_element();
    context.write_element(&element);
    awaits_answer(facts, context);
    Asked { client_state, carbons }
}

/// What a new session was asked to begin with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    pub(super) client_state: ClientState,
    pub(super) carbons: bool,
}

/// What a login may ask for beside itself.
pub(super) struct Inside<'a> {
    /// What a session can be bound with.
    pub(super) bind: &'a [String],
    /// Whether one can be resumed.
    pub(super) management: bool,
    /// Whose offer that is, when it is not of this stream.
    pub(super) config_version: Option<&'a ConfigVersion>,
}

impl<'a> Inside<'a> {
    /// By the offer of this stream.
    pub(super) fn of(authentication: &'a Authentication) -> Self {
        let bind = authentication.bind.as_deref().unwrap_or_default();
        Self { bind, management: authentication.management, config_version: None }
    }
}
