//! Messages that come in: live, as copies of what other clients of ours send and get, and out of the archive. What
//! becomes of them is [`super::archive`]'s.

use jid::{BareJid, Jid};

use super::super::context::Context;
use super::super::output::{Event, Incoming, Speaker};
use super::super::recent::{Noted, Said};
use super::super::returned::may_return;
use super::super::timers::Timer;
use super::outbound::Sent;
use super::{Asker, Online, answers};
use crate::pep::Support;
use crate::stanza::archive::{self, Archived};
use crate::stanza::carbon::Carbon;
use crate::stanza::chat_state::ChatState;
use crate::stanza::delay::Delay;
use crate::stanza::error::ErrorKind;
use crate::stanza::receipts::{self, Receipt};
use crate::stanza::remark::{self, Remark};
use crate::stanza::roster::Subscription;
use crate::stanza::{Address, Message, MessageKind, StanzaError, displayed, encryption, oob, pubsub};
use crate::text;
use crate::xml::{Element, ns};

impl Online {
    pub(super) fn message(&mut self, message: Message, context: &mut Context) {
        if let (MessageKind::Error(error), Some(id)) = (&message.kind, &message.id) {
            return self.returned(&message.from, id, error, context);
        }
        let own = self.session.jid.to_bare();
        let from = match &message.from {
            Address::Absent => Jid::from(own.clone()),
            Address::Jid(jid) => jid.clone(),
            Address::Malformed(_) => return,
        };
        if let Some(event) = message.payloads.iter().find(|payload| payload.is("event", ns::PUBSUB_EVENT)) {
            return self.published(from, pubsub::Event::parse(event.clone()), context);
        }
        if let Some(archived) = Archived::find(&message.payloads) {
            if let Some(archived) = self.room_archived(&message.from, archived, context) {
                self.archived(&message.from, archived, context);
            }
            return;
        }
        if message.kind == MessageKind::Groupchat {
            return self.room_message(message, context);
        }
        if self.invitation(&message, &from, context) {
            return;
        }
        let said = match Carbon::find(&message.payloads) {
            None => self.live(message, from, context),
            Some(carbon) => self.copied(&message, carbon, context),
        };
        if let Some(said) = said {
            self.came(said, context);
        }
    }

    /// A message of ours came back, if it came from where it can; one that only warns (RFC 6120 section 8.3.2) has
    /// arrived.
    fn returned(&mut self, from: &Address, id: &str, error: &StanzaError, context: &mut Context) {
        if error.kind == ErrorKind::Continue {
            return;
        }
        if self.room_lost_us(from, id, error, context) {
            return;
        }
        // Should it come again, the message may be on its way once more.
        self.outbound.press();
        let own = self.session.jid.to_bare();
        let comes_from = |to: &Jid| may_return(to, from, &own);
        let early = self.outbound.refused(id, &comes_from).or_else(|| self.refused_by_room(id, &comes_from, context));
        let rooms = &self.rooms;
        let in_room = |to: &Jid| to.is_full() && rooms.has(&to.to_bare());
        let waits = match early {
            Some((letter, stanza)) => context.returned_early(letter, stanza, &in_room, error),
            None => context.returned_late(id, &comes_from, &in_room, error),
        };
        if let Some(to) = waits {
            context.wait_with_it(self.outbound.take_unwritten(&to));
        }
    }

    /// What came to this very session: it alone answers who wants to know whether it did.
    fn live(&self, message: Message, from: Jid, context: &mut Context) -> Option<Said> {
        let wants_receipt = Receipt::of(&message) == Some(Receipt::Requested);
        let state =
            ChatState::find(&message).filter(|_| matches!(message.kind, MessageKind::Chat | MessageKind::Normal));
        if let Some(state) = state.filter(|_| self.subscription_of(&from.to_bare(), context).is_some()) {
            context.event(Event::ChatState(from.clone(), state));
        }
        match self.said(message, from, context)? {
            Said::Text(text) => Some(Said::Text(Incoming { wants_receipt, ..text })),
            noted @ Said::Noted(_) => Some(noted),
        }
    }

    /// What people read of a message, or what it says of another one.
    pub(super) fn said(&self, message: Message, from: Jid, context: &mut Context) -> Option<Said> {
        match message.kind {
            MessageKind::Normal | MessageKind::Chat | MessageKind::Headline => {}
            // What is said in rooms is told apart before.
            MessageKind::Groupchat | MessageKind::Error(_) => return None,
        }
        let own = self.session.jid.to_bare();
        let to = message.to.jid().cloned().unwrap_or_else(|| self.session.jid.clone().into());
        let place = archive::stanza_id(&message.payloads, &own);
        // A word apart in a room is not one of a contact's, and nobody there may speak of what another one said.
        let nick = from.resource().filter(|_| self.rooms.has(&from.to_bare()));
        if let Some(remark) = Remark::find(&message) {
            let (chat, to) = (from.to_bare(), to.to_bare());
            let from = Jid::from(chat.clone());
            let noted = Noted { chat, from, to, remark, sent: false, place, about: None };
            return nick.is_none().then_some(Said::Noted(noted));
        }
        let encrypted = encryption::method(&message.payloads, message.body.as_deref());
        // What stands beside an encrypted text is for those who cannot read it, and no text.
        let body = message.body.as_deref().filter(|_| encrypted.is_none());
        let body = body.and_then(|body| text::lines_marked(body, text::BODY));
        let subject = message.subject.as_deref().and_then(|subject| text::line_marked(subject, text::READ));
        let urls = oob::urls(&message.payloads);
        if body.is_none() && subject.is_none() && encrypted.is_none() && urls.is_empty() {
            return None;
        }
        let delay = message.payloads.iter().find_map(Delay::parse);
        let delayed = delay.filter(|delay| self.is_own_server(&delay.from)).map(|delay| delay.stamp);
        let room = nick.map(|nick| Speaker { nick: text::line(nick.as_str(), text::READ), id: None });
        Some(Said::Text(Incoming {
            room,
            origin: archive::origin_id(&message.payloads),
            replaces: remark::replaces(&message).filter(|_| nick.is_none()),
            reply_to: remark::reply_to(&message),
            markable: remark::is_markable(&message),
            id: message.id.unwrap_or_else(|| context.entropy.id()),
            from,
            to,
            kind: message.kind,
            body,
            subject,
            encrypted,
            urls,
            at: delayed.unwrap_or(context.now.wall),
            delayed: delayed.is_some(),
            carbon: false,
            sent: false,
            place,
            wants_receipt: false,
        }))
    }

