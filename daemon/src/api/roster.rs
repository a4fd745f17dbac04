//! `roster`, `roster.show` and `roster.pending`: what is known of contacts. Changing it is [`super::contacts`]'s.

use std::time::Duration;

use tokio::time::timeout;
use xmppd_core::account::Command;
use xmppd_proto::Failure;
use xmppd_proto::reply::{AccountPending, AccountRoster, Contact, PendingContact, PendingReport, RosterReport};
use xmppd_proto::request::{Roster, RosterPending, RosterShow};

use super::contacts::unknown;
use super::desk::Desk;
use super::message::address;

/// How long a server may take to tell what it held back.
const CATCH_UP: Duration = Duration::from_secs(2);

impl Desk {
    /// The contacts, or those who are online, or those of a group.
    pub(super) async fn roster(&self, params: Roster) -> Result<RosterReport, Failure> {
        let names = self.names(params.account.clone()).await?;
        self.catch_up(params.account).await;
        self.hub
            .read(move |state, _| {
                let wanted = |contact: &&Contact| {
                    let in_group = params.group.as_ref().is_none_or(|group| contact.groups.contains(group));
                    in_group && (!params.online || !contact.resources.is_empty())
                };
                let rosters = state.roster.accounts.iter().filter(|roster| names.contains(&roster.account));
                let accounts = rosters.map(|roster| AccountRoster {
                    account: roster.account.clone(),
                    contacts: roster.contacts.iter().filter(wanted).cloned().collect(),
                    requests: Vec::new(),
                });
                RosterReport { accounts: accounts.collect() }
            })
            .await
    }

    /// One contact, through each account that has it.
    pub(super) async fn roster_show(&self, params: RosterShow) -> Result<RosterReport, Failure> {
        let names = self.names(params.account.clone()).await?;
        let jid = address(&params.jid)?.to_bare();
        self.catch_up(params.account).await;
        let wanted = jid.to_string();
        let accounts: Vec<AccountRoster> = self
            .hub
            .read(move |state, _| {
                let found = names.into_iter().filter_map(|account| {
                    let contacts = vec![state.contact(&account, &wanted)?.clone()];
                    Some(AccountRoster { account, contacts, requests: Vec::new() })
                });
                found.collect()
            })
            .await?;
        if accounts.is_empty() { Err(unknown(&jid)) } else { Ok(RosterReport { accounts }) }
    }

    /// Who asks to see us, and who has not answered us.
    pub(super) async fn roster_pending(&self, params: RosterPending) -> Result<PendingReport, Failure> {
        let names = self.names(params.account.clone()).await?;
        self.catch_up(params.account).await;
        self.hub
            .read(move |state, _| {
                let rosters = state.roster.accounts.iter().filter(|roster| names.contains(&roster.account));
                let accounts = rosters.map(|roster| {
                    let asked = roster.contacts.iter().filter(|contact| contact.ask.is_some());
                    let outgoing = asked
                        .map(|contact| PendingContact { jid: contact.jid.clone(), name: contact.name.clone() })
                        .collect();
                    AccountPending { account: roster.account.clone(), incoming: roster.requests.clone(), outgoing }
                });
                PendingReport { accounts: accounts.collect() }
            })
            .await
    }

    /// Has servers tell what they hold back while nobody looks (XEP-0352).
    async fn catch_up(&self, account: Option<String>) {
        let accounts = self.hub.accounts(account).await.unwrap_or_default();
        let asked: Vec<_> = accounts.iter().filter_map(|(_, account)| account.ask(Command::CatchUp).ok()).collect();
        // Who does not answer in time leaves the picture as it was.
        let _ = timeout(CATCH_UP, async {
            for answer in asked {
                let _ = answer.await;
            }
        })
        .await;
    }
}
