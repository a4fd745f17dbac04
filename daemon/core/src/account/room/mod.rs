//! One room as a machine: outside, looking, entering, inside or leaving, a file each. It is told what the room says and
//! says what to do. Whether a stanza comes from the room, where messages wait, and bookmarks are the session's
//! ([`super::online`]) and the account's ([`super::rooms`]).

mod archive;
#[cfg(test)]
mod archive_tests;
mod entering;
mod inside;
mod looking;
mod occupants;
mod outside;
mod place;
mod told;
mod tries;
mod turn;

use std::time::Duration;

use jid::BareJid;

use super::kept::Border;
use super::rooms::RoomState;
use crate::secret::Secret;
use crate::stanza::archive::{self as wire, Archived};
use crate::stanza::muc::User;
use crate::stanza::{Message, Presence, StanzaError};
use crate::time::{Moment, Wall};
use crate::xml::Element;

use archive::Past;
use entering::Entering;
pub(super) use entering::earlier;
use inside::Inside;
use looking::Looking;
pub use occupants::{Affiliation, Occupant, Role};
pub(super) use outside::Absence;
use outside::Outside;
use place::Place;
pub(super) use turn::{Action, Asked, Spoken, Turn};

/// A service that does not answer to our coming or going for this long does not answer at all.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// The same of an address that a person calls a room, and that does not say it is one.
const STRANGER_ANSWERS_WITHIN: Duration = Duration::from_secs(20);
/// The first pause before a room is tried again; each one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// An id that is longer names nobody, and nothing.
pub(super) const LONGEST_ID: usize = 256;

/// A room, as far as this session goes.
#[derive(Debug)]
pub(super) struct Room {
    jid: BareJid,
    /// Our account.
    own: BareJid,
    wish: Wish,
    stage: Stage,
    /// What the room can do; not known before it was asked.
    abilities: Option<Abilities>,
    /// It says that it is a room, or has let us in: until then it may be anything.
    is_found: bool,
    /// What was said, as far as that is known.
    past: Past,
    /// How often in a row it could not be entered.
    failures: u32,
    /// When something last came from it.
    heard: Moment,
}

#[derive(Debug)]
enum Stage {
    /// Not there, and why.
    Outside(Outside),
    /// What it is, and whether it is there, is being asked.
    Looking(Looking),
    /// The wish to enter is on its way.
    Entering(Entering),
    /// There.
    Inside(Box<Inside>),
    /// The wish to leave is on its way, until then at the latest.
    Leaving(Moment),
}

/// How a room is to be entered.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// The nickname.
    pub(super) nick: String,
    /// No other nickname will do.
    pub(super) is_firm: bool,
    /// A person asks: the room is made if it is not there, and what fails is not tried again.
    pub(super) is_asked: bool,
    /// The password.
    pub(super) password: Option<Secret>,
    /// When the first message of ours was taken that may have arrived and may not.
    pub(super) in_doubt_since: Option<Wall>,
}

/// What a room can do.
#[derive(Clone, Copy, Debug, Default)]
struct Abilities {
    /// It has an archive, and so ids that can be believed.
    archive: bool,
    /// It tells who somebody is.
    occupant_ids: bool,
    /// It says that it shows all under the ids that were given to it.
    keeps_ids: bool,
}

impl Room {
    /// A room that is not entered, of which so much is known.
    pub(super) fn new(jid: BareJid, own: BareJid, wish: Wish, known: Option<Border>) -> Self {
        let stage = Stage::Outside(Outside::default());
        let past = Past { known, ..Past::default() };
        Self { jid, own, wish, stage, abilities: None, is_found: false, past, failures: 0, heard: Moment::default() }
    }

    /// Goes in, unless that is under way.
    pub(super) fn enter(&mut self, wish: Wish, turn: &mut Turn<'_>) {
        self.wish = wish;
        self.failures = 0;
        match &self.stage {
            Stage::Outside(_) | Stage::Leaving(_) => self.look(turn),
            Stage::Looking(_) | Stage::Entering(_) => {}
            // Another nickname is asked for in the same way (section 7.6).
            Stage::Inside(inside) if inside.nick != self.wish.nick => self.rename(turn),
            Stage::Inside(_) => turn.push(Action::Entered),
        }
    }

    /// Goes out.
    pub(super) fn leave(&mut self, turn: &mut Turn<'_>) {
        self.wish.is_asked = false;
        match &self.stage {
            Stage::Entering(entering) => {
                turn.push(Action::Exit(entering.nick.clone()));
                if !self.is_found {
                    return self.be_outside(Absence::Left, None, turn);
                }
            }
            Stage::Inside(inside) => turn.push(Action::Exit(inside.nick.clone())),
            Stage::Outside(_) | Stage::Looking(_) => return self.be_outside(Absence::Left, None, turn),
            Stage::Leaving(_) => return,
        }
        self.stage = Stage::Leaving(turn.now.moment + ANSWER_WITHIN);
        turn.push(Action::Changed);
    }

