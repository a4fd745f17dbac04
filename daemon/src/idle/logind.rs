//! logind's word on the person's own session: `IdleHint` and `LockedHint` (org.freedesktop.login1(5)). Which session is
//! the person's is found anew whenever sessions change.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio_stream::StreamExt;
use xmppd_core::idle::{Sign, Source};
use zbus::message::{Message, Type};
use zbus::{Connection, MessageStream, ObjectPath, Variant};

use super::{Ended, PATIENCE, Part, Tell};
use crate::bus::{self, Bus, value};
use crate::host;

const LOGIND: &str = "org.freedesktop.login1";
const MANAGER_PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";
const SESSIONS: &str = "/org/freedesktop/login1/session";
/// Those of a session's properties that matter here.
const TELLING: [&str; 4] = ["IdleHint", "IdleSinceHint", "LockedHint", "Active"];

/// What logind says of a session.
#[derive(Debug, Default)]
struct Session {
    rank: u8,
    /// In microseconds of civil time; nothing while the person is there.
    idle_since: Option<i64>,
    locked: bool,
}

/// Listens until the bus is gone. `login` is told of every change of sessions.
pub(super) async fn listen(bus: &Bus, own: Option<&str>, tell: &Tell, login: &watch::Sender<()>) -> Ended {
    let (connection, mut messages) = match open(bus).await {
        Ok(opened) => opened,
        Err(error) => return Ended::never_began(format!("the system bus cannot be used: {error}")),
    };
    loop {
        match look(&connection, own).await {
            Ok(found) => say(found, tell).await,
            Err(error) => say_gone(error.to_string(), tell).await,
        }
        login.send_replace(());
        loop {
            match messages.next().await {
                Some(Ok(message)) if is_news(&message) => break,
                Some(Ok(_)) => {}
                Some(Err(error)) => return Ended::after_all(error),
                None => return Ended::after_all("the system bus closed the connection"),
            }
        }
    }
}

async fn open(bus: &Bus) -> zbus::Result<(Connection, MessageStream)> {
    let connection = bus.connect(PATIENCE).await?;
    let messages = MessageStream::from(&connection);
    for rule in rules() {
        bus::ask(&connection, "AddMatch", &rule).await?;
    }
    Ok((connection, messages))
}

fn rules() -> [String; 3] {
    [
        format!("type='signal',sender='{0}',member='NameOwnerChanged',arg0='{LOGIND}'", bus::NAME),
        format!("type='signal',sender='{LOGIND}',path_namespace='{SESSIONS}',member='PropertiesChanged'"),
        format!("type='signal',sender='{LOGIND}',path='{MANAGER_PATH}',interface='{MANAGER}'"),
    ]
}

/// Whether a message may tell of something that was not so before.
fn is_news(message: &Message) -> bool {
    if message.message_type() != Type::Signal {
        return false;
    }
    match message.header().member().map(zbus::names::MemberName::as_str) {
        Some("NameOwnerChanged" | "SessionNew" | "SessionRemoved") => true,
        Some("PropertiesChanged") => {
            let body = message.body();
            let changed: zbus::Result<(&str, HashMap<&str, Variant<'_>>, Vec<&str>)> = body.deserialize();
            changed.is_ok_and(|(interface, changed, invalidated)| {
                let tells = |name: &&str| changed.contains_key(*name) || invalidated.contains(name);
                interface == SESSION && TELLING.iter().any(tells)
            })
        }
        Some(_) | None => false,
    }
}

/// The person's session: the one this program was started in, else a graphical one, else an active one.
async fn look(connection: &Connection, own: Option<&str>) -> zbus::Result<Option<Session>> {
    // Nobody is started by asking.
    bus::ask(connection, "GetNameOwner", &LOGIND).await?;
    let reply = connection.call_method(Some(LOGIND), MANAGER_PATH, Some(MANAGER), "ListSessions", &()).await?;
    let body = reply.body();
    let all: Vec<(&str, u32, &str, &str, ObjectPath<'_>)> = body.deserialize()?;
    let mut best: Option<Session> = None;
    for (id, _, _, _, path) in all.iter().filter(|(_, user, ..)| *user == host::user()) {
        let interface = Some("org.freedesktop.DBus.Properties");
        let reply = connection.call_method(Some(LOGIND), path, interface, "GetAll", &SESSION).await?;
        let body = reply.body();
        let properties: HashMap<&str, Variant<'_>> = body.deserialize()?;
        let session = session(&properties, own == Some(*id));
        if best.as_ref().is_none_or(|best| session.rank > best.rank) {
            best = Some(session);
        }
    }
    Ok(best)
}

fn session(properties: &HashMap<&str, Variant<'_>>, is_own: bool) -> Session {
    let is = |name: &str| matches!(properties.get(name), Some(Variant::Bool(true)));
    let word = |name: &str| properties.get(name).and_then(value::text).unwrap_or_default();
    let graphical = ["wayland", "x11", "mir"].contains(&word("Type").as_str());
    let since = || properties.get("IdleSinceHint").and_then(value::integer).unwrap_or(0);
    Session {
        rank: u8::from(is_own) * 4 + u8::from(graphical) * 2 + u8::from(is("Active")),
        idle_since: is("IdleHint").then(since),
        locked: is("LockedHint"),
    }
}

async fn say(found: Option<Session>, tell: &Tell) {
    let Some(session) = found else { return say_gone("logind has no session of yours".to_owned(), tell).await };
    let idle = session.idle_since.map_or(Sign::Present, |since| Sign::Absent(lasted(since)));
    let locked = if session.locked { Sign::Absent(Duration::ZERO) } else { Sign::Present };
    tell.says(Source::IdleHint, Some(idle)).await;
    tell.says(Source::LockedHint, Some(locked)).await;
    tell.missing(Part::Logind, None).await;
}

async fn say_gone(reason: String, tell: &Tell) {
    tell.says(Source::IdleHint, None).await;
    tell.says(Source::LockedHint, None).await;
    tell.missing(Part::Logind, Some(reason)).await;
}

/// How long ago a time was that logind names; one that it does not know is now.
fn lasted(since: i64) -> Duration {
    let millis = host::now().wall.as_unix_millis().saturating_sub(since / 1_000);
    let lasted = u64::try_from(millis).ok().filter(|_| since > 0).unwrap_or(0);
    Duration::from_millis(lasted)
}
