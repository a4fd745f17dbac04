//! The words of the command line. What a verb does with its own is in [`crate::cmd`].

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use xmppd_proto::{Failure, duration};

use crate::cmd;
use crate::report::{self, Stop};

const EXAMPLES: &str = "\
Examples:
  xmppctl status dnd \"Good night\"     tell every contact, on every account
  xmppctl status                      what contacts see now, and why
  xmppctl tune                        the song they see
  xmppctl roster --online             who is there
  xmppctl send juliet@capulet.example \"On my way\"
  xmppctl wait online -t 30s && xmppctl watch message --json

A noun alone shows, a verb acts. Failures have their own exit codes: 2 usage, 3 timed out, 4 not online, 5 authentication,
6 refused, 7 unsupported, 8 no daemon, 9 protocol mismatch, 10 not found, 11 conflict, 12 policy, 13 impossible.";

/// Controls xmppd, your XMPP session.
#[derive(Debug, Parser)]
#[command(name = "xmppctl", version, after_help = EXAMPLES, max_term_width = 100, disable_help_subcommand = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// What every verb understands.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every verb")]
pub(crate) struct Global {
    /// The account meant, by its name; `all` means every one
    #[arg(short, long, global = true, value_name = "ACCOUNT|all")]
    pub(crate) account: Option<String>,
    /// Print the result as JSON, and a failure as JSON on stderr
    #[arg(short, long, global = true)]
    pub(crate) json: bool,
    /// Print no confirmation, note or progress
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Give up after this long, for instance 90s, 25m, 1h30m
    #[arg(short, long, global = true, value_name = "DUR", value_parser = duration::parse)]
    pub(crate) timeout: Option<Duration>,
    /// Return as soon as the daemon knows, not when the server does
    #[arg(long, global = true)]
    pub(crate) no_wait: bool,
    /// Print the JSON-RPC line instead of sending it
    #[arg(long, global = true)]
    pub(crate) print_request: bool,
    /// The daemon's socket, where not in its usual place [$XMPPD_SOCKET]
    #[arg(long, global = true, value_name = "PATH", env = "XMPPD_SOCKET", hide_env = true)]
    pub(crate) socket: Option<PathBuf>,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto, hide_possible_values = true)]
    pub(crate) color: Color,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    Always,
    Never,
}

/// The nouns and verbs, one file each in [`crate::cmd`].
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Status(cmd::status::Args),
    Tune(cmd::tune::Args),
    Roster(cmd::roster::Args),
    Account(cmd::account::Args),
    Send(cmd::send::Args),
    Wait(cmd::wait::Args),
    Watch(cmd::watch::Args),
    Xml(cmd::xml::Args),
    Ping(cmd::ping::Args),
    Probe(cmd::probe::Args),
    Doctor(cmd::doctor::Args),
    Config(cmd::config::Args),
    Daemon(cmd::daemon::Args),
    Rpc(cmd::rpc::Args),
}

/// Reads a command line. Help and version are printed here and stop the program as done.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, Stop> {
    Cli::try_parse_from(words).map_err(|error| {
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            report::print(&error.render().to_string())
        } else {
            Stop::Failure(usage(&error))
        }
    })
}

/// Whether a command line that cannot be read asks for JSON all the same.
pub(crate) fn wants_json(words: impl IntoIterator<Item = OsString>) -> bool {
    words.into_iter().take_while(|word| word != "--").any(|word| {
        let word = word.to_string_lossy();
        let short_flags = word.strip_prefix('-').filter(|flags| !flags.starts_with('-'));
        word == "--json"
            || short_flags.is_some_and(|flags| flags.chars().take_while(|c| "jq".contains(*c)).any(|c| c == 'j'))
    })
}

/// The parser's complaint in our own form: what is wrong, then what to do.
fn usage(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let (complaint, advice) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let complaint = complaint.strip_prefix("error: ").unwrap_or(complaint);
    let message = complaint.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let advice = advice.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("For more"));
    let advice = advice.map(|line| line.trim_start_matches("tip: ").replace("Usage: ", "usage: "));
    let advice = advice.collect::<Vec<_>>().join("; ");
    let failure = Failure::usage(message);
    if advice.is_empty() { failure } else { failure.with_hint(advice) }
}
