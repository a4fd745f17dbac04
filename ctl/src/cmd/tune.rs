//! `tune`: what is being listened to, and whether contacts may know.

use std::time::Duration;

use clap::Subcommand;
use xmppd_proto::reply::{PlayerList, TuneReport};
use xmppd_proto::request::{TuneClear, TuneOff, TuneOn, TunePlayers, TuneSet, TuneShow};
use xmppd_proto::{Failure, PlayerState, Tune, TuneState, duration};

use crate::report::Stop;
use crate::screen::{Paint, Screen};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};
use crate::{text, time};

/// Show or control the tune that contacts see
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Publish a tune by hand, in place of a player's
    Set(Set),
    /// Withdraw the tune given by hand
    Clear,
    /// Publish tunes
    On,
    /// Withdraw the tune and publish no more
    Off,
    /// List the media players, and the rule that decides about each
    Players,
}

#[derive(clap::Args, Debug)]
struct Set {
    /// The performers
    #[arg(long)]
    artist: Option<String>,
    /// The song's name
    #[arg(long)]
    title: Option<String>,
    /// The album or other collection
    #[arg(long)]
    album: Option<String>,
    /// How long it lasts, for instance 4m1s
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    length: Option<Duration>,
    /// The position in the album
    #[arg(long, value_name = "N")]
    track: Option<String>,
    /// Where it can be found
    #[arg(long)]
    url: Option<String>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    match args.action {
        None => session.run(&TuneShow {}, Answer::Data, page),
        Some(Action::Set(set)) => session.run(&set.call()?, Answer::Confirmation, page),
        Some(Action::Clear) => session.run(&TuneClear {}, Answer::Confirmation, page),
        Some(Action::On) => session.run(&TuneOn {}, Answer::Confirmation, page),
        Some(Action::Off) => session.run(&TuneOff {}, Answer::Confirmation, page),
        Some(Action::Players) => session.run(&TunePlayers {}, Answer::Data, players),
    }
}

impl Set {
    fn call(self) -> Result<TuneSet, Failure> {
        if self.title.is_none() && self.url.is_none() {
            return Err(Failure::usage("a tune needs a title or a URL")
                .with_hint("for instance: xmppctl tune set --artist \"Ondes Lentes\" --title Marée"));
        }
        let length_ms = self.length.map(|length| u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
        let Self { artist, title, album: source, track, url: uri, length: _ } = self;
        Ok(TuneSet { artist, title, source, track, length_ms, uri })
    }
}

/// A tune on one line: `Artist – Title`, or what there is of it.
pub(crate) fn name(tune: &Tune) -> String {
    let title = tune.title.as_deref().or(tune.uri.as_deref()).unwrap_or("?");
    match &tune.artist {
        Some(artist) => format!("{} – {}", text::line(artist), text::line(title)),
        None => text::line(title).into_owned(),
    }
}

fn page(report: &TuneReport, screen: &Screen) -> String {
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
    match &report.reason {
        Some(reason) => lines.push_str(&format!("{state}: {}\n", text::line(reason))),
        None => lines.push_str(&format!("{state}\n")),
    }
    lines
}

fn players(list: &PlayerList, screen: &Screen) -> String {
    let mut table = Table::new(&["", "PLAYER", "STATE", "RULE", "TUNE"]);
    for player in &list.players {
        let playing = player.state == PlayerState::Playing;
        table.row(vec![
            painted(Paint::Good, if player.chosen { "*" } else { " " }),
            painted(Paint::Strong, &player.player),
            painted(if playing { Paint::Good } else { Paint::Plain }, player.state.as_str()),
            cell(&player.rule),
            cell(&player.tune.as_ref().map(name).unwrap_or_default()),
        ]);
    }
    table.render(screen)
}

const fn paint_of_state(state: TuneState) -> Paint {
    match state {
        TuneState::Playing => Paint::Good,
        TuneState::Paused | TuneState::Held => Paint::Careful,
        TuneState::Stopped | TuneState::Off => Paint::Plain,
    }
}
