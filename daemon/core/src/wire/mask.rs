//! Which parts of an element are nobody's business. The rule goes by place, so that what is new is rather masked too
//! much: in SASL's namespaces and inside messages only what is known to be harmless stays, elsewhere all goes that is
//! named like a secret.

use crate::xml::{Element, Node, ns};

/// What stands in a secret's place, whatever its length.
pub const MASK: &str = "[masked]";

/// Elements of a login whose text may be read (RFC 6120 section 6, XEP-0388, XEP-0386).
const LOGIN_TEXTS: &[&str] =
    &["mechanism", "text", "authorization-identifier", "software", "device", "task", "tag", "upgrade"];

/// Namespaces whose text may be read inside a message: errors, delays, what contacts publish of themselves.
const MESSAGE_TEXTS: &[&str] = &[
    ns::STANZA_ERRORS,
    ns::DELAY,
    ns::TUNE,
    "http://jabber.org/protocol/mood",
    "http://jabber.org/protocol/activity",
    "http://jabber.org/protocol/nick",
];

/// Attributes inside a message that say what it says, or where that lies.
const MESSAGE_ATTRIBUTES: &[&str] = &["uri", "url", "href", "src", "target", "desc", "name", "title", "alt"];

/// Attributes of an element named like a secret that may be read all the same.
const SECRET_ATTRIBUTES: &[&str] =
    &["mechanism", "expiry", "count", "invalidate", "tls-0rtt", "type", "var", "label", "name"];

/// Namespaces of nothing but secrets, whatever their version: what a password is checked by (XEP-0480), and where a file
/// may be put (XEP-0363).
const SECRET_NAMESPACES: &[&str] = &["urn:xmpp:scram-upgrade:", "urn:xmpp:http:upload"];

/// Parts of names, in small letters and without separators, that mark a secret.
const SECRET_PARTS: &[&str] =
    &["passw", "passphrase", "secret", "token", "credential", "apikey", "cookie", "privatekey"];

/// Whole names that mark one.
const SECRET_NAMES: &[&str] = &["body", "key", "digest", "salt", "otp", "pin", "pass", "pwd", "authorization"];

/// Masks an element with all that is in it.
pub(super) fn mask(element: &mut Element) {
    mask_in(element, Place::Open);
}

/// What an element stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing is known against it.
    Open,
    /// A login.
    Login,
    /// What somebody says.
    Message,
    /// A secret.
    Secret,
}

fn mask_in(element: &mut Element, around: Place) {
    let place = place(element, around);
    let hides_text = match place {
        Place::Open => false,
        Place::Login => !LOGIN_TEXTS.contains(&element.name()),
        Place::Message => !MESSAGE_TEXTS.contains(&element.namespace()),
        Place::Secret => true,
    };
    for (name, value) in element.values_mut() {
        let hides_value = match place {
            Place::Open | Place::Login => is_secret(name),
            Place::Message => is_secret(name) || MESSAGE_ATTRIBUTES.contains(&name),
            Place::Secret => !SECRET_ATTRIBUTES.contains(&name),
        };
        if hides_value {
            MASK.clone_into(value);
        }
    }
    for node in element.nodes_mut() {
        match node {
            Node::Element(child) => mask_in(child, place),
            Node::Text(text) if hides_text && !text.trim_ascii().is_empty() => MASK.clone_into(text),
            Node::Text(_) => {}
        }
    }
}

fn place(element: &Element, around: Place) -> Place {
    let namespace = element.namespace();
    let is_private_field = || {
        element.name() == "field"
            && (element.attr("type") == Some("text-private") || element.attr("var").is_some_and(is_secret))
    };
    let is_secret = is_secret(element.name())
        || SECRET_NAMESPACES.iter().any(|known| namespace.starts_with(known))
        || is_private_field();
    match around {
        Place::Secret => Place::Secret,
        Place::Open | Place::Login | Place::Message if is_secret => Place::Secret,
        Place::Open | Place::Login if namespace == ns::SASL || namespace == ns::SASL2 => Place::Login,
        Place::Open if element.name() == "message" => Place::Message,
        Place::Open | Place::Login | Place::Message => around,
    }
}

/// Whether a name marks a secret.
fn is_secret(name: &str) -> bool {
    // What a service calls a field is its own affair: `muc#roomconfig_roomsecret`, `Pass-Word`.
    let name: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    SECRET_NAMES.contains(&name.as_str()) || SECRET_PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
#[path = "mask_tests.rs"]
mod tests;
