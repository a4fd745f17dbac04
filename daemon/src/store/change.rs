//! What can be written: one closed list, each a statement or two.

use jid::BareJid;
use rusqlite::{Connection, OptionalExtension};
use xmppd_core::account::{
    Aside, Incoming, KeptMessage, KeptPush, KeptRoom, KeptRoster, KeptSession, Known, Merged, Remembered, Returned,
    SubscriptionRequest, Token,
};
use xmppd_core::players::{Hold, Skipped};
use xmppd_core::presence::{Directed, Show, Then, Timed};
use xmppd_core::time::Wall;

use super::{archive, corrections, fates, history, login, presence, room, roster, session};

/// One thing to remember or forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// This installation's UUID, made once.
    Installation(String),
    /// A free setting; the key is the caller's.
    #[cfg(test)]
    Setting {
        /// Its name.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// An account's identity. A different JID under a known name is another account: what was kept for the old one goes.
    Account(KeptAccount),
    /// What was last requested for an account that is known.
    BasePresence {
        /// The account's name.
        account: String,
        /// What was requested.
        presence: BasePresence,
    },
    /// Nothing was requested: the configuration's holds.
    NoBasePresence {
        /// The account's name.
        account: String,
    },
    /// What was last requested until a point in time; none any more.
    TimedPresence {
        /// The account's name.
        account: String,
        /// What was requested.
        timed: Option<Timed>,
    },
    /// The timed presence has come to its end, and this follows it in the base; the base's own priority stays.
    TimedEnded {
        /// The account's name.
        account: String,
        /// What follows.
        then: Option<Then>,
    },
    /// What single contacts are told, all of it.
    Directed {
        /// The account's name.
        account: String,
        /// What each is told.
        directed: Vec<Directed>,
    },
    /// Whether a tune of ours may stand on the server. Written before the first publish, and again after the
    /// withdrawal is acknowledged, so that one left by a crash is withdrawn at the next start.
    TuneOut {
        /// The account's name.
        account: String,
        /// Whether it may.
        is_out: bool,
    },
    /// The tokens to log in with, the newest first.
    Tokens {
        /// The account's name.
        account: String,
        /// All of them.
        tokens: Vec<Token>,
    },
    /// What the server offers to a login in one exchange.
    Offer {
        /// The account's name.
        account: String,
        /// The whole of it.
        offer: Remembered,
    },
    /// The session that another process could take up again; none of those before.
    Session {
        /// The account's name.
        account: String,
        /// The session.
        session: Option<KeptSession>,
    },
    /// So many stanzas of the kept session were handled.
    Handled {
        /// The account's name.
        account: String,
        /// How many, modulo 2^32.
        handled: u32,
        /// When.
        at: Wall,
        /// What is known with them.
        known: Known,
    },
    /// What is known of messages that came.
    Known {
        /// The account's name.
        account: String,
        /// What.
        known: Known,
    },
    /// A message that no server has acknowledged.
    Message {
        /// The account's name.
        account: String,
        /// The message.
        message: KeptMessage,
        /// As the history is to have it, when it is taken.
        filed: Option<Box<Incoming>>,
    },
    /// The same, of a message that is on the disk alone.
    Backlog {
        /// The account's name.
        account: String,
        /// The message.
        message: KeptMessage,
        /// As the history is to have it.
        filed: Option<Box<Incoming>>,
    },
    /// Messages that need not be kept any more.
    Arrived {
        /// The account's name.
        account: String,
        /// Their ids.
        ids: Vec<String>,
        /// Under these names messages are known from now on.
        names: Vec<String>,
    },
    /// The same of messages that came back.
    Failed {
        /// The account's name.
        account: String,
        /// Their ids.
        ids: Vec<String>,
        /// Why, for people.
        reason: String,
    },
    /// A message that was never written has another text from now on.
    Merged {
        /// The account's name.
        account: String,
        /// What is in it.
        merged: Box<Merged>,
    },
    /// A message that came back is kept again.
    Returned {
        /// The account's name.
        account: String,
        /// What is known of it.
        returned: Box<Returned>,
    },
    /// The same of messages that were never sent.
    Withdrawn {
        /// The account's name.
        account: String,
        /// Their ids.
        ids: Vec<String>,
    },
    /// Messages of a chat are read.
    Read {
        /// The account's name.
        account: String,
        /// The chat.
        chat: BareJid,
        /// The id of the last of them; all when absent.
        last: Option<String>,
    },
    /// Messages from before this need not be kept in the history any more: some thousands of them.
    Expired(Wall),
    /// A message is kept for its author, and not sent by itself any more.
    SetAside {
        /// The account's name.
        account: String,
        /// Its id.
        id: String,
        /// What is known of it.
        aside: Aside,
        /// Why, for people.
        reason: String,
    },
    /// The roster; none is known.
    Roster {
        /// The account's name.
        account: String,
        /// The whole of it.
        roster: Option<KeptRoster>,
    },
    /// A part of the roster has changed.
    RosterPush {
        /// The account's name.
        account: String,
        /// What became of it.
        push: KeptPush,
    },
    /// Somebody asks to see the presence of an account.
    SubscriptionRequest {
        /// The account's name.
        account: String,
        /// Who.
        request: SubscriptionRequest,
    },
    /// They do not any more.
    SubscriptionAnswered {
        /// The account's name.
        account: String,
        /// Who.
        jid: BareJid,
    },
    /// A room that is remembered; how far it is known stays as it is.
    Room {
        /// The account's name.
        account: String,
        /// The room.
        room: KeptRoom,
    },
    /// A room is not remembered any more.
    RoomForgotten {
        /// The account's name.
        account: String,
        /// Which.
        jid: BareJid,
    },
    /// `tune on` and `tune off`.
    TuneSwitch(bool),
    /// `tune hold`; none for `tune resume`.
    TuneHold(Option<Hold>),
    /// `tune use`: a player's name; none for `auto`.
    TunePin(Option<String>),
    /// `tune skip`; none once the next track plays.
    TuneSkip(Option<Skipped>),
}

