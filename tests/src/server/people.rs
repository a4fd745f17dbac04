//! The accounts that every private server has, and who is on whose roster.

use crate::certificate::DOMAIN;

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// The part of the JID before the `@`.
    pub name: &'static str,
    /// In clear; it has what quoting breaks on.
    pub password: &'static str,
}

impl Person {
    /// The bare JID.
    #[must_use]
    pub fn jid(self) -> String {
        format!("{}@{DOMAIN}", self.name)
    }
}

/// The daemon's own account.
pub const ROMEO: Person = Person { name: "romeo", password: "call me but love, €5 & 'sworn'" };
/// A contact of Romeo's: both see the other's presence.
pub const JULIET: Person = Person { name: "juliet", password: "o-Romeo-Romeo" };
/// On nobody's roster.
pub const MERCUTIO: Person = Person { name: "mercutio", password: "a plague o' both" };

/// All accounts.
pub const PEOPLE: [Person; 3] = [ROMEO, JULIET, MERCUTIO];

/// Pairs with a subscription of both kinds, the group each is in on the other's roster, in both directions.
pub const CONTACTS: [(Person, Person, &str); 2] = [(ROMEO, JULIET, "Capulet"), (JULIET, ROMEO, "Montague")];
