//! The whole picture that changes are applied to. The daemon's hub and its clients hold the same one and apply the same
//! events, so a watcher that has read everything knows what the daemon knows.
//!
//! Contacts are kept in a list sorted by JID, without an index beside it: ten thousand of them are a few megabytes.

use serde::{Deserialize, Serialize};

use crate::reply::{
    AccountInfo, AccountList, AccountRooms, AccountRoster, AccountStatus, AccountUnread, Contact, OutboxCounts,
    Personal, Resource, Room, RoomReport, RosterReport, StatusReport, TuneReport, UnreadChat, UnreadReport,
};
use crate::{Change, PresenceChange, RoomChange, RosterChange, Show, Topic, Topics, Tune, TuneChange, UnreadChange};

/// Where things stand; each part is what the noun's own method answers. A part that is not watched is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct State {
    /// What contacts see of us.
    pub status: StatusReport,
    /// What is being listened to.
    pub tune: TuneReport,
    /// The contacts and what they show.
    pub roster: RosterReport,
    /// The accounts.
    pub account: AccountList,
    /// The messages that wait.
    #[serde(skip_serializing_if = "OutboxCounts::is_empty")]
    pub outbox: OutboxCounts,
    /// The messages that nobody has read; with the topic of messages.
    #[serde(skip_serializing_if = "UnreadReport::is_empty")]
    pub unread: UnreadReport,
    /// The rooms.
    #[serde(skip_serializing_if = "RoomReport::is_empty")]
    pub room: RoomReport,
}

/// A snapshot as it goes over the wire: the line of [`Change::Snapshot`] without a copy of the state.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot<'a> {
    event: &'static str,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a StatusReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tune: Option<&'a TuneReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roster: Option<&'a RosterReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a AccountList>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outbox: Option<&'a OutboxCounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<&'a UnreadReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a RoomReport>,
}

