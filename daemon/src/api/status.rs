//! `status` and its verbs.

use std::time::Duration;

use tokio::time::timeout;
use xmppd_core::presence::{Overlay, Show, Then};
use xmppd_core::text;
use xmppd_core::time::Wall;
use xmppd_proto::reply::{LayerName, StatusReport};
use xmppd_proto::request::{Status, StatusClear, StatusHold, StatusLayers, StatusSet};
use xmppd_proto::{Failure, Kind, Timestamp};

use super::desk::{Desk, WAIT};
use crate::{host, hub};

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
            Some(then) => Some(Then { show: show(then.show)?, status: line(then.status.as_deref()) }),
            None => None,
        };
        let end = until.map(|until| hub::End { until, then });
        let account = params.account;
        let asked = self.hub.set_status(hub::Status { account: account.clone(), overlay, end }).await?;
        self.in_force(asked, (params.wait_ms, params.no_wait), account).await
    }

    /// Takes back what was asked for, as durably and with the same waiting.
    pub(super) async fn status_clear(&self, params: StatusClear) -> Result<StatusReport, Failure> {
        let what = params.layer.map(cleared).transpose()?;
        let asked = self.hub.clear_status(params.account.clone(), what).await?;
        self.in_force(asked, (params.wait_ms, params.no_wait), params.account).await
    }

    /// Holds a status; the answer waits for no server, for a command is about to begin.
    pub(super) async fn status_hold(&self, params: StatusHold) -> Result<(StatusReport, hub::Holding), Failure> {
        let overlay = overlay(params.show, params.status.as_deref(), params.priority)?;
        let until = until(params.for_ms, params.until)?;
        let account = params.account;
        let by = line(params.by.as_deref());
        let holding = self.hub.hold(hub::Hold { account: account.clone(), overlay, until, by }).await?;
        Ok((self.report(account).await?, holding))
    }

    /// Waits until a wish is durable, and unless nobody wants to, until the servers have it.
    pub(super) async fn in_force(
        &self,
        mut asked: Vec<hub::Asked>,
        (wait_ms, no_wait): (Option<u64>, bool),
        account: Option<String>,
    ) -> Result<StatusReport, Failure> {
        for wish in &mut asked {
            wish.stored().await.map_err(|error| not_kept(&error))?;
        }
        if !no_wait {
            let limit = wait_ms.map_or(WAIT, Duration::from_millis);
            // What is not delivered in time is on its way, and the report says so.
            let _ = timeout(limit, async {
                for wish in asked {
                    wish.outcome().await;
                }
            })
            .await;
        }
        self.report(account).await
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

/// What was asked for, clean.
fn overlay(shown: xmppd_proto::Show, status: Option<&str>, priority: Option<i8>) -> Result<Overlay, Failure> {
    Ok(Overlay { show: show(shown)?, status: line(status), priority })
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
