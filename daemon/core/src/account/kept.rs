//! A session as it outlives the process: what it is resumed by, how far both sides had come, and the messages that the
//! server may not have (XEP-0198 section 5); and how far the account's archive is known.

use std::time::Duration;

use jid::{BareJid, FullJid, Jid};

use super::output::{Aside, Incoming};
use super::recent::Noted;
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
    /// Who has not asked yet can be let see our presence (RFC 6121 section 3.4); told when a session begins.
    pub pre_approval: bool,
    /// We are invisible in it (XEP-0186).
    pub hidden: bool,
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
    /// To whom it goes.
    pub to: Jid,
    /// Which of our stanzas in the session it is, counted from 1, modulo 2^32. None while it has no place in it.
    pub position: Option<u32>,
    /// It had a place in a session before.
    pub tried: bool,
    /// The id is the asker's own, and this tells what was asked for under it.
    pub chosen: Option<String>,
    /// So often it came back, or was set aside, and is sent all the same.
    pub returned: u8,
    /// The id of the message of ours that it takes the place of (XEP-0308).
    pub replaces: Option<String>,
    /// The whole stanza. Empty where no text is kept of a message that the server has taken.
    pub stanza: String,
    /// When it was taken to be sent.
    pub origin: Origin,
}

impl KeptMessage {
    /// Whether it is among the first `h` stanzas of the session, both modulo 2^32.
    pub(super) fn is_covered(&self, h: u32) -> bool {
        self.position.is_some_and(|position| h.wrapping_sub(position) < 1 << 31)
    }

    /// Whether it may have been written in a session that is gone, and whether it arrived is not known.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.tried && self.position.is_none()
    }

    /// Whether it may have been written at all.
    pub(super) fn may_be_written(&self) -> bool {
        self.tried || self.position.is_some()
    }
}

/// A message that is kept for its author, and not sent by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAside {
    /// The message.
    pub message: KeptMessage,
    /// Why it is not sent.
    pub aside: Aside,
    /// The same, for people.
    pub reason: String,
}

/// When a message was taken to be sent, by both measures: whether it ever reached the account's archive is to be seen
/// behind this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The time.
    pub at: Wall,
    /// The border of the archive at that time; none when there was none, or it was not known.
    pub after: Option<String>,
}

/// How far the account's archive is known (XEP-0313): what comes after it is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Border {
    /// The id of the last message that is known; none while the archive is known to be empty.
    pub id: Option<String>,
    /// When that came.
    pub at: Wall,
}

/// What is known of the messages that came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// How far the archive is known; none when that did not change.
    pub border: Option<Border>,
    /// Under these names watchers were told of messages: should one come again, it is not news.
    pub told: Vec<String>,
    /// How far rooms are known.
    pub rooms: Vec<(BareJid, Border)>,
    /// Messages for the history.
    pub messages: Vec<Incoming>,
    /// At which places of their rooms messages of ours are shown.
    pub shown: Vec<Shown>,
    /// What was said of messages, those among them.
    pub notes: Vec<Noted>,
}

/// A message of ours in its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The room.
    pub room: BareJid,
    /// The message's id.
    pub id: String,
    /// The one that the room gave it (XEP-0359).
    pub place: String,
}

/// A room that the account remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRoom {
    /// Which.
    pub jid: BareJid,
    /// What it is called.
    pub name: Option<String>,
    /// The nickname to enter with.
    pub nick: Option<String>,
    /// It is entered at the start of a session.
    pub autojoin: bool,
    /// The server remembers it, too.
    pub bookmarked: bool,
    /// How far what was said is known; none when nothing is.
    pub border: Option<Border>,
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

    #[test]
    fn positions_are_compared_over_the_wrap() {
        let check = |position: Option<u32>, h: u32, expected| {
            let origin = Origin { at: Wall::default(), after: None };
            let message = KeptMessage {
                id: "1".into(),
                to: Jid::new("juliet@verona.example").expect("a JID"),
                position,
                tried: false,
                chosen: None,
                returned: 0,
                replaces: None,
                stanza: String::new(),
                origin,
            };
            assert_eq!(message.is_covered(h), expected, "{position:?}, {h}");
        };
        check(Some(1), 0, false);
        check(Some(1), 1, true);
        check(Some(2), 1, false);
        check(Some(u32::MAX), 0, true);
        check(Some(0), u32::MAX, false);
        check(None, u32::MAX, false);
    }
}
