//! Stanza errors (RFC 6120 section 8.3): why a request or a message failed.

use std::fmt;

use super::datetime;
use crate::conditions::conditions;
use crate::text;
use crate::time::Wall;
use crate::xml::{Element, ns};

conditions! {
    /// Why a stanza failed (RFC 6120 section 8.3.3).
    Condition or "undefined-condition" {
        /// The request cannot be understood.
        BadRequest = "bad-request",
        /// Something of that name exists, or is otherwise.
        Conflict = "conflict",
        /// Not supported.
        FeatureNotImplemented = "feature-not-implemented",
        /// Not allowed for this sender.
        Forbidden = "forbidden",
        /// Moved for good.
        Gone = "gone",
        /// A fault of the server.
        InternalServerError = "internal-server-error",
        /// No such thing.
        ItemNotFound = "item-not-found",
        /// No address.
        JidMalformed = "jid-malformed",
        /// Understood, and refused.
        NotAcceptable = "not-acceptable",
        /// Not allowed for anyone.
        NotAllowed = "not-allowed",
        /// Credentials are missing.
        NotAuthorized = "not-authorized",
        /// Some local rule was broken.
        PolicyViolation = "policy-violation",
        /// Not there now.
        RecipientUnavailable = "recipient-unavailable",
        /// To be found elsewhere for now.
        Redirect = "redirect",
        /// Something must be registered first.
        RegistrationRequired = "registration-required",
        /// The other domain does not exist or is no XMPP server.
        RemoteServerNotFound = "remote-server-not-found",
        /// The other domain did not answer.
        RemoteServerTimeout = "remote-server-timeout",
        /// The server lacks something, or we ask too much of it.
        ResourceConstraint = "resource-constraint",
        /// The service is not offered there; also said of a resource that is not.
        ServiceUnavailable = "service-unavailable",
        /// A subscription is needed first.
        SubscriptionRequired = "subscription-required",
        /// See [`StanzaError::specific`].
        UndefinedCondition = "undefined-condition",
        /// Not now, in this order of things.
        UnexpectedRequest = "unexpected-request",
    }
}

/// What the sender can do about it (RFC 6120 section 8.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Try again with credentials.
    Auth,
    /// Do not try again; also read where the attribute is missing or odd.
    Cancel,
    /// Go on, this was a warning.
    Continue,
    /// Try again with other data.
    Modify,
    /// Try again later.
    Wait,
}

/// An `<error/>` child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanzaError {
    /// What can be done.
    pub kind: ErrorKind,
    /// Why; `UndefinedCondition` when none is given.
    pub condition: Condition,
    /// A text for people.
    pub text: Option<String>,
    /// Who refused, as claimed.
    pub by: Option<String>,
    /// An extension's own condition (section 8.3.4): local name and namespace.
    pub specific: Option<(String, String)>,
    /// Not before when to try again (XEP-0363 section 6).
    pub retry: Option<Wall>,
}

impl fmt::Display for StanzaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.as_deref().and_then(|text| text::line(text, text::REASON)) {
            Some(text) => write!(f, "{} ({text})", self.condition),
            None => write!(f, "{}", self.condition),
        }
    }
}

impl StanzaError {
    /// An error of ours.
    pub fn new(kind: ErrorKind, condition: Condition) -> Self {
        Self { kind, condition, text: None, by: None, specific: None, retry: None }
    }

    /// What everyone without a right to more is told (RFC 6121 section 8.5).
    pub fn service_unavailable() -> Self {
        Self::new(ErrorKind::Cancel, Condition::ServiceUnavailable)
    }

    /// Reads an `<error/>`.
    pub fn parse(element: &Element) -> Self {
        let kind = match element.attr("type") {
            Some("auth") => ErrorKind::Auth,
            Some("continue") => ErrorKind::Continue,
            Some("modify") => ErrorKind::Modify,
            Some("wait") => ErrorKind::Wait,
            _ => ErrorKind::Cancel,
        };
        let mut error = Self::new(kind, Condition::UndefinedCondition);
        error.by = element.attr("by").map(str::to_owned);
        for child in element.children() {
            match (child.namespace(), child.name()) {
                (ns::STANZA_ERRORS, "text") => error.text = Some(child.text()),
                (ns::STANZA_ERRORS, name) => error.condition = Condition::from_name(name),
                (ns::UPLOAD, "retry") => error.retry = child.attr("stamp").and_then(datetime::parse),
                (namespace, name) => error.specific = Some((name.to_owned(), namespace.to_owned())),
            }
        }
        error
    }

    /// Reads the error of a stanza of type `error`; one without an `<error/>` is undefined.
    pub(super) fn of(stanza: &Element) -> Self {
        stanza
            .child("error", ns::CLIENT)
            .map_or_else(|| Self::new(ErrorKind::Cancel, Condition::UndefinedCondition), Self::parse)
    }

    /// Whether it says this of this extension.
    pub fn is_specific(&self, name: &str, namespace: &str) -> bool {
        self.specific.as_ref().is_some_and(|(found, of)| found == name && of == namespace)
    }

    /// The element to send. What an extension says for itself is not written.
    pub fn to_element(&self) -> Element {
        let kind = match self.kind {
            ErrorKind::Auth => "auth",
            ErrorKind::Cancel => "cancel",
            ErrorKind::Continue => "continue",
            ErrorKind::Modify => "modify",
            ErrorKind::Wait => "wait",
        };
        let text = self.text.as_ref().map(|text| Element::new("text", ns::STANZA_ERRORS).with_text(text.as_str()));
        Element::new("error", ns::CLIENT)
            .with_attr("type", kind)
            .with_optional_attr("by", self.by.as_deref())
            .with_child(Element::new(self.condition.name_to_send(), ns::STANZA_ERRORS))
            .with_children(text)
    }
}
