//! The last messages of an account, in and out: how many nobody has read, and which of them another message may speak
//! of. What is older is known to the disk alone.

use std::collections::{BTreeMap, VecDeque};

use jid::{BareJid, Jid};

use super::context::Context;
use super::input::Ticket;
use super::output::{Change, Event, Incoming, Outcome};
use super::room_recent::RoomWord;
use super::settings::MessageSettings;
use crate::stanza::MessageKind;
use crate::stanza::remark::Remark;

/// So many messages are remembered one by one.
pub const MESSAGES_REMEMBERED: u32 = 200;
/// Of so many chats at most the unread messages are counted (S52).
const CHATS: usize = 1_000;

/// So many receipts at most wait for a session.
const DUES: usize = 100;

/// Of one account.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// The oldest first.
    messages: VecDeque<RecentMessage>,
    /// How many unread messages of each chat are older than those, or were said in a room.
    older: BTreeMap<BareJid, u32>,
}

/// A message without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentMessage {
    /// The other side's bare address.
    pub chat: BareJid,
    /// Its id.
    pub id: String,
    /// The id that its sender gave it, where that is another (XEP-0359).
    pub origin: Option<String>,
    /// Its id in the account's archive.
    pub place: Option<String>,
    /// It went; else it came.
    pub sent: bool,
    /// It came, and nobody has read it.
    pub unread: bool,
    /// Its sender wants to know when it was seen.
    pub markable: bool,
}

/// What the disk knows of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptRecent {
    /// The last, the oldest first.
    pub messages: Vec<RecentMessage>,
    /// How many unread messages of each chat are older than those.
    pub older: Vec<(BareJid, u32)>,
    /// The last that were said in rooms, the oldest first.
    pub in_rooms: Vec<RoomWord>,
}

impl Recent {
    pub(super) fn restored(kept: KeptRecent) -> Self {
        Self { messages: kept.messages.into(), older: kept.older.into_iter().take(CHATS).collect() }
    }

    /// How many messages of each chat nobody has read; chats without any are left out.
    pub(super) fn unread(&self) -> BTreeMap<BareJid, u32> {
        let mut unread = self.older.clone();
        for message in self.messages.iter().filter(|message| message.unread) {
            let count = unread.entry(message.chat.clone()).or_default();
            *count = count.saturating_add(1);
        }
        unread
    }

    /// Remembers a message that is told, or taken to be sent.
    pub(super) fn add(&mut self, message: &Incoming) {
        // What is said in rooms would crowd out all others: it is counted, and what may speak of it is known elsewhere.
        if message.is_said_in_room() {
            if message.is_news() {
                self.count(message.chat());
            }
            return;
        }
        self.messages.push_back(RecentMessage {
            chat: message.chat(),
            id: message.id.clone(),
            origin: message.origin.clone().filter(|origin| *origin != message.id),
            place: message.place.clone(),
            sent: message.sent,
            unread: message.is_news(),
            markable: message.markable,
        });
        if self.messages.len() > usize::try_from(MESSAGES_REMEMBERED).unwrap_or(usize::MAX)
            && let Some(oldest) = self.messages.pop_front().filter(|oldest| oldest.unread)
        {
            self.count(oldest.chat);
        }
    }

