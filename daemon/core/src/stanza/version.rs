//! Which software, in which version ([XEP-0092](https://xmpp.org/extensions/xep-0092.html)). Whom to tell is the
//! account's decision.

use crate::xml::{Element, ns};

/// The answer to a version request; a part that is missing is empty or `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// The software's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The operating system.
    pub os: Option<String>,
}

impl Version {
    /// The request.
    pub fn request() -> Element {
        Element::new("query", ns::VERSION)
    }

    /// Reads a `<query/>`; `None` for any other element.
    pub fn parse(element: &Element) -> Option<Self> {
        let text = |name| element.child_text(name, ns::VERSION);
        element.is("query", ns::VERSION).then(|| Self {
            name: text("name").unwrap_or_default(),
            version: text("version").unwrap_or_default(),
            os: text("os").filter(|os| !os.is_empty()),
        })
    }

    /// The answer to send.
    pub fn to_element(&self) -> Element {
        let text = |name: &'static str, text: &str| Element::new(name, ns::VERSION).with_text(text);
        Self::request()
            .with_child(text("name", &self.name))
            .with_child(text("version", &self.version))
            .with_children(self.os.as_deref().map(|os| text("os", os)))
    }
}
