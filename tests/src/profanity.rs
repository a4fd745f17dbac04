//! Another contact's eyes: profanity, a client that is not ours and not slixmpp, in a terminal that nobody looks at.
//!
//! It is driven by what is typed, and asked by what it shows on the terminal and writes into its files.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};
use crate::server::people::Person;
use crate::server::{Server, Tls};
use crate::wait::{SOON, eventually, until};

/// So large that nothing scrolls: what it shows is written once, and in whole lines.
const TERMINAL: &str = "stty rows 500 cols 250; exec profanity --log DEBUG --account home";

/// A logged-in profanity; it leaves when dropped.
#[derive(Debug)]
pub struct Profanity {
    name: &'static str,
    input: Option<ChildStdin>,
    output: Receiver<Vec<u8>>,
    shown: Vec<u8>,
    /// How far into the text that was shown it has been waited for.
    seen: usize,
    process: Process,
    folder: Folder,
}

/// A line of its chat log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whether the person at the terminal said it.
    pub mine: bool,
    /// What was said.
    pub body: String,
}

impl Profanity {
    /// Logs a person in over STARTTLS, with no other authority trusted than the server's, and opens the chat with
    /// another person.
    ///
    /// # Errors
    /// `Missing` when a program is not installed.
    ///
    /// # Panics
    /// When it does not come online.
    pub fn login(server: &Server, person: Person, other: Person) -> Result<Self, Missing> {
        program("profanity")?;
        let terminal = program("script")?;
        let folder = Folder::new("profanity");
        settle_in(&folder, server, person)?;
        let mut command = Command::new(terminal);
        clean(&mut command)
            .env("HOME", folder.path())
            .env("XDG_CONFIG_HOME", folder.join("config"))
            .env("XDG_DATA_HOME", folder.join("data"))
            .env("TERM", "xterm")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .args(["--quiet", "--flush", "--command", TERMINAL, "/dev/null"])
            .current_dir(folder.path());
        let mut process = Process::start_piped(person.name, command, &folder.join("log"));
        let input = process.input();
        let output = read(process.output().expect("the program is piped"));
        let mut profanity = Self { name: person.name, input, output, shown: Vec::new(), seen: 0, process, folder };
        profanity.sees("logged in successfully");
        for command in ["/presence chat all", "/receipts send on", "/receipts request on"] {
            profanity.types(command);
        }
        profanity.sees("Request delivery receipts enabled");
        profanity.types(&format!("/msg {}", other.jid()));
        profanity.sees("unencrypted");
        Ok(profanity)
    }

    /// Types a line: a command, or what is said in the chat.
    pub fn types(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            // A program that has ended is noticed by who waits for what it shows.
            let _ = write!(input, "{line}\r").and_then(|()| input.flush());
        }
    }

    /// Waits until this stands on the terminal, behind what was last waited for.
    ///
    /// # Panics
    /// When it does not [`SOON`].
    #[track_caller]
    pub fn sees(&mut self, text: &str) {
        let seen = until(SOON, || {
            self.shown.extend(self.output.try_iter().flatten());
            let shown = plain(&self.shown);
            self.seen += shown.get(self.seen..)?.find(text)? + text.len();
            Some(())
        });
        assert!(seen.is_some(), "{} waited in vain to see {text:?} in:\n{}", self.name, plain(&self.shown));
    }

    /// What was said in all its chats, in the order of its log.
    #[must_use]
    pub fn talk(&self) -> Vec<Said> {
        self.lines_below("data/profanity/chatlogs").iter().filter_map(|line| said(line)).collect()
    }

    /// The same once it is so.
    ///
    /// # Panics
    /// When it is not [`SOON`].
    #[track_caller]
    pub fn talk_once(&self, what: &str, fits: impl Fn(&[Said]) -> bool) -> Vec<Said> {
        eventually(what, SOON, || Some(self.talk()).filter(|talk| fits(talk)))
    }

    /// The stanzas that it noted to have received, one a line.
    #[must_use]
    pub fn received(&self) -> Vec<String> {
        self.noted("RECV: ")
    }

    /// The stanzas that it noted to have sent, one a line.
    #[must_use]
    pub fn sent(&self) -> Vec<String> {
        self.noted("SENT: ")
    }

    fn noted(&self, word: &str) -> Vec<String> {
        let lines = self.lines_below("data/profanity/logs");
        lines.iter().filter_map(|line| Some(line.split_once(word)?.1.to_owned())).collect()
    }

    /// The whole lines of all files in this folder; each day has one.
    fn lines_below(&self, part: &str) -> Vec<String> {
        let mut files = files_below(&self.folder.join(part));
        files.sort();
        let bytes: Vec<u8> = files.iter().filter_map(|file| std::fs::read(file).ok()).flatten().collect();
        let text = String::from_utf8_lossy(&bytes);
        text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_owned).collect()
    }
}

impl Drop for Profanity {
    fn drop(&mut self) {
        self.types("/quit");
        self.input = None;
        until(Duration::from_secs(2), || self.process.ended());
        if std::thread::panicking() {
            eprintln!("--- {}'s chat log: {:?}", self.name, self.talk());
        }
    }
}

/// Its configuration, its account and the folder with the authority, named by its hash as OpenSSL looks for it.
fn settle_in(folder: &Folder, server: &Server, person: Person) -> Result<(), Missing> {
    let authority = std::fs::read_to_string(server.authority_file()).expect("the server has an authority");
    folder.write("authorities/authority.pem", &authority);
    let mut rehash = Command::new(program("openssl")?);
    let done = clean(&mut rehash).arg("rehash").arg(folder.join("authorities")).status();
    assert!(done.is_ok_and(|status| status.success()), "openssl names the authority");
    let authorities = folder.join("authorities");
    folder.write(
        "config/profanity/profrc",
        &format!("[connection]\ntls.certpath={}\n[logging]\nchlog=true\n", authorities.display()),
    );
    folder.write(
        "data/profanity/accounts",
        &format!(
            "[home]\nenabled=true\njid={}\npassword={}\nserver=127.0.0.1\nport={}\nresource=profanity\ntls.policy=force\n",
            person.jid(),
            person.password,
            server.port(Tls::Starttls),
        ),
    );
    Ok(())
}

/// `2026-11-22T20:40:31.051958Z - me: Ay me`
fn said(line: &str) -> Option<Said> {
    let (_, rest) = line.split_once(" - ")?;
    let (who, body) = rest.split_once(": ")?;
    Some(Said { mine: who == "me", body: body.to_owned() })
}

/// What a terminal is told, without the words that move its cursor and colour it: each becomes nothing, so that a text
/// in two colours is one.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\u{1b}');
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // `[` with its numbers and a letter, or `(` and the name of a set of characters.
        let end = part.char_indices().skip(1).find(|(_, c)| c.is_ascii_alphabetic()).map(|(at, c)| at + c.len_utf8());
        shown.push_str(end.and_then(|end| part.get(end..)).unwrap_or_default());
    }
    shown
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .flat_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path()),
            _ => vec![entry.path()],
        })
        .collect()
}

fn read(mut output: ChildStdout) -> Receiver<Vec<u8>> {
    let (sender, parts) = channel();
    std::thread::spawn(move || {
        let mut part = [0; 4_096];
        while let Ok(count @ 1..) = output.read(&mut part) {
            if sender.send(part[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    parts
}
