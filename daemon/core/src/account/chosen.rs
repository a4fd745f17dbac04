//! Ids that askers have chosen: under each a message is sent once, however often it is asked for, and no other message. A
//! digest tells messages apart; what goes out under the id is the outbox's.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::context::Context;
use super::input::{Outgoing, Ticket};
use super::output::Outcome;

/// So many bytes of a digest are kept: nobody but the asker chooses what has the same.
const DIGEST: usize = 8;

/// Those of messages that have not arrived.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    keys: BTreeMap<String, Key>,
    /// Who asked for one of these again.
    askers: Vec<(String, Ticket)>,
}

#[derive(Debug)]
struct Key {
    digest: String,
    stage: Stage,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Who asked for it waits.
    Open,
    /// Who asked for it was told that it is kept.
    Kept,
}

impl Chosen {
    /// What another process was asked for: ids and digests.
    pub(super) fn restored(keys: Vec<(String, String)>) -> Self {
        let kept = |(id, digest)| (id, Key { digest, stage: Stage::Kept });
        Self { keys: keys.into_iter().map(kept).collect(), askers: Vec::new() }
    }

    /// A message is asked for under this id.
    pub(super) fn open(&mut self, id: &str, digest: &str) {
        self.keys.insert(id.to_owned(), Key { digest: digest.to_owned(), stage: Stage::Open });
    }

    /// The message with this id is not at the server after all.
    pub(super) fn reopen(&mut self, id: &str, digest: &str) {
        let kept = || Key { digest: digest.to_owned(), stage: Stage::Kept };
        self.keys.entry(id.to_owned()).or_insert_with(kept);
    }

    /// Whether an asker has chosen this id, for a message that has not arrived.
    pub(super) fn has(&self, id: &str) -> bool {
        self.keys.contains_key(id)
    }
}

impl Context {
    /// Whether a message was asked for before, under this id; then who asks again is told what becomes of that one. A
    /// message that `is_here`, by its id, is in the session that is.
    pub(super) fn asked_before(&mut self, ticket: Ticket, outgoing: &Outgoing, is_here: impl Fn(&str) -> bool) -> bool {
        let Some(id) = &outgoing.id else { return false };
        let digest = digest(outgoing);
        match self.outbox.chosen.keys.get(id) {
            Some(key) if key.digest != digest => self.reply(ticket, Outcome::IdTaken(id.clone())),
            Some(Key { stage: Stage::Open, .. }) => self.outbox.chosen.askers.push((id.clone(), ticket)),
            Some(Key { stage: Stage::Kept, .. }) => self.reply(ticket, Outcome::Queued(id.clone())),
            None => match self.asked_long_before(id, &digest, is_here) {
                Some(outcome) => self.reply(ticket, outcome),
                None if outgoing.only_again => self.reply(ticket, Outcome::Unknown),
                None => return false,
            },
        }
        true
    }

    /// The same of what has arrived, or is part of a message that has an id of its own.
    fn asked_long_before(&self, id: &str, digest: &str, is_here: impl Fn(&str) -> bool) -> Option<Outcome> {
        let start = format!("{} ", name(id, None));
        let Some(known) = self.inbox.name_after(&start) else {
            return self.inbox.knows(&name(id, None)).then(|| Outcome::Sent(id.to_owned()));
        };
        let (same, carrier) = known.split_once(' ').map_or((known, None), |(same, carrier)| (same, Some(carrier)));
        Some(match carrier {
            _ if same != digest => Outcome::IdTaken(id.to_owned()),
            Some(carrier) if is_here(carrier) || self.is_unsent(carrier) => Outcome::Queued(carrier.to_owned()),
            Some(carrier) => Outcome::Sent(carrier.to_owned()),
            None => Outcome::Sent(id.to_owned()),
        })
    }

    /// Whether a message waits for a session, or may: which are on the disk alone is not known here.
    fn is_unsent(&self, id: &str) -> bool {
        let mut waiting = self.outbox.unsent.iter().chain(self.outbox.to_rooms.iter());
        waiting.any(|unsent| unsent.letter.id == id)
            || self.asleep.as_ref().is_some_and(|asleep| asleep.has(id))
            || !self.backlog.is_empty()
    }

