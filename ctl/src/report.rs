//! How the program ends: data on stdout, failures on stderr, the exit table's code. Wording is the failure's own.

use std::io::{self, Write};
use std::process::ExitCode;

use xmppd_proto::{Failure, Kind};

use crate::text;

/// Why a verb stops before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It failed, and the failure is still to be told.
    Failure(Failure),
    /// Everything is told; this is the exit code.
    Exit(u8),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Tells what is still to be told and gives the exit code.
pub(crate) fn exit(stop: &Stop, json: bool) -> ExitCode {
    match stop {
        Stop::Exit(code) => ExitCode::from(*code),
        Stop::Failure(failure) => {
            tell(failure, json);
            ExitCode::from(failure.code())
        }
    }
}

/// Tells a failure on stderr.
pub(crate) fn tell(failure: &Failure, json: bool) {
    // A closed stderr leaves the exit code to speak.
    let _ = io::stderr().write_all(if json { object(failure) } else { sentence(failure) }.as_bytes());
}

/// Writes data. A reader that has gone away ends the program quietly.
pub(crate) fn write(text: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Stop::Exit(0)),
        Err(error) => Err(Failure::new(Kind::Unexpected, format!("cannot write the output: {error}")).into()),
    }
}

/// Writes data as the last act.
pub(crate) fn print(text: &str) -> Stop {
    match write(text) {
        Ok(()) => Stop::Exit(0),
        Err(stop) => stop,
    }
}

fn sentence(failure: &Failure) -> String {
    let condition = failure.condition.as_deref().filter(|condition| !failure.message.contains(condition));
    let parts =
        [("xmppctl", Some(failure.message.as_str())), ("condition", condition), ("hint", failure.hint.as_deref())];
    let mut lines = String::new();
    for (title, text) in parts {
        // Further lines are indented, so that foreign text cannot pass for a line of ours.
        let text = text.map(|text| text.trim().lines().map(text::line).collect::<Vec<_>>().join("\n  "));
        if let Some(text) = text {
            lines.push_str(&format!("{title}: {text}\n"));
        }
    }
    lines
}

fn object(failure: &Failure) -> String {
    let failure = serde_json::to_string(failure).expect("a failure is texts and a number");
    format!("{}\n", text::json(&format!("{{\"error\":{failure}}}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_in_two_forms() {
        let failure = Failure::new(Kind::Refused, "no\u{1b}[2J").with_hint("ask\nthem").with_condition("not-allowed");
        assert_eq!(sentence(&failure), "xmppctl: no\\x1b[2J\ncondition: not-allowed\nhint: ask\n  them\n");
        assert_eq!(
            object(&failure),
            "{\"error\":{\"code\":6,\"kind\":\"refused\",\"message\":\"no\\u001b[2J\",\"hint\":\"ask\\nthem\",\
             \"condition\":\"not-allowed\"}}\n"
        );
    }
}
