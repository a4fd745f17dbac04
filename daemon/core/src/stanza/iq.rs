//! Requests and their answers (RFC 6120 section 8.2.3). Matching an answer to its request is [`crate::requests`]'s.

use super::{Address, StanzaError};
use crate::xml::{Element, ns};

/// An `<iq/>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iq {
    /// The id; empty when the sender gave none.
    pub id: String,
    /// The sender.
    pub from: Address,
    /// The receiver.
    pub to: Address,
    /// Whether it asks or answers.
    pub kind: IqKind,
    /// The first child other than the error. A request without one is a bad request.
    pub payload: Option<Element>,
}

/// The `type` of an iq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IqKind {
    /// Asks for something.
    Get,
    /// Asks to change something.
    Set,
    /// Answers.
    Result,
    /// Refuses.
    Error(StanzaError),
}

impl Iq {
    /// A question to our own account; see [`Iq::to`] for others.
    pub fn get(id: impl Into<String>, payload: Element) -> Self {
        Self::new(id.into(), IqKind::Get, Some(payload))
    }

    /// A change asked of our own account; see [`Iq::to`] for others.
    pub fn set(id: impl Into<String>, payload: Element) -> Self {
        Self::new(id.into(), IqKind::Set, Some(payload))
    }

    /// The same to someone.
    #[must_use]
    pub fn to(mut self, to: impl Into<Address>) -> Self {
        self.to = to.into();
        self
    }

    /// The answer to this request. It has no receiver if the request had no readable sender.
    pub fn result(&self, payload: Option<Element>) -> Self {
        Self { to: self.from.clone(), ..Self::new(self.id.clone(), IqKind::Result, payload) }
    }

    /// The refusal of this request, without its payload.
    pub fn error(&self, error: StanzaError) -> Self {
        Self { to: self.from.clone(), ..Self::new(self.id.clone(), IqKind::Error(error), None) }
    }

    /// Reads an `<iq/>`; gives it back when its type is none.
    pub fn parse(element: Element) -> Result<Self, Element> {
        let kind = match element.attr("type") {
            Some("get") => IqKind::Get,
            Some("set") => IqKind::Set,
            Some("result") => IqKind::Result,
            Some("error") => IqKind::Error(StanzaError::of(&element)),
            Some(_) | None => return Err(element),
        };
        Ok(Self {
            id: element.attr("id").unwrap_or_default().to_owned(),
            from: Address::parse(&element, "from"),
            to: Address::parse(&element, "to"),
            kind,
            payload: element.into_children().find(|child| !child.is("error", ns::CLIENT)),
        })
    }

    /// The element to send; the server adds the sender.
    pub fn into_element(self) -> Element {
        let (kind, error) = match self.kind {
            IqKind::Get => ("get", None),
            IqKind::Set => ("set", None),
            IqKind::Result => ("result", None),
            IqKind::Error(error) => ("error", Some(error.to_element())),
        };
        let element = Element::new("iq", ns::CLIENT).with_attr("type", kind).with_attr("id", self.id);
        self.to.write("to", element).with_children(self.payload).with_children(error)
    }

    fn new(id: String, kind: IqKind, payload: Option<Element>) -> Self {
        Self { id, from: Address::Absent, to: Address::Absent, kind, payload }
    }
}
