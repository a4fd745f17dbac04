//! Ping ([XEP-0199](https://xmpp.org/extensions/xep-0199.html)). An error is an answer too: the peer is alive.

use crate::xml::{Element, ns};

/// The request; its result is empty.
pub fn request() -> Element {
    Element::new("ping", ns::PING)
}

/// Whether a payload is the request.
pub fn is_request(payload: &Element) -> bool {
    payload.is("ping", ns::PING)
}
