//! What a player says of its track, mended where players are known to say it badly: radio stations that have all in the
//! title, files without tags, paths and addresses in place of a title. Wrong types are mended by the shell before.

use super::address;
use crate::text;
use crate::tune::{Metadata, Track};

/// What stands between artist and title where both are in the title.
const BETWEEN: [&str; 2] = [" - ", " \u{2013} "];
/// What Chromium and Firefox say in place of a title when it is played in a private window (in English).
const PRIVATE: &str = " is playing media";

/// The track that this metadata describes.
pub(super) fn track(metadata: &Metadata) -> Track {
    let mut track = Track::from_metadata(metadata);
    if metadata.has_no_track() {
        return track;
    }
    let said = metadata.title.as_deref().map(str::trim).unwrap_or_default();
    let url = metadata.url.as_deref().unwrap_or_default();
    if track.title.is_none() && address::is_local(url) {
        track.title = title_of_file(url);
    } else if is_path(said) {
        track.title = title_of_file(said);
    } else if said.starts_with("http://") || said.starts_with("https://") {
        track.title = None;
    }
    if track.artist.is_none() && (track.source.is_none() || !address::is_local(url)) {
        split(&mut track);
    }
    track
}

/// Whether this is what a browser says in place of a track in a private window.
pub(super) fn is_private(track: &Track) -> bool {
    track.artist.is_none() && track.title.as_deref().is_some_and(|title| title.ends_with(PRIVATE))
}

/// A whole path or a `file:` address. A title may begin with a slash, too.
fn is_path(title: &str) -> bool {
    address::is_local(title) && title.matches('/').count() > 1
}

fn title_of_file(url: &str) -> Option<String> {
    text::line(address::stem(&address::file_name(url)?), text::PUBLISHED)
}

/// `Artist - Title`. A number alone is the track's, no artist.
fn split(track: &mut Track) {
    let Some(title) = track.title.as_deref() else { return };
    let Some((artist, rest)) = BETWEEN.iter().find_map(|between| title.split_once(between)) else { return };
    let (artist, rest) = (artist.trim(), rest.trim());
    if !rest.is_empty() && artist.contains(char::is_alphabetic) {
        (track.artist, track.title) = (Some(artist.to_owned()), Some(rest.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(artist: &str, title: &str, album: &str, url: &str, expected: (Option<&str>, Option<&str>)) {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let artists = some(artist).into_iter().collect();
        let metadata =
            Metadata { title: some(title), artists, album: some(album), url: some(url), ..Metadata::default() };
        let track = track(&metadata);
        assert_eq!((track.artist.as_deref(), track.title.as_deref()), expected, "{metadata:?}");
    }

    #[test]
    fn a_radio_title_is_artist_and_title() {
        let radio = "https://radio.example/live";
        check("", "Ada - Sinking", "", radio, (Some("Ada"), Some("Sinking")));
        check("", "Ada \u{2013} Sinking - Live", "Radio Verona", radio, (Some("Ada \u{2013} Sinking"), Some("Live")));
        check("", "Ada - Sinking", "", "", (Some("Ada"), Some("Sinking")));
        check("Ada", "Sinking - Live", "", radio, (Some("Ada"), Some("Sinking - Live")));
        check("", "Symphony - Allegro", "Tagged", "file:///a.ogg", (None, Some("Symphony - Allegro")));
        check("", "07 - Sinking", "", "file:///a.ogg", (None, Some("07 - Sinking")));
        check("", "Ada-Sinking", "", radio, (None, Some("Ada-Sinking")));
        check("", "Ada - ", "", radio, (None, Some("Ada -")));
    }

    #[test]
    fn a_file_name_is_the_last_resort_and_goes_without_its_path() {
        let file = "file:///home/romeo/secret/Ada%20-%20Sinking.ogg";
        check("", "", "", file, (Some("Ada"), Some("Sinking")));
        check("Ada", "", "", "file:///home/romeo/secret/07.ogg", (Some("Ada"), Some("07")));
        check("", "", "", "/home/romeo/secret/Tide.flac", (None, Some("Tide")));
        check("", "Tide", "", file, (None, Some("Tide")));
        check("", "/home/romeo/secret/Tide.flac", "", "", (None, Some("Tide")));
        check("", "file:///home/romeo/secret/Tide.flac", "", "", (None, Some("Tide")));
        check("", "/s", "", "", (None, Some("/s")));
        check("", "https://me:secret@radio.example/live?token=1", "", "", (None, None));
        check("", "", "", "https://radio.example/live", (None, None));
        check("", "\u{7}", "", "file:///home/romeo/", (None, None));
    }

    #[test]
    fn no_track_is_not_named_after_a_file() {
        let nothing = Some("/org/mpris/MediaPlayer2/TrackList/NoTrack".to_owned());
        let url = Some("file:///home/romeo/Tide.flac".to_owned());
        assert_eq!(track(&Metadata { track_id: nothing, url, ..Metadata::default() }), Track::default());
    }

    #[test]
    fn a_private_window_is_known_by_what_stands_in_place_of_a_title() {
        let check = |artist: Option<&str>, title: &str, expected| {
            let track = Track { artist: artist.map(str::to_owned), title: Some(title.to_owned()), ..Track::default() };
            assert_eq!(is_private(&track), expected, "{track:?}");
        };
        check(None, "Firefox is playing media", true);
        check(None, "A site is playing media", true);
        check(Some("Ada"), "Who is playing media", false);
        check(None, "is playing media", false);
    }
}
