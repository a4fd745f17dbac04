//! `status`: what contacts see and why, setting it, with an end or while a command runs, and taking it back.

use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

use xmppd_proto::reply::{AccountStatus, ConnectionState, Delivery, Directed, Layer, LayerName, Part, StatusReport};
use xmppd_proto::request::{Status, StatusClear, StatusHold, StatusLayers, StatusSet, StatusThen};
use xmppd_proto::{Call, Failure, Show, Timestamp, Topic, duration, jsonrpc};

use super::layer::{deciding, source};
use super::{hold, watch};
use crate::client::REQUEST;
use crate::report::{self, Stop};
use crate::screen::{Paint, Screen, paint_of_show};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};
use crate::time;

const AFTER_HELP: &str = "\
Verbs:
  status                  what contacts see, and from which layer
  status clear --to JID   tell one contact again what all are told
  status clear [LAYER]    take back what you asked for: all that is above base, or base where
                          nothing is; or one of command, scroll, timed, base
  status layers           who says what, until when, who wins and why
  status watch            the same as `watch status`

Layers, highest first: command (-- COMMAND), scroll, timed (--for, --until), idle, tune, base. What
one leaves open, the next one under it says. Taking one away shows what is under it.

Examples:
  xmppctl status dnd \"In a meeting\" --for 1h30m --then online
  xmppctl status xa \"On holiday\" --until 2027-01-31T18:00:00+01:00
  xmppctl status away Lunch --until 13:30
  xmppctl status dnd Building -- make -j4
  xmppctl status online Free --to juliet@verona.example

With -- COMMAND the status lasts as long as the command. Its exit code is passed on: 128 and the
signal when it was killed, 127 when there is no such command, 126 when it cannot be run. Signals
are passed on to it.";

/// Show what contacts see, or set it
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// online (available), chat, away, xa, dnd (busy), offline, invisible; or a verb
    #[arg(value_name = "SHOW")]
    word: Option<Word>,
    /// The text beside it; what is under it shows when left out
    text: Option<String>,
    /// How long it lasts, by the wall clock: 90s, 25m, 1h30m, 2d
    #[arg(long = "for", value_name = "DUR", value_parser = duration::parse, group = "end", requires = "word")]
    lasts: Option<Duration>,
    /// Until when it lasts: 18:00 (the next one), "tomorrow 07:30", or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = time::until, group = "end", requires = "word")]
    until: Option<Timestamp>,
    /// What follows when its time is over; what was there before when left out
    #[arg(long, num_args = 1..=2, value_names = ["SHOW", "TEXT"], requires = "end", conflicts_with = "command")]
    then: Vec<String>,
    /// Which of your clients gets messages first, -128 to 127
    #[arg(long, value_name = "N", allow_negative_numbers = true, requires = "word")]
    priority: Option<i8>,
    /// Tell one contact alone; with `clear`, take that back
    #[arg(long, value_name = "JID", requires = "word", conflicts_with_all = ["then", "priority", "command"])]
    to: Option<String>,
    /// A command; the status lasts as long as it runs
    #[arg(last = true, value_name = "COMMAND", requires = "word")]
    command: Vec<OsString>,
}

/// The first word behind `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Show(Show),
    Clear,
    Layers,
    Watch,
}

