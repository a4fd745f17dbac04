//! The nouns and verbs, one file each: its words, its request, its printing.

pub(crate) mod account;
pub(crate) mod config;
pub(crate) mod daemon;
pub(crate) mod doctor;
pub(crate) mod ping;
pub(crate) mod probe;
pub(crate) mod roster;
pub(crate) mod rpc;
pub(crate) mod send;
pub(crate) mod status;
pub(crate) mod tune;
pub(crate) mod wait;
pub(crate) mod watch;
pub(crate) mod xml;

use clap::CommandFactory;

use crate::cli::{Cli, Verb};
use crate::report::{self, Stop};
use crate::session::Session;

/// Does what the command line says; without a verb, tells what could be said.
pub(crate) fn run(cli: Cli) -> Result<(), Stop> {
    let session = Session { global: cli.global };
    match cli.verb {
        Some(Verb::Status(args)) => status::run(args, &session),
        Some(Verb::Tune(args)) => tune::run(args, &session),
        Some(Verb::Roster(args)) => roster::run(args, &session),
        Some(Verb::Account(args)) => account::run(args, &session),
        Some(Verb::Send(args)) => send::run(args, &session),
        Some(Verb::Wait(args)) => wait::run(&args, &session),
        Some(Verb::Watch(args)) => watch::run(args, &session),
        Some(Verb::Xml(args)) => xml::run(args, &session),
        Some(Verb::Probe(args)) => probe::run(args, &session),
        Some(Verb::Ping(args)) => ping::run(args, &session),
        Some(Verb::Doctor(args)) => doctor::run(args, &session),
        Some(Verb::Config(args)) => config::run(args, &session),
        Some(Verb::Daemon(args)) => daemon::run(args, &session),
        Some(Verb::Rpc(args)) => rpc::run(&args, &session),
        None => report::write(&Cli::command().render_help().to_string()),
    }
}
