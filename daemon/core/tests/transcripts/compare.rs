//! Compares what was said with what a transcript wants: text with placeholders, and XML frames by their meaning.

use std::collections::BTreeMap;

use xmppd_core::xml::{Element, Frame, Limits, Node, Reader};

/// The texts that placeholders stand for.
pub(crate) type Captures = BTreeMap<String, String>;

/// Whether `found` is what `wanted` describes; keeps what the placeholders stand for.
pub(crate) fn text(wanted: &str, found: &str, captures: &mut Captures) -> bool {
    let Some((before, rest)) = wanted.split_once('{') else {
        return match wanted.strip_suffix('…') {
            Some(start) => found.starts_with(start.trim_end()),
            None => wanted == found,
        };
    };
    let (name, after) = rest.split_once('}').unwrap_or_else(|| panic!("no }} in {wanted}"));
    let Some(found) = found.strip_prefix(before) else { return false };
    if let Some(known) = captures.get(name).cloned() {
        return found.strip_prefix(&*known).is_some_and(|found| text(after, found, captures));
    }
    // The placeholder ends where the text behind it begins.
    let stop = after.chars().next().filter(|stop| *stop != '{');
    let end = stop.map_or(Some(found.len()), |stop| found.find(stop));
    let Some((value, found)) = end.and_then(|end| found.split_at_checked(end)) else { return false };
    if !name.is_empty() {
        captures.insert(name.to_owned(), value.to_owned());
    }
    text(after, found, captures)
}

/// The frames that a `C:` step describes.
pub(crate) fn frames(text: &str) -> Result<Vec<Frame>, String> {
    let opens = text.starts_with("<stream:stream");
    let stream = if opens { complete(text) } else { complete(&format!("<stream:stream>{text}")) };
    let mut reader = Reader::new(Limits::AFTER_LOGIN);
    let (mut bytes, mut frames) = (stream.as_bytes(), Vec::new());
    while let Some(frame) = reader.feed(&mut bytes).map_err(|fault| format!("{fault} in {text}"))? {
        frames.push(frame);
    }
    if !opens {
        frames.remove(0);
    }
    Ok(frames)
}

/// The text with the namespaces that a stream's header needs.
pub(crate) fn complete(text: &str) -> String {
    let header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
    text.replacen("<stream:stream", header, 1)
}

/// Whether one frame is what the other describes.
pub(crate) fn frame(wanted: &Frame, found: &Frame, captures: &mut Captures) -> bool {
    match (wanted, found) {
        (Frame::Open(wanted), Frame::Open(found)) | (Frame::Element(wanted), Frame::Element(found)) => {
            element(wanted, found, captures)
        }
        (Frame::Close, Frame::Close) => true,
        (Frame::Open(_) | Frame::Element(_) | Frame::Close, _) => false,
    }
}

fn element(wanted: &Element, found: &Element, captures: &mut Captures) -> bool {
    let name = wanted.name() == found.name() && wanted.namespace() == found.namespace();
    let attributes = wanted.attributes().len() == found.attributes().len()
        && wanted
            .attributes()
            .zip(found.attributes())
            .all(|(wanted, found)| (wanted.0, wanted.1) == (found.0, found.1) && text(wanted.2, found.2, captures));
    let (wanted, found) = (nodes(wanted), nodes(found));
    let same = wanted.len() == found.len()
        && wanted.iter().zip(&found).all(|pair| match pair {
            (Node::Element(wanted), Node::Element(found)) => element(wanted, found, captures),
            (Node::Text(wanted), Node::Text(found)) => text(wanted.trim(), found.trim(), captures),
            (Node::Element(_) | Node::Text(_), _) => false,
        });
    name && attributes && same
}

/// What counts: everything but blanks beside elements.
fn nodes(element: &Element) -> Vec<&Node> {
    let counts = |node: &&Node| match node {
        Node::Element(_) => true,
        Node::Text(text) => !text.trim().is_empty(),
    };
    element.nodes().iter().filter(counts).collect()
}
