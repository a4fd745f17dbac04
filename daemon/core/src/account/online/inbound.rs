//! What comes in on a live stream, told apart and believed only from those who may say it (RFC 6120 section 8.2.3,
//! RFC 6121 section 2.1.6).

use jid::{BareJid, Jid};

use super::super::context::Context;
use super::super::output::{Available, Event};
use super::super::timers::Timer;
use super::outbound::{self, ResumeBy, Sent};
use super::{Asker, Online};
use crate::identity;
use crate::loss::Loss;
use crate::presence::{Presence as Availability, Show};
use crate::stanza::carbon;
use crate::stanza::delay::Delay;
use crate::stanza::disco::Info;
use crate::stanza::error::{Condition, ErrorKind};
use crate::stanza::management::Management;
use crate::stanza::roster::Subscription;
use crate::stanza::version::Version;
use crate::stanza::{Address, Iq, IqKind, Presence, PresenceKind, Stanza, StanzaError, ping};
use crate::stream::error::StreamError;
use crate::stream::features::{Features, StreamLimits};
use crate::text;
use crate::xml::{Element, Frame, ns};

impl Online {
    /// Takes in a piece of the server's stream.
    pub(super) fn bytes(&mut self, mut bytes: &[u8], context: &mut Context) -> Result<(), Loss> {
        self.heard(context);
        while let Some(frame) = self.reader.feed(&mut bytes).map_err(Loss::Malformed)? {
            match frame {
                Frame::Element(element) => self.element(element, context)?,
                Frame::Close => return Err(Loss::Closed),
                Frame::Open(_) => return Err(Loss::Unexpected("stream".into())),
            }
        }
        Ok(())
    }

    /// The server lives: nothing needs to be tried for a while.
    pub(super) fn heard(&self, context: &mut Context) {
        context.timers.clear(Timer::Answer);
        context.set_timer(Timer::Idle, self.idle);
    }

    fn element(&mut self, element: Element, context: &mut Context) -> Result<(), Loss> {
        let stanza = Stanza::parse(element);
        if !matches!(stanza, Stanza::Other(_)) && self.outbound.repeats() {
            return Ok(());
        }
        match stanza {
            Stanza::Iq(iq) => self.iq(iq, context),
            Stanza::Message(message) => self.message(message, context),
            Stanza::Presence(presence) => self.presence(&presence, context),
            Stanza::Odd(element) => self.odd(&element, context),
            Stanza::Other(element) => return self.nonza(&element, context),
        }
        self.outbound.handled();
        Ok(())
    }

    /// The server says, in the middle of a session, what it takes (XEP-0478); behind a resumption it may say less than it
    /// did.
    fn limits_told(&mut self, limits: StreamLimits) {
        if limits.max_bytes.is_some() {
            self.outbound.takes_at_once(limits.max_bytes);
        }
        if limits.idle.is_some() {
            self.idle = outbound::idle_within(limits.idle);
        }
    }

    fn nonza(&mut self, element: &Element, context: &mut Context) -> Result<(), Loss> {
        if let Some(error) = StreamError::parse(element) {
            return Err(Loss::Stream(Box::new(error)));
        }
        if let Some(features) = Features::parse(element) {
            if features.client_state {
                self.client_state_offered(context);
            }
            self.limits_told(features.limits);
            self.abilities_told(&features, context);
        }
        match Management::parse(element) {
            Some(Management::Request) => self.outbound.asked(),
            Some(Management::Ack { h }) => {
                let acknowledged = self.outbound.acknowledge(h, context)?;
                self.arrived(acknowledged, context);
            }
            Some(Management::Enabled { resume_by, max, location }) => {
                context.timers.clear(Timer::Acknowledge);
                self.session.resumable = resume_by.is_some();
                self.outbound.enabled(resume_by.map(|previd| ResumeBy::new(previd, max, location.as_deref())));
                self.keep_session(context);
            }
            Some(Management::Failed { .. }) => {
                context.timers.clear(Timer::Acknowledge);
                let declined = self.outbound.declined();
                self.written(declined, context);
            }
            // Nothing of ours asks to resume, and what nobody knows is ignored.
            Some(Management::Resumed { .. }) | None => {}
        }
        Ok(())
    }

