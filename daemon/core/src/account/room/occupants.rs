//! Who is in a room, as the room says; bounded in number and in memory, whoever fills it (S52).

use std::collections::BTreeMap;

use jid::BareJid;

use super::LONGEST_ID;
use crate::presence::Show;
use crate::stanza::muc::{self, User};
use crate::stanza::{Presence, PresenceKind};
use crate::text;

/// So many are remembered of a room.
const MOST: usize = 10_000;
/// So much memory they may take, in bytes, whatever their names are.
const MOST_BYTES: usize = 8 << 20;
/// What one of them takes beside its texts, about.
const OVERHEAD: usize = 128;

/// Somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// The nickname, clean.
    pub nick: String,
    /// What they are to the room.
    pub affiliation: Affiliation,
    /// What they may do now.
    pub role: Role,
    /// Who it is, where the room shows that.
    pub jid: Option<BareJid>,
    /// Who it is to the room, whatever the nickname (XEP-0421).
    pub id: Option<String>,
    /// How available.
    pub show: Show,
}

/// XEP-0045 section 5.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Affiliation {
    /// May do all.
    Owner,
    /// May put others out for good.
    Admin,
    /// May come in where not everybody may.
    Member,
    /// Nothing.
    #[default]
    None,
    /// May not come in.
    Outcast,
}

/// XEP-0045 section 5.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// May put others out.
    Moderator,
    /// May speak.
    Participant,
    /// May listen.
    Visitor,
    /// Nothing.
    #[default]
    None,
}

/// Those of one room, by nickname as it is on the wire.
#[derive(Debug, Default)]
pub(super) struct Occupants {
    known: BTreeMap<String, Occupant>,
    bytes: usize,
    /// There are more than are remembered.
    more: bool,
}

impl Occupants {
    pub(super) fn add(&mut self, nick: &str, presence: &Presence, said: &User, has_ids: bool) {
        self.remove(nick);
        let show = match presence.kind {
            PresenceKind::Available { show, .. } => show,
            PresenceKind::Unavailable
            | PresenceKind::Subscribe
            | PresenceKind::Subscribed
            | PresenceKind::Unsubscribe
            | PresenceKind::Unsubscribed
            | PresenceKind::Probe
            | PresenceKind::Error(_) => return,
        };
        let id = muc::occupant_id(&presence.payloads).filter(|id| has_ids && id.len() <= LONGEST_ID);
        let occupant = Occupant {
            nick: text::line(nick, text::READ).unwrap_or_default(),
            affiliation: Affiliation::read(said.item.affiliation.as_deref()),
            role: Role::read(said.item.role.as_deref()),
            jid: said.item.jid.as_ref().map(jid::Jid::to_bare),
            id: id.map(str::to_owned),
            show,
        };
        let bytes = occupant.bytes(nick);
        if self.known.len() >= MOST || self.bytes + bytes > MOST_BYTES {
            self.more = true;
            return;
        }
        self.bytes += bytes;
        self.known.insert(nick.to_owned(), occupant);
    }

    pub(super) fn remove(&mut self, nick: &str) {
        if let Some(occupant) = self.known.remove(nick) {
            self.bytes -= occupant.bytes(nick);
        }
    }

    /// All that are remembered, and whether there are more.
    pub(super) fn list(&self) -> (Vec<Occupant>, bool) {
        (self.known.values().cloned().collect(), self.more)
    }
}

impl Occupant {
    fn bytes(&self, nick: &str) -> usize {
        let texts = self.jid.as_ref().map_or(0, |jid| jid.as_str().len()) + self.id.as_ref().map_or(0, String::len);
        nick.len() + self.nick.len() + texts + OVERHEAD
    }
}

impl Affiliation {
    fn read(word: Option<&str>) -> Self {
        match word {
            Some("owner") => Self::Owner,
            Some("admin") => Self::Admin,
            Some("member") => Self::Member,
            Some("outcast") => Self::Outcast,
            Some(_) | None => Self::None,
        }
    }
}

impl Role {
    fn read(word: Option<&str>) -> Self {
        match word {
            Some("moderator") => Self::Moderator,
            Some("participant") => Self::Participant,
            Some("visitor") => Self::Visitor,
            Some(_) | None => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present() -> Presence {
        Presence::new(PresenceKind::Available { show: Show::Online, priority: 0 })
    }

    #[test]
    fn ten_thousand_are_remembered_and_no_more() {
        let mut occupants = Occupants::default();
        for number in 0..MOST + 5 {
            occupants.add(&format!("n{number}"), &present(), &User::default(), true);
        }
        assert_eq!((occupants.list().0.len(), occupants.list().1), (MOST, true));
        occupants.add("n1", &present(), &User::default(), true);
        for number in 0..MOST {
            occupants.remove(&format!("n{number}"));
        }
        assert_eq!((occupants.known.len(), occupants.bytes), (0, 0));
    }

    #[test]
    fn long_names_cost_no_more_than_is_allowed() {
        let mut occupants = Occupants::default();
        for number in 0..MOST {
            let nick = format!("{number}{}", "x".repeat(1_000));
            occupants.add(&nick, &present(), &User::default(), true);
        }
        assert!(occupants.bytes <= MOST_BYTES && occupants.list().1);
    }
}
