//! The log: one line an event on stderr, cleaned of everything that could forge a line or move a cursor, written by a
//! thread of its own so that a full disk, a stopped journal or a closed pipe never holds up or ends the daemon. The
//! thread lives while lines wait. What is worth a line is decided where it happens.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormattedFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use crate::places::Environment;

/// How many lines may wait for the writer; more are dropped and counted.
const QUEUE: usize = 512;
/// The longest line, in bytes.
const LINE_LIMIT: usize = 8 * 1024;
/// How long the end of the program waits for the last lines.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Lets the last lines out when dropped, at the end of `main`.
pub(crate) struct Guard(Queue);

/// Starts logging to stderr: for the journal with a priority and no time of our own when stderr is the journal
/// (systemd.exec(5), `JOURNAL_STREAM`), else with the time, and coloured on a terminal. `XMPPD_LOG` chooses what is
/// logged, in the syntax of tracing's `EnvFilter`; without it, or with one that cannot be understood, `info`.
/// Fails when the process logs already.
pub(crate) fn start(environment: &Environment) -> io::Result<Guard> {
    let style = if stderr_is_journal(environment) {
        Style::Journal
    } else if io::stderr().is_terminal() && environment.variable("NO_COLOR").is_none() {
        Style::Terminal
    } else {
        Style::Plain
    };
    let (filter, complaint) = filter(environment);
    let queue = Queue::new(io::stderr());
    tracing::subscriber::set_global_default(subscriber(style, filter, queue.clone())).map_err(io::Error::other)?;
    if let Some(complaint) = complaint {
        tracing::warn!(%complaint, "XMPPD_LOG is not understood; logging at info");
    }
    Ok(Guard(queue))
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.0.ended.wait_timeout_while(self.0.0.waiting(), LAST_WORDS, |waiting| waiting.has_writer);
    }
}

fn stderr_is_journal(environment: &Environment) -> bool {
    let Ok(stat) = rustix::fs::fstat(io::stderr()) else { return false };
    let named = environment.variable("JOURNAL_STREAM").and_then(|value| value.to_str());
    named == Some(&format!("{}:{}", stat.st_dev, stat.st_ino))
}

fn filter(environment: &Environment) -> (EnvFilter, Option<String>) {
    let builder = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    let wanted = environment.variable("XMPPD_LOG").map(|value| value.to_string_lossy().into_owned());
    match builder.parse(wanted.unwrap_or_default()) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error.to_string())),
    }
}

fn subscriber(style: Style, filter: EnvFilter, queue: Queue) -> impl Subscriber + Send + Sync {
    let lines = tracing_subscriber::fmt::layer().event_format(OneLine { style }).with_writer(queue);
    tracing_subscriber::registry().with(filter).with(filter_fn(may_pass)).with(lines)
}

/// Libraries print what passes through them (messages, keyring replies) at their finest levels; ours never do.
fn may_pass(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("xmppd") || *metadata.level() <= Level::INFO
}

#[derive(Clone, Copy)]
enum Style {
    Journal,
    Terminal,
    Plain,
}

struct OneLine {
    style: Style,
}

impl<S, N> FormatEvent<S, N> for OneLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let level = *event.metadata().level();
        match self.style {
            Style::Journal => write!(out, "<{}>", priority(level))?,
            Style::Terminal => write!(out, "\x1b[2m{}\x1b[0m {}{level:>5}\x1b[0m ", stamp(), colour(level))?,
            Style::Plain => write!(out, "{} {level:>5} ", stamp())?,
        }
        let mut line = Clean { out: &mut out, left: LINE_LIMIT };
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            write!(line, "{}", span.name())?;
            match span.extensions().get::<FormattedFields<N>>() {
                Some(fields) if !fields.is_empty() => write!(line, "{{{fields}}}: ")?,
                Some(_) | None => line.write_str(": ")?,
            }
        }
        context.format_fields(Writer::new(&mut line), event)?;
        writeln!(out)
    }
}

fn stamp() -> String {
    let millis = crate::host::now().wall.as_unix_millis();
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| millis.to_string(), |time| format!("{time:.3}"))
}

/// syslog(3)'s numbers, which the journal takes off the front of a line (sd-daemon(3)).
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG | Level::TRACE => "\x1b[2m",
    }
}

/// Passes text on with controls, line separators and direction marks made visible, up to a length.
struct Clean<'a> {
    out: &'a mut dyn fmt::Write,
    left: usize,
}

