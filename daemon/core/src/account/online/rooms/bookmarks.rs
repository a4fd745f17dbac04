//! The account's own node of bookmarks (XEP-0402): read once a session, followed, and changed by what people ask. Only our
//! own account is believed about it (S41).

use jid::BareJid;

use super::super::super::context::Context;
use super::super::super::input::Ticket;
use super::super::super::output::Outcome;
use super::super::super::room::Room;
use super::super::{Asker, Online};
use super::Leaver;
use crate::stanza::bookmark::{self, Bookmark};
use crate::stanza::disco::Info;
use crate::stanza::error::{Condition, ErrorKind};
use crate::stanza::{StanzaError, pubsub};
use crate::xml::{Element, ns};

/// What is known of the node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) enum Bookmarks {
    /// What it has is being asked.
    #[default]
    Unknown,
    /// It can be changed.
    There,
    /// The server has none that can be kept from strangers: what is on the disk counts.
    Absent,
}

/// A change under way.
#[derive(Debug)]
pub(in super::super::super) struct Change {
    what: What,
    /// Who waits for it.
    tickets: Vec<Ticket>,
    /// The node was made what it has to be.
    remade: bool,
}

#[derive(Debug)]
enum What {
    Remember(Bookmark),
    Forget(BareJid),
}

impl Change {
    /// Who waits for it.
    pub(in super::super) fn into_tickets(self) -> Vec<Ticket> {
        self.tickets
    }

    /// The same; nobody waits any more.
    pub(super) fn take_tickets(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.tickets)
    }
}

impl Online {
    /// Our account has said what it supports: asks for the bookmarks, where there can be some.
    pub(in super::super) fn ask_bookmarks(
        &mut self,
        answer: Result<Option<&Element>, &StanzaError>,
        context: &mut Context,
    ) {
        let info = answer.ok().flatten().and_then(Info::parse);
        let has = info.is_some_and(|info| info.is("pubsub", "pep") && info.has(ns::PUBSUB_PUBLISH_OPTIONS));
        if has && context.settings.rooms {
            self.ask(None, false, bookmark::request(), Asker::Bookmarks, context);
        } else {
            self.bookmarks_absent(context);
        }
    }

    /// Nobody says what there is: what is on the disk counts.
    pub(in super::super) fn bookmarks_absent(&mut self, context: &mut Context) {
        self.rooms.bookmarks = Bookmarks::Absent;
        self.enter_remembered(context);
    }

    /// All that the server remembers.
    pub(in super::super) fn bookmarks_answered(
        &mut self,
        answer: Result<Option<&Element>, &StanzaError>,
        context: &mut Context,
    ) {
        self.rooms.bookmarks = Bookmarks::There;
        // What people wanted meanwhile is not in it yet.
        let entered: Vec<Bookmark> =
            self.rooms.list.keys().filter_map(|room| context.rooms.bookmark(room).cloned()).collect();
        match answer {
            Ok(items) => {
                let items = items.cloned().map(pubsub::parse_items).unwrap_or_default();
                let bookmarks: Vec<Bookmark> = items.into_iter().filter_map(Bookmark::parse).collect();
                let rooms: Vec<BareJid> = bookmarks.iter().map(|bookmark| bookmark.room.clone()).collect();
                context.bookmarks_came(bookmarks, &entered);
                for room in rooms {
                    context.tell_room(&room, self.rooms.list.get(&room));
                }
            }
            // There is no node yet, and so no bookmark.
            Err(error) if error.condition == Condition::ItemNotFound => {}
            Err(_) => return self.bookmarks_absent(context),
        }
        for bookmark in entered {
            if !context.rooms.is_bookmarked(&bookmark.room) {
                let change = Change { what: What::Remember(bookmark), tickets: Vec::new(), remade: false };
                self.change_bookmarks(change, context);
            }
        }
        self.enter_remembered(context);
    }

    /// Enters those that are remembered, or that messages wait for, once it is known which these are.
    pub(super) fn enter_remembered(&mut self, context: &mut Context) {
        if !self.rooms.bookmarks.are_known() {
            return;
        }
        let wanted: Vec<BareJid> = context.rooms.to_enter().filter(|_| context.settings.rooms).cloned().collect();
        let (written, forgotten): (Vec<BareJid>, Vec<BareJid>) =
            context.outbox.to_rooms.rooms().into_iter().partition(|room| context.rooms.has(room));
        for room in forgotten.iter().filter(|room| !self.rooms.has(room) && !self.rooms.queue.contains(room)) {
            let text = Some("the room is remembered no more".to_owned());
            let error = StanzaError { text, ..StanzaError::new(ErrorKind::Cancel, Condition::ItemNotFound) };
            context.bar(room, u64::MAX, &error);
        }
        for room in written.into_iter().chain(wanted) {
            self.enter_later(room);
        }
        self.enter_next(context);
    }

