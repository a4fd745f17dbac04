//! A disk in memory: it knows what outlives a loss of power, and fails, or ends the process, at a chosen call. How SQLite
//! comes to use it is `machine`'s business.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind, Result};

use sqlite_vfs::{OpenAccess, OpenKind, OpenOptions};
use xmppd_core::entropy::Entropy;

/// What of a file comes to a disk at once, or not at all.
const SECTOR: usize = 512;

/// A call that changes a file or a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Create,
    Write,
    Truncate,
    Sync,
    Delete,
}

/// What happens at one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It fails.
    Broken,
    /// There is no space for it, nor for what is written after it, until the fault is lifted.
    Full,
    /// There is space for the half of it.
    Short,
    /// It does not sync, and what it was for is forgotten: it can be read, and is never written to the disk (as Linux
    /// does after a failed `fsync`).
    Forgotten,
    /// The process dies before it.
    Dead,
    /// The process dies in the midst of it.
    HalfDead,
}

impl Fault {
    /// Whether it is another one than `Broken` at this call.
    pub(super) fn fits(self, call: Call) -> bool {
        match self {
            Self::Broken | Self::Dead => true,
            Self::Full | Self::Short | Self::HalfDead => call == Call::Write,
            Self::Forgotten => call == Call::Sync,
        }
    }

    /// Whether there is a process afterwards.
    pub(super) fn passes(self) -> bool {
        match self {
            Self::Broken | Self::Full | Self::Short | Self::Forgotten => true,
            Self::Dead | Self::HalfDead => false,
        }
    }
}

/// The files, as the process sees them and as they are without power.
#[derive(Clone)]
pub(super) struct Disk {
    names: BTreeMap<String, usize>,
    /// The names that are on the disk.
    synced_names: BTreeMap<String, usize>,
    files: Vec<File>,
    calls: Vec<Call>,
    fault: Option<(usize, Fault)>,
    met: bool,
    is_dead: bool,
    dice: Entropy,
}

#[derive(Clone, Default)]
struct File {
    seen: Vec<u8>,
    synced: Vec<u8>,
    /// What was done since.
    unsynced: Vec<Done>,
    /// Its name may not be on the disk yet.
    is_new: bool,
}

#[derive(Clone)]
enum Done {
    Written(usize, Vec<u8>),
    Cut(usize),
}

impl Disk {
    pub(super) fn new() -> Self {
        let (names, synced_names) = (BTreeMap::new(), BTreeMap::new());
        let (files, calls, dice) = (Vec::new(), Vec::new(), dice(0));
        Self { names, synced_names, files, calls, fault: None, met: false, is_dead: false, dice }
    }

    /// Counts calls anew, and lets one of them, from zero, meet a fault.
    pub(super) fn arm(&mut self, fault: Option<(usize, Fault)>, seed: u64) {
        self.calls.clear();
        (self.fault, self.met, self.dice) = (fault, false, dice(seed));
    }

    /// From now on all goes well.
    pub(super) fn lift(&mut self) {
        self.fault = None;
    }

    /// Those that were made.
    pub(super) fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Whether a call has met the fault.
    pub(super) fn has_met(&self) -> bool {
        self.met
    }

    pub(super) fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// Nothing that the process does has any effect now.
    pub(super) fn kill(&mut self) {
        self.is_dead = true;
    }

    /// Another process comes; what it finds depends on whether the machine had power all the time.
    pub(super) fn revive(&mut self, lost_power: bool) {
        (self.is_dead, self.fault) = (false, None);
        if lost_power {
            self.lose_power();
        }
    }

    /// Of what was not synced, anything or nothing may be there.
    fn lose_power(&mut self) {
        let (dice, names) = (&mut self.dice, &self.names);
        let all: BTreeSet<String> = names.keys().chain(self.synced_names.keys()).cloned().collect();
        let found = all.into_iter().filter_map(|name| {
            let from = if dice.below(2) == 0 { names } else { &self.synced_names };
            Some((name.clone(), *from.get(&name)?))
        });
        self.names = found.collect();
        self.synced_names = self.names.clone();
        // Nothing, all, or some of it.
        let mood = dice.below(4);
        for file in &mut self.files {
            for done in std::mem::take(&mut file.unsynced) {
                match (mood, done) {
                    (0, _) => {}
                    (1, done) => change(&mut file.synced, &done),
                    (_, Done::Written(at, bytes)) => tear(&mut file.synced, at, &bytes, dice),
                    (_, done @ Done::Cut(_)) if dice.below(2) == 0 => change(&mut file.synced, &done),
                    (_, Done::Cut(_)) => {}
                }
            }
            file.seen.clone_from(&file.synced);
        }
    }

    /// Counts a call; the fault that it meets.
    fn begin(&mut self, call: Call) -> Result<Option<Fault>> {
        if self.is_dead {
            return Err(ErrorKind::Other.into());
        }
        let number = self.calls.len();
        self.calls.push(call);
        let lasts = |fault| fault == Fault::Full && call == Call::Write;
        let met = self.fault.filter(|(at, fault)| *at == number || (*at < number && lasts(*fault)));
        self.met |= met.is_some();
        let fault = met.map(|(_, fault)| fault);
        self.is_dead = fault.is_some_and(|fault| !fault.passes());
        Ok(fault)
    }

