//! When something was first sent ([XEP-0203](https://xmpp.org/extensions/xep-0203.html)). Anyone can write this:
//! whether its author is to be believed is the account's decision.

use super::{Address, datetime};
use crate::time::Wall;
use crate::xml::{Element, ns};

/// A `<delay/>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delay {
    /// Who claims to have held it back.
    pub from: Address,
    /// When it was first sent.
    pub stamp: Wall,
}

impl Delay {
    /// Reads a `<delay/>`; `None` for any other element and for a stamp that is none.
    pub fn parse(element: &Element) -> Option<Self> {
        let stamp = element.is("delay", ns::DELAY).then(|| element.attr("stamp"))??;
        Some(Self { from: Address::parse(element, "from"), stamp: datetime::parse(stamp)? })
    }
}
