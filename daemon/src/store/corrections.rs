//! Corrections of messages of ours: what is known of the one that is to be corrected, and a text put in its place.

use jid::BareJid;
use rusqlite::{Connection, Error, OptionalExtension, params};
use xmppd_core::account::Merged;

use super::{Store, StoreError, archive, history};

/// A message of ours, as far as a correction of it needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnMessage {
    /// The id of the first message, which may be another that this one corrects.
    pub(crate) first: String,
    /// To whom it went, or is to go.
    pub(crate) recipient: String,
    /// It is said in a room, to all.
    pub(crate) in_room: bool,
    /// It failed, or may not have arrived: nobody can be told what takes its place.
    pub(crate) is_aside: bool,
    /// Its sender has taken it back.
    pub(crate) is_retracted: bool,
    /// The id of the last message that says the same and is on the disk alone.
    pub(crate) behind: Option<String>,
}

/// Puts a correction into a message that was never written; an error when there is none to put it into.
pub(super) fn merge(connection: &Connection, account: &str, merged: &Merged) -> rusqlite::Result<()> {
    let Merged { id, stanza, behind, told, .. } = merged;
    let sql = "UPDATE message SET stanza = ?3 WHERE account = ?1 AND id = ?2 AND aside IS NULL AND (behind OR NOT ?4)";
    if connection.prepare_cached(sql)?.execute(params![account, id, stanza, behind])? == 0 {
        return Err(Error::ToSqlConversionFailure("the message has left meanwhile: ask again".into()));
    }
    let (kind, urls) = (history::word(&merged.kind), merged.url.as_deref());
    let sql =
        "UPDATE history SET kind = ?3, body = ?4, subject = ?5, urls = ?6 WHERE account = ?1 AND id = ?2 AND sent";
    connection.prepare_cached(sql)?.execute(params![account, id, kind, merged.body, merged.subject, urls])?;
    archive::remember(connection, account, told.as_slice())
}

/// A message of ours did not arrive: what it was to take the place of is as it was, or as the last correction that may
/// have arrived has it.
pub(super) fn undo(connection: &Connection, account: &str, id: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE history AS corrected SET replaced_by = (SELECT id FROM history AS other
            WHERE other.account = corrected.account AND other.chat = corrected.chat AND other.sent
            AND other.number > corrected.number AND other.id <> ?2 AND other.state <> 'failed'
            AND other.replaces = coalesce(corrected.replaces, corrected.id) ORDER BY other.number DESC LIMIT 1)
        WHERE account = ?1 AND sent AND replaced_by = ?2
            AND chat IN (SELECT chat FROM history WHERE account = ?1 AND id = ?2 AND replaces IS NOT NULL)";
    connection.prepare_cached(sql)?.execute(params![account, id]).map(drop)
}

/// It is sent again.
pub(super) fn redo(connection: &Connection, account: &str, id: &str, first: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE history AS corrected SET replaced_by = ?2 FROM history AS own
        WHERE own.account = ?1 AND own.id = ?2 AND own.sent AND corrected.account = ?1 AND corrected.sent
            AND corrected.chat = own.chat AND (corrected.id = ?3 OR corrected.replaces = ?3)
            AND corrected.number < own.number AND coalesce((SELECT max(number) FROM history AS other
                WHERE other.account = ?1 AND other.id = corrected.replaced_by), 0) < own.number";
    connection.prepare_cached(sql)?.execute(params![account, id, first]).map(drop)
}

impl Store {
    /// What is known of a message of ours to somebody; messages that the server has taken are known for long only where
    /// there is a history.
    pub(crate) fn own_message(
        &self,
        account: String,
        to: BareJid,
        id: String,
    ) -> impl Future<Output = Result<Option<OwnMessage>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT coalesce(replaces, id), aside IS NOT NULL, FALSE, recipient, for_room FROM message
                    WHERE account = ?1 AND id = ?2 AND bare(recipient) = ?3
                UNION ALL SELECT coalesce(replaces, id), state IN ('failed', 'uncertain'), retracted,
                    recipient, kind = 'groupchat' FROM history
                    WHERE account = ?1 AND id = ?2 AND chat = ?3 AND sent
                UNION ALL SELECT coalesce(replaces, id), FALSE, FALSE, recipient, for_room FROM taken
                    WHERE account = ?1 AND id = ?2 AND bare(recipient) = ?3
                LIMIT 1";
            let sql = sql.replace("bare(recipient)", BARE);
            let row = |row: &rusqlite::Row<'_>| {
                let (first, is_aside, is_retracted) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let (recipient, in_room) = (row.get(3)?, row.get(4)?);
                Ok(OwnMessage { first, recipient, in_room, is_aside, is_retracted, behind: None })
            };
            let found =
                connection.prepare_cached(&sql)?.query_row(params![account, id, to.as_str()], row).optional()?;
            let Some(mut found) = found else { return Ok(None) };
            let sql =
                "SELECT id FROM message WHERE account = ?1 AND (id = ?2 OR replaces = ?2) AND bare(recipient) = ?3
                AND behind AND aside IS NULL ORDER BY number DESC LIMIT 1";
            let sql = sql.replace("bare(recipient)", BARE);
            let values = params![account, found.first, to.as_str()];
            found.behind = connection.prepare_cached(&sql)?.query_row(values, |row| row.get(0)).optional()?;
            Ok(Some(found))
        })
    }
}

impl Store {
    /// Whether the recipient of a message of ours has it, as far as there is a history.
    pub(crate) fn is_received(
        &self,
        account: String,
        to: BareJid,
        id: String,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM history WHERE account = ? AND chat = ? AND id = ? AND sent
                AND state IN ('received', 'displayed'))";
            connection.prepare_cached(sql)?.query_row(params![account, to.as_str(), id], |row| row.get(0))
        })
    }
}

/// An address without its resource.
const BARE: &str = "substr(recipient, 1, instr(recipient || '/', '/') - 1)";
