//! Not in the room: by wish, or why not, and when it is tried again.

use std::time::Duration;

use super::super::rooms::RoomState;
use super::{FIRST_PAUSE, LONGEST_PAUSE};
use crate::entropy::Entropy;
use crate::stanza::StanzaError;
use crate::stanza::error::{Condition, ErrorKind};
use crate::text;
use crate::time::Moment;

/// Not there.
#[derive(Debug, Default)]
pub(super) struct Outside {
    pub(super) why: Absence,
    /// When it is tried again; not by itself where there is nothing.
    pub(super) retry_at: Option<Moment>,
}

/// Why we are not in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) enum Absence {
    /// Nobody wants to be.
    #[default]
    Left,
    /// A moderator, or a rule of the room, put us out; the reason.
    Kicked(Option<String>),
    /// We may not come back; the reason.
    Banned(Option<String>),
    /// There is no such room, or not any more; the reason.
    Gone(Option<String>),
    /// It, or its server, would not have us.
    Refused(StanzaError),
    /// Nobody answers.
    Silent,
    /// It lost us: its service ends, or something between us and it.
    Lost,
}

impl Absence {
    /// Why nothing that waits can be said there, until a person does something about it. Who asks to enter under a
    /// nickname that is taken chooses another.
    pub(super) fn bar(&self, is_asked: bool) -> Option<StanzaError> {
        let because = |kind, condition, what: &str, reason: &Option<String>| {
            let text = reason.as_ref().map_or_else(|| what.to_owned(), |reason| format!("{what}: {reason}"));
            Some(StanzaError { text: Some(text), ..StanzaError::new(kind, condition) })
        };
        match self {
            Self::Left | Self::Silent | Self::Lost => None,
            Self::Kicked(reason) => {
                because(ErrorKind::Auth, Condition::NotAllowed, "you were put out of the room", reason)
            }
            Self::Banned(reason) => because(ErrorKind::Auth, Condition::Forbidden, "you are banned there", reason),
            Self::Gone(reason) => because(ErrorKind::Cancel, Condition::ItemNotFound, "there is no such room", reason),
            Self::Refused(error) if is_asked && error.condition == Condition::Conflict => None,
            Self::Refused(error) if may_pass(error) && error.condition != Condition::ItemNotFound => None,
            Self::Refused(error) => because(
                error.kind,
                error.condition.clone(),
                "the room does not let you in",
                &reason(error.text.as_deref()),
            ),
        }
    }
}

impl Outside {
    /// Why nothing can be said there before a person enters it.
    pub(super) fn shut(&self) -> Option<StanzaError> {
        match &self.why {
            Absence::Kicked(_) | Absence::Banned(_) => self.why.bar(false),
            Absence::Left | Absence::Gone(_) | Absence::Refused(_) | Absence::Silent | Absence::Lost => None,
        }
    }

    pub(super) fn state(&self) -> (RoomState, Option<&str>) {
        let reason = match &self.why {
            Absence::Left | Absence::Lost => None,
            Absence::Kicked(reason) | Absence::Banned(reason) | Absence::Gone(reason) => reason.as_deref(),
            Absence::Refused(error) => Some(error.text.as_deref().unwrap_or(error.condition.name())),
            Absence::Silent => Some("nobody answers"),
        };
        if self.retry_at.is_some() {
            return (RoomState::Retrying, reason);
        }
        let state = match &self.why {
            Absence::Left => RoomState::Left,
            Absence::Kicked(_) => RoomState::Kicked,
            Absence::Banned(_) => RoomState::Banned,
            Absence::Gone(_) => RoomState::Gone,
            Absence::Refused(_) | Absence::Silent | Absence::Lost => RoomState::Refused,
        };
        (state, reason)
    }
}

/// Whether what stands against us may be over by itself.
pub(super) fn may_pass(error: &StanzaError) -> bool {
    error.kind == ErrorKind::Wait
        || matches!(
            error.condition,
            Condition::InternalServerError
                | Condition::RecipientUnavailable
                | Condition::RemoteServerNotFound
                | Condition::RemoteServerTimeout
                | Condition::ResourceConstraint
                | Condition::ServiceUnavailable
                // The room is not there; it may be made again.
                | Condition::ItemNotFound
        )
}

/// How long to wait after so many failures to enter.
pub(super) fn pause(failures: u32, entropy: &mut Entropy) -> Duration {
    pause_between(FIRST_PAUSE, LONGEST_PAUSE, failures, entropy)
}

/// How long to wait after so many failures: longer each time, and never in step with others.
pub(super) fn pause_between(first: Duration, longest: Duration, failures: u32, entropy: &mut Entropy) -> Duration {
    let longest = first.saturating_mul(1 << failures.min(10)).min(longest);
    let half = u64::try_from(longest.as_millis() / 2).unwrap_or(u64::MAX);
    Duration::from_millis(half + entropy.below(half + 1))
}

/// A reason that somebody gave, clean.
pub(super) fn reason(text: Option<&str>) -> Option<String> {
    text.and_then(|text| text::line(text, text::REASON))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour() {
        let mut entropy = Entropy::new([1; 32]);
        for failures in 0..40 {
            let longest = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
            let pause = pause(failures, &mut entropy);
            assert!(pause >= longest / 2 && pause <= longest, "{failures}: {pause:?}");
        }
    }
}
