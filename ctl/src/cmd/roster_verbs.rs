//! The verbs of `roster`: one contact looked at or changed, and the requests to see and to be seen.

use clap::Subcommand;
use xmppd_proto::reply::{Contact, PendingReport, RosterReport};
use xmppd_proto::request::{
    RosterAdd, RosterApprove, RosterDeny, RosterGroup, RosterPending, RosterRemove, RosterRename, RosterShow,
    RosterSubscribe, RosterUnsubscribe,
};
use xmppd_proto::{Call, Failure, Topic};

use super::{account_show, personal, roster, tune_show, watch};
use crate::report::Stop;
use crate::screen::{Paint, Screen, paint_of_show};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};
use crate::{text, time};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Show all that is known of a contact
    Show(One),
    /// Add a contact and ask to see their presence
    Add {
        jid: String,
        /// What to call them
        #[arg(long, value_name = "N")]
        name: Option<String>,
        /// A group to put them in; may be given several times
        #[arg(long, value_name = "G")]
        group: Vec<String>,
        /// Do not ask to see their presence
        #[arg(long)]
        no_subscribe: bool,
    },
    /// Remove a contact; neither sees the other any longer
    Remove(One),
    /// Give a contact another name; an empty one takes it away
    Rename {
        jid: String,
        #[arg(allow_hyphen_values = true)]
        name: String,
    },
    /// Put a contact into groups (+GROUP) and take it out of others (-GROUP)
    Group {
        jid: String,
        #[arg(required = true, value_name = "+GROUP|-GROUP", allow_hyphen_values = true, trailing_var_arg = true)]
        changes: Vec<String>,
    },
    /// List who asks to see you, and who has not answered you
    Pending,
    /// Let somebody see your presence
    Approve(One),
    /// Do not let somebody see your presence, or not any longer
    Deny(One),
    /// Ask to see a contact's presence, again if need be
    Subscribe(One),
    /// End seeing a contact's presence, and keep them in the roster
    Unsubscribe(One),
    /// The same as `watch roster`
    Watch,
}

/// Whom it is about.
#[derive(clap::Args, Debug)]
pub(super) struct One {
    jid: String,
}

pub(super) fn run(action: Action, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    match action {
        Action::Show(One { jid }) => session.run(&RosterShow { jid, account }, Answer::Data, sheets),
        Action::Add { jid, name, group, no_subscribe } => {
            change(&RosterAdd { jid, name, groups: group, no_subscribe, account }, "not in the roster", session)
        }
        Action::Remove(One { jid }) => change(&RosterRemove { jid, account }, "removed", session),
        Action::Rename { jid, name } => change(&RosterRename { jid, name, account }, "not in the roster", session),
        Action::Group { jid, changes } => {
            let (add, remove) = groups(changes)?;
            change(&RosterGroup { jid, add, remove, account }, "not in the roster", session)
        }
        Action::Pending => session.run(&RosterPending { account }, Answer::Data, pending),
        Action::Approve(One { jid }) => change(&RosterApprove { jid, account }, "approved", session),
        Action::Deny(One { jid }) => change(&RosterDeny { jid, account }, "denied", session),
        Action::Subscribe(One { jid }) => change(&RosterSubscribe { jid, account }, "asked", session),
        Action::Unsubscribe(One { jid }) => change(&RosterUnsubscribe { jid, account }, "not in the roster", session),
        Action::Watch => watch::run(watch::Args { topics: vec![Topic::Roster] }, session),
    }
}

/// Prints the contact as it is now, or what became of somebody who is none.
fn change<C: Call<Reply = RosterReport>>(call: &C, gone: &str, session: &Session) -> Result<(), Stop> {
    session.run(call, Answer::Confirmation, |report, screen| {
        if report.accounts.iter().all(|account| account.contacts.is_empty()) {
            return format!("{gone}\n");
        }
        roster::table(report, screen)
    })
}

/// `+GROUP` and `-GROUP`, apart.
fn groups(changes: Vec<String>) -> Result<(Vec<String>, Vec<String>), Failure> {
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for change in changes {
        let name = change.get(1..).filter(|name| !name.is_empty() && !name.starts_with('-')).map(str::to_owned);
        match (change.chars().next(), name) {
            (Some('+'), Some(name)) => add.push(name),
            (Some('-'), Some(name)) => remove.push(name),
            (_, _) => {
                return Err(Failure::usage(format!("`{change}` says neither in nor out")).with_hint(
                    "write +GROUP to put the contact in, -GROUP to take it out; options go before `roster`",
                ));
            }
        }
    }
    Ok((add, remove))
}

fn sheets(report: &RosterReport, screen: &Screen) -> String {
    let contacts = report
        .accounts
        .iter()
        .flat_map(|account| account.contacts.iter().map(|contact| sheet(&account.account, contact, screen)));
    contacts.collect::<Vec<_>>().join("\n")
}

fn sheet(account: &str, contact: &Contact, screen: &Screen) -> String {
    let mut rows = vec![("jid", Paint::Strong, contact.jid.clone())];
    rows.extend(contact.name.iter().map(|name| ("name", Paint::Plain, name.clone())));
    rows.push(("account", Paint::Plain, account.to_owned()));
    if !contact.groups.is_empty() {
        rows.push(("groups", Paint::Plain, contact.groups.join(", ")));
    }
    let subscription = match roster::subscription(contact) {
        "" => contact.subscription.as_str(),
        unusual => unusual,
    };
    rows.push(("subscription", Paint::Plain, subscription.to_owned()));
    for resource in &contact.resources {
        let name = resource.resource.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
        let status = resource.status.as_deref().map(|status| format!("  {status}")).unwrap_or_default();
        let since = resource.since.map(|since| format!("  (since {})", time::clock(since, screen.now)));
        let line = format!(
            "{name}{}{status}{}, priority {}",
            resource.show.as_str(),
            since.unwrap_or_default(),
            resource.priority
        );
        rows.push(("resource", paint_of_show(resource.show), line));
    }
    rows.extend(contact.tune.as_ref().map(|song| ("tune", Paint::Plain, tune_show::name(song))));
    rows.extend(personal::rows(&contact.personal).into_iter().map(|(name, line)| (name, Paint::Plain, line)));
    account_show::page(rows, screen)
}

fn pending(report: &PendingReport, screen: &Screen) -> String {
    let mut table = Table::new(&["ACCOUNT", "JID", "WAITS FOR", "SINCE", "NAME", "SAYS"]);
    let several = report.accounts.len() > 1;
    let mut rows = 0;
    for account in &report.accounts {
        let name = if several { account.account.as_str() } else { "" };
        for request in &account.incoming {
            let since = time::ago(request.since, screen.now);
            let says = request.status.as_deref().unwrap_or_default();
            let waits = painted(Paint::Careful, "you");
            table.row(vec![
                cell(name),
                painted(Paint::Strong, &request.jid),
                waits,
                cell(&since),
                cell(""),
                cell(says),
            ]);
            rows += 1;
        }
        for contact in &account.outgoing {
            let called = contact.name.as_deref().unwrap_or_default();
            let jid = painted(Paint::Strong, &contact.jid);
            table.row(vec![cell(name), jid, cell("them"), cell(""), cell(called), cell("")]);
            rows += 1;
        }
    }
    if rows == 0 { text::line("nobody waits for an answer").into_owned() + "\n" } else { table.render(screen) }
}
