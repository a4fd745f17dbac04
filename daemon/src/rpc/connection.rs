//! One client: reads its requests, has them done side by side, writes the answers and what it watches. Watching is
//! answered here, everything else by [`crate::api`].

use std::io;
use std::sync::Arc;

use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use xmppd_proto::jsonrpc::{Error, Id, error_line, result_line, xml_line};
use xmppd_proto::reply::{Done, WatchReport, XmlFrame};
use xmppd_proto::{Change, Failure, Kind, Reply, Request, Topics};

use super::bucket::Bucket;
use super::ended;
use super::frame::{self, Asked};
use super::hang_up::HangUp;
use super::lines::{Line, Lines};
use super::output::{Output, Overflow};
use super::watcher::Watcher;
use crate::api::{self, Api, Clients, Counted, Holding, Wire};

/// How many requests of one client are being done at once; the next ones wait in the socket.
pub(super) const MAX_CALLS: usize = 32;

/// While so many bytes wait to be written, no further request is taken.
const MAX_UNREAD_ANSWERS: usize = 1 << 20;

/// While so many bytes wait to be written, a watcher is told nothing: its subscription sees to it that it may lag.
const MAX_UNREAD_EVENTS: usize = 64 * 1024;

/// A line to write; none when nobody wants the answer.
type Answer = Option<String>;

/// A client's connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    api: Api,
    counts: Clients,
    shutdown: watch::Receiver<bool>,
    input: Input,
    lines: Lines,
    bucket: Bucket,
    /// Done to their end, also when the client is gone.
    calls: JoinSet<Answer>,
    /// Given up when the client is gone.
    waits: JoinSet<Answer>,
    watcher: Option<Watcher>,
    wire: Option<(Wire, Counted)>,
    /// A status that lasts as long as the client is here.
    holding: Option<Holding>,
    /// Why nothing is done for a client that greeted in another protocol's version.
    mismatch: Option<Failure>,
    output: Output,
    /// Only while nothing is read.
    hang_up: Option<HangUp>,
    _counted: Counted,
}

/// Where requests may still come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    /// The client.
    Open,
    /// What it sent before it closed its sending direction.
    HalfClosed,
    /// Nowhere: the daemon ends.
    Shut,
}

/// What a connection wakes for.
enum Wake {
    /// The socket can be read or written.
    Ready,
    /// A request is done.
    Answer(Result<Answer, JoinError>),
    /// The watcher is told something; nothing more when the daemon ends.
    Told(Option<Arc<Change>>),
    /// Something crossed the wire of an account; nothing more will when the daemon ends.
    Seen(Option<XmlFrame>),
    /// The client has taken nothing for too long.
    Blocked,
    /// The client is gone.
    HungUp(io::Result<()>),
    /// The daemon ends.
    Ending,
}

