//! `history`, `unread` and `ask`: messages that came and went. Keeping them is the store's.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jid::Jid;
use regex_lite::Regex;
use tokio::sync::mpsc;
use tokio::time::timeout;
use xmppd_core::account::{Command, Outcome};
use xmppd_core::time::Wall;
use xmppd_proto::reply::{
    AccountUnread, Direction, HistoryReport, Message, MessageState, Reaction, SendReport, UnreadReport,
};
use xmppd_proto::request::{History, Question, Send, Unread, UnreadClear};
use xmppd_proto::{Change, Failure, Kind, Timestamp, Topic, Topics};

use super::account::unavailable;
use super::desk::{Desk, failed};
use super::message::address;
use crate::hub;
use crate::store::{HistoryQuery, HistoryRow};

/// So many messages are shown when the asker does not say.
const SHOWN: u32 = 50;
/// So many at most.
const MOST: u32 = 1_000;
/// An answer is waited for so long when the asker does not say.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

impl Desk {
    /// The newest messages that are asked for, the oldest of them first.
    pub(super) async fn history(&self, params: History) -> Result<HistoryReport, Failure> {
        let accounts = self.names(params.account).await?;
        let limit = params.limit.unwrap_or(SHOWN).min(MOST);
        let search = params.search.unwrap_or_default();
        let mut query = HistoryQuery {
            chat: params.jid.as_deref().map(address).transpose()?.map(Jid::into_bare),
            since: params.since.map(wall),
            until: params.until.map(wall),
            words: search.split_whitespace().map(str::to_owned).collect(),
            limit,
            ..HistoryQuery::default()
        };
        let mut chronicles = Vec::new();
        for account in accounts {
            query.account.clone_from(&account);
            let rows = self.store.history(query.clone()).await;
            let rows = rows.map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))?;
            chronicles.push(rows.into_iter().map(|row| message(account.clone(), row)).collect());
        }
        let mut messages = merged(chronicles);
        if messages.is_empty() && !self.hub.read(|_, config| config.messages.history).await? {
            let failure = Failure::new(Kind::Policy, "messages are not kept");
            return Err(failure.with_hint("set history = true under [messages] in the configuration"));
        }
        let first = messages.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(HistoryReport { messages: messages.split_off(first) })
    }

    /// How many messages nobody has read.
    pub(super) async fn unread(&self, params: Unread) -> Result<UnreadReport, Failure> {
        let accounts = self.names(params.account).await?;
        self.hub
            .read(move |state, _| {
                let of = |account: String| {
                    let known = state.unread.accounts.iter().find(|known| known.account == account).cloned();
                    known.unwrap_or(AccountUnread { account, ..AccountUnread::default() })
                };
                UnreadReport { accounts: accounts.into_iter().map(of).collect() }
            })
            .await
    }

    /// Takes a chat as read, or every one.
    pub(super) async fn unread_clear(&self, params: UnreadClear) -> Result<UnreadReport, Failure> {
        let chat = params.jid.as_deref().map(address).transpose()?.map(Jid::into_bare);
        for (name, account) in self.running(params.account.clone()).await? {
            let chat = chat.clone();
            let answer = account.ask(|ticket| Command::Read(ticket, chat)).map_err(unavailable)?;
            let outcome = answer.await.unwrap_or(Outcome::NotOnline(None));
            let Outcome::Done = outcome else { return Err(failed(&name, outcome)) };
        }
        self.unread(Unread { account: params.account }).await
    }

    /// Sends a message and waits for what comes back.
    pub(super) async fn ask(&self, params: Question) -> Result<Message, Failure> {
        let pattern = params.pattern.as_deref().map(pattern).transpose()?;
        let from = address(&params.to)?.to_bare().to_string();
        let started = Timestamp::now();
        // Before the question leaves, lest the answer be faster.
        let mut changes = self.hub.subscribe(Topics::of(&[Topic::Message])).await?;
        let limit = params.timeout_ms.map_or(ANSWER_WITHIN, Duration::from_millis);
        let Question { to, body, account, .. } = params;
        let question = Send { account, ..Send::new(to, body) };
        let mut asked = None;
        let answered = async {
            let SendReport { account, id, .. } = &*asked.insert(self.send(question).await?);
            let is_answer = |message: &Message| {
                let is_from_there = message.account == *account && bare(&message.from) == from;
                // Who asks oneself has the question come, too.
                let is_echo = message.id == *id;
                let is_news = message.direction == Direction::In && message.timestamp >= started;
                let text = message.body.as_deref();
                is_from_there
                    && is_news
                    && !is_echo
                    && text.is_some_and(|text| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text)))
            };
            self.first(&mut changes, is_answer).await
        };
        if let Ok(answer) = timeout(limit, answered).await {
            return answer;
        }
        Err(self.unanswered(asked.as_ref()).await)
    }

    /// No answer came in time; a question that still waits leaves later.
    async fn unanswered(&self, asked: Option<&SendReport>) -> Failure {
        let failure = Failure::new(Kind::TimedOut, "no answer came in time");
        let Some(SendReport { account, id, .. }) = asked else {
            return failure.with_hint("the question may still leave: see `xmppctl outbox`");
        };
        let rows = self.store.outbox(account.clone()).await.unwrap_or_default();
        if !rows.iter().any(|row| row.id == *id) {
            return failure;
        }
        failure.with_hint(format!("the question still waits to be sent: `xmppctl outbox cancel {id}` takes it back"))
    }

    /// The first message of which this is true.
    async fn first(
        &self,
        changes: &mut mpsc::Receiver<Arc<Change>>,
        is_it: impl Fn(&Message) -> bool,
    ) -> Result<Message, Failure> {
        loop {
            match changes.recv().await.map(Arc::unwrap_or_clone) {
                Some(Change::Message(message)) if is_it(&message) => return Ok(*message),
                Some(_) => {}
                // This watcher lagged too far behind, or the daemon is ending.
                None => *changes = self.hub.subscribe(Topics::of(&[Topic::Message])).await?,
            }
        }
    }
}

/// Several accounts' messages in one row; each account's keep their order.
fn merged(chronicles: Vec<VecDeque<Message>>) -> Vec<Message> {
    let mut chronicles = chronicles;
    let mut messages = Vec::new();
    loop {
        let heads = chronicles.iter().enumerate().filter_map(|(place, own)| Some((own.front()?.timestamp, place)));
        let Some((_, place)) = heads.min() else { return messages };
        messages.extend(chronicles.get_mut(place).and_then(VecDeque::pop_front));
    }
}

fn message(account: String, row: HistoryRow) -> Message {
    let state = row.state.as_deref().and_then(|word| {
        let all = [
            MessageState::Queued,
            MessageState::Sent,
            MessageState::Received,
            MessageState::Displayed,
            MessageState::Failed,
            MessageState::Uncertain,
        ];
        all.into_iter().find(|state| state.as_str() == word)
    });
    let reactions = row.reactions.into_iter().map(|(from, emojis)| Reaction { from, emojis }).collect();
    Message {
        state,
        reason: row.reason,
        unread: row.is_unread,
        replaced_by: row.replaced_by,
        retracted: row.is_retracted,
        reactions,
        ..hub::message(account, row.message)
    }
}

fn wall(at: Timestamp) -> Wall {
    Wall::from_unix_millis(at.as_millisecond())
}

fn bare(jid: &str) -> &str {
    jid.split_once('/').map_or(jid, |(bare, _)| bare)
}

fn pattern(text: &str) -> Result<Regex, Failure> {
    Regex::new(text).map_err(|error| Failure::usage(format!("{text:?} is no regular expression: {error}")))
}
