//! Where a server's program is: on this machine, or in a folder of another Debian that `tests/install` made.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Kind;
use crate::missing::{Missing, cache, package_version};
use crate::process::clean;

/// The mount point of a server's own folder inside a Debian folder.
const INSIDE: &str = "/mnt";

/// The system that has the server.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// This machine.
    Here,
    /// A folder with another Debian.
    Folder(PathBuf),
}

impl Place {
    /// The first system that has the server in the right version: this machine before the folders.
    pub(super) fn of(kind: Kind) -> Result<Self, Missing> {
        let (package, version) = match kind {
            Kind::Prosody12 => ("prosody", "0.12"),
            Kind::Prosody13 => ("prosody", "13."),
            Kind::Ejabberd => ("ejabberd", ""),
        };
        let here = std::iter::once(Self::Here);
        here.chain(["trixie", "bookworm"].map(|suite| Self::Folder(cache().join(suite))))
            .find(|place| package_version(place.root(), package).is_some_and(|found| found.starts_with(version)))
            .ok_or_else(|| Missing(kind.name().to_owned()))
    }

    /// The root folder of the system.
    pub(super) fn root(&self) -> &Path {
        match self {
            Self::Here => Path::new("/"),
            Self::Folder(root) => root,
        }
    }

    /// The server's own folder as the server sees it.
    pub(super) fn inside(&self, folder: &Path) -> PathBuf {
        match self {
            Self::Here => folder.to_owned(),
            Self::Folder(_) => PathBuf::from(INSIDE),
        }
    }

    /// A command that runs `program` in this system with the server's own folder at [`Place::inside`].
    ///
    /// What is mounted for that is in a mount namespace of its own and ends with it.
    pub(super) fn command(&self, folder: &Path, program: &str) -> Command {
        let mut command = match self {
            Self::Here => Command::new(program),
            Self::Folder(root) => {
                let mut command = Command::new("unshare");
                if !rustix::process::geteuid().is_root() {
                    command.args(["--user", "--map-root-user"]);
                }
                command.args(["--mount", "--", "sh", "-euc", ENTER, "enter"]);
                command.args([folder, root]).args([INSIDE, program]);
                command
            }
        };
        clean(&mut command).env("HOME", self.inside(folder));
        command
    }
}

const ENTER: &str = r#"
folder=$1 root=$2 inside=$3; shift 3
mount --bind "$folder" "$root$inside"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
exec chroot "$root" "$@"
"#;
