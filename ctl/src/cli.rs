//! The command line as a whole. What a verb does with its own words is in [`crate::cmd`].

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use xmppd_proto::Failure;

use crate::cmd::{self, Verb};
use crate::options::Global;
use crate::report::{self, Stop};
use crate::session::Session;

const EXAMPLES: &str = "\
Examples:
  xmppctl status dnd \"Good night\"     tell every contact, on every account
  xmppctl status away --for 25m       for a while; then what was there before
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

/// Does what the command line says; without a verb, tells what could be said.
pub(crate) fn run(cli: Cli) -> Result<(), Stop> {
    match cli.verb {
        Some(verb) => cmd::run(verb, &Session { global: cli.global }),
        None => report::write(&Cli::command().render_help().to_string()),
    }
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
