//! `daemon`: the daemon itself, running or not.

use std::time::{Duration, Instant};

use clap::Subcommand;
use xmppd_proto::jsonrpc;
use xmppd_proto::reply::DaemonStatus;
use xmppd_proto::request::{DaemonHello, DaemonRestart, DaemonShow, DaemonStop};
use xmppd_proto::{Failure, Kind};

use crate::client::REQUEST;
use crate::report::Stop;
use crate::screen::{Paint, Screen};
use crate::session::{Answer, Session};
use crate::{text, time};

/// How long the daemon may take to say goodbye to every server.
const GOODBYE: Duration = Duration::from_secs(10);

/// How often a daemon that restarts is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Show, stop or restart the daemon
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what runs, where and since when
    Status,
    /// Show the daemon's version
    Version,
    /// Say goodbye on every account and end the daemon
    Stop,
    /// Exchange the running program for the installed one; contacts see nothing
    Restart,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    match args.action.unwrap_or(Action::Status) {
        Action::Status => session.run(&DaemonShow {}, Answer::Data, page),
        Action::Version => session.run(&DaemonHello::default(), Answer::Data, |hello, _| {
            format!("xmppd {} (protocol {})\n", text::line(&hello.version), hello.protocol)
        }),
        Action::Stop => stop(session),
        Action::Restart => restart(session),
    }
}

/// Answers only once the daemon has let go of the socket, so that what comes next in a script can start it anew.
fn stop(session: &Session) -> Result<(), Stop> {
    let line = jsonrpc::request_line(REQUEST, &DaemonStop {});
    session.print_request(&line)?;
    let mut client = session.connect()?;
    let result = client.call(&line, session.patience(Some("stopping …")))?;
    let limit = session.global.timeout.unwrap_or(GOODBYE);
    if !session.global.no_wait && !client.closed_within(limit) {
        return Err(Failure::new(Kind::TimedOut, "xmppd has not stopped yet").into());
    }
    session.print_result::<DaemonStop>(&result, Answer::Confirmation, |_, _| String::new())
}

/// Answers only once the installed program has taken over.
fn restart(session: &Session) -> Result<(), Stop> {
    let line = jsonrpc::request_line(REQUEST, &DaemonRestart {});
    session.print_request(&line)?;
    let mut client = session.connect()?;
    let result = client.call(&line, session.patience(Some("restarting …")))?;
    let until = Instant::now() + session.global.timeout.unwrap_or(GOODBYE);
    if !session.global.no_wait {
        let closed = client.closed_within(until.saturating_duration_since(Instant::now()));
        while !closed || session.connect().is_err() {
            if !closed || Instant::now() >= until {
                return Err(Failure::new(Kind::TimedOut, "xmppd is not back yet").into());
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
    session.print_result::<DaemonRestart>(&result, Answer::Confirmation, |_, _| String::new())
}

fn page(status: &DaemonStatus, screen: &Screen) -> String {
    let title = format!("xmppd {}", text::line(&status.version));
    let memory = status.memory.map(|bytes| format!("{}.{} MiB", bytes >> 20, (bytes >> 10 & 0x3ff) * 10 / 1024));
    let facts = [
        ("protocol", Some(status.protocol.to_string())),
        ("process", Some(format!("{}, up {}", status.pid, time::ago(status.since, screen.now)))),
        ("configuration", Some(status.config.clone())),
        ("state", Some(status.state.clone())),
        ("socket", status.socket.clone()),
        ("bus name", status.bus_name.clone()),
        ("clients", Some(format!("{}, {} watching", status.clients, status.watchers))),
        ("memory", memory),
    ];
    let mut lines = format!("{}\n", screen.paint(Paint::Strong, &title));
    for (name, value) in facts {
        if let Some(value) = value {
            lines.push_str(&format!(
                "  {}  {}\n",
                screen.paint(Paint::Faint, &format!("{name:<13}")),
                text::line(&value)
            ));
        }
    }
    lines
}