impl State {
    /// The first line of a watcher of these topics, with the number 0.
    pub fn snapshot(&self, topics: Topics) -> Snapshot<'_> {
        Snapshot {
            event: "snapshot",
            seq: 0,
            status: topics.contains(Topic::Status).then_some(&self.status),
            tune: topics.contains(Topic::Tune).then_some(&self.tune),
            roster: topics.show_roster().then_some(&self.roster),
            account: topics.contains(Topic::Account).then_some(&self.account),
            outbox: topics.contains(Topic::Outbox).then_some(&self.outbox),
            unread: topics.contains(Topic::Message).then_some(&self.unread),
            room: topics.contains(Topic::Room).then_some(&self.room),
        }
    }

    /// Carries a change into the picture. What is said about an unknown contact, and what leaves no trace (messages, a
    /// gap), changes nothing.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Snapshot(state) => *self = *state,
            Change::Status(status) => self.apply_status(status),
            Change::Tune(tune) => self.apply_tune(tune),
            Change::Presence(presence) => self.apply_presence(presence),
            Change::Personal(change) => {
                if let Some(contact) = self.contact_mut(&change.account, &change.jid) {
                    change.apply(&mut contact.personal);
                }
            }
            Change::Roster(roster) => self.apply_roster(roster),
            Change::Account(account) => self.apply_account(*account),
            Change::Outbox(count) => upsert(&mut self.outbox.accounts, count, |known| &known.account),
            Change::Room(change) => self.apply_room(change),
            Change::Unread(change) => self.apply_unread(change),
            Change::Gap
            | Change::Message(_)
            | Change::Receipt(_)
            | Change::Reaction(_)
            | Change::Retraction(_)
            | Change::ChatState(_) => {}
        }
    }

    /// Drops an account that is configured no longer. There is no event for it: watchers are sent a gap and a snapshot.
    pub fn forget(&mut self, account: &str) {
        self.status.accounts.retain(|known| known.account != account);
        self.roster.accounts.retain(|known| known.account != account);
        self.account.accounts.retain(|known| known.account != account);
        self.outbox.accounts.retain(|known| known.account != account);
        self.unread.accounts.retain(|known| known.account != account);
        self.room.accounts.retain(|known| known.account != account);
    }

    /// What is known of one account's contact.
    pub fn contact(&self, account: &str, jid: &str) -> Option<&Contact> {
        let contacts = &self.roster.accounts.iter().find(|known| known.account == account)?.contacts;
        contacts.get(position(contacts, jid).ok()?)
    }

    /// One account's room.
    pub fn room(&self, account: &str, jid: &str) -> Option<&Room> {
        let rooms = &self.room.accounts.iter().find(|known| known.account == account)?.rooms;
        rooms.iter().find(|room| room.jid == jid)
    }

    fn apply_room(&mut self, change: RoomChange) {
        if change.room.is_none() && change.removed.is_none() {
            return;
        }
        let accounts = &mut self.room.accounts;
        let index = accounts.iter().position(|known| known.account == change.account).unwrap_or_else(|| {
            accounts.push(AccountRooms { account: change.account, rooms: Vec::new() });
            accounts.len() - 1
        });
        let rooms = &mut accounts[index].rooms;
        if let Some(removed) = change.removed {
            rooms.retain(|room| room.jid != removed);
        }
        if let Some(room) = change.room {
            upsert(rooms, room, |known| &known.jid);
            rooms.sort_unstable_by(|left, right| left.jid.cmp(&right.jid));
        }
    }

    fn apply_status(&mut self, status: AccountStatus) {
        upsert(&mut self.status.accounts, status, |known| &known.account);
    }

    fn apply_account(&mut self, info: AccountInfo) {
        self.roster_of(&info.account);
        upsert(&mut self.account.accounts, info, |known| &known.account);
    }

    fn apply_unread(&mut self, change: UnreadChange) {
        let accounts = &mut self.unread.accounts;
        let index = accounts.iter().position(|known| known.account == change.account).unwrap_or_else(|| {
            accounts.push(AccountUnread { account: change.account, ..AccountUnread::default() });
            accounts.len() - 1
        });
        let account = &mut accounts[index];
        let place = account.chats.binary_search_by(|chat| chat.jid.cmp(&change.jid));
        let before = place.ok().map_or(0, |index| account.chats[index].unread);
        account.unread = account.unread.saturating_sub(before).saturating_add(change.unread);
        match (place, change.unread) {
            (Ok(index), 0) => drop(account.chats.remove(index)),
            (Ok(index), unread) => account.chats[index].unread = unread,
            (Err(_), 0) => {}
            (Err(index), unread) => account.chats.insert(index, UnreadChat { jid: change.jid, unread }),
        }
    }

    fn apply_tune(&mut self, change: TuneChange) {
        match (&change.account, &change.jid) {
            (Some(account), Some(jid)) => {
                if let Some(contact) = self.contact_mut(account, jid) {
                    contact.tune = change.report.tune.map(Box::<Tune>::new);
                }
            }
            (_, None) | (None, _) => self.tune = change.report,
        }
    }

    fn apply_presence(&mut self, change: PresenceChange) {
        match &change.jid {
            Some(jid) => {
                if let Some(contact) = self.contact_mut(&change.account, jid) {
                    apply_to_contact(contact, change);
                }
            }
            None => {
                for contact in &mut self.roster_of(&change.account).contacts {
                    contact.resources = Vec::new();
                    contact.tune = None;
                    contact.personal = Personal::default();
                }
            }
        }
    }

    fn apply_roster(&mut self, change: RosterChange) {
        let roster = self.roster_of(&change.account);
        roster.requests.retain(|known| !change.answered.contains(&known.jid));
        for request in change.requests {
            upsert(&mut roster.requests, request, |known| &known.jid);
        }
        let contacts = &mut roster.contacts;
        if change.whole {
            let before = std::mem::replace(contacts, change.contacts);
            contacts.sort_unstable_by(|left, right| left.jid.cmp(&right.jid));
            contacts.dedup_by(|left, right| left.jid == right.jid);
            for contact in before {
                if let Ok(index) = position(contacts, &contact.jid) {
                    keep_presence(&mut contacts[index], contact);
                }
            }
            return;
        }
        for contact in change.contacts {
            match position(contacts, &contact.jid) {
                Ok(index) => {
                    let before = std::mem::replace(&mut contacts[index], contact);
                    keep_presence(&mut contacts[index], before);
                }
                Err(index) => contacts.insert(index, contact),
            }
        }
        for jid in &change.removed {
            if let Ok(index) = position(contacts, jid) {
                contacts.remove(index);
            }
        }
    }

    fn roster_of(&mut self, account: &str) -> &mut AccountRoster {
        let rosters = &mut self.roster.accounts;
        let index = rosters.iter().position(|known| known.account == account).unwrap_or_else(|| {
            rosters.push(AccountRoster { account: account.to_owned(), ..AccountRoster::default() });
            rosters.len() - 1
        });
        &mut rosters[index]
    }

    fn contact_mut(&mut self, account: &str, jid: &str) -> Option<&mut Contact> {
        let contacts = &mut self.roster.accounts.iter_mut().find(|known| known.account == account)?.contacts;
        let index = position(contacts, jid).ok()?;
        contacts.get_mut(index)
    }
}

fn upsert<T>(list: &mut Vec<T>, item: T, name: impl Fn(&T) -> &String) {
    match list.iter_mut().find(|known| name(known) == name(&item)) {
        Some(known) => *known = item,
        None => list.push(item),
    }
}

fn position(contacts: &[Contact], jid: &str) -> Result<usize, usize> {
    contacts.binary_search_by(|contact| contact.jid.as_str().cmp(jid))
}

fn keep_presence(contact: &mut Contact, before: Contact) {
    contact.resources = before.resources;
    contact.tune = before.tune;
    contact.personal = before.personal;
}

fn apply_to_contact(contact: &mut Contact, change: PresenceChange) {
    let place = contact.resources.iter().position(|known| known.resource == change.resource);
    if change.show == Show::Offline {
        match (place, &change.resource) {
            (_, None) => contact.resources = Vec::new(),
            (Some(index), Some(_)) => drop(contact.resources.remove(index)),
            (None, Some(_)) => {}
        }
        return;
    }
    let resource = Resource {
        resource: change.resource,
        show: change.show,
        status: change.status,
        priority: change.priority,
        since: change.since,
    };
    match place {
        Some(index) => contact.resources[index] = resource,
        None => {
            // Nearly all have one only.
            contact.resources.reserve_exact(1);
            contact.resources.push(resource);
        }
    }
}