impl FromStr for Word {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "clear" => Ok(Self::Clear),
            "layers" => Ok(Self::Layers),
            "watch" => Ok(Self::Watch),
            show => show.parse().map(Self::Show).map_err(|error| format!("{error}; or: clear, layers, watch")),
        }
    }
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    match args.word {
        None => session.run(&Status { account }, Answer::Data, |report, screen| {
            report.accounts.iter().filter_map(refusal).for_each(|failure| report::tell(&failure, false));
            table(report, screen)
        }),
        Some(Word::Show(show)) if args.command.is_empty() => set(args, show, session),
        Some(Word::Show(show)) => {
            let (status, priority) = (text(args.text), args.priority);
            let (for_ms, until) = (args.lasts.map(millis), args.until);
            let hold = StatusHold { show, status, priority, for_ms, until, by: None, account };
            hold::run(hold, &args.command, session)
        }
        Some(Word::Clear) => {
            let (word, to) = (args.text.clone(), args.to.clone());
            alone(&Args { to: None, ..args }, "clear", word.as_ref())?;
            let layer = word.map(|word| word.parse::<LayerName>()).transpose();
            let layer = layer.map_err(|error| Failure::usage(error.to_string()))?;
            let (wait_ms, no_wait) = (session.timeout_ms(), session.global.no_wait);
            let call = StatusClear { layer, to, account, wait_ms, no_wait };
            change(&call, session, table)
        }
        Some(Word::Layers) => {
            alone(&args, "layers", None)?;
            session.run(&StatusLayers { account }, Answer::Data, layers)
        }
        Some(Word::Watch) => {
            alone(&args, "watch", None)?;
            watch::run(watch::Args { topics: vec![Topic::Status] }, session)
        }
    }
}

fn set(args: Args, show: Show, session: &Session) -> Result<(), Stop> {
    let then = args.then.split_first().map(|(word, rest)| {
        let show = word.parse().map_err(|error| Failure::usage(format!("--then: {error}")))?;
        Ok::<_, Failure>(StatusThen { show, status: text(rest.first().cloned()) })
    });
    let has_end = args.lasts.is_some() || args.until.is_some();
    let call = StatusSet {
        status: text(args.text),
        priority: args.priority,
        for_ms: args.lasts.map(millis),
        until: args.until,
        to: args.to,
        then: then.transpose()?,
        account: session.global.account.clone(),
        wait_ms: session.timeout_ms(),
        no_wait: session.global.no_wait,
        ..StatusSet::new(show)
    };
    let name = if has_end { LayerName::Timed } else { LayerName::Base };
    let told_to_one = call.to.is_some();
    change(&call, session, |report, screen| {
        if let Some(above) = above(report, name).filter(|_| !told_to_one) {
            eprintln!(
                "xmppctl: {above} is above it; `xmppctl status layers` shows why, `xmppctl status clear {above}` takes it away"
            );
        }
        table(report, screen)
    })
}

/// Makes a change and prints what became of it in each account; the first one's failure is the exit code.
fn change<C: Call<Reply = StatusReport>>(
    call: &C,
    session: &Session,
    print: impl FnOnce(&StatusReport, &Screen) -> String,
) -> Result<(), Stop> {
    let line = jsonrpc::request_line(REQUEST, call);
    session.print_request(&line)?;
    let result = session.connect()?.call(&line, session.patience(Some("waiting for the server …")))?;
    session.print_result::<C>(&result, Answer::Confirmation, print)?;
    let report: StatusReport = session.read::<C>(&result)?;
    let failures: Vec<Failure> = report.accounts.iter().filter_map(refusal).collect();
    failures.iter().for_each(|failure| report::tell(failure, session.global.json));
    failures.first().map_or(Ok(()), |failure| Err(Stop::Exit(failure.code())))
}

/// Why an account's presence is not as was asked for.
fn refusal(account: &AccountStatus) -> Option<Failure> {
    let failure = account.error.clone()?;
    Some(Failure { message: format!("{}: {}", account.account, failure.message), ..failure })
}

/// The layer that shows in place of the one that was set, where that is asked for.
fn above(report: &StatusReport, name: LayerName) -> Option<&'static str> {
    let mut decides = report.accounts.iter().filter_map(|account| deciding(account, Part::Show));
    let above = decides.find(|layer| match layer.layer {
        LayerName::Command => true,
        LayerName::Timed => name == LayerName::Base,
        LayerName::Base | LayerName::Idle | LayerName::Tune | LayerName::Scroll => false,
    });
    above.map(|layer| layer.layer.as_str())
}

