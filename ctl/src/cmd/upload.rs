//! A file's way into the daemon, piece by piece, and the bar that a person sees meanwhile. Only this program opens the
//! file: the daemon is in a sandbox, and where it goes from there is the daemon's.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xmppd_proto::request::{UploadCancel, UploadFinish, UploadStart, UploadWrite};
use xmppd_proto::{Failure, Kind};

use crate::screen::Note;
use crate::session::Session;

/// As many bytes as go in one piece: in base64, a quarter of what a line may have.
const PIECE: usize = 192 * 1024;
/// As many columns as the bar has.
const BAR: u64 = 30;

/// Puts a file at the server through which `to` is reached; gives its address.
pub(super) fn put(path: &Path, to: &str, session: &Session) -> Result<String, Failure> {
    let (mut file, before) = open(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let account = session.global.account.clone();
    let start = UploadStart { name, size: before.len(), to: Some(to.to_owned()), account };
    let upload = session.ask(&start, session.patience(Some("asking for a place for the file …")))?.upload;
    let sent = send(&mut file, &before, path, &upload, session);
    if sent.is_err() {
        // What fails here failed before, and that is told.
        let _ = session.ask(&UploadCancel { upload: upload.clone() }, session.patience(None));
    }
    sent?;
    let finish = UploadFinish { upload };
    Ok(session.ask(&finish, session.endless_patience(Some("waiting for the server …")))?.url)
}

fn send(file: &mut File, before: &Metadata, path: &Path, upload: &str, session: &Session) -> Result<(), Failure> {
    let size = before.len();
    let mut left = size;
    let mut bar = None;
    while left > 0 {
        let wanted = left.min(u64::try_from(PIECE).unwrap_or(u64::MAX));
        let mut piece = Vec::with_capacity(PIECE);
        file.take(wanted).read_to_end(&mut piece).map_err(|error| unreadable(path, &error))?;
        let read = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        // Before the last piece leaves, too: without it, nothing is kept at the server.
        if read < wanted || has_changed(file, before, path) {
            return Err(Failure::new(Kind::Conflict, format!("{} changes while it is sent", path.display()))
                .with_hint("nothing was sent; send it when it is finished"));
        }
        let write = UploadWrite { upload: upload.to_owned(), data: STANDARD.encode(&piece) };
        session.ask(&write, session.endless_patience(None))?;
        left = left.saturating_sub(read);
        drop(bar.take());
        bar = if session.global.quiet || session.global.json { None } else { Note::show(&drawn(size - left, size)) };
    }
    Ok(())
}

/// The file and what it is; never waits for a writer, as a FIFO would have it.
fn open(path: &Path) -> Result<(File, Metadata), Failure> {
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let opened = File::options().read(true).custom_flags(nonblocking).open(path);
    let file = opened.map_err(|error| unreadable(path, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
    let kind = metadata.file_type();
    let what = if kind.is_dir() {
        "is a folder"
    } else if kind.is_fifo() {
        "is a pipe, which has no size"
    } else if kind.is_socket() || kind.is_block_device() || kind.is_char_device() {
        "is a device"
    } else if metadata.len() == 0 {
        "is empty"
    } else {
        return Ok((file, metadata));
    };
    Err(Failure::usage(format!("{} {what}", path.display())).with_hint("name a file"))
}

/// Whether the file is not what it was, or another one has its name.
fn has_changed(file: &File, before: &Metadata, path: &Path) -> bool {
    let facts = |found: &Metadata| (found.dev(), found.ino(), found.len(), found.mtime(), found.mtime_nsec());
    let is = |found: io::Result<Metadata>| found.is_ok_and(|found| facts(&found) == facts(before));
    !is(file.metadata()) || !is(std::fs::metadata(path))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let kind = if error.kind() == io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Unexpected };
    Failure::new(kind, format!("cannot read {}: {error}", path.display()))
}

fn drawn(sent: u64, size: u64) -> String {
    let part =
        |whole: u64| u64::try_from(u128::from(sent) * u128::from(whole) / u128::from(size.max(1))).unwrap_or(whole);
    let filled = usize::try_from(part(BAR)).unwrap_or(0);
    let empty = usize::try_from(BAR).unwrap_or(0).saturating_sub(filled);
    format!("[{}{}] {:3} %  {} of {}", "█".repeat(filled), "·".repeat(empty), part(100), amount(sent), amount(size))
}

fn amount(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} B"),
        10_000..=9_999_999 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_how_much_has_left() {
        let check = |sent, size, expected: &str| assert_eq!(drawn(sent, size), expected);
        check(0, 2_000, &format!("[{}]   0 %  0 B of 2000 B", "·".repeat(30)));
        check(500_000, 1_000_000, &format!("[{}{}]  50 %  500 kB of 1000 kB", "█".repeat(15), "·".repeat(15)));
        check(20_000_000, 20_000_000, &format!("[{}] 100 %  20 MB of 20 MB", "█".repeat(30)));
    }
}
