//! Fetches an account's password from the place that the configuration names, when it is needed and not before.
//! Keeping it, and what a failure means to the account, is the account's.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use rustix::fs::OFlags;
use tokio::process::Command;
use xmppd_core::secret::Secret;
use zeroize::Zeroizing;

use crate::config::PasswordSource;
use crate::places::Environment;
use crate::program::{self, Ended, Excess, Failed, Limits};

/// The longest password, in bytes.
const LIMIT: usize = 4096;
/// How long a password command may take; it may be asking the person.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the service manager told us is not for our children.
const NOT_INHERITED: [&str; 6] =
    ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/// Why there is no password; exit code 5.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// The account names no source.
    #[error("no password source is configured")]
    NoSource,
    /// The command cannot be started.
    #[error("password-command: {program}: {source}")]
    NotStarted {
        /// Its first word.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The command ended with a failure.
    #[error("password-command: {program}: {status}{}", after_colon(complaint))]
    Failed {
        /// Its first word.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it wrote to stderr.
        complaint: String,
    },
    /// The command was still running after 30 seconds and was killed.
    #[error("password-command: {program}: no answer within {} seconds", PATIENCE.as_secs())]
    TimedOut {
        /// Its first word.
        program: String,
    },
    /// What was read is no password.
    #[error("{origin}: {reason}")]
    Unusable {
        /// The key, and the program or file.
        origin: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file cannot be read.
    #[error("{key}: {}: {source}", path.display())]
    Unreadable {
        /// The configuration's key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file can be read by others.
    #[error("{key}: {} {reason}", path.display())]
    Exposed {
        /// The configuration's key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// In which way.
        reason: &'static str,
    },
    /// No credentials were passed to this process.
    #[error("password-credential: {name}: CREDENTIALS_DIRECTORY is not set")]
    NoCredentials {
        /// The credential.
        name: String,
    },
}

impl SecretError {
    /// The way out.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::NoSource => "give the account a password-command, password-file or password-credential \
                               in the configuration, then run `xmppctl config reload`"
                .into(),
            Self::NotStarted { .. } => "password-command is run without a shell: write the program and each argument \
                                        apart, and see that the daemon's PATH has the program"
                .into(),
            Self::Failed { .. } => "run the command by hand; it must print the password on its first line".into(),
            Self::TimedOut { .. } => "see whether the command waits for an input that the daemon cannot give: \
                                      it has no terminal"
                .into(),
            Self::Unusable { origin, .. } if origin.starts_with("token-file") => {
                "the token must be the first line; `openssl rand -hex 16` makes one".into()
            }
            Self::Unusable { .. } => "the password must be the first line, UTF-8, at most 4096 bytes".into(),
            Self::Unreadable { path, .. } => format!("see that {} exists and that you may read it", path.display()),
            Self::Exposed { path, .. } => format!("chmod 600 {0} (and chown it to yourself)", path.display()),
            Self::NoCredentials { name } => format!(
                "pass it to the unit with LoadCredential={name}:PATH or SetCredentialEncrypted=, \
                 or choose another password source"
            ),
        }
    }
}

/// Fetches the password. Takes as long as a command takes, at most 30 seconds.
pub(crate) async fn fetch(source: Option<&PasswordSource>, environment: &Environment) -> Result<Secret, SecretError> {
    match source {
        None => Err(SecretError::NoSource),
        Some(PasswordSource::Command(words)) => from_command(words).await,
        Some(PasswordSource::File(path)) => from_file("password-file", path),
        Some(PasswordSource::Credential(name)) => from_credential(name, environment),
        Some(PasswordSource::Inline(secret)) => Ok(secret.clone()),
    }
}

