//! A track: what a player plays, cleaned of everything that must not leave the machine. Reading the bus and mending
//! wrong types is the shell's; the XML of XEP-0118 is [`crate::stanza`]'s.

use std::time::Duration;

use crate::text;

/// The longest song there is: XEP-0118's length is an unsigned short of seconds.
const MAX_SECONDS: i64 = 65_535;
/// No more artists than this are looked at.
const MAX_ARTISTS: usize = 64;
/// The most bytes of an address that is looked at.
const MAX_URL: usize = 8 * 1024;
/// `mpris:trackid` when there is no current track (MPRIS 2.2, TrackList).
const NO_TRACK: &str = "/org/mpris/MediaPlayer2/TrackList/NoTrack";

/// What is being listened to (XEP-0118's words). Every text is clean and bounded; at least title or uri is there
/// in a track that can be published, see [`Track::is_publishable`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Track {
    /// The performers, joined by ", ".
    pub artist: Option<String>,
    /// The song's name.
    pub title: Option<String>,
    /// The album or other collection.
    pub source: Option<String>,
    /// The position in the collection.
    pub track: Option<String>,
    /// How long it lasts, whole seconds.
    pub length: Option<Duration>,
    /// Where it can be found; http or https only, without user, query and fragment.
    pub uri: Option<String>,
    /// The listener's rating, 1 to 10.
    pub rating: Option<u8>,
}

/// What a player or a script says about its track, as it says it: of any length, with any characters.
/// MPRIS 2.2 metadata, the keys of which are named below.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// `mpris:trackid`.
    pub track_id: Option<String>,
    /// `xesam:title`.
    pub title: Option<String>,
    /// `xesam:artist`.
    pub artists: Vec<String>,
    /// `xesam:album`.
    pub album: Option<String>,
    /// `xesam:trackNumber`, counted from 1.
    pub track_number: Option<i64>,
    /// `mpris:length`, microseconds.
    pub length_micros: Option<i64>,
    /// `xesam:url`.
    pub url: Option<String>,
    /// `xesam:userRating`, 0 to 1.
    pub user_rating: Option<f64>,
}

impl Metadata {
    /// Whether it says that there is no current track.
    pub fn has_no_track(&self) -> bool {
        self.track_id.as_deref() == Some(NO_TRACK)
    }
}

impl Track {
    /// The track that this metadata describes; what is out of range, unusable or private in it is left out.
    /// The uri is there whenever it can be published at all: whether it may be is for [`crate::players::Rules`].
    pub fn from_metadata(metadata: &Metadata) -> Self {
        if metadata.has_no_track() {
            return Self::default();
        }
        let field = |text: &Option<String>| text.as_deref().and_then(|text| text::line(text, text::PUBLISHED));
        Self {
            artist: joined(&metadata.artists),
            title: field(&metadata.title),
            source: field(&metadata.album),
            track: metadata.track_number.filter(|number| *number > 0).map(|number| number.to_string()),
            length: metadata.length_micros.and_then(length),
            uri: metadata.url.as_deref().and_then(public_uri),
            rating: metadata.user_rating.and_then(rating),
        }
    }

    /// The same with every text clean and bounded: for a track that somebody else published.
    #[must_use]
    pub fn cleaned(self) -> Self {
        let clean = |field: Option<String>| field.and_then(|field| text::line(&field, text::PUBLISHED));
        Self {
            artist: clean(self.artist),
            title: clean(self.title),
            source: clean(self.source),
            track: clean(self.track),
            uri: clean(self.uri),
            ..self
        }
    }

    /// Whether there is enough to tell a contact.
    pub fn is_publishable(&self) -> bool {
        self.title.is_some() || self.uri.is_some()
    }

    /// Whether it is the same song, be its length or rating another. Live streams grow longer every second.
    pub fn is_same_song(&self, other: &Self) -> bool {
        Self { length: other.length, rating: other.rating, ..self.clone() } == *other
    }
}

fn joined(artists: &[String]) -> Option<String> {
    let artists = artists.iter().take(MAX_ARTISTS).filter_map(|artist| text::line(artist, text::PUBLISHED));
    text::line(&artists.collect::<Vec<_>>().join(", "), text::PUBLISHED)
}

fn length(micros: i64) -> Option<Duration> {
    let seconds = micros.saturating_add(500_000) / 1_000_000;
    let seconds = u64::try_from(seconds).ok().filter(|_| (1..=MAX_SECONDS).contains(&seconds))?;
    Some(Duration::from_secs(seconds))
}

fn rating(share: f64) -> Option<u8> {
    let tenths = (share * 10.0).round();
    (1..=10).find(|rating| f64::from(*rating) == tenths)
}

