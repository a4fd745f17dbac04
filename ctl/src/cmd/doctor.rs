//! `doctor`: what works, what does not, and what to do about it. What was found is data: finding it is exit 0.

use xmppd_proto::reply::{CheckState, DoctorReport};
use xmppd_proto::request;

use crate::report::Stop;
use crate::screen::{Paint, Screen};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};

/// Look at the daemon and its surroundings, and say what to mend
#[derive(clap::Args, Debug)]
pub(crate) struct Args {}

pub(crate) fn run(_: Args, session: &Session) -> Result<(), Stop> {
    session.run_with(&request::Doctor {}, session.patience(Some("looking …")), Answer::Data, table)
}

fn table(report: &DoctorReport, screen: &Screen) -> String {
    let mut table = Table::new(&["STATE", "CHECK", "ACCOUNT", "FOUND"]);
    for check in &report.checks {
        table.row(vec![
            painted(paint_of(check.state), check.state.as_str()),
            painted(Paint::Strong, &check.check),
            cell(check.account.as_deref().unwrap_or_default()),
            cell(&check.message),
        ]);
        if let Some(hint) = &check.hint {
            table.row(vec![cell(""), cell(""), cell(""), cell(&format!("→ {hint}"))]);
        }
    }
    // Advice is of no use when it is cut.
    table.render(&Screen { width: None, ..screen.clone() })
}

const fn paint_of(state: CheckState) -> Paint {
    match state {
        CheckState::Ok => Paint::Good,
        CheckState::Warning => Paint::Careful,
        CheckState::Failed => Paint::Bad,
        CheckState::Skipped => Paint::Faint,
    }
}
