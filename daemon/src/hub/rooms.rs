//! Rooms in the contract's words.

use xmppd_core::account::{Invitation, RoomReport, RoomState, Speaker};
use xmppd_proto::reply;

pub(super) fn room(report: RoomReport) -> reply::Room {
    reply::Room {
        jid: report.jid.to_string(),
        name: report.name,
        nick: report.nick,
        state: match report.state {
            RoomState::Left => reply::RoomState::Left,
            RoomState::Joining => reply::RoomState::Joining,
            RoomState::Joined => reply::RoomState::Joined,
            RoomState::Retrying => reply::RoomState::Retrying,
            RoomState::Kicked => reply::RoomState::Kicked,
            RoomState::Banned => reply::RoomState::Banned,
            RoomState::Gone => reply::RoomState::Gone,
            RoomState::Refused => reply::RoomState::Refused,
        },
        autojoin: report.autojoin,
        bookmarked: report.bookmarked,
        subject: report.subject,
        reason: report.reason,
    }
}

pub(super) fn invitation(invitation: Invitation) -> reply::RoomInvitation {
    reply::RoomInvitation {
        jid: invitation.room.to_string(),
        from: invitation.from.map(|from| from.to_string()),
        reason: invitation.reason,
    }
}

pub(super) fn speaker(speaker: Speaker) -> reply::RoomSpeaker {
    reply::RoomSpeaker { nick: speaker.nick, occupant_id: speaker.id }
}
