//! `send` and `ping`: what goes to somebody else and comes back.

use std::time::Duration;

use jid::Jid;
use tokio::sync::oneshot::error::RecvError;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use xmppd_core::account::{Command, Correcting, Outcome, Outgoing, Question};
use xmppd_core::stanza::{MessageKind, ping};
use xmppd_core::text;
use xmppd_proto::reply::{MessageState, MessageType, Pong, SendReport, SendState};
use xmppd_proto::request::{Ping, Send};
use xmppd_proto::{Change, Failure, Kind, Topic, Topics};

use super::account::unavailable;
use super::desk::{Desk, WAIT, encrypted_only, failed};
use crate::host;
use crate::store::OwnMessage;

/// A receipt is waited for so long when the asker does not say.
const RECEIPT_WITHIN: Duration = Duration::from_secs(60);
/// As many bytes as an id of an asker's may have.
const LONGEST_ID: usize = 128;

/// As many bytes as a file's address may have.
const LONGEST_URL: usize = 4096;

impl Desk {
    /// Sends, and answers when the server has it, or where that is asked for when the recipient has it.
    pub(super) async fn send(&self, params: Send) -> Result<SendReport, Failure> {
        if !params.receipt || params.no_wait {
            return self.hand_over(params).await;
        }
        let (name, _) = self.one(params.account.clone()).await?;
        if self.is_room(&name, &address(&params.to)?).await? {
            return Err(Failure::new(Kind::Unsupported, "nobody in a room sends receipts")
                .with_hint("without --receipt it is answered when the room shows the message"));
        }
        // Before the message leaves, lest the receipt be faster.
        let mut changes = self.hub.subscribe(Topics::of(&[Topic::Receipt])).await?;
        let limit = params.timeout_ms.map_or(RECEIPT_WITHIN, Duration::from_millis);
        let received = async {
            let is_asked_again = params.id.is_some();
            let report = self.hand_over(params).await?;
            if is_asked_again && self.is_received(&report).await? {
                return Ok(SendReport { state: SendState::Received, ..report });
            }
            loop {
                let Some(change) = changes.recv().await else {
                    // This watcher lagged too far behind, or the daemon is ending.
                    changes = self.hub.subscribe(Topics::of(&[Topic::Receipt])).await?;
                    continue;
                };
                let Change::Receipt(receipt) = &*change else { continue };
                if receipt.account != report.account || receipt.id != report.id {
                    continue;
                }
                match receipt.state {
                    MessageState::Queued | MessageState::Sent => {}
                    MessageState::Failed | MessageState::Uncertain => {
                        let reason = receipt.reason.as_deref().unwrap_or("nobody says why");
                        let text = format!("the message came back, or may not have arrived: {reason}");
                        return Err(Failure::new(Kind::Refused, text).with_hint("see `xmppctl outbox list`"));
                    }
                    MessageState::Received | MessageState::Displayed => {
                        return Ok(SendReport { state: SendState::Received, ..report });
                    }
                }
            }
        };
        timeout(limit, received).await.map_err(|_| unreceived())?
    }

