//! `avatar`: the picture that contacts see (XEP-0084).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use xmppd_proto::Failure;
use xmppd_proto::request::{AvatarClear, AvatarSet, AvatarShow};

use super::personal::{CLEAR, table};
use crate::report::Stop;
use crate::session::{Answer, Session};

/// More than this is no avatar, however large the file is: the daemon says how much may be one.
const MOST: u64 = 256 * 1024;

const AFTER_HELP: &str = "\
A PNG of 40 KiB at most is what every contact's program can show; JPEG, GIF and WebP will do.
Those see it who see your presence. It is not put into your vCard, which everybody can read.
A file that is called clear is ./clear.";

/// Show or change the picture that contacts see
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The picture; or clear
    file: Option<PathBuf>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    match args.file {
        None => session.run(&AvatarShow { account }, Answer::Data, table),
        Some(file) if file == Path::new(CLEAR) => session.run(&AvatarClear { account }, Answer::Confirmation, table),
        Some(file) => {
            let data = STANDARD.encode(picture(&file)?);
            session.run(&AvatarSet { data, account }, Answer::Confirmation, table)
        }
    }
}

fn picture(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: std::io::Error| Failure::usage(format!("cannot read {}: {error}", path.display()));
    let mut picture = Vec::new();
    File::open(path).map_err(unreadable)?.take(MOST).read_to_end(&mut picture).map_err(unreadable)?;
    Ok(picture)
}
