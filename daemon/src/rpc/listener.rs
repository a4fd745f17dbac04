//! The socket that programs connect to: one of our own at a path, or one that the service manager opened. Who connects
//! is [`super::serve`]'s to check; the folder is made by whoever chose the path.

use std::fs::{self, File, Metadata, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use tokio::net::{UnixListener, UnixStream};
use xmppd_proto::Kind;

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Listener {
    inner: UnixListener,
    /// Removed with the listener; none for a socket that somebody else made.
    _file: Option<SocketFile>,
}

/// Why there is no listening socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    /// Another daemon answers there, or is about to.
    #[error("another xmppd is listening on {}", _0.display())]
    Taken(PathBuf),
    /// Something at the path or around it is not fit for a private socket.
    #[error("{}: {reason}", path.display())]
    Unfit {
        /// The socket's path or its folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The socket's path or its folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl ListenError {
    /// The row of the exit table.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Taken(_) => Kind::Conflict,
            Self::Unfit { .. } | Self::Io { .. } => Kind::Unexpected,
        }
    }

    fn unfit(path: &Path, reason: &'static str) -> Self {
        Self::Unfit { path: path.into(), reason }
    }

    fn io(path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Io { path: path.into(), source: source.into() }
    }
}

impl Listener {
    /// Listens at `path`, in a folder of mode 0700 that is ours, on a socket of mode 0600. What a daemon that has died
    /// left there is replaced. To be called within the runtime.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub(crate) fn bind(path: &Path) -> Result<Self, ListenError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        check_folder(folder)?;
        // Two daemons that start together must not both find the same leftover and remove each other's socket.
        let lock = File::open(folder).map_err(|error| ListenError::io(folder, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ListenError::Taken(path.into())),
            Err(TryLockError::Error(error)) => return Err(ListenError::io(folder, error)),
        }
        remove_leftover(path)?;
        let failed = |error| ListenError::io(path, error);
        let listener = StdListener::bind(path).map_err(failed)?;
        let file = SocketFile::at(path).map_err(failed)?;
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        let inner = into_tokio(listener).map_err(failed)?;
        Ok(Self { inner, _file: Some(file) })
    }

    /// Listens on a socket that the service manager opened and keeps. To be called within the runtime.
    ///
    /// # Errors
    /// When it has no path, because an abstract socket has no file whose mode could protect it; the system's.
    pub(crate) fn inherited(listener: StdListener) -> Result<Self, ListenError> {
        let none = Path::new("the socket of the service manager");
        let address = listener.local_addr().map_err(|error| ListenError::io(none, error))?;
        let path = address.as_pathname().ok_or_else(|| ListenError::unfit(none, "has no path"))?;
        let inner = into_tokio(listener).map_err(|error| ListenError::io(path, error))?;
        Ok(Self { inner, _file: None })
    }

    /// The next program that connects.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        self.inner.accept().await.map(|(stream, _)| stream)
    }
}

/// The socket's file, recognised by its place on the disk: a later daemon's at the same path is not ours to remove.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        fs::symlink_metadata(path).map(|metadata| Self { path: path.into(), identity: identity(&metadata) })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|metadata| identity(&metadata) == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn into_tokio(listener: StdListener) -> io::Result<UnixListener> {
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

fn check_folder(folder: &Path) -> Result<(), ListenError> {
    let metadata = fs::symlink_metadata(folder).map_err(|error| ListenError::io(folder, error))?;
    let unfit = |reason| Err(ListenError::unfit(folder, reason));
    if metadata.is_symlink() {
        return unfit("is a symbolic link; the socket is kept in a real folder only");
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return unfit("belongs to another user");
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        return unfit("is open to other users; the socket needs a folder of mode 0700");
    }
    Ok(())
}

/// Removes a socket that nobody listens on.
fn remove_leftover(path: &Path) -> Result<(), ListenError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ListenError::io(path, error)),
    };
    if !metadata.file_type().is_socket() {
        return Err(ListenError::unfit(path, "is there and is no socket"));
    }
    match try_connect(path) {
        // The queue of a daemon that hangs may be full.
        Ok(()) | Err(Errno::AGAIN) => Err(ListenError::Taken(path.into())),
        Err(Errno::CONNREFUSED) => fs::remove_file(path).map_err(|error| ListenError::io(path, error)),
        Err(error) => Err(ListenError::io(path, error)),
    }
}

