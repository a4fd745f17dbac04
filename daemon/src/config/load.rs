//! From a file to a configuration: reading it, placing faults.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use toml::de::DeTable;
use zeroize::Zeroizing;

use super::check::{self, Surroundings};
use super::problem::Fault;
use super::{Config, LoadError};
use crate::places::Environment;

/// The largest file, in bytes.
const LIMIT: u64 = 1024 * 1024;

/// Reads and checks the file. `environment` tells where `~/` is. Nothing is kept or changed on failure.
pub(crate) fn load(path: &Path, environment: &Environment) -> Result<Config, LoadError> {
    let failed = |source: io::Error| {
        if source.kind() == io::ErrorKind::NotFound {
            LoadError::Missing(path.into())
        } else {
            LoadError::Unreadable { path: path.into(), source }
        }
    };
    // A pipe without a writer must not hang the program.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::other("is not a regular file")));
    }
    if metadata.len() > LIMIT {
        return Err(failed(io::Error::other("is larger than 1 MiB")));
    }
    let is_private = metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o077 == 0;
    let mut text = Zeroizing::new(String::new());
    file.take(LIMIT).read_to_string(&mut text).map_err(failed)?;
    parse(&text, &Surroundings { environment, is_private })
        .map_err(|faults| LoadError::Invalid(faults.into_iter().map(|fault| fault.placed(path, &text)).collect()))
}

/// A text's configuration, or its faults in the order of the text.
pub(super) fn parse(text: &str, around: &Surroundings<'_>) -> Result<Config, Vec<Fault>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut faults: Vec<Fault> = errors
        .into_iter()
        .map(|error| Fault {
            offset: error.span().map_or(0, |span| span.start),
            key: String::new(),
            message: error.message().into(),
        })
        .collect();
    // A broken text has lost keys; complaints about those would mislead.
    if faults.is_empty() {
        match check::check(document.get_ref(), around) {
            Ok(config) => return Ok(config),
            Err(found) => faults = found,
        }
    }
    faults.sort_by_key(|fault| fault.offset);
    Err(faults)
}
