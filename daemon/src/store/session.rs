//! The session that another process could take up again, and the messages that no server has acknowledged.

use std::time::Duration;

use jid::FullJid;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Row, params};
use xmppd_core::account::{KeptMessage, KeptSession, Origin};
use xmppd_core::time::Wall;

use super::{Store, StoreError};

/// Replaces the session of an account.
pub(super) fn keep(connection: &Connection, account: &str, session: Option<&KeptSession>) -> rusqlite::Result<()> {
    let Some(session) = session else {
        return connection.prepare_cached("DELETE FROM session WHERE account = ?")?.execute([account]).map(drop);
    };
    let sql = "INSERT OR REPLACE INTO session (account, jid, previd, max, handled, at) VALUES (?, ?, ?, ?, ?, ?)";
    let max = session.max.map(|max| i64::try_from(max.as_secs()).unwrap_or(i64::MAX));
    let (jid, at) = (session.jid.to_string(), session.at.as_unix_millis());
    connection.prepare_cached(sql)?.execute(params![account, jid, session.previd, max, session.handled, at]).map(drop)
}

/// Counts what was handled.
pub(super) fn handled(connection: &Connection, account: &str, handled: u32, at: Wall) -> rusqlite::Result<()> {
    let sql = "UPDATE session SET handled = ?, at = ? WHERE account = ?";
    connection.prepare_cached(sql)?.execute(params![handled, at.as_unix_millis(), account]).map(drop)
}

/// Keeps a message; one that is kept already gets its new position and keeps its place among the others.
pub(super) fn keep_message(connection: &Connection, account: &str, message: &KeptMessage) -> rusqlite::Result<()> {
    let sql = "INSERT INTO message (account, id, position, stanza, at, after) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (account, id) DO UPDATE SET position = excluded.position";
    let KeptMessage { id, position, stanza, origin } = message;
    let values = params![account, id, position, stanza, origin.at.as_unix_millis(), origin.after];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Forgets messages.
pub(super) fn arrived(connection: &Connection, account: &str, ids: &[String]) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM message WHERE account = ? AND id = ?")?;
    for id in ids {
        delete.execute([account, id])?;
    }
    Ok(())
}

impl Store {
    /// The session of an account that may still be there.
    pub(crate) fn session(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Option<KeptSession>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT jid, previd, max, handled, at FROM session WHERE account = ?";
            connection.prepare_cached(sql)?.query_row([account], session).optional()
        })
    }

    /// The messages of an account that no server has acknowledged, the oldest first.
    pub(crate) fn messages(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Vec<KeptMessage>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT id, position, stanza, at, after FROM message WHERE account = ? ORDER BY number";
            connection.prepare_cached(sql)?.query_map([account], message)?.collect()
        })
    }
}

fn session(row: &Row<'_>) -> rusqlite::Result<KeptSession> {
    let jid: String = row.get(0)?;
    let max: Option<i64> = row.get(2)?;
    Ok(KeptSession {
        jid: FullJid::new(&jid).map_err(|error| Error::FromSqlConversionFailure(0, Type::Text, error.into()))?,
        previd: row.get(1)?,
        max: max.and_then(|max| u64::try_from(max).ok()).map(Duration::from_secs),
        handled: row.get(3)?,
        at: Wall::from_unix_millis(row.get(4)?),
    })
}

fn message(row: &Row<'_>) -> rusqlite::Result<KeptMessage> {
    let origin = Origin { at: Wall::from_unix_millis(row.get(3)?), after: row.get(4)? };
    Ok(KeptMessage { id: row.get(0)?, position: row.get(1)?, stanza: row.get(2)?, origin })
}
