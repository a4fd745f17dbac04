//! `outbox`: the messages that no server is known to have.

use tokio::time::timeout;
use xmppd_core::account::{Command, Outcome};
use xmppd_proto::reply::{Done, OutboxList, OutboxMessage, OutboxState};
use xmppd_proto::request::{OutboxCancel, OutboxListing};
use xmppd_proto::{Failure, Kind};

use super::account::unavailable;
use super::desk::{Desk, WAIT, failed};
use crate::hub;
use crate::store::OutboxRow;

impl Desk {
    /// As the disk has them: what is listed here outlives the daemon.
    pub(super) async fn outbox_list(&self, params: OutboxListing) -> Result<OutboxList, Failure> {
        let mut messages = Vec::new();
        for account in self.names(params.account).await? {
            let rows = self.store.outbox(account.clone()).await;
            let rows = rows.map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))?;
            messages.extend(rows.into_iter().map(|row| message(&account, row)));
        }
        Ok(OutboxList { messages })
    }

    /// Does not send a message that has not left yet.
    pub(super) async fn outbox_cancel(&self, params: OutboxCancel) -> Result<Done, Failure> {
        let (name, account) = self.one(params.account).await?;
        let answer = account.ask(|ticket| Command::Cancel(ticket, params.id)).map_err(unavailable)?;
        let outcome = timeout(WAIT, answer)
            .await
            .map_or(Outcome::TimedOut, |outcome| outcome.unwrap_or(Outcome::NotOnline(None)));
        let Outcome::Done = outcome else { return Err(failed(&name, outcome)) };
        Ok(Done::default())
    }
}

fn message(account: &str, row: OutboxRow) -> OutboxMessage {
    OutboxMessage {
        account: account.to_owned(),
        id: row.id,
        to: row.to,
        state: if row.is_placed { OutboxState::Sent } else { OutboxState::Queued },
        attempts: row.attempts,
        queued_at: hub::timestamp(row.at),
    }
}
