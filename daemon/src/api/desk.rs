//! Answers requests: one exhaustive match, one file a subject. State is the hub's; here answers that take time are
//! waited for, so that the hub need not.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use xmppd_core::account::{Outcome, Problem};
use xmppd_core::pep::{Node, Personal};
use xmppd_core::time::Now;
use xmppd_proto::{Failure, Kind, Reply, Request};

use super::{Asked, Clients, Doorkeeper, daemon, probe, scroll};
use crate::bus::BusState;
use crate::desktop::Sources;
use crate::hub::{self, Parting};
use crate::idle;
use crate::notifications::Notifications;
use crate::places::Environment;
use crate::players::chooser;
use crate::store::Store;
use crate::upload::{self, Uploads};

/// How long an answer may wait for a server when the asker does not say.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// Where requests are answered; cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(super) hub: hub::Handle,
    pub(super) players: chooser::Handle,
    pub(super) store: Store,
    pub(super) uploads: Uploads,
    pub(super) facts: Arc<Facts>,
}

/// What the daemon knows of itself.
pub(crate) struct Facts {
    /// When it started.
    pub(crate) started: Now,
    /// Its configuration file.
    pub(crate) config: PathBuf,
    /// Its state folder.
    pub(crate) state: PathBuf,
    /// Its socket.
    pub(crate) socket: PathBuf,
    /// The environment it was started in.
    pub(crate) environment: Environment,
    /// Whether the D-Bus face is on the bus.
    pub(crate) bus: watch::Receiver<BusState>,
    /// Whether players can be watched.
    pub(crate) players: watch::Receiver<BusState>,
    /// What the desktop is to show, and whether it does.
    pub(crate) notifications: Notifications,
    /// Who tells of sleep and of the network.
    pub(crate) machine: watch::Receiver<Sources>,
    /// Who opens and closes the webhook.
    pub(crate) webhook: Doorkeeper,
    /// Whether the person is at the machine.
    pub(crate) idle: idle::Handle,
    /// Who is connected to the socket, and how many of them watch.
    pub(crate) clients: Clients,
    /// Set to end the daemon, and how.
    pub(crate) end: watch::Sender<Option<Parting>>,
}

impl Desk {
    /// A desk that knows the parts that answer.
    pub(crate) fn new(hub: hub::Handle, players: chooser::Handle, store: Store, facts: Facts) -> Self {
        Self { hub, players, store, uploads: upload::start(), facts: Arc::new(facts) }
    }

    /// Answers whatever comes, each request in a task of its own, until nobody can ask any more.
    pub(crate) async fn serve(self, mut asked: mpsc::Receiver<Asked>) {
        while let Some(asked) = asked.recv().await {
            let desk = self.clone();
            tokio::spawn(async move {
                match asked {
                    // Whoever asked may have gone meanwhile; what was asked is done all the same.
                    Asked::Call(request, reply) => drop(reply.send(desk.call(request).await)),
                    Asked::Subscribe(topics, reply) => {
                        if let Ok(changes) = desk.hub.subscribe(topics).await {
                            let _ = reply.send(changes);
                        }
                    }
                    Asked::Hold(request, reply) => drop(reply.send(desk.status_hold(request).await)),
                    Asked::Post(posted, reply) => drop(reply.send(desk.post(posted).await)),
                    Asked::Watch(request, reply) => drop(reply.send(desk.watch_wire(request).await)),
                }
            });
        }
    }

