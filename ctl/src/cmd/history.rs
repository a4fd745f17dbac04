//! `history`: what came and went.

use xmppd_proto::Timestamp;
use xmppd_proto::reply::{Direction, HistoryReport, Message, MessageState};
use xmppd_proto::request;

use crate::report::Stop;
use crate::screen::{Paint, Screen};
use crate::session::{Answer, Session};
use crate::{text, time};

/// Show the last messages
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Of the chat with this JID alone
    jid: Option<String>,
    /// Not older than this: 2h, 18:00, "yesterday 07:30", 2026-11-22
    #[arg(long, value_name = "TIME", value_parser = time::since)]
    since: Option<Timestamp>,
    /// Older than this
    #[arg(long, value_name = "TIME", value_parser = time::since)]
    until: Option<Timestamp>,
    /// With all of these words in them; a * at the end of a word stands for any end
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    search: Option<String>,
    /// At most so many, up to 1000
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let Args { jid, since, until, search, limit } = args;
    let account = session.global.account.clone();
    let call = request::History { jid, since, until, search, limit: Some(limit), account };
    session.run(&call, Answer::Data, lines)
}

fn lines(report: &HistoryReport, screen: &Screen) -> String {
    let first = report.messages.first().map(|message| &message.account);
    let several = report.messages.iter().any(|message| Some(&message.account) != first);
    // What was corrected is seen as it was meant; `--json` has both.
    let valid = report.messages.iter().filter(|message| message.replaced_by.is_none());
    let is_unread = |message: &Message| {
        let is_first = |first: &&Message| first.unread && first.replaced_by.as_ref() == Some(&message.id);
        message.unread || message.replaces.is_some() && report.messages.iter().any(|first| is_first(&first))
    };
    valid.map(|message| entry(message, is_unread(message), several, screen)).collect()
}

fn entry(message: &Message, is_unread: bool, several: bool, screen: &Screen) -> String {
    let (arrow, who) = match message.direction {
        Direction::In => ("←", &message.from),
        Direction::Out => ("→", &message.to),
    };
    let account = if several { format!("{}  ", text::line(&message.account)) } else { String::new() };
    // Of a contact the program is of no interest; in a room it is who speaks.
    let who = if message.room.is_some() { who } else { who.split('/').next().unwrap_or_default() };
    let who = text::line(who).into_owned();
    let stamp = screen.paint(Paint::Faint, &time::clock(message.timestamp, screen.now));
    let notes = notes(message, is_unread);
    let notes = if notes.is_empty() { notes } else { screen.paint(Paint::Faint, &format!("  ({notes})")) };
    let said = words(message);
    format!("{stamp}  {account}{arrow} {}  {said}{notes}\n", screen.paint(Paint::Strong, &who))
}

/// The subject and the text; further lines are indented, so that foreign text cannot pass for a line of ours.
fn words(message: &Message) -> String {
    let subject = message.subject.as_ref().map(|subject| format!("[{subject}]"));
    let hidden = message.encrypted.as_deref().filter(|_| message.body.is_none()).map(text::unreadable);
    let parts: Vec<&str> =
        subject.as_deref().into_iter().chain(message.body.as_deref()).chain(hidden.as_deref()).collect();
    parts.join(" ").lines().map(text::line).collect::<Vec<_>>().join("\n    ")
}

fn notes(message: &Message, is_unread: bool) -> String {
    let state = message.state.filter(|state| *state != MessageState::Sent).map(|state| told(state, message));
    let unread = is_unread.then_some("unread");
    let corrected = message.replaces.is_some().then_some("corrected");
    let replied = message.reply_to.is_some().then_some("a reply");
    let retracted = message.retracted.then_some("taken back");
    let words = unread.into_iter().chain(corrected).chain(replied).chain(retracted).map(str::to_owned);
    let words = state.into_iter().chain(words);
    let reactions = message
        .reactions
        .iter()
        .map(|reaction| format!("{} {}", text::line(&reaction.from), text::line(&reaction.emojis.concat())));
    words.chain(reactions).collect::<Vec<_>>().join(", ")
}

/// `failed: remote-server-not-found`
fn told(state: MessageState, message: &Message) -> String {
    let reason = message.reason.as_deref().map(|reason| format!(": {}", text::line(reason))).unwrap_or_default();
    format!("{}{reason}", state.as_str())
}
