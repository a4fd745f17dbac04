//! The webhook: players and plug-ins post what they play over HTTP, to a listener on the loopback that is there only when
//! the configuration says so. Here are the socket and its limits; [`head`] judges a request before a byte of its body is
//! read, and what a post means is [`api`]'s.
//!
//! Anybody on this machine can reach it, and so can a page in a browser. Nothing is done without the token, nothing by
//! another method than POST, nothing for who names another host than the listener's own (DNS rebinding) or comes from
//! a page, and no page is given leave to read an answer. A connection carries one request.
//!
//! [`api`]: crate::api

mod answer;
mod body;
mod connection;
mod head;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api::{Api, Door, Doorway, WebhookState};
use crate::bus::Pauses;

/// How many may be connected at once; the next one is hung up on.
const MAX_CONNECTIONS: usize = 16;
/// The pause after a failure to accept, which is as a rule a lack of descriptors that lasts.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// The configuration has gone, and the daemon with it.
struct Ended;

/// Listens as long as, and where, `wanted` says; until its sender is lost.
pub(crate) async fn serve(mut wanted: watch::Receiver<Doorway>, api: Api, state: watch::Sender<WebhookState>) {
    let mut pauses = Pauses::new();
    loop {
        let doorway = wanted.borrow_and_update().clone();
        let ended = match doorway {
            Doorway::Walled => {
                state.send_replace(WebhookState::Off);
                changed(&mut wanted).await
            }
            Doorway::Barred(reason) => {
                state.send_replace(WebhookState::Closed { reason });
                changed(&mut wanted).await
            }
            Doorway::Door(door) => match TcpListener::bind(door.listen).await {
                Ok(listener) => {
                    pauses.reset();
                    state.send_replace(WebhookState::Open { address: door.address() });
                    listen(&listener, door, &api, &mut wanted).await
                }
                Err(error) => {
                    let reason = format!("{} cannot be listened on: {error}", door.listen);
                    state.send_replace(WebhookState::Closed { reason });
                    tokio::select! {
                        ended = changed(&mut wanted) => ended,
                        () = tokio::time::sleep(pauses.step()) => Ok(()),
                    }
                }
            },
        };
        if ended.is_err() {
            return;
        }
    }
}

/// Takes connections until something else is wanted than to listen here; those that are open are closed then.
async fn listen(
    listener: &TcpListener,
    door: Arc<Door>,
    api: &Api,
    wanted: &mut watch::Receiver<Doorway>,
) -> Result<(), Ended> {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            ended = changed(wanted) => return ended,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                connections.spawn(connection::serve(stream, door.clone(), api.clone()));
            }
            Ok(_) => tracing::debug!("too many are connected to the webhook"),
            Err(error) => {
                tracing::warn!(%error, "a connection to the webhook failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn changed(wanted: &mut watch::Receiver<Doorway>) -> Result<(), Ended> {
    wanted.changed().await.map_err(|_| Ended)
}