async fn from_command(words: &[String]) -> Result<Secret, SecretError> {
    let (program, arguments) = words.split_first().ok_or(SecretError::NoSource)?;
    let mut command = Command::new(program);
    command.args(arguments);
    for name in NOT_INHERITED {
        command.env_remove(name);
    }
    let limits = Limits { time: PATIENCE, output: LIMIT, excess: Excess::Dropped };
    let program = program.clone();
    let Ended { status, output, complaint } = match program::run(command, &[], limits).await {
        Ok(ended) => ended,
        Err(Failed::Io(source)) => return Err(SecretError::NotStarted { program, source }),
        Err(Failed::TimedOut | Failed::TooMuch) => return Err(SecretError::TimedOut { program }),
    };
    if !status.success() {
        return Err(SecretError::Failed { program, status, complaint });
    }
    first_line(&output)
        .map_err(|reason| SecretError::Unusable { origin: format!("password-command: {program}"), reason })
}

/// Reads the webhook's token; as private as a password.
pub(crate) fn token(path: &Path) -> Result<Secret, SecretError> {
    let key = "token-file";
    let token = from_file(key, path)?;
    let text = token.reveal();
    // What stands as it is in a path and in a line of a request (RFC 3986 section 2.3).
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let reason = match text.len() {
        0..16 => "the token is shorter than 16 characters",
        257.. => "the token is longer than 256 characters",
        _ if !is_plain => "the token has other characters than A-Z a-z 0-9 - . _ ~",
        _ => return Ok(token),
    };
    Err(SecretError::Unusable { origin: format!("{key}: {}", path.display()), reason })
}

fn from_file(key: &'static str, path: &Path) -> Result<Secret, SecretError> {
    let (file, metadata) = open(key, path)?;
    let exposed = |reason| Err(SecretError::Exposed { key, path: path.into(), reason });
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return exposed("belongs to another user");
    }
    if metadata.mode() & 0o077 != 0 {
        return exposed("can be read or written by others");
    }
    read(key, path, file)
}

/// systemd.exec(5), "Credentials". Who may read them is the service manager's care.
fn from_credential(name: &str, environment: &Environment) -> Result<Secret, SecretError> {
    let key = "password-credential";
    let folder = environment
        .variable("CREDENTIALS_DIRECTORY")
        .ok_or_else(|| SecretError::NoCredentials { name: name.into() })?;
    let path = Path::new(folder).join(name);
    let (file, _) = open(key, &path)?;
    read(key, &path, file)
}

fn open(key: &'static str, path: &Path) -> Result<(File, std::fs::Metadata), SecretError> {
    let failed = |source| SecretError::Unreadable { key, path: path.into(), source };
    // A pipe must not hold up the loop.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::other("is not a regular file")));
    }
    Ok((file, metadata))
}

fn read(key: &'static str, path: &Path, file: File) -> Result<Secret, SecretError> {
    let mut content = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    file.take(LIMIT as u64 + 1).read_to_end(&mut content).map_err(|source| SecretError::Unreadable {
        key,
        path: path.into(),
        source,
    })?;
    let origin = || format!("{key}: {}", path.display());
    first_line(&content).map_err(|reason| SecretError::Unusable { origin: origin(), reason })
}

fn first_line(bytes: &[u8]) -> Result<Secret, &'static str> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err("the first line is empty");
    }
    if line.len() > LIMIT {
        return Err("the first line is longer than 4096 bytes");
    }
    let text = std::str::from_utf8(line).map_err(|_| "the first line is not UTF-8")?;
    Ok(Secret::new(text.into()))
}

