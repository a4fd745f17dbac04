//! `account`: the accounts and their connections.

use clap::Subcommand;
use xmppd_proto::reply::{AccountInfo, AccountList, ConnectionState};
use xmppd_proto::request::{AccountConnect, AccountDisconnect, AccountListing, AccountShow};
use xmppd_proto::{Failure, Timestamp};

use super::account_show::sheets;
use crate::report::Stop;
use crate::screen::{Paint, Screen};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};
use crate::time;

/// Show accounts, connect and disconnect them
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List accounts and the state of their connections
    List,
    /// Show how a login went and how the connection stands: all that is known of it
    Show {
        /// The account; the same as -a; all when absent
        #[arg(value_name = "ACCOUNT")]
        name: Option<String>,
    },
    /// Connect now, also after a failed login
    Connect {
        /// The account; the same as -a
        #[arg(value_name = "ACCOUNT")]
        name: Option<String>,
    },
    /// Close the stream until `account connect`
    Disconnect {
        /// The account; the same as -a
        #[arg(value_name = "ACCOUNT")]
        name: Option<String>,
    },
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    match args.action.unwrap_or(Action::List) {
        Action::List => {
            let call = AccountListing { account: session.global.account.clone() };
            session.run(&call, Answer::Data, table)
        }
        Action::Show { name } => {
            let call = AccountShow { account: named(name, session)? };
            session.run(&call, Answer::Data, sheets)
        }
        Action::Connect { name } => {
            let call = AccountConnect {
                account: named(name, session)?,
                wait_ms: session.timeout_ms(),
                no_wait: session.global.no_wait,
            };
            session.run_with(&call, session.patience(Some("connecting …")), Answer::Confirmation, table)
        }
        Action::Disconnect { name } => {
            let call = AccountDisconnect { account: named(name, session)? };
            session.run(&call, Answer::Confirmation, table)
        }
    }
}

fn named(account: Option<String>, session: &Session) -> Result<Option<String>, Failure> {
    match (account, session.global.account.clone()) {
        (Some(word), Some(option)) if word != option => {
            Err(Failure::usage(format!("both {word} and {option} are named as the account")))
        }
        (word, option) => Ok(word.or(option)),
    }
}

fn table(list: &AccountList, screen: &Screen) -> String {
    let mut table = Table::new(&["ACCOUNT", "JID", "STATE", "SINCE", "DETAIL"]);
    for account in &list.accounts {
        let state = if account.enabled { account.state.as_str() } else { "disabled" };
        table.row(vec![
            painted(Paint::Strong, &account.account),
            cell(&account.jid),
            painted(paint_of_state(account.state), state),
            cell(&time::ago(account.since, screen.now)),
            cell(&detail(account, screen.now)),
        ]);
    }
    // A reason is of no use when it is cut.
    table.render(&Screen { width: None, ..screen.clone() })
}

/// Why an account is not online, or how it is.
pub(crate) fn detail(account: &AccountInfo, now: Timestamp) -> String {
    if let Some(error) = &account.error {
        return match error.retry_at {
            Some(at) if at > now => format!("{} (again in {})", error.message, time::ago(now, at)),
            Some(_) | None => error.message.clone(),
        };
    }
    let tls = account.tls.as_ref().map(|tls| format!("TLS {}", tls.version));
    let mechanism = account.auth.as_ref().map(|auth| auth.mechanism.clone());
    [account.server.clone(), tls, mechanism].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The colour of a connection's state.
pub(crate) const fn paint_of_state(state: ConnectionState) -> Paint {
    match state {
        ConnectionState::Online => Paint::Good,
        ConnectionState::Connecting | ConnectionState::Retrying => Paint::Careful,
        ConnectionState::NeedsSecret | ConnectionState::Stopped => Paint::Bad,
        ConnectionState::Offline => Paint::Faint,
    }
}
