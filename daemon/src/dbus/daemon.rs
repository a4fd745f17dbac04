//! The daemon's object, `org.xmppctl.Daemon1`: its methods, properties and signals as the contract names them.

use std::collections::HashMap;

use serde_json::value::RawValue;
use tokio::sync::watch;
use xmppd_proto::{
    Call, Failure, Kind, Request, Show, jsonrpc,
    request::{Send, StatusClear, StatusSet, TuneClear},
};
use zbus::{Connection, Variant, interface, message::Header, object_server::SignalEmitter};

use super::{
    caller::Owner,
    refusal::Refusal,
    view::{self, View},
    xesam,
};
use crate::api::Api;

/// The interface's name.
pub(super) const INTERFACE: &str = "org.xmppctl.Daemon1";

/// How long `Call` waits for a condition when the caller names no limit: as long as most callers wait for an answer.
const WAIT_MS: u64 = 25_000;

/// The daemon on the bus.
pub(super) struct Daemon {
    api: Api,
    view: watch::Receiver<View>,
    owner: Owner,
}

impl Daemon {
    /// An object that asks `api` and shows `view`.
    pub(super) fn new(api: Api, view: watch::Receiver<View>, owner: Owner) -> Self {
        Self { api, view, owner }
    }

    async fn ask<C: Call + Into<Request>>(&self, call: C) -> Result<C::Reply, Refusal> {
        let answer = self.api.call(call.into()).await?;
        Ok(serde_json::to_value(answer).and_then(serde_json::from_value).map_err(|error| unreadable(&error))?)
    }

    async fn shown<T>(
        &self,
        connection: &Connection,
        header: Option<Header<'_>>,
        pick: impl FnOnce(&View) -> T,
    ) -> Result<T, Refusal> {
        if let Some(header) = header {
            self.owner.admit(connection, &header).await?;
        }
        Ok(pick(&self.view.borrow()))
    }
}

