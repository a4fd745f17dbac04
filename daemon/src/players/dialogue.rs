//! The words of the dialogue with players and the bus: the questions, each a future for a task, and the reading of what
//! comes. Nobody is started by a question: players are addressed by unique name, which a bus cannot activate, and the
//! bus itself is asked only who is there.

use std::{collections::HashMap, time::Duration};

use xmppd_core::players::Playback;
use zbus::{Connection, Variant, message::Message};

use super::{
    metadata,
    table::{Asked, Heard},
};
use crate::bus::{self, value};

/// The object every player has (MPRIS 2.2, "Interfaces").
pub(super) const PLAYER_PATH: &str = "/org/mpris/MediaPlayer2";

/// What the names of players start with, without the dot; also the interface that tells the identity.
pub(super) const NAMESPACE: &str = "org.mpris.MediaPlayer2";

/// The interface that tells what plays.
pub(super) const PLAYER_INTERFACE: &str = "org.mpris.MediaPlayer2.Player";

pub(super) const PROPERTIES_INTERFACE: &str = "org.freedesktop.DBus.Properties";

/// The largest message that is read; a value takes up to forty times its place on the wire while it is.
const LARGEST_BODY: usize = 1024 * 1024;

/// The pauses before a player that gave no proper answer is asked again. Some take their name before they are ready.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// What a task brings back.
#[derive(Debug)]
pub(super) enum Answer {
    /// The players' names, each with its owner.
    Names(zbus::Result<Vec<(String, String)>>),
    /// How asking a player for everything ended.
    Player {
        /// Whom.
        owner: String,
        /// How.
        asked: Asked,
    },
    /// What a player calls itself.
    Identity {
        /// Whose.
        owner: String,
        /// Nothing when it does not tell.
        identity: Option<String>,
    },
}

/// Asks the bus who is there.
pub(super) async fn list(connection: Connection) -> Answer {
    Answer::Names(list_names(&connection).await)
}

/// Asks a player for everything; three times at most.
pub(super) async fn ask(connection: Connection, owner: String) -> Answer {
    let mut pauses = PAUSES.into_iter();
    let asked = loop {
        match everything(&connection, &owner).await {
            Ok(heard) => break Asked::Told(heard),
            Err(error) if bus::says_gone(&error) => break Asked::Gone,
            Err(error) => {
                tracing::debug!(player = owner, %error, "a player does not tell what it plays");
                match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => break Asked::Silent,
                }
            }
        }
    };
    Answer::Player { owner, asked }
}

/// Asks a player what it calls itself.
pub(super) async fn identify(connection: Connection, owner: String) -> Answer {
    let question = (NAMESPACE, "Identity");
    let reply =
        connection.call_method(Some(owner.as_str()), PLAYER_PATH, Some(PROPERTIES_INTERFACE), "Get", &question).await;
    let identity = reply.ok().filter(is_bearable).and_then(|reply| {
        let body = reply.body();
        let value: Variant<'_> = body.deserialize().ok()?;
        value::text(&value)
    });
    Answer::Identity { owner, identity }
}

/// A name below [`NAMESPACE`] that passed from one owner to another.
#[derive(Debug, PartialEq)]
pub(super) struct OwnerChange {
    pub(super) name: String,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

/// Reads a `NameOwnerChanged`; nothing when anybody but the bus says so.
pub(super) fn owner_change(message: &Message) -> Option<OwnerChange> {
    if message.header().sender()?.as_str() != bus::NAME {
        return None;
    }
    let body = message.body();
    let (name, from, to): (&str, &str, &str) = body.deserialize().ok()?;
    let known = |owner: &str| (!owner.is_empty()).then(|| owner.to_owned());
    is_player(name).then(|| OwnerChange { name: name.to_owned(), from: known(from), to: known(to) })
}

/// Reads a `PropertiesChanged`: who, what, and whether something is no longer as it was known.
pub(super) fn change(message: &Message) -> Option<(String, Heard, bool)> {
    let sender = message.header().sender()?.to_string();
    if !is_bearable(message) {
        tracing::debug!(player = sender, "an oversized message of a player is ignored");
        return None;
    }
    let body = message.body();
    let (_, changed, invalidated): (&str, HashMap<&str, Variant<'_>>, Vec<&str>) = body.deserialize().ok()?;
    let mut heard = Heard { at: message.recv_position(), playback: None, metadata: None };
    heard.playback = changed.get("PlaybackStatus").map(metadata::playback);
    heard.metadata = changed.get("Metadata").map(metadata::metadata);
    let invalidated = invalidated.iter().any(|&name| matches!(name, "PlaybackStatus" | "Metadata"));
    Some((sender, heard, invalidated))
}

async fn list_names(connection: &Connection) -> zbus::Result<Vec<(String, String)>> {
    let reply = bus::ask(connection, "ListNames", &()).await?;
    let names: Vec<String> = reply.body().deserialize()?;
    let mut owned = Vec::new();
    for name in names.into_iter().filter(|name| is_player(name)) {
        match bus::ask(connection, "GetNameOwner", &name).await {
            Ok(reply) => owned.push((name, reply.body().deserialize()?)),
            Err(error) if bus::says_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(owned)
}

async fn everything(connection: &Connection, owner: &str) -> zbus::Result<Heard> {
    let reply = connection
        .call_method(Some(owner), PLAYER_PATH, Some(PROPERTIES_INTERFACE), "GetAll", &PLAYER_INTERFACE)
        .await?;
    if !is_bearable(&reply) {
        return Err(zbus::Error::Failure("its answer is too large".to_owned()));
    }
    let body = reply.body();
    let properties: HashMap<&str, Variant<'_>> = body.deserialize()?;
    Ok(Heard {
        at: reply.recv_position(),
        playback: Some(properties.get("PlaybackStatus").map_or(Playback::Stopped, metadata::playback)),
        metadata: Some(properties.get("Metadata").map(metadata::metadata).unwrap_or_default()),
    })
}

fn is_player(name: &str) -> bool {
    name.strip_prefix(NAMESPACE).is_some_and(|rest| rest.starts_with('.'))
}

fn is_bearable(message: &Message) -> bool {
    message.body().len() <= LARGEST_BODY
}