impl fmt::Write for Clean<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.left == 0 {
                return Ok(());
            }
            self.left = self.left.saturating_sub(c.len_utf8());
            match c {
                _ if self.left == 0 => self.out.write_char('…')?,
                '\n' => self.out.write_str("\\n")?,
                '\t' => self.out.write_char(' ')?,
                _ if is_hidden(c) => write!(self.out, "{}", c.escape_unicode())?,
                _ => self.out.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Controls, and what re-orders or breaks lines in a terminal (Unicode Standard Annex 9).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The way out for lines: whoever logs never waits, and lines that find no room are dropped and counted.
#[derive(Clone)]
struct Queue(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    /// Told when the writing thread ends.
    ended: Condvar,
    out: Mutex<Box<dyn Write + Send>>,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    dropped: u64,
    has_writer: bool,
}

impl Queue {
    fn new(out: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Shared { waiting: Mutex::default(), ended: Condvar::new(), out: Mutex::new(Box::new(out)) }))
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self.0.waiting();
        if waiting.lines.len() == QUEUE {
            waiting.dropped += 1;
            return;
        }
        waiting.lines.push_back(line.to_vec());
        if !waiting.has_writer {
            let shared = Arc::clone(&self.0);
            let writer = std::thread::Builder::new().name("log".into()).stack_size(64 * 1024);
            // Without a thread, the line waits for the next one's attempt.
            waiting.has_writer = writer.spawn(move || shared.write_out()).is_ok();
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line that cannot be written (no space, no reader) is lost: there is nowhere left to say so.
    fn write_out(&self) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((line, dropped)) = self.next() {
            let _ = out.write_all(&line);
            if dropped > 0 {
                let _ = writeln!(out, "xmppd: {dropped} log lines were dropped here");
            }
        }
    }

    /// The next line, and how many were dropped behind it; with the last one the writer is over.
    fn next(&self) -> Option<(Vec<u8>, u64)> {
        let mut waiting = self.waiting();
        let Some(line) = waiting.lines.pop_front() else {
            waiting.lines = VecDeque::new();
            waiting.has_writer = false;
            self.ended.notify_all();
            return None;
        };
        let dropped = if waiting.lines.is_empty() { std::mem::take(&mut waiting.dropped) } else { 0 };
        Some((line, dropped))
    }
}

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What reaches the reader when `work` logs in that style.
    fn logged(style: Style, filter: &str, work: impl FnOnce()) -> String {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let queue = Queue::new(writer);
        let subscriber = subscriber(style, EnvFilter::new(filter), queue);
        tracing::subscriber::with_default(subscriber, work);
        let mut text = String::new();
        io::Read::read_to_string(&mut reader, &mut text).unwrap();
        text
    }

    #[test]
    fn an_event_is_one_line_whatever_the_network_put_into_it() {
        let hostile = "a\nERROR forged\r\x1b[2J\u{202e}\u{9b}z";
        let text = logged(Style::Journal, "info", || {
            let _span = tracing::info_span!("account", name = %hostile).entered();
            tracing::warn!(status = %hostile, "presence from {hostile}");
        });
        assert!(text.starts_with("<4>account{name=a\\nERROR forged"), "{text}");
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(!text.contains(['\r', '\x1b', '\u{202e}', '\u{9b}']), "{text}");
    }

    #[test]
    fn a_line_has_a_limit() {
        let text = logged(Style::Plain, "info", || tracing::info!("{}", "x".repeat(10_000_000)));
        assert!(text.len() < LINE_LIMIT + 200 && text.ends_with("…\n"));
        assert!(text.contains("  INFO xxx"), "{}", &text[..60]);
    }

    #[test]
    fn libraries_keep_their_details() {
        let text = logged(Style::Plain, "trace", || {
            tracing::trace!(target: "zbus::message", "secret");
            tracing::info!(target: "zbus", "connected");
            tracing::trace!(target: "xmppd_core::stream", "ours");
        });
        assert!(!text.contains("secret") && text.contains("connected") && text.contains("ours"), "{text}");
    }

    #[test]
    fn neither_a_stuck_nor_a_gone_reader_holds_anything_up() {
        let (reader, writer) = std::io::pipe().unwrap();
        let queue = Queue::new(writer);
        let subscriber = subscriber(Style::Plain, EnvFilter::new("info"), queue.clone());
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..5_000 {
                tracing::info!("{}", "x".repeat(200));
            }
            assert!(queue.0.waiting().dropped > 0);
            drop(reader);
            tracing::info!("nobody reads this");
        });
        drop(Guard(queue));
    }

    #[test]
    fn an_unusable_filter_falls_back_to_info() {
        let (filter, complaint) = filter(&Environment::of([("XMPPD_LOG", "xmppd=loud")]));
        assert!(complaint.is_some());
        assert_eq!(filter.to_string(), "info");
        assert_eq!(super::filter(&Environment::default()).1, None);
    }

    #[test]
    fn stderr_is_the_journal_only_when_device_and_inode_say_so() {
        let stat = rustix::fs::fstat(io::stderr()).unwrap();
        let check = |value: &str, journal| {
            assert_eq!(stderr_is_journal(&Environment::of([("JOURNAL_STREAM", value)])), journal);
        };
        check(&format!("{}:{}", stat.st_dev, stat.st_ino), true);
        check("1:1", false);
        check("", false);
    }
}