#[interface(name = "org.xmppctl.Daemon1")]
impl Daemon {
    /// Asks for an availability on every account: online, chat, away, xa, dnd, offline or invisible, with a text that may
    /// be empty.
    async fn set_status(
        &self,
        show: &str,
        status: &str,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Refusal> {
        self.owner.admit(connection, &header).await?;
        self.ask(wish(show, status)?).await.map(drop)
    }

    /// The same for so many milliseconds by the wall clock; then what is under it shows again.
    async fn set_status_for(
        &self,
        show: &str,
        status: &str,
        milliseconds: u64,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Refusal> {
        self.owner.admit(connection, &header).await?;
        let wish = StatusSet { for_ms: Some(milliseconds), ..wish(show, status)? };
        self.ask(wish).await.map(drop)
    }

    /// Takes back what was asked for with an end, or where nothing was, what was asked for without one: back to what the
    /// configuration starts with.
    async fn clear_status(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Refusal> {
        self.owner.admit(connection, &header).await?;
        self.ask(StatusClear::default()).await.map(drop)
    }

    /// Sends a chat message and answers its id.
    #[zbus(out_args("id"))]
    async fn send(
        &self,
        to: &str,
        body: &str,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<String, Refusal> {
        self.owner.admit(connection, &header).await?;
        let (to, body) = (to.to_owned(), body.to_owned());
        self.ask(Send::new(to, body)).await.map(|report| report.id)
    }

    /// Publishes this tune in place of a player's; xesam keys.
    async fn set_tune(
        &self,
        tune: HashMap<String, Variant<'_>>,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Refusal> {
        self.owner.admit(connection, &header).await?;
        self.ask(xesam::read(&tune)).await.map(drop)
    }

    /// Withdraws the tune that was set.
    async fn clear_tune(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Refusal> {
        self.owner.admit(connection, &header).await?;
        self.ask(TuneClear {}).await.map(drop)
    }

    /// Calls any method of the socket by its name, with its parameters as a JSON object or an empty text, and answers its
    /// result as JSON.
    #[zbus(out_args("result"))]
    async fn call(
        &self,
        method: &str,
        json: &str,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<String, Refusal> {
        self.owner.admit(connection, &header).await?;
        let answer = self.api.call(read_call(method, json)?).await?;
        Ok(serde_json::to_string(&answer).map_err(|error| unreadable(&error))?)
    }

    /// What contacts are told; of several accounts, by the first that is online.
    #[zbus(property)]
    async fn show(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<&'static str, Refusal> {
        self.shown(connection, header, |view| view.show.as_str()).await
    }

    /// The text beside it; empty without one.
    #[zbus(property)]
    async fn status(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<String, Refusal> {
        self.shown(connection, header, |view| view.status.clone()).await
    }

    /// The best state of any account: offline, connecting, online, retrying, needs-secret or stopped.
    #[zbus(property)]
    async fn connection(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<&'static str, Refusal> {
        self.shown(connection, header, |view| view::word(view.connection)).await
    }

    /// The tune that is published, in xesam keys; empty without one.
    #[zbus(property)]
    async fn tune(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<HashMap<String, Variant<'static>>, Refusal> {
        self.shown(connection, header, |view| xesam::write(view.tune.as_ref())).await
    }

    /// How many messages are unread.
    #[zbus(property)]
    async fn unread(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<u32, Refusal> {
        self.shown(connection, header, |view| view.unread).await
    }

    /// A message came.
    #[zbus(signal)]
    pub(super) async fn message_received(
        emitter: &SignalEmitter<'_>,
        account: &str,
        from: &str,
        body: &str,
        id: &str,
    ) -> zbus::Result<()>;

    /// A contact shows something else; offline with an empty jid: all contacts of the account, whose stream has ended.
    #[zbus(signal)]
    pub(super) async fn presence_changed(
        emitter: &SignalEmitter<'_>,
        account: &str,
        jid: &str,
        show: &str,
        status: &str,
    ) -> zbus::Result<()>;
}

fn wish(show: &str, status: &str) -> Result<StatusSet, Failure> {
    let show: Show = show.parse().map_err(|error| Failure::usage(format!("{error}")))?;
    let status = (!status.is_empty()).then(|| status.to_owned());
    Ok(StatusSet { status, ..StatusSet::new(show) })
}

fn read_call(method: &str, json: &str) -> Result<Request, Failure> {
    if json.len() > jsonrpc::MAX_LINE {
        return Err(Failure::usage("the parameters are at most 1 MiB long"));
    }
    let text = if json.trim().is_empty() { "{}" } else { json.trim() };
    let parameters: &RawValue =
        serde_json::from_str(text).map_err(|error| Failure::usage(format!("not JSON: {error}")))?;
    let mut request = Request::parse(method, Some(parameters)).map_err(jsonrpc::Error::failure)?;
    if let Request::Wait(wait) = &mut request {
        wait.timeout_ms.get_or_insert(WAIT_MS);
    }
    if is_carried(&request) {
        Ok(request)
    } else {
        let failure = Failure::new(Kind::Policy, format!("{method} is on the socket only"));
        Err(failure.with_hint("a program on the bus follows the signals"))
    }
}

/// Whether a method may be called over the bus: not with raw XML or a secret in it, nor one that answers with a stream.
#[rustfmt::skip]
const fn is_carried(request: &Request) -> bool {
    match request {
        Request::WatchStart(_) | Request::WatchStop(_) | Request::XmlWatch(_) | Request::StatusHold(_)
        | Request::StatusRelease(_) => false,
        Request::RoomJoin(join) => join.password.is_none(),
        Request::RoomListing(_) | Request::RoomLeave(_) | Request::RoomMembers(_) | Request::RoomInvite(_)
        | Request::Status(_) | Request::StatusSet(_) | Request::StatusClear(_) | Request::StatusLayers(_)
        | Request::Scroll(_) | Request::ScrollPreview(_) | Request::ScrollOff(_)
        | Request::TuneShow(_) | Request::TuneSet(_) | Request::TuneClear(_) | Request::TuneOn(_)
        | Request::TuneOff(_) | Request::TuneHold(_) | Request::TuneResume(_) | Request::TuneSkip(_)
        | Request::TuneUse(_) | Request::TuneExplain(_) | Request::TuneRender(_) | Request::TunePlayers(_)
        | Request::TuneGet(_)
        | Request::MoodShow(_) | Request::MoodSet(_) | Request::MoodClear(_) | Request::ActivityShow(_)
        | Request::ActivitySet(_) | Request::ActivityClear(_) | Request::NickShow(_) | Request::NickSet(_)
        | Request::NickClear(_) | Request::AvatarShow(_) | Request::AvatarSet(_) | Request::AvatarClear(_)
        | Request::Roster(_) | Request::RosterShow(_) | Request::RosterAdd(_) | Request::RosterRemove(_)
        | Request::RosterRename(_) | Request::RosterGroup(_) | Request::RosterPending(_)
        | Request::RosterApprove(_) | Request::RosterDeny(_) | Request::RosterSubscribe(_)
        | Request::RosterUnsubscribe(_)
        | Request::BlockListing(_) | Request::BlockAdd(_) | Request::BlockRemove(_)
        | Request::AccountListing(_) | Request::AccountShow(_) | Request::AccountConnect(_)
        | Request::AccountDisconnect(_)
        | Request::Question(_) | Request::History(_) | Request::Unread(_) | Request::UnreadClear(_)
        | Request::UploadStart(_) | Request::UploadWrite(_) | Request::UploadFinish(_) | Request::UploadCancel(_)
        | Request::Send(_) | Request::Wait(_) | Request::Ping(_) | Request::OutboxListing(_)
        | Request::OutboxCancel(_) | Request::OutboxRetry(_) | Request::Probe(_)
        | Request::Doctor(_) | Request::ConfigCheck(_) | Request::ConfigReload(_) | Request::ConfigGet(_)
        | Request::DaemonHello(_) | Request::DaemonShow(_) | Request::DaemonStop(_)
        | Request::DaemonRestart(_) | Request::RpcDescribe(_) => true,
    }
}

fn unreadable(error: &serde_json::Error) -> Failure {
    Failure::new(Kind::Unexpected, error.to_string())
}
