//! The daemon's face on the session bus: `org.xmppctl.Daemon1`, for people with `busctl` and for desktop programs.
//! It translates, and decides nothing: what is asked goes to [`crate::api`], what is shown comes from its events.
//!
//! Only callers of our own user are answered. What carries raw XML or a secret, and what answers with a stream, is on
//! the socket only.

mod account;
mod caller;
mod daemon;
mod refusal;
mod session;
#[cfg(test)]
mod tests;
mod view;
mod xesam;

use std::time::Duration;

use tokio::sync::watch;

use crate::{
    api::Api,
    bus::{Bus, BusState, Pauses},
};
use session::{Ended, Session};

pub(crate) use crate::bus::OUR_NAME as NAME;

/// The daemon's object; the accounts' are below it.
pub(crate) const PATH: &str = "/org/xmppctl/Daemon1";

/// How long the bus itself may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Serves over a connection of its own until the daemon ends. `uid` is the user whose calls are answered: our own.
///
/// Without a bus, or while another program has the name, `state` says so. A missing bus is tried again after growing
/// pauses; the name is waited for.
pub(crate) async fn serve(bus: Bus, api: Api, uid: u32, state: watch::Sender<BusState>) {
    let mut pauses = Pauses::new();
    loop {
        let reason = match bus.connect(PATIENCE).await {
            Ok(connection) => {
                let session = Session::new(connection, api.clone(), uid);
                let ended = session
                    .run(|reached| {
                        pauses.reset();
                        state.send_replace(reached);
                    })
                    .await;
                match ended {
                    Ended::Unwanted => return,
                    Ended::Lost(reason) => reason,
                }
            }
            Err(error) => error.to_string(),
        };
        tracing::debug!(reason, "not on the session bus");
        state.send_replace(BusState::Missing { reason });
        tokio::time::sleep(pauses.step()).await;
    }
}
