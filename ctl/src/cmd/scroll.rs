//! `scroll`: a text that runs through the status, or with `--dry-run` through the terminal alone.

use std::io::{IsTerminal, stdout};
use std::time::{Duration, Instant};

use xmppd_proto::reply::{LayerName, Part, ScrollFrames, StatusReport};
use xmppd_proto::request::{Scroll, ScrollOff, ScrollPreview};
use xmppd_proto::{Failure, duration, jsonrpc};

use super::layer::deciding;
use crate::client::REQUEST;
use crate::report::{self, Stop};
use crate::screen::{Paint, Screen};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};
use crate::{text, time};

/// The pause between two steps on a terminal, where nobody is told anything.
const FULL_SPEED: Duration = Duration::from_millis(120);

const AFTER_HELP: &str = "\
Examples:
  xmppctl scroll \"Out of office until Monday\" --dry-run
  xmppctl scroll \"Out of office until Monday\" --every 2s --for 10m --width 16
  xmppctl scroll off

Each step is a presence to all your contacts. A song that is to be published goes before, and
scrolling waits for it: `xmppctl doctor` shows the budget that they share.";

/// Let a text run through your status
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The text; or off
    text: String,
    /// The pause between two steps, 1s or more; 3s when left out
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    every: Option<Duration>,
    /// How long it scrolls; until `scroll off` when left out
    #[arg(long = "for", value_name = "DUR", value_parser = duration::parse)]
    lasts: Option<Duration>,
    /// How much of it is seen at once, 2 to 100 characters; 24 when left out
    #[arg(long, value_name = "N")]
    width: Option<u16>,
    /// Show it here, at full speed, and to nobody else
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let has_words = args.every.is_some() || args.lasts.is_some() || args.width.is_some();
    if args.text == "off" && !has_words && !args.dry_run {
        return session.run(&ScrollOff { account }, Answer::Confirmation, table);
    }
    if args.dry_run {
        return preview(ScrollPreview { text: args.text, width: args.width }, session);
    }
    let (every_ms, for_ms) = (args.every.map(millis), args.lasts.map(millis));
    let call = Scroll { text: args.text, every_ms, for_ms, width: args.width, account };
    session.run_with(&call, session.patience(Some("waiting for the server …")), Answer::Confirmation, table)
}

/// Shows the steps: on a terminal one over the other until it begins anew, or for `--timeout`; else a line each.
fn preview(call: ScrollPreview, session: &Session) -> Result<(), Stop> {
    if session.global.json || !stdout().is_terminal() {
        return session.run(&call, Answer::Data, |report, _| {
            report.frames.iter().map(|frame| format!("{}\n", text::line(frame))).collect()
        });
    }
    let line = jsonrpc::request_line(REQUEST, &call);
    session.print_request(&line)?;
    let result = session.connect()?.call(&line, session.patience(None))?;
    let report: ScrollFrames = serde_json::from_str(result.get()).map_err(|error| {
        Failure::new(xmppd_proto::Kind::ProtocolMismatch, format!("cannot read the answer: {error}"))
    })?;
    let end = session.global.timeout.and_then(|limit| Instant::now().checked_add(limit));
    let last = report.frames.len().saturating_sub(1);
    for (place, frame) in report.frames.iter().cycle().enumerate() {
        let is_last = end.map_or(place >= last, |end| Instant::now() >= end);
        // To the beginning of the line, and what stood there away.
        report::write(&format!("\r\u{1b}[2K{}{}", text::line(frame), if is_last { "\n" } else { "" }))?;
        if is_last {
            break;
        }
        std::thread::sleep(FULL_SPEED);
    }
    Ok(())
}

/// One row an account: what is seen of the text now.
fn table(report: &StatusReport, screen: &Screen) -> String {
    let mut table = Table::new(&["ACCOUNT", "UNTIL", "SEEN", "STATUS"]);
    for account in &report.accounts {
        let scroll = account.layers.iter().find(|layer| layer.layer == LayerName::Scroll);
        let until = scroll.and_then(|scroll| scroll.until).map(|until| time::clock(until, screen.now));
        let text = deciding(account, Part::Status);
        let seen = match (scroll, text.map(|text| text.layer)) {
            (None, _) => "nothing scrolls".to_owned(),
            (Some(_), Some(LayerName::Scroll)) => "yes".to_owned(),
            (Some(_), Some(other)) => format!("no, {} is above it", other.as_str()),
            (Some(_), None) => "no".to_owned(),
        };
        table.row(vec![
            painted(Paint::Strong, &account.account),
            cell(&until.unwrap_or_default()),
            cell(&seen),
            cell(account.effective.status.as_deref().unwrap_or_default()),
        ]);
    }
    table.render(screen)
}
