//! What can be asked.

use rusqlite::{OptionalExtension, Row};
use xmppd_core::players::{Hold, Skipped};
use xmppd_core::presence::Show;
use xmppd_core::time::Wall;

use super::change::{self, BasePresence, KeptAccount};
use super::{Store, StoreError};

impl Store {
    /// A free setting.
    pub(crate) fn setting(
        &self,
        key: &'static str,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let mut query = connection.prepare_cached("SELECT value FROM setting WHERE key = ?")?;
            query.query_row([key], |row| row.get(0)).optional()
        })
    }

    /// What is kept of the account with this name.
    pub(crate) fn account(
        &self,
        name: String,
    ) -> impl Future<Output = Result<Option<KeptAccount>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let mut query = connection.prepare_cached("SELECT name, jid, resource FROM account WHERE name = ?")?;
            let kept = |row: &Row<'_>| Ok(KeptAccount { name: row.get(0)?, jid: row.get(1)?, resource: row.get(2)? });
            query.query_row([name], kept).optional()
        })
    }

    /// What was last requested for the account with this name.
    pub(crate) fn base_presence(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Option<BasePresence>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT show, status, priority FROM base_presence WHERE account = ?";
            connection.prepare_cached(sql)?.query_row([account], presence).optional()
        })
    }

    /// The accounts on whose servers a tune of ours may stand.
    pub(crate) fn tunes_out(&self) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send + use<> {
        self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT account FROM tune_out ORDER BY account")?;
            query.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// This installation's UUID; `None` before it is made.
    pub(crate) fn installation(&self) -> impl Future<Output = Result<Option<String>, StoreError>> + Send + use<> {
        self.setting(change::INSTALLATION)
    }

    /// What `tune on` or `tune off` said last; `None` when neither was ever said.
    pub(crate) fn tune_switch(&self) -> impl Future<Output = Result<Option<bool>, StoreError>> + Send + use<> {
        let setting = self.setting(change::TUNE_SWITCH);
        async move { Ok(setting.await?.map(|value| value == "on")) }
    }

    /// What `tune hold` said, if no `tune resume` followed. It may be over.
    pub(crate) fn tune_hold(&self) -> impl Future<Output = Result<Option<Hold>, StoreError>> + Send + use<> {
        let setting = self.setting(change::TUNE_HOLD);
        let hold = |value: String| value.parse().map_or(Hold::Open, |end| Hold::Until(Wall::from_unix_millis(end)));
        async move { Ok(setting.await?.map(hold)) }
    }

    /// The player that `tune use` pinned.
    pub(crate) fn tune_pin(&self) -> impl Future<Output = Result<Option<String>, StoreError>> + Send + use<> {
        self.setting(change::TUNE_PIN)
    }

    /// The track that `tune skip` skipped, if no other was seen to follow it.
    pub(crate) fn tune_skip(&self) -> impl Future<Output = Result<Option<Skipped>, StoreError>> + Send + use<> {
        let setting = self.setting(change::TUNE_SKIP);
        async move {
            let kept = setting.await?;
            let parts = kept.as_deref().and_then(|kept| kept.split_once('\n'));
            Ok(parts.map(|(id, song)| Skipped { id: id.to_owned(), song: song.to_owned() }))
        }
    }
}

fn presence(row: &Row<'_>) -> rusqlite::Result<BasePresence> {
    Ok(BasePresence { show: show(row, 0)?, status: row.get(1)?, priority: row.get(2)? })
}

/// The availability in a column of text.
pub(super) fn show(row: &Row<'_>, column: usize) -> rusqlite::Result<Show> {
    read_show(&row.get::<_, String>(column)?, column)
}

/// The availability that a word of this column stands for.
pub(super) fn read_show(word: &str, column: usize) -> rusqlite::Result<Show> {
    let unknown =
        |error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error));
    word.parse().map_err(unknown)
}
