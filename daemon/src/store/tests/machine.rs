//! A machine whose disk is one in memory: SQLite asks it in the place of the system's.

use std::io::Result;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sqlite_vfs::wip::{WalIndex, WalIndexLock};
use sqlite_vfs::{DatabaseHandle, LockKind, OpenOptions, Vfs};

use super::disk::Disk;
use super::{Database, Folder, OpenError};

/// A machine with such a disk. Its database is one of the product's, but for what is in the files.
pub(super) struct Machine {
    file_system: String,
    disk: Shared,
    folder: Folder,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Disk>>);

impl Machine {
    /// SQLite has one list of file systems in a process: the name is this machine's alone.
    pub(super) fn new(name: &str) -> Self {
        let disk = Shared(Arc::new(Mutex::new(Disk::new())));
        sqlite_vfs::register(name, disk.clone(), false).unwrap();
        Self { file_system: name.into(), disk, folder: Folder::new() }
    }

    pub(super) fn open(&self) -> std::result::Result<Database, OpenError> {
        Database::open_on(&self.file_system, self.folder.path())
    }

    pub(super) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.get()
    }
}

impl Shared {
    fn get(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }
}

/// The disk is one folder's, so that its image fits any machine.
fn in_folder(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

struct Handle {
    disk: Shared,
    file: usize,
    lock: LockKind,
}

impl Vfs for Shared {
    type Handle = Handle;

    fn open(&self, name: &str, options: OpenOptions) -> Result<Handle> {
        let file = self.get().open(in_folder(name), &options)?;
        Ok(Handle { disk: self.clone(), file, lock: LockKind::None })
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.get().delete(in_folder(name))
    }

    fn exists(&self, name: &str) -> Result<bool> {
        self.get().exists(in_folder(name))
    }

    fn temporary_name(&self) -> String {
        "temporary".into()
    }

    fn random(&self, buffer: &mut [i8]) {
        let mut disk = self.get();
        buffer.fill_with(|| disk.random().cast_signed());
    }

    fn sleep(&self, duration: Duration) -> Duration {
        duration
    }
}

impl DatabaseHandle for Handle {
    type WalIndex = Index;

    fn size(&self) -> Result<u64> {
        self.disk.get().size(self.file).map(|size| size as u64)
    }

    fn read_exact_at(&mut self, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.disk.get().read(self.file, place(offset), buffer)
    }

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> Result<()> {
        self.disk.get().write(self.file, place(offset), bytes)
    }

    fn sync(&mut self, _data_only: bool) -> Result<()> {
        self.disk.get().sync(self.file)
    }

    fn set_len(&mut self, size: u64) -> Result<()> {
        self.disk.get().truncate(self.file, place(size))
    }

    fn lock(&mut self, lock: LockKind) -> Result<bool> {
        self.lock = lock;
        Ok(true)
    }

    fn reserved(&mut self) -> Result<bool> {
        Ok(false)
    }

    fn current_lock(&self) -> Result<LockKind> {
        Ok(self.lock)
    }

    fn wal_index(&self, _readonly: bool) -> Result<Index> {
        Ok(Index)
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

/// The index of the log is in the process's memory, which each process makes anew.
struct Index;

impl WalIndex for Index {
    fn map(&mut self, _region: u32) -> Result<[u8; 32_768]> {
        Ok([0; 32_768])
    }

    fn lock(&mut self, _locks: Range<u8>, _lock: WalIndexLock) -> Result<bool> {
        Ok(true)
    }

    fn delete(self) -> Result<()> {
        Ok(())
    }
}
