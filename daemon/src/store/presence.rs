//! The presence of an account as rows, with an end and without, and what single contacts are told. When it ends, and
//! what follows, is decided by those who ask.

use jid::Jid;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Row, params};
use xmppd_core::presence::{Directed, Overlay, Then, Timed};
use xmppd_core::time::Wall;

use super::rows::{read_show, show};
use super::{BasePresence, Store, StoreError};

/// Keeps what was last requested without an end.
pub(super) fn keep_base(connection: &Connection, account: &str, presence: &BasePresence) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO base_presence (account, show, status, priority) VALUES (?, ?, ?, ?)";
    let values = params![account, presence.show.as_str(), presence.status, presence.priority];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Forgets it.
pub(super) fn forget_base(connection: &Connection, account: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM base_presence WHERE account = ?")?.execute([account]).map(drop)
}

impl Store {
    /// What was last requested for this account until a point in time, unless its end is kept already.
    pub(crate) fn timed_presence(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Option<Timed>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql =
                "SELECT show, status, priority, until, then_show, then_status FROM timed_presence WHERE account = ?";
            connection.prepare_cached(sql)?.query_row([account], timed).optional()
        })
    }

    /// What single contacts are told.
    pub(crate) fn directed_presence(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Vec<Directed>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT recipient, show, status, until FROM directed_presence WHERE account = ?";
            connection.prepare_cached(sql)?.query_map([account], directed)?.collect()
        })
    }
}

/// Keeps what single contacts are told in place of what was kept before.
pub(super) fn keep_directed(connection: &Connection, account: &str, all: &[Directed]) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM directed_presence WHERE account = ?")?.execute([account])?;
    let sql = "INSERT INTO directed_presence (account, recipient, show, status, until) VALUES (?, ?, ?, ?, ?)";
    for Directed { to, show, status, until } in all {
        let until = until.map(Wall::as_unix_millis);
        connection.prepare_cached(sql)?.execute(params![account, to.as_str(), show.as_str(), status, until])?;
    }
    Ok(())
}

/// Keeps it in place of what was kept before.
pub(super) fn keep_timed(connection: &Connection, account: &str, timed: Option<&Timed>) -> rusqlite::Result<()> {
    let Some(Timed { overlay, until, then }) = timed else {
        let sql = "DELETE FROM timed_presence WHERE account = ?";
        return connection.prepare_cached(sql)?.execute([account]).map(drop);
    };
    let sql = "INSERT OR REPLACE INTO timed_presence (account, show, status, priority, until, then_show, then_status)
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    let values = params![
        account,
        overlay.show.as_str(),
        overlay.status,
        overlay.priority,
        until.as_unix_millis(),
        then.as_ref().map(|then| then.show.as_str()),
        then.as_ref().and_then(|then| then.status.as_deref()),
    ];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Forgets it, and keeps what follows as the base.
pub(super) fn timed_ended(connection: &Connection, account: &str, then: Option<&Then>) -> rusqlite::Result<()> {
    keep_timed(connection, account, None)?;
    let Some(Then { show, status }) = then else { return Ok(()) };
    let sql = "INSERT INTO base_presence (account, show, status) VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET show = excluded.show, status = excluded.status";
    connection.prepare_cached(sql)?.execute(params![account, show.as_str(), status]).map(drop)
}

fn timed(row: &Row<'_>) -> rusqlite::Result<Timed> {
    let then = match row.get::<_, Option<String>>(4)? {
        Some(word) => Some(Then { show: read_show(&word, 4)?, status: row.get(5)? }),
        None => None,
    };
    let overlay = Overlay { show: show(row, 0)?, status: row.get(1)?, priority: row.get(2)? };
    Ok(Timed { overlay, until: Wall::from_unix_millis(row.get(3)?), then })
}

fn directed(row: &Row<'_>) -> rusqlite::Result<Directed> {
    let to: String = row.get(0)?;
    let to = Jid::new(&to).map_err(|error| Error::FromSqlConversionFailure(0, Type::Text, error.into()))?;
    let until: Option<i64> = row.get(3)?;
    Ok(Directed { to, show: show(row, 1)?, status: row.get(2)?, until: until.map(Wall::from_unix_millis) })
}

#[cfg(test)]
mod tests {
    use xmppd_core::presence::Show;

    use super::*;
    use crate::store::{BasePresence, Change, KeptAccount};
    use crate::testing::Folder;

    fn timed(then: Option<Then>) -> Timed {
        let overlay = Overlay { show: Show::Dnd, status: Some("Meeting".into()), priority: Some(-3) };
        Timed { overlay, until: Wall::from_unix_millis(1_000), then }
    }

    #[tokio::test]
    async fn what_single_contacts_are_told_is_kept_as_a_whole() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        let (name, jid, resource) = ("home".to_owned(), "a@b".to_owned(), "1".to_owned());
        let account = name.clone();
        store.apply(vec![Change::Account(KeptAccount { name, jid, resource })]).await.unwrap();
        let directed = |to: &str, until: Option<i64>| Directed {
            to: Jid::new(to).unwrap(),
            show: Show::Away,
            status: until.map(|until| until.to_string()),
            until: until.map(Wall::from_unix_millis),
        };
        let both = vec![directed("c@d", None), directed("e@f/g", Some(7))];
        for all in [both.clone(), both[1..].to_vec(), Vec::new()] {
            let change = Change::Directed { account: account.clone(), directed: all.clone() };
            store.apply(vec![change]).await.unwrap();
            assert_eq!(store.directed_presence(account.clone()).await.unwrap(), all);
        }
    }

    #[tokio::test]
    async fn a_presence_with_an_end_is_kept_until_its_end_and_what_follows_is_kept_with_it() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        let (name, jid, resource) = ("home".to_owned(), "a@b".to_owned(), "1".to_owned());
        let account = name.clone();
        let base = BasePresence { show: Show::Chat, status: Some("Hello".into()), priority: Some(7) };
        store.apply(vec![Change::Account(KeptAccount { name, jid, resource })]).await.unwrap();
        store.apply(vec![Change::BasePresence { account: account.clone(), presence: base.clone() }]).await.unwrap();
        let follows = |status: Option<&str>| Then { show: Show::Away, status: status.map(str::to_owned) };
        for then in [None, Some(follows(None)), Some(follows(Some("Lunch")))] {
            let kept = timed(then.clone());
            let change = Change::TimedPresence { account: account.clone(), timed: Some(kept.clone()) };
            store.apply(vec![change]).await.unwrap();
            assert_eq!(store.timed_presence(account.clone()).await.unwrap(), Some(kept));
            store.apply(vec![Change::TimedEnded { account: account.clone(), then: then.clone() }]).await.unwrap();
            assert_eq!(store.timed_presence(account.clone()).await.unwrap(), None);
            let expected = match then {
                Some(Then { show, status }) => BasePresence { show, status, ..base.clone() },
                None => base.clone(),
            };
            assert_eq!(store.base_presence(account.clone()).await.unwrap(), Some(expected));
        }
        store.apply(vec![Change::NoBasePresence { account: account.clone() }]).await.unwrap();
        assert_eq!(store.base_presence(account.clone()).await.unwrap(), None);
        store.apply(vec![Change::TimedEnded { account: account.clone(), then: Some(follows(None)) }]).await.unwrap();
        let priority = store.base_presence(account).await.unwrap().and_then(|base| base.priority);
        assert_eq!(priority, None);
    }
}
