//! `ping`: how far a server or a contact is.

use xmppd_proto::reply::Pong;
use xmppd_proto::request;

use crate::report::Stop;
use crate::screen::Screen;
use crate::session::{Answer, Session};
use crate::text;

/// Measure how long your server or a contact takes to answer
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Whom; your own server when left out
    jid: Option<String>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let call =
        request::Ping { jid: args.jid, account: session.global.account.clone(), timeout_ms: session.timeout_ms() };
    session.run_with(&call, session.patience(Some("waiting for the answer …")), Answer::Data, line)
}

fn line(pong: &Pong, _: &Screen) -> String {
    format!("{} answered {} in {} ms\n", text::line(&pong.from), text::line(&pong.account), pong.round_trip_ms)
}