    /// Whether the recipient of a message is known to have it already.
    async fn is_received(&self, report: &SendReport) -> Result<bool, Failure> {
        let to = address(&report.to)?.to_bare();
        let received = self.store.is_received(report.account.clone(), to, report.id.clone()).await;
        received.map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))
    }

    /// Answers when the server has it, or when it is kept for the next session.
    async fn hand_over(&self, params: Send) -> Result<SendReport, Failure> {
        let to = address(&params.to)?;
        let body = text::whole_lines(&params.body, text::BODY)
            .map_err(|text::TooLong| too_long("text", text::BODY))?
            .or_else(|| params.again.then(String::new))
            .ok_or_else(|| Failure::usage("the message is empty"))?;
        let only_again = params.again;
        if only_again && params.id.is_none() {
            return Err(Failure::usage("what was asked for before is known by its id"));
        }
        let kind = match params.message_type {
            None | Some(MessageType::Chat) => MessageKind::Chat,
            Some(MessageType::Normal) => MessageKind::Normal,
            Some(MessageType::Headline) => MessageKind::Headline,
            Some(MessageType::Groupchat) => MessageKind::Groupchat,
            Some(MessageType::Error) => return Err(Failure::usage("an error is nothing to send")),
        };
        let subject = match &params.subject {
            Some(subject) => {
                text::whole_line(subject, text::READ).map_err(|text::TooLong| too_long("subject", text::READ))?
            }
            None => None,
        };
        let url = params.url.map(web_address).transpose()?;
        self.may_be_read(&to).await?;
        let (name, account) = self.one(params.account).await?;
        let id = params.id.map(own_id).transpose()?;
        let (correcting, kind) = match params.correct {
            Some(corrected) => {
                let (correcting, in_room) = self.correcting(&name, &to, corrected).await?;
                (Some(correcting), if in_room { MessageKind::Groupchat } else { kind })
            }
            None => (None, kind),
        };
        let (receipt, no_wait) = (params.receipt, params.no_wait);
        let outgoing = Outgoing {
            id,
            only_again,
            to: to.clone(),
            kind,
            body,
            subject,
            receipt,
            url: url.clone(),
            correcting,
            no_wait,
        };
        let answer = account.ask(|ticket| Command::Send(ticket, outgoing)).map_err(unavailable)?;
        let (id, state) = match sent(&name, timeout(WAIT, answer).await) {
            Err(failure) if failure.hint.is_none() && to.is_bare() => {
                let is_room = self.is_room(&name, &to).await?;
                return Err(not_in(failure, &to, is_room));
            }
            sent => sent?,
        };
        Ok(SendReport { account: name, id, state, to: to.to_string(), url })
    }

    /// What a correction is of, if that is a message of ours to the same recipient that may have arrived, or will; and
    /// whether it is said in a room.
    async fn correcting(&self, account: &str, to: &Jid, id: String) -> Result<(Correcting, bool), Failure> {
        let found = self.store.own_message(account.to_owned(), to.to_bare(), id.clone()).await;
        let found = found.map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))?;
        let is_room = self.is_room(account, to).await?;
        // What was said to one in a room is not for all, nor for another one there, and what was said to all not for one.
        let is_meant = |found: &OwnMessage| match found.in_room {
            true => to.is_bare(),
            false => !is_room || !to.is_bare() && found.recipient == to.as_str(),
        };
        let Some(found) = found.filter(|found| !found.is_retracted && is_meant(found)) else {
            let text = format!("no message of yours to {to} is known by the id {id}");
            return Err(Failure::new(Kind::NotFound, text).with_hint("`xmppctl --json history` tells the ids"));
        };
        if found.is_aside {
            let text = format!("the message {id} has not arrived, or may not have");
            return Err(Failure::new(Kind::Conflict, text)
                .with_hint("`xmppctl outbox` says why; `outbox cancel` takes it off the list, then write it again"));
        }
        Ok((Correcting { first: found.first, behind: found.behind }, found.in_room))
    }

    /// Fails when no plain text may go there. The account holds to it, too, for what was taken before.
    pub(super) async fn may_be_read(&self, to: &Jid) -> Result<(), Failure> {
        let to = to.to_bare();
        let chats = self.hub.read(|_, config| config.messages.encrypted_only()).await?;
        if chats.iter().any(|chat| chat.matches(to.as_str())) { Err(encrypted_only()) } else { Ok(()) }
    }

    /// Asks somebody, or the account's own server, for a sign of life (XEP-0199).
    pub(super) async fn ping(&self, params: Ping) -> Result<Pong, Failure> {
        let (name, account) = self.one(params.account).await?;
        let to = match &params.jid {
            Some(jid) => address(jid)?,
            None => self.server_of(&name).await?,
        };
        let question = Question { to: Some(to.clone()), set: false, payload: ping::request() };
        let started = host::now().moment;
        let answer = account.ask(|ticket| Command::Ask(ticket, question)).map_err(unavailable)?;
        let limit = params.timeout_ms.map_or(WAIT, Duration::from_millis);
        let outcome = timeout(limit, answer)
            .await
            .map_or(Outcome::TimedOut, |outcome| outcome.unwrap_or(Outcome::NotOnline(None)));
        let taken = host::now().moment - started;
        let Outcome::Answer(_) = outcome else { return Err(failed(&name, outcome)) };
        Ok(Pong {
            account: name,
            from: to.to_string(),
            round_trip_ms: u64::try_from(taken.as_millis()).unwrap_or(u64::MAX),
        })
    }

    pub(super) async fn server_of(&self, account: &str) -> Result<Jid, Failure> {
        let account = account.to_owned();
        let jid = self
            .hub
            .read(move |state, _| {
                state.account.accounts.iter().find(|info| info.account == account).map(|info| info.jid.clone())
            })
            .await?;
        let jid = address(&jid.unwrap_or_default())?;
        address(jid.domain().as_str())
    }
}