    /// The server has these stanzas.
    pub(super) fn arrived(&mut self, sent: Vec<Sent>, context: &mut Context) {
        let (mut messages, mut at_rooms) = (Vec::new(), Vec::new());
        for sent in sent {
            match sent {
                Sent::Presence(number) => self.presence_acknowledged(number, context),
                Sent::Message(letter) => messages.push(letter),
                Sent::AtRoom(unsent) => at_rooms.push(unsent),
                Sent::Other => {}
            }
        }
        self.at_rooms(at_rooms, context);
        context.messages_arrived(messages);
    }

    /// These were written, and nothing will ever acknowledge them: for a message that is all there is to tell, while a
    /// presence may still be reflected.
    pub(super) fn written(&mut self, sent: Vec<Sent>, context: &mut Context) {
        let mut at_rooms = Vec::new();
        for sent in sent {
            match sent {
                Sent::AtRoom(unsent) => at_rooms.push(unsent),
                sent @ (Sent::Message(_) | Sent::Presence(_) | Sent::Other) => {
                    context.messages_arrived(sent.into_letter());
                }
            }
        }
        self.at_rooms(at_rooms, context);
    }

    fn iq(&mut self, iq: Iq, context: &mut Context) {
        let answer = match &iq.kind {
            IqKind::Result => Ok(iq.payload.as_ref()),
            IqKind::Error(error) => Err(error),
            IqKind::Get | IqKind::Set => return self.question(&iq, context),
        };
        if let Address::Malformed(_) = iq.from {
            return;
        }
        if let Some(asker) = self.requests.close(&iq.id, iq.from.jid(), &self.session.jid) {
            self.answered(asker, answer, context);
        }
    }

    /// Answers what is asked of us; those who may not see our presence learn nothing, not even that we are here (S49).
    fn question(&mut self, iq: &Iq, context: &mut Context) {
        let from = iq.from.jid().map(Jid::to_bare);
        if iq.from == Address::default() || from.is_some() {
            let answer = match iq.payload.as_ref() {
                None => iq.error(bad_request()),
                Some(payload) if self.is_own_account(&iq.from) && iq.kind == IqKind::Set => {
                    Self::account_push(iq, payload, context)
                }
                Some(payload) if iq.kind == IqKind::Get && self.may_ask(from.as_ref(), context) => {
                    about_us(iq, payload, context)
                }
                Some(_) => iq.error(StanzaError::service_unavailable()),
            };
            // Our own account may push a whole roster at once, and has an answer to each change coming.
            if self.is_own_account(&iq.from) || self.answers.allow(from, context.now.moment) {
                self.outbound.send(&answer.into_element(), Sent::Other, context);
                self.introduced_by(iq, context);
            }
        }
    }

    /// Goes on behind an answer to our own server's question about what our presence names, once. Servers ask it in
    /// their own name, or in that of our session.
    fn introduced_by(&mut self, iq: &Iq, context: &mut Context) {
        let own = &self.session.jid;
        let is_server = iq.from.jid().is_some_and(|from| {
            *from == *own || from.node().is_none() && from.resource().is_none() && from.domain() == own.domain()
        });
        let names_ours = |payload: &Element| {
            let node = payload.attr("node").filter(|_| payload.is("query", ns::DISCO_INFO));
            node.is_some_and(|node| node == identity::capabilities().query_node())
        };
        let learns = is_server && iq.payload.as_ref().is_some_and(names_ours);
        if learns && !std::mem::replace(&mut self.introduced, true) {
            // What the server does with an answer it may do beside what comes next: this takes a round trip.
            self.ask(None, false, ping::request(), Asker::Introduction, context);
        }
    }

    /// Whether this is our own account speaking: no `from`, or its bare address.
    pub(super) fn is_own_account(&self, from: &Address) -> bool {
        match from {
            Address::Absent => true,
            Address::Jid(jid) => *jid == self.session.jid.to_bare(),
            Address::Malformed(_) => false,
        }
    }

    /// Whether this is our own account or its server speaking.
    pub(super) fn is_own_server(&self, from: &Address) -> bool {
        let own = &self.session.jid;
        self.is_own_account(from) || from.jid().is_some_and(|jid| jid.node().is_none() && jid.domain() == own.domain())
    }