    /// Somebody's presence in the room; no nickname where the room itself speaks.
    pub(super) fn presence(&mut self, nick: Option<&str>, presence: &Presence, turn: &mut Turn<'_>) {
        self.heard = turn.now.moment;
        let said = User::find(&presence.payloads).unwrap_or_default();
        match &self.stage {
            Stage::Outside(_) | Stage::Looking(_) => {}
            Stage::Entering(_) => self.presence_entering(nick, presence, said, turn),
            Stage::Inside(_) => self.presence_inside(nick, presence, said, turn),
            Stage::Leaving(_) => {
                if matches!(presence.kind, crate::stanza::PresenceKind::Unavailable) && said.says(110) {
                    self.be_outside(Absence::Left, None, turn);
                }
            }
        }
    }

    /// Somebody speaks in the room: `ours` when this account's outbox wrote it.
    pub(super) fn message(&mut self, message: Message, ours: bool, turn: &mut Turn<'_>) {
        self.heard = turn.now.moment;
        let abilities = self.abilities.unwrap_or_default();
        if let Stage::Inside(inside) = &mut self.stage {
            let (nick, id) = (inside.nick.clone(), inside.id.clone());
            let place = Place { room: &self.jid, own: &self.own, nick: &nick, id: id.as_deref(), abilities };
            inside.heard(message, ours, &place, &mut self.past, turn);
        }
    }

    /// Whether this is a result that the room was asked for (S39).
    pub(super) fn awaits(&self, archived: &Archived) -> bool {
        matches!(&self.stage, Stage::Inside(inside) if inside.archive.awaits(archived))
    }

    /// A result of the room's archive, which was asked for it: `ours` when this account's outbox wrote it.
    pub(super) fn archived(&mut self, archived: Archived, ours: bool, turn: &mut Turn<'_>) {
        self.heard = turn.now.moment;
        let abilities = self.abilities.unwrap_or_default();
        if let Stage::Inside(inside) = &mut self.stage {
            let (nick, id) = (&inside.nick, inside.id.as_deref());
            let place = Place { room: &self.jid, own: &self.own, nick, id, abilities };
            inside.archive.result(archived, ours, &place, &mut self.past, turn);
        }
    }

    /// The room, or its service, has answered.
    pub(super) fn answered(
        &mut self,
        asked: Asked,
        answer: Result<Option<&Element>, &StanzaError>,
        turn: &mut Turn<'_>,
    ) {
        self.heard = turn.now.moment;
        match asked {
            Asked::Abilities => self.looked(answer, turn),
            Asked::Page => {
                if let Stage::Inside(inside) = &mut self.stage {
                    inside.archive.page(answer, &mut self.past, turn);
                }
            }
            Asked::Defaults => self.created(turn),
            Asked::Self_ => self.sign_of_life(answer, turn),
        }
    }

    /// Nobody answered in time.
    pub(super) fn unanswered(&mut self, asked: Asked, turn: &mut Turn<'_>) {
        match asked {
            Asked::Abilities => self.fail(None, turn),
            Asked::Page => {
                if let Stage::Inside(inside) = &mut self.stage {
                    inside.archive.unanswered(&mut self.past, turn);
                }
            }
            Asked::Defaults => self.created(turn),
            // Between servers much can be slow: this says nothing (XEP-0410 section 3.2).
            Asked::Self_ => self.heard = turn.now.moment,
        }
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.moment;
        match &mut self.stage {
            Stage::Outside(outside) if outside.retry_at.is_some_and(|at| at <= now) => self.look(turn),
            Stage::Entering(entering) if entering.until <= now => {
                let is_none = self.wish.is_asked && !self.is_found;
                self.fail(is_none.then(|| looking::no_room("it does not answer as a room does")), turn);
            }
            Stage::Leaving(until) if *until <= now => self.be_outside(Absence::Left, None, turn),
            Stage::Inside(_) => self.tick_inside(turn),
            Stage::Outside(_) | Stage::Looking(_) | Stage::Entering(_) | Stage::Leaving(_) => {}
        }
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self) -> Option<Moment> {
        match &self.stage {
            Stage::Outside(outside) => outside.retry_at,
            Stage::Looking(_) => None,
            Stage::Entering(entering) => Some(entering.until),
            Stage::Inside(inside) => inside.deadline(),
            Stage::Leaving(until) => Some(*until),
        }
    }

    /// Our nickname, when we are inside.
    pub(super) fn nick(&self) -> Option<&str> {
        match &self.stage {
            Stage::Inside(inside) => Some(&inside.nick),
            Stage::Outside(_) | Stage::Looking(_) | Stage::Entering(_) | Stage::Leaving(_) => None,
        }
    }

    /// Whether this presence is the room's: whatever else has this address shows itself to contacts, too.
    pub(super) fn speaks(&self, presence: &Presence) -> bool {
        let is_error = matches!(presence.kind, crate::stanza::PresenceKind::Error(_));
        self.is_found || is_error || User::find(&presence.payloads).is_some()
    }

