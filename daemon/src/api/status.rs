//! `status` and its verbs.

use std::time::Duration;

use jid::Jid;
use tokio::time::timeout;
use xmppd_core::account::{Command, Outcome};
use xmppd_core::presence::{Overlay, Show, Then};
use xmppd_core::text;
use xmppd_core::time::Wall;
use xmppd_proto::reply::{LayerName, StatusReport};
use xmppd_proto::request::{Status, StatusClear, StatusHold, StatusLayers, StatusSet};
use xmppd_proto::{Failure, Kind, Timestamp};

use super::account::order;
use super::desk::{Desk, WAIT, failed};
use crate::{host, hub};

/// Accounts and why each has not done what was asked for.
type Refusals = Vec<(String, Failure)>;

/// How an end is asked for.
const ENDS: &str =
    "write --for 90s, 25m, 1h30m or 2d, or --until 18:00, \"tomorrow 07:30\" or 2027-01-31T18:00:00+01:00";

impl Desk {
    pub(super) async fn status(&self, params: Status) -> Result<StatusReport, Failure> {
        self.report(params.account).await
    }

    pub(super) async fn status_layers(&self, params: StatusLayers) -> Result<StatusReport, Failure> {
        self.report(params.account).await
    }

    /// Puts the wish in force, makes it durable, and waits for the server to have it: `delivery` says how far it came.
    pub(super) async fn status_set(&self, params: StatusSet) -> Result<StatusReport, Failure> {
        let overlay = overlay(params.show, params.status.as_deref(), params.priority)?;
        let until = until(params.for_ms, params.until)?;
        let then = match params.then {
            Some(_) if until.is_none() => {
                return Err(Failure::usage("what follows needs an end to follow").with_hint(ENDS));
            }
            Some(then) => Some(Then { show: show(then.show), status: line(then.status.as_deref()) }),
            None => None,
        };
        let hides = overlay.show == Show::Invisible || then.as_ref().is_some_and(|then| then.show == Show::Invisible);
        let end = until.map(|until| hub::End { until, then });
        let to = params.to.as_deref().map(|to| recipient(to, &overlay, end.as_ref())).transpose()?;
        let account = match (&to, params.account) {
            (Some(_), None) => Some(self.one(None).await?.0),
            (_, account) => account,
        };
        if let (Some(to), Some(account)) = (&to, &account) {
            self.is_no_occupant(account, to).await?;
        }
        let refusals = if hides { self.refuse_to_hide(account.clone()).await? } else { Refusals::new() };
        let except = refusals.iter().map(|(account, _)| account.clone()).collect();
        let status = hub::Status { account: account.clone(), overlay, end, to, except };
        let asked = self.hub.set_status(status).await?;
        self.all_in_force(asked, (params.wait_ms, params.no_wait), account, refusals).await
    }

    /// A presence to somebody in a room would be the wish for their nickname (XEP-0045 section 7.6).
    async fn is_no_occupant(&self, account: &str, to: &Jid) -> Result<(), Failure> {
        if to.is_bare() || !self.is_room(account, to).await? {
            return Ok(());
        }
        Err(Failure::usage("nobody in a room can be told a status of their own")
            .with_hint(format!("`xmppctl status … --to {}` is for all who are in it", to.to_bare())))
    }

    /// Takes back what was asked for, as durably and with the same waiting.
    pub(super) async fn status_clear(&self, params: StatusClear) -> Result<StatusReport, Failure> {
        let what = match (params.layer, &params.to) {
            (Some(_), Some(_)) => {
                return Err(Failure::usage("a layer is cleared, or what one contact is told, not both"));
            }
            (layer, None) => layer.map(cleared).transpose()?,
            (None, Some(to)) => Some(hub::Cleared::Directed(jid(to)?)),
        };
        let asked = self.hub.clear_status(params.account.clone(), what).await?;
        self.in_force(asked, (params.wait_ms, params.no_wait), params.account).await
    }

