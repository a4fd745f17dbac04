//! A session whose connection is gone and which the server may still hold: kept whole, taken up again where it was, or
//! given up (XEP-0198 section 5). Contacts notice nothing of the first two.

use std::time::Duration;

use jid::{BareJid, FullJid, Jid};

use super::super::Link;
use super::super::context::Context;
use super::super::input::{Correcting, StoreTicket, Ticket};
use super::super::kept::{self, KeptMessage, KeptSession};
use super::super::login::Woken;
use super::super::offline::{self, Offline};
use super::super::outbox::OnItsWay;
use super::super::output::{Event, HangUp, Outcome, Problem};
use super::outbound::{Letter, Outbound, ResumeBy, Sent, Unwritten};
use super::{ANSWER_WITHIN, Abilities, Asker, Hiding, Online, Shown, Told};
use crate::loss::{Ending, Loss};
use crate::stanza::{Presence, PresenceKind, management};
use crate::stream::features::StreamLimits;
use crate::time::{Moment, Now, Wall};
use crate::xml::{Element, Limits};

/// What a lost connection carried is dealt with after this.
const SETTLED_WITHIN: Duration = Duration::from_millis(500);

/// So many contacts at most are asked for their presence by name.
const LOOK_FOR: usize = 500;

/// A session without a connection.
#[derive(Debug)]
pub(in super::super) struct Asleep {
    since: Wall,
    /// When the last connection was lost at the latest; of another process's, when it is first asked for.
    lost: Option<Moment>,
    /// The server was asked for it and has not been heard.
    asked: bool,
    what: What,
}

#[derive(Debug)]
enum What {
    /// All of it.
    Whole(Box<Online>),
    /// What the disk has of a session that another process began.
    Kept { kept: Box<Kept>, outbound: Box<Outbound> },
}

/// What is known of a session that another process began.
#[derive(Debug)]
struct Kept {
    jid: FullJid,
    pre_approval: bool,
    hidden: bool,
    /// Single contacts were told something of their own.
    told: Vec<Jid>,
}

impl Online {
    /// Whether the session can outlive this loss: the stream was not ended by either side.
    pub(super) fn can_sleep(&self, loss: &Loss) -> bool {
        self.leaving.is_none() && loss.ending() != Ending::Polite && self.outbound.resumption().is_some()
    }

    /// Whether the session would outlive its connection.
    pub(super) fn can_suspend(&self) -> bool {
        self.leaving.is_none() && self.outbound.resumption().is_some()
    }

    /// Ends the connection and leaves the session to another process: the disk knows how far both sides came.
    pub(super) fn suspend(mut self: Box<Self>, ticket: Ticket, context: &mut Context) -> Link {
        self.keep_session(context);
        // No more than the disk knows: servers refuse a session whose client takes back what it has acknowledged.
        self.outbound.answer(context);
        context.hang_up(HangUp::Abrupt);
        let of_rooms = self.take_room_askers();
        let asked = self.requests.drain().flat_map(Asker::into_tickets).chain(self.hiding.take_curious());
        for ticket in asked.chain(of_rooms) {
            context.reply(ticket, Outcome::NotOnline(None));
        }
        context.reply(ticket, Outcome::Done);
        Link::Offline(Offline::ByCommand)
    }

    /// The connection is gone, the session is not: whoever waits for an answer that needs a connection is told.
    pub(super) fn fall_asleep(mut self: Box<Self>, loss: &Loss, context: &mut Context) -> Link {
        context.end_stream(loss, false);
        let problem = Problem { kind: loss.kind(), message: loss.to_string(), retry_at: None };
        let asked = self.requests.drain_if(Asker::is_command).into_iter().flat_map(Asker::into_tickets);
        for ticket in asked.chain(self.hiding.take_curious()).chain(self.take_room_askers()) {
            context.reply(ticket, Outcome::NotOnline(Some(problem.clone())));
        }
        context.timers.clear_connection();
        context.backoff.session_lasted(context.now.moment - self.since);
        context.streak.session_lasted(context.now.moment - self.since);
        let delivery = context.present_later();
        let shown = self.shown.as_mut().map(Shown::take_waiting).unwrap_or_default();
        for ticket in shown.into_iter().chain(self.hiding.take_waiting()) {
            context.reply(ticket, Outcome::Delivered(delivery));
        }
        self.outbound.disconnected(context);
        context.outbox.to_rooms.end_lingering();
        context.asleep = Some(Asleep::lost(self, context.now));
        offline::lost(loss, context)
    }

