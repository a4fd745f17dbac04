//! What is said of messages of the history, each only of those of whom it may be said.

use rusqlite::{Connection, OptionalExtension, params};
use xmppd_core::account::{Incoming, Noted};
use xmppd_core::stanza::remark::Remark;

/// Between two reactions; no text of them has one.
const BETWEEN: char = '\n';

/// A message takes the place of an earlier one of the same sender's, and of what took that one's place before.
pub(super) fn correct(connection: &Connection, account: &str, message: &Incoming) -> rusqlite::Result<()> {
    let Some(replaced) = &message.replaces else { return Ok(()) };
    let sql = "UPDATE history SET replaced_by = ?5 WHERE account = ?1 AND chat = ?2 AND sent = ?3
        AND (id = ?4 OR origin = ?4 OR replaces = ?4)
        AND number < (SELECT max(number) FROM history WHERE account = ?1 AND id = ?5)";
    let chat = message.chat();
    let values = params![account, chat.as_str(), message.sent, replaced, message.id];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Notes something said of a message; whether a text is gone with it.
pub(super) fn note(connection: &Connection, account: &str, noted: &Noted) -> rusqlite::Result<bool> {
    let sql = "SELECT number FROM history WHERE account = ?1 AND chat = ?2 AND (?3 IS NULL OR sent = ?3)
        AND (id = ?4 OR origin = ?4) ORDER BY number DESC LIMIT 1";
    let values = params![account, noted.chat.as_str(), noted.about_sent(), noted.remark.about()];
    let number: Option<i64> = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    let Some(number) = number else { return Ok(false) };
    match (&noted.remark, noted.sent) {
        (Remark::Received(_), false) => {
            let sql = "UPDATE history SET state = 'received', reason = NULL WHERE number = ? AND state <> 'displayed'";
            connection.prepare_cached(sql)?.execute([number])?;
            has_arrived(connection, account, number)?;
        }
        (Remark::Displayed(_), false) => {
            let sql = "UPDATE history SET state = 'displayed' WHERE account = ? AND chat = ? AND sent AND number <= ?
                AND state IN ('queued', 'sent', 'received')";
            connection.prepare_cached(sql)?.execute(params![account, noted.chat.as_str(), number])?;
            let sql = "UPDATE history SET state = 'displayed', reason = NULL WHERE number = ?";
            connection.prepare_cached(sql)?.execute([number])?;
            has_arrived(connection, account, number)?;
        }
        // What we have read is told by a change of its own.
        (Remark::Received(_) | Remark::Displayed(_), true) => {}
        (Remark::Reactions(_, emojis), _) => react(connection, number, noted.from.as_str(), emojis)?,
        (Remark::Retraction(_), _) => {
            // With all that was to take its place.
            let sql = "UPDATE history SET body = NULL, subject = NULL, encrypted = NULL, urls = NULL, unread = 0, retracted = 1 WHERE number = ?1
                OR account = ?2 AND chat = ?3 AND sent = ?4 AND replaces = ?5";
            let values = params![number, account, noted.chat.as_str(), noted.sent, noted.remark.about()];
            connection.prepare_cached(sql)?.execute(values)?;
            let sql = "UPDATE taken SET stanza = '' WHERE account = ? AND ? AND id IN (SELECT id FROM history
                WHERE account = ? AND chat = ? AND sent AND retracted)";
            let values = params![account, noted.sent, account, noted.chat.as_str()];
            connection.prepare_cached(sql)?.execute(values)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// The recipient has this message of ours: it cannot come back any more, and need not be sent again where it has.
fn has_arrived(connection: &Connection, account: &str, number: i64) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM taken WHERE account = ?1 AND id = (SELECT id FROM history WHERE number = ?2)",
        "DELETE FROM message WHERE account = ?1 AND id = (SELECT id FROM history WHERE number = ?2) AND aside IS NOT NULL",
    ] {
        connection.prepare_cached(sql)?.execute(params![account, number])?;
    }
    Ok(())
}

/// Who put what to a message.
pub(super) fn reactions(connection: &Connection, number: i64) -> rusqlite::Result<Vec<(String, Vec<String>)>> {
    let sql = "SELECT sender, emojis FROM reaction WHERE number = ? ORDER BY sender";
    let mut query = connection.prepare_cached(sql)?;
    let reactions = query.query_map([number], |row| {
        let emojis: String = row.get(1)?;
        Ok((row.get(0)?, emojis.split(BETWEEN).map(str::to_owned).collect()))
    })?;
    reactions.collect()
}

fn react(connection: &Connection, number: i64, sender: &str, emojis: &[String]) -> rusqlite::Result<()> {
    if emojis.is_empty() {
        let sql = "DELETE FROM reaction WHERE number = ? AND sender = ?";
        return connection.prepare_cached(sql)?.execute(params![number, sender]).map(drop);
    }
    let sql = "INSERT OR REPLACE INTO reaction (number, sender, emojis) VALUES (?, ?, ?)";
    let emojis = emojis.join(&BETWEEN.to_string());
    connection.prepare_cached(sql)?.execute(params![number, sender, emojis]).map(drop)
}
