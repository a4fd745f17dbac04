//! A tune and its players in words and tables. What is asked for is [`super::tune`]'s.

use xmppd_proto::reply::{
    ContactTunes, ExplainedPlayer, FilterReport, FilterVerdict, Player, PlayerList, TuneExplanation, TuneReport,
    TuneText,
};
use xmppd_proto::{PlayerState, Tune, TuneState};

use crate::screen::{Paint, Screen};
use crate::table::{Cell, Table, cell, painted};
use crate::{text, time};

/// A tune on one line: `Artist – Title`, or what there is of it.
pub(crate) fn name(tune: &Tune) -> String {
    let title = tune.title.as_deref().or(tune.uri.as_deref()).unwrap_or("?");
    match &tune.artist {
        Some(artist) => format!("{} – {}", text::line(artist), text::line(title)),
        None => text::line(title).into_owned(),
    }
}

/// The tune that is published, from which player, or why none.
pub(crate) fn page(report: &TuneReport, screen: &Screen) -> String {
    let mut lines = String::new();
    if let Some(tune) = &report.tune {
        lines.push_str(&format!("{}\n", screen.paint(Paint::Strong, &name(tune))));
        let track = tune.track.as_ref().map(|track| format!("track {}", text::line(track)));
        let album = tune.source.as_ref().map(|album| text::line(album).into_owned());
        let facts = [album, track, tune.length_ms.map(time::length)];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        if !facts.is_empty() {
            lines.push_str(&format!("{}\n", facts.join(", ")));
        }
    }
    let mut state = screen.paint(paint_of_state(report.state), report.state.as_str());
    if let Some(player) = &report.player {
        state.push_str(&format!(" ({})", text::line(player)));
    }
    if let Some(until) = report.until {
        state.push_str(&format!(" until {}", time::clock(until, screen.now)));
    }
    match &report.reason {
        Some(reason) => lines.push_str(&format!("{state}: {}\n", text::line(reason))),
        None => lines.push_str(&format!("{state}\n")),
    }
    if let Some(pinned) = &report.pinned {
        lines.push_str(&format!("{} is pinned\n", text::line(pinned)));
    }
    lines
}

/// What a contact listens to; a row an account where it is not the same.
pub(crate) fn contacts_tunes(report: &ContactTunes, screen: &Screen) -> String {
    let mut table = Table::new(&["ACCOUNT", "TUNE"]);
    let several = report.accounts.len() > 1;
    for account in &report.accounts {
        let from = if several { account.account.as_str() } else { "" };
        let tune = account.tune.as_ref().map_or_else(|| painted(Paint::Faint, "nothing"), |tune| cell(&name(tune)));
        table.row(vec![painted(Paint::Strong, from), tune]);
    }
    table.render(screen)
}

/// One row a player.
pub(crate) fn players(list: &PlayerList, screen: &Screen) -> String {
    let mut table = Table::new(&["", "PLAYER", "STATE", "RULE", "TUNE"]);
    list.players.iter().for_each(|player| table.row(cells(player).into()));
    table.render(screen)
}

/// What is published, why each player is chosen or not, and how the tune goes out.
pub(crate) fn explanation(explanation: &TuneExplanation, screen: &Screen) -> String {
    let mut table = Table::new(&["", "PLAYER", "STATE", "RULE", "WHY", "TUNE"]);
    for ExplainedPlayer { player, why } in &explanation.players {
        let [chosen, name, state, rule, tune] = cells(player);
        table.row(vec![chosen, name, state, rule, cell(why), tune]);
    }
    let mut accounts = Table::new(&["ACCOUNT", "PUBLISHES", "LAST", "AT", "ANSWER"]);
    for account in &explanation.accounts {
        let publishes = if account.publishes { "yes" } else { account.reason.as_deref().unwrap_or("no") };
        let last = account.last.as_ref();
        let tune = last.map(|last| last.tune.as_ref().map_or_else(|| "nothing".to_owned(), name));
        let at = last.map(|last| time::clock(last.at, screen.now));
        let answer =
            last.map_or("", |last| if last.accepted { "accepted" } else { last.error.as_deref().unwrap_or("refused") });
        accounts.row(vec![
            painted(Paint::Strong, &account.account),
            painted(if account.publishes { Paint::Good } else { Paint::Careful }, publishes),
            cell(&tune.unwrap_or_default()),
            cell(&at.unwrap_or_default()),
            cell(answer),
        ]);
    }
    let filter = explanation.filter.as_ref().map(filter).unwrap_or_default();
    let parts = [page(&explanation.report, screen), table.render(screen), filter, accounts.render(screen)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

fn filter(FilterReport { program, verdict, reason }: &FilterReport) -> String {
    let said = match verdict {
        None => "has nothing to be asked about",
        Some(FilterVerdict::Asked) => "is being asked",
        Some(FilterVerdict::Passed) => "lets the song pass",
        Some(FilterVerdict::Changed) => "tells something else in place of the song",
        Some(FilterVerdict::Withheld) => "leaves the song out",
        Some(FilterVerdict::Failed) => "failed, so the song is not told",
    };
    let reason = reason.as_ref().map(|reason| format!(": {}", text::line(reason))).unwrap_or_default();
    format!("filter {} {said}{reason}\n", text::line(program))
}

/// What a template gave.
pub(crate) fn rendered(rendered: &TuneText) -> String {
    rendered.text.as_ref().map(|text| format!("{}\n", text::line(text))).unwrap_or_default()
}

/// What is worth knowing of it beside the text.
pub(crate) fn notes_of_rendered(rendered: &TuneText) -> Vec<String> {
    let sample = rendered.sample.then(|| format!("nothing plays; tried with {}", name(&rendered.tune)));
    let empty = rendered.text.is_none().then(|| "no name in it has a value, so there is no text".to_owned());
    sample.into_iter().chain(empty).collect()
}

fn cells(player: &Player) -> [Cell; 5] {
    let playing = player.state == PlayerState::Playing;
    [
        painted(Paint::Good, if player.chosen { "*" } else { " " }),
        painted(Paint::Strong, &player.player),
        painted(if playing { Paint::Good } else { Paint::Plain }, player.state.as_str()),
        cell(&player.rule),
        cell(&player.tune.as_ref().map(name).unwrap_or_default()),
    ]
}

const fn paint_of_state(state: TuneState) -> Paint {
    match state {
        TuneState::Playing => Paint::Good,
        TuneState::Paused | TuneState::Held => Paint::Careful,
        TuneState::Stopped | TuneState::Off => Paint::Plain,
    }
}
