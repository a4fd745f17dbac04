//! One connection's worth of serving: the objects, the name, and the signals that follow the daemon's events.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use tokio::sync::watch;
use tokio_stream::StreamExt;
use xmppd_proto::{
    Change, PresenceChange, State, Topic,
    reply::{Direction, Message as Received},
};
use zbus::{
    Connection, MatchRule, MessageStream, ObjectPath,
    fdo::{ObjectManager, Properties as PropertiesInterface},
    message::{Message, Type},
    names::InterfaceName,
    object_server::SignalEmitter,
};

use super::{
    NAME, PATH,
    account::{self, Account},
    caller::Owner,
    daemon::{self, Daemon},
    view::{Properties, View, differences},
};
use crate::{
    api::Api,
    bus::{self, BusState},
};

/// What the face follows.
const TOPICS: [Topic; 5] = [Topic::Status, Topic::Tune, Topic::Account, Topic::Message, Topic::Presence];

/// Why serving ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The daemon is ending.
    Unwanted,
    /// The bus went away or does not answer.
    Lost(String),
}

/// The serving of one connection.
pub(super) struct Session {
    connection: Connection,
    api: Api,
    owner: Owner,
    state: State,
    view: watch::Sender<View>,
}

enum Wake {
    Change(Option<Arc<Change>>),
    Name(Option<zbus::Result<Message>>),
}

impl Session {
    /// A session over `connection` for the user `uid`; nothing is served yet.
    pub(super) fn new(connection: Connection, api: Api, uid: u32) -> Self {
        let view = watch::Sender::new(View::default());
        Self { connection, api, owner: Owner { uid }, state: State::default(), view }
    }

    /// Serves until the connection or the daemon ends, and tells through `reached` whether the name is ours.
    pub(super) async fn run(mut self, mut reached: impl FnMut(BusState)) -> Ended {
        match self.serve(&mut reached).await {
            Ok(ended) => ended,
            Err(error) => Ended::Lost(error.to_string()),
        }
    }

    async fn serve(&mut self, reached: &mut impl FnMut(BusState)) -> zbus::Result<Ended> {
        let mut events = self.api.subscribe(TOPICS.into_iter().collect());
        let daemon = Daemon::new(self.api.clone(), self.view.subscribe(), self.owner);
        self.connection.object_server().at(PATH, ObjectManager).await?;
        // The first picture comes before the name, so that nobody is shown an empty one.
        match events.next().await {
            Some(change) => self.follow(change).await?,
            None => return Ok(Ended::Unwanted),
        }
        self.connection.object_server().at(PATH, daemon).await?;
        let mut names = watch_name(&self.connection).await?;
        reached(self.request_name().await?);
        loop {
            let wake = tokio::select! {
                change = events.next() => Wake::Change(change),
                message = names.next() => Wake::Name(message),
            };
            match wake {
                Wake::Change(Some(change)) => self.follow(change).await?,
                Wake::Change(None) => {
                    let _ = self.connection.clone().close().await;
                    return Ok(Ended::Unwanted);
                }
                Wake::Name(Some(message)) => {
                    if let Some(owner) = new_owner(&message?) {
                        reached(self.standing(&owner));
                    }
                }
                Wake::Name(None) => return Ok(Ended::Lost("the bus closed the connection".to_owned())),
            }
        }
    }

    /// Shows what changed.
    async fn follow(&mut self, change: Arc<Change>) -> zbus::Result<()> {
        let emitter = SignalEmitter::new(&self.connection, PATH)?;
        match &*change {
            Change::Message(message) => tell_message(&emitter, message).await,
            Change::Presence(presence) => tell_presence(&emitter, presence).await,
            Change::Snapshot(_)
            | Change::Status(_)
            | Change::Tune(_)
            | Change::Personal(_)
            | Change::Account(_)
            | Change::Outbox(_)
            | Change::Unread(_)
            | Change::Receipt(_)
            | Change::Reaction(_)
            | Change::Retraction(_)
            | Change::ChatState(_) => {
                self.state.apply(Arc::unwrap_or_clone(change));
                // Contacts are told one by one as they change; ten thousand of them need not be kept for that.
                self.state.roster = Default::default();
                self.show().await
            }
            Change::Gap | Change::Roster(_) | Change::Room(_) => Ok(()),
        }
    }

