//! `wait`: for a condition, in scripts.

use xmppd_proto::Failure;
use xmppd_proto::request::{self, Condition};

use crate::report::Stop;
use crate::session::{Answer, Session};

/// Wait until a condition holds
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// online | offline | contact JID [SHOW] | tune playing|stopped | outbox empty
    #[arg(required = true, value_name = "CONDITION")]
    condition: Vec<String>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<(), Stop> {
    let condition: Condition =
        args.condition.join(" ").parse().map_err(|error: request::BadCondition| Failure::usage(error.to_string()))?;
    let note = format!("waiting for {condition} …");
    let call = request::Wait { condition, account: session.global.account.clone(), timeout_ms: session.timeout_ms() };
    session.run_with(&call, session.endless_patience(Some(&note)), Answer::Confirmation, |_, _| String::new())
}
