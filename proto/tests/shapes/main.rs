//! The wire only grows: every message is kept as a file, and must be written and read as it stands there.
//! A new message's file is written by running the test with `XMPPD_BLESS=1`; an old one is never rewritten.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;
mod contacts;
mod history;
mod layers;
mod personal;
mod rooms;
mod tune;
mod upload;
mod wire;

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use xmppd_proto::jsonrpc::{self, Id};
use xmppd_proto::{Call, Request, Timestamp};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.json"))
}

fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    let path = file(name);
    if !path.exists() && std::env::var_os("XMPPD_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(text, golden, "{name} is written otherwise");
    assert_eq!(&serde_json::from_str::<T>(&golden).unwrap(), value, "{name} is read otherwise");
}

fn check_request<C: Call + PartialEq + Debug>(name: &str, call: &C) {
    check(&format!("request/{name}"), call);
    let line = jsonrpc::request_line(1, call);
    let incoming = jsonrpc::Incoming::parse(line.trim_end().as_bytes()).unwrap();
    assert_eq!(incoming.id, Some(Id::Number(1.into())));
    let request = Request::parse(&incoming.method, incoming.params).unwrap();
    assert_eq!(request.method(), C::METHOD);
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}
