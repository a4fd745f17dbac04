//! `nick`: what you want to be called (XEP-0172).

use xmppd_proto::request::{NickClear, NickSet, NickShow};

use super::personal::{CLEAR, table};
use crate::report::Stop;
use crate::session::{Answer, Session};

/// Show or tell what you want to be called
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The nickname; or clear
    name: Option<String>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    match args.name {
        None => session.run(&NickShow { account }, Answer::Data, table),
        Some(word) if word == CLEAR => session.run(&NickClear { account }, Answer::Confirmation, table),
        Some(nick) => session.run(&NickSet { nick, account }, Answer::Confirmation, table),
    }
}
