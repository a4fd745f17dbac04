//! What the tests of this face need: folders that vanish, and a client whose daemon is the test itself.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use xmppd_proto::{Failure, Reply, Request};

use super::connection::Connection;
use crate::api::{Api, Asked, Clients};

/// A new, empty folder of mode 0700 that is removed when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        let name = format!("xmppd-rpc-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name.replace(['(', ')'], ""));
        std::fs::DirBuilder::new().mode(0o700).create(&path).expect("a folder for the test");
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A client of one connection, and the daemon behind it.
pub(super) struct Session {
    pub(super) client: BufReader<UnixStream>,
    pub(super) asked: mpsc::Receiver<Asked>,
    pub(super) counts: Clients,
    pub(super) shutdown: watch::Sender<bool>,
    pub(super) connection: JoinHandle<()>,
}

impl Session {
    pub(super) fn start() -> Self {
        let (theirs, ours) = UnixStream::pair().unwrap();
        let (api, asked) = Api::new();
        let (counts, (shutdown, ending)) = (Clients::default(), watch::channel(false));
        let connection = tokio::spawn(Connection::new(ours, api, counts.clone(), ending).run());
        Self { client: BufReader::new(theirs), asked, counts, shutdown, connection }
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.client.get_mut().write_all(text.as_bytes()).await.unwrap();
    }

    /// Calls a method.
    pub(super) async fn ask(&mut self, id: u32, method: &str, params: Value) {
        self.send(&request(id, method, params)).await;
    }

    /// Closes the client's sending direction.
    pub(super) async fn half_close(&mut self) {
        self.client.get_mut().shutdown().await.unwrap();
    }

    /// The next line; `Null` at the end of the stream.
    pub(super) async fn line(&mut self) -> Value {
        let mut line = String::new();
        match self.client.read_line(&mut line).await.unwrap() {
            0 => Value::Null,
            _ => serde_json::from_str(&line).unwrap(),
        }
    }

    /// The next call that reaches the daemon.
    pub(super) async fn call(&mut self) -> (Request, oneshot::Sender<Result<Reply, Failure>>) {
        match self.asked.recv().await {
            Some(Asked::Call(request, reply)) => (request, reply),
            other => panic!("a call was expected, not {other:?}"),
        }
    }
}

/// The line that calls a method.
pub(super) fn request(id: u32, method: &str, params: Value) -> String {
    format!("{}\n", json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
}

/// An answer that tells nothing but the text.
pub(super) fn said(text: &str) -> Result<Reply, Failure> {
    Ok(Reply::RpcDescribe(Value::from(text)))
}
