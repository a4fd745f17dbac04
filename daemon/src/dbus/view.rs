//! What the face shows: the few words of the daemon's state that are properties, and which of them differ.
//! Keeping the state itself is [`State`]'s.

use std::collections::BTreeMap;

use xmppd_proto::{
    Show, State, Tune,
    reply::{AccountInfo, AccountStatus, ConnectionState},
};
use zbus::Variant;

use super::xesam;

/// Property names with their values.
pub(super) type Properties = Vec<(&'static str, Variant<'static>)>;

/// What is shown of the daemon. Of several accounts, the first that is online speaks for all, else the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct View {
    /// What contacts are told.
    pub(super) show: Show,
    /// The text beside it; empty without one.
    pub(super) status: String,
    /// The best state of any connection.
    pub(super) connection: Option<ConnectionState>,
    /// What is published.
    pub(super) tune: Option<Tune>,
    /// How many messages nobody has read.
    pub(super) unread: u32,
    /// The accounts by name.
    pub(super) accounts: BTreeMap<String, AccountView>,
}

/// What is shown of one account.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct AccountView {
    /// Its JID, with the resource while it is bound.
    pub(super) jid: String,
    /// Whether the configuration switches it on.
    pub(super) enabled: bool,
    /// Where its connection stands.
    pub(super) state: Option<ConnectionState>,
    /// Why it is not online, for a person; empty without a reason.
    pub(super) error: String,
    /// What its contacts are told.
    pub(super) show: Show,
    /// The text beside it; empty without one.
    pub(super) status: String,
}

impl View {
    /// What is to be shown of this state.
    pub(super) fn of(state: &State) -> Self {
        let status_of = |name: &str| state.status.accounts.iter().find(|status| status.account == name);
        let accounts = state
            .account
            .accounts
            .iter()
            .map(|info| (info.account.clone(), AccountView::of(info, status_of(&info.account))))
            .collect();
        let online = |status: &&AccountStatus| status.connection == ConnectionState::Online;
        let speaker = state.status.accounts.iter().find(online).or(state.status.accounts.first());
        let effective = speaker.map(|status| status.effective.clone()).unwrap_or_default();
        let unread: u64 = state.unread.accounts.iter().map(|account| account.unread).sum();
        Self {
            show: effective.show,
            status: effective.status.unwrap_or_default(),
            connection: state.account.accounts.iter().map(|info| info.state).min_by_key(|state| rank(*state)),
            tune: state.tune.tune.clone(),
            unread: u32::try_from(unread).unwrap_or(u32::MAX),
            accounts,
        }
    }

    /// All properties of the daemon's object.
    pub(super) fn properties(&self) -> Properties {
        vec![
            ("Show", Variant::from(self.show.as_str())),
            ("Status", Variant::from(self.status.clone())),
            ("Connection", Variant::from(word(self.connection))),
            ("Tune", Variant::from(xesam::write(self.tune.as_ref()))),
            ("Unread", Variant::from(self.unread)),
        ]
    }
}

impl AccountView {
    fn of(info: &AccountInfo, status: Option<&AccountStatus>) -> Self {
        let effective = status.map(|status| status.effective.clone()).unwrap_or_default();
        Self {
            jid: info.jid.clone(),
            enabled: info.enabled,
            state: Some(info.state),
            error: info.error.as_ref().map(|error| error.message.clone()).unwrap_or_default(),
            show: effective.show,
            status: effective.status.unwrap_or_default(),
        }
    }

    /// All properties of the account's object that can change.
    pub(super) fn properties(&self) -> Properties {
        vec![
            ("Jid", Variant::from(self.jid.clone())),
            ("Enabled", Variant::from(self.enabled)),
            ("State", Variant::from(word(self.state))),
            ("Error", Variant::from(self.error.clone())),
            ("Show", Variant::from(self.show.as_str())),
            ("Status", Variant::from(self.status.clone())),
        ]
    }
}

/// What is new in `after`; both lists name the same properties in the same order.
pub(super) fn differences(before: Properties, after: Properties) -> Properties {
    before.into_iter().zip(after).filter(|(before, after)| before != after).map(|(_, after)| after).collect()
}

/// The word for a state; without any account nothing is connected.
pub(super) fn word(state: Option<ConnectionState>) -> &'static str {
    state.unwrap_or(ConnectionState::Offline).as_str()
}

const fn rank(state: ConnectionState) -> u8 {
    match state {
        ConnectionState::Online => 0,
        ConnectionState::Connecting => 1,
        ConnectionState::Retrying => 2,
        ConnectionState::NeedsSecret => 3,
        ConnectionState::Stopped => 4,
        ConnectionState::Offline => 5,
    }
}