    async fn call(&self, request: Request) -> Result<Reply, Failure> {
        match request {
            Request::Status(params) => self.status(params).await.map(Reply::Status),
            Request::StatusSet(params) => self.status_set(params).await.map(Reply::StatusSet),
            Request::StatusClear(params) => self.status_clear(params).await.map(Reply::StatusClear),
            Request::StatusLayers(params) => self.status_layers(params).await.map(Reply::StatusLayers),
            Request::Scroll(params) => self.scroll(params).await.map(Reply::Scroll),
            Request::ScrollPreview(params) => scroll::preview(&params).map(Reply::ScrollPreview),
            Request::ScrollOff(params) => self.scroll_off(params).await.map(Reply::ScrollOff),
            Request::TuneShow(_) => self.tune().await.map(Reply::TuneShow),
            Request::TuneSet(params) => self.tune_set(params).await.map(Reply::TuneSet),
            Request::TuneClear(_) => self.tune_clear().await.map(Reply::TuneClear),
            Request::TuneOn(_) => self.tune_switch(true).await.map(Reply::TuneOn),
            Request::TuneHold(params) => self.tune_hold(&params).await.map(Reply::TuneHold),
            Request::TuneResume(_) => self.tune_resume().await.map(Reply::TuneResume),
            Request::TuneSkip(_) => self.tune_skip().await.map(Reply::TuneSkip),
            Request::TuneUse(params) => self.tune_use(params.player).await.map(Reply::TuneUse),
            Request::TuneExplain(params) => self.tune_explain(params.player).await.map(Reply::TuneExplain),
            Request::TuneRender(params) => self.tune_render(&params).await.map(Reply::TuneRender),
            Request::TuneOff(_) => self.tune_switch(false).await.map(Reply::TuneOff),
            Request::TunePlayers(_) => self.tune_players().await.map(Reply::TunePlayers),
            Request::TuneGet(params) => self.tune_get(params).await.map(Reply::TuneGet),
            Request::MoodShow(params) => self.personal_show(Node::Mood, params.account).await.map(Reply::MoodShow),
            Request::MoodSet(params) => self.mood_set(params).await.map(Reply::MoodSet),
            Request::MoodClear(params) => {
                self.personal_tell(Personal::Mood(None), params.account).await.map(Reply::MoodClear)
            }
            Request::ActivityShow(params) => {
                self.personal_show(Node::Activity, params.account).await.map(Reply::ActivityShow)
            }
            Request::ActivitySet(params) => self.activity_set(params).await.map(Reply::ActivitySet),
            Request::ActivityClear(params) => {
                self.personal_tell(Personal::Activity(None), params.account).await.map(Reply::ActivityClear)
            }
            Request::NickShow(params) => self.personal_show(Node::Nick, params.account).await.map(Reply::NickShow),
            Request::NickSet(params) => self.nick_set(params).await.map(Reply::NickSet),
            Request::NickClear(params) => {
                self.personal_tell(Personal::Nick(None), params.account).await.map(Reply::NickClear)
            }
            Request::AvatarShow(params) => {
                self.personal_show(Node::AvatarMetadata, params.account).await.map(Reply::AvatarShow)
            }
            Request::AvatarSet(params) => self.avatar_set(params).await.map(Reply::AvatarSet),
            Request::AvatarClear(params) => self.avatar_clear(params.account).await.map(Reply::AvatarClear),
            Request::Roster(params) => self.roster(params).await.map(Reply::Roster),
            Request::RosterShow(params) => self.roster_show(params).await.map(Reply::RosterShow),
            Request::RosterAdd(params) => self.roster_add(params).await.map(Reply::RosterAdd),
            Request::RosterRemove(params) => self.roster_remove(params).await.map(Reply::RosterRemove),
            Request::RosterRename(params) => self.roster_rename(params).await.map(Reply::RosterRename),
            Request::RosterGroup(params) => self.roster_group(params).await.map(Reply::RosterGroup),
            Request::RosterPending(params) => self.roster_pending(params).await.map(Reply::RosterPending),
            Request::RosterApprove(params) => self.roster_approve(params).await.map(Reply::RosterApprove),
            Request::RosterDeny(params) => self.roster_deny(params).await.map(Reply::RosterDeny),
            Request::RosterSubscribe(params) => self.roster_subscribe(params).await.map(Reply::RosterSubscribe),
            Request::RosterUnsubscribe(params) => self.roster_unsubscribe(params).await.map(Reply::RosterUnsubscribe),
            Request::BlockListing(params) => self.block_list(params).await.map(Reply::BlockListing),
            Request::BlockAdd(params) => self.block_add(params).await.map(Reply::BlockAdd),
            Request::BlockRemove(params) => self.block_remove(params).await.map(Reply::BlockRemove),
            Request::RoomListing(params) => self.room_list(params).await.map(Reply::RoomListing),
            Request::RoomJoin(params) => self.room_join(params).await.map(Reply::RoomJoin),
            Request::RoomLeave(params) => self.room_leave(params).await.map(Reply::RoomLeave),
            Request::RoomMembers(params) => self.room_members(params).await.map(Reply::RoomMembers),
            Request::RoomInvite(params) => self.room_invite(params).await.map(Reply::RoomInvite),
            Request::AccountListing(params) => self.account_list(params.account).await.map(Reply::AccountListing),
            Request::AccountShow(params) => self.account_list(params.account).await.map(Reply::AccountShow),
            Request::AccountConnect(params) => self.account_connect(params).await.map(Reply::AccountConnect),
            Request::AccountDisconnect(params) => self.account_disconnect(params).await.map(Reply::AccountDisconnect),
            Request::Send(params) => self.send(params).await.map(Reply::Send),
            Request::Question(params) => self.ask(params).await.map(Reply::Question),
            Request::History(params) => self.history(params).await.map(Reply::History),
            Request::Unread(params) => self.unread(params).await.map(Reply::Unread),
            Request::UnreadClear(params) => self.unread_clear(params).await.map(Reply::UnreadClear),
            Request::UploadStart(params) => self.upload_start(params).await.map(Reply::UploadStart),
            Request::UploadWrite(params) => self.upload_write(params).await.map(Reply::UploadWrite),
            Request::UploadFinish(params) => self.upload_finish(params).await.map(Reply::UploadFinish),
            Request::UploadCancel(params) => self.upload_cancel(params).await.map(Reply::UploadCancel),
            Request::OutboxListing(params) => self.outbox_list(params).await.map(Reply::OutboxListing),
            Request::OutboxCancel(params) => self.outbox_cancel(params).await.map(Reply::OutboxCancel),
            Request::OutboxRetry(params) => self.outbox_retry(params).await.map(Reply::OutboxRetry),
            Request::Wait(params) => self.wait(params).await.map(Reply::Wait),
            Request::WatchStart(_) | Request::WatchStop(_) | Request::XmlWatch(_) => Err(carried_by_faces()),
            Request::StatusHold(_) | Request::StatusRelease(_) => Err(held_by_faces()),
            Request::Ping(params) => self.ping(params).await.map(Reply::Ping),
            Request::Probe(params) => probe::answer(params).await.map(Reply::Probe),
            Request::Doctor(_) => self.doctor().await.map(Reply::Doctor),
            Request::ConfigCheck(_) => self.config_check().map(Reply::ConfigCheck),
            Request::ConfigReload(_) => self.config_reload().await.map(Reply::ConfigReload),
            Request::ConfigGet(params) => self.config_get(params).await.map(Reply::ConfigGet),
            Request::DaemonHello(params) => daemon::hello(&params).map(Reply::DaemonHello),
            Request::DaemonShow(_) => Ok(Reply::DaemonShow(self.daemon_status())),
            Request::DaemonStop(_) => Ok(Reply::DaemonStop(self.daemon_end(Parting::Goodbye))),
            Request::DaemonRestart(_) => Ok(Reply::DaemonRestart(self.daemon_end(Parting::Suspend))),
            Request::RpcDescribe(_) => Ok(Reply::RpcDescribe(daemon::describe())),
        }
    }
}

