//! Where things are: every path of the contract, derived from an environment that is passed in as a value, and folders
//! that belong to this user alone. What is inside the files is their readers' work.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The environment variables of a process, as a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(HashMap<OsString, OsString>);

impl Environment {
    /// What this process was started with.
    pub(crate) fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// An environment of exactly these variables.
    #[cfg(test)]
    pub(crate) fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// A variable's value; an empty one counts as not set (XDG Base Directory Specification).
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// A variable's value when it is an absolute path; others are to be ignored (XDG Base Directory Specification).
    fn folder(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// The person's home folder.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.folder("HOME")
    }

    /// The program that is meant by a word: one in a folder of `PATH`, or at a path as people write it.
    pub(crate) fn program(&self, word: &str) -> Option<PathBuf> {
        let is_program = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        if word.contains('/') {
            return self.expand(word).filter(is_program);
        }
        let folders = self.variable("PATH").map(std::env::split_paths);
        folders.into_iter().flatten().map(|folder| folder.join(word)).find(is_program)
    }

    /// A path as people write it: absolute, or below their home after `~/`; `None` for anything else.
    pub(crate) fn expand(&self, path: &str) -> Option<PathBuf> {
        match path.strip_prefix("~/") {
            Some(rest) => self.home().map(|home| home.join(rest)),
            None => Some(PathBuf::from(path)).filter(|path| path.is_absolute()),
        }
    }
}

/// A path that cannot be named or a folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    /// Neither the XDG variable nor its default's base is set.
    #[error("neither {variable} nor HOME is set to an absolute path, so there is no place for {purpose}")]
    NoHome {
        /// The XDG variable.
        variable: &'static str,
        /// What the folder is for.
        purpose: &'static str,
    },
    /// There is no folder for the session's sockets.
    #[error(
        "XDG_RUNTIME_DIR is not set to an absolute path, so there is no place for the socket; \
         a login session or the user's service manager sets it, usually to /run/user/UID"
    )]
    NoRuntime,
    /// The folder is there but not fit for private things.
    #[error("{}: {reason}", path.display())]
    Unfit {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// `$XDG_CONFIG_HOME/xmppd/config.toml`, by default below `~/.config`.
pub(crate) fn config_file(environment: &Environment) -> Result<PathBuf, PlaceError> {
    based(environment, "XDG_CONFIG_HOME", ".config", "the configuration").map(|base| base.join("xmppd/config.toml"))
}

/// `$XDG_STATE_HOME/xmppd`, by default below `~/.local/state`.
pub(crate) fn state_folder(environment: &Environment) -> Result<PathBuf, PlaceError> {
    based(environment, "XDG_STATE_HOME", ".local/state", "the state").map(|base| base.join("xmppd"))
}

/// `$XDG_RUNTIME_DIR/xmppd`. There is no default: any other place could be prepared by somebody else.
pub(crate) fn runtime_folder(environment: &Environment) -> Result<PathBuf, PlaceError> {
    environment.folder("XDG_RUNTIME_DIR").map(|base| base.join("xmppd")).ok_or(PlaceError::NoRuntime)
}

/// The JSON-RPC socket: `$XMPPD_SOCKET`, or `rpc.sock` in the runtime folder.
pub(crate) fn socket(environment: &Environment) -> Result<PathBuf, PlaceError> {
    match environment.variable("XMPPD_SOCKET") {
        Some(path) => Ok(path.into()),
        None => runtime_folder(environment).map(|folder| folder.join("rpc.sock")),
    }
}

/// Makes sure that `path` is a folder of ours, no symbolic link, with mode 0700; missing ones are created, parents too.
pub(crate) fn own_folder(path: &Path) -> Result<(), PlaceError> {
    let failed = |source| PlaceError::Io { path: path.into(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    let unfit = |reason| Err(PlaceError::Unfit { path: path.into(), reason });
    if metadata.is_symlink() {
        return unfit("is a symbolic link; xmppd keeps private things in real folders only");
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return unfit("belongs to another user");
    }
    if metadata.permissions().mode() & 0o7777 != 0o700 {
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

fn based(
    environment: &Environment,
    variable: &'static str,
    below_home: &str,
    purpose: &'static str,
) -> Result<PathBuf, PlaceError> {
    environment
        .folder(variable)
        .or_else(|| environment.home().map(|home| home.join(below_home)))
        .ok_or(PlaceError::NoHome { variable, purpose })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn variables_win_over_defaults_and_relative_or_empty_ones_count_as_unset() {
        let check = |variables: [(&str, &str); 3], config: &str, state: &str| {
            let environment = Environment::of(variables);
            assert_eq!(config_file(&environment).unwrap(), Path::new(config));
            assert_eq!(state_folder(&environment).unwrap(), Path::new(state));
        };
        let home = ("HOME", "/h");
        check([home, ("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s")], "/c/xmppd/config.toml", "/s/xmppd");
        check(
            [home, ("XDG_CONFIG_HOME", ""), ("XDG_STATE_HOME", "s")],
            "/h/.config/xmppd/config.toml",
            "/h/.local/state/xmppd",
        );
    }

    #[test]
    fn a_missing_base_is_an_error_that_names_the_variable() {
        let nothing = Environment::default();
        assert!(config_file(&nothing).unwrap_err().to_string().contains("XDG_CONFIG_HOME"));
        assert!(state_folder(&nothing).unwrap_err().to_string().contains("XDG_STATE_HOME"));
        assert!(socket(&nothing).unwrap_err().to_string().contains("XDG_RUNTIME_DIR"));
        let home_only = Environment::of([("HOME", "/h")]);
        assert!(runtime_folder(&home_only).is_err());
    }

    #[test]
    fn the_socket_is_in_the_runtime_folder_unless_named() {
        let environment = Environment::of([("XDG_RUNTIME_DIR", "/run/user/7")]);
        assert_eq!(socket(&environment).unwrap(), Path::new("/run/user/7/xmppd/rpc.sock"));
        let named = Environment::of([("XMPPD_SOCKET", "/x/y.sock")]);
        assert_eq!(socket(&named).unwrap(), Path::new("/x/y.sock"));
    }

    #[test]
    fn a_path_is_absolute_or_below_home() {
        let environment = Environment::of([("HOME", "/h")]);
        let check =
            |path, expanded: Option<&str>| assert_eq!(environment.expand(path).as_deref(), expanded.map(Path::new));
        check("~/a/b", Some("/h/a/b"));
        check("/a", Some("/a"));
        check("a", None);
        check("~other/a", None);
        assert_eq!(Environment::default().expand("~/a"), None);
    }

    #[test]
    fn a_folder_is_made_private_and_a_symbolic_link_is_refused() {
        let folder = Folder::new();
        let inner = folder.path().join("a/b");
        own_folder(&inner).unwrap();
        fs::set_permissions(&inner, Permissions::from_mode(0o755)).unwrap();
        own_folder(&inner).unwrap();
        assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);

        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&inner, &link).unwrap();
        assert!(own_folder(&link).unwrap_err().to_string().contains("symbolic link"));
        let file = folder.write("file", 0o600, "");
        assert!(matches!(own_folder(&file), Err(PlaceError::Io { .. })));
    }
}
