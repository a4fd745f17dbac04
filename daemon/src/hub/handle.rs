//! What may be asked of the hub.

use std::pin::Pin;
use std::sync::Arc;

use jid::Jid;
use tokio::sync::{mpsc, oneshot};
use xmppd_core::account::{Machine, Outcome, Playing};
use xmppd_core::presence::{Idle, Overlay, Then};
use xmppd_core::time::Wall;
use xmppd_proto::reply::{AccountTune, TuneReport};
use xmppd_proto::{Change, Failure, Kind, State, Topics};

use super::presence::Holding;
use super::scroll::Scroller;
use crate::account::Handle as Account;
use crate::config::Config;
use crate::store::StoreError;

/// A look at the picture and the configuration in force.
type Look = Box<dyn FnOnce(&State, &Config) + Send>;

/// A message to the hub; each carries the way back.
pub(super) enum Message {
    Read(Look),
    SetStatus(Status, oneshot::Sender<Result<Vec<Asked>, Failure>>),
    ClearStatus(Option<String>, Option<Cleared>, oneshot::Sender<Result<Vec<Asked>, Failure>>),
    Hold(Hold, oneshot::Sender<Result<u64, Failure>>),
    Scroll(Option<String>, Scroller, oneshot::Sender<Result<Vec<Asked>, Failure>>),
    Release(u64, oneshot::Sender<()>),
    Accounts(Option<String>, oneshot::Sender<Result<Vec<(String, Account)>, Failure>>),
    Subscribe(Topics, oneshot::Sender<mpsc::Receiver<Arc<Change>>>),
    Tune(TuneReport, Option<Playing>),
    Idle(Option<Idle>),
    Published(oneshot::Sender<Vec<AccountTune>>),
    Reload(Box<Config>, oneshot::Sender<Vec<String>>),
    Watched(bool),
    Machine(Machine, oneshot::Sender<()>),
    Leave(Parting, oneshot::Sender<()>),
}

/// How accounts part from their servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parting {
    /// For good: contacts see them go.
    Goodbye,
    /// To be back at once as another process: contacts see nothing.
    Suspend,
}

/// A wish for the base layer of presence, or with an end, for the timed one.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    /// The account's name; all accounts without one.
    pub(crate) account: Option<String>,
    /// What is wished; the base's priority is unchanged without one.
    pub(crate) overlay: Overlay,
    /// When it ends.
    pub(crate) end: Option<End>,
    /// The one contact who is told it.
    pub(crate) to: Option<Jid>,
    /// The accounts that it is not for after all.
    pub(crate) except: Vec<String>,
}

/// The end of a wish.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// When it comes.
    pub(crate) until: Wall,
    /// What becomes the base then.
    pub(crate) then: Option<Then>,
}

/// A wish that lasts as long as a command.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    /// The account's name; all accounts without one.
    pub(crate) account: Option<String>,
    /// What is wished.
    pub(crate) overlay: Overlay,
    /// When it ends at the latest.
    pub(crate) until: Option<Wall>,
    /// The command's name.
    pub(crate) by: Option<String>,
}

/// What is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cleared {
    /// Everything above the base.
    AboveBase,
    /// The timed layer.
    Timed,
    /// What commands hold.
    Command,
    /// The text that scrolls.
    Scroll,
    /// The base: back to what the configuration starts with.
    Base,
    /// What a single contact is told.
    Directed(Jid),
}

/// A wish that is on its way.
pub(crate) struct Asked {
    /// The account's name.
    pub(crate) account: String,
    stored: Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>,
    outcome: Option<oneshot::Receiver<Outcome>>,
}

impl Asked {
    pub(super) fn new(
        account: String,
        stored: impl Future<Output = Result<(), StoreError>> + Send + 'static,
        outcome: Option<oneshot::Receiver<Outcome>>,
    ) -> Self {
        Self { account, stored: Box::pin(stored), outcome }
    }

    /// Waits until the wish is durable.
    ///
    /// # Errors
    /// It is in force, but a restart would forget it.
    pub(crate) async fn stored(&mut self) -> Result<(), StoreError> {
        self.stored.as_mut().await
    }

    /// Waits until the server has it, or the account says that it must wait.
    pub(crate) async fn outcome(self) -> Outcome {
        match self.outcome {
            Some(answer) => super::outcome(answer).await,
            None => Outcome::NotOnline(None),
        }
    }
}

