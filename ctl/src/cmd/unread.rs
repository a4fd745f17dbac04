//! `unread`: what nobody has read.

use clap::Subcommand;
use xmppd_proto::reply::UnreadReport;
use xmppd_proto::request::{Unread, UnreadClear};

use crate::report::Stop;
use crate::screen::{Paint, Screen};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};

/// Count the messages that nobody has read, and take them as read
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Take the messages of a chat as read, or those of every chat
    Clear {
        /// The chat
        jid: Option<String>,
    },
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    match args.action {
        None => session.run(&Unread { account }, Answer::List("all is read"), table),
        Some(Action::Clear { jid }) => {
            session.run(&UnreadClear { jid, account }, Answer::Confirmation, |_, _| String::new())
        }
    }
}

fn table(report: &UnreadReport, screen: &Screen) -> String {
    let mut table = Table::new(&["ACCOUNT", "UNREAD", "FROM"]);
    let several = report.accounts.len() > 1;
    for account in &report.accounts {
        for chat in &account.chats {
            let name = if several { account.account.as_str() } else { "" };
            table.row(vec![painted(Paint::Strong, name), cell(&chat.unread.to_string()), cell(&chat.jid)]);
        }
    }
    if report.accounts.iter().all(|account| account.chats.is_empty()) {
        return String::new();
    }
    table.render(screen)
}
