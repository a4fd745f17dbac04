//! `account.list`, `account.show`, `account.connect`, `account.disconnect`, and which accounts a name stands for.

use std::time::Duration;

use tokio::time::timeout;
use xmppd_core::account::{Command, Outcome, Ticket};
use xmppd_proto::reply::AccountList;
use xmppd_proto::request::{AccountConnect, AccountDisconnect};
use xmppd_proto::{Failure, Kind};

use super::desk::{Desk, WAIT, failed};
use crate::account::{Handle, Unavailable};

impl Desk {
    pub(super) async fn account_list(&self, account: Option<String>) -> Result<AccountList, Failure> {
        let names = self.names(account).await?;
        self.hub
            .read(move |state, _| {
                let mut list = state.account.clone();
                list.accounts.retain(|info| names.contains(&info.account));
                list
            })
            .await
    }

    /// Connects now and waits until the account is online.
    pub(super) async fn account_connect(&self, params: AccountConnect) -> Result<AccountList, Failure> {
        let mut waiting = Vec::new();
        for (name, account) in self.running(params.account.clone()).await? {
            waiting.push((name, account.ask(Command::Connect).map_err(unavailable)?));
        }
        if !params.no_wait {
            let limit = params.wait_ms.map_or(WAIT, Duration::from_millis);
            let online = async {
                for (name, answer) in waiting {
                    let outcome = answer.await.unwrap_or(Outcome::NotOnline(None));
                    let Outcome::Done = outcome else { return Err(failed(&name, outcome)) };
                }
                Ok(())
            };
            let late = || {
                Failure::new(Kind::TimedOut, "not online yet; it is being tried")
                    .with_hint("see `xmppctl account list`")
            };
            timeout(limit, online).await.map_err(|_| late())??;
        }
        self.account_list(params.account).await
    }

    /// Closes the stream politely; the wish for a status stays. Of several accounts one has to be named, or `all`.
    pub(super) async fn account_disconnect(&self, params: AccountDisconnect) -> Result<AccountList, Failure> {
        let accounts = match params.account.clone() {
            None => vec![self.one(None).await?],
            named => self.running(named).await?,
        };
        for (_, account) in accounts {
            // An actor that has ended has no stream.
            let _ = account.ask(Command::Disconnect).map_err(unavailable)?.await;
        }
        self.account_list(params.account).await
    }

    /// The accounts a name stands for that are switched on.
    pub(super) async fn running(&self, account: Option<String>) -> Result<Vec<(String, Handle)>, Failure> {
        let running = self.hub.accounts(account.clone()).await?;
        if running.is_empty() { Err(self.not_running(account).await?) } else { Ok(running) }
    }

    /// Why none of the accounts that a name stands for runs.
    async fn not_running(&self, account: Option<String>) -> Result<Failure, Failure> {
        let list = self.account_list(account).await?;
        Ok(match list.accounts.into_iter().find_map(|info| info.error) {
            Some(problem) => Failure::new(Kind::Unexpected, problem.message)
                .with_hint("mend that, then try again with `xmppctl config reload`"),
            None => Failure::new(Kind::Policy, "the account is switched off in the configuration"),
        })
    }

    /// The one account that is meant.
    pub(super) async fn one(&self, account: Option<String>) -> Result<(String, Handle), Failure> {
        let mut running = self.running(account).await?;
        match (running.len(), running.pop()) {
            (1, Some(account)) => Ok(account),
            (_, last) => {
                let names: Vec<String> = running.into_iter().chain(last).map(|(name, _)| name).collect();
                Err(Failure::usage("there are several accounts")
                    .with_hint(format!("say which with -a: {}", names.join(", "))))
            }
        }
    }

    /// The names behind a name: all accounts of the configuration for none and for `all`.
    pub(super) async fn names(&self, account: Option<String>) -> Result<Vec<String>, Failure> {
        self.hub
            .read(move |state, _| {
                let all = || state.account.accounts.iter().map(|info| info.account.clone());
                match account.filter(|name| name != "all") {
                    None => Ok(all().collect()),
                    Some(name) => state
                        .account
                        .accounts
                        .iter()
                        .find(|info| info.account == name || info.jid.split('/').next() == Some(name.as_str()))
                        .map(|info| vec![info.account.clone()])
                        .ok_or_else(|| unknown(&name, &all().collect::<Vec<_>>())),
                }
            })
            .await?
    }
}

/// Orders something of an account and waits for the outcome.
pub(super) async fn order(
    account: &Handle,
    command: impl FnOnce(Ticket) -> Command + Send + 'static,
) -> Result<Outcome, Failure> {
    let answer = account.ask(command).map_err(unavailable)?;
    let ended = Outcome::NotOnline(None);
    Ok(timeout(WAIT, answer).await.map_or(Outcome::TimedOut, |outcome| outcome.unwrap_or(ended)))
}

pub(super) fn unavailable(_: Unavailable) -> Failure {
    Failure::new(Kind::Unexpected, "the account does not take orders now").with_hint("see the daemon's log")
}

fn unknown(name: &str, names: &[String]) -> Failure {
    Failure::new(Kind::NotFound, format!("there is no account {name}"))
        .with_hint(format!("the configuration has: {}", names.join(", ")))
}
