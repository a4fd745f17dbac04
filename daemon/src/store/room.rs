//! The rooms that accounts remember, and how far what was said in them is known.

use jid::BareJid;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, Row, params};
use xmppd_core::account::{Border, KeptRoom};
use xmppd_core::time::Wall;

use super::{Store, StoreError};

/// Keeps a room; how far it is known stays as it is.
pub(super) fn keep(connection: &Connection, account: &str, room: &KeptRoom) -> rusqlite::Result<()> {
    let sql = "INSERT INTO room (account, jid, name, nick, autojoin, bookmarked) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (account, jid) DO UPDATE SET name = excluded.name, nick = excluded.nick,
        autojoin = excluded.autojoin, bookmarked = excluded.bookmarked";
    let KeptRoom { jid, name, nick, autojoin, bookmarked, .. } = room;
    let values = params![account, jid.as_str(), name, nick, autojoin, bookmarked];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Forgets a room.
pub(super) fn forget(connection: &Connection, account: &str, jid: &BareJid) -> rusqlite::Result<()> {
    let sql = "DELETE FROM room WHERE account = ? AND jid = ?";
    connection.prepare_cached(sql)?.execute([account, jid.as_str()]).map(drop)
}

/// Keeps how far rooms are known; of those that are not remembered nothing is kept.
pub(super) fn known(connection: &Connection, account: &str, rooms: &[(BareJid, Border)]) -> rusqlite::Result<()> {
    let sql = "UPDATE room SET border = ?, at = ? WHERE account = ? AND jid = ?";
    for (jid, border) in rooms {
        let values = params![border.id, border.at.as_unix_millis(), account, jid.as_str()];
        connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

impl Store {
    /// The rooms that an account remembers.
    pub(crate) fn rooms(
        &self,
        account: String,
    ) -> impl Future<Output = Result<Vec<KeptRoom>, StoreError>> + Send + use<> {
        self.read(move |connection| {
            let sql =
                "SELECT jid, name, nick, autojoin, bookmarked, border, at FROM room WHERE account = ? ORDER BY jid";
            connection.prepare_cached(sql)?.query_map([&account], room)?.collect()
        })
    }
}

fn room(row: &Row<'_>) -> rusqlite::Result<KeptRoom> {
    let jid: String = row.get(0)?;
    let at: Option<i64> = row.get(6)?;
    let id = row.get(5)?;
    Ok(KeptRoom {
        jid: BareJid::new(&jid).map_err(|error| Error::FromSqlConversionFailure(0, Type::Text, error.into()))?,
        name: row.get(1)?,
        nick: row.get(2)?,
        autojoin: row.get(3)?,
        bookmarked: row.get(4)?,
        border: at.map(|at| Border { id, at: Wall::from_unix_millis(at) }),
    })
}

#[cfg(test)]
mod tests {
    use xmppd_core::account::Known;

    use super::*;
    use crate::store::{Change, KeptAccount};
    use crate::testing::Folder;

    #[tokio::test]
    async fn a_room_is_found_as_it_was_kept_and_as_far_as_it_is_known() {
        let folder = Folder::new();
        let account = || "home".to_owned();
        let jid = BareJid::new("hall@rooms.b").unwrap();
        let kept = KeptRoom {
            jid: jid.clone(),
            name: Some("The \"hall\"".into()),
            nick: None,
            autojoin: true,
            bookmarked: false,
            border: None,
        };
        let store = Store::open(folder.path()).unwrap();
        let home = KeptAccount { name: account(), jid: "a@b".into(), resource: "xmppd.1".into() };
        let room = |room: &KeptRoom| Change::Room { account: account(), room: room.clone() };
        store.apply(vec![Change::Account(home), room(&kept)]).await.unwrap();
        assert_eq!(store.rooms(account()).await.unwrap(), std::slice::from_ref(&kept));
        let border = Border { id: Some("m-1".into()), at: Wall::from_unix_millis(7) };
        let other = BareJid::new("other@rooms.b").unwrap();
        let rooms = vec![(jid.clone(), border.clone()), (other, border.clone())];
        let known = Known { rooms, ..Known::default() };
        store.apply(vec![Change::Known { account: account(), known }]).await.unwrap();
        let changed = KeptRoom { nick: Some("Romeo".into()), bookmarked: true, border: Some(border), ..kept };
        store.apply(vec![room(&changed)]).await.unwrap();
        store.close().await;
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.rooms(account()).await.unwrap(), [changed]);
        store.apply(vec![Change::RoomForgotten { account: account(), jid }]).await.unwrap();
        assert_eq!(store.rooms(account()).await.unwrap(), []);
    }
}
