//! The session bus and the system's: where each is, how a connection to it is opened, and how long to wait before the next attempt.
//! What is said over a connection is left to the modules that open one (`players`, `dbus`).

mod narrow;
#[cfg(test)]
pub(crate) mod private;
pub(crate) mod value;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::UnixStream;
use zbus::address::transport::{Transport, UnixSocket};
use zbus::{Address, Connection, connection::Builder, message::Message};

/// The name of the bus itself.
pub(crate) const NAME: &str = "org.freedesktop.DBus";

/// The daemon's own name.
pub(crate) const OUR_NAME: &str = "org.xmppctl.Daemon1";

/// How long opening a connection may take, from the first byte to the answer to `Hello`.
const OPENING: Duration = Duration::from_secs(5);

/// The first pause after a failed attempt; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Which bus to use.
#[derive(Clone, Debug)]
pub(crate) enum Bus {
    /// The session's own: `$DBUS_SESSION_BUS_ADDRESS`, else `$XDG_RUNTIME_DIR/bus`.
    Session,
    /// The machine's: `$DBUS_SYSTEM_BUS_ADDRESS`, else the usual place.
    System,
    /// The one at this address, in the words of the D-Bus specification ("Server Addresses").
    #[cfg_attr(not(test), expect(dead_code, reason = "only a test brings a bus of its own"))]
    At(String),
}

impl Bus {
    /// Opens a connection of its own. A method call on it is given up after `patience`.
    ///
    /// # Errors
    /// No such address, nobody listening, refused, or not done within five seconds.
    pub(crate) async fn connect(&self, patience: Duration) -> zbus::Result<Connection> {
        open(async { Ok(Builder::address(self.address()?)) }, patience).await
    }

    /// The same for who listens to strangers: messages of more than [`narrow::LONGEST`] bytes are as if they had not been
    /// sent, and no file descriptors come.
    ///
    /// # Errors
    /// As [`Bus::connect`].
    pub(crate) async fn listen(&self, patience: Duration) -> zbus::Result<Connection> {
        let builder = async {
            let address = self.address()?;
            let Some(path) = path(&address) else { return Ok(Builder::address(address)) };
            Ok(Builder::socket(narrow::over(UnixStream::connect(path).await?)))
        };
        open(builder, patience).await
    }

    fn address(&self) -> zbus::Result<Address> {
        match self {
            Bus::Session => Address::session(),
            Bus::System => Address::system(),
            Bus::At(address) => Address::try_from(address.as_str()),
        }
    }
}

async fn open(
    builder: impl Future<Output = zbus::Result<Builder<'static>>>,
    patience: Duration,
) -> zbus::Result<Connection> {
    let opening = async { builder.await?.method_timeout(patience).build().await };
    match tokio::time::timeout(OPENING, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(zbus::Error::Failure("the bus does not answer".to_owned())),
    }
}

/// Where the socket of a bus is; nothing when it is no socket of this machine with a name.
fn path(address: &Address) -> Option<PathBuf> {
    let Transport::Unix(unix) = address.transport() else { return None };
    if let UnixSocket::File(path) = unix.path() {
        Some(path.clone())
    } else if let UnixSocket::Abstract(name) = unix.path() {
        Some(abstract_path(name))
    } else {
        None
    }
}

/// A name of the abstract namespace as a path: it begins with a zero byte.
fn abstract_path(name: &OsStr) -> PathBuf {
    let mut path = OsString::from("\0");
    path.push(name);
    path.into()
}

/// Calls a method of the bus itself; it starts nobody by itself.
pub(crate) async fn ask<B>(connection: &Connection, method: &str, body: &B) -> zbus::Result<Message>
where
    B: serde::Serialize + zbus::DynamicType,
{
    connection.call_method(Some(NAME), "/org/freedesktop/DBus", Some(NAME), method, body).await
}

/// Whether a call failed because nobody has that name.
pub(crate) fn says_gone(error: &zbus::Error) -> bool {
    let zbus::Error::FDO(error) = error else { return false };
    matches!(**error, zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NameHasNoOwner(_))
}

/// What is known of the bus by the one who needs it; `doctor` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BusState {
    /// The first attempt is under way.
    Connecting,
    /// Connected, and what was wanted there works.
    Present,
    /// There is none, or what was wanted there is not to be had; tried again after a pause.
    Missing {
        /// Why, in words for a person.
        reason: String,
    },
}

/// The pauses between attempts: a second, doubled each time, a minute at most.
#[derive(Debug)]
pub(crate) struct Pauses {
    next: Duration,
}

impl Pauses {
    /// Starts with the shortest.
    pub(crate) fn new() -> Self {
        Self { next: FIRST_PAUSE }
    }

    /// The pause to make now.
    pub(crate) fn step(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST_PAUSE);
        pause
    }

    /// Something worked: the next failure waits only shortly.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST_PAUSE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_nobody_has_is_told_from_a_bus_that_fails() {
        let bus = private::PrivateBus::start();
        let connection = bus.bus().connect(Duration::from_secs(5)).await.unwrap();
        let gone = ask(&connection, "GetNameOwner", &"org.example.Nobody").await.unwrap_err();
        assert!(says_gone(&gone), "{gone:?}");
        let unknown = connection.call_method(Some("org.example.Nobody"), "/", Some("org.example.It"), "Do", &()).await;
        assert!(says_gone(&unknown.unwrap_err()));
        let wrong = ask(&connection, "NoSuchMethod", &()).await.unwrap_err();
        assert!(!says_gone(&wrong), "{wrong:?}");
    }

    #[test]
    fn pauses_grow_to_a_minute_and_start_over_after_success() {
        let mut pauses = Pauses::new();
        let seconds: Vec<u64> = (0..8).map(|_| pauses.step().as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        pauses.reset();
        assert_eq!(pauses.step(), FIRST_PAUSE);
    }
}
