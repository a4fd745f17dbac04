//! `config`: the configuration, in force and on disk. It can be checked without a daemon as well.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Subcommand;
use serde_json::Value;
use xmppd_proto::reply::{ConfigReport, ConfigValues};
use xmppd_proto::request::{ConfigCheck, ConfigGet, ConfigReload};
use xmppd_proto::{Failure, Kind, jsonrpc};

use crate::client::REQUEST;
use crate::installed;
use crate::report::Stop;
use crate::screen::Screen;
use crate::session::{Answer, Session};
use crate::text;

/// Check, reload or show the configuration
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say whether the configuration file is sound; works without a daemon too
    Check,
    /// Put the configuration file into force
    Reload,
    /// Show the configuration in force, without secrets
    Get {
        /// A key with dots, for instance tune.settle; everything when left out
        key: Option<String>,
    },
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    match args.action {
        Action::Check => check(session),
        Action::Reload => session.run(&ConfigReload {}, Answer::Confirmation, reloaded),
        Action::Get { key } => session.run(&ConfigGet { key }, Answer::Data, values),
    }
}

fn check(session: &Session) -> Result<(), Stop> {
    let line = jsonrpc::request_line(REQUEST, &ConfigCheck {});
    session.print_request(&line)?;
    let answer = session.connect().and_then(|mut client| client.call(&line, session.patience(None)));
    match answer {
        Ok(result) => session.print_result::<ConfigCheck>(&result, Answer::Confirmation, sound),
        Err(failure) if failure.kind == Kind::NoDaemon => check_alone(session, failure),
        Err(failure) => Err(failure.into()),
    }
}

/// Lets the daemon's program read the file; its exit code becomes ours.
fn check_alone(session: &Session, no_daemon: Failure) -> Result<(), Stop> {
    let Some(program) = installed::program() else { return Err(no_daemon.into()) };
    let output = Command::new(&program)
        .arg("--check")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::new(Kind::Unexpected, format!("cannot run {}: {error}", program.display())))?;
    if output.status.success() {
        let file = config_file().display().to_string();
        let report = ConfigReport { file, accounts: Vec::new(), changed: Vec::new() };
        return match (session.global.json, session.global.quiet) {
            (true, _) => session.print_json_of(&report),
            (false, true) => Ok(()),
            (false, false) => crate::report::write(&sound(&report, &Screen::stdout(session.global.color))),
        };
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    let message = match said.strip_prefix("xmppd: ").unwrap_or(said) {
        "" => "xmppd --check failed without a word",
        message => message,
    };
    let code = output.status.code().and_then(|code| u8::try_from(code).ok());
    Err(Failure::new(code.and_then(Kind::from_code).unwrap_or(Kind::Unexpected), message).into())
}

fn config_file() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CONFIG_HOME").unwrap_or_else(|| set("HOME").unwrap_or_default().join(".config"));
    folder.join("xmppd/config.toml")
}

fn sound(report: &ConfigReport, _: &Screen) -> String {
    let file = text::line(&report.file);
    if report.accounts.is_empty() {
        format!("{file}: sound\n")
    } else {
        format!("{file}: sound, accounts: {}\n", text::line(&report.accounts.join(", ")))
    }
}

fn reloaded(report: &ConfigReport, _: &Screen) -> String {
    let changed = if report.changed.is_empty() { "nothing".to_owned() } else { report.changed.join(", ") };
    format!("{}: in force, changed: {}\n", text::line(&report.file), text::line(&changed))
}

/// A single value bare, more than one as readable JSON.
fn values(values: &ConfigValues, _: &Screen) -> String {
    match &values.values {
        Value::String(value) => format!("{}\n", text::line(value)),
        value @ (Value::Null | Value::Bool(_) | Value::Number(_)) => format!("{value}\n"),
        value @ (Value::Array(_) | Value::Object(_)) => format!("{}\n", text::json(&format!("{value:#}"))),
    }
}
