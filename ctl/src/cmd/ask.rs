//! `ask`: a message, and what comes back.

use std::time::Duration;

use xmppd_proto::reply::Message;
use xmppd_proto::request;

use super::send;
use crate::client::Patience;
use crate::report::Stop;
use crate::screen::Screen;
use crate::session::{Answer, Session};
use crate::text;

/// How long an answer is waited for when no limit is given.
const LIMIT: Duration = Duration::from_secs(60);
/// The daemon keeps to the limit itself; its own answer comes first.
const GRACE: Duration = Duration::from_secs(2);

/// Send a message, wait for the answer (a minute, or -t), and print its text
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The recipient
    jid: String,
    /// The text; from standard input when `-`
    #[arg(allow_hyphen_values = true)]
    text: String,
    /// Wait for an answer that this regular expression matches
    #[arg(long = "match", value_name = "REGEX", allow_hyphen_values = true)]
    pattern: Option<String>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let limit = session.global.timeout.unwrap_or(LIMIT);
    let body = if args.text == "-" { send::from_stdin(session)? } else { args.text };
    let call = request::Question {
        to: args.jid,
        body,
        pattern: args.pattern,
        account: session.global.account.clone(),
        timeout_ms: Some(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
    };
    let patience = session.patience(Some("waiting for the answer …"));
    let patience = Patience { limit: Some(limit.saturating_add(GRACE)), ..patience };
    session.run_with(&call, patience, Answer::Data, words)
}

fn words(message: &Message, _: &Screen) -> String {
    let lines = message.body.as_deref().unwrap_or_default().lines();
    lines.map(|line| format!("{}\n", text::line(line))).collect()
}
