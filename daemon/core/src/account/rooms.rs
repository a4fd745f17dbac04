//! The rooms that the account remembers, as its bookmarks say (XEP-0402), and invitations into others. The server's word
//! counts; a copy is on the disk, so that a message to a room is known to be one before there is a session, and for
//! servers that remember nothing. Going in and out is the session's ([`super::online`]).

use std::collections::BTreeMap;

use jid::{BareJid, Jid};

use super::context::Context;
use super::kept::KeptRoom;
use super::output::{Change, Event};
use super::room::Room;
use crate::secret::Secret;
use crate::stanza::bookmark::Bookmark;
use crate::text;

/// So many are remembered; of more, the first by name.
const MOST: usize = 200;
/// So many invitations are remembered, the last ones.
const INVITATIONS: usize = 20;

/// Of one account.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    known: BTreeMap<BareJid, Known>,
    invitations: Vec<(BareJid, Option<Secret>)>,
    /// What watchers were told last.
    told: BTreeMap<BareJid, RoomReport>,
}

#[derive(Debug)]
struct Known {
    bookmark: Bookmark,
    /// The server remembers it, too.
    bookmarked: bool,
}

/// A room as watchers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomReport {
    /// The room.
    pub jid: BareJid,
    /// What it is called, clean.
    pub name: Option<String>,
    /// Our nickname: the one we have inside, else the one to enter with.
    pub nick: Option<String>,
    /// Where we stand.
    pub state: RoomState,
    /// It is entered at the start of a session.
    pub autojoin: bool,
    /// The server remembers it (XEP-0402).
    pub bookmarked: bool,
    /// What it is about, clean.
    pub subject: Option<String>,
    /// Why we are where we are, clean.
    pub reason: Option<String>,
}

/// Where we stand to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomState {
    /// Outside, by wish.
    Left,
    /// On the way in.
    Joining,
    /// Inside.
    Joined,
    /// Outside until the next attempt.
    Retrying,
    /// Put out.
    Kicked,
    /// Put out for good.
    Banned,
    /// There is no such room any more.
    Gone,
    /// Not let in.
    Refused,
}

/// An invitation into a room (XEP-0045 section 7.8, XEP-0249).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Into which.
    pub room: BareJid,
    /// Who invites: the sender, or who the room says it is.
    pub from: Option<Jid>,
    /// Why, clean.
    pub reason: Option<String>,
}

impl Rooms {
    /// As the disk has them, and what watchers are to know of them.
    pub(super) fn restored(kept: Vec<KeptRoom>) -> (Self, Vec<Event>) {
        let mut rooms = Self::default();
        for room in kept {
            let mut bookmark = Bookmark::new(room.jid.clone()).with_autojoin(room.autojoin);
            if let Some(name) = &room.name {
                bookmark = bookmark.with_name(name);
            }
            if let Some(nick) = &room.nick {
                bookmark = bookmark.with_nick(nick);
            }
            rooms.known.insert(room.jid, Known { bookmark, bookmarked: room.bookmarked });
        }
        let reports: Vec<RoomReport> = rooms.known.keys().filter_map(|jid| rooms.report(jid, None)).collect();
        rooms.told = reports.iter().map(|report| (report.jid.clone(), report.clone())).collect();
        (rooms, reports.into_iter().map(Event::Room).collect())
    }

    /// Whether this is a room, as far as is known.
    pub(super) fn has(&self, room: &BareJid) -> bool {
        self.known.contains_key(room)
    }

    /// Whether the server remembers a room.
    pub(super) fn is_bookmarked(&self, room: &BareJid) -> bool {
        self.known.get(room).is_some_and(|known| known.bookmarked)
    }

    /// What is remembered of a room.
    pub(super) fn bookmark(&self, room: &BareJid) -> Option<&Bookmark> {
        self.known.get(room).map(|known| &known.bookmark)
    }

    /// All that are to be entered at the start of a session.
    pub(super) fn to_enter(&self) -> impl Iterator<Item = &BareJid> {
        self.known.iter().filter(|(_, known)| known.bookmark.autojoin()).map(|(room, _)| room)
    }

    /// The password that came with an invitation.
    pub(super) fn invited_with(&self, room: &BareJid) -> Option<Secret> {
        self.invitations.iter().rev().find(|(invited, _)| invited == room)?.1.clone()
    }

