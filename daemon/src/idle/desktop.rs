//! The desktop's word on the session bus: Mutter's idle monitor, which measures, and screen savers that are active. Whoever
//! comes and goes is noticed; nobody is started.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_stream::StreamExt;
use xmppd_core::idle::{Sign, Source};
use zbus::message::{Message, Type};
use zbus::{Connection, MessageStream};

use super::{Ended, PATIENCE, Part, Tell};
use crate::bus::{self, Bus};

const MUTTER: &str = "org.gnome.Mutter.IdleMonitor";
const MUTTER_PATH: &str = "/org/gnome/Mutter/IdleMonitor/Core";
/// Names, which are those of the interfaces as well, and where the object is.
const SAVERS: [(&str, &str); 4] = [
    ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
    ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
    ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
    ("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
];

/// Who is there, by unique names, and what each said last.
struct Desktop<'a> {
    connection: Connection,
    first: Duration,
    tell: &'a Tell,
    mutter: Option<Mutter>,
    /// By the name of the interface.
    savers: BTreeMap<&'static str, Saver>,
}

/// Mutter's watches.
struct Mutter {
    owner: String,
    idle: u32,
    active: Option<u32>,
}

struct Saver {
    owner: String,
    /// For how long it has been active when it said so.
    active: Option<Duration>,
}

/// Listens until the bus is gone; `first` is the shortest absence that counts.
pub(super) async fn listen(bus: &Bus, first: Duration, tell: &Tell) -> Ended {
    let (connection, mut messages) = match open(bus).await {
        Ok(opened) => opened,
        Err(error) => return Ended::never_began(format!("the session bus cannot be used: {error}")),
    };
    let mut desktop = Desktop { connection, first, tell, mutter: None, savers: BTreeMap::new() };
    for name in names() {
        let owner = match bus::ask(&desktop.connection, "GetNameOwner", &name).await {
            Ok(reply) => reply.body().deserialize::<String>().ok(),
            Err(_) => None,
        };
        desktop.owned(name, owner).await;
    }
    desktop.say_who_is_there().await;
    loop {
        match messages.next().await {
            Some(Ok(message)) => desktop.hear(&message).await,
            Some(Err(error)) => return Ended::after_all(error),
            None => return Ended::after_all("the session bus closed the connection"),
        }
    }
}

async fn open(bus: &Bus) -> zbus::Result<(Connection, MessageStream)> {
    let connection = bus.listen(PATIENCE).await?;
    let messages = MessageStream::from(&connection);
    for name in names() {
        let came = format!("type='signal',sender='{0}',member='NameOwnerChanged',arg0='{name}'", bus::NAME);
        let says = format!("type='signal',sender='{name}',interface='{name}'");
        bus::ask(&connection, "AddMatch", &came).await?;
        bus::ask(&connection, "AddMatch", &says).await?;
    }
    Ok((connection, messages))
}

fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once(MUTTER).chain(SAVERS.iter().map(|(name, _)| *name))
}

