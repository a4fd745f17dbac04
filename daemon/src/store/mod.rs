//! What outlives the process: one SQLite database on a thread of its own, reached through a handle that never blocks.
//! Changes that wait together are committed together, and each is answered when it is on the disk.
//! What is worth keeping is decided by those who ask.

mod archive;
mod change;
mod corrections;
mod database;
mod fates;
mod history;
mod login;
mod presence;
mod remarks;
mod room;
mod roster;
mod rows;
mod schema;
mod session;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

pub(crate) use change::{BasePresence, Change, KeptAccount};
pub(crate) use corrections::OwnMessage;
use database::Database;
pub(crate) use history::{HistoryQuery, HistoryRow};
pub(crate) use session::{OutboxRow, Waiting};

/// How many requests may wait for the thread.
const QUEUE: usize = 1024;

/// Why the database was not opened. It is then as it was: nothing is repaired or replaced unasked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// It is not, or no longer, what xmppd wrote.
    #[error("{} is damaged: {detail}", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
    },
    /// A later version wrote it.
    #[error("{} was written by a newer xmppd (schema {found}, this one knows {known})", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// The latest schema here.
        known: usize,
    },
    /// It cannot be opened or written.
    #[error("{}: {detail}", path.display())]
    Unusable {
        /// The database.
        path: PathBuf,
        /// The reason.
        detail: String,
    },
}

impl OpenError {
    /// The way out.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Damaged { path, .. } => format!(
                "xmppd leaves it untouched; put a backup in its place, or move {0}, {0}-wal and {0}-shm aside \
                 to start with nothing",
                path.display()
            ),
            Self::Newer { path, .. } => {
                format!(
                    "start the newer xmppd, or move {0}, {0}-wal and {0}-shm aside to start with nothing",
                    path.display()
                )
            }
            Self::Unusable { .. } => {
                "the state folder must be yours, writable, and on a local disk with free space".into()
            }
        }
    }
}

/// Why a change was not made or a question not answered. After each of them the next request may succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    /// No space, by disk or quota.
    #[error("the disk with the state is full")]
    Full,
    /// The file was deleted, moved or replaced under the running daemon, so nothing written to it is kept.
    #[error("the state database was removed or replaced while in use; restart xmppd")]
    Moved,
    /// More requests are waiting than the disk can serve.
    #[error("the state database is too slow; try again")]
    Busy,
    /// The store is closed.
    #[error("the state database is closed")]
    Closed,
    /// Anything else that SQLite reports.
    #[error("the state database failed: {0}")]
    Failed(String),
}

enum Request {
    Apply(Vec<Change>, oneshot::Sender<Result<(), StoreError>>),
    Read(Box<dyn FnOnce(&Connection) + Send>),
    Close(oneshot::Sender<()>),
}

/// The handle. Requests take effect in the order in which the methods are called, not awaited.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    requests: mpsc::Sender<Request>,
}

impl Store {
    /// Opens or creates `state.db` in the state folder, which must be ours and locked, and starts the thread.
    /// Blocks for some milliseconds: meant for the start of the program.
    pub(crate) fn open(folder: &Path) -> Result<Self, OpenError> {
        let database = Database::open(folder)?;
        let (requests, queue) = mpsc::channel(QUEUE);
        let unusable = |error: std::io::Error| OpenError::Unusable { path: folder.into(), detail: error.to_string() };
        std::thread::Builder::new().name("store".into()).spawn(move || serve(database, queue)).map_err(unusable)?;
        Ok(Self { requests })
    }

    /// Makes the changes in one transaction: all or none. The answer comes when they are on the disk.
    pub(crate) fn apply(&self, changes: Vec<Change>) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let sent = self.send(Request::Apply(changes, reply));
        async move {
            sent?;
            answer.await.map_err(|_| StoreError::Closed)?
        }
    }

    /// Asks the database. The answer sees every change of an earlier call.
    fn read<T, Q>(&self, query: Q) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, Q>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let sent = self.send(Request::Read(Box::new(move |connection| {
            // Nobody waits any more when this fails.
            let _ = reply.send(query(connection).map_err(StoreError::from));
        })));
        async move {
            sent?;
            answer.await.map_err(|_| StoreError::Closed)?
        }
    }

    /// Finishes what was asked, folds the log into the database and ends the thread. Later requests get `Closed`.
    pub(crate) async fn close(self) {
        let (reply, answer) = oneshot::channel();
        if self.requests.send(Request::Close(reply)).await.is_ok() {
            let _ = answer.await;
        }
    }

    fn send(&self, request: Request) -> Result<(), StoreError> {
        self.requests.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Closed(_) => StoreError::Closed,
        })
    }
}

/// The thread: asleep until asked, gone when the last handle is.
fn serve(mut database: Database, mut queue: mpsc::Receiver<Request>) {
    let mut next = queue.blocking_recv();
    while let Some(request) = next {
        let after = match request {
            Request::Apply(changes, reply) => {
                let (group, after) = group((changes, reply), &mut queue);
                let (changes, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
                for (reply, result) in replies.into_iter().zip(database.apply(&changes)) {
                    let _ = reply.send(result);
                }
                after
            }
            Request::Read(query) => {
                query(database.connection());
                None
            }
            Request::Close(reply) => {
                queue.close();
                database.close();
                let _ = reply.send(());
                return;
            }
        };
        next = after.or_else(|| queue.try_recv().ok()).or_else(|| {
            database.wipe();
            queue.blocking_recv()
        });
    }
    database.close();
}

type Asked = (Vec<Change>, oneshot::Sender<Result<(), StoreError>>);

/// The first request for changes with all that wait right behind it, and the request that ended the row.
fn group(first: Asked, queue: &mut mpsc::Receiver<Request>) -> (Vec<Asked>, Option<Request>) {
    let mut group = vec![first];
    loop {
        match queue.try_recv() {
            Ok(Request::Apply(changes, reply)) => group.push((changes, reply)),
            Ok(other @ (Request::Read(_) | Request::Close(_))) => return (group, Some(other)),
            Err(_) => return (group, None),
        }
    }
}

#[cfg(test)]
mod tests;
