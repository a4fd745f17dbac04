//! Publishing and its notifications ([XEP-0060](https://xmpp.org/extensions/xep-0060.html)) as far as personal eventing
//! ([XEP-0163](https://xmpp.org/extensions/xep-0163.html)) needs them. Which node, and whose word counts, is
//! [`crate::pep`]'s.

use super::StanzaError;
use super::form::Form;
use crate::xml::{Element, ns};

/// An item of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id; empty when there is none.
    pub id: String,
    /// The first thing in it, when there is one.
    pub payload: Option<Element>,
}

/// What happened to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The node.
    pub node: String,
    /// What happened.
    pub change: Change,
}

/// The kinds of notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Items came or went.
    Items {
        /// Those published, in order.
        published: Vec<Item>,
        /// The ids of those retracted.
        retracted: Vec<String>,
    },
    /// All items went.
    Purged,
    /// The node went.
    Deleted,
}

/// Asks to publish an item, under preconditions that also configure a node that does not exist yet
/// (section 7.1.5); without any the element is left out.
pub fn publish(node: &str, id: &str, payload: Element, options: &[(&str, &str)]) -> Element {
    let item = Element::new("item", ns::PUBSUB).with_attr("id", id).with_child(payload);
    let publish = Element::new("publish", ns::PUBSUB).with_attr("node", node).with_child(item);
    let options = (!options.is_empty()).then(|| {
        let form = Form::about(ns::PUBSUB_PUBLISH_OPTIONS, options);
        Element::new("publish-options", ns::PUBSUB).with_child(form.to_element("submit"))
    });
    Element::new("pubsub", ns::PUBSUB).with_child(publish).with_children(options)
}

/// Asks for a node's items, the latest `max` of them when given.
pub fn items_request(node: &str, max: Option<u32>) -> Element {
    let items = Element::new("items", ns::PUBSUB)
        .with_attr("node", node)
        .with_optional_attr("max_items", max.map(|max| max.to_string()));
    Element::new("pubsub", ns::PUBSUB).with_child(items)
}

/// The items in the answer to [`items_request`].
pub fn parse_items(payload: Element) -> Vec<Item> {
    let is_answer = payload.is("pubsub", ns::PUBSUB);
    let items = payload.into_children().find(|child| is_answer && child.is("items", ns::PUBSUB));
    let children = items.into_iter().flat_map(Element::into_children);
    children.filter(|child| child.is("item", ns::PUBSUB)).map(Item::parse).collect()
}

/// Asks for a node's configuration; only its owner may.
pub fn configuration_request(node: &str) -> Element {
    configure(node, None)
}

/// The form in the answer to [`configuration_request`].
pub fn parse_configuration(payload: &Element) -> Option<Form> {
    let pubsub = payload.is("pubsub", ns::PUBSUB_OWNER).then_some(payload)?;
    pubsub.child("configure", ns::PUBSUB_OWNER)?.children().find_map(Form::parse)
}

/// Asks to change these fields of a node's configuration.
pub fn configuration_change(node: &str, fields: &[(&str, &str)]) -> Element {
    configure(node, Some(Form::about(ns::PUBSUB_NODE_CONFIG, fields).to_element("submit")))
}

/// Asks to delete a node with all that is on it and all who subscribed to it; only its owner may (section 8.4).
pub fn deletion(node: &str) -> Element {
    let delete = Element::new("delete", ns::PUBSUB_OWNER).with_attr("node", node);
    Element::new("pubsub", ns::PUBSUB_OWNER).with_child(delete)
}

/// Whether an error says that a node is not configured as the preconditions of [`publish`] ask.
pub fn is_precondition_not_met(error: &StanzaError) -> bool {
    error.is_specific("precondition-not-met", ns::PUBSUB_ERRORS)
}

impl Event {
    /// Reads an `<event/>`; `None` for any other element, and for kinds of notification that are not in [`Change`].
    pub fn parse(element: Element) -> Option<Self> {
        let is_event = element.is("event", ns::PUBSUB_EVENT);
        let happened = element.into_children().find(|child| is_event && child.namespace() == ns::PUBSUB_EVENT)?;
        let node = happened.attr("node")?.to_owned();
        let change = match happened.name() {
            "items" => items(happened),
            "purge" => Change::Purged,
            "delete" => Change::Deleted,
            _ => return None,
        };
        Some(Self { node, change })
    }
}

impl Item {
    fn parse(element: Element) -> Self {
        Self { id: element.attr("id").unwrap_or_default().to_owned(), payload: element.into_children().next() }
    }
}

fn configure(node: &str, form: Option<Element>) -> Element {
    let configure = Element::new("configure", ns::PUBSUB_OWNER).with_attr("node", node).with_children(form);
    Element::new("pubsub", ns::PUBSUB_OWNER).with_child(configure)
}

fn items(element: Element) -> Change {
    let (mut published, mut retracted) = (Vec::new(), Vec::new());
    for child in element.into_children().filter(|child| child.namespace() == ns::PUBSUB_EVENT) {
        match child.name() {
            "item" => published.push(Item::parse(child)),
            "retract" => retracted.extend(child.attr("id").map(str::to_owned)),
            _ => {}
        }
    }
    Change::Items { published, retracted }
}

#[cfg(test)]
#[path = "pubsub_tests.rs"]
mod tests;