    /// What a copy says, which only our own account may send, to this session, of what it can know (S38).
    fn copied(&self, wrapping: &Message, carbon: Carbon, context: &mut Context) -> Option<Said> {
        let own = self.session.jid.to_bare();
        let is_ours =
            wrapping.to.jid().is_some_and(|to| *to == self.session.jid) && self.is_own_account(&wrapping.from);
        let message = *carbon.message.filter(|_| is_ours)?;
        let from = message.from.jid()?.clone();
        let end = if carbon.sent { Some(&from) } else { message.to.jid() };
        if end.is_none_or(|end| end.to_bare() != own) || carbon.sent && from.resource().is_none() {
            return None;
        }
        Some(match self.said(message, from, context)? {
            Said::Text(text) => Said::Text(Incoming { carbon: true, sent: carbon.sent, ..text }),
            Said::Noted(noted) => Said::Noted(if carbon.sent { noted.by_us() } else { noted }),
        })
    }

    /// What our own account publishes for its clients, or a contact. Only our own account can tell of bookmarks (S41).
    fn published(&mut self, from: Jid, event: Option<pubsub::Event>, context: &mut Context) {
        let is_own = from == self.session.jid.to_bare();
        match event {
            Some(event) if is_own && event.node == ns::BOOKMARKS => self.bookmarks_changed(event.change, context),
            Some(event) if event.node == ns::DISPLAYED => {
                if let (true, pubsub::Change::Items { published, .. }) = (is_own, event.change) {
                    self.read_elsewhere(&published, context);
                }
            }
            event => self.contact_event(from, event, context),
        }
    }

    /// What was noted of how far chats are read.
    pub(super) fn displayed_answered(&self, answer: Result<Option<&Element>, &StanzaError>, context: &mut Context) {
        let items = answer.ok().flatten().cloned().map(pubsub::parse_items).unwrap_or_default();
        self.read_elsewhere(&items, context);
    }

    fn read_elsewhere(&self, items: &[pubsub::Item], context: &mut Context) {
        let own = self.session.jid.to_bare();
        for (chat, place) in items.iter().filter_map(|item| displayed::read(item, &own)) {
            context.read_up_to(&chat, &place);
        }
    }

    /// Everything in the archive is known: what other clients of ours have read of it is not news.
    pub(super) fn ask_what_is_read(&mut self, context: &mut Context) {
        if context.recent.has_unread() {
            self.ask(None, false, displayed::request(), Asker::Displayed, context);
        }
    }

    /// Tells those who want to know, and may, what has arrived and what was read.
    pub(super) fn pay_dues(&mut self, context: &mut Context) {
        if !self.outbound.can_write() || self.leaving.is_some() || !self.contacts_known {
            return;
        }
        for due in std::mem::take(&mut context.dues.receipts) {
            let to = due.to.to_bare();
            if !self.may_be_told(&to, context) {
                continue;
            }
            if self.answers.allow(Some(to), context.now.moment) {
                self.tell(due.to, due.kind, receipts::received(&due.id), context);
            } else {
                // Whoever writes fast still wants to know of each.
                context.dues.receipts.push(due);
                context.timers.set_if_unset(Timer::Due, context.now.moment + answers::REFILL);
            }
        }
        for (chat, read) in std::mem::take(&mut context.dues.read) {
            // Rooms are told nothing, and their places are not of our archive.
            if context.rooms.has(&chat) || self.rooms.has(&chat) {
                continue;
            }
            if let Some(id) = read.marker.filter(|_| self.may_be_told(&chat, context)) {
                self.tell(chat.clone().into(), MessageKind::Chat, remark::displayed(&id), context);
            }
            // Without conditions the node would be open to contacts (S53).
            if let Some(place) = read.place.filter(|_| self.support == Support::Options) {
                let own = self.session.jid.to_bare();
                self.ask(None, true, displayed::publish(&chat, &place, &own), Asker::Probe, context);
            }
        }
    }

    /// Only those who see our presence may know that we are here (S49, S56).
    fn may_be_told(&self, who: &BareJid, context: &Context) -> bool {
        context.settings.messages.receipts && self.subscription_of(who, context).is_some_and(Subscription::sees_us)
    }

    fn tell(&mut self, to: Jid, kind: MessageKind, what: Element, context: &mut Context) {
        let id = context.entropy.id();
        let message = Message { kind, body: None, payloads: vec![what], ..Message::chat(id, to, "") };
        self.outbound.send(&message.into_element(), Sent::Other, context);
    }
}
