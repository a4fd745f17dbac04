//! The history: messages as they came and went, found by chat, time and words.

use jid::{BareJid, Jid};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, Row, named_params, params};
use xmppd_core::account::{
    Aside, Author, Incoming, KeptRecent, MESSAGES_REMEMBERED, RecentMessage, Returned, RoomWord, Shown, Speaker,
};
use xmppd_core::stanza::MessageKind;
use xmppd_core::time::Wall;

use super::{Store, StoreError, corrections, remarks};

/// So many of the last messages of all rooms may be spoken of in another process.
const ROOM_WORDS: u32 = 500;
/// So many messages are erased at once.
const ERASED_AT_ONCE: u32 = 2_000;

/// Files a message; one whose place in the archive is known already is there.
pub(super) fn file(connection: &Connection, account: &str, message: &Incoming) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO history (account, chat, id, origin, place, sender, recipient, kind, body, subject, at, delayed,
        carbon, sent, unread, markable, state, reply_to, replaces, encrypted, urls, occupant)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let Incoming { id, origin, place, from, to, body, subject, at, delayed, carbon, sent, .. } = message;
    let Incoming { markable, reply_to, replaces, encrypted, .. } = message;
    let occupant = message.room.as_ref().and_then(|room| room.id.as_ref());
    let urls = (!message.urls.is_empty()).then(|| message.urls.join("\n"));
    // What another client of ours sent is at the server.
    let state = sent.then_some(if *carbon || *delayed { "sent" } else { "queued" });
    let (chat, kind, unread) = (message.chat(), word(&message.kind), message.is_news());
    let (chat, from, to, at) = (chat.as_str(), from.as_str(), to.as_str(), at.as_unix_millis());
    let values = params![
        account, chat, id, origin, place, from, to, kind, body, subject, at, delayed, carbon, sent, unread, markable,
        state, reply_to, replaces, encrypted, urls, occupant
    ];
    if connection.prepare_cached(sql)?.execute(values)? == 0 {
        return Ok(());
    }
    // Done by a trigger, each message would be a savepoint, and each savepoint a new segment of this index.
    let sql = "INSERT INTO history_text (rowid, body, subject) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![connection.last_insert_rowid(), body, subject])?;
    remarks::correct(connection, account, message)
}

/// A message of ours that failed is sent anew under its id.
pub(super) fn forget_failed(connection: &Connection, account: &str, id: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM history WHERE account = ? AND id = ? AND sent AND state IN ('failed', 'uncertain')";
    connection.prepare_cached(sql)?.execute([account, id]).map(drop)
}

/// Notes how far messages of ours have come, and why not further; without a word they have not arrived, and go; those that
/// may have stay. Whether all of them are in the history.
pub(super) fn settle(
    connection: &Connection,
    account: &str,
    ids: &[String],
    state: Option<&str>,
    reason: Option<&str>,
) -> rusqlite::Result<bool> {
    let mut are_all_there = state.is_some();
    for id in ids {
        if state.is_none_or(|state| state == "failed") {
            corrections::undo(connection, account, id)?;
        }
        let changed = match state {
            Some(state) => {
                // What the recipient has said of it is the better word.
                let sql =
                    "UPDATE history SET reason = CASE WHEN state IN ('received', 'displayed') THEN NULL ELSE ?4 END,
                    state = CASE WHEN state IN ('received', 'displayed') THEN state ELSE ?3 END
                    WHERE account = ?1 AND id = ?2 AND sent";
                connection.prepare_cached(sql)?.execute(params![account, id, state, reason])?
            }
            None => {
                let sql = "DELETE FROM history WHERE account = ? AND id = ? AND sent
                    AND state IN ('queued', 'failed')";
                connection.prepare_cached(sql)?.execute([account, id])?
            }
        };
        are_all_there &= changed > 0;
    }
    Ok(are_all_there)
}