    /// Tells everybody who waits for a message what became of it.
    pub(super) fn answer(&mut self, ticket: Option<Ticket>, id: &str, outcome: &Outcome) {
        let askers = &mut self.outbox.chosen.askers;
        let again: Vec<Ticket> = askers.extract_if(.., |(asked, _)| asked == id).map(|(_, ticket)| ticket).collect();
        for ticket in ticket.into_iter().chain(again) {
            self.reply(ticket, outcome.clone());
        }
        if !matches!(outcome, Outcome::Queued(_)) {
            self.outbox.chosen.keys.remove(id);
        } else if let Some(key) = self.outbox.chosen.keys.get_mut(id) {
            key.stage = Stage::Kept;
        }
    }
}

/// The name under which a message is known once it has arrived; where its id was chosen, with its digest.
pub(super) fn name(id: &str, digest: Option<&str>) -> String {
    match digest {
        Some(digest) => format!("mine {id} {digest}"),
        None => format!("mine {id}"),
    }
}

/// The same of what is part of another message.
pub(super) fn name_inside(outgoing: &Outgoing, carrier: &str) -> Option<String> {
    let id = outgoing.id.as_deref()?;
    Some(format!("{} {carrier}", name(id, Some(&digest(outgoing)))))
}

/// What tells a message from others. A file is elsewhere each time it is put somewhere.
pub(super) fn digest(outgoing: &Outgoing) -> String {
    let Outgoing { to, body, subject, url, correcting, .. } = outgoing;
    let body = match url {
        Some(url) => body.strip_suffix(url.as_str()).unwrap_or(body).trim_end(),
        None => body,
    };
    let corrected = correcting.as_ref().map(|correcting| correcting.first.as_str());
    let mut hasher = Sha256::new();
    for part in [to.as_str(), body, subject.as_deref().unwrap_or_default(), corrected.unwrap_or_default()] {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().take(DIGEST).fold(String::new(), |mut digest, byte| {
        let _infallible = write!(digest, "{byte:02x}");
        digest
    })
}

#[cfg(test)]
mod tests {
    use jid::Jid;

    use super::*;
    use crate::account::Correcting;
    use crate::stanza::MessageKind;

    fn outgoing(to: &str, body: &str) -> Outgoing {
        Outgoing {
            id: Some("1".into()),
            only_again: false,
            to: Jid::new(to).expect("a JID"),
            kind: MessageKind::Chat,
            body: body.into(),
            subject: None,
            receipt: false,
            no_wait: false,
            url: None,
            correcting: None,
        }
    }

    #[test]
    fn messages_are_the_same_by_recipient_text_subject_and_what_they_correct() {
        let one = outgoing("juliet@verona.example", "One");
        let check = |other: Outgoing, same: bool| assert_eq!(digest(&one) == digest(&other), same, "{other:?}");
        check(Outgoing { receipt: true, no_wait: true, kind: MessageKind::Groupchat, ..one.clone() }, true);
        check(outgoing("juliet@verona.example", "Two"), false);
        check(outgoing("nurse@verona.example", "One"), false);
        check(Outgoing { subject: Some("One".into()), ..one.clone() }, false);
        let correcting = Some(Correcting { first: "0".into(), behind: None });
        check(Outgoing { correcting, ..one.clone() }, false);
    }

    #[test]
    fn a_file_is_the_same_wherever_it_is_put() {
        let file = |text: &str, url: &str| {
            let body = if text.is_empty() { url.to_owned() } else { format!("{text}\n{url}") };
            Outgoing { url: Some(url.to_owned()), ..outgoing("juliet@verona.example", &body) }
        };
        for text in ["", "The song:"] {
            let expected = digest(&outgoing("juliet@verona.example", text));
            assert_eq!(digest(&file(text, "https://verona.example/1")), expected);
            assert_eq!(digest(&file(text, "https://verona.example/22")), expected);
        }
    }
}
