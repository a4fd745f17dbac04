//! The session that another process could take up again, and the messages that no server has acknowledged.

use std::time::Duration;

use jid::{FullJid, Jid};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Row, params};
use xmppd_core::account::{Aside, KeptAside, KeptMessage, KeptSession, Origin, Returned, TAKEN_REMEMBERED};
use xmppd_core::time::Wall;

use super::{Store, StoreError};

/// So many messages that were set aside are kept for each account.
const SET_ASIDE: u32 = 1_000;

/// Replaces the session of an account.
pub(super) fn keep(connection: &Connection, account: &str, session: Option<&KeptSession>) -> rusqlite::Result<()> {
    let Some(session) = session else {
        return connection.prepare_cached("DELETE FROM session WHERE account = ?")?.execute([account]).map(drop);
    };
    let sql = "INSERT OR REPLACE INTO session (account, jid, previd, max, host, port, client_state, pre_approval, hidden, handled, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let max = session.max.map(|max| i64::try_from(max.as_secs()).unwrap_or(i64::MAX));
    let (host, port) = session.location.clone().unzip();
    let (jid, at) = (session.jid.to_string(), session.at.as_unix_millis());
    let KeptSession { previd, client_state, pre_approval, hidden, handled, .. } = session;
    let values = params![account, jid, previd, max, host, port, client_state, pre_approval, hidden, handled, at];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Counts what was handled.
pub(super) fn handled(connection: &Connection, account: &str, handled: u32, at: Wall) -> rusqlite::Result<()> {
    let sql = "UPDATE session SET handled = ?, at = ? WHERE account = ?";
    connection.prepare_cached(sql)?.execute(params![handled, at.as_unix_millis(), account]).map(drop)
}

/// Keeps a message; one that is kept already gets its new position and keeps its place among the others, unless it was
/// set aside: then it is behind all of them.
pub(super) fn keep_message(
    connection: &Connection,
    account: &str,
    message: &KeptMessage,
    behind: bool,
) -> rusqlite::Result<()> {
    // A number is not given a second time while the message that had it may come back to its place; one that was set
    // aside and is sent again goes behind all that waits.
    let sql = "INSERT INTO message (number, account, id, recipient, position, stanza, at, after, attempts, chosen, behind, returned,
        replaces) VALUES (1 + max(coalesce((SELECT max(number) FROM message), 0), coalesce((SELECT max(number) FROM taken), 0)),
            ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?4 IS NOT NULL, ?8, ?9, ?10, ?11)
        ON CONFLICT (account, id) DO UPDATE SET
        number = CASE WHEN message.aside IS NULL THEN message.number ELSE excluded.number END,
        position = excluded.position, recipient = excluded.recipient,
        stanza = excluded.stanza, aside = NULL, reason = NULL, behind = excluded.behind,
        chosen = excluded.chosen, returned = excluded.returned,
        attempts = CASE WHEN message.aside IS NULL THEN message.attempts ELSE 0 END
            + (message.position IS NULL AND excluded.position IS NOT NULL)";
    let KeptMessage { id, to, position, stanza, origin, chosen, returned, replaces, .. } = message;
    let (to, at, after) = (to.as_str(), origin.at.as_unix_millis(), &origin.after);
    let values = params![account, id, to, position, stanza, at, after, chosen, behind, returned, replaces];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Forgets messages.
pub(super) fn forget(connection: &Connection, account: &str, ids: &[String]) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM message WHERE account = ? AND id = ?")?;
    for id in ids {
        delete.execute([account, id])?;
    }
    Ok(())
}

/// The server has these messages. They may come back, so that the last are remembered, their text only where the history
/// has it, too. What a room has shown does not: it is remembered to be corrected.
pub(super) fn taken(connection: &Connection, account: &str, ids: &[String]) -> rusqlite::Result<()> {
    let sql =
        "INSERT OR REPLACE INTO taken (number, account, id, recipient, stanza, at, after, chosen, returned, replaces, for_room)
        SELECT number, account, id, recipient, CASE WHEN NOT for_room AND EXISTS (SELECT 1 FROM history
            WHERE history.account = message.account AND history.id = message.id AND sent AND NOT retracted)
            THEN stanza ELSE '' END, at, after, chosen, returned, replaces, for_room
        FROM message WHERE account = ? AND id = ?";
    let mut insert = connection.prepare_cached(sql)?;
    for id in ids {
        insert.execute([account, id])?;
    }
    forget(connection, account, ids)?;
    let sql = "DELETE FROM taken WHERE account = ?1 AND number <=
        (SELECT number FROM taken WHERE account = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)";
    connection.prepare_cached(sql)?.execute(params![account, TAKEN_REMEMBERED]).map(drop)
}

