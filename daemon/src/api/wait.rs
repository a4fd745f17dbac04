//! `wait`: answers once a condition holds, or can no longer come true.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use xmppd_proto::reply::{ConnectionState, WaitReport};
use xmppd_proto::request::{Condition, Wait};
use xmppd_proto::{Failure, Kind, Show, State, Topic, Topics, TuneState};

use super::desk::Desk;
use super::message::address;
use crate::host;

impl Desk {
    pub(super) async fn wait(&self, params: Wait) -> Result<WaitReport, Failure> {
        let accounts = self.names(params.account.clone()).await?;
        let condition = by_address(&params.condition)?;
        let started = host::now().moment;
        let met = self.met(&condition, &accounts);
        match params.timeout_ms.map(Duration::from_millis) {
            None => met.await?,
            Some(limit) => timeout(limit, met).await.map_err(|_| too_late(&params.condition))??,
        }
        let waited = host::now().moment - started;
        Ok(WaitReport {
            condition: params.condition.to_string(),
            account: params.account,
            waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
        })
    }

    async fn met(&self, condition: &Condition, accounts: &[String]) -> Result<(), Failure> {
        let _looker = matches!(condition, Condition::Contact { .. }).then(|| self.facts.clients.looker());
        let mut state = State::default();
        let mut changes = self.hub.subscribe(topics(condition)).await?;
        loop {
            let Some(change) = changes.recv().await else {
                // This watcher lagged too far behind, or the daemon is ending.
                changes = self.hub.subscribe(topics(condition)).await?;
                continue;
            };
            state.apply(Arc::unwrap_or_clone(change));
            if holds(condition, accounts, &state) {
                return self.all_arrived(condition, accounts).await;
            }
            if let Some(reason) = hopeless(condition, accounts, &state) {
                return Err(Failure::new(Kind::Impossible, reason).with_hint("see `xmppctl account list`"));
            }
        }
    }
}

impl Desk {
    /// An outbox in which nothing waits is not empty while it has messages that were set aside.
    async fn all_arrived(&self, condition: &Condition, accounts: &[String]) -> Result<(), Failure> {
        if *condition != Condition::OutboxEmpty {
            return Ok(());
        }
        for account in accounts {
            let rows = self.store.outbox(account.clone()).await;
            let rows = rows.map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))?;
            if rows.iter().any(|row| row.aside.is_some()) {
                let reason = format!("messages of the account {account} failed, or may not have arrived");
                return Err(Failure::new(Kind::Impossible, reason)
                    .with_hint("see `xmppctl outbox list`; then `outbox retry ID` or `outbox cancel ID`"));
            }
        }
        Ok(())
    }
}

/// The condition with a contact as the roster writes it.
fn by_address(condition: &Condition) -> Result<Condition, Failure> {
    match condition {
        Condition::Contact { jid, show } => {
            Ok(Condition::Contact { jid: address(jid)?.to_bare().to_string(), show: *show })
        }
        Condition::Online
        | Condition::Offline
        | Condition::TunePlaying
        | Condition::TuneStopped
        | Condition::OutboxEmpty => Ok(condition.clone()),
    }
}

fn too_late(condition: &Condition) -> Failure {
    Failure::new(Kind::TimedOut, format!("`{condition}` did not come true in time"))
}

fn topics(condition: &Condition) -> Topics {
    match condition {
        Condition::Online | Condition::Offline => Topics::of(&[Topic::Account]),
        Condition::Contact { .. } => Topics::of(&[Topic::Account, Topic::Roster, Topic::Presence]),
        Condition::TunePlaying | Condition::TuneStopped => Topics::of(&[Topic::Tune]),
        Condition::OutboxEmpty => Topics::of(&[Topic::Account, Topic::Outbox]),
    }
}

fn holds(condition: &Condition, accounts: &[String], state: &State) -> bool {
    let mut connections = connections(accounts, state);
    match condition {
        Condition::Online => connections.all(|(_, connection)| connection == ConnectionState::Online),
        Condition::Offline => connections.all(|(_, connection)| connection != ConnectionState::Online),
        Condition::Contact { jid, show } => {
            let contacts = accounts.iter().filter_map(|account| state.contact(account, jid));
            let shows: Vec<Show> =
                contacts.flat_map(|contact| &contact.resources).map(|resource| resource.show).collect();
            match show {
                None => !shows.is_empty(),
                Some(Show::Offline) => shows.is_empty(),
                Some(show) => shows.contains(show),
            }
        }
        Condition::TunePlaying => state.tune.tune.is_some(),
        Condition::TuneStopped => state.tune.tune.is_none(),
        Condition::OutboxEmpty => {
            let mut counts = state.outbox.accounts.iter().filter(|count| accounts.contains(&count.account));
            counts.all(|count| count.waiting == 0)
        }
    }
}

/// Why it cannot come true by itself any more.
fn hopeless(condition: &Condition, accounts: &[String], state: &State) -> Option<String> {
    match condition {
        Condition::Online | Condition::Contact { .. } | Condition::OutboxEmpty => connections(accounts, state)
            .find_map(|(account, connection)| match connection {
                ConnectionState::Stopped => Some(format!("the account {account} is stopped")),
                ConnectionState::NeedsSecret => Some(format!("the account {account} has no password")),
                ConnectionState::Offline => Some(format!("the account {account} is offline by wish")),
                ConnectionState::Connecting | ConnectionState::Online | ConnectionState::Retrying => None,
            }),
        Condition::TunePlaying => {
            (state.tune.state == TuneState::Off).then(|| "publishing the tune is switched off".into())
        }
        Condition::Offline | Condition::TuneStopped => None,
    }
}

fn connections<'a>(accounts: &'a [String], state: &'a State) -> impl Iterator<Item = (&'a str, ConnectionState)> {
    let infos = state.account.accounts.iter().filter(|info| accounts.contains(&info.account) && info.enabled);
    infos.map(|info| (info.account.as_str(), info.state))
}
