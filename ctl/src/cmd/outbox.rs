//! `outbox`: the messages that no server is known to have.

use clap::Subcommand;
use xmppd_proto::reply::OutboxList;
use xmppd_proto::request::{OutboxCancel, OutboxListing, OutboxRetry};

use super::send;
use crate::report::Stop;
use crate::screen::{Paint, Screen};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};
use crate::time;

/// Show the messages that have not arrived at the server, and cancel them
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them, in the order in which they leave
    List,
    /// Do not send a message that has not left yet, or forget one that failed or is uncertain
    Cancel {
        /// Its id, as `send` and `outbox list` tell it
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        id: String,
    },
    /// Send a message that failed or is uncertain
    Retry {
        /// Its id, as `outbox list` tells it
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        id: String,
    },
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    match args.action.unwrap_or(Action::List) {
        Action::List => session.run(&OutboxListing { account }, Answer::List("the outbox is empty"), table),
        Action::Cancel { id } => session.run(&OutboxCancel { id, account }, Answer::Confirmation, |_, _| String::new()),
        Action::Retry { id } => {
            let call = OutboxRetry { id, account };
            session.run_with(&call, session.patience(Some("sending …")), Answer::Confirmation, send::line)
        }
    }
}

fn table(list: &OutboxList, screen: &Screen) -> String {
    if list.messages.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["ACCOUNT", "ID", "TO", "STATE", "ATTEMPTS", "SINCE", "WHY"]);
    for message in &list.messages {
        table.row(vec![
            cell(&message.account),
            // An id is of no use when it is cut.
            painted(Paint::Strong, &message.id),
            cell(&message.to),
            cell(message.state.as_str()),
            cell(&message.attempts.to_string()),
            cell(&time::ago(message.queued_at, screen.now)),
            cell(message.reason.as_deref().unwrap_or_default()),
        ]);
    }
    table.render(&Screen { width: None, ..screen.clone() })
}
