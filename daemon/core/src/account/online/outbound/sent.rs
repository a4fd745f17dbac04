//! Stanzas on their way, and what of a message outlives a session.

use jid::{BareJid, Jid};

use super::super::super::input::{StoreTicket, Ticket};
use super::super::super::kept::{KeptMessage, Origin};
use super::super::super::output::{Aside, Change, Incoming};
use crate::stanza::datetime;
use crate::time::Wall;
use crate::xml::ns;

/// A message that leaves as much later than it was taken says so.
const OLD_MILLIS: i64 = 10_000;

/// One stanza on its way, by what its acknowledgement means.
#[derive(Debug)]
pub(in super::super) enum Sent {
    /// The presence with this number.
    Presence(u64),
    /// A message.
    Message(Letter),
    /// The server has this message, and the room it is for is yet to show it.
    AtRoom(Unsent),
    /// Nobody waits.
    Other,
}

/// A message of somebody's, apart from its text.
#[derive(Debug)]
pub(in super::super::super) struct Letter {
    /// Who waits for it.
    pub(in super::super::super) ticket: Option<Ticket>,
    /// No longer than until the disk has it.
    pub(in super::super::super) no_wait: bool,
    /// Its id.
    pub(in super::super::super) id: String,
    /// To whom it goes.
    pub(in super::super::super) to: Jid,
    /// The id is the asker's own, and this tells what was asked for under it.
    pub(in super::super::super) chosen: Option<String>,
    /// When it was taken to be sent.
    pub(in super::super::super) origin: Origin,
    /// It was written in a session that is gone, and the server did not say whether it has it.
    pub(in super::super::super) in_doubt: bool,
    /// So many sessions in a row were ended by the server for something they carried, with this under way.
    pub(in super::super::super) suspected: u8,
    /// So often it came back, or was set aside: what the archive has of it may be from then, and shows nothing.
    pub(in super::super::super) returned: u8,
    /// The id of the message that it takes the place of.
    pub(in super::super::super) replaces: Option<String>,
    /// As the history is to have it, until the disk is asked.
    pub(in super::super::super) filed: Option<Box<Incoming>>,
    /// The disk has it set aside, like this, until it is known to have it as a message to be sent.
    pub(in super::super::super) aside: Option<Box<(Aside, String)>>,
    /// The whole stanza, once the server has it.
    pub(in super::super::super) taken: Option<String>,
    /// It is for a room, whose echo says that it arrived.
    pub(in super::super::super) to_room: bool,
    /// The order in which messages for rooms were taken, which is the one in which they leave.
    pub(in super::super::super) number: u64,
    /// How often the room did not show it.
    pub(in super::super::super) unshown: u32,
}

impl Letter {
    /// Whether it is for this room.
    pub(in super::super::super) fn is_for(&self, room: &BareJid) -> bool {
        self.to_room && self.to.to_bare() == *room
    }

    /// What the disk is asked to keep: the first time also for the history.
    pub(in super::super::super) fn keeping(&mut self, position: Option<u32>, stanza: &str) -> Change {
        Change::Message(self.kept(position, stanza), self.filed.take())
    }

    /// The same for a message that is on the disk alone.
    pub(in super::super::super) fn keeping_behind(&mut self, stanza: &str) -> Change {
        Change::Backlog(self.kept(None, stanza), self.filed.take())
    }

    /// As the disk is to know it.
    pub(in super::super::super) fn kept(&self, position: Option<u32>, stanza: &str) -> KeptMessage {
        let Self { id, to, chosen, origin, in_doubt, returned, replaces, .. } = self;
        KeptMessage {
            id: id.clone(),
            to: to.clone(),
            position,
            tried: *in_doubt,
            chosen: chosen.clone(),
            returned: *returned,
            replaces: replaces.clone(),
            stanza: stanza.to_owned(),
            origin: origin.clone(),
        }
    }
}

impl Sent {
    /// A message that its room is yet to show; it may have been lost on the way there.
    pub(in super::super) fn into_room_message(self) -> Option<Unsent> {
        match self {
            Self::AtRoom(unsent) => Some(unsent.doubted()),
            Self::Message(_) | Self::Presence(_) | Self::Other => None,
        }
    }

    /// Whether others see something of it: what they do is not to be held back from us meanwhile (XEP-0352).
    pub(super) fn is_for_people(&self) -> bool {
        match self {
            Self::Message(_) | Self::Presence(_) => true,
            Self::AtRoom(_) | Self::Other => false,
        }
    }

    /// The message, if it is one.
    pub(in super::super) fn into_letter(self) -> Option<Letter> {
        match self {
            Self::Message(letter) => Some(letter),
            Self::Presence(_) | Self::AtRoom(_) | Self::Other => None,
        }
    }
}

/// A stanza on its way, kept whole for the case that it must be written again.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) sent: Sent,
    pub(super) stanza: String,
}

