//! The transport's words in the core's: what a TLS session offers, and why there is no connection.

use xmppd_core::account::{Change, Security};
use xmppd_core::loss::Loss;

use crate::store;
use crate::transport::dial::DialError;
use crate::transport::link::End;
use crate::transport::tls::{TlsError, TlsFacts};

pub(super) fn security(facts: TlsFacts) -> Security {
    let TlsFacts { version, cipher, exporter, end_point } = facts;
    Security { version, cipher, exporter, end_point }
}

pub(super) fn dial_error(error: &DialError) -> Loss {
    let text = error.to_string();
    match error {
        DialError::NotOffered => Loss::NotOffered(text),
        DialError::Dns(_) | DialError::Unreachable(_) | DialError::Timeout(_) => Loss::Unreachable(text),
        DialError::Certificate(_) => Loss::Certificate(text),
        DialError::Tls(_) => Loss::Tls(text),
    }
}

pub(super) fn tls_error(error: &TlsError) -> Loss {
    let text = error.to_string();
    match error {
        TlsError::Certificate(_) => Loss::Certificate(text),
        TlsError::Handshake(_) | TlsError::Timeout => Loss::Tls(text),
        TlsError::Lost(_) => Loss::Broken(text),
    }
}

/// What the account wants kept, as the store keeps it under its name.
pub(super) fn change(account: String, change: Change) -> store::Change {
    match change {
        Change::TuneOut(is_out) => store::Change::TuneOut { account, is_out },
        Change::Tokens(tokens) => store::Change::Tokens { account, tokens },
        Change::Offer(offer) => store::Change::Offer { account, offer },
        Change::Session(session) => store::Change::Session { account, session },
        Change::Handled(handled, at, known) => store::Change::Handled { account, handled, at, known },
        Change::Known(known) => store::Change::Known { account, known },
        Change::Message(message, filed) => store::Change::Message { account, message, filed },
        Change::Backlog(message, filed) => store::Change::Backlog { account, message, filed },
        Change::SetAside(id, aside, reason) => store::Change::SetAside { account, id, aside, reason },
        Change::Arrived(ids, names) => store::Change::Arrived { account, ids, names },
        Change::Failed(ids, reason) => store::Change::Failed { account, ids, reason },
        Change::Merged(merged) => store::Change::Merged { account, merged },
        Change::Returned(returned) => store::Change::Returned { account, returned },
        Change::Withdrawn(ids) => store::Change::Withdrawn { account, ids },
        Change::Read(chat, last) => store::Change::Read { account, chat, last },
        Change::Roster(roster) => store::Change::Roster { account, roster },
        Change::RosterPush(push) => store::Change::RosterPush { account, push },
        Change::SubscriptionRequest(request) => store::Change::SubscriptionRequest { account, request },
        Change::SubscriptionAnswered(jid) => store::Change::SubscriptionAnswered { account, jid },
        Change::Room(room) => store::Change::Room { account, room },
        Change::RoomForgotten(jid) => store::Change::RoomForgotten { account, jid },
    }
}

pub(super) fn end(end: &End) -> Loss {
    Loss::Broken(match end {
        End::Closed => "the server hung up without ending the stream".into(),
        End::Truncated => "it was cut".into(),
        End::Lost(error) => error.to_string(),
    })
}
