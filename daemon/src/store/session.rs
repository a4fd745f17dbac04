//! The session that another process could take up again, and the messages that no server has acknowledged.

use std::time::Duration;

use jid::{FullJid, Jid};
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

/// Keeps a message; one that is kept already gets its new position and keeps its place among the others.
pub(super) fn keep_message(connection: &Connection, account: &str, message: &KeptMessage) -> rusqlite::Result<()> {
    let sql = "INSERT INTO message (account, id, recipient, position, stanza, at, after, attempts, chosen)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?4 IS NOT NULL, ?8)
        ON CONFLICT (account, id) DO UPDATE SET position = excluded.position,
        attempts = attempts + (message.position IS NULL AND excluded.position IS NOT NULL)";
    let KeptMessage { id, to, position, stanza, origin, chosen, .. } = message;
    let values = params![account, id, to.as_str(), position, stanza, origin.at.as_unix_millis(), origin.after, chosen];
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

/// A message that no server has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutboxRow {
    /// Its id.
    pub(crate) id: String,
    /// The recipient.
    pub(crate) to: String,
    /// It has its place in a session.
    pub(crate) is_placed: bool,
    /// In how many sessions it had one.
    pub(crate) attempts: u32,
    /// When it was taken.
    pub(crate) at: Wall,
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
            let sql = "SELECT id, recipient, position IS NOT NULL, attempts, at FROM message
                WHERE account = ? ORDER BY number";
            let row = |row: &Row<'_>| {
                let at = Wall::from_unix_millis(row.get(4)?);
                Ok(OutboxRow { id: row.get(0)?, to: row.get(1)?, is_placed: row.get(2)?, attempts: row.get(3)?, at })
            };
            connection.prepare_cached(sql)?.query_map([account], row)?.collect()
        })
    }

    /// The messages of an account that no server has acknowledged, the oldest first.
    pub(crate) fn messages(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Vec<KeptMessage>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql =
                "SELECT id, recipient, position, stanza, at, after, attempts > 0, chosen FROM message WHERE account = ? ORDER BY number";
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
    Ok(KeptMessage { id, to, position, tried: row.get(6)?, chosen: row.get(7)?, stanza, origin })
}

#[cfg(test)]
mod tests {
    use xmppd_core::account::{KeptSession, Known};

    use super::*;
    use crate::store::{Change, KeptAccount};
    use crate::testing::Folder;

    async fn check(location: Option<(String, u16)>) {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        let account = KeptAccount { name: "home".into(), jid: "a@b".into(), resource: "xmppd.1".into() };
        let kept = KeptSession {
            jid: FullJid::new("a@b/xmppd.1").unwrap(),
            previd: "sm-1".into(),
            max: Some(Duration::from_secs(600)),
            client_state: location.is_some(),
            pre_approval: location.is_none(),
            hidden: location.is_some(),
            location,
            handled: u32::MAX,
            at: Wall::from_unix_millis(1_790_000_000_000),
        };
        let session = Change::Session { account: "home".into(), session: Some(kept.clone()) };
        store.apply(vec![Change::Account(account), session]).await.unwrap();
        store.close().await;
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.session("home".into()).await.unwrap(), Some(kept));
        let at = Wall::from_unix_millis(1_790_000_000_500);
        store
            .apply(vec![Change::Handled { account: "home".into(), handled: 0, at, known: Known::default() }])
            .await
            .unwrap();
        let later = store.session("home".into()).await.unwrap().unwrap();
        assert_eq!((later.handled, later.at), (0, at));
        store.apply(vec![Change::Session { account: "home".into(), session: None }]).await.unwrap();
        assert_eq!(store.session("home".into()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_session_is_found_as_it_was_kept() {
        check(None).await;
        check(Some(("node7.verona.example".into(), 5299))).await;
        check(Some(("2001:db8::7".into(), u16::MAX))).await;
    }
}
