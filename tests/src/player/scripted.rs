//! A player that does what a test wants: properties of any type, right or wrong, and a count of the calls it gets.
//!
//! It answers `org.freedesktop.DBus.Properties` alone, by hand, so that nothing repairs what the test breaks.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_stream::StreamExt;
use zbus::message::{Message, Type};

use zbus::{Connection, MessageStream, OwnedVariant, Variant, connection};

use crate::bus::Bus;

const PATH: &str = "/org/mpris/MediaPlayer2";
const ROOT: &str = "org.mpris.MediaPlayer2";
const PLAYER: &str = "org.mpris.MediaPlayer2.Player";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// The player's own properties by name.
pub type Properties = HashMap<String, OwnedVariant>;

/// A player on the bus; it leaves when dropped.
#[derive(Debug)]
pub struct ScriptedPlayer {
    orders: UnboundedSender<Order>,
    calls: Receiver<String>,
    seen: Vec<String>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Order {
    /// Changes properties and says so.
    Announce(Properties),
    /// Changes properties without a word.
    Set(Properties),
    /// Says that properties are no longer what they were, without what they are.
    Invalidate(Vec<String>),
    /// Answers calls, or keeps silent.
    Answer(bool),
    Leave,
}

impl ScriptedPlayer {
    /// Takes `org.mpris.MediaPlayer2.NAME` on the bus, with these properties to begin with.
    ///
    /// # Panics
    /// When the name cannot be taken.
    #[must_use]
    pub fn start(bus: &Bus, name: &str, properties: Properties) -> Self {
        let (orders, todo) = unbounded_channel();
        let (tell, calls) = channel();
        let (ready, started) = channel();
        let (address, name) = (bus.address(), format!("{ROOT}.{name}"));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async {
                let connection = connection::Builder::address(address.as_str()).build().await.expect("the bus answers");
                // Calls that come right after the name must find the stream waiting.
                let stream = MessageStream::from(&connection);
                connection.request_name(name.as_str()).await.expect("the name is free");
                let _ = ready.send(());
                Script { connection, properties, answers: true, tell }.run(stream, todo).await;
            });
        });
        started.recv().expect("the scripted player starts");
        Self { orders, calls, seen: Vec::new(), thread: Some(thread) }
    }

    /// Changes properties and emits `PropertiesChanged` with all of them in one signal.
    pub fn announce(&self, properties: Properties) {
        self.order(Order::Announce(properties));
    }

    /// Changes properties without a signal.
    pub fn set(&self, properties: Properties) {
        self.order(Order::Set(properties));
    }

    /// Emits `PropertiesChanged` that only names the properties.
    pub fn invalidate(&self, names: &[&str]) {
        self.order(Order::Invalidate(names.iter().map(|name| (*name).to_owned()).collect()));
    }

    /// Whether it answers calls from now on; one that does not is a player that hangs.
    pub fn answer(&self, answers: bool) {
        self.order(Order::Answer(answers));
    }

    /// Every call that it got, answered or not: `interface.member(first argument)`.
    pub fn calls(&mut self) -> &[String] {
        self.seen.extend(self.calls.try_iter());
        &self.seen
    }

    fn order(&self, order: Order) {
        self.orders.send(order).expect("the scripted player runs");
    }
}

impl Drop for ScriptedPlayer {
    fn drop(&mut self) {
        // Both fail only for a player that has panicked: its own message has been printed.
        let _ = self.orders.send(Order::Leave);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// A status and metadata as a well-behaved player has them.
#[must_use]
pub fn playing(metadata: HashMap<&str, Variant<'_>>) -> Properties {
    properties([
        ("PlaybackStatus", Variant::from("Playing")),
        ("Metadata", Variant::from(metadata)),
        ("CanControl", Variant::from(true)),
        ("CanPlay", Variant::from(true)),
        ("CanPause", Variant::from(true)),
    ])
}

/// Properties of any type.
///
/// # Panics
/// For a value that holds a file descriptor.
#[must_use]
pub fn properties<'a, const N: usize>(pairs: [(&str, Variant<'a>); N]) -> Properties {
    let owned = |value: Variant<'a>| value.try_to_owned().expect("a value without file descriptors");
    pairs.into_iter().map(|(name, value)| (name.to_owned(), owned(value))).collect()
}

struct Script {
    connection: Connection,
    properties: Properties,
    answers: bool,
    tell: Sender<String>,
}

impl Script {
    async fn run(mut self, mut stream: MessageStream, mut todo: UnboundedReceiver<Order>) {
        loop {
            tokio::select! {
                order = todo.recv() => match order {
                    Some(Order::Announce(changed)) => {
                        self.properties.extend(changed.iter().map(|(name, value)| (name.clone(), owned(value))));
                        self.changed(&changed, &[]).await;
                    }
                    Some(Order::Set(changed)) => self.properties.extend(changed),
                    Some(Order::Invalidate(names)) => self.changed(&Properties::new(), &names).await,
                    Some(Order::Answer(answers)) => self.answers = answers,
                    Some(Order::Leave) | None => return,
                },
                message = stream.next() => match message {
                    Some(Ok(message)) if message.message_type() == Type::MethodCall => self.call(&message).await,
                    Some(_) => {}
                    None => return,
                },
            }
        }
    }

    async fn changed(&self, changed: &Properties, invalidated: &[String]) {
        let body = (PLAYER, changed, invalidated);
        let sent = self.connection.emit_signal(None::<&str>, PATH, PROPERTIES, "PropertiesChanged", &body).await;
        sent.expect("the bus takes the signal");
    }

    async fn call(&self, message: &Message) {
        let header = message.header();
        let member = header.member().map(ToString::to_string).unwrap_or_default();
        let interface = header.interface().map(ToString::to_string).unwrap_or_default();
        let body = message.body();
        let (target, name): (String, String) = match body.signature().to_string().as_str() {
            "s" => (body.deserialize().unwrap_or_default(), String::new()),
            "(ss)" | "ss" => body.deserialize().unwrap_or_default(),
            _ => Default::default(),
        };
        // Nobody listens to the calls of a player that is being dropped.
        let _ = self.tell.send(format!("{interface}.{member}({target})"));
        if !self.answers {
            return;
        }
        let all = if target == PLAYER {
            self.properties.iter().map(|(k, v)| (k.clone(), owned(v))).collect()
        } else {
            identity()
        };
        let answered = match (interface.as_str(), member.as_str(), all.get(&name)) {
            (PROPERTIES, "GetAll", _) => self.connection.reply(&header, &all).await,
            (PROPERTIES, "Get", Some(value)) => self.connection.reply(&header, value).await,
            _ => {
                let unknown = "org.freedesktop.DBus.Error.UnknownMethod";
                self.connection.reply_error(&header, unknown, &"not in the script").await
            }
        };
        // A caller that has left the bus needs no answer.
        let _ = answered;
    }
}

fn identity() -> Properties {
    properties([("Identity", Variant::from("Scripted player")), ("CanQuit", Variant::from(false))])
}

fn owned(value: &OwnedVariant) -> OwnedVariant {
    value.try_clone().expect("a value without file descriptors")
}
