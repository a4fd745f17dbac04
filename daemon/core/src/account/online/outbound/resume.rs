//! A session that outlives its connection: what it is resumed by, what is written again, and what is left of it when the
//! server has forgotten it (XEP-0198 section 5).

use std::time::Duration;

use super::super::super::context::Context;
use super::super::super::input::Ticket;
use super::super::super::kept::{KeptMessage, KeptSession};
use super::super::commits::Commits;
use super::super::watched::ClientState;
use super::sent::is_for_room;
use super::{Letter, Outbound, Sent, Stage, Unsent};
use crate::loss::Loss;
use crate::management::Management;
use crate::srv;
use crate::stanza::{Address, Iq, IqKind};
use crate::xml::writer;

/// What the session can be resumed by.
#[derive(Clone, Debug)]
pub(in super::super::super) struct ResumeBy {
    pub(in super::super::super) previd: String,
    pub(in super::super::super) max: Option<Duration>,
    /// Where it is to be looked for first.
    pub(in super::super::super) location: Option<(String, u16)>,
}

impl ResumeBy {
    /// By what the server said; a location that is none is nothing.
    pub(in super::super::super) fn new(previd: String, max: Option<Duration>, location: Option<&str>) -> Self {
        Self { previd, max, location: location.and_then(srv::place) }
    }
}

impl Outbound {
    /// The session that another process began, to be resumed.
    pub(in super::super) fn restored(session: &KeptSession, messages: Vec<KeptMessage>) -> Self {
        Self {
            management: Stage::On(Management::starting_at(0, session.handled)),
            resume_by: Some(ResumeBy {
                previd: session.previd.clone(),
                max: session.max,
                location: session.location.clone(),
            }),
            commits: Commits::from(session.handled),
            restored: Some(messages),
            client_state: ClientState::offered(session.client_state),
            ..Self::default()
        }
    }

    /// What the session can be resumed by, and how many of its stanzas the disk knows to be handled: the server keeps
    /// the others for us.
    pub(in super::super) fn resumption(&self) -> Option<(&ResumeBy, u32)> {
        match &self.management {
            Stage::On(_) => Some((self.resume_by.as_ref()?, self.commits.committed())),
            Stage::Off | Stage::Enabling(_) => None,
        }
    }

    /// What is dealt with now must not come again when more has left: the disk is to know of it first.
    pub(in super::super) fn press(&mut self) {
        if self.resumption().is_some() {
            self.commits.press();
        }
    }

    /// Whether the disk does not know of it yet.
    pub(in super::super) fn is_pressed(&self) -> bool {
        self.commits.is_pressed()
    }

    /// The session is not where the server said.
    pub(in super::super) fn forget_location(&mut self) {
        if let Some(resume_by) = &mut self.resume_by {
            resume_by.location = None;
        }
    }

    /// The server is told that so many of its stanzas are handled; those beyond it will come again.
    pub(in super::super) fn told(&mut self, handled: u32) {
        if let Stage::On(management) = &self.management {
            self.repeated = management.inbound().wrapping_sub(handled);
        }
    }

    /// The session goes on over another connection: what the server has not handled is written again.
    pub(in super::super) fn resumed(&mut self, h: u32, context: &mut Context) -> Result<Vec<Sent>, Loss> {
        self.asleep = false;
        self.commits.found();
        if let Some(messages) = self.restored.take() {
            return Ok(self.resumed_by_another(messages, h, context));
        }
        let acknowledged = self.acknowledge(h, context)?;
        if self.unacknowledged() > 0 {
            self.rouse(context);
        }
        if let Stage::On(management) = &mut self.management {
            management.reconnected();
        }
        self.write_on(context);
        Ok(acknowledged)
    }

    /// The connection is gone and the session is not: nobody waits for an answer, and the disk is told how far we came.
    pub(in super::super) fn disconnected(&mut self, context: &mut Context) {
        self.asleep = true;
        self.commits.lost();
        self.commit(context);
    }