/// A message came back: it is kept at the place that it had. That it left before is of no account any more.
pub(super) fn returned(connection: &Connection, account: &str, returned: &Returned) -> rusqlite::Result<()> {
    let Returned { message, reason, has_failed, .. } = returned;
    keep_message(connection, account, message, false)?;
    let sql = "UPDATE message SET attempts = 0, aside = ?, reason = ?, number = coalesce(
            (SELECT number FROM taken WHERE taken.account = message.account AND taken.id = message.id), number)
        WHERE account = ? AND id = ?";
    let aside = has_failed.then_some(word(Aside::Failed));
    connection.prepare_cached(sql)?.execute(params![aside, reason, account, message.id])?;
    connection.prepare_cached("DELETE FROM taken WHERE account = ? AND id = ?")?.execute([account, &message.id])?;
    trim_aside(connection, account)
}

/// Keeps a message for its author alone.
pub(super) fn set_aside(
    connection: &Connection,
    account: &str,
    id: &str,
    aside: Aside,
    reason: &str,
) -> rusqlite::Result<()> {
    let sql = "UPDATE message SET aside = ?, reason = ?, position = NULL WHERE account = ? AND id = ?";
    connection.prepare_cached(sql)?.execute(params![word(aside), reason, account, id])?;
    trim_aside(connection, account)
}

fn trim_aside(connection: &Connection, account: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM message WHERE number IN (SELECT number FROM message
        WHERE account = ? AND aside IS NOT NULL ORDER BY number DESC LIMIT -1 OFFSET ?)";
    connection.prepare_cached(sql)?.execute(params![account, SET_ASIDE]).map(drop)
}

fn word(aside: Aside) -> &'static str {
    match aside {
        Aside::Failed => "failed",
        Aside::Uncertain => "uncertain",
    }
}

fn read_aside(word: Option<String>) -> Option<Aside> {
    let word = word?;
    // What another version wrote is not sent either.
    Some(if word == "failed" { Aside::Failed } else { Aside::Uncertain })
}

/// What waits to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// What is to be held in memory.
    pub(crate) messages: Vec<KeptMessage>,
    /// How many more there are.
    pub(crate) behind: usize,
    /// The ids of those that are their askers' own, and what was asked for under each.
    pub(crate) chosen: Vec<(String, String)>,
}

/// A message that no server has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutboxRow {
    /// Its id.
    pub(crate) id: String,
    /// The recipient.
    pub(crate) to: String,
    /// It has its place in a session.
    pub(crate) is_placed: bool,
    /// How often it was to leave.
    pub(crate) attempts: u32,
    /// When it was taken.
    pub(crate) at: Wall,
    /// It is not sent by itself any more.
    pub(crate) aside: Option<Aside>,
    /// Why, for people.
    pub(crate) reason: Option<String>,
}

