//! logind (org.freedesktop.login1) and NetworkManager on the system bus: whether they are there, what they tell, and the
//! lock that has logind wait for us before the machine sleeps.

use std::collections::HashMap;
use std::time::Duration;

use tokio_stream::StreamExt;
use zbus::message::{Message, Type};
use zbus::{Connection, MessageStream, OwnedFd, Variant};

use crate::bus::{self, Bus};

const LOGIND: &str = "org.freedesktop.login1";
const LOGIND_PATH: &str = "/org/freedesktop/login1";
const LOGIND_MANAGER: &str = "org.freedesktop.login1.Manager";
const NETWORK_MANAGER: &str = "org.freedesktop.NetworkManager";
const NETWORK_MANAGER_PATH: &str = "/org/freedesktop/NetworkManager";
/// Those of NetworkManager's properties that a way to the world depends on.
const TELLING: [&str; 3] = ["State", "Connectivity", "PrimaryConnection"];
/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The machine is about to sleep.
    Sleeps,
    /// It woke up.
    Woke,
    /// NetworkManager sees another network.
    NetworkChanged,
    /// A service came or went.
    SomebodyElse,
}

/// A connection to the system bus with both services watched.
pub(super) struct Services {
    connection: Connection,
    messages: MessageStream,
    /// The unique names that own the services' names now.
    logind: Option<String>,
    network_manager: Option<String>,
    /// As long as it is held, logind waits for us, for five seconds at most.
    delay: Option<OwnedFd>,
}

impl Services {
    /// Connects and looks who is there; it starts nobody.
    ///
    /// # Errors
    /// There is no such bus, or it does not do as asked.
    pub(super) async fn find(bus: &Bus) -> zbus::Result<Self> {
        let connection = bus.connect(PATIENCE).await?;
        let messages = MessageStream::from(&connection);
        for rule in rules() {
            bus::ask(&connection, "AddMatch", &rule).await?;
        }
        let logind = owner(&connection, LOGIND).await?;
        let network_manager = owner(&connection, NETWORK_MANAGER).await?;
        let mut services = Self { connection, messages, logind, network_manager, delay: None };
        services.delay_sleep().await;
        Ok(services)
    }

    /// Why logind does not tell us of sleep, if it does not.
    pub(super) fn missing_logind(&self) -> Option<String> {
        self.logind.is_none().then(|| "logind is not on the system bus".to_owned())
    }

    /// Why NetworkManager does not tell us of networks, if it does not.
    pub(super) fn missing_network_manager(&self) -> Option<String> {
        self.network_manager.is_none().then(|| "NetworkManager is not on the system bus".to_owned())
    }

    /// Waits for news. May be dropped at any point.
    ///
    /// # Errors
    /// The bus is gone.
    pub(super) async fn next(&mut self) -> Result<Heard, String> {
        loop {
            let message = match self.messages.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("the bus closed the connection".to_owned()),
            };
            if let Some(heard) = self.hear(&message) {
                return Ok(heard);
            }
        }
    }

    /// Has logind wait for us before the machine sleeps next; without that, last words may come too late.
    pub(super) async fn delay_sleep(&mut self) {
        if self.logind.is_none() {
            self.delay = None;
        } else if self.delay.is_none() {
            let words = ("sleep", "xmppd", "the server is told what has arrived", "delay");
            let taken = self
                .connection
                .call_method(Some(LOGIND), LOGIND_PATH, Some(LOGIND_MANAGER), "Inhibit", &words)
                .await
                .and_then(|reply| reply.body().deserialize());
            match taken {
                Ok(lock) => self.delay = Some(lock),
                Err(error) => tracing::debug!(%error, "logind does not wait for us before sleep"),
            }
        }
    }

    /// Nothing more is to be said.
    pub(super) fn let_sleep(&mut self) {
        self.delay = None;
    }

    /// What a message means, if it comes from whom it should.
    fn hear(&mut self, message: &Message) -> Option<Heard> {
        if message.message_type() != Type::Signal {
            return None;
        }
        let header = message.header();
        let (sender, member) = (header.sender()?.as_str(), header.member()?.as_str());
        let is = |service: &Option<String>| service.as_deref() == Some(sender);
        let body = message.body();
        if sender == bus::NAME && member == "NameOwnerChanged" {
            let (name, _, owner): (&str, &str, &str) = body.deserialize().ok()?;
            let owner = (!owner.is_empty()).then(|| owner.to_owned());
            match name {
                LOGIND => {
                    self.logind = owner;
                    // A lock is the old one's.
                    self.delay = None;
                }
                NETWORK_MANAGER => self.network_manager = owner,
                _ => return None,
            }
            return Some(Heard::SomebodyElse);
        }
        if is(&self.logind) && member == "PrepareForSleep" {
            let sleeps: bool = body.deserialize().ok()?;
            return Some(if sleeps { Heard::Sleeps } else { Heard::Woke });
        }
        if is(&self.network_manager) && header.path()?.as_str() == NETWORK_MANAGER_PATH {
            return tells_of_a_network(member, message).then_some(Heard::NetworkChanged);
        }
        None
    }
}

fn tells_of_a_network(member: &str, message: &Message) -> bool {
    if member == "StateChanged" {
        return true;
    }
    let body = message.body();
    let changed: zbus::Result<(&str, HashMap<&str, Variant<'_>>, Vec<&str>)> = body.deserialize();
    member == "PropertiesChanged"
        && changed.is_ok_and(|(_, changed, invalidated)| {
            TELLING.iter().any(|name| changed.contains_key(name) || invalidated.contains(name))
        })
}

fn rules() -> [String; 4] {
    let owner = |name: &str| format!("type='signal',sender='{0}',member='NameOwnerChanged',arg0='{name}'", bus::NAME);
    [
        owner(LOGIND),
        owner(NETWORK_MANAGER),
        format!("type='signal',sender='{LOGIND}',interface='{LOGIND_MANAGER}',member='PrepareForSleep'"),
        format!("type='signal',sender='{NETWORK_MANAGER}',path='{NETWORK_MANAGER_PATH}'"),
    ]
}

/// The unique name behind a service's name; nothing when nobody has it.
async fn owner(connection: &Connection, name: &str) -> zbus::Result<Option<String>> {
    match bus::ask(connection, "GetNameOwner", &name).await {
        Ok(reply) => Ok(Some(reply.body().deserialize()?)),
        Err(error) if bus::says_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