    /// Goes on over another connection. Of a session that another process began, contacts and what they were shown are
    /// learned anew.
    pub(in super::super) fn wake(asleep: Asleep, woken: Woken, context: &mut Context) -> Result<Box<Self>, Loss> {
        let is_whole = matches!(asleep.what, What::Whole(_));
        let mut online = match asleep.what {
            What::Whole(mut online) => {
                online.session = woken.session;
                online.reader = woken.reader;
                online.since = context.now.moment;
                online.outbound.client_state_mut().on_new_stream();
                let awaits_roster = online.requests.askers().any(|asker| matches!(asker, Asker::Roster(_)));
                online.reader.set_limits(if awaits_roster { Limits::ROSTER } else { Limits::AFTER_LOGIN });
                online
            }
            What::Kept { outbound, kept } => {
                let limits = StreamLimits::default();
                let mut online = Self::over(woken.session, woken.reader, *outbound, limits, context);
                online.abilities = Abilities::kept(kept.pre_approval);
                online.hiding = Hiding::kept(kept.hidden);
                online.told = Told::kept(kept.told);
                online
            }
        };
        context.streak.session_began();
        online.session.resumable = true;
        online.session.resumed = true;
        match online.outbound.resumed(woken.h, context) {
            Ok(arrived) => online.arrived(arrived, context),
            Err(loss) => {
                context.asleep = Some(Asleep::lost(online, context.now));
                context.forget_session(None);
                return Err(loss);
            }
        }
        online.send_again(context);
        online.requests.postpone(context.now.moment + ANSWER_WITHIN);
        if is_whole {
            online.retry_archive(context);
        } else {
            online.contacts_unseen = true;
            online.introduce(context);
        }
        online.begin(context);
        Ok(online)
    }

    /// The server told another process of its contacts' presence, and tells each presence once: those who may be there
    /// are asked for theirs (RFC 6121 section 4.3).
    pub(super) fn look_for_contacts(&mut self, context: &mut Context) {
        if !std::mem::take(&mut self.contacts_unseen) {
            return;
        }
        let seen = context.contacts.seen().take(LOOK_FOR).cloned().collect();
        self.look_for(seen, context);
    }

    /// Our server did not know what we listen to when it was told of our presence, and has learned it now. What its
    /// other users published before, ejabberd 24.12 would never tell us; who is asked for presence, tells that, too.
    pub(super) fn look_for_neighbours(&mut self, context: &mut Context) {
        let domain = self.session.jid.domain();
        let neighbours = context.contacts.seen().filter(|contact| contact.domain() == domain);
        let neighbours = neighbours.take(LOOK_FOR).cloned().collect();
        self.look_for(neighbours, context);
    }

    fn look_for(&mut self, contacts: Vec<BareJid>, context: &mut Context) {
        for contact in contacts {
            let probe = Presence::new(PresenceKind::Probe).to(Jid::from(contact));
            self.outbound.send(&probe.into_element(), Sent::Other, context);
        }
    }

    /// Has the session kept for another process, from now on; messages leave when the disk knows of it.
    pub(super) fn keep_session(&mut self, context: &mut Context) {
        let kept = self.outbound.resumption().map(|(resume_by, handled)| KeptSession {
            jid: self.session.jid.clone(),
            previd: resume_by.previd.clone(),
            max: resume_by.max,
            location: resume_by.location.clone(),
            client_state: self.outbound.client_state().is_offered(),
            pre_approval: self.abilities.pre_approval,
            hidden: self.hiding.is_hidden(),
            handled,
            at: context.now.wall,
        });
        let ticket = context.keep_session(kept);
        self.outbound.wait_for(ticket);
    }
}

impl Asleep {
    /// A session whose connection is lost now.
    fn lost(online: Box<Online>, now: Now) -> Self {
        Self { since: now.wall, lost: Some(now.moment), asked: false, what: What::Whole(online) }
    }

    /// A session that another process began.
    pub(in super::super) fn restored(kept: KeptSession, messages: Vec<KeptMessage>, told: Vec<Jid>) -> Self {
        let outbound = Box::new(Outbound::restored(&kept, messages));
        let KeptSession { jid, pre_approval, hidden, at, .. } = kept;
        let kept = Box::new(Kept { jid, pre_approval, hidden, told });
        Self { since: at, lost: None, asked: false, what: What::Kept { kept, outbound } }
    }

    /// How long the server is still left alone: ejabberd 24.12 goes on with messages that the lost connection carried
    /// when it has told its count to the next one already, and such a message comes twice; and where two connections ask
    /// for the session at once, it gives it to both, and tells contacts that one of them is gone.
    pub(in super::super) fn settling(&mut self, now: Moment) -> Duration {
        let lost = *self.lost.get_or_insert(now);
        let settles = self.asked || self.outbound().has_messages_under_way();
        if settles { SETTLED_WITHIN.saturating_sub(now - lost) } else { Duration::ZERO }
    }