    /// Another client of ours, or we ourselves, changed a bookmark.
    pub(in super::super) fn bookmarks_changed(&mut self, change: pubsub::Change, context: &mut Context) {
        if self.rooms.bookmarks != Bookmarks::There {
            return;
        }
        let (published, retracted) = match change {
            pubsub::Change::Items { published, retracted } => (published, retracted),
            pubsub::Change::Purged | pubsub::Change::Deleted => {
                (Vec::new(), context.bookmarks_came(Vec::new(), &[]).iter().map(ToString::to_string).collect())
            }
        };
        for bookmark in published.into_iter().filter_map(Bookmark::parse) {
            let (room, enters) = (bookmark.room.clone(), bookmark.autojoin());
            let is_own = self.is_changing(
                |what| matches!(what, What::Remember(own) if own.room == room && own.autojoin() == enters),
            );
            if !context.remember_room(bookmark, true) {
                continue;
            }
            context.tell_room(&room, self.rooms.list.get(&room));
            if enters {
                self.enter_later(room);
            } else if !is_own {
                self.leave_unasked(&room, context);
            }
        }
        for room in retracted.iter().filter_map(|room| BareJid::new(room).ok()) {
            let is_own = self.is_changing(|what| matches!(what, What::Forget(own) if *own == room));
            context.forget_room(&room);
            if !is_own {
                self.leave_unasked(&room, context);
            }
        }
        self.enter_next(context);
    }

    /// Whether a change is our own: we may be in the room again by now, for what was said to it since it was left.
    fn is_changing(&mut self, is_it: impl Fn(&What) -> bool) -> bool {
        self.requests.askers_mut().any(|asker| matches!(asker, Asker::Bookmark(change) if is_it(&change.what)))
    }

    fn leave_unasked(&mut self, room: &BareJid, context: &mut Context) {
        self.rooms.queue.retain(|queued| queued != room);
        if self.rooms.list.get(room).is_some_and(Room::is_wanted) {
            self.with_room(room, context, Room::leave);
        }
    }

    /// We are in a room that somebody asked for: it is remembered, and they are answered.
    pub(super) fn remember_entered(&mut self, room: &BareJid, tickets: Vec<Ticket>, context: &mut Context) {
        let bookmark = context.rooms.bookmark(room).cloned().unwrap_or_else(|| Bookmark::new(room.clone()));
        let nick = self.rooms.list.get(room).and_then(Room::nick);
        let bookmark = match nick {
            Some(nick) => bookmark.with_nick(nick),
            None => bookmark,
        };
        let password = self.rooms.list.get(room).and_then(Room::password);
        let bookmark = match password {
            Some(password) => bookmark.with_password(password),
            None => bookmark,
        };
        self.remember(bookmark.with_autojoin(true), tickets, context);
    }

    /// We have left a room that somebody asked to leave.
    pub(super) fn remember_left(&mut self, leaver: Leaver, context: &mut Context) {
        let Leaver { room, ticket, forget, .. } = leaver;
        let tickets: Vec<Ticket> = ticket.into_iter().collect();
        if self.rooms.list.remove(&room).is_some() && !context.rooms.has(&room) {
            context.tell_forgotten(&room);
        }
        match context.rooms.bookmark(&room).cloned() {
            Some(_) if forget && self.rooms.bookmarks == Bookmarks::There => {
                let change = Change { what: What::Forget(room), tickets, remade: false };
                self.change_bookmarks(change, context);
            }
            Some(_) if forget => {
                context.forget_room(&room);
                reply_done(tickets, context);
            }
            Some(bookmark) => self.remember(bookmark.with_autojoin(false), tickets, context),
            None => reply_done(tickets, context),
        }
    }

    fn remember(&mut self, bookmark: Bookmark, tickets: Vec<Ticket>, context: &mut Context) {
        let is_known = context.rooms.bookmark(&bookmark.room) == Some(&bookmark);
        if self.rooms.bookmarks == Bookmarks::There && !is_known {
            let change = Change { what: What::Remember(bookmark), tickets, remade: false };
            return self.change_bookmarks(change, context);
        }
        self.remembered(bookmark, is_known && self.rooms.bookmarks == Bookmarks::There, tickets, context);
    }

    fn remembered(&mut self, bookmark: Bookmark, bookmarked: bool, tickets: Vec<Ticket>, context: &mut Context) {
        let room = bookmark.room.clone();
        context.remember_room(bookmark, bookmarked);
        context.tell_room(&room, self.rooms.list.get(&room));
        reply_done(tickets, context);
    }

    fn change_bookmarks(&mut self, change: Change, context: &mut Context) {
        let payload = match &change.what {
            What::Remember(bookmark) => bookmark.publish(),
            What::Forget(room) => bookmark::retraction(room),
        };
        self.ask(None, true, payload, Asker::Bookmark(change), context);
    }

    /// Our account has taken a change, or has not. What it would not take is remembered here.
    pub(in super::super) fn bookmark_answered(
        &mut self,
        mut change: Change,
        answer: Result<(), &StanzaError>,
        context: &mut Context,
    ) {
        if let Err(error) = answer
            && !change.remade
            && pubsub::is_precondition_not_met(error)
        {
            change.remade = true;
            // Stanzas are handled in order.
            self.ask(None, true, bookmark::configuration(), Asker::Probe, context);
            return self.change_bookmarks(change, context);
        }
        match change.what {
            What::Remember(bookmark) => self.remembered(bookmark, answer.is_ok(), change.tickets, context),
            What::Forget(room) => {
                context.forget_room(&room);
                reply_done(change.tickets, context);
            }
        }
    }
}

fn reply_done(tickets: Vec<Ticket>, context: &mut Context) {
    for ticket in tickets {
        context.reply(ticket, Outcome::Done);
    }
}
