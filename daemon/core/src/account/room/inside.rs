//! In the room: who comes and goes, what is said, and how we are put out (XEP-0045 sections 7.3 to 7.7, 9 and 10.9).

use super::archive::{Archive, Past};
use super::occupants::Occupants;
use super::outside::Absence;
use super::place::Place;
use super::{ANSWER_WITHIN, Action, Room, Stage, Turn};
use crate::stanza::error::Condition;
use crate::stanza::muc::{History, User};
use crate::stanza::{Message, Presence, PresenceKind, StanzaError};
use crate::text;
use crate::time::Moment;
use crate::xml::Element;

/// There.
#[derive(Debug)]
pub(super) struct Inside {
    /// Our own, by the room's word.
    pub(super) nick: String,
    /// Who we are to it (XEP-0421).
    pub(super) id: Option<String>,
    pub(super) occupants: Occupants,
    pub(super) subject: Option<String>,
    pub(super) archive: Archive,
    /// The nickname that we asked for, and until when it may be answered.
    renaming: Option<(String, Moment)>,
}

impl Inside {
    pub(super) fn new(nick: String, id: Option<String>, occupants: Occupants) -> Self {
        Self { nick, id, occupants, subject: None, archive: Archive::default(), renaming: None }
    }

    /// When something is to be done.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.archive.deadline().into_iter().chain(self.renaming.as_ref().map(|(_, until)| *until)).min()
    }

    /// Somebody speaks.
    pub(super) fn heard(
        &mut self,
        message: Message,
        ours: bool,
        room: &Place<'_>,
        past: &mut Past,
        turn: &mut Turn<'_>,
    ) {
        // Behind what was said before comes what the room is about (section 7.2.15).
        if message.body.is_none()
            && let Some(subject) = &message.subject
        {
            let subject = text::line_marked(subject, text::READ);
            if self.subject != subject {
                self.subject = subject;
                turn.push(Action::Changed);
            }
            return self.archive.history_ends(past, turn);
        }
        self.archive.live(message, ours, room, past, turn);
    }
}

impl Room {
    /// Asks for another nickname (section 7.6); as long as there is no answer we are in the room under the old one.
    pub(super) fn rename(&mut self, turn: &mut Turn<'_>) {
        if let Stage::Inside(inside) = &mut self.stage {
            let nick = self.wish.nick.clone();
            inside.renaming = Some((nick.clone(), turn.now.moment + ANSWER_WITHIN));
            turn.push(Action::Enter(nick, History::Nothing, self.wish.password.clone()));
        }
    }

    fn not_renamed(&mut self, error: Option<StanzaError>, turn: &mut Turn<'_>) {
        if let Stage::Inside(inside) = &mut self.stage {
            inside.renaming = None;
            self.wish.nick.clone_from(&inside.nick);
            turn.push(Action::Failed(error));
        }
    }

    pub(super) fn tick_inside(&mut self, turn: &mut Turn<'_>) {
        let Stage::Inside(inside) = &mut self.stage else { return };
        inside.archive.tick(&mut self.past, turn);
        if inside.renaming.as_ref().is_some_and(|(_, until)| *until <= turn.now.moment) {
            self.not_renamed(None, turn);
        }
    }

    pub(super) fn presence_inside(&mut self, nick: Option<&str>, presence: &Presence, said: User, turn: &mut Turn<'_>) {
        let has_ids = self.abilities.unwrap_or_default().occupant_ids;
        let Stage::Inside(inside) = &mut self.stage else { return };
        let is_us = said.says(110) || nick == Some(inside.nick.as_str());
        match (&presence.kind, nick) {
            (PresenceKind::Error(error), Some(nick))
                if inside.renaming.as_ref().is_some_and(|(asked, _)| asked == nick) =>
            {
                self.not_renamed(Some(error.clone()), turn);
            }
            // Those in the room speak for themselves alone.
            (PresenceKind::Error(_), Some(nick)) if nick != inside.nick => {}
            (PresenceKind::Error(error), _) if is_absence(error) => self.try_later(Absence::Lost, turn),
            (PresenceKind::Unavailable, Some(nick)) => {
                inside.occupants.remove(nick);
                turn.push(Action::Gone(nick.to_owned()));
                // With another nickname follows the presence under it.
                if is_us && !said.says(303) {
                    self.put_out(&said, turn);
                }
            }
            // The end of a room need not name an occupant.
            (PresenceKind::Unavailable, None) if said.destroyed.is_some() => self.put_out(&said, turn),
            (PresenceKind::Available { .. }, Some(nick)) => {
                inside.occupants.add(nick, presence, &said, has_ids);
                if said.says(110) && inside.nick != nick {
                    let before = std::mem::replace(&mut inside.nick, nick.to_owned());
                    inside.occupants.remove(&before);
                    turn.push(Action::Changed);
                    if inside.renaming.take().is_some() {
                        turn.push(Action::Entered);
                    }
                }
            }
            (
                PresenceKind::Available { .. }
                | PresenceKind::Unavailable
                | PresenceKind::Subscribe
                | PresenceKind::Subscribed
                | PresenceKind::Unsubscribe
                | PresenceKind::Unsubscribed
                | PresenceKind::Probe
                | PresenceKind::Error(_),
                _,
            ) => {}
        }
    }

    /// What was said while we were away is read, or comes by itself.
    pub(super) fn read(&mut self, turn: &mut Turn<'_>) {
        let has_archive = self.abilities.unwrap_or_default().archive;
        let doubt = self.wish.in_doubt_since;
        if let Stage::Inside(inside) = &mut self.stage {
            inside.archive.begin(has_archive, doubt, &mut self.past, turn);
        }
    }

    /// We asked ourselves in the room (XEP-0410 section 3.2).
    pub(super) fn sign_of_life(&mut self, answer: Result<Option<&Element>, &StanzaError>, turn: &mut Turn<'_>) {
        let (Stage::Inside(_), Err(error)) = (&self.stage, answer) else { return };
        // We are there and do not answer ourselves, or our nickname has just changed; or nobody knows.
        let says_nothing = matches!(
            error.condition,
            Condition::ServiceUnavailable
                | Condition::FeatureNotImplemented
                | Condition::ItemNotFound
                | Condition::RemoteServerNotFound
                | Condition::RemoteServerTimeout
        );
        if !says_nothing {
            self.lost(turn);
        }
    }

    /// The room does not know us any more: we go in again.
    pub(in super::super) fn lost(&mut self, turn: &mut Turn<'_>) {
        if let Stage::Inside(_) = &self.stage {
            turn.push(Action::Left(None));
            self.look(turn);
        }
    }
}

/// Whether the answer to our presence says that we, or the room, are not there.
fn is_absence(error: &StanzaError) -> bool {
    matches!(
        error.condition,
        Condition::Gone
            | Condition::ItemNotFound
            | Condition::RecipientUnavailable
            | Condition::RemoteServerNotFound
            | Condition::RemoteServerTimeout
            | Condition::ServiceUnavailable
    )
}
