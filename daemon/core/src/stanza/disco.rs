//! What an entity is and can do ([XEP-0030](https://xmpp.org/extensions/xep-0030.html), `disco#info`).
//! Asking, and answering only those who may know, is [`crate::disco`]'s.

use super::form::Form;
use crate::xml::{Element, ns};

/// The answer to a `disco#info` request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// The node that was asked about.
    pub node: Option<String>,
    /// What the entity is; in a right answer at least one.
    pub identities: Vec<Identity>,
    /// What it can do, by namespace.
    pub features: Vec<String>,
    /// What else it tells (XEP-0128).
    pub forms: Vec<Form>,
}

/// One of the things an entity is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The category, such as `client`.
    pub category: String,
    /// The type in the category, such as `pc`.
    pub kind: String,
    /// The language of the name; empty for none.
    pub lang: String,
    /// The name; empty for none.
    pub name: String,
}

impl Info {
    /// The request, for the entity itself or for one of its nodes.
    pub fn request(node: Option<&str>) -> Element {
        Element::new("query", ns::DISCO_INFO).with_optional_attr("node", node)
    }

    /// Reads a `<query/>`, be it request or answer; `None` for any other element.
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("query", ns::DISCO_INFO) {
            return None;
        }
        let mut info = Self { node: element.attr("node").map(str::to_owned), ..Self::default() };
        for child in element.children() {
            match (child.namespace(), child.name()) {
                (ns::DISCO_INFO, "identity") => info.identities.push(Identity::parse(child)),
                (ns::DISCO_INFO, "feature") => info.features.extend(child.attr("var").map(str::to_owned)),
                _ => info.forms.extend(Form::parse(child)),
            }
        }
        Some(info)
    }

    /// Whether the entity lists this feature.
    pub fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|listed| listed == feature)
    }

    /// Whether the entity is one of these.
    pub fn is(&self, category: &str, kind: &str) -> bool {
        self.identities.iter().any(|identity| identity.category == category && identity.kind == kind)
    }

    /// Whether the entity is anything of this category.
    pub fn is_any(&self, category: &str) -> bool {
        self.identities.iter().any(|identity| identity.category == category)
    }

    /// The answer to send.
    pub fn to_element(&self) -> Element {
        let features = self.features.iter();
        Element::new("query", ns::DISCO_INFO)
            .with_optional_attr("node", self.node.as_deref())
            .with_children(self.identities.iter().map(Identity::to_element))
            .with_children(features.map(|var| Element::new("feature", ns::DISCO_INFO).with_attr("var", var.as_str())))
            .with_children(self.forms.iter().map(|form| form.to_element("result")))
    }
}

impl Identity {
    fn parse(element: &Element) -> Self {
        let attribute = |name| element.attr(name).unwrap_or_default().to_owned();
        Self {
            category: attribute("category"),
            kind: attribute("type"),
            lang: element.lang().unwrap_or_default().to_owned(),
            name: attribute("name"),
        }
    }

    fn to_element(&self) -> Element {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Element::new("identity", ns::DISCO_INFO)
            .with_attr("category", self.category.as_str())
            .with_attr("type", self.kind.as_str())
            .with_optional_lang(some(&self.lang))
            .with_optional_attr("name", some(&self.name))
    }
}
