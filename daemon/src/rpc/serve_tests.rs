//! The face as a whole, over a real socket.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use xmppd_proto::Kind;

use super::testing::{Folder, request, said};
use super::{Clients, Listener, MAX_CLIENTS, serve};
use crate::api::{Api, Asked};

struct Served {
    _folder: Folder,
    path: PathBuf,
    asked: mpsc::Receiver<Asked>,
    counts: Clients,
    shutdown: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

fn start() -> Served {
    let folder = Folder::new();
    let path = folder.path().join("rpc.sock");
    let (api, asked) = Api::new();
    let (counts, (shutdown, ending)) = (Clients::default(), watch::channel(false));
    let serving = tokio::spawn(serve(Listener::bind(&path).unwrap(), api, counts.clone(), ending.clone(), ending));
    Served { _folder: folder, path, asked, counts, shutdown, serving }
}

/// A client that has been greeted.
async fn client(path: &Path) -> BufReader<UnixStream> {
    let mut client = BufReader::new(UnixStream::connect(path).await.unwrap());
    client.get_mut().write_all(request(1, "daemon.hello", json!({})).as_bytes()).await.unwrap();
    assert!(line(&mut client).await.contains("\"protocol\":1"));
    client
}

async fn line(client: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    client.read_line(&mut line).await.unwrap();
    line
}

#[tokio::test]
async fn one_client_too_many_is_told_so_and_the_next_is_served_once_another_has_left() {
    let served = start();
    let mut clients = Vec::new();
    for _ in 0..MAX_CLIENTS {
        clients.push(client(&served.path).await);
    }
    assert_eq!(served.counts.connected(), 64);
    let mut refused = BufReader::new(UnixStream::connect(&served.path).await.unwrap());
    assert!(line(&mut refused).await.contains(&Kind::Policy.rpc_code().to_string()));
    assert_eq!(line(&mut refused).await, "");

    let mut leaving = clients.swap_remove(9);
    leaving.get_mut().shutdown().await.unwrap();
    assert_eq!(line(&mut leaving).await, "");
    client(&served.path).await;
}

#[tokio::test]
async fn the_end_closes_every_connection_and_removes_the_socket() {
    let served = start();
    let mut idle = client(&served.path).await;
    served.shutdown.send(true).unwrap();
    served.serving.await.unwrap();
    assert_eq!(line(&mut idle).await, "");
    assert!(!served.path.exists());
    assert_eq!(served.counts.connected(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_a_client_that_does_not_read() {
    let mut served = start();
    let mut stuck = client(&served.path).await;
    stuck.get_mut().write_all(request(2, "roster", json!({})).as_bytes()).await.unwrap();
    let Some(Asked::Call(_, reply)) = served.asked.recv().await else { panic!("a call") };
    reply.send(said(&"x".repeat(4 << 20))).unwrap();
    let start = tokio::time::Instant::now();
    served.shutdown.send(true).unwrap();
    served.serving.await.unwrap();
    assert!(start.elapsed() <= super::GRACE);
    assert_eq!(served.counts.connected(), 0);
}

#[tokio::test]
async fn a_shell_can_ask_with_socat() {
    let mut served = start();
    let address = format!("UNIX-CONNECT:{}", served.path.display());
    let spawned = Command::new("socat")
        .args(["-t", "60", "-", &address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut socat = match spawned {
        Ok(socat) => socat,
        Err(error) => return eprintln!("a_shell_can_ask_with_socat is skipped: socat: {error}"),
    };
    let mut input = socat.stdin.take().unwrap();
    input.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n").await.unwrap();
    drop(input);
    let Some(Asked::Call(_, reply)) = served.asked.recv().await else { panic!("a call") };
    reply.send(said("fine")).unwrap();
    let mut output = String::new();
    socat.stdout.take().unwrap().read_to_string(&mut output).await.unwrap();
    assert_eq!(output, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"fine\"}\n");
    assert!(socat.wait().await.unwrap().success());
}