/// The address without what may be secret in it. It is dropped, not cut, when it is too long or holds characters that
/// no address has.
fn public_uri(url: &str) -> Option<String> {
    if url.len() > MAX_URL {
        return None;
    }
    let (scheme, rest) = url.split_at_checked(url.find("://")?)?;
    let scheme = ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
    let rest = rest.strip_prefix("://")?;
    let rest = rest.split(['?', '#']).next()?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next()?;
    if host.is_empty() || host.starts_with(':') || rest.contains(['\\', ' ', '"', '<', '>']) {
        return None;
    }
    let uri = format!("{scheme}://{host}{path}");
    text::line(&uri, text::PUBLISHED).filter(|clean| *clean == uri)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check<T: PartialEq + std::fmt::Debug>(metadata: Metadata, part: fn(Track) -> T, expected: T) {
        let description = format!("{metadata:?}");
        assert_eq!(part(Track::from_metadata(&metadata)), expected, "{description}");
    }

    #[test]
    fn all_fields_find_their_place() {
        let metadata = Metadata {
            track_id: Some("/org/mpris/MediaPlayer2/Track/3".to_owned()),
            title: Some(" Harbour\tLights\u{202e} ".to_owned()),
            artists: vec!["Ondes Lentes".to_owned(), String::new(), "Ada\u{1b}".to_owned()],
            album: Some("Low Tide".to_owned()),
            track_number: Some(3),
            length_micros: Some(240_600_000),
            url: Some("https://music.example/harbour".to_owned()),
            user_rating: Some(0.84),
        };
        let track = Track {
            artist: Some("Ondes Lentes, Ada".to_owned()),
            title: Some("Harbour Lights".to_owned()),
            source: Some("Low Tide".to_owned()),
            track: Some("3".to_owned()),
            length: Some(Duration::from_secs(241)),
            uri: Some("https://music.example/harbour".to_owned()),
            rating: Some(8),
        };
        assert_eq!(Track::from_metadata(&metadata), track);
        let nothing = Metadata { track_id: Some(NO_TRACK.to_owned()), ..metadata };
        assert_eq!(Track::from_metadata(&nothing), Track::default());
    }

    #[test]
    fn a_length_is_rounded_and_kept_only_in_range() {
        for (micros, seconds) in [
            (i64::MIN, None),
            (0, None),
            (499_999, None),
            (500_000, Some(1)),
            (65_535_499_999, Some(65_535)),
            (65_535_500_000, None),
            (i64::MAX, None),
        ] {
            let metadata = Metadata { length_micros: Some(micros), ..Metadata::default() };
            check(metadata, |track| track.length, seconds.map(Duration::from_secs));
        }
    }

    #[test]
    fn a_rating_and_a_number_are_kept_only_in_range() {
        for (share, rating) in [
            (0.0, None),
            (0.04, None),
            (0.05, Some(1)),
            (1.0, Some(10)),
            (1.2, None),
            (-0.5, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            check(Metadata { user_rating: Some(share), ..Metadata::default() }, |track| track.rating, rating);
        }
        for (number, text) in [(-1, None), (0, None), (7, Some("7"))] {
            let metadata = Metadata { track_number: Some(number), ..Metadata::default() };
            check(metadata, |track| track.track, text.map(str::to_owned));
        }
    }

    #[test]
    fn an_address_leaves_without_what_is_private() {
        let long = format!("https://a.example/{}", "x".repeat(600));
        for (url, expected) in [
            ("https://a.example/x", Some("https://a.example/x")),
            ("HTTP://a.example:8000", Some("http://a.example:8000")),
            ("https://me:secret@a.example/x?token=1#t=3", Some("https://a.example/x")),
            ("https://a@b@c.example?u=http://d", Some("https://c.example")),
            ("https://[::1]:80/ü", Some("https://[::1]:80/ü")),
            ("https://?x", None),
            ("https://me@/x", None),
            ("https://:80/", None),
            ("https://a.example\\@b.example/", None),
            ("https://a.example/a b", None),
            ("https://a.example/\u{202e}b", None),
            ("file:///home/romeo/x.ogg", None),
            ("/home/romeo/x.ogg", None),
            ("ftp://a.example/x", None),
            ("javascript:https://a.example", None),
            (" https://a.example", None),
            ("", None),
            (long.as_str(), None),
        ] {
            let metadata = Metadata { url: Some(url.to_owned()), ..Metadata::default() };
            check(metadata, |track| track.uri, expected.map(str::to_owned));
        }
    }

    #[test]
    fn huge_fields_become_small_ones() {
        let metadata = Metadata {
            title: Some("x".repeat(64 << 20)),
            artists: vec!["y".repeat(1 << 20); 100],
            url: Some(format!("https://{}", "z".repeat(16 << 20))),
            ..Metadata::default()
        };
        check(metadata.clone(), |track| track.title.map(|text| text.len()), Some(512));
        check(metadata.clone(), |track| track.artist.map(|text| text.len()), Some(512));
        check(metadata, |track| track.uri, None);
    }

    proptest! {
        #[test]
        fn no_published_address_has_a_user_a_query_or_another_scheme(url in "(https?|file|x)://[a-z@:/?#.\\\\ ]{0,30}") {
            let track = Track::from_metadata(&Metadata { url: Some(url), ..Metadata::default() });
            if let Some(uri) = track.uri {
                prop_assert!(uri.starts_with("http://") || uri.starts_with("https://"));
                prop_assert!(!uri.contains(['?', '#', '\\']));
                let authority = uri.split('/').nth(2).unwrap_or_default();
                prop_assert!(!authority.contains('@') && !authority.is_empty());
            }
        }
    }
}
