//! Players that show what another player plays: playerctld, KDE Connect, and whatever else does so. They would publish a
//! song twice, or one of a player that is denied. Known by name or not, they are recognised by what they show.

use super::decision::Playback;
use super::player::Player;

/// Players that are known to show what others play, by the first part of their name. They are nobody's original.
const PROXIES: [&str; 5] = ["playerctld", "kdeconnect", "gsconnect", "mpris-proxy", "plasma-browser-integration"];

/// The player whose track the one at this place shows, if it does.
///
/// The original is the one that told the song first: a proxy can only repeat. Where that cannot be known, because both
/// were there before they were looked at, one that is denied is taken for the original.
pub(super) fn original(players: &[Player], place: usize) -> Option<&Player> {
    let player = players.get(place)?;
    let is_first = |other: &Player| {
        let unknown = !other.may_be_told() && other.was_found_so() && player.was_found_so();
        is_proxy(player) || other.told() < player.told() || unknown
    };
    let others =
        players.iter().enumerate().filter(|(at, other)| *at != place && !is_proxy(other) && !other.is_posted());
    let alike = others.filter(|(_, other)| other.playback == player.playback && shows_same(other, player));
    alike.map(|(_, other)| other).find(|other| is_first(other))
}

fn is_proxy(player: &Player) -> bool {
    let name = player.player().split('.').next().unwrap_or_default();
    PROXIES.iter().any(|proxy| name.eq_ignore_ascii_case(proxy))
}

/// Proxies do not pass everything on, but who sings what.
fn shows_same(one: &Player, other: &Player) -> bool {
    let (one_track, other_track) = (one.track(), other.track());
    one.playback != Playback::Stopped
        && one_track.title.is_some()
        && (&one_track.title, &one_track.artist) == (&other_track.title, &other_track.artist)
}