/// Notes that a message of ours is not sent by itself any more.
pub(super) fn set_aside(
    connection: &Connection,
    account: &str,
    id: &str,
    aside: Aside,
    reason: &str,
) -> rusqlite::Result<()> {
    let state = match aside {
        Aside::Failed => "failed",
        Aside::Uncertain => "uncertain",
    };
    settle(connection, account, &[id.to_owned()], Some(state), Some(reason)).map(drop)
}

/// Notes that a message of ours came back.
pub(super) fn returned(connection: &Connection, account: &str, returned: &Returned) -> rusqlite::Result<()> {
    let state = if returned.has_failed { "failed" } else { "queued" };
    let ids = std::slice::from_ref(&returned.message.id);
    settle(connection, account, ids, Some(state), Some(&returned.reason)).map(drop)
}

/// Notes at which place of its room's archive a message of ours is.
pub(super) fn shown(connection: &Connection, account: &str, shown: &Shown) -> rusqlite::Result<()> {
    let sql = "UPDATE OR IGNORE history SET place = ? WHERE account = ? AND chat = ? AND id = ? AND sent";
    let values = params![shown.place, account, shown.room.as_str(), shown.id];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Notes that a chat is read, up to the message with this id or to its end.
pub(super) fn read(connection: &Connection, account: &str, chat: &BareJid, last: Option<&str>) -> rusqlite::Result<()> {
    let sql = "UPDATE history SET unread = 0 WHERE account = ?1 AND chat = ?2 AND unread AND (?3 IS NULL OR number <=
        (SELECT max(number) FROM history WHERE account = ?1 AND chat = ?2 AND id = ?3 AND NOT sent))";
    connection.prepare_cached(sql)?.execute(params![account, chat.as_str(), last]).map(drop)
}

/// Erases messages from before this, some thousands of them.
pub(super) fn expire(connection: &Connection, before: Wall) -> rusqlite::Result<()> {
    let sql = "DELETE FROM history WHERE number IN (SELECT number FROM history WHERE at < ? LIMIT ?)";
    connection.prepare_cached(sql)?.execute(params![before.as_unix_millis(), ERASED_AT_ONCE])?;
    let sql = "UPDATE taken SET stanza = '' WHERE at < ?";
    connection.prepare_cached(sql)?.execute([before.as_unix_millis()]).map(drop)
}

/// Which messages are asked for; the newest of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct HistoryQuery {
    /// The account.
    pub(crate) account: String,
    /// One chat alone.
    pub(crate) chat: Option<BareJid>,
    /// Nothing older.
    pub(crate) since: Option<Wall>,
    /// Only what is older.
    pub(crate) until: Option<Wall>,
    /// All of these words are in them; the end of a word may be a `*`.
    pub(crate) words: Vec<String>,
    /// At most so many.
    pub(crate) limit: u32,
}

/// A message of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryRow {
    /// The message.
    pub(crate) message: Incoming,
    /// Nobody has read it.
    pub(crate) is_unread: bool,
    /// How far it has come, when it is ours.
    pub(crate) state: Option<String>,
    /// Why not further, for people.
    pub(crate) reason: Option<String>,
    /// The id of the message that has taken its place.
    pub(crate) replaced_by: Option<String>,
    /// Its sender has taken it back.
    pub(crate) is_retracted: bool,
    /// What people put to it: who, and what.
    pub(crate) reactions: Vec<(String, Vec<String>)>,
}

