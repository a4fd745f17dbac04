//! Entity capabilities ([XEP-0115](https://xmpp.org/extensions/xep-0115.html)): the `<c/>` in presence and the hash
//! that names a set of capabilities. Caching what the names stand for is [`crate::caps`]'s.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::disco::Info;
use super::form::Form;
use crate::xml::{Element, ns};

/// A `<c/>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caps {
    /// The software's URI.
    pub node: String,
    /// The hash of the capabilities.
    pub ver: String,
    /// The hash's algorithm. `None` is the form before version 1.4: then `ver` says nothing about others.
    pub hash: Option<String>,
}

/// Why capabilities have no hash anyone could rely on: they must not be cached for others (section 5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllFormed {
    /// None, or one twice.
    #[error("no identity, or one twice")]
    Identity,
    /// One twice.
    #[error("a feature twice")]
    Feature,
    /// Two of one type, or one of two types.
    #[error("two forms of one type, or a form of two types")]
    Form,
    /// A part holds a separator, so that other capabilities could have the same hash.
    #[error("a part that holds a separator")]
    Ambiguous,
}

impl Caps {
    /// Reads a `<c/>`; `None` for any other element and for one that names nothing.
    pub fn parse(element: &Element) -> Option<Self> {
        let (node, ver) = (element.attr("node")?, element.attr("ver")?);
        (element.is("c", ns::CAPS) && !node.is_empty() && !ver.is_empty()).then(|| Self {
            node: node.to_owned(),
            ver: ver.to_owned(),
            hash: element.attr("hash").map(str::to_owned),
        })
    }

    /// Ours: the capabilities under the software's URI.
    pub fn of(node: &str, info: &Info) -> Result<Self, IllFormed> {
        Ok(Self { node: node.to_owned(), ver: verification(info)?, hash: Some("sha-1".to_owned()) })
    }

    /// The node to ask for these capabilities.
    pub fn query_node(&self) -> String {
        format!("{}#{}", self.node, self.ver)
    }

    /// Whether this is the right name for what was answered. False for hashes other than SHA-1.
    pub fn names(&self, info: &Info) -> bool {
        self.hash.as_deref() == Some("sha-1") && verification(info).is_ok_and(|ver| ver == self.ver)
    }

    /// The element for presence.
    pub fn to_element(&self) -> Element {
        Element::new("c", ns::CAPS)
            .with_optional_attr("hash", self.hash.as_deref())
            .with_attr("node", self.node.as_str())
            .with_attr("ver", self.ver.as_str())
    }
}

/// The SHA-1 verification string (section 5.1), in base64.
pub fn verification(info: &Info) -> Result<String, IllFormed> {
    let mut text = String::new();
    identities(info, &mut text)?;
    features(info, &mut text)?;
    forms(info, &mut text)?;
    Ok(STANDARD.encode(Sha1::digest(text)))
}

fn identities(info: &Info, text: &mut String) -> Result<(), IllFormed> {
    let mut sorted: Vec<_> = info.identities.iter().collect();
    sorted.sort();
    let all = sorted.len();
    sorted.dedup();
    if sorted.is_empty() || sorted.len() != all {
        return Err(IllFormed::Identity);
    }
    for identity in sorted {
        let named = [&identity.category, &identity.kind];
        let before_name = [&identity.category, &identity.kind, &identity.lang];
        // Without a category or type, `http://` of a feature would pass for the start of an identity.
        if named.iter().any(|part| part.is_empty()) || before_name.iter().any(|part| part.contains('/')) {
            return Err(IllFormed::Ambiguous);
        }
        for part in before_name {
            add(part, '/', text)?;
        }
        add(&identity.name, '<', text)?;
    }
    Ok(())
}

fn features(info: &Info, text: &mut String) -> Result<(), IllFormed> {
    let mut sorted: Vec<_> = info.features.iter().collect();
    sorted.sort();
    if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(IllFormed::Feature);
    }
    sorted.into_iter().try_for_each(|feature| add(feature, '<', text))
}

fn forms(info: &Info, text: &mut String) -> Result<(), IllFormed> {
    let mut sorted = BTreeMap::new();
    for form in &info.forms {
        let Some(kind) = form_type(form)? else { continue };
        if sorted.insert(kind, form).is_some() {
            return Err(IllFormed::Form);
        }
    }
    for (kind, form) in sorted {
        add(kind, '<', text)?;
        let mut fields: Vec<_> = form.fields.iter().filter(|field| field.var != "FORM_TYPE").collect();
        fields.sort_by(|one, other| one.var.cmp(&other.var));
        for field in fields {
            add(&field.var, '<', text)?;
            let mut values: Vec<_> = field.values.iter().collect();
            values.sort();
            values.into_iter().try_for_each(|value| add(value, '<', text))?;
        }
    }
    Ok(())
}

/// The hidden `FORM_TYPE`; forms without one are left out of the hash.
fn form_type(form: &Form) -> Result<Option<&str>, IllFormed> {
    let of_type = form.fields.iter().filter(|field| field.var == "FORM_TYPE");
    let hidden: Vec<_> = of_type.filter(|field| field.kind.as_deref() == Some("hidden")).collect();
    let mut values = hidden.iter().flat_map(|field| &field.values);
    let Some(first) = values.next() else { return Ok(None) };
    if values.all(|value| value == first) { Ok(Some(first)) } else { Err(IllFormed::Form) }
}

fn add(part: &str, separator: char, text: &mut String) -> Result<(), IllFormed> {
    if part.contains('<') {
        return Err(IllFormed::Ambiguous);
    }
    text.push_str(part);
    text.push(separator);
    Ok(())
}

#[cfg(test)]
#[path = "caps_tests.rs"]
mod tests;
