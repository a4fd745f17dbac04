//! The socket: one connection, requests out, answers and events in. What they mean is left to the verbs.
//!
//! The version is checked without a round trip of its own: the greeting goes out in the same write as the request, and
//! a daemon that refuses the greeting refuses what follows it.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use serde_json::value::RawValue;
use xmppd_proto::jsonrpc::{self, Error, FromDaemon, Id, code};
use xmppd_proto::reply::Hello;
use xmppd_proto::request::DaemonHello;
use xmppd_proto::{Failure, Kind, PROTOCOL, duration};

use crate::installed;
use crate::report::Stop;
use crate::screen::Note;

/// The id of the greeting.
const HELLO: u64 = 0;
/// The id of the one request that a connection carries.
pub(crate) const REQUEST: u64 = 1;
/// How long an answer may take before a person is told what is being waited for.
const SILENCE: Duration = Duration::from_millis(700);

/// A connection to the daemon.
#[derive(Debug)]
pub(crate) struct Client {
    stream: BufReader<UnixStream>,
    socket: PathBuf,
    /// The daemon closed the connection without having read what was written.
    unread: bool,
}

/// How long to wait for an answer, and what to tell a person meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patience<'a> {
    /// How long at most.
    pub(crate) limit: Option<Duration>,
    /// What of that a person said.
    pub(crate) given: Option<Duration>,
    /// What is waited for; nothing is told without it.
    pub(crate) note: Option<&'a str>,
}

/// What a method answered.
type Outcome = Result<Box<RawValue>, Error>;

/// The wait for one answer: its end, and the note that a person sees meanwhile.
struct Waiting<'a> {
    limit: Option<(Instant, Duration)>,
    given: Option<Duration>,
    silence: Option<(Instant, &'a str)>,
    note: Option<Note>,
}

impl<'a> Waiting<'a> {
    fn new(patience: Patience<'a>) -> Self {
        let now = Instant::now();
        Self {
            limit: patience.limit.and_then(|limit| Some((now.checked_add(limit)?, limit))),
            given: patience.given,
            silence: patience.note.map(|note| (now + SILENCE, note)),
            note: None,
        }
    }

    /// When to look again.
    fn until(&self) -> Option<Instant> {
        self.limit.map(|(at, _)| at).into_iter().chain(self.silence.map(|(at, _)| at)).min()
    }

    /// A moment named by [`Self::until`] has passed.
    fn passed(&mut self) -> Result<(), Failure> {
        let now = Instant::now();
        if let Some((_, limit)) = self.limit.filter(|(at, _)| *at <= now) {
            self.note = None;
            return Err(silent(limit, self.given));
        }
        if let Some((_, note)) = self.silence.take_if(|(at, _)| *at <= now) {
            self.note = Note::show(note);
        }
        Ok(())
    }
}

impl Client {
    /// Connects; the failure says how to start the daemon.
    pub(crate) fn connect(socket: &Path) -> Result<Self, Failure> {
        match UnixStream::connect(socket) {
            Ok(stream) => Ok(Self { stream: BufReader::new(stream), socket: socket.to_owned(), unread: false }),
            Err(error) => Err(unreachable(socket, &error)),
        }
    }

    /// Sends a request line (with the id [`REQUEST`]) behind the greeting and waits for its result. A daemon that is
    /// being exchanged may close a connection that it has not read from: what nobody read is sent again.
    pub(crate) fn call(&mut self, request: &str, patience: Patience<'_>) -> Result<Box<RawValue>, Failure> {
        let result = self.call_once(request, patience);
        if !self.unread {
            return result;
        }
        *self = Self::connect(&self.socket)?;
        self.call_once(request, patience)
    }

    fn call_once(&mut self, request: &str, patience: Patience<'_>) -> Result<Box<RawValue>, Failure> {
        if request.len() > jsonrpc::MAX_LINE {
            return Err(Failure::usage("the request is longer than 1 MiB"));
        }
        let greeting = jsonrpc::request_line(HELLO, &DaemonHello { protocol: Some(PROTOCOL) });
        // A daemon that refused and hung up has said why: its answer is read even when it read nothing.
        let written = self.stream.get_mut().write_all(format!("{greeting}{request}").as_bytes());
        let mut waiting = Waiting::new(patience);
        let mut greeted = false;
        let mut result = None;
        loop {
            match self.answer(&mut waiting)? {
                None => {
                    self.unread |= written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
                    return Err(closed(written.as_ref().err()));
                }
                Some((id, outcome)) if is(&id, HELLO) => {
                    check_greeting(outcome)?;
                    greeted = true;
                }
                Some((id, outcome)) if is(&id, REQUEST) => result = Some(outcome.map_err(Error::failure)?),
                Some((Id::Null, Err(error))) => return Err(error.failure()),
                Some(_) => {}
            }
            if greeted && result.is_some() {
                break;
            }
        }
        result.ok_or_else(|| closed(None))
    }