    /// The session is gone: what of it the server has by its own word, and the messages it may not have.
    pub(in super::super) fn dissolve(mut self, h: Option<u32>, context: &mut Context) -> (Vec<Sent>, Vec<Unsent>) {
        let acknowledged = match h {
            Some(h) => self.acknowledge(h, context).unwrap_or_default(),
            None => Vec::new(),
        };
        self.commits.leave(context);
        let (to_rooms, restored) = part_from_rooms(self.restored.unwrap_or_default());
        let covered = |message: &KeptMessage| h.is_some_and(|h| message.is_covered(h));
        let (has, lacks): (Vec<_>, Vec<_>) = restored.into_iter().partition(covered);
        let acknowledged = acknowledged.into_iter().chain(has.into_iter().map(arrived));
        let in_doubt = h.is_none();
        let restored = lacks.into_iter().map(|message| {
            let in_doubt = message.is_in_doubt() || in_doubt && message.may_be_written();
            Unsent::kept(message, in_doubt)
        });
        let tail = match self.management {
            Stage::Off => Vec::new(),
            Stage::Enabling(mut management) | Stage::On(mut management) => management.drain(),
        };
        let unsent = tail.into_iter().filter_map(|tracked| tracked.into_unsent(None)).map(|mut unsent| {
            unsent.letter.in_doubt = in_doubt;
            unsent
        });
        // What is at a room's server may not be at the room.
        let (at_rooms, acknowledged): (Vec<_>, Vec<_>) = acknowledged.partition(|sent| matches!(sent, Sent::AtRoom(_)));
        let at_rooms = at_rooms.into_iter().filter_map(Sent::into_room_message);
        let unsent = at_rooms.chain(to_rooms).chain(restored).chain(unsent).chain(self.line.into_unsent());
        (acknowledged, unsent.collect())
    }

    /// Everybody who waits for a message that the disk knows of, with its id; nobody waits for it any more.
    pub(in super::super) fn put_off(&mut self) -> Vec<(Ticket, String)> {
        let tail = match &mut self.management {
            Stage::Off => None,
            Stage::Enabling(management) | Stage::On(management) => Some(management.tail_mut()),
        };
        let tail = tail.into_iter().flatten().map(|tracked| &mut tracked.sent);
        let waiting = tail.chain(self.line.kept_mut()).filter_map(|sent| match sent {
            Sent::Message(letter) => Some((letter.ticket.take()?, letter.id.clone())),
            Sent::Presence(_) | Sent::AtRoom(_) | Sent::Other => None,
        });
        waiting.collect()
    }

    /// A session that another process began goes on: the server's count is the only one there is, and of the messages
    /// on the disk it lacks those that come after it.
    fn resumed_by_another(&mut self, messages: Vec<KeptMessage>, h: u32, context: &mut Context) -> Vec<Sent> {
        let handled = match &self.management {
            Stage::On(management) => management.inbound(),
            Stage::Off | Stage::Enabling(_) => 0,
        };
        self.management = Stage::On(Management::starting_at(h, handled));
        // Those for rooms leave when we have found ourselves in them again.
        let (to_rooms, messages) = part_from_rooms(messages);
        context.outbox.put_back(to_rooms);
        let (covered, lacks): (Vec<_>, Vec<_>) = messages.into_iter().partition(|message| message.is_covered(h));
        let waits = |message: &KeptMessage| !message.is_in_doubt() && context.pauses.hold(&message.to);
        let (waiting, lacks): (Vec<_>, Vec<_>) = lacks.into_iter().partition(waits);
        context.wait_on(waiting);
        let lacks = lacks.into_iter().map(|message| {
            let in_doubt = message.is_in_doubt();
            Unsent::kept(message, in_doubt)
        });
        let lacks: Vec<Unsent> = lacks.collect();
        if lacks.iter().any(|unsent| unsent.letter.in_doubt) {
            self.hold();
        }
        for unsent in lacks {
            self.send_again(unsent, context);
        }
        covered.into_iter().map(arrived).collect()
    }
}

/// A stanza that asks for nothing and that nobody waits for.
pub(super) fn stand_in(id: String) -> String {
    let iq = Iq { id, from: Address::Absent, to: Address::Absent, kind: IqKind::Result, payload: None };
    writer::to_string(&iq.into_element())
}

/// Messages for rooms, in their order, and the others.
fn part_from_rooms(messages: Vec<KeptMessage>) -> (Vec<Unsent>, Vec<KeptMessage>) {
    let (to_rooms, others) = messages.into_iter().partition(|message| is_for_room(&message.stanza));
    let to_rooms: Vec<KeptMessage> = to_rooms;
    (Unsent::in_order(to_rooms).collect(), others)
}

/// The server has this message, as another process was not told.
fn arrived(message: KeptMessage) -> Sent {
    let Unsent { letter, stanza, .. } = Unsent::kept(message, false);
    Sent::Message(Letter { taken: Some(stanza), ..letter })
}
