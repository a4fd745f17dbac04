//! `block`: whom the server lets nothing through from and to (XEP-0191). The list is the server's; none is kept here.

use xmppd_core::account::{Command, Outcome, Question};
use xmppd_core::stanza::blocking;
use xmppd_core::stanza::error::Condition;
use xmppd_core::xml::Element;
use xmppd_proto::reply::{AccountBlocked, BlockReport};
use xmppd_proto::request::{BlockAdd, BlockListing, BlockRemove};
use xmppd_proto::{Failure, Kind};

use super::account::order;
use super::contacts::refusal;
use super::desk::Desk;
use super::message::address;
use crate::account::Handle;

impl Desk {
    /// The lists as the servers have them.
    pub(super) async fn block_list(&self, params: BlockListing) -> Result<BlockReport, Failure> {
        let mut accounts = Vec::new();
        for (account, handle) in self.running(params.account).await? {
            accounts.push(blocked(account, &handle).await?);
        }
        Ok(BlockReport { accounts })
    }

    /// Blocks somebody, a domain, or one resource.
    pub(super) async fn block_add(&self, params: BlockAdd) -> Result<BlockReport, Failure> {
        let jid = address(&params.jid)?;
        let (account, handle) = self.one(params.account).await?;
        ask(&account, &handle, true, blocking::block(&jid)).await?;
        Ok(BlockReport { accounts: vec![blocked(account, &handle).await?] })
    }

    /// Takes somebody off the list.
    pub(super) async fn block_remove(&self, params: BlockRemove) -> Result<BlockReport, Failure> {
        let jid = address(&params.jid)?;
        let (account, handle) = self.one(params.account).await?;
        // Servers say nothing about what is not on it.
        if !blocked(account.clone(), &handle).await?.blocked.contains(&jid.to_string()) {
            return Err(
                Failure::new(Kind::NotFound, format!("{jid} is not blocked")).with_hint("`xmppctl block` lists who is")
            );
        }
        ask(&account, &handle, true, blocking::unblock(&jid)).await?;
        Ok(BlockReport { accounts: vec![blocked(account, &handle).await?] })
    }
}

async fn blocked(account: String, handle: &Handle) -> Result<AccountBlocked, Failure> {
    let answer = ask(&account, handle, false, blocking::request()).await?;
    let jids = answer.as_ref().and_then(blocking::parse).unwrap_or_default();
    let mut blocked: Vec<String> = jids.into_iter().map(|jid| jid.to_string()).collect();
    blocked.sort();
    Ok(AccountBlocked { account, blocked })
}

async fn ask(account: &str, handle: &Handle, set: bool, payload: Element) -> Result<Option<Element>, Failure> {
    let question = Question { to: None, set, payload };
    let outcome = order(handle, |ticket| Command::Ask(ticket, question)).await?;
    if let Outcome::Refused(error) = &outcome
        && is_unknown(&error.condition)
    {
        return Err(Failure::new(Kind::Unsupported, format!("the server of {account} has no block list (XEP-0191)"))
            .with_condition(error.condition.name())
            .with_hint("`xmppctl roster deny` and `xmppctl roster remove` need none"));
    }
    let Outcome::Answer(payload) = outcome else { return Err(refusal(account, outcome)) };
    Ok(payload)
}

/// Whether the server says that it does not know what it is asked.
fn is_unknown(condition: &Condition) -> bool {
    matches!(condition, Condition::ServiceUnavailable | Condition::FeatureNotImplemented)
}
