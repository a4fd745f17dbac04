//! Files on their way to a place at a server. Whoever sends one hands it over in pieces, so that nothing here opens a
//! file: the daemon's sandbox need not see the folders, and a reader of a slow disk holds up nobody. Finding the place is
//! `api`'s, what of it may be used the core's.

mod put;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use xmppd_core::time::Wall;
use xmppd_core::upload::Place;

use crate::host;
use crate::transport::tls::Tls;
use put::Put;
pub(crate) use put::PutError;

/// How many orders may wait.
const ORDERS: usize = 16;
/// So many uploads may be under way.
const AT_ONCE: usize = 8;
/// An upload that nobody goes on with is given up after this.
const ABANDONED: Duration = Duration::from_secs(30);

/// The way to the uploads.
#[derive(Clone, Debug)]
pub(crate) struct Uploads {
    orders: mpsc::Sender<Order>,
}

/// Why an upload does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// There is none of this name, or none any more.
    #[error("there is no such upload, or it was given up")]
    Unknown,
    /// Too many are under way.
    #[error("{AT_ONCE} uploads are under way already")]
    TooMany,
    /// The pieces have another size than was said.
    #[error("the file has not the size that was said: {given} bytes of {size}")]
    Size { given: u64, size: u64 },
    /// The place does not take it.
    #[error("{0}")]
    Put(#[from] PutError),
}

type Reply<T> = oneshot::Sender<Result<T, UploadError>>;

enum Order {
    Begin(Box<(String, u64, Place, Tls)>, Reply<()>),
    Piece(String, Piece),
    Postpone(String, Wall),
    Until(String, oneshot::Sender<Option<Wall>>),
}

#[derive(Debug)]
enum Piece {
    Write(Vec<u8>, Reply<(u64, u64)>),
    Finish(Reply<String>),
    Cancel(Reply<()>),
}

/// Starts the task that knows which uploads are under way.
pub(crate) fn start() -> Uploads {
    let (orders, todo) = mpsc::channel(ORDERS);
    tokio::spawn(keep(todo));
    Uploads { orders }
}

impl Uploads {
    /// Opens the way for a file of this size to a place, under this name.
    pub(crate) async fn begin(&self, upload: String, size: u64, place: Place, tls: Tls) -> Result<(), UploadError> {
        self.ask(|reply| Order::Begin(Box::new((upload, size, place, tls)), reply)).await
    }

    /// Sends the next piece; how much has left, of how much.
    pub(crate) async fn write(&self, upload: String, bytes: Vec<u8>) -> Result<(u64, u64), UploadError> {
        self.ask(|reply| Order::Piece(upload, Piece::Write(bytes, reply))).await
    }

    /// All pieces were sent: where the file is.
    pub(crate) async fn finish(&self, upload: String) -> Result<String, UploadError> {
        self.ask(|reply| Order::Piece(upload, Piece::Finish(reply))).await
    }

    /// Gives an upload up.
    pub(crate) async fn cancel(&self, upload: String) -> Result<(), UploadError> {
        self.ask(|reply| Order::Piece(upload, Piece::Cancel(reply))).await
    }

    /// The server of this account is not to be asked for a place before this time.
    pub(crate) async fn postpone(&self, account: String, until: Wall) {
        // An error means that nobody will ask any more.
        let _ = self.orders.send(Order::Postpone(account, until)).await;
    }

    /// Until when it is not to be asked.
    pub(crate) async fn postponed(&self, account: String) -> Option<Wall> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order::Until(account, reply)).await.ok()?;
        answer.await.ok()?
    }

    async fn ask<T>(&self, order: impl FnOnce(Reply<T>) -> Order) -> Result<T, UploadError> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| UploadError::Unknown)?;
        answer.await.map_err(|_| UploadError::Unknown)?
    }
}

async fn keep(mut todo: mpsc::Receiver<Order>) {
    let mut under_way: BTreeMap<String, mpsc::Sender<Piece>> = BTreeMap::new();
    let mut postponed: BTreeMap<String, Wall> = BTreeMap::new();
    while let Some(order) = todo.recv().await {
        match order {
            Order::Begin(begin, reply) => {
                under_way.retain(|_, pieces| !pieces.is_closed());
                if under_way.len() >= AT_ONCE {
                    let _ = reply.send(Err(UploadError::TooMany));
                    continue;
                }
                let (upload, size, place, tls) = *begin;
                let (sender, pieces) = mpsc::channel(1);
                under_way.insert(upload, sender);
                tokio::spawn(carry(size, place, tls, pieces, reply));
            }
            Order::Piece(upload, piece) => {
                // Who asks for a second thing before the first is done is not answered, which says the same as unknown.
                if let Some(pieces) = under_way.get(&upload) {
                    let _ = pieces.try_send(piece);
                }
            }
            Order::Postpone(account, until) => drop(postponed.insert(account, until)),
            Order::Until(account, reply) => {
                postponed.retain(|_, until| *until > host::now().wall);
                let _ = reply.send(postponed.get(&account).copied());
            }
        }
    }
}

/// One upload from its first byte to its end. Whoever asked may have gone: then nobody goes on with it.
async fn carry(size: u64, place: Place, tls: Tls, mut pieces: mpsc::Receiver<Piece>, reply: Reply<()>) {
    let mut put = match Put::open(&place, &tls).await {
        Ok(put) => put,
        Err(error) => return drop(reply.send(Err(error.into()))),
    };
    let _ = reply.send(Ok(()));
    let mut sent = 0_u64;
    while let Ok(Some(piece)) = timeout(ABANDONED, pieces.recv()).await {
        match piece {
            Piece::Write(bytes, reply) => {
                let given = sent.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                let written = if given > size {
                    Err(UploadError::Size { given, size })
                } else {
                    put.write(&bytes).await.map_err(UploadError::from)
                };
                let failed = written.is_err();
                let _ = reply.send(written.map(|()| (given, size)));
                if failed {
                    return;
                }
                sent = given;
            }
            Piece::Finish(reply) if sent < size => {
                return drop(reply.send(Err(UploadError::Size { given: sent, size })));
            }
            Piece::Finish(reply) => {
                let finished = put.finish().await;
                return drop(reply.send(finished.map(|()| place.get).map_err(UploadError::from)));
            }
            Piece::Cancel(reply) => return drop(reply.send(Ok(()))),
        }
    }
}
