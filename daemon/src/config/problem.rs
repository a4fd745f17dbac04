//! What can be wrong with a configuration, told by file, line, column and key. Values of secret keys never appear.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A fault and where it is; printed as `config.toml:7:12: account.tls: expected …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The file as it was named.
    pub(crate) file: PathBuf,
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// The dotted key; empty when the text is no TOML.
    pub(crate) key: String,
    /// What is wrong and what would be right.
    pub(crate) message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file.display(), self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Why there is no configuration. Nothing starts with one of these; the exit code is 2.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// There is no such file.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason, or "stream did not contain valid UTF-8".
        source: io::Error,
    },
    /// The file is read and not right: every fault of it, in the order of the text.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
}

impl LoadError {
    /// The way out, where there is more to say than the error does.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing(_) => Some(
                "write it with at least one account:\n\n    [[account]]\n    jid = \"you@your.server\"\n    \
                 password-command = [\"pass\", \"show\", \"xmpp/you\"]\n\nand check it with `xmppd --check`",
            ),
            Self::Unreadable { .. } => Some("the file must be UTF-8 text of at most 1 MiB that you may read"),
            Self::Invalid(_) => None,
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// A fault by its byte offset, before it is known to which line that belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) key: String,
    pub(super) message: String,
}

impl Fault {
    /// The same fault with line and column of `text`.
    pub(super) fn placed(self, file: &std::path::Path, text: &str) -> Problem {
        let before = text.get(..self.offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Problem {
            file: file.into(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            key: self.key,
            message: self.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        let check = |offset, line, column| {
            let fault = Fault { offset, key: "k".into(), message: "m".into() };
            let problem = fault.placed("c.toml".as_ref(), "é = 1\nb = 2\n");
            assert_eq!((problem.line, problem.column), (line, column), "at {offset}");
        };
        check(0, 1, 1);
        check(2, 1, 2);
        check(7, 2, 1);
        check(11, 2, 5);
        check(13, 3, 1);
        check(999, 3, 1);
    }
}
