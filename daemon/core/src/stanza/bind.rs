//! Resource binding ([RFC 6120 section 7](https://www.rfc-editor.org/rfc/rfc6120#section-7)) and the session of old
//! servers. Whether the bound address is our account's is the negotiation's check.

use jid::FullJid;

use crate::xml::{Element, ns};

/// The request, for a resource of the server's choice or of ours.
pub fn request(resource: Option<&str>) -> Element {
    let resource = resource.map(|resource| Element::new("resource", ns::BIND).with_text(resource));
    Element::new("bind", ns::BIND).with_children(resource)
}

/// The address in the answer; `None` when there is no full address in it.
pub fn parse(payload: &Element) -> Option<FullJid> {
    let text = payload.is("bind", ns::BIND).then(|| payload.child_text("jid", ns::BIND))??;
    FullJid::new(text.trim()).ok()
}

/// The request for a session (RFC 3921 section 3), for servers that do not call it optional.
pub fn session() -> Element {
    Element::new("session", ns::SESSION)
}
