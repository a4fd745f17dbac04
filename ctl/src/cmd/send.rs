//! `send`: one message.

use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use xmppd_proto::reply::{MessageType, SendReport};
use xmppd_proto::request;
use xmppd_proto::{Failure, Kind, jsonrpc};

use super::upload;
use crate::client::Patience;
use crate::report::Stop;
use crate::screen::Screen;
use crate::session::{Answer, Session};
use crate::text;

/// How long a receipt is waited for when no limit is given.
const RECEIPT_WITHIN: Duration = Duration::from_secs(60);
/// The daemon keeps to the limit itself; its own answer comes first.
const GRACE: Duration = Duration::from_secs(2);

/// As much of standard input as fits into one request, however it is written there; far more than a message may have.
const LONGEST: usize = jsonrpc::MAX_LINE / 8;

/// Send a message; without a session, in the next one
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The recipient
    jid: String,
    /// The text; from standard input when `-`, or when left out without a file
    #[arg(allow_hyphen_values = true)]
    text: Option<String>,
    /// The subject
    #[arg(long, value_name = "S")]
    subject: Option<String>,
    /// A file to put at the server, its address following the text
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Your own id: the same one again does not send twice
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Correct your message with this id: what takes its place
    #[arg(long, value_name = "ID")]
    correct: Option<String>,
    /// Wait for the recipient's receipt (a minute, or -t)
    #[arg(long)]
    receipt: bool,
    /// chat, normal or headline
    #[arg(long = "type", value_name = "TYPE", value_enum, hide_possible_values = true)]
    message_type: Option<Type>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Type {
    Chat,
    Normal,
    Headline,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let text = match args.text {
        Some(text) if text != "-" => text,
        None if args.file.is_some() => String::new(),
        Some(_) | None => from_stdin(session)?,
    };
    let is_empty = text.trim().is_empty();
    if is_empty && args.file.is_none() {
        return Err(Failure::usage("the message is empty").into());
    }
    let limit = session.global.timeout.unwrap_or(RECEIPT_WITHIN);
    let mut call = request::Send {
        to: args.jid,
        body: text,
        subject: args.subject,
        url: None,
        id: args.id,
        again: false,
        correct: args.correct,
        receipt: args.receipt,
        no_wait: session.global.no_wait,
        timeout_ms: args.receipt.then_some(limit).map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
        message_type: args.message_type.map(|message_type| match message_type {
            Type::Chat => MessageType::Chat,
            Type::Normal => MessageType::Normal,
            Type::Headline => MessageType::Headline,
        }),
        account: session.global.account.clone(),
    };
    let limited = (args.receipt && !call.no_wait).then(|| limit.saturating_add(GRACE));
    let patience = || {
        let patience = session.patience(Some("sending …"));
        Patience { limit: limited.or(patience.limit), ..patience }
    };
    if let Some(path) = args.file.filter(|_| !session.global.print_request) {
        // What was sent under this id is not put at the server once more.
        if call.id.is_some() {
            call.again = true;
            match session.run_with(&call, patience(), Answer::Confirmation, line) {
                Err(Stop::Failure(failure)) if failure.kind == Kind::NotFound => call.again = false,
                answered => return answered,
            }
        }
        let url = upload::put(&path, &call.to, session)?;
        call.body = if is_empty { url.clone() } else { format!("{}\n{url}", call.body) };
        call.url = Some(url);
    }
    session.run_with(&call, patience(), Answer::Confirmation, line)
}

/// All of standard input, without its last line end.
pub(super) fn from_stdin(session: &Session) -> Result<String, Failure> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() && !session.global.quiet {
        eprintln!("the message, ended by Ctrl-D on a line of its own:");
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    let read = stdin.by_ref().take(limit).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(Kind::Unexpected, format!("cannot read standard input: {error}")))?;
    if bytes.len() == LONGEST {
        return Err(Failure::usage("standard input is too long for a message")
            .with_hint("what is longer can go as a file: `xmppctl send --file PATH JID`"));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| Failure::usage("standard input is not UTF-8 text"))?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

/// `sent juliet@verona.example ID`, and a file's address
pub(super) fn line(report: &SendReport, _: &Screen) -> String {
    let url = report.url.as_deref().map(|url| format!(" {}", text::line(url))).unwrap_or_default();
    format!("{} {} {}{url}\n", report.state.as_str(), text::line(&report.to), text::line(&report.id))
}
