//! The rosters whose servers give versions of them, and who asks to see us.

use jid::BareJid;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Row, params};
use xmppd_core::account::{KeptPush, KeptRoster, SubscriptionRequest};
use xmppd_core::stanza::roster::{Item, Subscription};
use xmppd_core::time::Wall;

use super::{Store, StoreError};

/// Between the groups of a contact; no text of XML 1.0 can hold it.
const SEPARATOR: &str = "\u{1f}";

/// Replaces the roster of an account.
pub(super) fn keep(connection: &Connection, account: &str, roster: Option<&KeptRoster>) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM roster WHERE account = ?")?.execute([account])?;
    let Some(roster) = roster else { return Ok(()) };
    let sql = "INSERT INTO roster (account, ver) VALUES (?, ?)";
    connection.prepare_cached(sql)?.execute([account, &roster.ver])?;
    roster.items.iter().try_for_each(|item| keep_item(connection, account, item))
}

/// Brings the roster of an account from one version to the next. One that is not at that version is of no use.
pub(super) fn push(connection: &Connection, account: &str, push: &KeptPush) -> rusqlite::Result<()> {
    let sql = "UPDATE roster SET ver = ? WHERE account = ? AND ver = ?";
    let KeptPush { after, ver, items } = push;
    if connection.prepare_cached(sql)?.execute([ver, account, after])? == 0 {
        return keep(connection, account, None);
    }
    items.iter().try_for_each(|item| keep_item(connection, account, item))
}

fn keep_item(connection: &Connection, account: &str, item: &Item) -> rusqlite::Result<()> {
    let subscription = match item.subscription {
        Subscription::None => "none",
        Subscription::To => "to",
        Subscription::From => "from",
        Subscription::Both => "both",
        Subscription::Remove => {
            let sql = "DELETE FROM contact WHERE account = ? AND jid = ?";
            return connection.prepare_cached(sql)?.execute([account, item.jid.as_str()]).map(drop);
        }
    };
    let sql = "INSERT OR REPLACE INTO contact (account, jid, name, subscription, asked, approved, groups)
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    let Item { jid, name, asked, approved, groups, .. } = item;
    let groups = groups.join(SEPARATOR);
    let values = params![account, jid.as_str(), name, subscription, asked, approved, groups];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Keeps a request.
pub(super) fn request(connection: &Connection, account: &str, request: &SubscriptionRequest) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO subscription_request (account, jid, status, at) VALUES (?, ?, ?, ?)";
    let values = params![account, request.from.as_str(), request.status, request.at.as_unix_millis()];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Forgets a request.
pub(super) fn answered(connection: &Connection, account: &str, jid: &BareJid) -> rusqlite::Result<()> {
    let sql = "DELETE FROM subscription_request WHERE account = ? AND jid = ?";
    connection.prepare_cached(sql)?.execute([account, jid.as_str()]).map(drop)
}

impl Store {
    /// The roster of an account; none where nothing is kept of it, or something that cannot be read: the server has it.
    pub(crate) fn roster(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Option<KeptRoster>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT ver FROM roster WHERE account = ?";
            let ver = connection.prepare_cached(sql)?.query_row([&account], |row| row.get(0)).optional()?;
            let Some(ver) = ver else { return Ok(None) };
            let sql = "SELECT jid, name, subscription, asked, approved, groups FROM contact WHERE account = ?";
            let mut query = connection.prepare_cached(sql)?;
            let items: rusqlite::Result<Vec<Item>> = query.query_map([&account], item)?.collect();
            Ok(items.ok().map(|items| KeptRoster { ver, items }))
        })
    }

    /// Who asks to see the presence of an account, the first ones first.
    pub(crate) fn subscription_requests(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Vec<SubscriptionRequest>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql = "SELECT jid, status, at FROM subscription_request WHERE account = ? ORDER BY at, jid";
            let request = |row: &Row<'_>| {
                let at = Wall::from_unix_millis(row.get(2)?);
                Ok(SubscriptionRequest { from: address(row)?, status: row.get(1)?, at })
            };
            connection.prepare_cached(sql)?.query_map([account], request)?.collect()
        })
    }
}

fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let (subscription, groups): (String, String) = (row.get(2)?, row.get(5)?);
    Ok(Item {
        jid: address(row)?,
        name: row.get(1)?,
        subscription: match subscription.as_str() {
            "none" => Subscription::None,
            "to" => Subscription::To,
            "from" => Subscription::From,
            "both" => Subscription::Both,
            _ => return Err(Error::InvalidColumnType(2, subscription, Type::Text)),
        },
        asked: row.get(3)?,
        approved: row.get(4)?,
        groups: groups.split(SEPARATOR).filter(|group| !group.is_empty()).map(str::to_owned).collect(),
    })
}

