//! A daemon that knows only lines: it greets, writes down what it is asked, and answers what it was told to.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What the daemon does with one connection's request.
pub(crate) enum Script {
    /// Answers with this result.
    Result(Value),
    /// Answers with this error object.
    Error(Value),
    /// Greets with this result instead, and answers nothing.
    Greeting(Value),
    /// Answers with an empty object, sends these lines and closes.
    Lines(Vec<String>),
    /// Closes at once.
    Close,
}

/// A folder with a socket in it, gone when dropped.
pub(crate) struct Daemon {
    folder: PathBuf,
    requests: Arc<Mutex<Vec<String>>>,
}

/// What a run left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Daemon {
    /// A daemon for as many connections as there are scripts; behind the last one nobody listens.
    pub(crate) fn start(scripts: Vec<Script>) -> Self {
        let daemon = Self::absent();
        let listener = UnixListener::bind(daemon.socket()).unwrap();
        let requests = Arc::clone(&daemon.requests);
        std::thread::spawn(move || {
            for script in scripts {
                let (stream, _) = listener.accept().unwrap();
                serve(&stream, script, &requests);
            }
        });
        daemon
    }

    /// A folder in which nobody listens.
    pub(crate) fn absent() -> Self {
        let name = |number: u32| std::env::temp_dir().join(format!("xmppctl-{}-{number}", std::process::id()));
        let folder = (0..).map(name).find(|folder| fs::create_dir(folder).is_ok()).unwrap();
        Self { folder, requests: Arc::default() }
    }

    /// Where the socket is, or would be.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("rpc.sock")
    }

    /// The folder around it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The requests so far, each `METHOD PARAMS`, the greeting left out.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Runs `xmppctl` against this daemon.
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        self.run_with(words, "", &[])
    }

    /// The same with standard input and further environment.
    pub(crate) fn run_with(&self, words: &[&str], stdin: &str, environment: &[(&str, &str)]) -> Run {
        let mut child = self.command(words).envs(environment.iter().copied()).spawn().unwrap();
        // The program may not want its input.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        Run::from(child.wait_with_output().unwrap())
    }

    /// The program with its words, in an environment of its own.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xmppctl"));
        command.args(words).env_clear().env("XMPPD_SOCKET", self.socket()).env("TZ", "UTC").env("HOME", &self.folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A document of the protocol's own golden files, for instance `reply/status`.
pub(crate) fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/tests/golden").join(format!("{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// An event as a notification's line.
pub(crate) fn event(params: &Value) -> String {
    json!({"jsonrpc": "2.0", "method": "event", "params": params}).to_string()
}

fn serve(stream: &UnixStream, script: Script, requests: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    if matches!(script, Script::Close) {
        return;
    }
    let hello = next();
    assert_eq!(hello["method"], "daemon.hello");
    let request = next();
    let line = format!("{} {}", request["method"].as_str().unwrap(), request["params"]);
    requests.lock().unwrap().push(line);
    let greeting = json!({"protocol": 1, "version": "0.1.0"});
    let answer = |id: &Value, key: &str, value: Value| {
        let mut stream = stream;
        writeln!(stream, "{}", json!({"jsonrpc": "2.0", "id": id, key: value})).unwrap();
    };
    match script {
        Script::Close => {}
        Script::Greeting(other) => answer(&hello["id"], "result", other),
        Script::Result(result) => {
            answer(&hello["id"], "result", greeting);
            answer(&request["id"], "result", result);
        }
        Script::Error(error) => {
            answer(&hello["id"], "result", greeting);
            answer(&request["id"], "error", error);
        }
        Script::Lines(lines) => {
            answer(&hello["id"], "result", greeting);
            answer(&request["id"], "result", json!({}));
            let mut stream = stream;
            // A watcher that has seen enough hangs up.
            let _ = lines.iter().try_for_each(|line| writeln!(stream, "{line}"));
        }
    }
}
