//! Writes elements into a client's stream. Every text we send goes through [`escape`], which drops the characters
//! that XML 1.0 cannot carry: no caller can make us send what a server must refuse.

use rxml::XMLNS_XML;

use super::element::{Element, Node};
use super::ns;

/// The end of our stream.
pub const CLOSE: &str = "</stream:stream>";

/// Appends a first-level element. The stream header has declared `jabber:client` as the default namespace and
/// `stream` as the prefix of the stream namespace; everything else is declared where it is used.
pub fn write(element: &Element, out: &mut String) {
    element_in(element, ns::CLIENT, out);
}

/// The text of a first-level element, see [`write`].
pub fn to_string(element: &Element) -> String {
    let mut out = String::new();
    write(element, &mut out);
    out
}

/// Appends ` name='value'`.
pub fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("='");
    escape(value, out);
    out.push('\'');
}

/// Appends text with its markup characters escaped, fit for character data and attribute values alike.
pub fn escape(text: &str, out: &mut String) {
    let mut plain = 0;
    for (at, character) in text.char_indices() {
        let replacement = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '\'' => "&apos;",
            '"' => "&quot;",
            // A parser would turn these into spaces or line feeds.
            '\t' => "&#9;",
            '\n' => "&#10;",
            '\r' => "&#13;",
            other if !is_allowed(other) => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        out.push_str(replacement);
        plain = at + character.len_utf8();
    }
    out.push_str(&text[plain..]);
}

/// Whether XML 1.0 can carry the character (its `Char` production).
pub fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn element_in(element: &Element, default: &str, out: &mut String) {
    let prefix = match element.namespace() {
        ns::STREAM => "stream:",
        XMLNS_XML => "xml:",
        _ => "",
    };
    out.push('<');
    out.push_str(prefix);
    out.push_str(element.name());
    let mut inner_default = default;
    if prefix.is_empty() && element.namespace() != default {
        inner_default = element.namespace();
        attribute("xmlns", inner_default, out);
    }
    attributes_of(element, out);
    if element.nodes().is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    for node in element.nodes() {
        match node {
            Node::Element(child) => element_in(child, inner_default, out),
            Node::Text(text) => escape(text, out),
        }
    }
    out.push_str("</");
    out.push_str(prefix);
    out.push_str(element.name());
    out.push('>');
}

fn attributes_of(element: &Element, out: &mut String) {
    for (count, (namespace, name, value)) in element.attributes().enumerate() {
        match namespace {
            "" => attribute(name, value, out),
            XMLNS_XML => attribute(&format!("xml:{name}"), value, out),
            other => {
                attribute(&format!("xmlns:a{count}"), other, out);
                attribute(&format!("a{count}:{name}"), value, out);
            }
        }
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