impl Desktop<'_> {
    /// A name has this owner now.
    async fn owned(&mut self, name: &'static str, owner: Option<String>) {
        if name == MUTTER {
            self.mutter = match owner {
                Some(owner) => self.watch_mutter(owner).await.ok(),
                None => None,
            };
            if self.mutter.is_none() {
                self.tell.says(Source::Mutter, None).await;
            }
            return;
        }
        self.savers.remove(name);
        if let (Some(owner), Some((name, path))) = (owner, SAVERS.iter().find(|(known, _)| *known == name)) {
            // Some have the name for other purposes, and do not know the question.
            if let Ok(active) = self.active(&owner, name, path).await {
                self.savers.insert(name, Saver { owner, active });
            }
        }
        self.say_savers().await;
    }

    async fn watch_mutter(&self, owner: String) -> zbus::Result<Mutter> {
        let so_far: u64 = self.call(&owner, MUTTER_PATH, MUTTER, "GetIdletime", &()).await?.body().deserialize()?;
        let so_far = Duration::from_millis(so_far);
        let first = u64::try_from(self.first.as_millis()).unwrap_or(u64::MAX);
        let idle: u32 = self.call(&owner, MUTTER_PATH, MUTTER, "AddIdleWatch", &first).await?.body().deserialize()?;
        let is_absent = so_far >= self.first;
        let active = if is_absent { Some(self.watch_activity(&owner).await?) } else { None };
        let sign = if is_absent { Sign::Absent(so_far) } else { Sign::Present };
        self.tell.says(Source::Mutter, Some(sign)).await;
        Ok(Mutter { owner, idle, active })
    }

    /// Mutter forgets this watch when it has fired.
    async fn watch_activity(&self, owner: &str) -> zbus::Result<u32> {
        self.call(owner, MUTTER_PATH, MUTTER, "AddUserActiveWatch", &()).await?.body().deserialize()
    }

    /// For how long a screen saver has been active; nothing when it is not.
    async fn active(&self, owner: &str, name: &'static str, path: &'static str) -> zbus::Result<Option<Duration>> {
        let is_active: bool = self.call(owner, path, name, "GetActive", &()).await?.body().deserialize()?;
        if !is_active {
            return Ok(None);
        }
        let seconds = match self.call(owner, path, name, "GetActiveTime", &()).await {
            Ok(reply) => reply.body().deserialize::<u32>().unwrap_or(0),
            Err(_) => 0,
        };
        Ok(Some(Duration::from_secs(seconds.into())))
    }

    async fn call<B>(
        &self,
        owner: &str,
        path: &'static str,
        interface: &'static str,
        method: &'static str,
        body: &B,
    ) -> zbus::Result<Message>
    where
        B: serde::Serialize + zbus::DynamicType + Sync,
    {
        self.connection.call_method(Some(owner), path, Some(interface), method, body).await
    }

    /// Takes what a service says, if it is the one that it should be.
    async fn hear(&mut self, message: &Message) {
        if message.message_type() != Type::Signal {
            return;
        }
        let header = message.header();
        let (Some(sender), Some(member)) = (header.sender(), header.member()) else { return };
        let (sender, body) = (sender.as_str(), message.body());
        match member.as_str() {
            "NameOwnerChanged" if sender == bus::NAME => {
                let Ok((name, _, owner)) = body.deserialize::<(&str, &str, &str)>() else { return };
                if let Some(name) = names().find(|known| *known == name) {
                    self.owned(name, (!owner.is_empty()).then(|| owner.to_owned())).await;
                    self.say_who_is_there().await;
                }
            }
            "WatchFired" => {
                if let Ok(watch) = body.deserialize::<u32>() {
                    self.watch_fired(sender, watch).await;
                }
            }
            "ActiveChanged" => {
                let (interface, Ok(active)) = (header.interface(), body.deserialize::<bool>()) else { return };
                let saver = interface.and_then(|name| self.savers.get_mut(name.as_str()));
                if let Some(saver) = saver.filter(|saver| saver.owner == sender) {
                    saver.active = active.then_some(Duration::ZERO);
                    self.say_savers().await;
                }
            }
            _ => {}
        }
    }

    async fn watch_fired(&mut self, sender: &str, watch: u32) {
        let Some(mutter) = self.mutter.as_ref().filter(|mutter| mutter.owner == sender) else { return };
        if watch == mutter.idle {
            let active = self.watch_activity(sender).await.ok();
            self.tell.says(Source::Mutter, Some(Sign::Absent(self.first))).await;
            if let Some(mutter) = &mut self.mutter {
                mutter.active = active;
            }
        } else if mutter.active == Some(watch) {
            self.tell.says(Source::Mutter, Some(Sign::Present)).await;
        }
    }

    async fn say_savers(&self) {
        let longest = self.savers.values().filter_map(|saver| saver.active).max();
        let sign = longest.map_or(Sign::Present, Sign::Absent);
        self.tell.says(Source::ScreenSaver, (!self.savers.is_empty()).then_some(sign)).await;
    }

    async fn say_who_is_there(&self) {
        let nobody = self.mutter.is_none() && self.savers.is_empty();
        let reason = nobody.then(|| "neither Mutter nor a screen saver is on the session bus".to_owned());
        self.tell.missing(Part::Desktop, reason).await;
    }
}
