//! What a room's machine is given at each input, and what comes out of it.

use super::super::kept::Border;
use super::super::output::Incoming;
use super::super::recent::{Author, Noted, Said};
use crate::entropy::Entropy;
use crate::secret::Secret;
use crate::stanza::StanzaError;
use crate::stanza::muc::History;
use crate::time::Now;
use crate::xml::Element;

/// What is asked of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Asked {
    /// What it can do.
    Abilities,
    /// A page of its archive.
    Page,
    /// To take a new room as it is.
    Defaults,
    /// Ourselves in it, for a sign of life (XEP-0410).
    Self_,
}

/// What is to be done.
#[derive(Debug)]
pub(in super::super) enum Action {
    /// Send the wish to enter under this nickname.
    Enter(String, History, Option<Secret>),
    /// Send that we, under this nickname, are gone.
    Exit(String),
    /// Ask the room, or for [`Asked::Self_`] us in it.
    Ask(Asked, Element),
    /// Watchers may know something new.
    Changed,
    /// We are inside.
    Entered,
    /// We could not enter; nothing when nobody answered.
    Failed(Option<StanzaError>),
    /// We are outside; where we will not be let in, why: nothing waits for that.
    Left(Option<StanzaError>),
    /// All that can be known of what was said is known, and messages may leave: what the room has not shown did not arrive,
    /// for `sure` by its archive's word.
    Ready { sure: bool },
    /// Somebody said this; nothing when it was ourselves. All up to here is known with it.
    Heard(Option<Box<Spoken>>, Option<Border>),
    /// Nobody of this nickname is there any more.
    Gone(String),
}

/// One input's time, chance and outcome.
pub(in super::super) struct Turn<'a> {
    pub(in super::super) now: Now,
    pub(in super::super) entropy: &'a mut Entropy,
    pub(in super::super) actions: Vec<Action>,
}

impl Turn<'_> {
    pub(super) fn push(&mut self, action: Action) {
        self.actions.push(action);
    }
}

/// Something that was said in a room.
#[derive(Debug)]
pub(in super::super) struct Spoken {
    pub(in super::super) said: Said,
    pub(in super::super) by: Author,
}

impl Spoken {
    /// The same, at this place of the room's archive.
    pub(in super::super) fn at(mut self, at: String) -> Self {
        match &mut self.said {
            Said::Text(Incoming { place, .. }) | Said::Noted(Noted { place, .. }) => *place = Some(at),
        }
        self
    }
}