    /// The next answer, whosever it is; nothing when the daemon is gone. Events are passed over.
    fn answer(&mut self, waiting: &mut Waiting<'_>) -> Result<Option<(Id, Outcome)>, Failure> {
        let mut line = Vec::new();
        loop {
            match self.read_line(&mut line, waiting.until()) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) if is_timeout(&error) => {
                    waiting.passed()?;
                    continue;
                }
                Err(error) => {
                    // unix(7): the other side closed with something unread, and both lines went in one piece.
                    self.unread |= error.kind() == io::ErrorKind::ConnectionReset;
                    return Err(closed(Some(&error)));
                }
            }
            match FromDaemon::parse(&std::mem::take(&mut line)) {
                Ok(FromDaemon::Response { id, outcome }) => return Ok(Some((id, outcome))),
                Ok(FromDaemon::Notification { .. }) => {}
                Err(error) => return Err(garbage(&error)),
            }
        }
    }

    /// The next notification of this name, its content's text; nothing when the daemon is gone. At `end` the program
    /// is done.
    pub(crate) fn notification(&mut self, name: &str, end: Option<Instant>) -> Result<Option<Box<RawValue>>, Stop> {
        loop {
            let mut line = Vec::new();
            self.wait_with_reader(end)?;
            match self.read_line(&mut line, end) {
                Ok(true) => {}
                Err(error) if is_timeout(&error) => return Err(Stop::Exit(0)),
                Ok(false) | Err(_) => return Ok(None),
            }
            match FromDaemon::parse(&line) {
                Ok(FromDaemon::Notification { method, params }) if method == name => return Ok(params),
                Ok(FromDaemon::Notification { .. } | FromDaemon::Response { .. }) => {}
                Err(error) => return Err(garbage(&error).into()),
            }
            if end.is_some_and(|end| end <= Instant::now()) {
                return Err(Stop::Exit(0));
            }
        }
    }

    /// Waits until the daemon says something, or is gone, or the end has come. When nobody reads what this program
    /// prints any more, it is done.
    fn wait_with_reader(&self, end: Option<Instant>) -> Result<(), Stop> {
        let stdout = io::stdout();
        while self.stream.buffer().is_empty() {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            let reader = PollFd::new(&stdout, PollFlags::empty());
            let mut descriptors = [reader, PollFd::new(self.stream.get_ref(), PollFlags::IN)];
            match poll(&mut descriptors, left.as_ref()) {
                Err(Errno::INTR) => {}
                Ok(_) if descriptors[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) => {
                    return Err(Stop::Exit(0));
                }
                // What is wrong with the connection is told by who reads from it.
                Ok(_) | Err(_) => break,
            }
        }
        Ok(())
    }

    /// For who waits for it together with something else.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.stream.get_ref().as_fd()
    }

    /// Waits until the daemon has closed the connection; whether it did so in time.
    pub(crate) fn closed_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            match self.read_line(&mut Vec::new(), Some(deadline)) {
                Ok(true) => {}
                Ok(false) => return true,
                Err(error) => return !is_timeout(&error),
            }
        }
    }

    /// Reads to the end of a line; whether there was one. What was read before a timeout stays in `line`.
    fn read_line(&mut self, line: &mut Vec<u8>, until: Option<Instant>) -> io::Result<bool> {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)));
        self.stream.get_ref().set_read_timeout(left)?;
        loop {
            match self.stream.read_until(b'\n', line) {
                Ok(_) if line.last() == Some(&b'\n') => {
                    line.pop();
                    return Ok(true);
                }
                Ok(_) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn check_greeting(outcome: Outcome) -> Result<(), Failure> {
    let mismatch = |theirs: &str| {
        Failure::new(Kind::ProtocolMismatch, format!("xmppd speaks {theirs}, xmppctl speaks protocol {PROTOCOL}"))
            .with_hint("restart the daemon after an upgrade: systemctl --user restart xmppd")
    };
    match outcome {
        Ok(result) => match serde_json::from_str::<Hello>(result.get()) {
            Ok(hello) if hello.protocol == PROTOCOL => Ok(()),
            Ok(hello) => Err(mismatch(&format!("protocol {}", hello.protocol))),
            Err(_) => Err(mismatch("another protocol")),
        },
        Err(error) if error.code == code::METHOD_NOT_FOUND => Err(mismatch("another protocol")),
        Err(error) => Err(error.failure()),
    }
}

fn is(id: &Id, number: u64) -> bool {
    matches!(id, Id::Number(known) if known.as_u64() == Some(number))
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn unreachable(socket: &Path, error: &io::Error) -> Failure {
    let place = socket.display();
    let message = if error.kind() == io::ErrorKind::NotFound {
        format!("xmppd is not running (there is no {place})")
    } else if error.kind() == io::ErrorKind::ConnectionRefused {
        format!("xmppd is not running (nobody listens on {place})")
    } else {
        format!("cannot reach xmppd on {place}: {error}")
    };
    Failure::new(Kind::NoDaemon, message).with_hint(installed::how_to_start())
}

fn closed(error: Option<&io::Error>) -> Failure {
    let message = match error {
        Some(error) => format!("the connection to xmppd broke: {error}"),
        None => "xmppd closed the connection without an answer".to_owned(),
    };
    Failure::new(Kind::NoDaemon, message).with_hint("its log may say why: journalctl --user -u xmppd")
}

fn silent(limit: Duration, given: Option<Duration>) -> Failure {
    let Some(given) = given else {
        return Failure::new(Kind::TimedOut, format!("xmppd did not answer within {}", duration::format(limit)));
    };
    let message = format!("there was no answer within {}, the time given", duration::format(given));
    Failure::new(Kind::TimedOut, message).with_hint("what was asked for may still be done; -t gives it more time")
}

fn garbage(error: &str) -> Failure {
    Failure::new(Kind::ProtocolMismatch, format!("what answers on the socket is not xmppd: {error}"))
}
