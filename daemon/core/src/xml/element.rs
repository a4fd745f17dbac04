//! One element with its attributes and children, in the terms the parser already has: no text is copied on the way in.
//! Attributes lie in a plain list, because the parser's map costs a kilobyte for each namespace among them.
//! Limits on depth, number and size are the reader's work, so a tree that exists is a small one.

use rxml::{AttrMap, Namespace, NcName};

/// An XML element, its name always a pair of namespace and local name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    namespace: Namespace<'static>,
    name: NcName,
    attributes: Vec<Attribute>,
    nodes: Vec<Node>,
}

/// Kept sorted by namespace and name, each pair once.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Attribute {
    namespace: Namespace<'static>,
    name: NcName,
    value: String,
}

/// What may stand inside an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data.
    Text(String),
}

impl Element {
    /// An empty element. The name is one of our own constants.
    pub fn new(name: &'static str, namespace: &str) -> Self {
        Self::from_parts(namespace.to_owned().into(), constant_name(name), AttrMap::new())
    }

    /// What the parser found.
    pub fn from_parts(namespace: Namespace<'static>, name: NcName, attributes: AttrMap) -> Self {
        let mut list = Vec::with_capacity(attributes.len());
        list.extend(attributes.into_iter().map(|((namespace, name), value)| Attribute { namespace, name, value }));
        let attributes = list;
        Self { namespace, name, attributes, nodes: Vec::new() }
    }

    /// The same with an attribute set.
    #[must_use]
    pub fn with_attr(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.set(Namespace::none(), name, value.into());
        self
    }

    /// The same with an attribute set when there is a value for it.
    #[must_use]
    pub fn with_optional_attr(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with_attr(name, value),
            None => self,
        }
    }

    /// The same with its `xml:lang` set when there is one.
    #[must_use]
    pub fn with_optional_lang(mut self, lang: Option<impl Into<String>>) -> Self {
        if let Some(lang) = lang {
            self.set(Namespace::xml(), "lang", lang.into());
        }
        self
    }

    /// The same with a child added behind the others.
    #[must_use]
    pub fn with_child(mut self, child: Self) -> Self {
        self.push(Node::Element(child));
        self
    }

    /// The same with children added behind the others.
    #[must_use]
    pub fn with_children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.nodes.extend(children.into_iter().map(Node::Element));
        self
    }

    /// The same with text added behind what is there.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.push(Node::Text(text.into()));
        self
    }

    /// Adds a node behind the others; adjoining texts become one.
    pub fn push(&mut self, node: Node) {
        match (self.nodes.last_mut(), node) {
            (Some(Node::Text(before)), Node::Text(text)) => before.push_str(&text),
            (Some(_), node) => self.nodes.push(node),
            (None, node) => {
                // Most elements have one, and a list that grows by itself has room for four.
                self.nodes.reserve_exact(1);
                self.nodes.push(node);
            }
        }
    }

    /// The same in no more memory than it needs: a large stanza is mostly small elements, each with room for more.
    #[must_use]
    pub fn complete(mut self) -> Self {
        self.nodes.shrink_to_fit();
        self
    }

    /// Whether the element has this name in this namespace.
    pub fn is(&self, name: &str, namespace: &str) -> bool {
        self.name == *name && self.namespace == *namespace
    }

    /// The local name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace's name; empty for none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// An attribute without namespace.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.find(Namespace::none(), name)
    }

    /// The element's own `xml:lang`, not an inherited one.
    pub fn lang(&self) -> Option<&str> {
        self.find(Namespace::xml(), "lang")
    }

    /// All attributes as namespace, local name and value, sorted by the first two.
    pub fn attributes(&self) -> impl ExactSizeIterator<Item = (&str, &str, &str)> {
        self.attributes.iter().map(|attribute| (&*attribute.namespace, attribute.name.as_str(), &*attribute.value))
    }

    /// Everything inside, in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Everything inside, in order, to be changed where it stands.
    pub fn nodes_mut(&mut self) -> &mut [Node] {
        &mut self.nodes
    }

    /// The local name of every attribute, and its value to be changed where it stands.
    pub fn values_mut(&mut self) -> impl Iterator<Item = (&str, &mut String)> {
        self.attributes.iter_mut().map(|attribute| (attribute.name.as_str(), &mut attribute.value))
    }

    /// The child elements, in order.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(child) => Some(child),
            Node::Text(_) => None,
        })
    }

    /// The child elements, in order, taken out of this one.
    pub fn into_children(self) -> impl Iterator<Item = Self> {
        self.nodes.into_iter().filter_map(|node| match node {
            Node::Element(child) => Some(child),
            Node::Text(_) => None,
        })
    }

    /// The first child of this name.
    pub fn child(&self, name: &str, namespace: &str) -> Option<&Self> {
        self.children().find(|child| child.is(name, namespace))
    }

    /// The character data directly inside, joined.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for node in &self.nodes {
            if let Node::Text(part) = node {
                text.push_str(part);
            }
        }
        text
    }

    /// The text of the first child of this name.
    pub fn child_text(&self, name: &str, namespace: &str) -> Option<String> {
        self.child(name, namespace).map(Self::text)
    }

    fn find(&self, namespace: &Namespace<'static>, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|held| held.name == *name && held.namespace == *namespace);
        found.map(|attribute| attribute.value.as_str())
    }

    fn set(&mut self, namespace: &Namespace<'static>, name: &'static str, value: String) {
        let name = constant_name(name);
        let place = self.attributes.binary_search_by(|held| (&held.namespace, &held.name).cmp(&(namespace, &name)));
        match place {
            Ok(at) => self.attributes[at].value = value,
            Err(at) => self.attributes.insert(at, Attribute { namespace: namespace.clone(), name, value }),
        }
    }
}

fn constant_name(name: &'static str) -> NcName {
    NcName::try_from(name).expect("our own names are XML names")
}
