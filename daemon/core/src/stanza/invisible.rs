//! The command to be invisible ([XEP-0186](https://xmpp.org/extensions/xep-0186.html)). When it may be given, and what
//! follows, is the account's to know.

use super::disco::Info;
use crate::xml::{Element, ns};

/// Be invisible from now on, in this session. The server is to ask after the contacts all the same (section 3.1): it
/// asks their servers, which tell them nothing of it.
pub fn hide() -> Element {
    Element::new("invisible", ns::INVISIBLE).with_attr("probe", "true")
}

/// Be visible again; the presence that follows is seen.
pub fn appear() -> Element {
    Element::new("visible", ns::INVISIBLE)
}

/// Whether a server that describes itself so knows the command (section 5).
pub fn is_offered(answer: &Element) -> bool {
    Info::parse(answer).is_some_and(|info| info.has(ns::INVISIBLE))
}