/// Why a connection was broken off.
#[derive(Debug, thiserror::Error)]
enum Break {
    #[error("the client is gone")]
    Gone,
    #[error("the client does not read")]
    NeverReads,
    #[error("{0}")]
    Socket(#[from] io::Error),
    #[error("a request ended without an answer: {0}")]
    Fault(#[from] JoinError),
}

impl Connection {
    /// The connection of a client that may be here.
    pub(super) fn new(stream: UnixStream, api: Api, counts: Clients, shutdown: watch::Receiver<bool>) -> Self {
        let (now, counted) = (Instant::now(), counts.client());
        Self {
            stream,
            api,
            counts,
            shutdown,
            input: Input::Open,
            lines: Lines::default(),
            bucket: Bucket::new(now),
            calls: JoinSet::new(),
            waits: JoinSet::new(),
            watcher: None,
            wire: None,
            holding: None,
            mismatch: None,
            output: Output::new(now),
            hang_up: None,
            _counted: counted,
        }
    }

    /// Serves the client until it has gone or has all it asked for, or until the daemon ends.
    pub(super) async fn run(mut self) {
        if let Err(reason) = self.converse().await {
            tracing::debug!(%reason, "a client's connection was broken off");
        }
        self.calls.detach_all();
    }

    async fn converse(&mut self) -> Result<(), Break> {
        while !self.is_over() {
            match self.next_wake().await? {
                Wake::Ready => self.transfer()?,
                Wake::Answer(answer) => self.write(answer?)?,
                Wake::Told(change) => self.tell(change)?,
                Wake::Seen(Some(frame)) => self.write(Some(xml_line(&frame)))?,
                Wake::Seen(None) => self.wire = None,
                Wake::Blocked => return Err(Break::NeverReads),
                Wake::HungUp(outcome) => return Err(outcome.map_or_else(Break::Socket, |()| Break::Gone)),
                Wake::Ending => self.shut(),
            }
            self.take_requests().await?;
            tokio::task::coop::consume_budget().await;
        }
        Ok(())
    }

    async fn next_wake(&mut self) -> Result<Wake, Break> {
        let (reading, writing) = (self.is_reading(), !self.output.is_empty());
        let interest = match (reading, writing) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (true, false) => Interest::READABLE,
            (false, _) => Interest::WRITABLE,
        };
        self.hang_up = match self.hang_up.take() {
            _ if reading => None,
            Some(watching) => Some(watching),
            None => Some(HangUp::of(&self.stream)?),
        };
        let telling = self.output.len() < MAX_UNREAD_EVENTS;
        Ok(tokio::select! {
            () = ended(&mut self.shutdown), if self.input != Input::Shut => Wake::Ending,
            ready = self.stream.ready(interest), if reading || writing => {
                ready?;
                Wake::Ready
            }
            Some(answer) = self.calls.join_next() => Wake::Answer(answer),
            Some(answer) = self.waits.join_next() => Wake::Answer(answer),
            Some(change) = next_change(self.watcher.as_mut()), if telling => Wake::Told(change),
            Some(frame) = next_frame(self.wire.as_mut()), if telling => Wake::Seen(frame),
            () = sleep_until(self.output.deadline()), if writing => Wake::Blocked,
            Some(outcome) = hung_up(self.hang_up.as_ref()) => Wake::HungUp(outcome),
        })
    }

    fn is_over(&self) -> bool {
        self.input != Input::Open
            && self.lines.is_empty()
            && self.in_progress() == 0
            && self.watcher.is_none()
            && self.wire.is_none()
            && self.holding.is_none()
            && self.output.is_empty()
    }

    fn is_reading(&self) -> bool {
        self.input == Input::Open && self.has_room()
    }

    fn has_room(&self) -> bool {
        self.in_progress() < MAX_CALLS && self.output.len() < MAX_UNREAD_ANSWERS
    }

    fn in_progress(&self) -> usize {
        self.calls.len() + self.waits.len()
    }

    fn transfer(&mut self) -> Result<(), Break> {
        self.output.write_to(&self.stream, Instant::now())?;
        if self.is_reading() {
            match self.lines.read_from(&self.stream) {
                Ok(0) => self.input = Input::HalfClosed,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Takes nothing more: what is being done is answered, then the connection closes.
    fn shut(&mut self) {
        self.input = Input::Shut;
        self.lines = Lines::default();
        self.watcher = None;
        self.wire = None;
        if let Some(holding) = self.holding.take() {
            holding.abandon();
        }
    }

    /// Begins what the client has asked for; afterwards there is no room or no request left.
    async fn take_requests(&mut self) -> Result<(), Break> {
        while self.has_room() {
            let now = Instant::now();
            let asked = match self.lines.next() {
                Some(Line::Text(line)) => frame::read(line, self.bucket.take(now)),
                Some(Line::TooLong) => frame::too_long(),
                // A last request is whole without its newline, for its braces have to match.
                None if self.input == Input::HalfClosed => match self.lines.rest() {
                    Some(line) => frame::read(&line, self.bucket.take(now)),
                    None => return Ok(()),
                },
                None => return Ok(()),
            };
            match asked {
                Asked::Request(id, request) => self.begin(id, request).await?,
                Asked::Refused(id, error) => self.write(Some(error_line(&id, &error)))?,
                Asked::Ignored => {}
            }
        }
        Ok(())
    }

    async fn begin(&mut self, id: Option<Id>, request: Request) -> Result<(), Break> {
        let outcome = if let Request::DaemonHello(hello) = &request {
            let greeted = api::hello(hello);
            self.mismatch = greeted.as_ref().err().cloned();
            greeted.map(Reply::DaemonHello)
        } else if let Some(mismatch) = &self.mismatch {
            Err(mismatch.clone())
        } else if let Request::WatchStart(start) = &request {
            let topics = Topics::of(&start.topics);
            self.watcher = None;
            let subscription = self.api.subscribe(topics);
            self.watcher = Some(Watcher::new(topics, subscription, &self.counts));
            Ok(Reply::WatchStart(WatchReport { topics: topics.iter().collect() }))
        } else if let Request::WatchStop(_) = &request {
            self.watcher = None;
            Ok(Reply::WatchStop(Done {}))
        } else if let Request::XmlWatch(watch) = request {
            self.api.watch_wire(watch).await.map(|(watching, wire)| {
                self.wire = Some((wire, self.counts.watcher()));
                Reply::XmlWatch(watching)
            })
        } else if let Request::StatusHold(hold) = request {
            let held = self.api.hold(hold).await;
            held.map(|(report, holding)| {
                self.holding = Some(holding);
                Reply::StatusHold(report)
            })
        } else if let Request::StatusRelease(_) = &request {
            if let Some(holding) = self.holding.take() {
                holding.release().await;
            }
            Ok(Reply::StatusRelease(Done {}))
        } else if let Request::Wait(_) = &request {
            self.waits.spawn(wait(self.api.clone(), id, request, self.shutdown.clone()));
            return Ok(());
        } else {
            self.calls.spawn(call(self.api.clone(), id, request));
            return Ok(());
        };
        self.write(answer(id, outcome))
    }

    fn tell(&mut self, change: Option<Arc<Change>>) -> Result<(), Break> {
        let line = match (change, &mut self.watcher) {
            (Some(change), Some(watcher)) => watcher.line(change),
            (None, _) | (_, None) => {
                self.watcher = None;
                return Ok(());
            }
        };
        self.write(Some(line))
    }

    fn write(&mut self, line: Answer) -> Result<(), Break> {
        let now = Instant::now();
        if let Some(line) = line {
            self.output.push(line, now).map_err(|Overflow| Break::NeverReads)?;
            self.output.write_to(&self.stream, now)?;
        }
        Ok(())
    }
}

async fn call(api: Api, id: Option<Id>, request: Request) -> Answer {
    answer(id, api.call(request).await)
}

async fn wait(api: Api, id: Option<Id>, request: Request, mut shutdown: watch::Receiver<bool>) -> Answer {
    let outcome = tokio::select! {
        outcome = api.call(request) => outcome,
        () = ended(&mut shutdown) => Err(Failure::new(Kind::Impossible, "the daemon is ending")),
    };
    answer(id, outcome)
}

fn answer(id: Option<Id>, outcome: Result<Reply, Failure>) -> Answer {
    id.map(|id| match outcome {
        Ok(reply) => result_line(&id, &reply),
        Err(failure) => error_line(&id, &Error::from(failure)),
    })
}

async fn next_change(watcher: Option<&mut Watcher>) -> Option<Option<Arc<Change>>> {
    Some(watcher?.next().await)
}

async fn next_frame(wire: Option<&mut (Wire, Counted)>) -> Option<Option<XmlFrame>> {
    Some(wire?.0.next().await)
}

async fn hung_up(hang_up: Option<&HangUp>) -> Option<io::Result<()>> {
    Some(hang_up?.wait().await)
}