fn after_colon(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    fn sh(script: &str) -> PasswordSource {
        PasswordSource::Command(["sh", "-c", script].map(String::from).into())
    }

    async fn fetched(source: PasswordSource) -> Result<String, String> {
        let environment = Environment::default();
        let secret = fetch(Some(&source), &environment).await;
        secret.map(|secret| secret.reveal().to_owned()).map_err(|error| format!("{error} | {}", error.hint()))
    }

    #[tokio::test]
    async fn a_command_gives_its_first_line() {
        let check = async |script: &str, expected: &str| assert_eq!(fetched(sh(script)).await.as_deref(), Ok(expected));
        check("echo 'pass word '", "pass word ").await;
        check("printf 'päss\\r\\nlogin: romeo\\n'", "päss").await;
        check("echo first; yes | head -c 100000; echo noise >&2", "first").await;
        check("cat; echo no input", "no input").await;
        check("echo \"[$NOTIFY_SOCKET]\"", "[]").await;
    }

    #[tokio::test]
    async fn a_command_that_fails_says_why_and_never_what_it_printed() {
        let check = async |script: &str, parts: &[&str]| {
            let error = fetched(sh(script)).await.unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)) && !error.contains("canary"), "{error}");
        };
        check(
            "echo canary; echo locked >&2; echo 'try\u{7} later' >&2; exit 3",
            &["sh: exit status: 3: locked; try; later"],
        )
        .await;
        check("kill -9 $$", &["signal: 9"]).await;
        check("true", &["first line is empty"]).await;
        check("echo; echo canary", &["first line is empty"]).await;
        check("head -c 5000 /dev/zero | tr '\\0' x", &["longer than 4096"]).await;
        check("printf '\\377canary'", &["not UTF-8"]).await;
        check("(yes | head -c 90000; echo end) >&2; exit 1", &["; y; end"]).await;
        let error = fetched(PasswordSource::Command(vec!["/nonexistent/program".into()])).await.unwrap_err();
        assert!(error.contains("No such file") && error.contains("without a shell"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_hangs_is_given_up() {
        let error = fetched(sh("sleep 1000 & sleep 1000")).await.unwrap_err();
        assert!(error.contains("no answer within 30 seconds"), "{error}");
    }

    #[tokio::test]
    async fn a_file_must_be_private_and_regular() {
        let folder = Folder::new();
        let file = |path| fetched(PasswordSource::File(path));
        assert_eq!(file(folder.write("right", 0o600, "secret\n")).await.as_deref(), Ok("secret"));
        assert_eq!(file(folder.write("read-only", 0o400, "secret")).await.as_deref(), Ok("secret"));
        let error = file(folder.write("open", 0o640, "canary")).await.unwrap_err();
        assert!(error.contains("by others | chmod 600") && !error.contains("canary"), "{error}");
        assert!(file(folder.write("empty", 0o600, "")).await.unwrap_err().contains("empty"));
        assert!(file(folder.path().into()).await.unwrap_err().contains("not a regular file"));
        assert!(file(folder.path().join("missing")).await.unwrap_err().contains("No such file"));
    }

    #[test]
    fn a_token_is_private_long_and_plain() {
        let folder = Folder::new();
        let check = |name, mode, content: &str, expected: Result<&str, &str>| {
            let read = token(&folder.write(name, mode, content));
            let read =
                read.map(|token| token.reveal().to_owned()).map_err(|error| format!("{error} | {}", error.hint()));
            match (&read, expected) {
                (Ok(read), Ok(expected)) => assert_eq!(read, expected),
                (Err(error), Err(part)) => assert!(error.contains(part) && !error.contains("canary"), "{error}"),
                _ => panic!("{name}: {read:?}"),
            }
        };
        check("right", 0o600, "0123456789abcDEF-._~\n", Ok("0123456789abcDEF-._~"));
        check("open", 0o640, "canary-canary-canary", Err("token-file: "));
        check("short", 0o600, "canary", Err("shorter than 16 characters | the token must be"));
        check("long", 0o600, &"canary".repeat(50), Err("longer than 256"));
        check("strange", 0o600, "canary/canary/canary", Err("other characters"));
        check("empty", 0o600, "", Err("the first line is empty | the token must"));
    }

    #[tokio::test]
    async fn a_credential_comes_from_its_folder() {
        let folder = Folder::new();
        folder.write("romeo", 0o440, "secret\n");
        let environment = Environment::of([("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap())]);
        let source = PasswordSource::Credential("romeo".into());
        assert_eq!(fetch(Some(&source), &environment).await.unwrap().reveal(), "secret");
        let error = fetch(Some(&source), &Environment::default()).await.unwrap_err();
        assert!(error.to_string().contains("CREDENTIALS_DIRECTORY"));
    }

    #[tokio::test]
    async fn no_source_is_an_error_with_a_way_out() {
        let error = fetch(None, &Environment::default()).await.unwrap_err();
        assert_eq!(error.to_string(), "no password source is configured");
        assert!(error.hint().contains("password-command"));
    }
}
