//! The rooms of one session: which are entered and when, what they say, and what is said to them. What a single room is
//! at is the machine's ([`super::super::room`]); what is remembered of them is in [`bookmarks`], their words come in in
//! [`inbound`], which of them are ours is seen in [`echo`], ours go out in [`sending`], what people ask is in [`commands`].

mod bookmarks;
mod commands;
mod echo;
mod inbound;
mod sending;

use std::collections::BTreeMap;
use std::time::Duration;

use jid::{BareJid, Jid};

use super::super::context::Context;
use super::super::input::Ticket;
use super::super::output::Outcome;
use super::super::room::{Action, Asked, Room, Turn, Wish};
use super::super::timers::Timer;
use super::outbound::{Sent, Unsent};
use super::presence::introduced;
use super::{Asker, Online};
use crate::presence;
use crate::secret::Secret;
use crate::stanza::bookmark::Bookmark;
use crate::stanza::muc::{self, History};
use crate::stanza::{Presence, PresenceKind, StanzaError, ping};
use crate::time::Moment;
use crate::xml::Element;

use bookmarks::Bookmarks;
pub(in super::super) use bookmarks::Change as BookmarkChange;
use commands::Leaver;

/// So many rooms are entered at the start of a session (S46).
const MOST: usize = 50;
/// So many at a time.
const AT_ONCE: usize = 5;
/// A room of another server that was silent for so long is asked whether we are in it (XEP-0410).
const SILENT_ELSEWHERE: Duration = Duration::from_secs(15 * 60);
/// The same of a room of our own server: no connection lies between.
const SILENT_HERE: Duration = Duration::from_secs(60 * 60);
/// Silent rooms are looked for this often at most, and only when something else happens: an idle stream is tried more
/// often than this matters.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Of one session.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    list: BTreeMap<BareJid, Room>,
    bookmarks: Bookmarks,
    /// To be entered when others have been.
    queue: Vec<BareJid>,
    /// Rooms that somebody wants to be in, and who waits for that still.
    joining: Vec<(BareJid, Option<Ticket>)>,
    leaving: Vec<Leaver>,
    /// At the server, and not shown by their rooms yet; each until then.
    unshown: Vec<(Unsent, Moment)>,
    /// When silent rooms are looked for again.
    look_at: Moment,
    /// What the rooms that we are in were shown.
    shown: BTreeMap<BareJid, presence::Presence>,
    /// All were left, because whoever is in a room is seen there.
    hidden: bool,
}

impl Rooms {
    /// Whether this is a room of this session.
    pub(super) fn has(&self, room: &BareJid) -> bool {
        self.list.contains_key(room)
    }

    /// Whether a room owes us something: nobody may hold it back.
    pub(super) fn awaits_answers(&self) -> bool {
        !self.unshown.is_empty() || self.list.values().any(Room::is_under_way)
    }

    fn deadline(&self) -> Option<Moment> {
        let rooms = self.list.values().filter_map(Room::deadline);
        rooms.chain(self.unshown.iter().map(|(_, until)| *until)).min()
    }
}

impl Online {
    /// Enters a room of its own accord: as its bookmark says, or because a message waits for it.
    pub(super) fn enter_later(&mut self, room: BareJid) {
        let is_at_it = self.rooms.list.get(&room).is_some_and(|room| room.is_wanted() && !room.is_missing());
        let is_new = !self.rooms.queue.contains(&room) && !is_at_it;
        if is_new && self.rooms.list.len() + self.rooms.queue.len() < MOST {
            self.rooms.queue.push(room);
        }
    }

    /// Enters some of those that wait for it; one that is being left not before we are out of it, for whoever left it is
    /// to hear that we were.
    pub(super) fn enter_next(&mut self, context: &mut Context) {
        while self.leaving.is_none() && !context.is_invisible() {
            let Rooms { list, queue, .. } = &mut self.rooms;
            let is_at_rest = |room: &BareJid| !list.get(room).is_some_and(Room::is_leaving);
            let Some(place) = queue.iter().position(is_at_rest) else { return };
            if list.values().filter(|room| room.is_under_way()).count() >= AT_ONCE {
                return;
            }
            let room = queue.remove(place);
            let wish = self.wish(&room, None, context);
            self.enter(room, wish, context);
        }
    }

