//! `status` and `status.set`, `roster`.

use std::time::Duration;

use tokio::time::timeout;
use xmppd_core::account::Command;
use xmppd_core::presence::Show;
use xmppd_core::text;
use xmppd_proto::reply::{AccountRoster, Contact, RosterReport, StatusReport};
use xmppd_proto::request::{Roster, Status, StatusSet};
use xmppd_proto::{Failure, Kind};

use super::desk::{Desk, WAIT};
use crate::hub;

/// How long a server may take to tell what it held back.
const CATCH_UP: Duration = Duration::from_secs(2);

impl Desk {
    pub(super) async fn status(&self, params: Status) -> Result<StatusReport, Failure> {
        self.report(params.account).await
    }

    /// Puts the wish in force, makes it durable, and waits for the server to have it: `delivery` says how far it came.
    pub(super) async fn status_set(&self, params: StatusSet) -> Result<StatusReport, Failure> {
        let show = show(params.show)?;
        let status = hub::Status {
            account: params.account.clone(),
            show,
            text: params.status.as_deref().and_then(|status| text::line(status, text::STATUS)),
            priority: params.priority,
        };
        let mut asked = self.hub.set_status(status).await?;
        for wish in &mut asked {
            wish.stored().await.map_err(|error| not_kept(&error))?;
        }
        if !params.no_wait {
            let limit = params.wait_ms.map_or(WAIT, Duration::from_millis);
            // What is not delivered in time is on its way, and the report says so.
            let _ = timeout(limit, async {
                for wish in asked {
                    wish.outcome().await;
                }
            })
            .await;
        }
        self.report(params.account).await
    }

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
                });
                RosterReport { accounts: accounts.collect() }
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

    async fn report(&self, account: Option<String>) -> Result<StatusReport, Failure> {
        let names = self.names(account).await?;
        self.hub
            .read(move |state, _| {
                let mut report = state.status.clone();
                report.accounts.retain(|status| names.contains(&status.account));
                report
            })
            .await
    }
}

/// The core's word for what was asked for.
fn show(show: xmppd_proto::Show) -> Result<Show, Failure> {
    match show {
        xmppd_proto::Show::Online => Ok(Show::Online),
        xmppd_proto::Show::Chat => Ok(Show::Chat),
        xmppd_proto::Show::Away => Ok(Show::Away),
        xmppd_proto::Show::Xa => Ok(Show::Xa),
        xmppd_proto::Show::Dnd => Ok(Show::Dnd),
        xmppd_proto::Show::Offline => Ok(Show::Offline),
        xmppd_proto::Show::Invisible => Err(Failure::new(Kind::Unsupported, "invisible is not built yet")
            .with_hint("`xmppctl status offline` hides you")),
    }
}

fn not_kept(error: &crate::store::StoreError) -> Failure {
    Failure::new(Kind::Unexpected, format!("the status is set, but a restart will forget it: {error}"))
        .with_hint("see `xmppctl doctor`")
}