    /// Counts an unread message that is not remembered by itself.
    fn count(&mut self, chat: BareJid) {
        if self.older.len() < CHATS || self.older.contains_key(&chat) {
            let count = self.older.entry(chat).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// How many messages of a chat nobody has read.
    pub(super) fn unread_of(&self, chat: &BareJid) -> u32 {
        let own = self.messages.iter().filter(|message| message.unread && message.chat == *chat).count();
        self.older.get(chat).copied().unwrap_or(0).saturating_add(u32::try_from(own).unwrap_or(u32::MAX))
    }

    /// Whether there is any message that nobody has read.
    pub(super) fn has_unread(&self) -> bool {
        !self.older.is_empty() || self.messages.iter().any(|message| message.unread)
    }

    /// Whether this is the id of a message of a chat that went, or came, or either.
    pub(super) fn knows(&self, chat: &BareJid, sent: Option<bool>, id: &str) -> bool {
        self.find(chat, sent, id).is_some()
    }

    fn find(&self, chat: &BareJid, sent: Option<bool>, id: &str) -> Option<usize> {
        let has_id = |message: &RecentMessage| message.id == id || message.origin.as_deref() == Some(id);
        self.messages.iter().rposition(|message| {
            has_id(message) && message.chat == *chat && sent.is_none_or(|sent| sent == message.sent)
        })
    }

    /// Somebody has read a chat, up to and with the message that is the `last`. Whether that is news.
    fn read(&mut self, chat: &BareJid, last: usize) -> bool {
        let mut news = self.older.remove(chat).is_some();
        for message in self.messages.iter_mut().take(last.saturating_add(1)).filter(|message| message.chat == *chat) {
            news |= std::mem::take(&mut message.unread);
        }
        news
    }

    /// What tells others that a chat is read to its end.
    fn end_of(&self, chat: &BareJid) -> Read {
        let came = || self.messages.iter().rev().filter(|message| !message.sent && message.chat == *chat);
        Read {
            marker: came().next().filter(|message| message.markable).map(|message| message.id.clone()),
            place: came().find_map(|message| message.place.clone()),
        }
    }
}

/// Something said, as it comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A message.
    Text(Incoming),
    /// Something about one.
    Noted(Noted),
}

/// What somebody said of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The other side's bare address.
    pub chat: BareJid,
    /// Who says so: a bare address, in a room with the nickname.
    pub from: Jid,
    /// To whom.
    pub to: BareJid,
    /// What.
    pub remark: Remark,
    /// We said it, by another client of ours.
    pub sent: bool,
    /// Its own place in the archive.
    pub place: Option<String>,
    /// In a room, whose message it is said of.
    pub about: Option<Author>,
}

/// Who speaks in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// We do, by this client or another.
    Us,
    /// The room knows who it is, whatever the nickname (XEP-0421).
    Occupant(String),
    /// Whoever has this nickname, which nobody else has had since.
    Nick(Jid),
    /// All that is known is the address: the room itself, or whoever had the nickname then.
    Address(Jid),
}

impl Author {
    /// What others than us are told apart by.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Us => None,
            Self::Occupant(id) => Some(id),
            Self::Nick(jid) | Self::Address(jid) => Some(jid.as_str()),
        }
    }
}

/// What others are to be told when that can be.
#[derive(Debug, Default)]
pub(super) struct Dues {
    /// That messages have come.
    pub(super) receipts: Vec<Receipt>,
    /// How far chats were read.
    pub(super) read: BTreeMap<BareJid, Read>,
}

/// A message whose sender wants to know that it came.
#[derive(Debug)]
pub(super) struct Receipt {
    pub(super) to: Jid,
    pub(super) kind: MessageKind,
    pub(super) id: String,
}

/// How far a chat was read.
#[derive(Debug)]
pub(super) struct Read {
    /// The id of the last message, if its sender wants to know.
    pub(super) marker: Option<String>,
    /// The last place in our archive.
    pub(super) place: Option<String>,
}

impl Said {
    /// Its name: its place in the archive, or the id that another client of ours gave to a message it sent. Other ids are
    /// the senders' own and name nothing.
    pub(super) fn name(&self) -> Option<String> {
        // The border is enough, for a room's archive has one order.
        if self.is_said_in_room() {
            return None;
        }
        match self {
            Self::Text(message) if message.sent => Some(format!("sent {}", message.id)),
            Self::Text(Incoming { place, .. }) | Self::Noted(Noted { place, .. }) => place.clone(),
        }
    }

    /// How many bytes it holds, about.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(Incoming { id, body, subject, urls, encrypted, origin, replaces, reply_to, .. }) => {
                let optional = [body, subject, encrypted, origin, replaces, reply_to];
                let texts = optional.into_iter().flatten().chain(urls).chain([id]);
                size_of::<Self>() + texts.map(String::len).sum::<usize>()
            }
            // All parts of a remark are short, but for what it is about.
            Self::Noted(noted) => size_of::<Self>() + noted.remark.about().len(),
        }
    }

    /// Its place in the archive.
    pub(super) fn place(&self) -> Option<&String> {
        match self {
            Self::Text(Incoming { place, .. }) | Self::Noted(Noted { place, .. }) => place.as_ref(),
        }
    }

    /// Whether it is said in a room, to all.
    pub(super) fn is_said_in_room(&self) -> bool {
        match self {
            Self::Text(message) => message.is_said_in_room(),
            Self::Noted(noted) => noted.about.is_some(),
        }
    }

    /// Whether another client of ours said it.
    pub(super) fn is_by_us(&self) -> bool {
        match self {
            Self::Text(Incoming { sent, .. }) | Self::Noted(Noted { sent, .. }) => *sent,
        }
    }
}

