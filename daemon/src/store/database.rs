//! The database itself: opening with all checks, the schema's versions, and groups of changes in one transaction.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction};

use super::change::Change;
use super::schema::SCHEMA;
use super::{OpenError, StoreError};

/// Marks our databases ("xmpp" in ASCII; SQLite file format, section 1.3.16).
const APPLICATION_ID: i32 = 0x786d_7070;
/// Up to this size the whole file is checked when it is opened; a larger one would delay the start.
const CHECKED_SIZE: u64 = 16 * 1024 * 1024;

/// Little memory (256 KiB of pages), references that hold, and zeros over what is deleted.
const READING: &str = "
    PRAGMA cache_size = -256;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
";

/// Every commit is on the disk when it returns; the log is folded in at 1 MiB.
const WRITING: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 256;
    PRAGMA journal_size_limit = 1048576;
";

/// SQLite's name for the file system of the machine.
const SYSTEM: &str = "unix";

/// An open database.
pub(super) struct Database {
    connection: Connection,
    path: PathBuf,
    /// Device and inode of the file that is open.
    identity: (u64, u64),
    /// Something was erased that may still stand in the log.
    erased: bool,
}

impl Database {
    /// Opens `state.db` in the folder, creating it or bringing its schema up to date. See [`OpenError`].
    pub(super) fn open(folder: &Path) -> Result<Self, OpenError> {
        Self::open_on(SYSTEM, folder)
    }

    /// The same with what is in the files read and written through another of SQLite's file systems.
    pub(super) fn open_on(file_system: &str, folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join("state.db");
        let unusable = |error: io::Error| OpenError::Unusable { path: path.clone(), detail: error.to_string() };
        let metadata = create(&path, folder).map_err(unusable)?;
        let mut connection = connect(&path, file_system).map_err(|error| open_error(&path, &error))?;
        if connection.is_readonly("main").unwrap_or(true) {
            return Err(unusable(io::Error::other("is read-only")));
        }
        examine(&connection, &path, metadata.len())?;
        migrate(&mut connection).map_err(|error| open_error(&path, &error))?;
        Ok(Self { connection, path, identity: (metadata.dev(), metadata.ino()), erased: false })
    }

    /// For questions.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Makes each request's changes, all or none of them, and commits the whole group at once. A request that fails
    /// leaves the others alone; a commit that fails fails them all. One answer a request, in order.
    pub(super) fn apply(&mut self, requests: &[Vec<Change>]) -> Vec<Result<(), StoreError>> {
        match self.try_apply(requests) {
            Ok(answers) => answers,
            Err(error) => vec![Err(error); requests.len()],
        }
    }

    fn try_apply(&mut self, requests: &[Vec<Change>]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let mut erased = false;
        let transaction = self.connection.transaction()?;
        // Nearly always none fails: without savepoints, as the index of the texts begins a segment at each.
        let answers = match requests.iter().flatten().try_for_each(|change| change.apply(&transaction, &mut erased)) {
            Ok(()) => {
                transaction.commit()?;
                vec![Ok(()); requests.len()]
            }
            // SQLite has undone everything by itself (a full disk, a failed write).
            Err(error) if transaction.is_autocommit() => return Err(error.into()),
            Err(_) => {
                transaction.rollback()?;
                self.apply_each(requests, &mut erased)?
            }
        };
        self.erased |= erased;
        if self.is_in_place() { Ok(answers) } else { Err(StoreError::Moved) }
    }

    /// One that fails leaves the others alone.
    fn apply_each(
        &mut self,
        requests: &[Vec<Change>],
        erased: &mut bool,
    ) -> rusqlite::Result<Vec<Result<(), StoreError>>> {
        let mut transaction = self.connection.transaction()?;
        let one = |changes: &Vec<Change>| apply_one(&mut transaction, changes, erased);
        let answers = requests.iter().map(one).collect::<rusqlite::Result<_>>()?;
        transaction.commit()?;
        Ok(answers)
    }

    /// Makes sure that nothing of what was erased is left in the log; for when nobody waits.
    pub(super) fn wipe(&mut self) {
        if self.erased {
            // Somebody who reads the file at this moment puts it off.
            self.erased = !fold_in(&self.connection).unwrap_or(false);
        }
    }

    /// Whether the path still leads to the open file; otherwise what is written is lost with the last descriptor.
    fn is_in_place(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == self.identity)
    }

    /// Folds the write-ahead log in and closes the file.
    pub(super) fn close(self) {
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the state database was not closed cleanly");
        }
    }
}

/// The outer result is the whole transaction's, the inner one the request's.
fn apply_one(
    transaction: &mut Transaction<'_>,
    changes: &[Change],
    erased: &mut bool,
) -> rusqlite::Result<Result<(), StoreError>> {
    let savepoint = transaction.savepoint()?;
    match changes.iter().try_for_each(|change| change.apply(&savepoint, erased)) {
        Ok(()) => savepoint.commit().map(Ok),
        // SQLite has undone everything by itself (a full disk, a failed write): the others' changes are gone too.
        Err(error) if savepoint.is_autocommit() => Err(error),
        Err(error) => savepoint.finish().map(|()| Err(error.into())),
    }
}

/// Makes sure that there is a private file, durably named in its folder.
fn create(path: &Path, folder: &Path) -> io::Result<std::fs::Metadata> {
    let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(nofollow);
    match options.open(path) {
        Ok(file) => file.metadata(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = options.write(true).create_new(true).mode(0o600).open(path)?;
            File::open(folder)?.sync_all()?;
            file.metadata()
        }
        Err(error) => Err(error),
    }
}

fn connect(path: &Path, file_system: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags_and_vfs(path, flags, file_system)?;
    // People look into it with sqlite3 while it is in use.
    connection.busy_timeout(Duration::from_secs(5))?;
    // Until it is known to be sound and ours, even closing must not write to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch(READING)?;
    Ok(connection)
}

/// Refuses what is not ours, from the future, or damaged, before anything is written.
fn examine(connection: &Connection, path: &Path, size: u64) -> Result<(), OpenError> {
    let damaged = |detail: &str| OpenError::Damaged { path: path.into(), detail: detail.into() };
    let number = |name| {
        connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(|error| open_error(path, &error))
    };
    let tables: i32 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| open_error(path, &error))?;
    let (application, version) = (number("application_id")?, number("user_version")?);
    if tables == 0 && application == 0 && version == 0 {
        return Ok(());
    }
    let found = usize::try_from(version).unwrap_or(0);
    if application != APPLICATION_ID || found == 0 {
        return Err(damaged("it is a database, but not one of xmppd's"));
    }
    if found > SCHEMA.len() {
        return Err(OpenError::Newer { path: path.into(), found, known: SCHEMA.len() });
    }
    if size <= CHECKED_SIZE {
        let verdict: String = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|error| open_error(path, &error))?;
        if verdict != "ok" {
            return Err(damaged(&verdict));
        }
    }
    Ok(())
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.execute_batch(WRITING)?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (number, step) in (1_u32..).zip(SCHEMA).filter(|(number, _)| *number > version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    // What another process erased may still stand in its log.
    fold_in(connection).map(drop)
}

/// Folds the log into the database and empties it; whether that could be done.
fn fold_in(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i32>(0)? == 0))
}

fn open_error(path: &Path, error: &rusqlite::Error) -> OpenError {
    let (path, detail) = (path.into(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => OpenError::Damaged { path, detail },
        Some(_) | None => OpenError::Unusable { path, detail },
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(_) | None => Self::Failed(error.to_string()),
        }
    }
}