impl Store {
    /// Messages of the history, as they came to be known, the newest last: stamps of archives are too coarse to go by.
    pub(crate) fn history(
        &self,
        query: HistoryQuery,
    ) -> impl Future<Output = Result<Vec<HistoryRow>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let words = (!query.words.is_empty()).then(|| expression(&query.words));
            let sql = question(query.chat.is_some(), words.is_some());
            let values = named_params! {
                ":account": query.account,
                ":chat": query.chat.as_ref().map(|chat| chat.as_str()),
                ":since": query.since.map_or(i64::MIN, Wall::as_unix_millis),
                ":until": query.until.map_or(i64::MAX, Wall::as_unix_millis),
                ":words": words,
                ":limit": query.limit,
            };
            let mut rows = connection.prepare_cached(&sql)?.query_map(values, row)?.collect::<Result<Vec<_>, _>>()?;
            for (number, row) in &mut rows {
                row.reactions = remarks::reactions(connection, *number)?;
            }
            Ok(rows.into_iter().rev().map(|(_, row)| row).collect())
        })
    }

    /// The last messages of an account, and how many unread ones there are before them.
    pub(crate) fn recent(
        &self,
        account: String,
    ) -> impl Future<Output = Result<KeptRecent, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT number, chat, id, origin, place, sent, unread, markable FROM history
                WHERE account = ? AND kind <> 'groupchat' ORDER BY number DESC LIMIT ?";
            let mut query = connection.prepare(sql)?;
            let last = query.query_map(params![account, MESSAGES_REMEMBERED], recent)?;
            let last = last.collect::<Result<Vec<(i64, RecentMessage)>, _>>()?;
            let first = last.last().map_or(0, |(number, _)| *number);
            let sql = "SELECT chat, count(*) FROM history WHERE account = ? AND unread
                AND (number < ? OR kind = 'groupchat') GROUP BY chat";
            let mut query = connection.prepare(sql)?;
            let older = query.query_map(params![account, first], |row| Ok((bare(row, 0)?, row.get(1)?)))?;
            let older = older.collect::<Result<_, _>>()?;
            let messages = last.into_iter().rev().map(|(_, message)| message).collect();
            Ok(KeptRecent { messages, older, in_rooms: in_rooms(connection, &account)? })
        })
    }

    /// Whether the history has messages from before this.
    pub(crate) fn is_any_before(&self, at: Wall) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM history WHERE at < ?)";
            connection.prepare_cached(sql)?.query_row([at.as_unix_millis()], |row| row.get(0))
        })
    }
}

/// Read from the newest on along an index, and no further than the limit, where no words are looked for.
fn question(in_chat: bool, with_words: bool) -> String {
    let chat = if in_chat { "chat = :chat" } else { ":chat IS NULL" };
    let words = match with_words {
        true => "number IN (SELECT rowid FROM history_text WHERE history_text MATCH :words)",
        false => ":words IS NULL",
    };
    format!(
        "SELECT id, origin, place, sender, recipient, kind, body, subject, at, delayed, carbon, sent, unread, state,
        reply_to, replaces, markable, replaced_by, retracted, number, encrypted, urls, occupant, reason FROM history
        WHERE account = :account AND {chat} AND {words} AND at >= :since AND at < :until
        ORDER BY number DESC LIMIT :limit"
    )
}

