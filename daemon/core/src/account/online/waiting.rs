//! What came while the archive is read. It can be read from there as well, so that no more than has a measure waits.

use super::super::recent::Said;

/// So many messages at most wait.
const LIMIT: usize = 500;
/// Nor more bytes of them.
const BYTES: usize = 1024 * 1024;

/// In the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    said: Vec<Said>,
    /// How many bytes that was, about.
    size: usize,
    /// More came than can wait, and none of it does.
    overflown: bool,
}

impl Waiting {
    pub(super) fn wait(&mut self, said: Said) {
        self.size += said.size();
        self.overflown |= self.said.len() >= LIMIT || self.size > BYTES;
        if self.overflown {
            self.said = Vec::new();
        } else {
            self.said.push(said);
        }
    }

    /// The archive has this one.
    pub(super) fn forget(&mut self, place: &String) {
        self.said.retain(|said| said.place() != Some(place));
    }

    /// Whether all of it is still to be read from the archive.
    pub(super) fn has_overflown(&self) -> bool {
        self.overflown
    }

    pub(super) fn into_all(self) -> Vec<Said> {
        self.said
    }
}

#[cfg(test)]
mod tests {
    use jid::Jid;

    use super::super::commits::Commits;
    use super::*;
    use crate::account::output::Incoming;
    use crate::stanza::MessageKind;
    use crate::time::Wall;

    fn check(count: usize, bytes: usize, fits: bool) {
        let (mut waiting, mut commits) = (Waiting::default(), Commits::default());
        for _ in 0..count {
            waiting.wait(said("x".repeat(bytes)));
            commits.said(said("x".repeat(bytes)));
        }
        assert_eq!((waiting.said.len() == count, waiting.has_overflown()), (fits, !fits), "{count} of {bytes} bytes");
        assert_eq!(commits.is_behind(), !fits || count == LIMIT, "{count} of {bytes} bytes");
    }

    fn said(body: String) -> Said {
        let juliet = Jid::new("juliet@verona.example").unwrap();
        Said::Text(Incoming {
            id: "m".into(),
            from: juliet.clone(),
            to: juliet,
            kind: MessageKind::Chat,
            body: Some(body),
            subject: None,
            encrypted: None,
            urls: Vec::new(),
            at: Wall::from_unix_millis(0),
            delayed: false,
            carbon: false,
            sent: false,
            place: None,
            origin: None,
            replaces: None,
            reply_to: None,
            markable: false,
            wants_receipt: false,
            room: None,
        })
    }

    #[test]
    fn what_waits_has_a_limit_by_number_and_by_size() {
        check(LIMIT, 100, true);
        check(LIMIT + 1, 100, false);
        check(3, 300 * 1024, true);
        check(4, 300 * 1024, false);
    }
}