    /// How a room is entered: with a nickname that was asked for, else as its bookmark says, else with our own name.
    fn wish(&self, room: &BareJid, asked: Option<(Option<String>, Option<Secret>)>, context: &Context) -> Wish {
        let bookmark = context.rooms.bookmark(room);
        let is_asked = asked.is_some();
        let (nick, password) = asked.unwrap_or_default();
        let own = || self.session.jid.node().map_or_else(|| "xmppd".to_owned(), |node| node.as_str().to_owned());
        Wish {
            is_firm: nick.is_some(),
            nick: nick.or_else(|| bookmark.and_then(Bookmark::nick)).unwrap_or_else(own),
            is_asked,
            password: password
                .or_else(|| bookmark.and_then(Bookmark::password))
                .or_else(|| context.rooms.invited_with(room)),
            in_doubt_since: context.outbox.to_rooms.in_doubt_since(room),
        }
    }

    fn enter(&mut self, jid: BareJid, wish: Wish, context: &mut Context) {
        let known = self.outbound.border_of(&jid).or_else(|| context.inbox.room(&jid)).cloned();
        let own = self.session.jid.to_bare();
        self.rooms.list.entry(jid.clone()).or_insert_with(|| Room::new(jid.clone(), own, wish.clone(), known));
        self.with_room(&jid, context, |room, turn| room.enter(wish, turn));
    }

