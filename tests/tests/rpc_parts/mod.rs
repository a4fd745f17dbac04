//! A client of the socket made of socat: it writes lines, and keeps events and answers apart.

use std::collections::VecDeque;

use serde_json::{Value, json};
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{present, program};
use xmppd_tests::talk::Talk;

/// A connection through socat.
pub struct Socket {
    talk: Talk,
    asked: u64,
    events: VecDeque<Value>,
}

impl Socket {
    /// Connects; nothing, said by name, where socat is missing.
    pub fn open(home: &Home) -> Option<Self> {
        let socat = present("rpc", program("socat"))?;
        let address = format!("UNIX-CONNECT:{}", home.socket().display());
        let talk = home.talk(&socat, &["-t20", "-", &address]);
        Some(Self { talk, asked: 100, events: VecDeque::new() })
    }

    /// Writes a line of any bytes.
    pub fn write(&mut self, line: &[u8]) {
        self.talk.write(&[line, b"\n"].concat());
    }

    /// Sends no more.
    pub fn close(&mut self) {
        self.talk.close();
    }

    /// Asks without waiting; the request's id.
    pub fn ask(&mut self, method: &str, params: &Value) -> u64 {
        self.asked += 1;
        self.talk.say(&json!({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params}));
        self.asked
    }

    /// The next answer; what a watcher is told before it is kept.
    #[track_caller]
    pub fn answer(&mut self) -> Value {
        loop {
            let line = self.talk.json();
            assert_eq!(line["jsonrpc"], "2.0", "{line}");
            match line["method"].is_string() {
                true => self.events.push_back(line),
                false => return line,
            }
        }
    }

    /// Asks and waits for the answer.
    #[track_caller]
    pub fn call(&mut self, method: &str, params: &Value) -> Value {
        let id = self.ask(method, params);
        let answer = self.answer();
        assert_eq!(answer["id"], id, "{method}: {answer}");
        answer
    }

    /// Asks and takes the result.
    #[track_caller]
    pub fn result(&mut self, method: &str, params: &Value) -> Value {
        let answer = self.call(method, params);
        assert!(answer.get("result").is_some(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The next thing that a watcher is told.
    #[track_caller]
    pub fn event(&mut self) -> Value {
        let mut told = self.events.pop_front().unwrap_or_else(|| self.talk.json());
        assert_eq!(told["method"], "event", "{told}");
        told["params"].take()
    }

    /// The notifications that came between answers and were not asked for yet.
    pub fn told(&self) -> Vec<Value> {
        self.events.iter().cloned().collect()
    }
}
