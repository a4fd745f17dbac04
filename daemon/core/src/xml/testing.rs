//! What tests of XML need: elements from text, and arbitrary elements.

use proptest::prelude::*;
use rxml::{AttrMap, Namespace, NcName};

use super::{Element, Frame, Limits, Node, Reader, ns};

/// A stream header that declares what ours declares.
pub(crate) const HEADER: &str =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/// The frames in `text`, up to the first fault; the text may be cut into `portion` bytes.
pub(crate) fn frames(text: &[u8], portion: usize) -> (Vec<Frame>, Option<super::Fault>) {
    let mut reader = Reader::new(Limits::AFTER_LOGIN);
    let mut frames = Vec::new();
    for part in text.chunks(portion.max(1)) {
        let mut bytes = part;
        loop {
            match reader.feed(&mut bytes) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(fault) => return (frames, Some(fault)),
            }
        }
        assert!(bytes.is_empty());
    }
    (frames, None)
}

/// The one element that `text` is inside a client's stream, be it read whole or byte by byte.
pub(crate) fn element(text: &str) -> Element {
    let stream = format!("{HEADER}{text}");
    let (mut found, fault) = frames(stream.as_bytes(), usize::MAX);
    assert_eq!((&found, fault), (&frames(stream.as_bytes(), 1).0, None), "{text}");
    assert_eq!(found.len(), 2, "{text}");
    match found.pop() {
        Some(Frame::Element(element)) => element,
        other => panic!("{other:?} in {text}"),
    }
}

/// Elements whose names and namespaces are often ones that payload parsers look for.
pub(crate) fn elements(names: &'static [&'static str], namespaces: &'static [&'static str]) -> BoxedStrategy<Element> {
    let name = prop_oneof![
        4 => prop::sample::select(names).prop_map(str::to_owned),
        1 => "[a-z_][a-z0-9.-]{0,5}",
    ];
    let namespace = prop_oneof![
        4 => prop::sample::select(namespaces).prop_map(str::to_owned),
        1 => Just(ns::CLIENT.to_owned()),
        1 => Just(String::new()),
    ];
    let attribute = (
        prop_oneof![5 => Just(String::new()), 1 => Just(rxml::XMLNS_XML.to_owned()), 1 => Just("urn:a".to_owned())],
        prop_oneof![3 => prop::sample::select(names).prop_map(str::to_owned), 1 => "[a-z]{1,4}"],
        value(),
    );
    let head = (name, namespace, prop::collection::vec(attribute, 0..5)).prop_map(|(name, namespace, attributes)| {
        let mut map = AttrMap::new();
        for (namespace, name, value) in attributes {
            map.insert(Namespace::from(namespace), ncname(&name), value);
        }
        Element::from_parts(Namespace::from(namespace), ncname(&name), map)
    });
    let leaf = head.clone().boxed();
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let node = prop_oneof![3 => inner.prop_map(Node::Element), 1 => value().prop_map(Node::Text)];
        (head.clone(), prop::collection::vec(node, 0..6)).prop_map(|(mut element, nodes)| {
            for node in nodes {
                if node != Node::Text(String::new()) {
                    element.push(node);
                }
            }
            element
        })
    })
    .boxed()
}

/// The same attributes and children under another name.
pub(crate) fn renamed(element: &Element, name: &str, namespace: &str) -> Element {
    let attributes = element.attributes();
    let map = attributes
        .map(|(namespace, name, value)| (Namespace::from(namespace.to_owned()), ncname(name), value.to_owned()));
    Element::from_parts(namespace.to_owned().into(), ncname(name), map.collect())
        .with_children(element.children().cloned())
}

fn value() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        "[ -~]{0,12}".prop_map(String::from),
        "-?[0-9]{0,22}".prop_map(String::from),
        any::<String>().prop_map(|text| text.chars().filter(|c| super::writer::is_allowed(*c)).collect()),
        Just("otto@reed.example/desk".to_owned()),
        Just("2026-03-01T10:00:00Z".to_owned()),
    ]
}

fn ncname(name: &str) -> NcName {
    NcName::try_from(name).expect("a test's name is an XML name")
}