    /// A room for watchers, as this session has it; nothing when nothing is to be told of it.
    pub(super) fn report(&self, jid: &BareJid, room: Option<&Room>) -> Option<RoomReport> {
        let known = self.known.get(jid);
        if known.is_none() && room.is_none_or(Room::is_over) {
            return None;
        }
        let clean = |text: Option<&str>| text.and_then(|text| text::line(text, text::READ));
        let bookmark = known.map(|known| &known.bookmark);
        let (state, reason) = room.map_or((RoomState::Left, None), Room::state);
        let wanted = bookmark.and_then(Bookmark::nick);
        let nick = room.and_then(Room::nick).or(wanted.as_deref());
        Some(RoomReport {
            jid: jid.clone(),
            name: clean(bookmark.and_then(Bookmark::name)),
            nick: clean(nick),
            state,
            autojoin: bookmark.is_some_and(Bookmark::autojoin),
            bookmarked: known.is_some_and(|known| known.bookmarked),
            subject: room.and_then(Room::subject).map(str::to_owned),
            reason: clean(reason),
        })
    }
}

impl Context {
    /// The server has told all that it remembers; whoever remembers more is told which rooms those are. Those that were
    /// `entered` before are remembered in any case.
    pub(super) fn bookmarks_came(&mut self, bookmarks: Vec<Bookmark>, entered: &[Bookmark]) -> Vec<BareJid> {
        let mut gone: Vec<BareJid> = self.rooms.known.keys().cloned().collect();
        gone.retain(|room| !bookmarks.iter().take(MOST).chain(entered).any(|bookmark| bookmark.room == *room));
        for bookmark in bookmarks.into_iter().take(MOST) {
            self.remember_room(bookmark, true);
        }
        for room in &gone {
            self.forget_room(room);
        }
        gone
    }

    /// Remembers a room; whether that is news.
    pub(super) fn remember_room(&mut self, bookmark: Bookmark, bookmarked: bool) -> bool {
        let room = bookmark.room.clone();
        let known = self.rooms.known.get(&room);
        let is_news = known.is_none_or(|known| known.bookmark != bookmark || known.bookmarked != bookmarked);
        if !is_news || known.is_none() && self.rooms.known.len() >= MOST {
            return false;
        }
        let kept = |bookmark: &Bookmark, bookmarked| KeptRoom {
            jid: room.clone(),
            name: bookmark.name().map(str::to_owned),
            nick: bookmark.nick(),
            autojoin: bookmark.autojoin(),
            bookmarked,
            border: None,
        };
        let before = known.map(|known| kept(&known.bookmark, known.bookmarked));
        let now = kept(&bookmark, bookmarked);
        self.rooms.known.insert(room.clone(), Known { bookmark, bookmarked });
        if before.as_ref() != Some(&now) {
            self.store(Change::Room(now));
        }
        true
    }

    /// Remembers a room no more.
    pub(super) fn forget_room(&mut self, room: &BareJid) {
        if self.rooms.known.remove(room).is_some() {
            self.inbox.forget_room(room);
            self.store(Change::RoomForgotten(room.clone()));
            self.tell_forgotten(room);
        }
    }

    /// Tells watchers that there is nothing to be told of a room any more.
    pub(super) fn tell_forgotten(&mut self, room: &BareJid) {
        self.room_recent.forget(room);
        if self.rooms.told.remove(room).is_some() {
            self.event(Event::RoomForgotten(room.clone()));
        }
    }

    /// Somebody invites us.
    pub(super) fn invited(&mut self, room: BareJid, from: Option<Jid>, reason: Option<&str>, password: Option<Secret>) {
        let invitations = &mut self.rooms.invitations;
        invitations.retain(|(invited, _)| *invited != room);
        if invitations.len() >= INVITATIONS {
            invitations.remove(0);
        }
        invitations.push((room.clone(), password));
        let reason = reason.and_then(|reason| text::line(reason, text::REASON));
        self.event(Event::Invited(Invitation { room, from, reason }));
    }

    /// Tells watchers how it stands with a room in this session.
    pub(super) fn tell_room(&mut self, jid: &BareJid, room: Option<&Room>) {
        let Some(report) = self.rooms.report(jid, room) else { return };
        if self.rooms.told.insert(jid.clone(), report.clone()).as_ref() != Some(&report) {
            self.event(Event::Room(report));
        }
    }
}