/// The address in the first column.
fn address(row: &Row<'_>) -> rusqlite::Result<BareJid> {
    BareJid::new(&row.get::<_, String>(0)?)
        .map_err(|error| Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Change, KeptAccount};
    use crate::testing::Folder;

    fn bare(text: &str) -> BareJid {
        BareJid::new(text).unwrap()
    }

    fn contact(jid: &str, groups: &[&str]) -> Item {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let name = Some(format!("{jid}'s \"name\""));
        Item { name, subscription: Subscription::From, asked: true, approved: true, groups, ..Item::new(bare(jid)) }
    }

    async fn open(folder: &Folder) -> Store {
        let store = Store::open(folder.path()).unwrap();
        let account = KeptAccount { name: "home".into(), jid: "a@b".into(), resource: "xmppd.1".into() };
        store.apply(vec![Change::Account(account)]).await.unwrap();
        store
    }

    fn roster(roster: Option<KeptRoster>) -> Change {
        Change::Roster { account: "home".into(), roster }
    }

    fn push(after: &str, ver: &str, items: Vec<Item>) -> Change {
        Change::RosterPush { account: "home".into(), push: KeptPush { after: after.into(), ver: ver.into(), items } }
    }

    #[tokio::test]
    async fn a_roster_is_found_as_it_was_kept_and_as_pushes_made_it() {
        let folder = Folder::new();
        let store = open(&folder).await;
        assert_eq!(store.roster("home".into()).await.unwrap(), None);
        let items = vec![contact("c@d", &["A & B", "Z"]), Item::new(bare("e@f")), contact("g@h", &[])];
        let kept = KeptRoster { ver: "v1".into(), items };
        store.apply(vec![roster(Some(kept.clone()))]).await.unwrap();
        store.close().await;
        let store = open(&folder).await;
        assert_eq!(store.roster("home".into()).await.unwrap(), Some(kept));
        let gone = Item { subscription: Subscription::Remove, ..Item::new(bare("c@d")) };
        store.apply(vec![push("v1", "", vec![gone, contact("e@f", &["New"])])]).await.unwrap();
        let items = vec![contact("e@f", &["New"]), contact("g@h", &[])];
        assert_eq!(store.roster("home".into()).await.unwrap(), Some(KeptRoster { ver: String::new(), items }));
    }

    #[tokio::test]
    async fn what_does_not_fit_together_is_forgotten() {
        let folder = Folder::new();
        let store = open(&folder).await;
        let kept = || roster(Some(KeptRoster { ver: "v1".into(), items: vec![contact("c@d", &[])] }));
        for change in [push("v0", "v2", vec![contact("e@f", &[])]), roster(None)] {
            store.apply(vec![kept()]).await.unwrap();
            store.apply(vec![change]).await.unwrap();
            assert_eq!(store.roster("home".into()).await.unwrap(), None);
        }
        store.apply(vec![kept()]).await.unwrap();
        store.close().await;
        let connection = Connection::open(folder.path().join("state.db")).unwrap();
        connection.execute("UPDATE contact SET subscription = 'sideways'", []).unwrap();
        drop(connection);
        let store = open(&folder).await;
        assert_eq!(store.roster("home".into()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn requests_are_kept_until_they_are_answered() {
        let folder = Folder::new();
        let store = open(&folder).await;
        let request = |jid: &str, at: i64| SubscriptionRequest {
            from: bare(jid),
            status: (at > 1).then(|| "Hist!".to_owned()),
            at: Wall::from_unix_millis(at),
        };
        let account = || "home".to_owned();
        for request in [request("c@d", 2), request("e@f", 1)] {
            store.apply(vec![Change::SubscriptionRequest { account: account(), request }]).await.unwrap();
        }
        store.close().await;
        let store = open(&folder).await;
        let kept = store.subscription_requests(account()).await.unwrap();
        assert_eq!(kept, [request("e@f", 1), request("c@d", 2)]);
        store.apply(vec![Change::SubscriptionAnswered { account: account(), jid: bare("e@f") }]).await.unwrap();
        assert_eq!(store.subscription_requests(account()).await.unwrap(), [request("c@d", 2)]);
    }
}
