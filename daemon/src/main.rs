//! The daemon's entry: reads its arguments, readies the process, and leaves the rest to [`run`].

mod account;
mod api;
mod bus;
mod config;
mod dbus;
mod desktop;
mod host;
mod hub;
mod idle;
mod lock;
mod log;
mod notifications;
mod notify;
mod places;
mod players;
mod probe;
mod program;
mod rpc;
mod run;
mod secret;
mod signals;
mod store;
mod successor;
#[cfg(test)]
mod testing;
mod transport;
mod upload;
mod webhook;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::places::Environment;
use crate::run::{Daemon, StartError};

/// A client session daemon for XMPP: it keeps your session, shows your status and what you listen to, and is
/// controlled by xmppctl.
#[derive(Parser)]
#[command(name = "xmppd", version)]
struct Arguments {
    /// The configuration file; without it $XDG_CONFIG_HOME/xmppd/config.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Verify the configuration and exit.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Where it is forbidden, passwords are no safer than in any other program.
    let _ = host::protect_memory();
    let environment = Environment::of_process();
    let result = match arguments.check {
        true => run::check(arguments.config, &environment),
        false => Daemon::prepare(arguments.config, environment).and_then(Daemon::run),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

/// The chain of causes, once, at the top.
fn complain(error: &StartError) -> ExitCode {
    eprintln!("xmppd: {error}");
    if let Some(hint) = error.hint() {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(error.exit())
}