impl Noted {
    /// The same, said by another client of ours.
    pub(super) fn by_us(self) -> Self {
        Self { chat: self.to.clone(), sent: true, ..self }
    }

    /// Which side the message must have come from that this may be said of: nobody takes back what another one wrote, or
    /// says for another that a message has come.
    pub fn about_sent(&self) -> Option<bool> {
        if let Some(author) = &self.about {
            return Some(*author == Author::Us);
        }
        match self.remark {
            Remark::Received(_) | Remark::Displayed(_) => Some(!self.sent),
            Remark::Retraction(_) => Some(self.sent),
            Remark::Reactions(..) => None,
        }
    }
}

impl Context {
    /// Tells watchers what was said.
    pub(super) fn was_said(&mut self, said: Vec<Said>) {
        for said in said {
            match said {
                Said::Text(message) => self.message_came(message),
                Said::Noted(noted) => self.was_noted(noted),
            }
        }
    }

    /// What another client of ours answers was read there.
    fn message_came(&mut self, message: Incoming) {
        self.recent.add(&message);
        if let Some(place) = message.place.as_ref().filter(|_| message.is_said_in_room()) {
            self.room_recent.was_told(&message.chat(), place);
        }
        let (chat, is_answer, is_news) = (message.chat(), message.sent, message.is_news());
        if message.wants_receipt && self.dues.receipts.len() < DUES {
            let (to, kind, id) = (message.from.clone(), message.kind.clone(), message.id.clone());
            self.dues.receipts.push(Receipt { to, kind, id });
        }
        self.event(Event::Message(message));
        if is_answer {
            self.read(&chat, usize::MAX, None);
        } else if is_news {
            self.event(Event::Unread(chat.clone(), self.recent.unread_of(&chat)));
        }
    }

    /// What is said of a message that is not known, or not this one's to speak of, is nothing.
    fn was_noted(&mut self, noted: Noted) {
        if noted.about.is_some() {
            if let Some(place) = &noted.place {
                self.room_recent.was_told(&noted.chat, place);
            }
            // Of rooms that was decided before.
            return self.event(Event::Noted(noted));
        }
        let Some(place) = self.recent.find(&noted.chat, noted.about_sent(), noted.remark.about()) else { return };
        match (&noted.remark, noted.sent) {
            (Remark::Displayed(id), true) => self.read(&noted.chat, place, Some(id.clone())),
            (Remark::Received(_), true) => {}
            (Remark::Received(id) | Remark::Displayed(id), false) => {
                self.taken.arrived(&noted.chat, id);
                self.event(Event::Noted(noted));
            }
            (Remark::Reactions(..) | Remark::Retraction(_), _) => {
                self.event(Event::Noted(noted));
            }
        }
    }

    /// Another client of ours has noted that a chat is read up to this place.
    pub(super) fn read_up_to(&mut self, chat: &BareJid, place: &str) {
        let is_it = |message: &RecentMessage| message.chat == *chat && message.place.as_deref() == Some(place);
        if let Some(last) = self.recent.messages.iter().position(is_it) {
            let id = self.recent.messages.get(last).map(|message| message.id.clone());
            self.read(chat, last, id);
        }
    }

    /// Does otherwise with messages from now on.
    pub(super) fn set_message_settings(&mut self, ticket: Ticket, settings: MessageSettings) {
        self.settings.messages = settings;
        self.reply(ticket, Outcome::Done);
    }

    /// Somebody says that he has read all of a chat, or of every chat; answered at once, as it is not worth waiting for.
    pub(super) fn read_by_command(&mut self, ticket: Ticket, chat: Option<BareJid>) {
        let chats = chat.map_or_else(|| self.recent.unread().into_keys().collect(), |chat| vec![chat]);
        for chat in chats {
            if self.recent.unread_of(&chat) > 0 {
                self.dues.read.insert(chat.clone(), self.recent.end_of(&chat));
                self.read(&chat, usize::MAX, None);
            }
        }
        self.reply(ticket, Outcome::Done);
    }

    /// A chat is read up to this one of the messages that are remembered; on the disk, to the one with this id.
    fn read(&mut self, chat: &BareJid, last: usize, id: Option<String>) {
        if self.recent.read(chat, last) {
            self.store(Change::Read(chat.clone(), id));
            self.event(Event::Unread(chat.clone(), self.recent.unread_of(chat)));
        }
    }
}
