//! Players that do what a test says, and the test's view of what the watcher tells.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_stream::StreamExt;
use xmppd_core::{
    players::{Observation, Playback},
    tune::Metadata,
};
use zbus::{
    Connection, MessageStream, Variant,
    message::{Message, Type},
};

use crate::{
    bus::{
        Bus, BusState,
        private::{DEADLINE, PrivateBus},
    },
    players::dialogue::{PLAYER_INTERFACE, PLAYER_PATH, PROPERTIES_INTERFACE},
};

pub(super) type Properties = HashMap<&'static str, Variant<'static>>;

/// How a player treats a question.
pub(super) enum Manner {
    /// It answers with these properties.
    Answers(Box<dyn Fn() -> Properties + Send + Sync>),
    /// It never answers.
    Silent,
    /// It is gone in the middle of the first question.
    Dies,
}

/// What a well-behaved player tells.
pub(super) fn playing(title: &'static str) -> Properties {
    HashMap::from([("PlaybackStatus", Variant::from("Playing")), ("Metadata", titled(title))])
}

/// Metadata with a title alone.
pub(super) fn titled(title: impl Into<String>) -> Variant<'static> {
    Variant::from(HashMap::from([("xesam:title".to_owned(), Variant::from(title.into()))]))
}

/// A player made by a test; gone when dropped.
pub(super) struct Scripted {
    pub(super) connection: Connection,
    questions: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Scripted {
    /// A player that holds `org.mpris.MediaPlayer2.<name>`.
    pub(super) async fn start(bus: &PrivateBus, name: &str, manner: Manner) -> Self {
        let connection = bus.connect().await;
        let questions = Arc::new(AtomicUsize::new(0));
        let incoming = MessageStream::from(&connection);
        let task = tokio::spawn(attend(incoming, connection.clone(), manner, questions.clone()));
        let player = Self { connection, questions, task };
        player.take_name(name).await;
        player
    }

    pub(super) async fn take_name(&self, name: &str) {
        self.connection.request_name(format!("org.mpris.MediaPlayer2.{name}")).await.unwrap();
    }

    pub(super) async fn give_up_name(&self, name: &str) {
        self.connection.release_name(format!("org.mpris.MediaPlayer2.{name}")).await.unwrap();
    }

    /// Its unique name.
    pub(super) fn id(&self) -> String {
        self.connection.unique_name().unwrap().to_string()
    }

    /// How often it was asked for everything.
    pub(super) fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    pub(super) async fn emit(&self, changed: Properties, invalidated: &[&str]) {
        let body = (PLAYER_INTERFACE, changed, invalidated);
        self.connection
            .emit_signal(None::<&str>, PLAYER_PATH, PROPERTIES_INTERFACE, "PropertiesChanged", &body)
            .await
            .unwrap();
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn attend(mut incoming: MessageStream, connection: Connection, manner: Manner, questions: Arc<AtomicUsize>) {
    while let Some(Ok(message)) = incoming.next().await {
        if message.message_type() != Type::MethodCall {
            continue;
        }
        let all = message.header().member().is_some_and(|member| member.as_str() == "GetAll");
        if all {
            questions.fetch_add(1, Ordering::SeqCst);
        }
        match &manner {
            Manner::Answers(properties) if all => connection.reply(&message.header(), &properties()).await.unwrap(),
            Manner::Answers(_) => identify(&connection, &message).await,
            Manner::Silent => {}
            Manner::Dies => {
                connection.close().await.unwrap();
                return;
            }
        }
    }
}

async fn identify(connection: &Connection, question: &Message) {
    let answer = Variant::from("A Scripted Player");
    connection.reply(&question.header(), &answer).await.unwrap();
}

/// A player as it was told.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) identity: Option<String>,
    pub(super) playback: Playback,
    pub(super) metadata: Metadata,
}

/// The watcher at work and what it has told so far.
pub(super) struct Watching {
    observations: mpsc::Receiver<Observation>,
    state: watch::Receiver<BusState>,
    _wanted: watch::Sender<bool>,
    /// The players as told, by unique name.
    pub(super) players: BTreeMap<String, Seen>,
    /// Everything told, oldest first.
    pub(super) told: Vec<Observation>,
}

impl Watching {
    pub(super) fn start(bus: Bus) -> Self {
        let (sender, observations) = mpsc::channel(1);
        let (state_sender, state) = watch::channel(BusState::Connecting);
        let (wanted, is_wanted) = watch::channel(true);
        tokio::spawn(crate::players::watch(bus, is_wanted, sender, state_sender));
        Self { observations, state, _wanted: wanted, players: BTreeMap::new(), told: Vec::new() }
    }

    /// Waits until what was told makes `condition` true.
    pub(super) async fn until(&mut self, condition: impl Fn(&BTreeMap<String, Seen>) -> bool) {
        while !condition(&self.players) {
            let observation = match timeout(DEADLINE, self.observations.recv()).await {
                Ok(told) => told.expect("the watcher goes on"),
                Err(_) => panic!("not told in time; so far: {:#?}", self.told),
            };
            self.note(observation.clone());
            self.told.push(observation);
        }
    }

    fn note(&mut self, observation: Observation) {
        match observation {
            Observation::Appeared { id, name, identity } => {
                let (playback, metadata) = match self.players.remove(&id) {
                    Some(seen) => (seen.playback, seen.metadata),
                    None => (Playback::Stopped, Metadata::default()),
                };
                self.players.insert(id, Seen { name, identity, playback, metadata });
            }
            Observation::Changed { id, playback, metadata } => {
                let seen = self.players.get_mut(&id).expect("it appeared first");
                seen.playback = playback.unwrap_or(seen.playback);
                seen.metadata = metadata.unwrap_or_else(|| seen.metadata.clone());
            }
            Observation::Vanished { id } => assert!(self.players.remove(&id).is_some()),
            Observation::Switched(_)
            | Observation::Held(_)
            | Observation::Manual(..)
            | Observation::Pinned(_)
            | Observation::Skipped(_)
            | Observation::Posted(..)
            | Observation::Tick => panic!("not the watcher's"),
        }
    }

    /// Waits until this player has this title.
    pub(super) async fn until_title(&mut self, player: &Scripted, title: &str) {
        let id = player.id();
        self.until(|players| players.get(&id).is_some_and(|seen| seen.metadata.title.as_deref() == Some(title))).await;
    }

    /// Waits until the bus is there, or is not.
    pub(super) async fn until_state(&mut self, condition: impl Fn(&BusState) -> bool) {
        let reached = timeout(DEADLINE, self.state.wait_for(|state| condition(state))).await.is_ok();
        assert!(reached, "still {:?}", *self.state.borrow());
    }
}
