//! Since when somebody is idle ([XEP-0319](https://xmpp.org/extensions/xep-0319.html)): a payload of presence.

use super::datetime;
use crate::time::Wall;
use crate::xml::{Element, ns};

/// The payload.
pub fn since(since: Wall) -> Element {
    Element::new("idle", ns::IDLE).with_attr("since", datetime::write(since))
}