/// An account's identity as it outlives a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptAccount {
    /// The configuration's name for it.
    pub(crate) name: String,
    /// The bare JID.
    pub(crate) jid: String,
    /// The generated resource.
    pub(crate) resource: String,
}

/// The `base` layer of presence (the contract's section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BasePresence {
    /// The availability.
    pub(crate) show: Show,
    /// The text, not empty.
    pub(crate) status: Option<String>,
    /// When one was asked for; otherwise the configuration's holds.
    pub(crate) priority: Option<i8>,
}

/// The setting that [`Change::Installation`] writes.
pub(super) const INSTALLATION: &str = "installation";
/// The setting that [`Change::TuneSwitch`] writes.
pub(super) const TUNE_SWITCH: &str = "tune";
/// The setting that [`Change::TuneHold`] writes: when it ends, or [`OPEN`].
pub(super) const TUNE_HOLD: &str = "tune-hold";
/// The setting that [`Change::TunePin`] writes.
pub(super) const TUNE_PIN: &str = "tune-pin";
/// The setting that [`Change::TuneSkip`] writes: the player's id on its first line, the song behind it.
pub(super) const TUNE_SKIP: &str = "tune-skip";
/// A hold without an end.
pub(super) const OPEN: &str = "open";

impl Change {
    /// Carries it out on a connection that is in a transaction, and notes whether a text is nowhere kept any more.
    pub(super) fn apply(&self, connection: &Connection, erased: &mut bool) -> rusqlite::Result<()> {
        match self {
            #[cfg(test)]
            Self::Setting { key, value } => set(connection, key, value),
            Self::Account(account) => keep(connection, account),
            Self::BasePresence { account, presence } => presence::keep_base(connection, account, presence),
            Self::NoBasePresence { account } => presence::forget_base(connection, account),
            Self::TimedPresence { account, timed } => presence::keep_timed(connection, account, timed.as_ref()),
            Self::TimedEnded { account, then } => presence::timed_ended(connection, account, then.as_ref()),
            Self::Directed { account, directed } => presence::keep_directed(connection, account, directed),
            Self::TuneOut { account, is_out: true } => {
                let sql = "INSERT INTO tune_out (account) VALUES (?) ON CONFLICT DO NOTHING";
                connection.prepare_cached(sql)?.execute([account]).map(drop)
            }
            Self::TuneOut { account, is_out: false } => {
                connection.prepare_cached("DELETE FROM tune_out WHERE account = ?")?.execute([account]).map(drop)
            }
            Self::Tokens { account, tokens } => login::keep_tokens(connection, account, tokens),
            Self::Offer { account, offer } => login::keep_offer(connection, account, offer),
            Self::Session { account, session } => session::keep(connection, account, session.as_ref()),
            Self::Handled { account, handled, at, known } => {
                session::handled(connection, account, *handled, *at)?;
                archive::keep(connection, account, known, erased)
            }
            Self::Known { account, known } => archive::keep(connection, account, known, erased),
            Self::Message { account, message, filed } => {
                fates::take(connection, account, message, filed.as_deref(), false)
            }
            Self::Backlog { account, message, filed } => {
                fates::take(connection, account, message, filed.as_deref(), true)
            }
            Self::Arrived { account, ids, names } => fates::arrived(connection, account, ids, names, erased),
            Self::Failed { account, ids, reason } => fates::failed(connection, account, ids, reason, erased),
            Self::Merged { account, merged } => corrections::merge(connection, account, merged),
            Self::Returned { account, returned } => fates::came_back(connection, account, returned),
            Self::Withdrawn { account, ids } => fates::withdrawn(connection, account, ids, erased),
            Self::Read { account, chat, last } => history::read(connection, account, chat, last.as_deref()),
            Self::Expired(before) => {
                *erased = true;
                history::expire(connection, *before)
            }
            Self::SetAside { account, id, aside, reason } => fates::set_aside(connection, account, id, *aside, reason),
            Self::Roster { account, roster } => roster::keep(connection, account, roster.as_ref()),
            Self::RosterPush { account, push } => roster::push(connection, account, push),
            Self::SubscriptionRequest { account, request } => roster::request(connection, account, request),
            Self::SubscriptionAnswered { account, jid } => roster::answered(connection, account, jid),
            Self::Room { account, room } => room::keep(connection, account, room),
            Self::RoomForgotten { account, jid } => room::forget(connection, account, jid),
            Self::Installation(uuid) => set(connection, INSTALLATION, uuid),
            Self::TuneSwitch(is_on) => set(connection, TUNE_SWITCH, if *is_on { "on" } else { "off" }),
            Self::TuneHold(None) => unset(connection, TUNE_HOLD),
            Self::TuneHold(Some(Hold::Open)) => set(connection, TUNE_HOLD, OPEN),
            Self::TuneHold(Some(Hold::Until(end))) => set(connection, TUNE_HOLD, &end.as_unix_millis().to_string()),
            Self::TunePin(None) => unset(connection, TUNE_PIN),
            Self::TunePin(Some(player)) => set(connection, TUNE_PIN, player),
            Self::TuneSkip(None) => unset(connection, TUNE_SKIP),
            Self::TuneSkip(Some(Skipped { id, song })) => set(connection, TUNE_SKIP, &format!("{id}\n{song}")),
        }
    }
}

fn set(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)";
    connection.prepare_cached(sql)?.execute([key, value]).map(drop)
}

fn unset(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM setting WHERE key = ?")?.execute([key]).map(drop)
}

fn keep(connection: &Connection, account: &KeptAccount) -> rusqlite::Result<()> {
    let known: Option<String> = connection
        .prepare_cached("SELECT jid FROM account WHERE name = ?")?
        .query_row([&account.name], |row| row.get(0))
        .optional()?;
    if known.is_some_and(|jid| jid != account.jid) {
        connection.prepare_cached("DELETE FROM account WHERE name = ?")?.execute([&account.name])?;
    }
    let sql = "INSERT INTO account (name, jid, resource) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET resource = excluded.resource";
    connection.prepare_cached(sql)?.execute([&account.name, &account.jid, &account.resource]).map(drop)
}
