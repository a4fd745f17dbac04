//! `block`: whom the server lets nothing through from and to.

use clap::Subcommand;
use xmppd_proto::reply::BlockReport;
use xmppd_proto::request::{BlockAdd, BlockListing, BlockRemove};

use crate::report::Stop;
use crate::screen::{Paint, Screen};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};

const NOBODY: &str = "nobody is blocked";

/// Show who is blocked, and change that
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them
    List,
    /// Let nothing more through from and to a JID; a domain will do
    Add { jid: String },
    /// End that
    Remove { jid: String },
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    match args.action.unwrap_or(Action::List) {
        Action::List => session.run(&BlockListing { account }, Answer::List(NOBODY), table),
        Action::Add { jid } => session.run(&BlockAdd { jid, account }, Answer::Confirmation, table),
        Action::Remove { jid } => session.run(&BlockRemove { jid, account }, Answer::Confirmation, left),
    }
}

fn table(report: &BlockReport, screen: &Screen) -> String {
    let mut table = Table::new(&["ACCOUNT", "BLOCKED"]);
    let several = report.accounts.len() > 1;
    for account in &report.accounts {
        for jid in &account.blocked {
            let name = if several { account.account.as_str() } else { "" };
            table.row(vec![painted(Paint::Strong, name), cell(jid)]);
        }
    }
    if report.accounts.iter().all(|account| account.blocked.is_empty()) {
        return String::new();
    }
    table.render(screen)
}

/// Who is still blocked.
fn left(report: &BlockReport, screen: &Screen) -> String {
    let page = table(report, screen);
    if page.is_empty() { format!("{NOBODY}\n") } else { page }
}
