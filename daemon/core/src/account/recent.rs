//! The last messages of an account, in and out: how many nobody has read, and which of them another message may speak
//! of. What is older is known to the disk alone.

use std::collections::{BTreeMap, VecDeque};

use jid::BareJid;

use super::context::Context;
use super::input::Ticket;
use super::output::{Change, Event, Incoming, Outcome};
use super::settings::MessageSettings;

/// So many messages are remembered one by one.
pub const MESSAGES_REMEMBERED: u32 = 200;
/// Of so many chats at most the unread messages are counted (S52).
const CHATS: usize = 1_000;

/// Of one account.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// The oldest first.
    messages: VecDeque<RecentMessage>,
    /// How many unread messages of each chat are older than those.
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
}

/// What the disk knows of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptRecent {
    /// The last, the oldest first.
    pub messages: Vec<RecentMessage>,
    /// How many unread messages of each chat are older than those.
    pub older: Vec<(BareJid, u32)>,
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
        self.messages.push_back(RecentMessage {
            chat: message.chat(),
            id: message.id.clone(),
            origin: message.origin.clone().filter(|origin| *origin != message.id),
            place: message.place.clone(),
            sent: message.sent,
            unread: message.is_news(),
        });
        if self.messages.len() > usize::try_from(MESSAGES_REMEMBERED).unwrap_or(usize::MAX)
            && let Some(oldest) = self.messages.pop_front().filter(|oldest| oldest.unread)
            && (self.older.len() < CHATS || self.older.contains_key(&oldest.chat))
        {
            let count = self.older.entry(oldest.chat).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// How many messages of a chat nobody has read.
    pub(super) fn unread_of(&self, chat: &BareJid) -> u32 {
        let own = self.messages.iter().filter(|message| message.unread && message.chat == *chat).count();
        self.older.get(chat).copied().unwrap_or(0).saturating_add(u32::try_from(own).unwrap_or(u32::MAX))
    }

    /// Somebody has read a chat, up to the message at this place or to its end. Whether that is news.
    fn read(&mut self, chat: &BareJid, last: usize) -> bool {
        let mut news = self.older.remove(chat).is_some();
        for message in self.messages.iter_mut().take(last + 1).filter(|message| message.chat == *chat) {
            news |= std::mem::take(&mut message.unread);
        }
        news
    }
}

impl Context {
    /// Tells watchers of messages. What another client of ours answers was read there.
    pub(super) fn messages_came(&mut self, messages: Vec<Incoming>) {
        for message in messages {
            self.recent.add(&message);
            let (chat, is_answer) = (message.chat(), message.sent);
            let is_news = message.is_news();
            self.event(Event::Message(message));
            if is_answer {
                self.read_all(&chat);
            } else if is_news {
                self.event(Event::Unread(chat.clone(), self.recent.unread_of(&chat)));
            }
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
            self.read_all(&chat);
        }
        self.reply(ticket, Outcome::Done);
    }

    fn read_all(&mut self, chat: &BareJid) {
        if self.recent.read(chat, usize::MAX - 1) {
            self.store(Change::Read(chat.clone(), None));
            self.event(Event::Unread(chat.clone(), 0));
        }
    }
}
