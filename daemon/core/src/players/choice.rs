//! Which of the players that may be told is followed, and why each is or is not. Denying is [`super::rules`]'s.

use std::cmp::Reverse;
use std::fmt;

use super::decision::Playback;
use super::player::Player;
use super::wishes::Wishes;

/// What decides between two players, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edge {
    /// One is pinned (`tune use`).
    Pinned,
    /// One plays, the other is paused.
    Plays,
    /// One stands before the other in `allow`.
    Rank,
    /// One started or paused after the other.
    Recent,
}

/// Why a player is followed, or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is followed: what puts it before the next one, without instance suffix, if there is another.
    Followed(Option<(Edge, String)>),
    /// What puts the followed one, without instance suffix, before it.
    Behind(Edge, String),
    /// Its rule denies it.
    Denied,
    /// It neither plays nor is paused.
    Stopped,
    /// No player is followed.
    Overridden(Override),
}

/// What goes before all players.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Override {
    /// Publishing is switched off.
    Off,
    /// Publishing is held.
    Held,
    /// There is a tune set by hand.
    ByHand,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Followed(None) => f.write_str("no other player that is allowed plays or is paused"),
            Self::Followed(Some((Edge::Pinned, next))) => write!(f, "it is pinned, and goes before {next}"),
            Self::Followed(Some((Edge::Plays, next))) => write!(f, "it plays, and {next} is paused"),
            Self::Followed(Some((Edge::Rank, next))) => write!(f, "it stands before {next} in allow"),
            Self::Followed(Some((Edge::Recent, next))) => write!(f, "it started or paused after {next}"),
            Self::Behind(Edge::Pinned, first) => write!(f, "{first} is pinned"),
            Self::Behind(Edge::Plays, first) => write!(f, "{first} plays, and it is paused"),
            Self::Behind(Edge::Rank, first) => write!(f, "{first} stands before it in allow"),
            Self::Behind(Edge::Recent, first) => write!(f, "{first} started or paused after it"),
            Self::Denied => f.write_str("its rule denies it"),
            Self::Stopped => f.write_str("it has stopped"),
            Self::Overridden(Override::Off) => f.write_str("publishing is switched off"),
            Self::Overridden(Override::Held) => f.write_str("publishing is held"),
            Self::Overridden(Override::ByHand) => f.write_str("a tune set by hand goes before all players"),
        }
    }
}

/// The player to follow, unless something overrides it.
pub(super) fn followed<'a>(players: &'a [Player], wishes: &Wishes) -> Option<&'a Player> {
    first(players, wishes).filter(|_| wishes.overriding().is_none())
}

/// The one that would be followed if nothing overrode it.
pub(super) fn first<'a>(players: &'a [Player], wishes: &Wishes) -> Option<&'a Player> {
    players
        .iter()
        .filter_map(|player| Some((key(player, wishes)?, player)))
        .min_by_key(|(key, _)| *key)
        .map(|(_, player)| player)
}

/// Why each player is followed or is not, in the order of the players.
pub(super) fn standings(players: &[Player], wishes: &Wishes) -> Vec<Standing> {
    let followed = followed(players, wishes);
    players.iter().map(|player| standing(player, followed, players, wishes)).collect()
}

fn standing(player: &Player, followed: Option<&Player>, players: &[Player], wishes: &Wishes) -> Standing {
    let Some(own) = key(player, wishes) else {
        return if player.rule.rank().is_none() { Standing::Denied } else { Standing::Stopped };
    };
    let first = followed.and_then(|first| Some((key(first, wishes)?, first)));
    match (wishes.overriding(), first) {
        (Some(overriding), _) => Standing::Overridden(overriding),
        (None, Some((key, first))) if first.id != player.id => {
            Standing::Behind(edge(key, own), first.player().to_owned())
        }
        (None, _) => {
            let others = players.iter().filter(|other| other.id != player.id);
            let next = others.filter_map(|other| Some((key(other, wishes)?, other))).min_by_key(|(key, _)| *key);
            Standing::Followed(next.map(|(key, next)| (edge(own, key), next.player().to_owned())))
        }
    }
}

/// What players are compared by, part by part; the smallest goes first. None for who is not to be told.
type Key = (bool, bool, usize, Reverse<u64>);

fn key(player: &Player, wishes: &Wishes) -> Option<Key> {
    let rank = player.rule.rank().filter(|_| player.playback != Playback::Stopped)?;
    Some((!wishes.pins(player), player.playback != Playback::Playing, rank, Reverse(player.activity)))
}

fn edge(first: Key, next: Key) -> Edge {
    if first.0 != next.0 {
        Edge::Pinned
    } else if first.1 != next.1 {
        Edge::Plays
    } else if first.2 != next.2 {
        Edge::Rank
    } else {
        Edge::Recent
    }
}
