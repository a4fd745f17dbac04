//! A session as it outlives the process: what it is resumed by, how far both sides had come, and the messages that the
//! server may not have (XEP-0198 section 5).

use std::time::Duration;

use jid::FullJid;

use crate::time::Wall;

/// How long a session is taken to be resumable when the server does not say.
const DEFAULT_MAX: Duration = Duration::from_secs(600);

/// A session whose stanzas are so rare that nothing of it was kept for longer than this is not looked for.
const UNUSED: Duration = Duration::from_secs(24 * 60 * 60);

/// A session on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSession {
    /// Our address in it.
    pub jid: FullJid,
    /// What it is resumed by.
    pub previd: String,
    /// How long the server keeps it without a connection.
    pub max: Option<Duration>,
    /// Host and port where the server wants it to be resumed.
    pub location: Option<(String, u16)>,
    /// The server wants to know whether anybody looks (XEP-0352): it may say so only when a session begins.
    pub client_state: bool,
    /// Stanzas of the server's whose effects are kept, modulo 2^32.
    pub handled: u32,
    /// When this was known to be so.
    pub at: Wall,
}

/// A message on the disk: written, or about to be, and not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMessage {
    /// Its id.
    pub id: String,
    /// Which of our stanzas in the session it is, counted from 1, modulo 2^32.
    pub position: u32,
    /// The whole stanza.
    pub stanza: String,
}

/// How long a session can be resumed, from the moment its connection was lost.
pub(super) fn lifetime(max: Option<Duration>) -> Duration {
    max.unwrap_or(DEFAULT_MAX)
}

/// Whether a session that lost its connection then can still be there.
pub(super) fn is_alive(lost: Wall, max: Option<Duration>, now: Wall) -> bool {
    let asleep = now.as_unix_millis().saturating_sub(lost.as_unix_millis());
    u64::try_from(asleep).is_ok_and(|asleep| Duration::from_millis(asleep) < lifetime(max))
}

/// Whether a session that was in use then can still be there, its connection having been lost nobody knows when.
pub(super) fn may_be_alive(used: Wall, max: Option<Duration>, now: Wall) -> bool {
    is_alive(used, Some(lifetime(max) + UNUSED), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lives_as_long_as_the_server_says() {
        let check = |max: Option<u64>, asleep: i64, expected| {
            let lost = Wall::from_unix_millis(1_000_000);
            let now = Wall::from_unix_millis(1_000_000 + asleep * 1_000);
            assert_eq!(is_alive(lost, max.map(Duration::from_secs), now), expected, "{max:?}, {asleep} s");
        };
        check(Some(60), 59, true);
        check(Some(60), 60, false);
        check(None, 599, true);
        check(None, 600, false);
        // A clock that stepped back tells nothing good.
        check(Some(60), -1, false);
    }
}
