//! What `mood`, `activity`, `nick` and `avatar` print: a row an account.

use xmppd_proto::reply::{Activity, Avatar, Mood, Personal, PersonalReport};

use crate::screen::{Paint, Screen};
use crate::table::{Table, cell, painted};

/// The word that takes something back.
pub(super) const CLEAR: &str = "clear";

/// What each account tells, or why that is not known.
pub(super) fn table(report: &PersonalReport, screen: &Screen) -> String {
    let mut table = Table::new(&["ACCOUNT", "TOLD", "TEXT"]);
    let several = report.accounts.len() > 1;
    for account in &report.accounts {
        let name = if several { account.account.as_str() } else { "" };
        let (told, text) = match &account.error {
            Some(error) => (painted(Paint::Bad, "unknown"), cell(&error.message)),
            None => {
                let (told, text) = words(&account.personal);
                (if told.is_empty() { painted(Paint::Faint, "nothing") } else { cell(&told) }, cell(&text))
            }
        };
        table.row(vec![painted(Paint::Strong, name), told, text]);
    }
    table.render(screen)
}

/// What somebody tells, a line a part.
pub(super) fn rows(personal: &Personal) -> Vec<(&'static str, String)> {
    let Personal { mood, activity, nick, avatar } = personal.clone();
    let parts = [
        ("mood", Personal { mood, ..Personal::default() }),
        ("activity", Personal { activity, ..Personal::default() }),
        ("nick", Personal { nick, ..Personal::default() }),
        ("avatar", Personal { avatar, ..Personal::default() }),
    ];
    let line = |(told, text): (String, String)| format!("{told}  {text}").trim_end().to_owned();
    let lines = parts.iter().map(|(name, part)| (*name, line(words(part))));
    lines.filter(|(_, line)| !line.is_empty()).collect()
}

/// The first of what somebody tells, in words: what it is, and the text with it.
pub(super) fn words(personal: &Personal) -> (String, String) {
    let Personal { mood, activity, nick, avatar } = personal;
    let mood = mood.as_deref().map(|Mood { value, text }| (value.clone(), text.clone()));
    let activity = activity.as_deref().map(|Activity { general, specific, text }| {
        let specific = specific.as_ref().map(|specific| format!("/{specific}")).unwrap_or_default();
        (format!("{general}{specific}"), text.clone())
    });
    let nick = nick.as_deref().map(|nick| (nick.to_owned(), None));
    let avatar = avatar.as_deref().map(|Avatar { id, media_type, bytes, width, height }| {
        let size = width.zip(*height).map(|(width, height)| format!(", {width}×{height}")).unwrap_or_default();
        (format!("{media_type}{size}, {bytes} bytes"), Some(id.clone()))
    });
    let (told, text) = mood.or(activity).or(nick).or(avatar).unwrap_or_default();
    (told, text.unwrap_or_default())
}