    /// Holds a status; the answer waits for no server, for a command is about to begin.
    pub(super) async fn status_hold(&self, params: StatusHold) -> Result<(StatusReport, hub::Holding), Failure> {
        let overlay = overlay(params.show, params.status.as_deref(), params.priority)?;
        let until = until(params.for_ms, params.until)?;
        let account = params.account;
        if overlay.show == Show::Invisible
            && let Some((_, refusal)) = self.refuse_to_hide(account.clone()).await?.into_iter().next()
        {
            return Err(refusal);
        }
        let by = line(params.by.as_deref());
        let holding = self.hub.hold(hub::Hold { account: account.clone(), overlay, until, by }).await?;
        Ok((self.report(account).await?, holding))
    }

    /// Waits until a wish is durable, and unless nobody wants to, until the servers have it.
    pub(super) async fn in_force(
        &self,
        asked: Vec<hub::Asked>,
        patience: (Option<u64>, bool),
        account: Option<String>,
    ) -> Result<StatusReport, Failure> {
        self.all_in_force(asked, patience, account, Refusals::new()).await
    }

    /// The same where some accounts have refused already. Each account's own result is in the report; where none has a
    /// good one, the first is the answer's.
    async fn all_in_force(
        &self,
        mut asked: Vec<hub::Asked>,
        (wait_ms, no_wait): (Option<u64>, bool),
        account: Option<String>,
        mut refusals: Refusals,
    ) -> Result<StatusReport, Failure> {
        for wish in &mut asked {
            if let Err(error) = wish.stored().await {
                refusals.push((wish.account.clone(), not_kept(&error)));
            }
        }
        let all =
            asked.len() + refusals.iter().filter(|(name, _)| asked.iter().all(|wish| wish.account != *name)).count();
        if !no_wait {
            let limit = wait_ms.map_or(WAIT, Duration::from_millis);
            // What is not delivered in time is on its way, and the report says so.
            let _ = timeout(limit, async {
                for wish in asked {
                    let account = wish.account.clone();
                    refusals.extend(refusal(&account, wish.outcome().await).map(|failure| (account, failure)));
                }
            })
            .await;
        }
        if refusals.len() >= all && !refusals.is_empty() {
            return Err(refusals.swap_remove(0).1);
        }
        let mut report = self.report(account).await?;
        for status in &mut report.accounts {
            let own = refusals.iter().find(|(account, _)| *account == status.account);
            status.error = own.map(|(_, failure)| failure.clone()).or(status.error.take());
        }
        Ok(report)
    }

    /// Those of the accounts whose servers cannot hide them, as far as these can be asked now. Nothing is changed for them.
    async fn refuse_to_hide(&self, account: Option<String>) -> Result<Refusals, Failure> {
        let mut refusals = Refusals::new();
        for (name, handle) in self.hub.accounts(account).await? {
            let outcome = order(&handle, Command::CanHide).await?;
            refusals.extend(refusal(&name, outcome).map(|failure| (name, failure)));
        }
        Ok(refusals)
    }

