//! Presence on the wire (RFC 6121 section 4.7). What ours says is composed in [`crate::presence`].

use super::message::text_of;
use super::{Address, StanzaError};
use crate::presence::Show;
use crate::xml::{Element, ns};

/// A `<presence/>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The id, when there is one.
    pub id: Option<String>,
    /// The sender.
    pub from: Address,
    /// The receiver; absent for everyone who may see it.
    pub to: Address,
    /// What it tells or asks.
    pub kind: PresenceKind,
    /// The text beside it; of several the one without a language, else the first.
    pub status: Option<String>,
    /// All children that have no field here.
    pub payloads: Vec<Element>,
}

/// The `type` of presence (RFC 6121 section 4.7.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresenceKind {
    /// There, and how. Never [`Show::Offline`] or [`Show::Invisible`].
    Available {
        /// How available; what is not known counts as online.
        show: Show,
        /// The priority; clamped to its range, zero when unreadable.
        priority: i8,
    },
    /// Gone.
    Unavailable,
    /// Asks to see our presence.
    Subscribe,
    /// Lets us see theirs.
    Subscribed,
    /// No longer wants to see ours.
    Unsubscribe,
    /// No longer lets us see theirs.
    Unsubscribed,
    /// Asks for ours; servers send it.
    Probe,
    /// Presence of ours could not be delivered.
    Error(StanzaError),
}

impl Presence {
    /// Presence of this kind for everyone.
    pub fn new(kind: PresenceKind) -> Self {
        Self { id: None, from: Address::Absent, to: Address::Absent, kind, status: None, payloads: Vec::new() }
    }

    /// What contacts are to see. [`Show::Offline`] becomes unavailable presence, and so does [`Show::Invisible`],
    /// for who cannot be hidden must be gone; for who is, see [`hidden`](Self::hidden).
    pub fn of(presence: &crate::presence::Presence) -> Self {
        let kind = match presence.show {
            Show::Offline | Show::Invisible => PresenceKind::Unavailable,
            show @ (Show::Online | Show::Chat | Show::Away | Show::Xa | Show::Dnd) => {
                PresenceKind::Available { show, priority: presence.priority }
            }
        };
        Self { status: presence.status.clone(), ..Self::new(kind) }
    }

    /// What the server alone learns of somebody who is invisible: that there is a resource, and its priority.
    pub fn hidden(priority: i8) -> Self {
        Self::new(PresenceKind::Available { show: Show::Online, priority })
    }

    /// What the sender lets us see; `None` for what is no availability.
    pub fn availability(&self) -> Option<crate::presence::Presence> {
        let (show, priority) = match self.kind {
            PresenceKind::Available { show, priority } => (show, priority),
            PresenceKind::Unavailable => (Show::Offline, 0),
            PresenceKind::Subscribe
            | PresenceKind::Subscribed
            | PresenceKind::Unsubscribe
            | PresenceKind::Unsubscribed
            | PresenceKind::Probe
            | PresenceKind::Error(_) => return None,
        };
        let status = self.status.clone().filter(|text| !text.is_empty());
        Some(crate::presence::Presence { show, status, priority })
    }

    /// The same to someone.
    #[must_use]
    pub fn to(mut self, to: impl Into<Address>) -> Self {
        self.to = to.into();
        self
    }

    /// Reads a `<presence/>`; gives it back when its type is none.
    pub fn parse(element: Element) -> Result<Self, Element> {
        let kind = match element.attr("type") {
            None => PresenceKind::Available { show: show(&element), priority: priority(&element) },
            Some("unavailable") => PresenceKind::Unavailable,
            Some("subscribe") => PresenceKind::Subscribe,
            Some("subscribed") => PresenceKind::Subscribed,
            Some("unsubscribe") => PresenceKind::Unsubscribe,
            Some("unsubscribed") => PresenceKind::Unsubscribed,
            Some("probe") => PresenceKind::Probe,
            Some("error") => PresenceKind::Error(StanzaError::of(&element)),
            Some(_) => return Err(element),
        };
        Ok(Self {
            id: element.attr("id").map(str::to_owned),
            from: Address::parse(&element, "from"),
            to: Address::parse(&element, "to"),
            kind,
            status: text_of(&element, "status"),
            payloads: element.into_children().filter(|child| !is_own(child)).collect(),
        })
    }

    /// The element to send; the server adds the sender.
    pub fn into_element(self) -> Element {
        let mut shown = Vec::new();
        let mut error = None;
        let text = |name: &'static str, text: String| Element::new(name, ns::CLIENT).with_text(text);
        let kind = match self.kind {
            PresenceKind::Available { show, priority } => {
                shown.extend(show_name(show).map(|name| text("show", name.to_owned())));
                shown.extend(self.status.map(|status| text("status", status)));
                shown.extend((priority != 0).then(|| text("priority", priority.to_string())));
                None
            }
            PresenceKind::Unavailable => {
                shown.extend(self.status.map(|status| text("status", status)));
                Some("unavailable")
            }
            PresenceKind::Subscribe => Some("subscribe"),
            PresenceKind::Subscribed => Some("subscribed"),
            PresenceKind::Unsubscribe => Some("unsubscribe"),
            PresenceKind::Unsubscribed => Some("unsubscribed"),
            PresenceKind::Probe => Some("probe"),
            PresenceKind::Error(reason) => {
                error = Some(reason.to_element());
                Some("error")
            }
        };
        let element =
            Element::new("presence", ns::CLIENT).with_optional_attr("type", kind).with_optional_attr("id", self.id);
        self.to.write("to", element).with_children(shown).with_children(self.payloads).with_children(error)
    }

    /// The first payload of this name.
    pub fn payload(&self, name: &str, namespace: &str) -> Option<&Element> {
        self.payloads.iter().find(|payload| payload.is(name, namespace))
    }
}

fn show(element: &Element) -> Show {
    match element.child_text("show", ns::CLIENT).as_deref().map(str::trim) {
        Some("chat") => Show::Chat,
        Some("away") => Show::Away,
        Some("xa") => Show::Xa,
        Some("dnd") => Show::Dnd,
        Some(_) | None => Show::Online,
    }
}

fn show_name(show: Show) -> Option<&'static str> {
    match show {
        Show::Chat => Some("chat"),
        Show::Away => Some("away"),
        Show::Xa => Some("xa"),
        Show::Dnd => Some("dnd"),
        Show::Online | Show::Offline | Show::Invisible => None,
    }
}

fn priority(element: &Element) -> i8 {
    let text = element.child_text("priority", ns::CLIENT).unwrap_or_default();
    let clamped = text.trim().parse::<i64>().unwrap_or(0).clamp(i64::from(i8::MIN), i64::from(i8::MAX));
    i8::try_from(clamped).unwrap_or(0)
}

fn is_own(child: &Element) -> bool {
    child.namespace() == ns::CLIENT && matches!(child.name(), "show" | "status" | "priority" | "error")
}
