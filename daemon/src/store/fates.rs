//! What becomes of messages of ours, each step in the outbox, in the history and among the names at once.

use rusqlite::Connection;
use xmppd_core::account::{Aside, Incoming, KeptMessage, Returned};

use super::{archive, corrections, history, session};

/// Keeps a message of ours, and files it where that is to be done.
pub(super) fn take(
    connection: &Connection,
    account: &str,
    message: &KeptMessage,
    filed: Option<&Incoming>,
    behind: bool,
) -> rusqlite::Result<()> {
    session::keep_message(connection, account, message, behind)?;
    if let Some(first) = message.replaces.as_ref().filter(|_| message.returned > 0) {
        corrections::redo(connection, account, &message.id, first)?;
    }
    let Some(filed) = filed else { return Ok(()) };
    if message.chosen.is_some() {
        history::forget_failed(connection, account, &message.id)?;
    }
    history::file(connection, account, filed)
}

/// Messages have arrived, and these names are known; whether a text is nowhere kept any more.
pub(super) fn arrived(
    connection: &Connection,
    account: &str,
    ids: &[String],
    names: &[String],
    erased: &mut bool,
) -> rusqlite::Result<()> {
    session::taken(connection, account, ids)?;
    *erased |= !history::settle(connection, account, ids, Some("sent"), None)?;
    archive::remember(connection, account, names)
}

/// Messages came back while somebody waited for them, who was told.
pub(super) fn failed(
    connection: &Connection,
    account: &str,
    ids: &[String],
    reason: &str,
    erased: &mut bool,
) -> rusqlite::Result<()> {
    session::forget(connection, account, ids)?;
    *erased |= !history::settle(connection, account, ids, Some("failed"), Some(reason))?;
    Ok(())
}

/// Messages were never sent.
pub(super) fn withdrawn(
    connection: &Connection,
    account: &str,
    ids: &[String],
    erased: &mut bool,
) -> rusqlite::Result<()> {
    session::forget(connection, account, ids)?;
    *erased |= !history::settle(connection, account, ids, None, None)?;
    Ok(())
}

/// A message came back, and is kept.
pub(super) fn came_back(connection: &Connection, account: &str, returned: &Returned) -> rusqlite::Result<()> {
    history::returned(connection, account, returned)?;
    session::returned(connection, account, returned)?;
    archive::forget(connection, account, returned.forgets.as_deref())
}

/// A message is not sent by itself any more.
pub(super) fn set_aside(
    connection: &Connection,
    account: &str,
    id: &str,
    aside: Aside,
    reason: &str,
) -> rusqlite::Result<()> {
    history::set_aside(connection, account, id, aside, reason)?;
    session::set_aside(connection, account, id, aside, reason)
}