/// The failure behind an account's answer that is not the one that was hoped for.
pub(super) fn failed(account: &str, outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Refused(error) => {
            Failure::new(Kind::Refused, format!("refused: {error}")).with_condition(error.condition.name())
        }
        Outcome::TimedOut => Failure::new(Kind::TimedOut, "no answer came in time"),
        Outcome::NotOnline(problem) => not_online(account, problem.as_ref()),
        Outcome::NotKept(reason) => {
            Failure::new(Kind::Unexpected, format!("it cannot be kept, so it was not done: {reason}"))
        }
        Outcome::Withheld => encrypted_only(),
        Outcome::TooLate => Failure::new(Kind::Conflict, "the message is on its way, or may be"),
        Outcome::IdTaken(id) => Failure::new(Kind::Conflict, format!("the id {id} is another message's"))
            .with_hint("only the same text to the same recipient can be asked for again; another one needs another id"),
        Outcome::Unknown => {
            Failure::new(Kind::NotFound, format!("no message of this id waits in the account {account}"))
                .with_hint("`xmppctl outbox list` names those that do")
        }
        Outcome::Exposed(error) => Failure::new(
            Kind::Policy,
            format!("not done: strangers could read it at the server of {account}, and it stays so: {error}"),
        ),
        Outcome::Invisible => Failure::new(Kind::Policy, "you are invisible, and whoever is in a room is seen there")
            .with_hint("run `xmppctl status online` first"),
        Outcome::Unsupported => Failure::new(Kind::Unsupported, format!("the server of {account} cannot do that")),
        Outcome::Outside => {
            Failure::new(Kind::NotFound, "you are not in that room").with_hint("`xmppctl room list` says how it stands")
        }
        Outcome::Delivered(_)
        | Outcome::Occupants(..)
        | Outcome::Sent(_)
        | Outcome::Queued(_)
        | Outcome::Answer(_)
        | Outcome::Done => Failure::new(Kind::Unexpected, "the account gave an answer to another question"),
    }
}

fn not_online(account: &str, problem: Option<&Problem>) -> Failure {
    let Some(problem) = problem else {
        return Failure::new(Kind::NotOnline, format!("the account {account} is not online"))
            .with_hint("see `xmppctl account list`");
    };
    let message = format!("the account {account} is not online: {}", problem.message);
    match problem.kind {
        "authentication" | "needs-secret" => Failure::new(Kind::Authentication, message)
            .with_hint("correct the password, then run `xmppctl account connect`"),
        "offline" => Failure::new(Kind::NotOnline, message).with_hint("run `xmppctl status online`"),
        _ => Failure::new(Kind::NotOnline, message).with_hint("see `xmppctl doctor`"),
    }
}

/// No plain text goes into this chat.
pub(super) fn encrypted_only() -> Failure {
    Failure::new(Kind::Policy, "this chat is for encrypted messages only, and xmppd cannot encrypt yet").with_hint(
        "write from a client that encrypts; or take the chat off messages.encrypted-only in the configuration",
    )
}

fn carried_by_faces() -> Failure {
    Failure::new(Kind::Unsupported, "watching needs the socket").with_hint("use `xmppctl watch`")
}

fn held_by_faces() -> Failure {
    Failure::new(Kind::Unsupported, "holding a status needs the socket")
        .with_hint("use `xmppctl status SHOW TEXT -- COMMAND`")
}