/// How far a message has come, with its id, by what its account answered in time.
pub(super) fn sent(
    account: &str,
    answer: Result<Result<Outcome, RecvError>, Elapsed>,
) -> Result<(String, SendState), Failure> {
    match answer.map_err(|_| unacknowledged())?.unwrap_or(Outcome::NotOnline(None)) {
        Outcome::Sent(id) => Ok((id, SendState::Sent)),
        Outcome::Queued(id) => Ok((id, SendState::Queued)),
        outcome @ (Outcome::Delivered(_)
        | Outcome::Answer(_)
        | Outcome::Refused(_)
        | Outcome::NotOnline(_)
        | Outcome::TimedOut
        | Outcome::NotKept(_)
        | Outcome::Withheld
        | Outcome::Invisible
        | Outcome::Occupants(..)
        | Outcome::Outside
        | Outcome::TooLate
        | Outcome::IdTaken(_)
        | Outcome::Unknown
        | Outcome::Unsupported
        | Outcome::Exposed(_)
        | Outcome::Done) => Err(failed(account, outcome)),
    }
}

/// A message that did not get into a room, or into what may be one, with the way in.
fn not_in(failure: Failure, to: &Jid, is_room: bool) -> Failure {
    let hint = match failure.condition.as_deref() {
        Some("service-unavailable" | "not-acceptable") if !is_room && to.node().is_some() => {
            format!("if it is a room, `xmppctl room join {to}` enters it")
        }
        Some("not-authorized") if is_room => format!("`xmppctl room join {to} --password-file FILE` enters it"),
        Some(_) if is_room => format!("`xmppctl room join {to}` tries to enter it; then send it again"),
        Some(_) | None => return failure,
    };
    failure.with_hint(hint)
}

/// An address that a person gave.
pub(super) fn address(text: &str) -> Result<Jid, Failure> {
    Jid::new(text).map_err(|error| {
        Failure::usage(format!("{text:?} is not a JID: {error}")).with_hint("write it as juliet@capulet.example")
    })
}

/// A text that is never cut is too long.
fn too_long(what: &str, limit: text::Limit) -> Failure {
    let limit = match limit {
        text::Limit::Bytes(limit) => format!("{limit} bytes"),
        text::Limit::CodePoints(limit) => format!("{limit} characters"),
    };
    let failure = Failure::usage(format!("the {what} is too long: it may have {limit}"));
    failure.with_hint("what is longer can go as a file: `xmppctl send --file PATH JID`")
}

/// Where a file is, as an asker says.
fn web_address(url: String) -> Result<String, Failure> {
    let is_one = ["https://", "http://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
    let is_clean = url.len() <= LONGEST_URL && url.chars().all(|it| !it.is_whitespace() && !it.is_control());
    if is_one && is_clean { Ok(url) } else { Err(Failure::usage(format!("{url:?} is no address of the web"))) }
}

/// An id that an asker has chosen.
fn own_id(id: String) -> Result<String, Failure> {
    let is_one =
        !id.is_empty() && id.len() <= LONGEST_ID && id.chars().all(|it| !it.is_whitespace() && !it.is_control());
    if is_one {
        return Ok(id);
    }
    Err(Failure::usage(format!("{id:?} is no id: write up to {LONGEST_ID} bytes without blanks, as backup-2026-11-22")))
}

fn unreceived() -> Failure {
    Failure::new(Kind::TimedOut, "no receipt came in time; the message stays sent")
}

fn unacknowledged() -> Failure {
    Failure::new(Kind::TimedOut, "the server has not acknowledged the message yet; it may arrive")
}
