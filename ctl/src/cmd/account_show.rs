//! `account show`: how an account's login went and how its connection stands, on one sheet.

use xmppd_proto::reply::{AccountError, AccountInfo, AccountList, AuthProfile};

use super::account::paint_of_state;
use crate::screen::{Paint, Screen};
use crate::text;
use crate::time;

/// The sheets of these accounts, one below the other.
pub(crate) fn sheets(list: &AccountList, screen: &Screen) -> String {
    list.accounts.iter().map(|account| sheet(account, screen)).collect::<Vec<_>>().join("\n")
}

fn sheet(account: &AccountInfo, screen: &Screen) -> String {
    let state = if account.enabled { account.state.as_str() } else { "disabled" };
    let mut rows = vec![
        ("account", Paint::Strong, account.account.clone()),
        ("jid", Paint::Plain, account.jid.clone()),
        ("state", paint_of_state(account.state), state.to_owned()),
        ("since", Paint::Plain, since(account, screen)),
    ];
    rows.extend(account.server.iter().map(|server| ("server", Paint::Plain, server.clone())));
    rows.extend(login(account).into_iter().map(|(name, value)| (name, Paint::Plain, value)));
    if let Some(AccountError { message, retry_at, .. }) = &account.error {
        rows.push(("problem", Paint::Bad, message.clone()));
        rows.extend(retry_at.map(|at| ("next attempt", Paint::Plain, next(at, screen))));
    }
    page(rows, screen)
}

/// Names and values, aligned.
pub(super) fn page(rows: Vec<(&str, Paint, String)>, screen: &Screen) -> String {
    let width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0) + ":".len();
    let line = |(name, paint, value): (&str, Paint, String)| {
        let name = screen.paint(Paint::Faint, &format!("{:<width$}", format!("{name}:")));
        format!("{name}  {}\n", screen.paint(paint, &text::line(&value)))
    };
    rows.into_iter().map(line).collect()
}

/// What is known of a login, by name; nothing while there is no session.
fn login(account: &AccountInfo) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if let Some(tls) = &account.tls {
        rows.push(("tls", format!("{}, {}", tls.version, tls.cipher)));
    }
    if let Some(auth) = &account.auth {
        let profile = match auth.profile {
            AuthProfile::Sasl2 => "sasl2",
            AuthProfile::Sasl => "sasl",
        };
        rows.push(("profile", profile.to_owned()));
        rows.push(("mechanism", auth.mechanism.clone()));
        rows.push(("channel binding", auth.channel_binding.clone().unwrap_or_else(|| "none".to_owned())));
    }
    if let Some(stream) = &account.stream {
        rows.push(("resumable", yes(stream.resumable)));
        rows.push(("resumed", yes(stream.resumed)));
        rows.push(("round trips", stream.round_trips.to_string()));
        rows.push(("login took", format!("{} ms", stream.bound_ms)));
    }
    rows
}

fn since(account: &AccountInfo, screen: &Screen) -> String {
    match time::ago(account.since, screen.now) {
        now if now == "now" => now,
        ago => format!("{} ({ago} ago)", time::clock(account.since, screen.now)),
    }
}

fn next(at: xmppd_proto::Timestamp, screen: &Screen) -> String {
    if at > screen.now { format!("in {}", time::ago(screen.now, at)) } else { "now".to_owned() }
}

fn yes(word: bool) -> String {
    if word { "yes" } else { "no" }.to_owned()
}