    /// Has a room's machine take something in, and does what comes out.
    pub(super) fn with_room(
        &mut self,
        jid: &BareJid,
        context: &mut Context,
        take: impl FnOnce(&mut Room, &mut Turn<'_>),
    ) {
        let Some(room) = self.rooms.list.get_mut(jid) else { return };
        let mut turn = Turn { now: context.now, entropy: &mut context.entropy, actions: Vec::new() };
        take(room, &mut turn);
        for action in turn.actions {
            self.act_in_room(jid, action, context);
        }
        self.drop_room(jid, context);
        self.enter_next(context);
    }

    /// Nothing is to be told of a room that is not remembered once we are out of it for good.
    fn drop_room(&mut self, jid: &BareJid, context: &mut Context) {
        let is_over = self.rooms.list.get(jid).is_some_and(Room::is_over);
        if is_over && !context.rooms.has(jid) {
            self.rooms.list.remove(jid);
            context.tell_forgotten(jid);
        }
    }

    fn act_in_room(&mut self, jid: &BareJid, action: Action, context: &mut Context) {
        match action {
            Action::Enter(nick, history, password) => self.send_entering(jid, &nick, history, password, context),
            Action::Exit(nick) => {
                let presence = Presence::new(PresenceKind::Unavailable);
                self.send_to_occupant(jid, &nick, presence, context);
            }
            Action::Ask(asked, element) => self.ask_room(jid, asked, element, context),
            Action::Changed => context.tell_room(jid, self.rooms.list.get(jid)),
            Action::Entered => self.entered(jid, context),
            Action::Failed(error) => self.not_entered(jid, error.as_ref(), context),
            Action::Left(why) => self.left(jid, why.as_ref(), context),
            Action::Ready { sure } => self.release_room(jid, sure, context),
            Action::Gone(nick) => context.room_recent.gone(jid, &nick),
            Action::Heard(spoken, border) => {
                if let Some(said) = spoken.and_then(|spoken| context.room_recent.judged(jid, *spoken)) {
                    self.outbound.received(said);
                }
                if let Some(border) = border {
                    self.outbound.room_known_to(jid.clone(), border);
                }
            }
        }
    }

    fn send_entering(
        &mut self,
        jid: &BareJid,
        nick: &str,
        history: History,
        password: Option<Secret>,
        context: &mut Context,
    ) {
        let shown = presence_for(jid, context);
        let mut presence = introduced(Presence::of(&shown), None);
        self.rooms.shown.insert(jid.clone(), shown);
        presence.payloads.push(muc::enter(history, password.as_ref()));
        if !self.send_to_occupant(jid, nick, presence, context) {
            let error = StanzaError::new(
                crate::stanza::error::ErrorKind::Modify,
                crate::stanza::error::Condition::JidMalformed,
            );
            self.not_entered(jid, Some(&error), context);
            context.put_off_for(jid);
        }
    }

    /// What rooms are to be shown now: what contacts are, or what was said to be shown to this one (section 7.7).
    pub(super) fn stanzas_to_rooms(&mut self, context: &Context) -> Vec<Element> {
        let mut stanzas = Vec::new();
        if !context.outward.composed().presence.show.is_visible() {
            return stanzas;
        }
        for (jid, room) in &self.rooms.list {
            let Some(Ok(occupant)) = room.nick().map(|nick| jid.with_resource_str(nick)) else { continue };
            let shown = presence_for(jid, context);
            if self.rooms.shown.get(jid) != Some(&shown) {
                stanzas.push(introduced(Presence::of(&shown), None).to(Jid::from(occupant)).into_element());
                self.rooms.shown.insert(jid.clone(), shown);
            }
        }
        stanzas
    }

    /// Whether the nickname can stand in an address.
    fn send_to_occupant(&mut self, room: &BareJid, nick: &str, presence: Presence, context: &mut Context) -> bool {
        let Ok(to) = room.with_resource_str(nick) else { return false };
        self.outbound.rouse(context);
        self.outbound.send(&presence.to(Jid::from(to)).into_element(), Sent::Other, context);
        true
    }

    fn ask_room(&mut self, jid: &BareJid, asked: Asked, element: Element, context: &mut Context) {
        let occupant = || self.rooms.list.get(jid)?.nick().and_then(|nick| jid.with_resource_str(nick).ok());
        let (to, set) = match asked {
            Asked::Abilities => (Jid::from(jid.clone()), false),
            Asked::Page | Asked::Defaults => (Jid::from(jid.clone()), true),
            Asked::Self_ => match occupant() {
                Some(occupant) => (Jid::from(occupant), false),
                None => return,
            },
        };
        self.ask(Some(to), set, element, Asker::Room(jid.clone(), asked), context);
    }

    /// We are in: who waits for it is answered once the room is remembered.
    fn entered(&mut self, jid: &BareJid, context: &mut Context) {
        let askers: Vec<Option<Ticket>> =
            self.rooms.joining.extract_if(.., |(room, _)| room == jid).map(|(_, ticket)| ticket).collect();
        if !askers.is_empty() {
            self.remember_entered(jid, askers.into_iter().flatten().collect(), context);
        }
    }

    /// We could not go in.
    fn not_entered(&mut self, jid: &BareJid, error: Option<&StanzaError>, context: &mut Context) {
        let outcome = error.map_or(Outcome::TimedOut, |error| Outcome::Refused(error.clone()));
        let askers = self.rooms.joining.extract_if(.., |(room, _)| room == jid);
        for ticket in askers.filter_map(|(_, ticket)| ticket) {
            context.reply(ticket, outcome.clone());
        }
    }

    /// At each input: what has become due is done, and silent rooms are asked whether we are in them.
    pub(super) fn try_rooms(&mut self, context: &mut Context) {
        if self.leaving.is_some() || self.rooms.list.is_empty() && self.rooms.queue.is_empty() {
            return context.timers.clear(Timer::Rooms);
        }
        self.hide_from_rooms(context);
        let now = context.now.moment;
        if self.rooms.deadline().is_some_and(|at| at <= now) {
            let rooms: Vec<BareJid> = self.rooms.list.keys().cloned().collect();
            for room in rooms {
                self.with_room(&room, context, Room::tick);
            }
            self.look_for_unshown(context);
        }
        if self.rooms.look_at <= now {
            self.rooms.look_at = now + LOOK_EVERY;
            self.ask_silent_rooms(context);
        }
        match self.rooms.deadline() {
            Some(at) => context.timers.set(Timer::Rooms, at),
            None => context.timers.clear(Timer::Rooms),
        }
    }

    /// Whoever is in a room is seen there: who is invisible leaves all of them, and comes back when he is not.
    fn hide_from_rooms(&mut self, context: &mut Context) {
        let hides = context.is_invisible();
        if std::mem::replace(&mut self.rooms.hidden, hides) == hides {
            return;
        }
        if !hides {
            return self.enter_remembered(context);
        }
        let wanted = self.rooms.list.iter().filter(|(_, room)| room.is_wanted());
        let wanted: Vec<BareJid> = wanted.map(|(jid, _)| jid.clone()).collect();
        for room in wanted {
            self.with_room(&room, context, Room::leave);
        }
    }

    fn ask_silent_rooms(&mut self, context: &mut Context) {
        let now = context.now.moment;
        let own = self.session.jid.domain().as_str().to_owned();
        let is_silent = |(jid, room): (&BareJid, &Room)| {
            let domain = jid.domain().as_str();
            let is_here = domain.strip_suffix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            let limit = if is_here { SILENT_HERE } else { SILENT_ELSEWHERE };
            room.silent_since().is_some_and(|since| since + limit <= now).then(|| jid.clone())
        };
        let silent: Vec<BareJid> = self.rooms.list.iter().filter_map(is_silent).collect();
        for room in silent {
            self.ask_whether_inside(&room, context);
        }
    }

    /// Asks ourselves in a room, if we are in it (XEP-0410).
    pub(super) fn ask_whether_inside(&mut self, room: &BareJid, context: &mut Context) {
        self.with_room(room, context, |room, turn| room.asks_itself(turn));
        self.ask_room(room, Asked::Self_, ping::request(), context);
    }

    /// The connection is gone: nobody waits, and what they wanted goes on when the session does.
    pub(super) fn take_room_askers(&mut self) -> Vec<Ticket> {
        let joining = self.rooms.joining.iter_mut().filter_map(|(_, ticket)| ticket.take());
        let leaving = self.rooms.leaving.iter_mut().filter_map(|leaver| leaver.ticket.take());
        let mut tickets: Vec<Ticket> = joining.chain(leaving).collect();
        for asker in self.requests.askers_mut() {
            if let Asker::Bookmark(change) = asker {
                tickets.extend(change.take_tickets());
            }
        }
        tickets
    }

    /// The session is over: messages that no room has shown look for the next one, and nobody is in a room.
    pub(super) fn end_rooms(&mut self, context: &mut Context) -> Vec<Unsent> {
        let rooms = std::mem::take(&mut self.rooms);
        for ticket in rooms.joining.into_iter().filter_map(|(_, ticket)| ticket) {
            context.reply(ticket, Outcome::NotOnline(None));
        }
        for leaver in rooms.leaving {
            leaver.end(Outcome::NotOnline(None), context);
        }
        for jid in rooms.list.keys() {
            context.room_recent.all_gone(jid);
            if context.rooms.has(jid) {
                context.tell_room(jid, None);
            } else {
                context.tell_forgotten(jid);
            }
        }
        context.outbox.to_rooms.end_lingering();
        rooms.unshown.into_iter().filter_map(|(unsent, _)| Sent::AtRoom(unsent).into_room_message()).collect()
    }
}

/// What a room is shown.
fn presence_for(room: &BareJid, context: &Context) -> presence::Presence {
    let all = context.outward.composed().presence;
    match context.outward.layers().directed().iter().find(|directed| directed.to.to_bare() == *room) {
        Some(own) => presence::Presence { show: own.show, status: own.status.clone(), ..all },
        None => all,
    }
}
