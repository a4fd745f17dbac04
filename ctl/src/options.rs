//! The options that every verb understands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use xmppd_proto::duration;

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
    /// Give up, or end watching, after this long: 90s, 25m, 1h30m
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
