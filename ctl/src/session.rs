//! One run of the program: its options, and how a method's answer becomes output. Printing is each verb's own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use xmppd_proto::{Call, Failure, Kind, jsonrpc};

use crate::client::{Client, Patience, REQUEST};
use crate::options::Global;
use crate::report::{self, Stop};
use crate::screen::Screen;
use crate::text;

/// How long an answer may take when nothing else was asked for.
const DEFAULT_LIMIT: Duration = Duration::from_secs(60);
/// What a daemon that keeps to a limit itself may take longer, so that its own answer comes first.
const GRACE: Duration = Duration::from_secs(2);

/// The options of this run.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// What every verb understands.
    pub(crate) global: Global,
}

/// What becomes of an answer that is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is what was asked for.
    Data,
    /// The same, and where there is none of it people are told so; `--quiet` leaves that out.
    List(&'static str),
    /// It confirms what was done; `--quiet` leaves it out.
    Confirmation,
}

impl Session {
    /// Calls a method and prints what it answers: as it came with `--json`, else as `print` words it.
    pub(crate) fn run<C: Call>(
        &self,
        call: &C,
        answer: Answer,
        print: impl FnOnce(&C::Reply, &Screen) -> String,
    ) -> Result<(), Stop> {
        let patience = self.patience(Some("waiting for xmppd …"));
        self.run_with(call, patience, answer, print)
    }

    /// The same with a limit of the verb's own.
    pub(crate) fn run_with<C: Call>(
        &self,
        call: &C,
        patience: Patience<'_>,
        answer: Answer,
        print: impl FnOnce(&C::Reply, &Screen) -> String,
    ) -> Result<(), Stop> {
        self.print_request(&jsonrpc::request_line(REQUEST, call))?;
        let result = self.connect()?.call(&jsonrpc::request_line(REQUEST, call), patience)?;
        self.print_result::<C>(&result, answer, print)
    }

    /// Calls a method whose answer is not what this run prints.
    pub(crate) fn ask<C: Call>(&self, call: &C, patience: Patience<'_>) -> Result<C::Reply, Failure> {
        let result = self.connect()?.call(&jsonrpc::request_line(REQUEST, call), patience)?;
        serde_json::from_str(result.get()).map_err(|error| unreadable::<C>(&error))
    }

    /// Prints a method's result as [`Session::run`] does.
    pub(crate) fn print_result<C: Call>(
        &self,
        result: &RawValue,
        answer: Answer,
        print: impl FnOnce(&C::Reply, &Screen) -> String,
    ) -> Result<(), Stop> {
        if self.global.json {
            return self.print_json(result);
        }
        if self.global.quiet && answer == Answer::Confirmation {
            return Ok(());
        }
        let reply = self.read::<C>(result)?;
        let page = print(&reply, &Screen::stdout(self.global.color));
        if let Answer::List(nothing) = answer
            && page.is_empty()
            && !self.global.quiet
        {
            eprintln!("{nothing}");
        }
        report::write(&page)
    }

    /// A method's result as a value.
    pub(crate) fn read<C: Call>(&self, result: &RawValue) -> Result<C::Reply, Failure> {
        serde_json::from_str(result.get()).map_err(|error| unreadable::<C>(&error))
    }

    /// Prints a document as it came, on one line.
    pub(crate) fn print_json(&self, document: &RawValue) -> Result<(), Stop> {
        report::write(&format!("{}\n", text::json(document.get())))
    }

    /// Prints a value of ours as JSON.
    pub(crate) fn print_json_of<T: Serialize>(&self, value: &T) -> Result<(), Stop> {
        let document = serde_json::value::to_raw_value(value).expect("our types have text keys and finite numbers");
        self.print_json(&document)
    }

    /// With `--print-request`, prints the line and stops.
    pub(crate) fn print_request(&self, line: &str) -> Result<(), Stop> {
        if self.global.print_request { Err(report::print(&text::json(line))) } else { Ok(()) }
    }

    /// A connection to the daemon.
    pub(crate) fn connect(&self) -> Result<Client, Failure> {
        Client::connect(&self.socket()?)
    }

    /// The limit asked for, for a method that is told it: `-t` in milliseconds.
    pub(crate) fn timeout_ms(&self) -> Option<u64> {
        self.global.timeout.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
    }

    /// How long to wait for a usual answer.
    pub(crate) fn patience<'a>(&self, note: Option<&'a str>) -> Patience<'a> {
        Patience {
            limit: Some(self.global.timeout.map_or(DEFAULT_LIMIT, |limit| limit.saturating_add(GRACE))),
            given: self.global.timeout,
            note: self.note(note),
        }
    }

    /// How long to wait for an answer that has no usual time.
    pub(crate) fn endless_patience<'a>(&self, note: Option<&'a str>) -> Patience<'a> {
        let given = self.global.timeout;
        Patience { limit: given.map(|limit| limit.saturating_add(GRACE)), given, note: self.note(note) }
    }

    fn note<'a>(&self, note: Option<&'a str>) -> Option<&'a str> {
        note.filter(|_| !self.global.quiet)
    }

    fn socket(&self) -> Result<PathBuf, Failure> {
        if let Some(socket) = &self.global.socket {
            return Ok(socket.clone());
        }
        match std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()) {
            Some(folder) => Ok(Path::new(&folder).join("xmppd/rpc.sock")),
            None => Err(Failure::new(Kind::NoDaemon, "cannot find xmppd: XDG_RUNTIME_DIR is not set")
                .with_hint("log in through a session that sets it, or name the socket with --socket")),
        }
    }
}

fn unreadable<C: Call>(error: &serde_json::Error) -> Failure {
    Failure::new(Kind::ProtocolMismatch, format!("cannot read the answer to {}: {error}", C::METHOD))
}