    /// The session's address.
    pub(in super::super) fn jid(&self) -> &FullJid {
        match &self.what {
            What::Whole(online) => &online.session.jid,
            What::Kept { kept, .. } => &kept.jid,
        }
    }

    /// The request to go on with it; nothing once the server cannot have it any more.
    pub(in super::super) fn request(&mut self, now: Now) -> Option<Element> {
        let (resume_by, handled) = self.alive(now.wall)?;
        let request = management::resume(&resume_by.previd, handled);
        self.outbound_mut().told(handled);
        // Should the answer be lost, the server may have taken the session up, and counts from then.
        self.since = now.wall;
        (self.lost, self.asked) = (Some(now.moment), true);
        Some(request)
    }

    /// Where the server wants it to be looked for.
    pub(in super::super) fn location(&self, now: Wall) -> Option<(String, u16)> {
        self.alive(now).and_then(|(resume_by, _)| resume_by.location.clone())
    }

    /// It is not there.
    pub(in super::super) fn forget_location(&mut self) {
        self.outbound_mut().forget_location();
    }

    /// Everybody who waits for a message is told that it is kept.
    pub(in super::super) fn put_off_messages(&mut self) -> Vec<(Ticket, String)> {
        let unshown = match &mut self.what {
            What::Whole(online) => online.put_off_unshown(),
            What::Kept { .. } => Vec::new(),
        };
        unshown.into_iter().chain(self.outbound_mut().put_off()).collect()
    }

    /// The store answered: what waits for the disk goes on without a connection.
    pub(in super::super) fn stored(&mut self, ticket: StoreTicket, result: Result<(), String>, context: &mut Context) {
        match &mut self.what {
            What::Whole(online) => {
                online.stored(ticket, result, context);
                online.outbound.commit(context);
                online.outbound.flush(context);
            }
            // It asked for nothing yet.
            What::Kept { .. } => {}
        }
    }

    /// The message that was never written and can take this correction.
    pub(in super::super) fn unwritten(&mut self, correcting: &Correcting, to: &Jid) -> Option<Unwritten<'_>> {
        self.outbound_mut().unwritten(|letter| correcting.fits(letter, to))
    }

    /// Takes out a message that was never written.
    pub(in super::super) fn cancel(&mut self, id: &str) -> Option<Result<Letter, OnItsWay>> {
        if matches!(&self.what, What::Whole(online) if online.is_unshown(id)) {
            return Some(Err(OnItsWay));
        }
        self.outbound_mut().cancel(id)
    }

    /// Whether the message with this id is in the session.
    pub(in super::super) fn has(&self, id: &str) -> bool {
        match &self.what {
            What::Whole(online) => online.has(id),
            What::Kept { outbound, .. } => outbound.has(id),
        }
    }

    /// How many messages the server may not have.
    pub(in super::super) fn messages(&self) -> usize {
        let unshown = match &self.what {
            What::Whole(online) => online.unshown(),
            What::Kept { .. } => 0,
        };
        self.outbound().messages() + unshown
    }

    /// Whether this is what the server went on with.
    pub(in super::super) fn is(&self, previd: &str) -> bool {
        self.outbound().resumption().is_some_and(|(resume_by, _)| resume_by.previd == previd)
    }

    /// The server does not have the session any more, and had so many of our stanzas, if it says so.
    pub(in super::super) fn dissolve(self, h: Option<u32>, context: &mut Context) {
        let (unshown, outbound) = match self.what {
            What::Whole(mut online) => (online.end_rooms(context), std::mem::take(&mut online.outbound)),
            What::Kept { outbound, .. } => (Vec::new(), *outbound),
        };
        let (acknowledged, unsent) = outbound.dissolve(h, context);
        context.event(Event::Departed);
        context.messages_arrived(acknowledged.into_iter().filter_map(Sent::into_letter));
        context.outbox.put_back(unshown.into_iter().chain(unsent).collect());
        context.put_off_messages();
        context.keep_session(None);
    }

    /// What it is resumed by, and how much of it is handled, as long as the server can have it.
    fn alive(&self, now: Wall) -> Option<(&ResumeBy, u32)> {
        self.outbound().resumption().filter(|(resume_by, _)| match &self.what {
            What::Whole(_) => kept::is_alive(self.since, resume_by.max, now),
            // When another process lost its connection is not known, only that it was later than the last commit.
            What::Kept { .. } => kept::may_be_alive(self.since, resume_by.max, now),
        })
    }

    fn outbound(&self) -> &Outbound {
        match &self.what {
            What::Whole(online) => &online.outbound,
            What::Kept { outbound, .. } => outbound,
        }
    }

    fn outbound_mut(&mut self) -> &mut Outbound {
        match &mut self.what {
            What::Whole(online) => &mut online.outbound,
            What::Kept { outbound, .. } => outbound,
        }
    }
}
