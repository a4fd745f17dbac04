//! `outbox`: the messages that no server is known to have.

use tokio::time::timeout;
use xmppd_core::account::{Aside, Command, Outcome, Place};
use xmppd_proto::reply::{Done, OutboxList, OutboxMessage, OutboxState, SendReport};
use xmppd_proto::request::{OutboxCancel, OutboxListing, OutboxRetry};
use xmppd_proto::{Failure, Kind};

use super::account::unavailable;
use super::desk::{Desk, WAIT, failed};
use super::message::sent;
use crate::hub;
use crate::store::{Change, OutboxRow, StoreError};

impl Desk {
    /// As the disk has them: what is listed here outlives the daemon.
    pub(super) async fn outbox_list(&self, params: OutboxListing) -> Result<OutboxList, Failure> {
        let mut messages = Vec::new();
        for account in self.names(params.account).await? {
            let rows = self.store.outbox(account.clone()).await.map_err(unexpected)?;
            messages.extend(rows.into_iter().map(|row| message(&account, row)));
        }
        Ok(OutboxList { messages })
    }

    /// Does not send a message that has not left yet, or forgets one that was set aside.
    pub(super) async fn outbox_cancel(&self, params: OutboxCancel) -> Result<Done, Failure> {
        let (name, account) = self.one(params.account).await?;
        if self.store.aside(name.clone(), params.id.clone()).await.map_err(unexpected)?.is_some() {
            let change = Change::Withdrawn { account: name, ids: vec![params.id] };
            return self.store.apply(vec![change]).await.map(|()| Done::default()).map_err(unexpected);
        }
        let is_behind = self.store.is_behind(name.clone(), params.id.clone()).await.map_err(unexpected)?;
        let place = if is_behind { Place::Behind } else { Place::Memory };
        let answer = account.ask(move |ticket| Command::Cancel(ticket, params.id, place)).map_err(unavailable)?;
        let outcome = timeout(WAIT, answer)
            .await
            .map_or(Outcome::TimedOut, |outcome| outcome.unwrap_or(Outcome::NotOnline(None)));
        if outcome == Outcome::Done { Ok(Done::default()) } else { Err(failed(&name, outcome)) }
    }
}

impl Desk {
    /// Sends a message that was set aside, whatever became of it before.
    pub(super) async fn outbox_retry(&self, params: OutboxRetry) -> Result<SendReport, Failure> {
        let (name, account) = self.one(params.account).await?;
        let Some(kept) = self.store.aside(name.clone(), params.id).await.map_err(unexpected)? else {
            return Err(failed(&name, Outcome::Unknown));
        };
        if kept.message.stanza.is_empty() {
            return Err(Failure::new(Kind::NotFound, "the text of this message is not kept any more")
                .with_hint("write it again; and `xmppctl outbox cancel` takes this one off the list"));
        }
        let to = kept.message.to.clone();
        let answer = account.ask(|ticket| Command::Retry(ticket, kept)).map_err(unavailable)?;
        let (id, state) = sent(&name, timeout(WAIT, answer).await)?;
        Ok(SendReport { account: name, id, state, to: to.to_string(), url: None })
    }
}

fn unexpected(error: StoreError) -> Failure {
    Failure::new(Kind::Unexpected, error.to_string())
}

fn message(account: &str, row: OutboxRow) -> OutboxMessage {
    OutboxMessage {
        account: account.to_owned(),
        id: row.id,
        to: row.to,
        state: match row.aside {
            Some(Aside::Failed) => OutboxState::Failed,
            Some(Aside::Uncertain) => OutboxState::Uncertain,
            None if row.is_placed => OutboxState::Sent,
            None => OutboxState::Queued,
        },
        attempts: row.attempts,
        queued_at: hub::timestamp(row.at),
        reason: row.reason,
    }
}