    fn may_ask(&self, from: Option<&BareJid>, context: &Context) -> bool {
        let Some(from) = from else { return true };
        let own = self.session.jid.to_bare();
        // The servers of those who see us ask for them what we listen to.
        let is_seen_there = || self.is_seen() && self.contacts_known && context.contacts.is_seen_at(from.domain());
        let is_server = from.node().is_none() && (from.domain() == own.domain() || is_seen_there());
        let sees_us = || self.is_seen() && self.subscription_of(from, context).is_some_and(Subscription::sees_us);
        is_server || *from == own || sees_us() || self.told.knows(from)
    }

    fn odd(&mut self, element: &Element, context: &mut Context) {
        let from = Address::parse(element, "from");
        if element.name() == "iq" && self.answers.allow(from.jid().map(Jid::to_bare), context.now.moment) {
            let id = element.attr("id").unwrap_or_default().to_owned();
            let iq = Iq { id, from, to: Address::Absent, kind: IqKind::Get, payload: None };
            self.outbound.send(&iq.error(bad_request()).into_element(), Sent::Other, context);
        }
    }

    fn presence(&mut self, presence: &Presence, context: &mut Context) {
        let Some(from) = presence.from.jid() else { return };
        if self.room_presence(presence, from, context) {
            return;
        }
        let availability = match &presence.kind {
            PresenceKind::Subscribe | PresenceKind::Unsubscribe => {
                return self.subscription_came(presence, from, context);
            }
            PresenceKind::Error(error) => return self.presence_refused(presence, error, context),
            // The roster push beside them says what they mean; and clients are not probed.
            PresenceKind::Subscribed | PresenceKind::Unsubscribed | PresenceKind::Probe => return,
            PresenceKind::Available { .. } | PresenceKind::Unavailable => presence.availability(),
        };
        let Some(availability) = availability else { return };
        let contact = from.to_bare();
        if *from == self.session.jid {
            return self.presence_reflected(&availability, context);
        }
        if contact == self.session.jid.to_bare()
            || !self.subscription_of(&contact, context).is_some_and(Subscription::is_seen)
        {
            return;
        }
        self.contact_moved(from, availability.show, context);
        if availability.show == Show::Offline {
            return context.event(Event::Unavailable(from.clone()));
        }
        let since = presence.payloads.iter().find_map(Delay::parse).map(|delay| delay.stamp);
        let status = availability.status.as_deref().and_then(|status| text::line(status, text::READ));
        let presence = Availability { status, ..availability };
        context.event(Event::Available(Available { from: from.clone(), presence, since }));
    }

    /// Asks for copies of what other clients of ours send and get, where the account says that it has them and the
    /// login did not ask already. Prosody names them at the server and not at the account, so that an archive is taken
    /// for a sign as well; a server that has none refuses.
    pub(super) fn ask_for_carbons(&mut self, answer: Result<Option<&Element>, &StanzaError>, context: &mut Context) {
        let info = answer.ok().flatten().and_then(Info::parse);
        let has = info.is_some_and(|info| info.has(ns::CARBONS) || info.has(ns::MAM));
        if has && !std::mem::replace(&mut self.carbons, true) {
            self.ask(None, true, carbon::enable(), Asker::Probe, context);
        }
    }

    /// The stream has been silent: see whether anybody is there.
    pub(super) fn try_stream(&mut self, context: &mut Context) {
        if !self.outbound.probe(context) {
            self.ask(None, false, ping::request(), Asker::Probe, context);
            outbound::expect_answer(context);
        }
    }
}

/// What those who see our presence may know.
fn about_us(iq: &Iq, payload: &Element, context: &Context) -> Iq {
    if payload.is("query", ns::DISCO_INFO) {
        return match identity::describe(payload.attr("node")) {
            Some(info) => iq.result(Some(info)),
            None => iq.error(StanzaError::new(ErrorKind::Cancel, Condition::ItemNotFound)),
        };
    }
    if payload.is("query", ns::VERSION) {
        let version = Version { name: identity::NAME.into(), version: context.settings.version.clone(), os: None };
        return iq.result(Some(version.to_element()));
    }
    if ping::is_request(payload) {
        return iq.result(None);
    }
    iq.error(StanzaError::service_unavailable())
}

fn bad_request() -> StanzaError {
    StanzaError::new(ErrorKind::Modify, Condition::BadRequest)
}
