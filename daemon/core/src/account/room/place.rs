//! What a message in a room says, and who says it: whom to believe what there (S42 to S45).

use jid::{BareJid, Jid};

use super::super::output::{Incoming, Speaker};
use super::super::recent::{Author, Noted, Said};
use super::told::Name;
use super::turn::{Spoken, Turn};
use super::{Abilities, LONGEST_ID, Room, Stage};
use crate::stanza::delay::Delay;
use crate::stanza::remark::{self, Remark};
use crate::stanza::{Message, MessageKind, archive, encryption, muc, oob};
use crate::text;
use crate::time::Wall;

/// Who speaks, and whom to believe what.
pub(super) struct Place<'a> {
    pub(super) room: &'a BareJid,
    pub(super) own: &'a BareJid,
    pub(super) nick: &'a str,
    /// Who we are to the room.
    pub(super) id: Option<&'a str>,
    pub(super) abilities: Abilities,
}

impl Place<'_> {
    /// When it was said, by the room's word alone (S43).
    pub(super) fn stamp(&self, message: &Message) -> Option<Wall> {
        stamp(message, self.room)
    }

    /// What people read of it, or what it says of another one, and who says so.
    pub(super) fn spoken(
        &self,
        message: Message,
        stamp: Option<Wall>,
        live: bool,
        turn: &mut Turn<'_>,
    ) -> Option<Spoken> {
        let from = message.from.jid().filter(|from| from.to_bare() == *self.room)?.clone();
        let by = self.author(&message, &from, live && stamp.is_none());
        let said = match Remark::find(&message) {
            // Rooms and those in them are told nothing of what came and what was read, and neither are we.
            Some(Remark::Received(_) | Remark::Displayed(_)) => return None,
            Some(remark @ (Remark::Reactions(..) | Remark::Retraction(_))) => Said::Noted(Noted {
                chat: self.room.clone(),
                from,
                to: self.room.clone(),
                remark,
                sent: by == Author::Us,
                place: self.id(&message),
                about: None,
            }),
            None => Said::Text(self.incoming(message, from, stamp, by == Author::Us, turn)?),
        };
        Some(Spoken { said, by })
    }

    /// Who speaks. Live, whoever has our nickname is us; before, only who the room says is us.
    fn author(&self, message: &Message, from: &Jid, live: bool) -> Author {
        let nick = from.resource().map(|nick| nick.as_str());
        if self.abilities.occupant_ids {
            // The room knows everybody by an id: who has none is nobody known.
            return match muc::occupant_id(&message.payloads).filter(|id| id.len() <= LONGEST_ID) {
                Some(id) if self.id == Some(id) => Author::Us,
                Some(id) => Author::Occupant(id.to_owned()),
                None if live && nick == Some(self.nick) => Author::Us,
                None => Author::Address(from.clone()),
            };
        }
        match nick {
            Some(nick) if live && nick == self.nick => Author::Us,
            Some(_) if live => Author::Nick(from.clone()),
            Some(_) | None => Author::Address(from.clone()),
        }
    }

    /// What people read of it.
    fn incoming(
        &self,
        message: Message,
        from: Jid,
        stamp: Option<Wall>,
        sent: bool,
        turn: &mut Turn<'_>,
    ) -> Option<Incoming> {
        let encrypted = encryption::method(&message.payloads, message.body.as_deref());
        let urls = oob::urls(&message.payloads);
        // What stands beside an encrypted text is for those who cannot read it, and no text.
        let body = message.body.as_deref().filter(|_| encrypted.is_none());
        let body = body.and_then(|body| text::lines_marked(body, text::BODY));
        if body.is_none() && encrypted.is_none() && urls.is_empty() {
            return None;
        }
        let subject = message.subject.as_deref().and_then(|subject| text::line_marked(subject, text::READ));
        let id = muc::occupant_id(&message.payloads).filter(|id| self.abilities.occupant_ids && id.len() <= LONGEST_ID);
        let nick = from.resource().and_then(|nick| text::line(nick.as_str(), text::READ));
        let room = Speaker { nick, id: id.map(str::to_owned) };
        Some(Incoming {
            origin: archive::origin_id(&message.payloads),
            place: self.id(&message),
            replaces: remark::replaces(&message),
            reply_to: remark::reply_to(&message),
            // Nobody tells a room that a word has come, or was read.
            markable: false,
            wants_receipt: false,
            encrypted,
            urls,
            id: message.id.unwrap_or_else(|| turn.entropy.id()),
            from,
            to: Jid::from(if sent { self.room.clone() } else { self.own.clone() }),
            kind: MessageKind::Groupchat,
            body,
            subject,
            at: stamp.unwrap_or(turn.now.wall),
            delayed: stamp.is_some(),
            // Another client of ours said it.
            carbon: sent,
            sent,
            room: Some(room),
        })
    }

    /// What a message is known by, told at this time, `again` when that is the room's word.
    pub(super) fn name(&self, message: &Message, at: Wall, again: bool) -> Option<Name> {
        if let Some(place) = self.id(message) {
            return Some(Name::Place(place));
        }
        let nick = message.from.jid()?.resource()?;
        let id = message.id.as_deref().filter(|id| id.len() <= LONGEST_ID)?;
        Some(Name::Given { name: format!("{nick} {id}"), at, again })
    }

    /// Where the room's archive has it.
    pub(super) fn id(&self, message: &Message) -> Option<String> {
        let id = archive::stanza_id(&message.payloads, self.room);
        id.filter(|id| self.abilities.archive && id.len() <= LONGEST_ID)
    }
}

impl Room {
    /// When something was said, by the room's word; nothing where it is said now.
    pub(in super::super) fn stamp_of(&self, message: &Message) -> Option<Wall> {
        stamp(message, &self.jid)
    }

    /// Whether we say this under the nickname that we have now, or another client of ours does.
    pub(in super::super) fn is_by_us(&self, message: &Message) -> bool {
        let Stage::Inside(inside) = &self.stage else { return false };
        let has_nick = message.from.jid().and_then(Jid::resource).is_some_and(|nick| nick.as_str() == inside.nick);
        has_nick && inside.id.as_deref().is_none_or(|id| muc::occupant_id(&message.payloads) == Some(id))
    }

    /// Whether the room says that it shows all under the ids that were given to it.
    pub(in super::super) fn keeps_ids(&self) -> bool {
        self.abilities.is_some_and(|abilities| abilities.keeps_ids)
    }
}

fn stamp(message: &Message, room: &BareJid) -> Option<Wall> {
    let is_rooms = |delay: &Delay| delay.from.jid().is_some_and(|from| from.to_bare() == *room);
    message.payloads.iter().find_map(|payload| Delay::parse(payload).filter(is_rooms)).map(|delay| delay.stamp)
}
