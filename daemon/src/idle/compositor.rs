//! The Wayland compositor's word, by ext-idle-notify-v1: one notification for the shortest absence that counts, on the
//! first seat. The protocol's wire is `wayland-client`'s; its socket is waited for with all others.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::Interest;
use wayland_client::backend::WaylandError;
use wayland_client::protocol::{wl_registry, wl_seat};
use wayland_client::{Connection, Dispatch, DispatchError, EventQueue, Proxy, QueueHandle, delegate_noop};
use wayland_protocols::ext::idle_notify::v1::client::{ext_idle_notification_v1, ext_idle_notifier_v1};
use xmppd_core::idle::{Sign, Source};

use super::{Ended, PATIENCE, Part, Tell};
use crate::places::Environment;

/// Where a compositor listens that the environment does not name.
const USUAL: [&str; 2] = ["wayland-0", "wayland-1"];

/// What the compositor told of itself, and of the person.
#[derive(Default)]
struct Heard {
    seat: Option<wl_seat::WlSeat>,
    notifier: Option<ext_idle_notifier_v1::ExtIdleNotifierV1>,
    /// In their order: whether the person became idle, or came back.
    news: Vec<bool>,
}

/// Listens until the compositor is gone; `first` is the shortest absence that counts.
pub(super) async fn listen(environment: &Environment, first: Duration, tell: &Tell) -> Ended {
    let mut wire = match Wire::open(environment) {
        Ok(wire) => wire,
        Err(reason) => return Ended::never_began(reason),
    };
    let begun = tokio::time::timeout(PATIENCE, wire.begin(first)).await;
    match begun.unwrap_or_else(|_| Err("the compositor does not answer".to_owned())) {
        Ok(()) => {}
        Err(reason) => return Ended::never_began(reason),
    }
    tell.says(Source::Compositor, Some(Sign::Present)).await;
    tell.missing(Part::Compositor, None).await;
    loop {
        for is_idle in std::mem::take(&mut wire.heard.news) {
            let sign = if is_idle { Sign::Absent(first) } else { Sign::Present };
            tell.says(Source::Compositor, Some(sign)).await;
        }
        if let Err(reason) = wire.turn().await {
            return Ended::after_all(reason);
        }
    }
}

/// A connection to the compositor.
struct Wire {
    connection: Connection,
    queue: EventQueue<Heard>,
    /// The connection's socket once more, to be waited for.
    socket: tokio::net::UnixStream,
    heard: Heard,
}

impl Wire {
    fn open(environment: &Environment) -> Result<Self, String> {
        let socket = connect(environment)?;
        let failed = |error: &dyn std::fmt::Display| format!("the compositor's socket cannot be used: {error}");
        let copy = socket.try_clone().map_err(|error| failed(&error))?;
        copy.set_nonblocking(true).map_err(|error| failed(&error))?;
        let copy = tokio::net::UnixStream::from_std(copy).map_err(|error| failed(&error))?;
        let connection = Connection::from_socket(socket).map_err(|error| failed(&error))?;
        let queue = connection.new_event_queue();
        Ok(Self { connection, queue, socket: copy, heard: Heard::default() })
    }

    /// Asks to be told of an absence.
    async fn begin(&mut self, first: Duration) -> Result<(), String> {
        let handle = self.queue.handle();
        self.connection.display().get_registry(&handle, ());
        let told_all = self.connection.display().sync(&handle, ());
        while told_all.is_alive() {
            self.turn().await?;
        }
        let (Some(seat), Some(notifier)) = (&self.heard.seat, &self.heard.notifier) else {
            return Err("the compositor has no ext-idle-notify-v1".to_owned());
        };
        let millis = u32::try_from(first.as_millis()).unwrap_or(u32::MAX);
        notifier.get_idle_notification(millis, seat, &handle, ());
        Ok(())
    }

    /// Says what is to be said, waits until something can be heard, and hears it. May be dropped at any point.
    async fn turn(&mut self) -> Result<(), String> {
        let lost = |error: &dyn std::fmt::Display| format!("the compositor is gone: {error}");
        let dispatched = self.queue.dispatch_pending(&mut self.heard).map_err(|error| lost(&error))?;
        self.queue.flush().map_err(|error| lost(&error))?;
        if dispatched > 0 {
            return Ok(());
        }
        self.socket.readable().await.map_err(|error| lost(&error))?;
        if let Some(guard) = self.queue.prepare_read() {
            let read = self.socket.try_io(Interest::READABLE, || guard.read().map(drop).map_err(io_error));
            match read {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(lost(&error)),
                Ok(()) | Err(_) => {}
            }
        }
        self.queue.dispatch_pending(&mut self.heard).map(drop).map_err(|error: DispatchError| lost(&error))
    }
}

fn io_error(error: WaylandError) -> io::Error {
    match error {
        WaylandError::Io(error) => error,
        WaylandError::Protocol(error) => io::Error::other(error),
    }
}

/// The compositor that the environment names, or one in the usual place: a daemon may be started before it.
fn connect(environment: &Environment) -> Result<UnixStream, String> {
    let named = environment.variable("WAYLAND_DISPLAY").filter(|name| !name.is_empty());
    let folder = environment.variable("XDG_RUNTIME_DIR").map(PathBuf::from).unwrap_or_default();
    let names = named.map_or_else(|| USUAL.map(PathBuf::from).to_vec(), |name| vec![PathBuf::from(name)]);
    let mut reason = "there is no Wayland compositor".to_owned();
    for name in names {
        // An absolute name stays as it is.
        match UnixStream::connect(folder.join(&name)) {
            Ok(socket) => return Ok(socket),
            Err(error) if named.is_some() => reason = format!("{}: {error}", name.display()),
            Err(_) => {}
        }
    }
    Err(reason)
}

impl Dispatch<wl_registry::WlRegistry, ()> for Heard {
    fn event(
        heard: &mut Self,
        registry: &wl_registry::WlRegistry,
        event: wl_registry::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        let wl_registry::Event::Global { name, interface, .. } = event else { return };
        if interface == wl_seat::WlSeat::interface().name && heard.seat.is_none() {
            heard.seat = Some(registry.bind(name, 1, handle, ()));
        } else if interface == ext_idle_notifier_v1::ExtIdleNotifierV1::interface().name {
            heard.notifier = Some(registry.bind(name, 1, handle, ()));
        }
    }
}

impl Dispatch<ext_idle_notification_v1::ExtIdleNotificationV1, ()> for Heard {
    fn event(
        heard: &mut Self,
        _: &ext_idle_notification_v1::ExtIdleNotificationV1,
        event: ext_idle_notification_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            ext_idle_notification_v1::Event::Idled => heard.news.push(true),
            ext_idle_notification_v1::Event::Resumed => heard.news.push(false),
            // Later versions of the protocol are not bound.
            _ => {}
        }
    }
}

delegate_noop!(Heard: ignore wl_seat::WlSeat);
delegate_noop!(Heard: ignore wayland_client::protocol::wl_callback::WlCallback);
delegate_noop!(Heard: ignore ext_idle_notifier_v1::ExtIdleNotifierV1);
