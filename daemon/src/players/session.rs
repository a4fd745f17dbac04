//! One connection's worth of watching: streams are drained into the [`Table`], questions are asked by tasks.
//! The loop itself never calls anybody, because zbus stops reading its socket while one of its streams is full.

use std::{collections::BTreeSet, num::NonZeroUsize};

use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
};
use tokio_stream::StreamExt;
use xmppd_core::players::Observation;
use zbus::{
    Connection, MatchRule, MessageStream,
    message::{Message, Type},
};

use super::{
    dialogue::{self, Answer, NAMESPACE, PLAYER_INTERFACE, PLAYER_PATH, PROPERTIES_INTERFACE},
    table::Table,
};
use crate::bus;

/// Room for the names that a whole session may bring at once.
const NAMES_QUEUE: Option<NonZeroUsize> = NonZeroUsize::new(1024);

/// Why watching ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Nobody listens any more.
    Unwanted,
    /// The bus went away or does not answer.
    Lost(String),
}

/// The watching of one connection.
pub(super) struct Session<'a> {
    connection: &'a Connection,
    table: &'a mut Table,
    observations: &'a mpsc::Sender<Observation>,
    questions: JoinSet<Answer>,
    /// The names whose owner was heard before the list of all came; what was heard is newer than the list.
    heard_names: BTreeSet<String>,
}

enum Wake<'a> {
    Owner(Option<zbus::Result<Message>>),
    Change(Option<zbus::Result<Message>>),
    Answer(Result<Answer, JoinError>),
    Room(mpsc::Permit<'a, Observation>),
    Unwanted,
}

impl<'a> Session<'a> {
    /// A session over `connection` that knows nobody yet.
    pub(super) fn new(
        connection: &'a Connection,
        table: &'a mut Table,
        observations: &'a mpsc::Sender<Observation>,
    ) -> Self {
        Self { connection, table, observations, questions: JoinSet::new(), heard_names: BTreeSet::new() }
    }

    /// Watches until the connection ends. `on_ready` is called when the players that were there are known by name.
    pub(super) async fn run(mut self, on_ready: impl FnOnce()) -> Ended {
        let (mut owners, mut changes) = match subscribe(self.connection).await {
            Ok(streams) => streams,
            Err(error) => return Ended::Lost(error.to_string()),
        };
        let mut on_ready = Some(on_ready);
        self.questions.spawn(dialogue::list(self.connection.clone()));
        loop {
            while let Some(owner) = self.table.next_to_ask() {
                self.questions.spawn(dialogue::ask(self.connection.clone(), owner));
            }
            match self.wake(&mut owners, &mut changes).await {
                Wake::Owner(Some(Ok(message))) => self.owner_changed(&message, on_ready.is_some()),
                Wake::Change(Some(Ok(message))) => {
                    if let Some((sender, heard, invalidated)) = dialogue::change(&message) {
                        self.table.hear(&sender, heard, invalidated);
                    }
                }
                Wake::Owner(Some(Err(error))) | Wake::Change(Some(Err(error))) => {
                    return Ended::Lost(error.to_string());
                }
                Wake::Owner(None) | Wake::Change(None) => {
                    return Ended::Lost("the bus closed the connection".to_owned());
                }
                Wake::Answer(Ok(Answer::Names(Ok(names)))) => {
                    self.list(&names);
                    if let Some(on_ready) = on_ready.take() {
                        on_ready();
                    }
                }
                Wake::Answer(Ok(Answer::Names(Err(error)))) => return Ended::Lost(error.to_string()),
                Wake::Answer(Ok(Answer::Player { owner, asked })) => {
                    if self.table.answered(&owner, asked) {
                        self.questions.spawn(dialogue::identify(self.connection.clone(), owner));
                    }
                }
                Wake::Answer(Ok(Answer::Identity { owner, identity })) => self.table.identified(&owner, identity),
                Wake::Answer(Err(error)) => return Ended::Lost(error.to_string()),
                Wake::Room(room) => {
                    if let Some(news) = self.table.next_news() {
                        room.send(news);
                    }
                }
                Wake::Unwanted => return Ended::Unwanted,
            }
        }
    }

    async fn wake(&mut self, owners: &mut MessageStream, changes: &mut MessageStream) -> Wake<'a> {
        let observations = self.observations;
        tokio::select! {
            message = owners.next() => Wake::Owner(message),
            message = changes.next() => Wake::Change(message),
            Some(answer) = self.questions.join_next() => Wake::Answer(answer),
            room = observations.reserve(), if self.table.has_news() => room.map_or(Wake::Unwanted, Wake::Room),
            () = observations.closed() => Wake::Unwanted,
        }
    }

    fn owner_changed(&mut self, message: &Message, before_list: bool) {
        let Some(change) = dialogue::owner_change(message) else {
            return;
        };
        if let Some(from) = &change.from {
            self.table.release(&change.name, from);
        }
        if let Some(to) = &change.to {
            self.table.claim(&change.name, to);
        }
        if before_list {
            self.heard_names.insert(change.name);
        }
    }

    fn list(&mut self, names: &[(String, String)]) {
        let heard = std::mem::take(&mut self.heard_names);
        for (name, owner) in names.iter().filter(|(name, _)| !heard.contains(name)) {
            self.table.claim(name, owner);
        }
    }
}

async fn subscribe(connection: &Connection) -> zbus::Result<(MessageStream, MessageStream)> {
    let owners = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(bus::NAME)
        .interface(bus::NAME)
        .member("NameOwnerChanged")
        .arg0ns(NAMESPACE)
        .build()?;
    let changes = MatchRule::builder()
        .msg_type(Type::Signal)
        .interface(PROPERTIES_INTERFACE)
        .member("PropertiesChanged")
        .path(PLAYER_PATH)
        .arg(0, PLAYER_INTERFACE)
        .build()?;
    let owners = MessageStream::for_match_rule(owners, connection, NAMES_QUEUE).await?;
    let changes = MessageStream::for_match_rule(changes, connection, None).await?;
    Ok((owners, changes))
}
