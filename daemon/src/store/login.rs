//! What the next login starts from: tokens and the server's last offer.

use rusqlite::{Connection, OptionalExtension, Row, params};
use xmppd_core::account::{Remembered, Token};
use xmppd_core::secret::Secret;
use xmppd_core::stream::features::ConfigVersion;
use xmppd_core::time::Wall;

use super::{Store, StoreError};

/// Replaces the tokens of an account, the newest first.
pub(super) fn keep_tokens(connection: &Connection, account: &str, tokens: &[Token]) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM token WHERE account = ?")?.execute([account])?;
    let sql = "INSERT INTO token (account, place, mechanism, secret, expiry, uses) VALUES (?, ?, ?, ?, ?, ?)";
    let mut insert = connection.prepare_cached(sql)?;
    for (place, token) in (0_i64..).zip(tokens) {
        let expiry = token.expiry.map(Wall::as_unix_millis);
        let uses = i64::try_from(token.count).unwrap_or(i64::MAX);
        insert.execute(params![account, place, token.mechanism, token.secret.reveal(), expiry, uses])?;
    }
    Ok(())
}

/// Replaces what a server offered.
pub(super) fn keep_offer(connection: &Connection, account: &str, offer: &Remembered) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO offer (account, direct, fast, bind, management, scheme, version)
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    let (fast, bind) = (offer.fast.join("\n"), offer.bind.join("\n"));
    let (scheme, version) = offer.config_version.as_ref().map(|name| (&name.scheme, &name.value)).unzip();
    let values = params![account, offer.direct, fast, bind, offer.management, scheme, version];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

impl Store {
    /// The tokens of an account, the newest first.
    pub(crate) fn tokens(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Vec<Token>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT mechanism, secret, expiry, uses FROM token WHERE account = ? ORDER BY place";
            connection.prepare_cached(sql)?.query_map([account], token)?.collect()
        })
    }

    /// What an account's server offered at the last login in one exchange.
    pub(crate) fn offer(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Option<Remembered>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT direct, fast, bind, management, scheme, version FROM offer WHERE account = ?";
            connection.prepare_cached(sql)?.query_row([account], offer).optional()
        })
    }
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let expiry: Option<i64> = row.get(2)?;
    Ok(Token {
        mechanism: row.get(0)?,
        secret: Secret::new(row.get(1)?),
        expiry: expiry.map(Wall::from_unix_millis),
        count: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
    })
}

fn offer(row: &Row<'_>) -> rusqlite::Result<Remembered> {
    let lines = |text: String| text.lines().map(str::to_owned).collect();
    let (scheme, version) = (row.get(4)?, row.get::<_, Option<String>>(5)?);
    Ok(Remembered {
        direct: row.get(0)?,
        fast: lines(row.get(1)?),
        bind: lines(row.get(2)?),
        management: row.get(3)?,
        config_version: version.map(|value| ConfigVersion { scheme, value }),
    })
}
