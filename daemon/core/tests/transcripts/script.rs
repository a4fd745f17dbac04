//! Reads a transcript: a text file of steps, one a line, in the order in which they happen. What the steps do is
//! [`super::runner`]'s; this is their notation.
//!
//! ```text
//! # …                     a remark
//! set KEY VALUE           a setting of the account, see [`super::account`]; before the first step
//! let NAME TEXT           {NAME} stands for TEXT from here on
//! include PATH            the steps of another file of this folder, without its .txt
//!
//! S: XML                  the server sends this; lines that begin with a blank belong to the same step
//! C: XML                  the client's next frame is this (or these), whatever the order of attributes
//! ! WORDS                 the next thing the account wants done or known; the words are [`super::words`]'s
//! > WORDS                 a command: status SHOW ["TEXT"] [priority N], tune "ARTIST" "TITLE", tune none, send JID
//!                         "BODY" [receipt | id ID [again] | no-wait], correct FIRST JID "BODY" [behind ID | id ID], ask JID|account ping, watched yes|no, catch-up, cancel ID, retry ID JID "STANZA", connect, disconnect, leave,
//!                         suspend, subscribe|unsubscribe|approve|deny JID; each that is answered has the next number, from 1 on: ! reply 1 …
//! connected direct|plain [tls=1.2|1.3] [binding=none]      secured [the same]
//! secret TEXT             the password; secret missing "REASON" is the lack of one
//! derived                 the key that was asked for
//! stored [failed "WHY"]   the store's answer to its oldest open request, of those that are waited for: tune-out,
//!                         message, handled
//! lost KIND ["WORDS"]     the shell's word of a lost connection: broken, unreachable, certificate, tls, not-offered,
//!                         expensive
//! encrypted-only [CHAT …]  the patterns of chats that no plain text may be sent into, from now on
//! machine sleeps|woke|network-changed
//! x                       the connection is cut
//! @ +30s | @ next         time passes (ms, s, m, h), with a tick at each deadline on the way; or until the next one
//! ```
//!
//! In `C:` and `!`, `{name}` stands for any text without blanks and keeps it; where the name has a text already, it
//! must be that one. `{}` keeps nothing, and a `…` at the end of `!` is any rest. In `S:` and `>`, `{name}` is replaced, and
//! `{server-first …}` and `{server-final …}` are a real server's answers, see [`super::scram`], `{contacts N}` are so many
//! entries of a roster, and `{messages N}` so many live messages. `<stream:stream` needs no namespaces on either side.

use std::fs;
use std::path::{Path, PathBuf};

use xmppd_core::xml::Frame;

use super::compare;

/// A transcript.
pub(crate) struct Script {
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) steps: Vec<Step>,
}

/// One step and where it stands.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) place: String,
    /// Written in the transcript itself, not in a file that it includes.
    pub(crate) own: bool,
    pub(crate) act: Act,
    /// What `C:` describes.
    pub(crate) frames: Vec<Frame>,
}

/// What a step does.
#[derive(Clone)]
pub(crate) enum Act {
    /// `S:`
    Server(String),
    /// `C:`
    Client(String),
    /// `!`
    Expect(String),
    /// `>`
    Command(Vec<String>),
    /// What the shell hands in.
    Shell(Vec<String>),
    /// `@`
    Wait(Wait),
    /// `x`
    Cut,
    /// `let`
    Let(String, String),
}

/// How long.
#[derive(Clone, Copy)]
pub(crate) enum Wait {
    Millis(u64),
    NextDeadline,
}

impl Script {
    /// Reads a file and what it includes.
    pub(crate) fn read(path: &Path) -> Self {
        let mut script = Self { settings: Vec::new(), steps: Vec::new() };
        script.append(path, true);
        for step in &mut script.steps {
            if let Act::Client(text) = &step.act {
                step.frames = compare::frames(text).unwrap_or_else(|why| panic!("{}: {why}", step.place));
            }
        }
        script
    }

    fn append(&mut self, path: &Path, own: bool) {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.strip_prefix(folder()).unwrap_or(path).display();
        for (number, line) in text.lines().enumerate() {
            let place = format!("{name}:{}", number + 1);
            if line.starts_with(char::is_whitespace) && !line.trim().is_empty() {
                self.extend(line.trim(), &place);
            } else {
                self.line(line.trim_end(), place, own);
            }
        }
    }

    fn line(&mut self, line: &str, place: String, own: bool) {
        let (marker, rest) = line.split_once(' ').unwrap_or((line, ""));
        let act = match marker {
            "" => return,
            remark if remark.starts_with('#') => return,
            "include" => return self.append(&folder().join(format!("{rest}.txt")), false),
            "set" => {
                let (key, value) = rest.split_once(' ').unwrap_or((rest, ""));
                return self.settings.push((key.to_owned(), value.to_owned()));
            }
            "let" => {
                let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
                Act::Let(name.to_owned(), text.to_owned())
            }
            "S:" => Act::Server(rest.to_owned()),
            "C:" => Act::Client(rest.to_owned()),
            "!" => Act::Expect(rest.to_owned()),
            ">" => Act::Command(words(rest)),
            "@" => Act::Wait(wait(rest).unwrap_or_else(|| panic!("{place}: no duration: {rest}"))),
            "x" => Act::Cut,
            "connected" | "secured" | "secret" | "derived" | "stored" | "lost" | "machine" | "encrypted-only" => {
                Act::Shell(words(line))
            }
            other => panic!("{place}: no such step: {other}"),
        };
        self.steps.push(Step { place, own, act, frames: Vec::new() });
    }

    fn extend(&mut self, more: &str, place: &str) {
        match self.steps.last_mut().map(|step| &mut step.act) {
            Some(Act::Server(text) | Act::Client(text)) => {
                text.push(' ');
                text.push_str(more);
            }
            _ => panic!("{place}: only S: and C: go on in the next line"),
        }
    }
}

/// Where the transcripts are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

/// Words between blanks; `"…"` is one word.
pub(crate) fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for character in text.chars() {
        match character {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

fn wait(text: &str) -> Option<Wait> {
    if text == "next" {
        return Some(Wait::NextDeadline);
    }
    let text = text.strip_prefix('+')?;
    let (number, unit) = text.split_at(text.find(|character: char| !character.is_ascii_digit())?);
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Wait::Millis(number.parse::<u64>().ok()? * millis))
}