    /// Brings objects and properties up to the state.
    async fn show(&mut self) -> zbus::Result<()> {
        let after = View::of(&self.state);
        let before = self.view.send_replace(after.clone());
        let server = self.connection.object_server();
        for name in before.accounts.keys().filter(|name| !after.accounts.contains_key(*name)) {
            server.remove::<Account, _>(account::path(name)).await?;
        }
        for (name, shown) in &after.accounts {
            let path = account::path(name);
            match before.accounts.get(name) {
                Some(known) => {
                    let changed = differences(known.properties(), shown.properties());
                    self.tell(path, account::INTERFACE, changed).await?;
                }
                None => drop(server.at(path, Account::new(name, self.view.subscribe(), self.owner)).await?),
            }
        }
        let changed = differences(before.properties(), after.properties());
        self.tell(ObjectPath::from_static_str_unchecked(PATH), daemon::INTERFACE, changed).await
    }

    async fn tell(&self, path: ObjectPath<'_>, interface: &str, changed: Properties) -> zbus::Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        let emitter = SignalEmitter::new(&self.connection, path)?;
        let changed: HashMap<_, _> = changed.into_iter().collect();
        let interface = InterfaceName::try_from(interface)?;
        PropertiesInterface::properties_changed(&emitter, interface, changed, Cow::Borrowed(&[])).await
    }

    /// Asks for the name, and waits in the queue behind another owner.
    async fn request_name(&self) -> zbus::Result<BusState> {
        bus::ask(&self.connection, "RequestName", &(NAME, 0_u32)).await?;
        let owner: String = bus::ask(&self.connection, "GetNameOwner", &NAME).await?.body().deserialize()?;
        Ok(self.standing(&owner))
    }

    fn standing(&self, owner: &str) -> BusState {
        if self.connection.unique_name().is_some_and(|own| own.as_str() == owner) {
            BusState::Present
        } else {
            BusState::Missing { reason: format!("the name {NAME} is taken by another program ({owner})") }
        }
    }
}

async fn tell_message(emitter: &SignalEmitter<'_>, message: &Received) -> zbus::Result<()> {
    let body = match (&message.body, &message.encrypted) {
        (Some(body), _) => Cow::Borrowed(body.as_str()),
        (None, Some(method)) => Cow::Owned(format!("(encrypted with {method}, cannot be read here)")),
        (None, None) => return Ok(()),
    };
    match message.direction {
        Direction::In => Daemon::message_received(emitter, &message.account, &message.from, &body, &message.id).await,
        Direction::Out => Ok(()),
    }
}

async fn tell_presence(emitter: &SignalEmitter<'_>, presence: &PresenceChange) -> zbus::Result<()> {
    let jid = match (&presence.jid, &presence.resource) {
        (Some(jid), Some(resource)) => format!("{jid}/{resource}"),
        (Some(jid), None) => jid.clone(),
        (None, _) => String::new(),
    };
    let status = presence.status.as_deref().unwrap_or_default();
    Daemon::presence_changed(emitter, &presence.account, &jid, presence.show.as_str(), status).await
}

async fn watch_name(connection: &Connection) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(bus::NAME)
        .interface(bus::NAME)
        .member("NameOwnerChanged")
        .arg(0, NAME)
        .build()?;
    MessageStream::for_match_rule(rule, connection, None).await
}

/// Who has our name now; nothing when nobody has, or when anybody but the bus says so.
fn new_owner(message: &Message) -> Option<String> {
    if message.header().sender()?.as_str() != bus::NAME {
        return None;
    }
    let body = message.body();
    let (_, _, owner): (&str, &str, &str) = body.deserialize().ok()?;
    (!owner.is_empty()).then(|| owner.to_owned())
}
