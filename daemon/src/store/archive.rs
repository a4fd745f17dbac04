//! How far the archives of the accounts are known, and of which messages watchers were told.

use rusqlite::{Connection, OptionalExtension, Row, params};
use xmppd_core::account::{Border, Known, NAMES_REMEMBERED};
use xmppd_core::time::Wall;

use super::{Store, StoreError, history, remarks, room};

/// Keeps what is known, and the messages that are to be kept with it.
pub(super) fn keep(connection: &Connection, account: &str, known: &Known, erased: &mut bool) -> rusqlite::Result<()> {
    if let Some(border) = &known.border {
        let sql = "INSERT OR REPLACE INTO archive (account, border, at) VALUES (?, ?, ?)";
        connection.prepare_cached(sql)?.execute(params![account, border.id, border.at.as_unix_millis()])?;
    }
    room::known(connection, account, &known.rooms)?;
    known.messages.iter().try_for_each(|message| history::file(connection, account, message))?;
    known.shown.iter().try_for_each(|shown| history::shown(connection, account, shown))?;
    for noted in &known.notes {
        *erased |= remarks::note(connection, account, noted)?;
    }
    remember(connection, account, &known.told)
}

/// Keeps names; of all of them only the last.
pub(super) fn remember(connection: &Connection, account: &str, names: &[String]) -> rusqlite::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO told (account, name) VALUES (?, ?)")?;
    for name in names {
        insert.execute([account, name])?;
    }
    let sql = "DELETE FROM told WHERE account = ?1 AND number <=
        (SELECT number FROM told WHERE account = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)";
    connection.prepare_cached(sql)?.execute(params![account, NAMES_REMEMBERED]).map(drop)
}

/// Keeps a name no more.
pub(super) fn forget(connection: &Connection, account: &str, name: Option<&str>) -> rusqlite::Result<()> {
    let sql = "DELETE FROM told WHERE account = ? AND name = ?";
    connection.prepare_cached(sql)?.execute(params![account, name]).map(drop)
}

impl Store {
    /// How far the archive of an account is known.
    pub(crate) fn border(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Option<Border>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT border, at FROM archive WHERE account = ?";
            connection.prepare_cached(sql)?.query_row([account], border).optional()
        })
    }

    /// The names of the last messages that watchers of an account were told of, the oldest first.
    pub(crate) fn told(&self, account: String) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT name FROM told WHERE account = ? ORDER BY number";
            connection.prepare_cached(sql)?.query_map([account], |row| row.get(0))?.collect()
        })
    }
}

fn border(row: &Row<'_>) -> rusqlite::Result<Border> {
    Ok(Border { id: row.get(0)?, at: Wall::from_unix_millis(row.get(1)?) })
}