fn try_connect(path: &Path) -> Result<(), Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(path)?)
}

#[cfg(test)]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::SocketAddr;

    use super::*;
    use crate::rpc::testing::Folder;

    fn refusal(path: &Path) -> ListenError {
        Listener::bind(path).expect_err("it is refused")
    }

    #[tokio::test]
    async fn the_socket_is_private_and_goes_with_its_listener() {
        let folder = Folder::new();
        let path = folder.path().join("rpc.sock");
        let listener = Listener::bind(&path).unwrap();
        let metadata = fs::symlink_metadata(&path).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
        drop(listener);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_leftover_is_replaced_and_a_live_socket_is_not() {
        let folder = Folder::new();
        let path = folder.path().join("rpc.sock");
        drop(StdListener::bind(&path).unwrap());
        assert!(path.exists());
        let listener = Listener::bind(&path).unwrap();
        let second = refusal(&path);
        assert_eq!(second.kind(), Kind::Conflict, "{second}");
        let connected = std::os::unix::net::UnixStream::connect(&path).unwrap();
        listener.accept().await.unwrap();
        drop((listener, connected));
        Listener::bind(&path).unwrap();
    }

    #[tokio::test]
    async fn a_daemon_whose_queue_is_full_is_alive() {
        let folder = Folder::new();
        let path = folder.path().join("rpc.sock");
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        rustix::net::bind(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&socket, 0).unwrap();
        let _queued = std::os::unix::net::UnixStream::connect(&path).unwrap();
        assert_eq!(try_connect(&path), Err(Errno::AGAIN));
        assert_eq!(refusal(&path).kind(), Kind::Conflict);
    }

    #[tokio::test]
    async fn daemons_that_start_together_do_not_race() {
        let folder = Folder::new();
        let other = File::open(folder.path()).unwrap();
        other.try_lock().unwrap();
        assert_eq!(refusal(&folder.path().join("rpc.sock")).kind(), Kind::Conflict);
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let folder = Folder::new();
        let path = folder.path().join("rpc.sock");
        fs::write(&path, "mine").unwrap();
        assert!(refusal(&path).to_string().contains("no socket"));
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(refusal(&link).to_string().contains("no socket"));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }

    #[tokio::test]
    async fn the_folder_must_be_private() {
        let folder = Folder::new();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::set_permissions(&inner, Permissions::from_mode(0o710)).unwrap();
        assert!(refusal(&inner.join("rpc.sock")).to_string().contains("other users"));
        let link = folder.path().join("link");
        symlink(&inner, &link).unwrap();
        assert!(refusal(&link.join("rpc.sock")).to_string().contains("symbolic link"));
        assert!(matches!(refusal(&folder.path().join("none/rpc.sock")), ListenError::Io { .. }));
        assert!(matches!(refusal(&folder.path().join("x".repeat(200))), ListenError::Io { .. }));
    }

    #[tokio::test]
    async fn a_later_daemons_socket_is_not_removed() {
        let folder = Folder::new();
        let path = folder.path().join("rpc.sock");
        let first = Listener::bind(&path).unwrap();
        // Kept under another name, so that its place on the disk is not given to the next one.
        fs::rename(&path, folder.path().join("old")).unwrap();
        let second = Listener::bind(&path).unwrap();
        drop(first);
        assert!(path.exists());
        drop(second);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn an_inherited_socket_stays_and_has_a_path() {
        let folder = Folder::new();
        let path = folder.path().join("rpc.sock");
        drop(Listener::inherited(StdListener::bind(&path).unwrap()).unwrap());
        assert!(path.exists());
        let name = format!("xmppd-test-{}", std::process::id());
        let unnamed = StdListener::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap();
        assert!(matches!(Listener::inherited(unnamed), Err(ListenError::Unfit { .. })));
    }
}