impl Store {
    /// The session of an account that may still be there.
    pub(crate) fn session(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Option<KeptSession>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT jid, previd, max, host, port, client_state, pre_approval, hidden, handled, at
                FROM session WHERE account = ?";
            connection.prepare_cached(sql)?.query_row([account], session).optional()
        })
    }

    /// The same, as people see them: also whether each has its place in a session, and in how many it had one.
    pub(crate) fn outbox(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Vec<OutboxRow>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT id, recipient, position IS NOT NULL, attempts + returned, at, aside, reason FROM message
                WHERE account = ? ORDER BY number";
            let row = |row: &Row<'_>| {
                Ok(OutboxRow {
                    id: row.get(0)?,
                    to: row.get(1)?,
                    is_placed: row.get(2)?,
                    attempts: row.get(3)?,
                    at: Wall::from_unix_millis(row.get(4)?),
                    aside: read_aside(row.get(5)?),
                    reason: row.get(6)?,
                })
            };
            connection.prepare_cached(sql)?.query_map([account], row)?.collect()
        })
    }

    /// The messages of an account that are to be sent, and that no server has acknowledged, for a new process: the oldest
    /// first, as many as are to be held in memory and all that may ever have left; the others are behind them.
    pub(crate) fn messages(
        &self,
        account: String,
        held: usize,
    ) -> impl Future<Output = Result<Waiting, StoreError>> + Send + use<> {
        self.read(move |connection| waiting(connection, &account, count(held)))
    }

    /// The oldest messages of those behind, which are not behind any more.
    pub(crate) fn load(
        &self,
        account: String,
        most: usize,
    ) -> impl Future<Output = Result<Vec<KeptMessage>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "UPDATE message SET behind = FALSE WHERE number IN (SELECT number FROM message
                WHERE account = ? AND behind AND aside IS NULL ORDER BY number LIMIT ?)
                RETURNING id, recipient, position, stanza, at, after, attempts > 0, chosen, returned, replaces, number";
            let row = |row: &Row<'_>| Ok((row.get::<_, i64>(10)?, message(row)?));
            let mut query = connection.prepare_cached(sql)?;
            let mut loaded: Vec<_> = query.query_map(params![account, count(most)], row)?.collect::<Result<_, _>>()?;
            // The rows come in any order.
            loaded.sort_unstable_by_key(|(number, _)| *number);
            Ok(loaded.into_iter().map(|(_, message)| message).collect())
        })
    }

    /// The last messages that the server has taken and that may come back, the oldest first.
    pub(crate) fn messages_taken(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Vec<KeptMessage>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT id, recipient, NULL, stanza, at, after, TRUE, chosen, returned, replaces FROM taken
                WHERE account = ? AND NOT for_room ORDER BY number";
            connection.prepare_cached(sql)?.query_map([account], message)?.collect()
        })
    }

    /// Whether a message is on the disk alone.
    pub(crate) fn is_behind(
        &self,
        account: String,
        id: String,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT behind AND aside IS NULL FROM message WHERE account = ? AND id = ?";
            let row = connection.prepare_cached(sql)?.query_row([account, id], |row| row.get(0)).optional()?;
            Ok(row.unwrap_or_default())
        })
    }

    /// A message that was set aside.
    pub(crate) fn aside(
        &self,
        account: String,
        id: String,
    ) -> impl Future<Output = Result<Option<KeptAside>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql =
                "SELECT id, recipient, position, stanza, at, after, attempts > 0, chosen, returned, replaces, aside, reason FROM message
                WHERE account = ? AND id = ? AND aside IS NOT NULL";
            let row = |row: &Row<'_>| {
                let (aside, reason) = (read_aside(row.get(10)?), row.get::<_, Option<String>>(11)?);
                let (aside, reason) = (aside.unwrap_or(Aside::Uncertain), reason.unwrap_or_default());
                Ok(KeptAside { message: message(row)?, aside, reason })
            };
            connection.prepare_cached(sql)?.query_row([account, id], row).optional()
        })
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn waiting(connection: &Connection, account: &str, held: i64) -> rusqlite::Result<Waiting> {
    // All that are for rooms are held: what waits for one room does not wait for another's turn. So is what came back:
    // another one that comes back is sent behind it.
    let sql = "UPDATE message SET behind = NOT for_room AND number > max(
        coalesce((SELECT number FROM message WHERE account = ?1 AND aside IS NULL AND NOT for_room
            ORDER BY number LIMIT 1 OFFSET ?2 - 1), (SELECT max(number) FROM message)),
        coalesce((SELECT max(number) FROM message
            WHERE account = ?1 AND aside IS NULL AND NOT for_room AND (attempts > 0 OR returned > 0 AND NOT behind)), 0))
        WHERE account = ?1 AND aside IS NULL";
    connection.prepare_cached(sql)?.execute(params![account, held])?;
    let sql = "SELECT id, recipient, position, stanza, at, after, attempts > 0, chosen, returned, replaces FROM message
        WHERE account = ? AND aside IS NULL AND NOT behind ORDER BY number";
    let messages = connection.prepare_cached(sql)?.query_map([account], message)?.collect::<Result<_, _>>()?;
    let sql = "SELECT count(*) FROM message WHERE account = ? AND aside IS NULL AND behind";
    let behind = connection.prepare_cached(sql)?.query_row([account], |row| row.get::<_, i64>(0))?;
    let behind = usize::try_from(behind).unwrap_or_default();
    let sql = "SELECT id, chosen FROM message WHERE account = ? AND aside IS NULL AND behind AND chosen IS NOT NULL";
    let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let chosen = connection.prepare_cached(sql)?.query_map([account], pair)?.collect::<Result<_, _>>()?;
    Ok(Waiting { messages, behind, chosen })
}

fn session(row: &Row<'_>) -> rusqlite::Result<KeptSession> {
    let jid: String = row.get(0)?;
    let max: Option<i64> = row.get(2)?;
    Ok(KeptSession {
        jid: FullJid::new(&jid).map_err(|error| Error::FromSqlConversionFailure(0, Type::Text, error.into()))?,
        previd: row.get(1)?,
        max: max.and_then(|max| u64::try_from(max).ok()).map(Duration::from_secs),
        location: row.get::<_, Option<String>>(3)?.zip(row.get(4)?),
        client_state: row.get(5)?,
        pre_approval: row.get(6)?,
        hidden: row.get(7)?,
        handled: row.get(8)?,
        at: Wall::from_unix_millis(row.get(9)?),
    })
}

fn message(row: &Row<'_>) -> rusqlite::Result<KeptMessage> {
    let to: String = row.get(1)?;
    let to = Jid::new(&to).map_err(|error| Error::FromSqlConversionFailure(1, Type::Text, error.into()))?;
    let origin = Origin { at: Wall::from_unix_millis(row.get(4)?), after: row.get(5)? };
    let (id, position, stanza) = (row.get(0)?, row.get(2)?, row.get(3)?);
    let (tried, chosen, returned, replaces) = (row.get(6)?, row.get(7)?, row.get(8)?, row.get(9)?);
    Ok(KeptMessage { id, to, position, tried, chosen, returned, replaces, stanza, origin })
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
