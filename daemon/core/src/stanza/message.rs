//! Messages (RFC 6121 section 5).

use super::{Address, StanzaError};
use crate::xml::{Element, ns};

/// A `<message/>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The id, when there is one.
    pub id: Option<String>,
    /// The sender.
    pub from: Address,
    /// The receiver.
    pub to: Address,
    /// What it is part of.
    pub kind: MessageKind,
    /// The text; of several the one without a language, else the first.
    pub body: Option<String>,
    /// The subject, chosen like the body.
    pub subject: Option<String>,
    /// The conversation; the first of several.
    pub thread: Option<String>,
    /// All children that are none of these, nor the error.
    pub payloads: Vec<Element>,
}

/// The `type` of a message (RFC 6121 section 5.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A single one; also read where the attribute is missing or unknown.
    Normal,
    /// Between two.
    Chat,
    /// From or to a room.
    Groupchat,
    /// An announcement that expects no answer; what PEP sends.
    Headline,
    /// A message of ours came back.
    Error(StanzaError),
}

impl Message {
    /// A text to one person.
    pub fn chat(id: impl Into<String>, to: impl Into<Address>, body: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            from: Address::Absent,
            to: to.into(),
            kind: MessageKind::Chat,
            body: Some(body.into()),
            subject: None,
            thread: None,
            payloads: Vec::new(),
        }
    }

    /// Reads a `<message/>`.
    pub fn parse(element: Element) -> Self {
        let kind = match element.attr("type") {
            Some("chat") => MessageKind::Chat,
            Some("groupchat") => MessageKind::Groupchat,
            Some("headline") => MessageKind::Headline,
            Some("error") => MessageKind::Error(StanzaError::of(&element)),
            Some(_) | None => MessageKind::Normal,
        };
        Self {
            id: element.attr("id").map(str::to_owned),
            from: Address::parse(&element, "from"),
            to: Address::parse(&element, "to"),
            kind,
            body: text_of(&element, "body"),
            subject: text_of(&element, "subject"),
            thread: element.child_text("thread", ns::CLIENT),
            payloads: element.into_children().filter(|child| !is_own(child)).collect(),
        }
    }

    /// The element to send; the server adds the sender.
    pub fn into_element(self) -> Element {
        let (kind, error) = match self.kind {
            MessageKind::Normal => (None, None),
            MessageKind::Chat => (Some("chat"), None),
            MessageKind::Groupchat => (Some("groupchat"), None),
            MessageKind::Headline => (Some("headline"), None),
            MessageKind::Error(error) => (Some("error"), Some(error.to_element())),
        };
        let text =
            |name: &'static str, text: Option<String>| text.map(|text| Element::new(name, ns::CLIENT).with_text(text));
        let element =
            Element::new("message", ns::CLIENT).with_optional_attr("type", kind).with_optional_attr("id", self.id);
        self.to
            .write("to", element)
            .with_children(text("subject", self.subject))
            .with_children(text("body", self.body))
            .with_children(text("thread", self.thread))
            .with_children(self.payloads)
            .with_children(error)
    }

    /// The first payload of this name.
    pub fn payload(&self, name: &str, namespace: &str) -> Option<&Element> {
        self.payloads.iter().find(|payload| payload.is(name, namespace))
    }
}

/// The text of the child of this name that has no language, else of the first.
pub(super) fn text_of(element: &Element, name: &str) -> Option<String> {
    let all = || element.children().filter(|child| child.is(name, ns::CLIENT));
    all().find(|child| child.lang().is_none()).or_else(|| all().next()).map(Element::text)
}

fn is_own(child: &Element) -> bool {
    child.namespace() == ns::CLIENT && matches!(child.name(), "body" | "subject" | "thread" | "error")
}
