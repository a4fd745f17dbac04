//! What the system tells the daemon by signals: end, or read the configuration again.

use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::exfiltrator::SignalOnly;
use signal_hook_tokio::SignalsInfo;
use tokio_stream::StreamExt;

/// A wish that a signal carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// SIGTERM, SIGINT.
    End,
    /// SIGHUP.
    Reload,
}

/// The signals of this process.
pub(crate) struct Signals(SignalsInfo<SignalOnly>);

impl Signals {
    /// Catches the signals from now on; needs the runtime.
    pub(crate) fn catch() -> io::Result<Self> {
        signal_hook_tokio::Signals::new([SIGTERM, SIGINT, SIGHUP]).map(Self)
    }

    /// The next wish. Several signals of a kind at once are one wish.
    pub(crate) async fn next(&mut self) -> Wish {
        match self.0.next().await {
            Some(SIGHUP) => Wish::Reload,
            // Nothing else is caught, and a stream that ended can tell nothing more.
            Some(_) | None => Wish::End,
        }
    }
}