    /// Counts a call that is done or not.
    fn allow(&mut self, call: Call) -> Result<()> {
        if self.begin(call)?.is_some() { Err(ErrorKind::Other.into()) } else { Ok(()) }
    }

    fn alive(&self) -> Result<()> {
        if self.is_dead { Err(ErrorKind::Other.into()) } else { Ok(()) }
    }

    pub(super) fn open(&mut self, name: &str, options: &OpenOptions) -> Result<usize> {
        self.alive()?;
        if let Some(number) = self.names.get(name) {
            return Ok(*number);
        }
        // The product makes the database itself, and names it durably, before SQLite opens it.
        let is_made = options.kind == OpenKind::MainDb;
        if !is_made {
            match options.access {
                OpenAccess::Read | OpenAccess::Write => return Err(ErrorKind::NotFound.into()),
                OpenAccess::Create | OpenAccess::CreateNew => self.allow(Call::Create)?,
            }
        }
        let number = self.files.len();
        self.files.push(File { is_new: !is_made, ..File::default() });
        self.names.insert(name.to_owned(), number);
        if is_made {
            self.synced_names.insert(name.to_owned(), number);
        }
        Ok(number)
    }

    pub(super) fn write(&mut self, number: usize, at: usize, bytes: &[u8]) -> Result<()> {
        let (landed, result) = match self.begin(Call::Write)? {
            None => (bytes.len(), Ok(())),
            Some(Fault::Full) => (0, Err(ErrorKind::WriteZero.into())),
            Some(Fault::Short) => (bytes.len() / 2, Err(ErrorKind::WriteZero.into())),
            Some(Fault::HalfDead) => (bytes.len() / 2, Err(ErrorKind::Other.into())),
            Some(Fault::Broken | Fault::Forgotten | Fault::Dead) => (0, Err(ErrorKind::Other.into())),
        };
        self.files[number].make(Done::Written(at, bytes[..landed].to_vec()));
        result
    }

    pub(super) fn size(&self, number: usize) -> Result<usize> {
        self.alive()?;
        Ok(self.files[number].seen.len())
    }

    /// Fills the buffer with what is there, and with zeros behind it.
    pub(super) fn read(&self, number: usize, at: usize, buffer: &mut [u8]) -> Result<()> {
        self.alive()?;
        let there = self.files[number].seen.get(at..).unwrap_or_default();
        let count = there.len().min(buffer.len());
        buffer[..count].copy_from_slice(&there[..count]);
        buffer[count..].fill(0);
        if count < buffer.len() { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    pub(super) fn truncate(&mut self, number: usize, size: usize) -> Result<()> {
        // A hint of a size to come, which the system's files do not heed.
        if size >= self.size(number)? {
            return Ok(());
        }
        self.allow(Call::Truncate)?;
        self.files[number].make(Done::Cut(size));
        Ok(())
    }

    pub(super) fn exists(&self, name: &str) -> Result<bool> {
        self.alive()?;
        Ok(self.names.contains_key(name))
    }

    pub(super) fn delete(&mut self, name: &str) -> Result<()> {
        if !self.exists(name)? {
            return Err(ErrorKind::NotFound.into());
        }
        self.allow(Call::Delete)?;
        self.names.remove(name);
        Ok(())
    }

    pub(super) fn random(&mut self) -> u8 {
        self.dice.bytes()[0]
    }

    pub(super) fn sync(&mut self, number: usize) -> Result<()> {
        let fault = self.begin(Call::Sync)?;
        let file = &mut self.files[number];
        if fault == Some(Fault::Forgotten) {
            file.unsynced.clear();
        }
        if fault.is_some() {
            return Err(Error::other("not synced"));
        }
        for done in file.unsynced.drain(..) {
            change(&mut file.synced, &done);
        }
        // SQLite syncs the folder of a file that it has made once it syncs the file.
        if std::mem::take(&mut file.is_new) {
            self.synced_names.clone_from(&self.names);
        }
        Ok(())
    }
}

impl File {
    fn make(&mut self, done: Done) {
        change(&mut self.seen, &done);
        self.unsynced.push(done);
    }
}

fn change(bytes: &mut Vec<u8>, done: &Done) {
    match done {
        Done::Cut(len) => bytes.truncate(*len),
        Done::Written(at, new) => {
            if bytes.len() < *at {
                bytes.resize(*at, 0);
            }
            let (over, behind) = new.split_at(new.len().min(bytes.len() - at));
            bytes[*at..at + over.len()].copy_from_slice(over);
            bytes.extend_from_slice(behind);
        }
    }
}

/// Some sectors of what was written.
fn tear(bytes: &mut Vec<u8>, at: usize, new: &[u8], dice: &mut Entropy) {
    let mut begin = 0;
    while begin < new.len() {
        let end = new.len().min((at + begin) / SECTOR * SECTOR + SECTOR - at);
        if dice.below(2) == 0 {
            change(bytes, &Done::Written(at + begin, new[begin..end].to_vec()));
        }
        begin = end;
    }
}

pub(super) fn dice(seed: u64) -> Entropy {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    Entropy::new(bytes)
}
