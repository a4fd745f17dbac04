//! A contact's eyes: slixmpp, a client that is not ours, in a program of its own (`tests/contact.py`).
//!
//! What it sees is kept as JSON in the order it came; a test waits for the event that it expects.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::missing::{Missing, cache};
use crate::process::{Folder, Process, clean};
use crate::server::people::Person;
use crate::server::{Server, Tls};
use crate::wait::SOON;

/// A logged-in foreign client; it leaves when dropped.
#[derive(Debug)]
pub struct Contact {
    name: &'static str,
    jid: String,
    input: Option<ChildStdin>,
    events: Receiver<Value>,
    seen: Vec<Value>,
    read: usize,
    asked: u64,
    process: Process,
    _folder: Folder,
}

impl Contact {
    /// Logs a person in to a server and waits until initial presence is sent.
    ///
    /// # Errors
    /// `Missing` when slixmpp is not installed.
    ///
    /// # Panics
    /// When the login fails or takes too long.
    pub fn login(server: &Server, tls: Tls, person: Person) -> Result<Self, Missing> {
        Self::login_as(server, tls, person, &person.jid())
    }

    /// The same with an address of the person's that may name the resource to be had.
    ///
    /// # Errors
    /// As [`Contact::login`].
    pub fn login_as(server: &Server, tls: Tls, person: Person, jid: &str) -> Result<Self, Missing> {
        let at = (server.port(tls), tls);
        let mut contact = Self::begin(at, &server.authority_file(), (person, jid), person.password)?;
        let online = contact.wait_for("is online", |event| event["event"] == "online" || event["event"] == "failed");
        assert_eq!(online["event"], "online", "{} could not log in: {online}", person.name);
        contact.jid = online["jid"].as_str().unwrap_or_default().to_owned();
        Ok(contact)
    }

    /// Starts a login at a port of 127.0.0.1 with a chosen password, whatever comes of it; `authority` is the file
    /// with the certificate that is trusted.
    ///
    /// # Errors
    /// As [`Contact::login`].
    pub fn start(at: (u16, Tls), authority: &Path, person: Person, password: &str) -> Result<Self, Missing> {
        Self::begin(at, authority, (person, &person.jid()), password)
    }

    fn begin(at: (u16, Tls), authority: &Path, who: (Person, &str), password: &str) -> Result<Self, Missing> {
        let ((port, tls), (person, jid)) = (at, who);
        let python = cache().join("slixmpp/bin/python");
        if !python.exists() {
            return Err(Missing("slixmpp".to_owned()));
        }
        let folder = Folder::new("contact");
        let setup = json!({
            "jid": jid, "host": "127.0.0.1", "port": port,
            "tls": match tls { Tls::Starttls => "starttls", Tls::Direct => "direct" },
            "authority": authority,
        });
        let mut command = Command::new(python);
        clean(&mut command)
            .env("HOME", folder.path())
            .args(["-B", "-X", "utf8"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("contact.py"))
            .arg(setup.to_string());
        let mut process =
            Process::start_piped(person.name, command, &folder.join("log")).with_grace(Duration::from_secs(1));
        let input = process.input();
        let events = read_events(process.output().expect("the program is piped"));
        let mut contact = Self {
            name: person.name,
            jid: jid.to_owned(),
            input,
            events,
            seen: Vec::new(),
            read: 0,
            asked: 0,
            process,
            _folder: folder,
        };
        contact.write(&json!(password));
        Ok(contact)
    }

    /// The full JID once logged in, the bare one before.
    #[must_use]
    pub fn jid(&self) -> &str {
        &self.jid
    }

    /// All events so far, those that were waited for included.
    pub fn seen(&mut self) -> &[Value] {
        self.seen.extend(self.events.try_iter());
        &self.seen
    }

    /// The next event that fits, after the one that was last waited for; what does not fit is passed over.
    ///
    /// # Panics
    /// When none comes [`SOON`]; `what` finishes the sentence "juliet waited in vain until she …".
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.wait_until(what, SOON, fits)
    }

    /// [`Contact::wait_for`] with a deadline of the caller's.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, within: Duration, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + within;
        loop {
            while let Some(event) = self.seen.get(self.read) {
                self.read += 1;
                if fits(event) {
                    return event.clone();
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(event) => self.seen.push(event),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{}: waited {within:?} in vain for: {what}; {}", self.name, self.tail())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{}: ended before: {what}; {}", self.name, self.tail())
                }
            }
        }
    }

    /// The next presence from a bare JID that fits.
    #[track_caller]
    pub fn wait_for_presence(&mut self, from: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.wait_for(what, |event| event["event"] == "presence" && event["bare"] == from && fits(event))
    }

    /// The next tune from a bare JID that fits; a withdrawn one is an empty object.
    #[track_caller]
    pub fn wait_for_tune(&mut self, from: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.wait_for(what, |event| event["event"] == "tune" && event["bare"] == from && fits(&event["tune"]))
    }

    /// Asks it to do something (the words are those of `contact.py`) and gives back its answer: `{"ok":true,…}` or
    /// `{"ok":false,"condition":…}`. Other events that come meanwhile are kept for [`Contact::wait_for`].
    ///
    /// # Panics
    /// When no answer comes [`SOON`].
    #[track_caller]
    pub fn ask(&mut self, word: &str, fields: &Value) -> Value {
        self.asked += 1;
        let number = self.asked;
        let mut request = fields.clone();
        if !request.is_object() {
            request = json!({});
        }
        request["id"] = json!(number);
        request["do"] = json!(word);
        self.write(&request);
        let read = self.read;
        let answer = self.wait_for(word, |event| event["event"] == "answer" && event["id"] == number);
        self.read = read;
        answer
    }

    /// [`Contact::ask`] where a refusal is a failure of the test.
    #[track_caller]
    pub fn tell(&mut self, word: &str, fields: &Value) -> Value {
        let answer = self.ask(word, fields);
        assert_eq!(answer["ok"], true, "{}: {word}: {answer}", self.name);
        answer
    }

    fn write(&mut self, line: &Value) {
        if let Some(input) = &mut self.input {
            // A program that has ended is noticed by the one who waits for its events.
            let _ = writeln!(input, "{line}").and_then(|()| input.flush());
        }
    }

    fn tail(&self) -> String {
        let last = &self.seen[self.seen.len().saturating_sub(12)..];
        let lines: Vec<String> = last.iter().map(Value::to_string).collect();
        format!("it last saw:\n{}", lines.join("\n"))
    }
}

impl Drop for Contact {
    fn drop(&mut self) {
        // The end of its input tells it to leave; the process value ends it when it does not.
        self.input = None;
        crate::wait::until(Duration::from_secs(2), || self.process.ended());
    }
}

fn read_events(output: ChildStdout) -> Receiver<Value> {
    let (sender, events) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let event = serde_json::from_str(&line).unwrap_or_else(|_| json!({"event": "garbage", "line": line}));
            if sender.send(event).is_err() {
                return;
            }
        }
    });
    events
}
