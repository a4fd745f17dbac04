//! Watches the media players of the session over MPRIS and tells what they do, one latest state a player.
//! Which of them counts, when its track is settled and what of it may be told is decided in the core.
//!
//! Nothing is polled and nobody is started by looking: with nothing playing differently, nothing wakes.

pub(crate) mod chooser;
mod convert;
mod dialogue;
mod filter;
mod metadata;
mod session;
mod table;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use xmppd_core::players::Observation;

use session::{Ended, Session};
use table::Table;

use crate::bus::{Bus, BusState, Pauses};

/// How long a player, or the bus, may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watches over a connection of its own while `wanted`, until nobody receives `observations`.
///
/// A slow receiver delays nothing and misses only states in between. Without a bus `state` says so and it is tried
/// again after growing pauses; when the bus goes away, or watching is not wanted any more, all players vanish first.
pub(crate) async fn watch(
    bus: Bus,
    mut wanted: watch::Receiver<bool>,
    observations: mpsc::Sender<Observation>,
    state: watch::Sender<BusState>,
) {
    let mut pauses = Pauses::new();
    loop {
        if !*wanted.borrow_and_update() {
            state.send_replace(BusState::Missing { reason: "players are not looked at: tune.enabled is false".into() });
        }
        if wanted.wait_for(|wanted| *wanted).await.is_err() {
            return;
        }
        let reason = match bus.listen(PATIENCE).await {
            Ok(connection) => {
                let mut table = Table::default();
                let session = Session::new(&connection, &mut table, &observations);
                let watched = session.run(|| {
                    pauses.reset();
                    state.send_replace(BusState::Present);
                });
                let ended = tokio::select! {
                    ended = watched => ended,
                    _ = wanted.wait_for(|wanted| !*wanted) => Ended::Lost("players are not looked at".to_owned()),
                };
                match ended {
                    Ended::Unwanted => return,
                    Ended::Lost(reason) => {
                        if tell_all(table.farewell(), &observations).await.is_err() {
                            return;
                        }
                        reason
                    }
                }
            }
            Err(error) => error.to_string(),
        };
        tracing::debug!(reason, "players cannot be watched");
        if !*wanted.borrow() {
            continue;
        }
        state.send_replace(BusState::Missing { reason });
        tokio::select! {
            () = tokio::time::sleep(pauses.step()) => {}
            () = observations.closed() => return,
        }
    }
}

async fn tell_all(
    farewell: Vec<Observation>,
    observations: &mpsc::Sender<Observation>,
) -> Result<(), mpsc::error::SendError<Observation>> {
    for vanished in farewell {
        observations.send(vanished).await?;
    }
    Ok(())
}
