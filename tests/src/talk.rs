//! A program that goes on and speaks in lines: `socat` on the socket, `gdbus monitor`, `xmppctl watch`.
//!
//! What the lines mean is the test's business.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::Process;
use crate::wait::{SOON, until};

/// How many lines may wait unread; a program that says more is held up, as by any slow reader.
const BACKLOG: usize = 4_096;

/// A running program with its lines; it ends with the value.
#[derive(Debug)]
pub struct Talk {
    process: Process,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    lines: Option<Receiver<String>>,
    last: Vec<String>,
}

impl Talk {
    /// Takes over a program that was started with pipes. Nothing is read before the first line is asked for.
    #[must_use]
    pub fn with(mut process: Process) -> Self {
        let (input, output) = (process.input(), process.output());
        Self { process, input, output, lines: None, last: Vec::new() }
    }

    /// Writes these bytes and flushes them. A program that is gone is noticed by who waits for its lines.
    pub fn write(&mut self, bytes: &[u8]) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(bytes).and_then(|()| input.flush());
        }
    }

    /// Writes a value as one line.
    pub fn say(&mut self, value: &Value) {
        self.write(format!("{value}\n").as_bytes());
    }

    /// Ends its input.
    pub fn close(&mut self) {
        self.input = None;
    }

    /// Ends its output, as the reader of a pipe does who has seen enough.
    pub fn hang_up(&mut self) {
        (self.output, self.lines) = (None, None);
    }

    /// The process: its id, its log, signals to it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The next line, without its newline; `None` when there will be none.
    ///
    /// # Panics
    /// When neither comes [`SOON`].
    #[track_caller]
    pub fn line(&mut self) -> Option<String> {
        self.line_within(SOON)
    }

    /// The next line as JSON.
    ///
    /// # Panics
    /// When none comes [`SOON`], and when it is no JSON.
    #[track_caller]
    pub fn json(&mut self) -> Value {
        self.json_within(SOON)
    }

    /// [`Talk::json`] with a deadline of the caller's.
    #[track_caller]
    pub fn json_within(&mut self, within: Duration) -> Value {
        let line = self.line_within(within).unwrap_or_else(|| panic!("the program ended; {}", self.tail()));
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The next line that fits; others are passed over. `what` finishes the sentence "waited in vain until …".
    ///
    /// # Panics
    /// When none comes [`SOON`].
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + SOON;
        loop {
            match self.next(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if fits(&line) => return line,
                Ok(_) => {}
                Err(reason) => panic!("waited in vain until {what} ({reason:?}); {}", self.tail()),
            }
        }
    }

    /// The next line that is JSON and fits; others are passed over.
    ///
    /// # Panics
    /// When none comes [`SOON`].
    #[track_caller]
    pub fn wait_for_json(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let line = self.wait_for(what, |line| serde_json::from_str(line).is_ok_and(|value| fits(&value)));
        serde_json::from_str(&line).unwrap_or_default()
    }

    /// All lines up to the end of its output.
    ///
    /// # Panics
    /// When it does not end [`SOON`].
    #[track_caller]
    pub fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.line()).collect()
    }

    /// The exit code, once it ends by itself; 128 and the signal when it was killed.
    ///
    /// # Panics
    /// When it does not end [`SOON`].
    #[track_caller]
    pub fn ended(&mut self) -> i32 {
        let status = until(SOON, || self.process.ended()).expect("the program ends by itself");
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        status.code().unwrap_or_else(|| 128 + signal.unwrap_or_default())
    }

    #[track_caller]
    fn line_within(&mut self, within: Duration) -> Option<String> {
        match self.next(within) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("waited {within:?} in vain for a line; {}", self.tail())
            }
        }
    }

    fn next(&mut self, within: Duration) -> Result<String, RecvTimeoutError> {
        if let Some(output) = self.output.take() {
            let (sender, lines) = sync_channel(BACKLOG);
            std::thread::spawn(move || read(output, &sender));
            self.lines = Some(lines);
        }
        let lines = self.lines.as_ref().ok_or(RecvTimeoutError::Disconnected)?;
        let line = lines.recv_timeout(within)?;
        if self.last.len() == 12 {
            self.last.remove(0);
        }
        self.last.push(line.chars().take(400).collect());
        Ok(line)
    }

    fn tail(&self) -> String {
        format!("it last said:\n{}", self.last.join("\n"))
    }
}

fn read(output: ChildStdout, lines: &SyncSender<String>) {
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
            return;
        }
    }
}
