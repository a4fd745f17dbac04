//! What is said of messages of the history, each only of those of whom it may be said.

use rusqlite::{Connection, OptionalExtension, params};
use xmppd_core::account::{Author, Incoming, Noted};
use xmppd_core::stanza::remark::Remark;

/// Between two reactions; no text of them has one.
const BETWEEN: char = '\n';

/// A message takes the place of an earlier one of the same sender's, and of what took that one's place before.
pub(super) fn correct(connection: &Connection, account: &str, message: &Incoming) -> rusqlite::Result<()> {
    let Some(replaced) = &message.replaces else { return Ok(()) };
    let sql = "UPDATE history SET replaced_by = ?5 WHERE number IN (
            SELECT number FROM history WHERE account = ?1 AND id = ?4 UNION
            SELECT number FROM history WHERE account = ?1 AND origin = ?4 AND origin <> id UNION
            SELECT number FROM history WHERE account = ?1 AND replaces = ?4)
        AND chat = ?2 AND sent = ?3 AND number < (SELECT max(number) FROM history WHERE account = ?1 AND id = ?5)
        AND (?6 IS NULL OR coalesce(occupant, sender) = ?6)";
    let chat = message.chat();
    // In a room ids are told apart by who gave them.
    let in_room = message.room.as_ref().filter(|_| message.is_said_in_room() && !message.sent);
    let by = in_room.map(|room| room.id.as_deref().unwrap_or(message.from.as_str()));
    let values = params![account, chat.as_str(), message.sent, replaced, message.id, by];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Notes something said of a message; whether a text is gone with it.
pub(super) fn note(connection: &Connection, account: &str, noted: &Noted) -> rusqlite::Result<bool> {
    let sql = "SELECT number FROM history WHERE number IN (
            SELECT number FROM history WHERE account = ?1 AND id = ?4 UNION
            SELECT number FROM history WHERE account = ?1 AND origin = ?4 AND origin <> id)
        AND chat = ?2 AND (?3 IS NULL OR sent = ?3) AND (?5 IS NULL OR coalesce(occupant, sender) = ?5)
        ORDER BY number DESC LIMIT 1";
    let (sent, by) = (noted.about_sent(), noted.about.as_ref().and_then(Author::name));
    let values = params![account, noted.chat.as_str(), sent, noted.remark.about(), by];
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
                OR account = ?2 AND chat = ?3 AND sent = ?4 AND replaces = ?5
                AND (?6 IS NULL OR coalesce(occupant, sender) = ?6)";
            let values = params![number, account, noted.chat.as_str(), noted.sent, noted.remark.about(), by];
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

#[cfg(test)]
mod tests {
    use jid::{BareJid, Jid};
    use xmppd_core::account::{Known, RoomWord, Shown, Speaker};
    use xmppd_core::stanza::MessageKind;
    use xmppd_core::time::Wall;

    use super::*;
    use crate::store::history::{HistoryQuery, HistoryRow};
    use crate::store::{Change, KeptAccount, Store};
    use crate::testing::Folder;

    const HALL: &str = "hall@rooms.b";

    /// Something said in the hall, by who is known by an id or by a nickname alone.
    fn said(id: &str, nick: &str, occupant: Option<&str>, replaces: Option<&str>) -> Incoming {
        Incoming {
            id: id.into(),
            from: Jid::new(&format!("{HALL}/{nick}")).unwrap(),
            to: Jid::new("a@b").unwrap(),
            kind: MessageKind::Groupchat,
            body: Some("words".into()),
            subject: None,
            encrypted: None,
            urls: Vec::new(),
            at: Wall::from_unix_millis(7),
            delayed: false,
            carbon: false,
            sent: false,
            place: Some(format!("{nick} {id}")),
            origin: None,
            replaces: replaces.map(str::to_owned),
            reply_to: None,
            markable: false,
            wants_receipt: false,
            room: Some(Speaker { nick: Some(nick.into()), id: occupant.map(str::to_owned) }),
        }
    }

    fn noted(nick: &str, remark: Remark, about: Author) -> Noted {
        let chat = BareJid::new(HALL).unwrap();
        let from = Jid::new(&format!("{HALL}/{nick}")).unwrap();
        Noted { to: chat.clone(), chat, from, remark, sent: false, place: None, about: Some(about) }
    }

    async fn keep(store: &Store, known: Known) {
        store.apply(vec![Change::Known { account: "home".into(), known }]).await.unwrap();
    }

    #[tokio::test]
    async fn in_a_room_ids_are_told_apart_by_who_gave_them() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        let home = KeptAccount { name: "home".into(), jid: "a@b".into(), resource: "xmppd.1".into() };
        store.apply(vec![Change::Account(home)]).await.unwrap();
        let mine = Incoming { sent: true, place: None, to: Jid::new(HALL).unwrap(), ..said("m", "romeo", None, None) };
        let messages = vec![
            said("1", "juliet", Some("o-j"), None),
            said("1", "tybalt", Some("o-t"), None),
            said("1", "paris", None, None),
            mine,
            said("2", "Capulet", Some("o-j"), Some("1")),
        ];
        keep(&store, Known { messages, ..Known::default() }).await;
        let shown = vec![Shown { room: BareJid::new(HALL).unwrap(), id: "m".into(), place: "r 9".into() }];
        let paris = Author::Address(Jid::new(&format!("{HALL}/paris")).unwrap());
        let notes = vec![
            noted("tybalt", Remark::Retraction("1".into()), Author::Occupant("o-t".into())),
            noted("juliet", Remark::Reactions("1".into(), vec!["♥".into()]), paris.clone()),
            noted("juliet", Remark::Reactions("m".into(), vec!["👍".into()]), Author::Us),
        ];
        keep(&store, Known { shown, notes, ..Known::default() }).await;
        let query = HistoryQuery { account: "home".into(), until: None, limit: 9, ..HistoryQuery::default() };
        let rows = store.history(query).await.unwrap();
        let row = |row: &HistoryRow| (row.replaced_by.clone(), row.is_retracted, row.reactions.len());
        let found: Vec<_> = rows.iter().map(row).collect();
        let replaced = Some("2".to_owned());
        let nothing = (None, false, 0);
        assert_eq!(found, [(replaced, false, 0), (None, true, 0), (None, false, 1), (None, false, 1), nothing]);
        assert_eq!(rows[0].message.room.as_ref().and_then(|room| room.id.as_deref()), Some("o-j"));
        let words = store.recent("home".into()).await.unwrap().in_rooms;
        let by: Vec<Author> = words.iter().map(|word| word.by.clone()).collect();
        let occupant = |id: &str| Author::Occupant(id.into());
        assert_eq!(by, [occupant("o-j"), occupant("o-t"), paris, Author::Us, occupant("o-j")]);
        let places: Vec<_> = words.into_iter().map(|RoomWord { place, .. }| place.unwrap_or_default()).collect();
        assert_eq!(places, ["juliet 1", "tybalt 1", "paris 1", "r 9", "Capulet 2"]);
        check_index(&store).await;
        store.apply(vec![Change::Expired(Wall::from_unix_millis(8))]).await.unwrap();
        check_index(&store).await;
    }

    /// The index of the texts knows just what the history has.
    async fn check_index(store: &Store) {
        let sql = "INSERT INTO history_text (history_text, rank) VALUES ('integrity-check', 1)";
        store.read(move |connection| connection.execute_batch(sql)).await.unwrap();
    }
}
