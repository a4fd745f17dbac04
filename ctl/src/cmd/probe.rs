//! `probe`.
use crate::report::Stop;
use crate::session::Session;
/// Look
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    domain: String,
}
pub(crate) fn run(args: Args, _: &Session) -> Result<(), Stop> {
    Err(xmppd_proto::Failure::usage(args.domain).into())
}