    /// The place that the room gives to something said in it (S42).
    pub(super) fn place_of(&self, message: &Message) -> Option<String> {
        let has_places = self.abilities.is_some_and(|abilities| abilities.archive);
        wire::stanza_id(&message.payloads, &self.jid).filter(|id| has_places && id.len() <= LONGEST_ID)
    }

    /// When something last came from the room we are in.
    pub(super) fn silent_since(&self) -> Option<Moment> {
        self.nick().map(|_| self.heard)
    }

    /// We are being asked whether we are there: it is not asked again at once.
    pub(super) fn asks_itself(&mut self, turn: &Turn<'_>) {
        self.heard = turn.now.moment;
    }

    /// Whether somebody of this nickname may have been us, in whatever spelling we had to take.
    pub(super) fn is_nick_of_ours(&self, nick: &str) -> bool {
        let plain = |nick: &str| nick.trim_end_matches('_').to_owned();
        self.nick() == Some(nick) || plain(nick) == plain(&self.wish.nick)
    }

    /// The password that the room was entered with.
    pub(super) fn password(&self) -> Option<&Secret> {
        self.wish.password.as_ref()
    }

    /// Whether a message can leave now.
    pub(super) fn is_ready(&self) -> bool {
        matches!(&self.stage, Stage::Inside(inside) if inside.archive.is_known())
    }

    /// Whether an answer of the room's is on its way.
    pub(super) fn is_under_way(&self) -> bool {
        match &self.stage {
            Stage::Outside(_) => false,
            Stage::Looking(_) | Stage::Entering(_) | Stage::Leaving(_) => true,
            Stage::Inside(inside) => inside.archive.is_awaited(),
        }
    }

    /// Whether we are in, or on the way, or will try by ourselves.
    pub(super) fn is_wanted(&self) -> bool {
        match &self.stage {
            Stage::Outside(outside) => outside.retry_at.is_some(),
            Stage::Looking(_) | Stage::Entering(_) | Stage::Inside(_) => true,
            Stage::Leaving(_) => false,
        }
    }

    /// Why nothing can be said there before a person enters it.
    pub(super) fn shut(&self) -> Option<StanzaError> {
        match &self.stage {
            Stage::Outside(outside) => outside.shut(),
            Stage::Looking(_) | Stage::Entering(_) | Stage::Inside(_) | Stage::Leaving(_) => None,
        }
    }

    /// Whether it was not there when it was last looked for.
    pub(super) fn is_missing(&self) -> bool {
        matches!(&self.stage, Stage::Outside(Outside { why: Absence::Gone(_), .. }))
    }

    /// Whether we are on the way out.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.stage, Stage::Leaving(_))
    }

    /// Whether we are outside, and stay there.
    pub(super) fn is_over(&self) -> bool {
        matches!(&self.stage, Stage::Outside(outside) if outside.retry_at.is_none())
    }

    /// Where we stand, for watchers, and why.
    pub(super) fn state(&self) -> (RoomState, Option<&str>) {
        match &self.stage {
            Stage::Outside(outside) => outside.state(),
            Stage::Looking(_) | Stage::Entering(_) => (RoomState::Joining, None),
            Stage::Inside(_) => (RoomState::Joined, None),
            Stage::Leaving(_) => (RoomState::Left, None),
        }
    }

    /// What the room is about.
    pub(super) fn subject(&self) -> Option<&str> {
        match &self.stage {
            Stage::Inside(inside) => inside.subject.as_deref(),
            Stage::Outside(_) | Stage::Looking(_) | Stage::Entering(_) | Stage::Leaving(_) => None,
        }
    }

    /// Who is there, and whether there are more than are remembered; nothing when we are not.
    pub(super) fn occupants(&self) -> Option<(Vec<Occupant>, bool)> {
        match &self.stage {
            Stage::Inside(inside) => Some(inside.occupants.list()),
            Stage::Outside(_) | Stage::Looking(_) | Stage::Entering(_) | Stage::Leaving(_) => None,
        }
    }

    fn be_outside(&mut self, why: Absence, retry_at: Option<Moment>, turn: &mut Turn<'_>) {
        turn.push(Action::Left(why.bar(self.wish.is_asked)));
        self.stage = Stage::Outside(Outside { why, retry_at });
        turn.push(Action::Changed);
    }

    /// Outside against our will: after a pause it is tried again.
    fn try_later(&mut self, why: Absence, turn: &mut Turn<'_>) {
        let pause = outside::pause(self.failures, turn.entropy);
        self.failures = self.failures.saturating_add(1);
        self.wish.is_asked = false;
        self.be_outside(why, Some(turn.now.moment + pause), turn);
    }

    /// We could not enter.
    fn fail(&mut self, error: Option<StanzaError>, turn: &mut Turn<'_>) {
        let is_lasting = error.as_ref().is_some_and(|error| !outside::may_pass(error));
        let asked = self.wish.is_asked;
        turn.push(Action::Failed(error.clone()));
        let why = error.map_or(Absence::Silent, Absence::Refused);
        if asked || is_lasting {
            self.be_outside(why, None, turn);
        } else {
            self.try_later(why, turn);
        }
    }
}