    pub(super) async fn report(&self, account: Option<String>) -> Result<StatusReport, Failure> {
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

/// Whom one status is for, with what can be told to one.
fn recipient(to: &str, overlay: &Overlay, end: Option<&hub::End>) -> Result<Jid, Failure> {
    let to = jid(to)?;
    if !overlay.show.is_visible() {
        return Err(Failure::usage(format!("one contact cannot be told {}", overlay.show.as_str())).with_hint(
            "`xmppctl status clear --to JID` takes back what they are told, `xmppctl block add JID` hides you",
        ));
    }
    if overlay.priority.is_some() || end.is_some_and(|end| end.then.is_some()) {
        return Err(Failure::usage("what one contact is told has no priority, and nothing of its own follows it")
            .with_hint("say it without --priority and --then"));
    }
    Ok(to)
}

fn jid(text: &str) -> Result<Jid, Failure> {
    Jid::new(text).map_err(|error| {
        Failure::usage(format!("{text:?} is no address: {error}")).with_hint("write one as juliet@verona.example")
    })
}

/// Why an account's presence is not as was asked for; that it has to wait is none.
fn refusal(account: &str, outcome: Outcome) -> Option<Failure> {
    let hint = "`xmppctl status offline` hides you by leaving";
    match outcome {
        Outcome::Unsupported => Some(
            Failure::new(Kind::Unsupported, format!("the server of {account} cannot make you invisible (XEP-0186)"))
                .with_hint(hint),
        ),
        refused @ Outcome::Refused(_) => Some(failed(account, refused).with_hint(hint)),
        Outcome::Delivered(_)
        | Outcome::Sent(_)
        | Outcome::Queued(_)
        | Outcome::Answer(_)
        | Outcome::NotOnline(_)
        | Outcome::TimedOut
        | Outcome::NotKept(_)
        | Outcome::TooLate
        | Outcome::IdTaken(_)
        | Outcome::Unknown
        | Outcome::Withheld
        | Outcome::Invisible
        | Outcome::Occupants(..)
        | Outcome::Outside
        | Outcome::Exposed(_)
        | Outcome::Done => None,
    }
}

/// What was asked for, clean.
fn overlay(shown: xmppd_proto::Show, status: Option<&str>, priority: Option<i8>) -> Result<Overlay, Failure> {
    Ok(Overlay { show: show(shown), status: line(status), priority })
}

fn line(text: Option<&str>) -> Option<String> {
    text.and_then(|text| text::line(text, text::STATUS))
}

/// The end that was asked for, by the wall clock.
pub(super) fn until(for_ms: Option<u64>, until: Option<Timestamp>) -> Result<Option<Wall>, Failure> {
    let now = host::now().wall.as_unix_millis();
    let end = match (for_ms, until) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(Failure::usage("a status ends after a duration or at a time, not both").with_hint(ENDS));
        }
        (Some(0), None) => return Err(Failure::usage("a status has to last longer than nothing").with_hint(ENDS)),
        (Some(millis), None) => i64::try_from(millis).ok().and_then(|millis| now.checked_add(millis)),
        (None, Some(until)) if until.as_millisecond() <= now => {
            let now = Timestamp::from_millisecond(now).unwrap_or_default();
            return Err(Failure::usage(format!("{until} is past: it is {now:.0}")).with_hint(ENDS));
        }
        (None, Some(until)) => Some(until.as_millisecond()),
    };
    let end = end.filter(|end| Timestamp::from_millisecond(*end).is_ok());
    let end = end.ok_or_else(|| Failure::usage("no calendar goes so far").with_hint(ENDS))?;
    Ok(Some(Wall::from_unix_millis(end)))
}

/// What may be taken back of what a person asked for.
fn cleared(layer: LayerName) -> Result<hub::Cleared, Failure> {
    let otherwise = |what: &str, hint: &str| {
        Err(Failure::usage(format!("the {} layer is not yours to clear: {what}", layer.as_str())).with_hint(hint))
    };
    match layer {
        LayerName::Base => Ok(hub::Cleared::Base),
        LayerName::Timed => Ok(hub::Cleared::Timed),
        LayerName::Command => Ok(hub::Cleared::Command),
        LayerName::Tune => otherwise("it follows your players", "`xmppctl tune off` withdraws the tune"),
        LayerName::Idle => otherwise("it follows the machine", "it goes when you are back"),
        LayerName::Scroll => Ok(hub::Cleared::Scroll),
    }
}

/// The core's word for what was asked for.
fn show(show: xmppd_proto::Show) -> Show {
    match show {
        xmppd_proto::Show::Online => Show::Online,
        xmppd_proto::Show::Chat => Show::Chat,
        xmppd_proto::Show::Away => Show::Away,
        xmppd_proto::Show::Xa => Show::Xa,
        xmppd_proto::Show::Dnd => Show::Dnd,
        xmppd_proto::Show::Offline => Show::Offline,
        xmppd_proto::Show::Invisible => Show::Invisible,
    }
}

fn not_kept(error: &crate::store::StoreError) -> Failure {
    Failure::new(Kind::Unexpected, format!("the status is set, but a restart will forget it: {error}"))
        .with_hint("see `xmppctl doctor`")
}
