//! Desktop notifications of messages that come, over a connection of their own and off every other part's path: who
//! shows them may hang, die or shout, and nothing else minds. What is told, in which words and how often, is decided
//! in the core ([`xmppd_core::notices`]); which program shows it, in [`service`].
//!
//! Nothing is opened before the first message, and nothing at all while the person wants none.

mod service;

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use xmppd_core::notices::{Came, Contact, Notices, Wishes};
use xmppd_core::players::Pattern;
use xmppd_proto::reply::{Direction, Message, MessageType};
use xmppd_proto::{Change, Failure, Show, State, Topic, Topics};

use crate::bus::Bus;
use crate::config::Messages;
use crate::host::{self, Alarm};
use crate::hub;
use service::Service;

/// How it stands with the desktop, for `doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is wanted.
    Off,
    /// There was nothing to show yet.
    Untried,
    /// The last message was shown.
    Shown,
    /// It was not.
    Failed {
        /// Why, in words for a person.
        reason: String,
    },
}

/// The way to the task that shows messages.
pub(crate) struct Notifications {
    /// What the person wants to be told.
    pub(crate) wishes: watch::Sender<Wishes>,
    /// How it stands.
    pub(crate) standing: watch::Receiver<Standing>,
}

/// What a configuration wishes.
pub(crate) fn wishes(messages: &Messages) -> Wishes {
    // What is no pattern was refused when the configuration was read.
    let deny = messages.notify_deny.iter().filter_map(|text| Pattern::url(text).ok()).collect();
    Wishes { on: messages.notify, body: messages.notify_body, deny }
}

/// Notifies until the daemon ends or nobody can change the wishes any more.
pub(crate) async fn serve(
    bus: Bus,
    hub: hub::Handle,
    mut wishes: watch::Receiver<Wishes>,
    standing: watch::Sender<Standing>,
) {
    loop {
        if !wishes.borrow_and_update().on {
            standing.send_replace(Standing::Off);
        }
        if wishes.wait_for(|wishes| wishes.on).await.is_err() {
            return;
        }
        standing.send_replace(Standing::Untried);
        let desk = Desk { hub: hub.clone(), notices: Notices::default(), alarm: Alarm::default() };
        let latest = wishes.clone();
        tokio::select! {
            ended = desk.run(Service::new(bus.clone()), &latest, &standing) => match ended {
                Ok(never) => match never {},
                Err(_ending) => return,
            },
            off = wishes.wait_for(|wishes| !wishes.on) => if off.is_err() {
                return;
            },
        }
    }
}

struct Desk {
    hub: hub::Handle,
    notices: Notices,
    alarm: Alarm,
}

/// A notice on its way to the desktop; gives the service back.
type Showing = Pin<Box<dyn Future<Output = (Service, Result<(), String>)> + Send>>;

enum Wake {
    Change(Option<Arc<Change>>),
    Shown(Service, Result<(), String>),
    Due,
}

impl Desk {
    async fn run(
        mut self,
        service: Service,
        wishes: &watch::Receiver<Wishes>,
        standing: &watch::Sender<Standing>,
    ) -> Result<std::convert::Infallible, Failure> {
        let (mut idle, mut showing) = (Some(service), None::<Showing>);
        let mut changes = self.subscribe().await?;
        loop {
            if idle.is_some()
                && let Some(notice) = self.notices.next(host::now().moment)
                && let Some(mut service) = idle.take()
            {
                showing = Some(Box::pin(async move {
                    let shown = service.show(&notice).await;
                    (service, shown)
                }));
            }
            let due = self.notices.deadline().filter(|_| idle.is_some());
            let wake = tokio::select! {
                change = changes.recv() => Wake::Change(change),
                (service, shown) = finished(showing.as_mut()) => Wake::Shown(service, shown),
                () = self.alarm.until(due) => Wake::Due,
            };
            match wake {
                Wake::Change(Some(change)) => self.heard(&change, wishes).await?,
                // Who lags is cut off; what was missed will not be shown.
                Wake::Change(None) => changes = self.subscribe().await?,
                Wake::Shown(service, shown) => {
                    (idle, showing) = (Some(service), None);
                    standing.send_replace(self.standing(shown));
                }
                Wake::Due => {}
            }
        }
    }

    async fn subscribe(&self) -> Result<mpsc::Receiver<Arc<Change>>, Failure> {
        self.hub.subscribe(Topics::of(&[Topic::Message])).await
    }

    async fn heard(&mut self, change: &Change, wishes: &watch::Receiver<Wishes>) -> Result<(), Failure> {
        let Change::Message(message) = change else { return Ok(()) };
        let Some(contact) = sender(message) else { return Ok(()) };
        let asked = contact.clone();
        let (name, busy) = self.hub.read(move |state, _| (name(state, &asked), is_busy(state, &asked.account))).await?;
        let text = text(message);
        self.notices.heard(Came { contact, name, text, busy }, &wishes.borrow());
        Ok(())
    }

    /// Where nobody shows anything, what waits would not be shown either.
    fn standing(&mut self, shown: Result<(), String>) -> Standing {
        match shown {
            Ok(()) => Standing::Shown,
            Err(reason) => {
                tracing::debug!(reason, "the desktop was not notified");
                self.notices.clear();
                Standing::Failed { reason }
            }
        }
    }
}

/// Who sent a message that is for the person to read: not they themselves from another client, and no room.
fn sender(message: &Message) -> Option<Contact> {
    let is_text = match message.message_type {
        MessageType::Chat | MessageType::Normal | MessageType::Headline => true,
        MessageType::Groupchat | MessageType::Error => false,
    };
    let jid = message.from.split('/').next().unwrap_or_default();
    let own = message.to.split('/').next().unwrap_or_default();
    let came = message.direction == Direction::In && jid != own;
    (is_text && came).then(|| Contact { account: message.account.clone(), jid: jid.to_owned() })
}

fn text(message: &Message) -> Option<String> {
    let encrypted = message.encrypted.as_ref().map(|method| format!("Encrypted with {method}, cannot be read here"));
    let parts = [message.subject.clone(), message.body.clone().or(encrypted)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

fn name(state: &State, contact: &Contact) -> Option<String> {
    state.contact(&contact.account, &contact.jid)?.name.clone()
}

fn is_busy(state: &State, account: &str) -> bool {
    let found = state.status.accounts.iter().find(|status| status.account == account);
    found.is_some_and(|status| status.effective.show == Show::Dnd)
}

async fn finished(showing: Option<&mut Showing>) -> (Service, Result<(), String>) {
    match showing {
        Some(showing) => showing.await,
        None => std::future::pending().await,
    }
}
