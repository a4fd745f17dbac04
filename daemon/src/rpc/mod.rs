//! The JSON-RPC face: programs of this user, on a Unix socket, one JSON object a line. What a method means is [`api`]'s,
//! what goes over the wire is `proto`'s; here are the socket, the lines and the limits on both.
//!
//! [`api`]: crate::api

mod bucket;
mod connection;
mod frame;
mod hang_up;
mod lines;
mod listener;
mod output;
mod watcher;

#[cfg(test)]
mod connection_limits_tests;
#[cfg(test)]
mod connection_tests;
#[cfg(test)]
mod serve_tests;
#[cfg(test)]
mod testing;

use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use xmppd_proto::jsonrpc::{Error, Id, error_line};
use xmppd_proto::{Failure, Kind};

pub(crate) use listener::{ListenError, Listener};

use crate::api::{Api, Clients};
use connection::Connection;

/// How many programs may be connected at once.
const MAX_CLIENTS: usize = 64;

/// How long connections may take to send their last answers when the daemon ends.
const GRACE: Duration = Duration::from_secs(1);

/// The pause after a failure to accept, which is as a rule a lack of descriptors that lasts.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Serves the socket. When `leaving` holds `true`, the socket goes; when `over` does, the connections are closed, so
/// that who sees the end of one knows that the daemon has let go of everything. A lost sender counts as `true`.
/// Returns at most a second after `over`.
pub(crate) async fn serve(
    listener: Listener,
    api: Api,
    counts: Clients,
    mut leaving: watch::Receiver<bool>,
    mut over: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = ended(&mut leaving) => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok(stream) if !is_ours(&stream) => tracing::warn!("another user's program was turned away from the socket"),
            Ok(stream) if connections.len() >= MAX_CLIENTS => turn_away(&stream),
            Ok(stream) => {
                let connection = Connection::new(stream, api.clone(), counts.clone(), over.clone());
                connections.spawn(connection.run());
            }
            Err(error) => {
                tracing::warn!(%error, "a program's connection to the socket failed");
                let _ = timeout(ACCEPT_PAUSE, ended(&mut leaving)).await;
            }
        }
    }
    drop(listener);
    ended(&mut over).await;
    let closed = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, closed).await.is_err() {
        tracing::debug!("some programs did not take their last answers");
    }
}

/// Resolves once the daemon is to end.
async fn ended(end: &mut watch::Receiver<bool>) {
    // Without a sender nobody could say so any more, which is the end too.
    let _ = end.wait_for(|end| *end).await;
}

fn is_ours(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == rustix::process::geteuid().as_raw())
}

fn turn_away(stream: &UnixStream) {
    let failure = Failure::new(Kind::Policy, format!("{MAX_CLIENTS} programs are connected already"))
        .with_hint("end some of them, for instance `xmppctl watch`");
    let line = error_line(&Id::Null, &Error::from(failure));
    // A new socket's buffer is empty, so the line fits; a client that is gone needs none.
    let _ = rustix::io::write(stream, line.as_bytes());
}
