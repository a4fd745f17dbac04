//! What people tell of themselves, in the contract's words.

use xmppd_core::pep::Personal;
use xmppd_proto::reply::{self, Activity, Avatar, Mood, TuneReport};
use xmppd_proto::{Change, PersonalChange, PersonalPart, State, TuneChange, TuneState};

use super::convert::tune;

/// What a contact tells, as watchers hear of it.
pub(super) fn change(account: String, jid: String, told: Personal) -> Change {
    let what = match &told {
        Personal::Mood(_) => PersonalPart::Mood,
        Personal::Activity(_) => PersonalPart::Activity,
        Personal::Nick(_) => PersonalPart::Nick,
        Personal::Avatar(_) => PersonalPart::Avatar,
        Personal::Tune(track) => {
            let state = if track.is_some() { TuneState::Playing } else { TuneState::Stopped };
            let report = TuneReport { tune: track.as_ref().map(tune), state, ..TuneReport::default() };
            return Change::Tune(TuneChange { account: Some(account), jid: Some(jid), report });
        }
    };
    Change::Personal(PersonalChange { account, jid, what, personal: of(told) })
}

/// What somebody tells, and nothing of the rest; a tune is none of it.
pub(crate) fn of(told: Personal) -> reply::Personal {
    let mut personal = reply::Personal::default();
    match told {
        Personal::Mood(mood) => {
            personal.mood = mood.map(|mood| Box::new(Mood { value: mood.value.to_owned(), text: mood.text }));
        }
        Personal::Activity(activity) => {
            personal.activity = activity.map(|activity| {
                Box::new(Activity {
                    general: activity.general.to_owned(),
                    specific: activity.specific.map(str::to_owned),
                    text: activity.text,
                })
            });
        }
        Personal::Nick(nick) => personal.nick = nick.map(String::into_boxed_str),
        Personal::Avatar(avatar) => {
            personal.avatar = avatar.map(|avatar| {
                Box::new(Avatar {
                    id: avatar.id,
                    media_type: avatar.media_type,
                    bytes: avatar.bytes,
                    width: avatar.width,
                    height: avatar.height,
                })
            });
        }
        Personal::Tune(_) => {}
    }
    personal
}

/// Whether a contact tells what is known already: some servers tell both the account and its resource.
pub(super) fn is_known(change: &Change, state: &State) -> bool {
    match change {
        Change::Tune(TuneChange { account: Some(account), jid: Some(jid), report }) => {
            state.contact(account, jid).is_some_and(|contact| contact.tune.as_deref() == report.tune.as_ref())
        }
        Change::Personal(change) => state.contact(&change.account, &change.jid).is_some_and(|contact| {
            let mut after = contact.personal.clone();
            change.clone().apply(&mut after);
            after == contact.personal
        }),
        Change::Snapshot(_)
        | Change::Gap
        | Change::Status(_)
        | Change::Tune(_)
        | Change::Presence(_)
        | Change::Roster(_)
        | Change::Message(_)
        | Change::Unread(_)
        | Change::Receipt(_)
        | Change::Reaction(_)
        | Change::Retraction(_)
        | Change::ChatState(_)
        | Change::Account(_)
        | Change::Outbox(_)
        | Change::Room(_) => false,
    }
}