/// A verb that is not a show takes no words but its own.
fn alone(args: &Args, verb: &str, own: Option<&String>) -> Result<(), Failure> {
    let has_end = args.lasts.is_some() || args.until.is_some();
    if has_end || args.to.is_some() || args.priority.is_some() || !args.command.is_empty() || args.text.as_ref() != own
    {
        return Err(Failure::usage(format!("`status {verb}` takes none of these words"))
            .with_hint("see `xmppctl status --help`"));
    }
    Ok(())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn text(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// One row an account.
fn table(report: &StatusReport, screen: &Screen) -> String {
    let mut table = Table::new(&["ACCOUNT", "SHOW", "PRIORITY", "FROM", "DELIVERY", "STATUS"]);
    for account in &report.accounts {
        let effective = &account.effective;
        table.row(vec![
            painted(Paint::Strong, &account.account),
            painted(paint_of_show(effective.show), effective.show.as_str()),
            cell(&effective.priority.to_string()),
            cell(&source(account, screen.now)),
            painted(paint_of_delivery(account.delivery), &delivery(account)),
            // Last, for it is what may be cut.
            cell(effective.status.as_deref().unwrap_or_default()),
        ]);
        for Directed { to, show, status, until } in &account.directed {
            let until = until.map(|until| format!(" until {}", time::clock(until, screen.now))).unwrap_or_default();
            table.row(vec![
                cell(""),
                painted(paint_of_show(*show), show.as_str()),
                cell(""),
                cell(&format!("to {to}{until}")),
                cell(""),
                cell(status.as_deref().unwrap_or_default()),
            ]);
        }
    }
    table.render(screen)
}

/// One row a layer, the highest first.
fn layers(report: &StatusReport, screen: &Screen) -> String {
    let mut table = Table::new(&["ACCOUNT", "LAYER", "SHOW", "PRIORITY", "UNTIL", "DECIDES", "WHY", "STATUS"]);
    for account in &report.accounts {
        for (place, layer) in account.layers.iter().enumerate() {
            let decides: Vec<&str> = layer.decides.iter().map(|part| part.as_str()).collect();
            let paint = if decides.is_empty() { Paint::Faint } else { Paint::Strong };
            table.row(vec![
                painted(Paint::Strong, if place == 0 { &account.account } else { "" }),
                painted(paint, &named(layer)),
                layer.show.map_or_else(|| cell(""), |show| painted(paint_of_show(show), show.as_str())),
                cell(&layer.priority.map(|priority| priority.to_string()).unwrap_or_default()),
                cell(&end(layer, screen)),
                painted(paint, &decides.join(", ")),
                cell(layer.reason.as_deref().unwrap_or_default()),
                cell(layer.status.as_deref().unwrap_or_default()),
            ]);
        }
        for Directed { to, show, status, until } in &account.directed {
            table.row(vec![
                cell(""),
                cell("to one"),
                painted(paint_of_show(*show), show.as_str()),
                cell(""),
                cell(&until.map(|until| time::clock(until, screen.now)).unwrap_or_default()),
                cell(""),
                cell(&format!("for {to} alone")),
                cell(status.as_deref().unwrap_or_default()),
            ]);
        }
    }
    table.render(screen)
}

fn named(layer: &Layer) -> String {
    match &layer.by {
        Some(by) => format!("{} ({by})", layer.layer.as_str()),
        None => layer.layer.as_str().to_owned(),
    }
}

fn end(layer: &Layer, screen: &Screen) -> String {
    let until = layer.until.map(|until| time::clock(until, screen.now)).unwrap_or_default();
    match &layer.then {
        Some(then) => {
            let text = then.status.as_deref().map(|text| format!(" {text}")).unwrap_or_default();
            format!("{until}, then {}{text}", then.show)
        }
        None => until,
    }
}

fn delivery(account: &AccountStatus) -> String {
    match account.connection {
        ConnectionState::Online => account.delivery.as_str().to_owned(),
        ConnectionState::Offline
        | ConnectionState::Connecting
        | ConnectionState::Retrying
        | ConnectionState::NeedsSecret
        | ConnectionState::Stopped => format!("{}, {}", account.delivery.as_str(), account.connection.as_str()),
    }
}

const fn paint_of_delivery(delivery: Delivery) -> Paint {
    match delivery {
        Delivery::Acknowledged => Paint::Good,
        Delivery::Sent | Delivery::Pending => Paint::Careful,
    }
}
