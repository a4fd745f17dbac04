//! Who a stanza names as its sender or receiver. Telling "nobody" from "unreadable" matters: no `from` means our own
//! server, an unreadable one means nobody we could believe.

use jid::Jid;

use crate::xml::Element;

/// A `from` or `to` attribute (RFC 6120 section 8.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Address {
    /// No attribute.
    #[default]
    Absent,
    /// An address, normalised.
    Jid(Jid),
    /// Something that is no address.
    Malformed(String),
}

impl Address {
    /// Reads an attribute.
    pub fn parse(element: &Element, attribute: &str) -> Self {
        match element.attr(attribute) {
            None => Self::Absent,
            Some(text) => Jid::new(text).map_or_else(|_| Self::Malformed(text.to_owned()), Self::Jid),
        }
    }

    /// The address, when there is one.
    pub fn jid(&self) -> Option<&Jid> {
        match self {
            Self::Jid(jid) => Some(jid),
            Self::Absent | Self::Malformed(_) => None,
        }
    }

    /// Whether there is no attribute at all.
    pub fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    pub(super) fn write(&self, attribute: &'static str, element: Element) -> Element {
        element.with_optional_attr(attribute, self.jid().map(Jid::as_str))
    }
}

impl<J: Into<Jid>> From<J> for Address {
    fn from(jid: J) -> Self {
        Self::Jid(jid.into())
    }
}
