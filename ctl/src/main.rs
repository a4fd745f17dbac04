//! `xmppctl`: the thin program that people and scripts use to speak with xmppd.
//! It holds no credentials, opens no stream and decides nothing: each verb is one method of the daemon's.

mod cli;
mod client;
mod cmd;
mod installed;
mod options;
mod report;
mod screen;
mod session;
mod table;
mod text;
mod time;
mod xml;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(stop) => return report::exit(&stop, cli::wants_json(std::env::args_os())),
    };
    let json = cli.global.json;
    match cli::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => report::exit(&stop, json),
    }
}
