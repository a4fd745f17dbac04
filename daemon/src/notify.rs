//! Words with the service manager (sd_notify(3)) and the socket it may have opened for us (sd_listen_fds(3)).
//! Without a service manager each of these does nothing.

use std::io;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use sd_notify::NotifyState;

/// Start-up is over.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is being read again; [`ready`] ends it. It carries the monotonic time that
/// `Type=notify-reload` asks for.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(stamp) => tell(&[NotifyState::Reloading, stamp]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// Shutdown has begun.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The event loop is alive. To be called from the loop itself, or a hang would go unnoticed.
pub(crate) fn watchdog() {
    tell(&[NotifyState::Watchdog]);
}

/// How often [`watchdog`] is to be called, half of the time allowed; `None` when nobody watches.
pub(crate) fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|allowed| allowed / 2).filter(|interval| !interval.is_zero())
}

/// The listening socket that the service manager passed, if it did. It may be taken once, before any thread is
/// started, for it also removes the variables from the environment. Fails when what was passed is something else.
pub(crate) fn activated_listener() -> io::Result<Option<UnixListener>> {
    listenfd::ListenFd::from_env().take_unix_listener(0)
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager cannot be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_service_manager_there_is_no_watchdog_and_no_socket() {
        assert_eq!(watchdog_interval(), None);
        assert!(activated_listener().unwrap().is_none());
    }
}