/// The words in the language of the index, each of them quoted.
fn expression(words: &[String]) -> String {
    let quoted = |word: &String| match word.strip_suffix('*') {
        Some(start) if !start.is_empty() => format!("\"{}\"*", start.replace('"', "\"\"")),
        Some(_) | None => format!("\"{}\"", word.replace('"', "\"\"")),
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn row(row: &Row<'_>) -> rusqlite::Result<(i64, HistoryRow)> {
    let (from, kind, sent) = (jid(row, 3)?, kind(&row.get::<_, String>(5)?), row.get::<_, bool>(11)?);
    let nick = || from.resource().map(|nick| nick.as_str().to_owned());
    let occupant: Option<String> = row.get(22)?;
    let is_by_occupant = !sent && (kind == MessageKind::Groupchat || occupant.is_some());
    let room = is_by_occupant.then(|| Speaker { nick: nick(), id: occupant });
    let message = Incoming {
        room,
        id: row.get(0)?,
        origin: row.get(1)?,
        place: row.get(2)?,
        from,
        to: jid(row, 4)?,
        kind,
        body: row.get(6)?,
        subject: row.get(7)?,
        at: Wall::from_unix_millis(row.get(8)?),
        delayed: row.get(9)?,
        carbon: row.get(10)?,
        sent,
        reply_to: row.get(14)?,
        replaces: row.get(15)?,
        markable: row.get(16)?,
        wants_receipt: false,
        encrypted: row.get(20)?,
        urls: row.get::<_, Option<String>>(21)?.iter().flat_map(|urls| urls.lines().map(str::to_owned)).collect(),
    };
    let (is_unread, state, replaced_by, is_retracted) = (row.get(12)?, row.get(13)?, row.get(17)?, row.get(18)?);
    let (reason, reactions) = (row.get(23)?, Vec::new());
    Ok((row.get(19)?, HistoryRow { message, is_unread, state, reason, replaced_by, is_retracted, reactions }))
}

fn recent(row: &Row<'_>) -> rusqlite::Result<(i64, RecentMessage)> {
    let (chat, id, origin, place) = (bare(row, 1)?, row.get(2)?, row.get(3)?, row.get(4)?);
    let (sent, unread, markable) = (row.get(5)?, row.get(6)?, row.get(7)?);
    Ok((row.get(0)?, RecentMessage { chat, id, origin, place, sent, unread, markable }))
}

fn in_rooms(connection: &Connection, account: &str) -> rusqlite::Result<Vec<RoomWord>> {
    let sql = "SELECT chat, id, origin, place, sent, occupant, sender FROM history
        WHERE account = ? AND kind = 'groupchat' ORDER BY number DESC LIMIT ?";
    let mut query = connection.prepare(sql)?;
    let word = |row: &Row<'_>| {
        let by = match (row.get(4)?, row.get(5)?) {
            (true, _) => Author::Us,
            (false, Some(occupant)) => Author::Occupant(occupant),
            (false, None) => Author::Address(jid(row, 6)?),
        };
        Ok(RoomWord { room: bare(row, 0)?, id: row.get(1)?, origin: row.get(2)?, place: row.get(3)?, by })
    };
    let mut words: Vec<RoomWord> = query.query_map(params![account, ROOM_WORDS], word)?.collect::<Result<_, _>>()?;
    words.reverse();
    Ok(words)
}

fn jid(row: &Row<'_>, column: usize) -> rusqlite::Result<Jid> {
    let text: String = row.get(column)?;
    Jid::new(&text).map_err(|error| Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

fn bare(row: &Row<'_>, column: usize) -> rusqlite::Result<BareJid> {
    jid(row, column).map(Jid::into_bare)
}

pub(super) fn word(kind: &MessageKind) -> &'static str {
    match kind {
        MessageKind::Normal => "normal",
        MessageKind::Chat => "chat",
        MessageKind::Groupchat => "groupchat",
        MessageKind::Headline => "headline",
        MessageKind::Error(_) => "error",
    }
}

fn kind(word: &str) -> MessageKind {
    match word {
        "chat" => MessageKind::Chat,
        "groupchat" => MessageKind::Groupchat,
        "headline" => MessageKind::Headline,
        _ => MessageKind::Normal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::database::Database;
    use crate::testing::Folder;

    #[test]
    fn the_last_messages_are_found_along_an_index() {
        let folder = Folder::new();
        let database = Database::open(folder.path()).unwrap();
        for in_chat in [false, true] {
            let sql = format!("EXPLAIN QUERY PLAN {}", question(in_chat, false));
            let mut query = database.connection().prepare(&sql).unwrap();
            let steps = query.query_map(params![0, 0, 0, 0, 0, 0], |row| row.get::<_, String>(3)).unwrap();
            let plan = steps.collect::<Result<Vec<_>, _>>().unwrap().join(", ");
            assert!(plan.starts_with("SEARCH history USING INDEX") && !plan.contains("ORDER BY"), "{plan}");
        }
    }
}