impl Tracked {
    /// The server has it; a message is given with its stanza, for it may come back. One for a room is not there yet.
    pub(super) fn acknowledged(self) -> Sent {
        match self.sent {
            Sent::Message(letter) if letter.to_room => {
                // What the server has taken did not end a session.
                Sent::AtRoom(Unsent::new(Letter { suspected: 0, ..letter }, self.stanza, None))
            }
            Sent::Message(letter) => Sent::Message(Letter { taken: Some(self.stanza), ..letter }),
            sent @ (Sent::Presence(_) | Sent::AtRoom(_) | Sent::Other) => sent,
        }
    }

    /// A message, for another session.
    pub(super) fn into_unsent(self, awaits: Option<StoreTicket>) -> Option<Unsent> {
        match self.sent {
            Sent::Message(letter) => Some(Unsent::new(letter, self.stanza, awaits)),
            Sent::Presence(_) | Sent::AtRoom(_) | Sent::Other => None,
        }
    }
}

/// A message that no server has acknowledged, looking for its next session.
#[derive(Debug)]
pub(in super::super::super) struct Unsent {
    /// Which it is.
    pub(in super::super::super) letter: Letter,
    /// The whole stanza.
    pub(in super::super::super) stanza: String,
    /// The disk does not know of it yet.
    pub(in super::super::super) awaits: Option<StoreTicket>,
    /// What the disk knows it as, while it does not know of its correction.
    pub(in super::super::super) before: Option<String>,
    /// The room it is for is about to be entered: whoever waits for it goes on waiting.
    pub(in super::super::super) lingers: bool,
}

/// A message that was never written, as far as its text can still be another.
#[derive(Debug)]
pub(in super::super::super) struct Unwritten<'a> {
    pub(in super::super::super) letter: &'a Letter,
    pub(in super::super::super) stanza: &'a mut String,
    pub(in super::super::super) awaits: &'a mut Option<StoreTicket>,
    pub(in super::super::super) before: &'a mut Option<String>,
}

impl Unsent {
    /// A message in no session.
    pub(in super::super::super) fn new(letter: Letter, stanza: String, awaits: Option<StoreTicket>) -> Self {
        Self { letter, stanza, awaits, before: None, lingers: false }
    }

    /// The same, now that it may have arrived and may not.
    pub(in super::super::super) fn doubted(mut self) -> Self {
        self.letter.in_doubt = true;
        self
    }

    /// A message that another process was asked to send, and wrote if it is in doubt.
    pub(in super::super::super) fn kept(message: KeptMessage, in_doubt: bool) -> Self {
        let KeptMessage { id, to, chosen, returned, replaces, stanza, origin, .. } = message;
        let letter = Letter {
            ticket: None,
            no_wait: false,
            id,
            to,
            chosen,
            origin,
            in_doubt,
            suspected: 0,
            returned,
            replaces,
            filed: None,
            aside: None,
            taken: None,
            to_room: is_for_room(&stanza),
            number: 0,
            unshown: 0,
        };
        Self::new(letter, stanza, None)
    }

    /// Its text, to be changed.
    pub(in super::super::super) fn unwritten(&mut self) -> Unwritten<'_> {
        let Self { letter, stanza, awaits, before, .. } = self;
        Unwritten { letter, stanza, awaits, before }
    }

    /// The text that it was given is not kept: it goes as it was.
    pub(in super::super::super) fn undo(&mut self) {
        self.awaits = None;
        self.stanza = self.before.take().unwrap_or(std::mem::take(&mut self.stanza));
    }

    /// The same without a session that could tell what became of it.
    pub(in super::super::super) fn lone(message: KeptMessage) -> Self {
        let in_doubt = message.may_be_written();
        Self::kept(message, in_doubt)
    }

    /// The same of several, which were taken in this order, before all of this process.
    pub(in super::super::super) fn in_order(messages: Vec<KeptMessage>) -> impl Iterator<Item = Self> {
        (1..).zip(messages).map(|(number, message)| {
            let mut unsent = Self::lone(message);
            unsent.letter.number = number;
            unsent
        })
    }

    /// The stanza; of a message that was taken a while ago it tells when (XEP-0203 section 4, XEP-0198 section 5).
    pub(in super::super::super) fn dated(&self, now: Wall) -> String {
        let taken = self.letter.origin.at;
        let is_old = now.as_unix_millis().saturating_sub(taken.as_unix_millis()) >= OLD_MILLIS;
        let is_dated = self.stanza.contains(ns::DELAY);
        match self.stanza.strip_suffix("</message>").filter(|_| is_old && !is_dated) {
            Some(message) => {
                let stamp = datetime::write(taken);
                format!("{message}<delay xmlns='{}' stamp='{stamp}'/></message>", ns::DELAY)
            }
            None => self.stanza.clone(),
        }
    }

    /// Whoever waits is told that it is kept and will be sent, if it is.
    pub(in super::super::super) fn put_off(&mut self) -> Option<(Ticket, String)> {
        if self.awaits.is_some() { None } else { Some((self.letter.ticket.take()?, self.letter.id.clone())) }
    }
}

/// Whether a message of ours is for a room, by its first tag.
pub(super) fn is_for_room(stanza: &str) -> bool {
    stanza.split('>').next().is_some_and(|tag| tag.contains(" type='groupchat'"))
}