/// The way to the hub.
#[derive(Clone)]
pub(crate) struct Handle {
    messages: mpsc::Sender<Message>,
}

impl Handle {
    pub(super) fn new(messages: mpsc::Sender<Message>) -> Self {
        Self { messages }
    }

    /// Looks at the picture and the configuration in force.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&State, &Config) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        self.ask(|reply| Message::Read(Box::new(move |state, config| drop(reply.send(read(state, config)))))).await
    }

    /// Puts a wish for the base layer or the timed one in force.
    pub(crate) async fn set_status(&self, status: Status) -> Result<Vec<Asked>, Failure> {
        self.ask(|reply| Message::SetStatus(status, reply)).await?
    }

    /// Takes back what was asked for, of one account or all; of all layers or one.
    pub(crate) async fn clear_status(
        &self,
        account: Option<String>,
        what: Option<Cleared>,
    ) -> Result<Vec<Asked>, Failure> {
        self.ask(|reply| Message::ClearStatus(account, what, reply)).await?
    }

    /// Holds a layer as long as the value lives that this gives.
    pub(crate) async fn hold(&self, hold: Hold) -> Result<Holding, Failure> {
        let number = self.ask(|reply| Message::Hold(hold, reply)).await??;
        Ok(Holding::new(number, self.messages.clone()))
    }

    /// Lets a text scroll, on one account or all.
    pub(crate) async fn scroll(&self, account: Option<String>, scroller: Scroller) -> Result<Vec<Asked>, Failure> {
        self.ask(|reply| Message::Scroll(account, scroller, reply)).await?
    }

    /// The running accounts that a name stands for; all of them for `all` and for none.
    pub(crate) async fn accounts(&self, name: Option<String>) -> Result<Vec<(String, Account)>, Failure> {
        self.ask(|reply| Message::Accounts(name, reply)).await?
    }

    /// A snapshot of these topics, then every change of them.
    ///
    /// The queue ends when its reader lags too far behind, and when the daemon ends.
    pub(crate) async fn subscribe(&self, topics: Topics) -> Result<mpsc::Receiver<Arc<Change>>, Failure> {
        self.ask(|reply| Message::Subscribe(topics, reply)).await
    }

    /// Tells what plays; fails only when the daemon ends.
    pub(crate) async fn tune(&self, report: TuneReport, playing: Option<Playing>) -> Result<(), Failure> {
        self.messages.send(Message::Tune(report, playing)).await.map_err(|_| ending())
    }

    /// Tells whether the person is away from the machine; fails only when the daemon ends.
    pub(crate) async fn idle(&self, idle: Option<Idle>) -> Result<(), Failure> {
        self.messages.send(Message::Idle(idle)).await.map_err(|_| ending())
    }

    /// How the tune goes out through each account.
    pub(crate) async fn published(&self) -> Result<Vec<AccountTune>, Failure> {
        self.ask(Message::Published).await
    }

    /// Tells whether anybody looks at contacts; fails only when the daemon ends.
    pub(crate) async fn watched(&self, watched: bool) -> Result<(), Failure> {
        self.messages.send(Message::Watched(watched)).await.map_err(|_| ending())
    }

    /// Puts another configuration in force and tells the names of the accounts that it changed.
    pub(crate) async fn reload(&self, config: Config) -> Result<Vec<String>, Failure> {
        self.ask(|reply| Message::Reload(Box::new(config), reply)).await
    }

    /// Tells every account what befalls the machine, and waits until each has said what it has to say about it.
    pub(crate) async fn machine(&self, machine: Machine) {
        // An error means that there is nobody left to mind.
        let _ = self.ask(|reply| Message::Machine(machine, reply)).await;
    }

    /// Has every account part from its server and waits until their connections are closed.
    pub(crate) async fn leave(&self, parting: Parting) {
        // An error means that there is nobody left who could.
        let _ = self.ask(|reply| Message::Leave(parting, reply)).await;
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        self.messages.send(message(reply)).await.map_err(|_| ending())?;
        answer.await.map_err(|_| ending())
    }
}

fn ending() -> Failure {
    Failure::new(Kind::NoDaemon, "the daemon is ending")
}
