//! `status`: what contacts see, and setting it.

use xmppd_proto::Show;
use xmppd_proto::reply::{AccountStatus, ConnectionState, Delivery, LayerName, StatusReport};
use xmppd_proto::request::{Status, StatusSet};

use crate::report::Stop;
use crate::screen::{Paint, Screen, paint_of_show};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};
use crate::time;

/// Show what contacts see, or set it
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// online (available), chat, away, xa, dnd (busy), offline or invisible
    show: Option<Show>,
    /// The text beside it; none when left out
    text: Option<String>,
    /// Which of your clients gets messages first, -128 to 127
    #[arg(long, value_name = "N", allow_negative_numbers = true, requires = "show")]
    priority: Option<i8>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    let Some(show) = args.show else {
        return session.run(&Status { account }, Answer::Data, table);
    };
    let call = StatusSet {
        status: args.text.filter(|text| !text.trim().is_empty()),
        priority: args.priority,
        account,
        wait_ms: session.timeout_ms(),
        no_wait: session.global.no_wait,
        ..StatusSet::new(show)
    };
    let patience = session.patience(Some("waiting for the server …"));
    session.run_with(&call, patience, Answer::Confirmation, table)
}

/// One row an account.
fn table(report: &StatusReport, screen: &Screen) -> String {
    let mut table = Table::new(&["ACCOUNT", "SHOW", "PRIORITY", "FROM", "DELIVERY", "STATUS"]);
    for account in &report.accounts {
        let effective = &account.effective;
        table.row(vec![
            painted(Paint::Strong, &account.account),
            painted(paint_of_show(effective.show), effective.show.as_str()),
            cell(&effective.priority.to_string()),
            cell(&source(account, screen)),
            painted(paint_of_delivery(account.delivery), &delivery(account)),
            // Last, for it is what may be cut.
            cell(effective.status.as_deref().unwrap_or_default()),
        ]);
    }
    table.render(screen)
}

/// Which layers the presence comes from, and until when.
fn source(account: &AccountStatus, screen: &Screen) -> String {
    let show = account.layers.iter().find(|layer| layer.show.is_some());
    let text = account.layers.iter().find(|layer| layer.status.is_some());
    let mut names: Vec<String> = Vec::new();
    for layer in show.into_iter().chain(text) {
        let name = match layer.until {
            Some(until) => format!("{} until {}", layer.layer.as_str(), time::clock(until, screen.now)),
            None => layer.layer.as_str().to_owned(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [only] if only == LayerName::Base.as_str() => "you".to_owned(),
        _ => names.join(" + "),
    }
}

fn delivery(account: &AccountStatus) -> String {
    match account.connection {
        ConnectionState::Online => account.delivery.as_str().to_owned(),
        ConnectionState::Offline
        | ConnectionState::Connecting
        | ConnectionState::Retrying
        | ConnectionState::NeedsSecret
        | ConnectionState::Stopped => format!("{}, {}", account.delivery.as_str(), account.connection.as_str()),
    }
}

const fn paint_of_delivery(delivery: Delivery) -> Paint {
    match delivery {
        Delivery::Acknowledged => Paint::Good,
        Delivery::Sent | Delivery::Pending => Paint::Careful,
    }
}
