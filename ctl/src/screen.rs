//! What is known of the place where text is shown: its width, whether it has colours, and the time.

use std::io::{self, IsTerminal, Write};

use xmppd_proto::{Show, Timestamp};

use crate::options::Color;

/// Where data is shown to a person.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    /// Its width in columns; none where nothing is to be cut.
    pub(crate) width: Option<usize>,
    /// Whether it understands colours.
    pub(crate) color: bool,
    /// The time, for durations until and since.
    pub(crate) now: Timestamp,
}

/// What a piece of text says by its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Strong,
    Faint,
    Good,
    Careful,
    Bad,
    /// What came in, and the same of the stream's own.
    In,
    InStream,
    /// What went out, and the same of the stream's own.
    Out,
    OutStream,
}

impl Screen {
    /// Standard output, coloured as asked.
    pub(crate) fn stdout(color: Color) -> Self {
        let terminal = io::stdout().is_terminal();
        let color = match color {
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            Color::Always => true,
            Color::Never => false,
        };
        let size = if terminal { rustix::termios::tcgetwinsize(io::stdout()).ok() } else { None };
        let width = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
        Self { width, color, now: Timestamp::now() }
    }

    /// The text in its colour.
    pub(crate) fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Plain => "",
            Paint::Strong => "1",
            Paint::Faint => "2",
            Paint::Good => "32",
            Paint::Careful => "33",
            Paint::Bad => "31",
            Paint::In => "36",
            Paint::InStream => "2;36",
            Paint::Out => "35",
            Paint::OutStream => "2;35",
        };
        if self.color && !code.is_empty() && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The colour of an availability.
pub(crate) const fn paint_of_show(show: Show) -> Paint {
    match show {
        Show::Online | Show::Chat => Paint::Good,
        Show::Away | Show::Xa => Paint::Careful,
        Show::Dnd => Paint::Bad,
        Show::Offline | Show::Invisible => Paint::Faint,
    }
}

/// A passing note on stderr, shown on a terminal alone and wiped when it is dropped.
#[derive(Debug)]
pub(crate) struct Note(());

impl Note {
    /// Shows the note, if somebody can see it.
    pub(crate) fn show(text: &str) -> Option<Self> {
        let mut stderr = io::stderr();
        if !stderr.is_terminal() {
            return None;
        }
        write!(stderr, "{text}").and_then(|()| stderr.flush()).ok().map(|()| Self(()))
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        // A note that cannot be wiped harms nobody.
        let _ = write!(io::stderr(), "\r\u{1b}[K");
    }
}
