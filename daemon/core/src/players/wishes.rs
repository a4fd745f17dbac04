//! What the person asked for, beside the rules: on or off, a hold, a tune by hand, a pinned player, a skipped track.
//! Ends are meant by the clock on the wall. Keeping wishes over a restart is the shell's.

use super::choice::Override;
use super::player::Player;
use crate::time::Wall;
use crate::tune::Track;

/// How long publishing is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    /// Until `tune resume`.
    Open,
    /// Until then, or `tune resume`.
    Until(Wall),
}

impl Hold {
    /// When it ends by itself.
    pub fn end(self) -> Option<Wall> {
        match self {
            Self::Open => None,
            Self::Until(end) => Some(end),
        }
    }
}

/// Why there is nothing to skip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unskippable {
    /// No player's track would be published.
    Nothing,
    /// A tune set by hand is published.
    ByHand,
}

#[derive(Debug)]
pub(super) struct Wishes {
    pub(super) on: bool,
    pub(super) held: Option<Hold>,
    pub(super) manual: Option<(Track, Option<Wall>)>,
    /// A player's name, with or without instance.
    pub(super) pinned: Option<String>,
    pub(super) skipped: Option<Skipped>,
}

/// A track that is not published as long as its player does not play another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The player, as it appeared.
    pub id: String,
    /// What tells the song from others, in lines.
    pub song: String,
}

impl Wishes {
    pub(super) fn new() -> Self {
        Self { on: true, held: None, manual: None, pinned: None, skipped: None }
    }

    /// What goes before all players.
    pub(super) fn overriding(&self) -> Option<Override> {
        match (self.on, self.held, &self.manual) {
            (false, _, _) => Some(Override::Off),
            (true, Some(_), _) => Some(Override::Held),
            (true, None, Some(_)) => Some(Override::ByHand),
            (true, None, None) => None,
        }
    }

    /// Ends what has come to its end.
    pub(super) fn expire(&mut self, now: Wall) {
        let is_over = |end: Option<Wall>| end.is_some_and(|end| end <= now);
        self.held.take_if(|hold| is_over(hold.end()));
        self.manual.take_if(|(_, end)| is_over(*end));
    }

    /// When the next of them ends.
    pub(super) fn expiry(&self) -> Option<Wall> {
        let hold = self.held.and_then(Hold::end);
        let manual = self.manual.as_ref().and_then(|(_, end)| *end);
        hold.into_iter().chain(manual).min()
    }

    pub(super) fn pins(&self, player: &Player) -> bool {
        self.pinned.as_deref().is_some_and(|name| player.is_named(name))
    }

    pub(super) fn skip(&mut self, player: &Player) {
        self.skipped = Some(Skipped { id: player.id.clone(), song: song(player.track()) });
    }

    pub(super) fn skips(&self, player: &Player) -> bool {
        self.skipped.as_ref().is_some_and(|skipped| skipped.id == player.id && player.track().is_publishable())
    }

    /// A player plays something, perhaps another track than the skipped one. An empty one is the flicker before the next.
    pub(super) fn loaded(&mut self, player: &Player) {
        let is_another = |skipped: &Skipped| {
            skipped.id == player.id && player.track().is_publishable() && song(player.track()) != skipped.song
        };
        self.skipped.take_if(|skipped| is_another(skipped));
    }

    pub(super) fn vanished(&mut self, id: &str) {
        self.skipped.take_if(|skipped| skipped.id == id);
    }
}

/// The fields that [`Track::is_same_song`] compares; each is one line.
fn song(track: &Track) -> String {
    let fields = [&track.artist, &track.title, &track.source, &track.track, &track.uri];
    fields.map(|field| field.as_deref().unwrap_or_default()).join("\n")
}
