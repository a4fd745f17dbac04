//! Before the door: the room is asked what it can do (XEP-0045 section 6.4), and so whether it is there. A room that is
//! not there is made only where a person asks for it; one that was destroyed stays so. What says that it is something
//! else, as people do, is not entered.

use super::super::super::stanza::disco::Info;
use super::outside::Absence;
use super::{Abilities, Action, Asked, Room, Stage, Turn};
use crate::stanza::StanzaError;
use crate::stanza::error::{Condition, ErrorKind};
use crate::xml::{Element, ns};

/// The answer is on its way.
#[derive(Debug)]
pub(super) struct Looking;

impl Room {
    pub(super) fn look(&mut self, turn: &mut Turn<'_>) {
        self.stage = Stage::Looking(Looking);
        turn.push(Action::Changed);
        turn.push(Action::Ask(Asked::Abilities, Info::request(None)));
    }

    pub(super) fn looked(&mut self, answer: Result<Option<&Element>, &StanzaError>, turn: &mut Turn<'_>) {
        if let Ok(info) = answer {
            let info = info.and_then(Info::parse).unwrap_or_default();
            let abilities = Abilities {
                archive: info.has(ns::MAM),
                occupant_ids: info.has(ns::OCCUPANT_ID),
                keeps_ids: info.has(ns::MUC_STABLE_ID),
            };
            self.abilities = Some(abilities);
            self.is_found |= info.is_any("conference") || info.has(ns::MUC);
            if matches!(self.stage, Stage::Looking(_)) && !self.is_found && !info.identities.is_empty() {
                return self.fail(Some(no_room("it is no room")), turn);
            }
        }
        match (&self.stage, answer) {
            (Stage::Looking(_), Err(error)) if error.condition == Condition::ItemNotFound && !self.wish.is_asked => {
                turn.push(Action::Failed(Some(error.clone())));
                self.try_later(Absence::Gone(None), turn);
            }
            // Some say nothing of a room to who is not in it; entering shows whether it is there.
            (Stage::Looking(_), Err(error)) if is_about_the_room(error) => self.begin(turn),
            (Stage::Looking(_), Err(error)) => self.fail(Some(error.clone()), turn),
            (Stage::Looking(_), Ok(_)) => self.begin(turn),
            // It was asked again because it is a new one.
            (Stage::Inside(_), _) => self.read(turn),
            (Stage::Outside(_) | Stage::Entering(_) | Stage::Leaving(_), _) => {}
        }
    }
}

/// There is something, and it is no room.
pub(super) fn no_room(why: &str) -> StanzaError {
    let error = StanzaError::new(ErrorKind::Cancel, Condition::FeatureNotImplemented);
    StanzaError { text: Some(why.to_owned()), ..error }
}

fn is_about_the_room(error: &StanzaError) -> bool {
    matches!(
        error.condition,
        Condition::ItemNotFound
            | Condition::Forbidden
            | Condition::NotAllowed
            | Condition::NotAuthorized
            | Condition::NotAcceptable
            | Condition::RegistrationRequired
            | Condition::FeatureNotImplemented
    )
}
