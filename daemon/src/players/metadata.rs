//! Repairs what players send: one lenient reading of MPRIS metadata into [`Metadata`].
//! Cleaning for the outside (characters, lengths for people, private addresses) is the core's.

use xmppd_core::{players::Playback, tune::Metadata};
use zbus::Variant;

use crate::bus::value::{integer, number, text, text_within, texts, unwrapped};

/// The longest address that is read. It is longer than any that the core checks against its rules, so that a cut one
/// never passes for a short one.
const LONGEST_URL: usize = 16 * 1024;

/// What a `PlaybackStatus` says; anything unknown is a stop, because only what surely plays is published.
pub(super) fn playback(value: &Variant<'_>) -> Playback {
    match text(value) {
        Some(word) if word.eq_ignore_ascii_case("playing") => Playback::Playing,
        Some(word) if word.eq_ignore_ascii_case("paused") => Playback::Paused,
        Some(_) | None => Playback::Stopped,
    }
}

/// Reads a `Metadata` property ("MPRIS v2 metadata guidelines") and repairs the types seen in the field: text for a list
/// and a list for text, numbers of any kind or as text, track ids of either type. What cannot be repaired is left out;
/// what is no map at all says nothing.
pub(super) fn metadata(value: &Variant<'_>) -> Metadata {
    let mut read = Metadata::default();
    let Variant::Dict(entries) = unwrapped(value) else {
        return read;
    };
    for (key, value) in entries.iter() {
        let Variant::Str(key) = key else { continue };
        match key.as_str() {
            "mpris:trackid" => read.track_id = text(value),
            "mpris:length" => read.length_micros = integer(value).filter(|length| *length >= 0),
            "xesam:title" => read.title = text(value),
            "xesam:artist" => read.artists = texts(value),
            "xesam:album" => read.album = text(value),
            "xesam:trackNumber" => read.track_number = integer(value).filter(|number| *number >= 0),
            "xesam:url" => read.url = text_within(value, LONGEST_URL),
            "xesam:userRating" => read.user_rating = number(value).filter(|rating| *rating >= 0.0),
            _ => {}
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use zbus::ObjectPath;

    use super::*;

    fn check(entries: Vec<(&str, Variant<'static>)>, expected: Metadata) {
        let map: HashMap<String, Variant<'static>> =
            entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let shown = format!("{map:?}");
        assert_eq!(metadata(&Variant::from(map)), expected, "{shown}");
    }

    fn length(value: Variant<'static>, length_micros: Option<i64>) {
        check(vec![("mpris:length", value)], Metadata { length_micros, ..Metadata::default() });
    }

    fn track(value: Variant<'static>, track_number: Option<i64>) {
        check(vec![("xesam:trackNumber", value)], Metadata { track_number, ..Metadata::default() });
    }

    fn artists(value: Variant<'static>, expected: &[&str]) {
        let artists = expected.iter().map(|&name| name.to_owned()).collect();
        check(vec![("xesam:artist", value)], Metadata { artists, ..Metadata::default() });
    }

    fn title(value: Variant<'static>, expected: Option<&str>) {
        let title = expected.map(str::to_owned);
        check(vec![("xesam:title", value)], Metadata { title, ..Metadata::default() });
    }

    #[test]
    fn a_length_is_read_from_any_kind_of_number_and_never_negative() {
        length(Variant::from(241_000_000_i64), Some(241_000_000));
        length(Variant::from(241_000_000_u64), Some(241_000_000));
        length(Variant::from(241_000_000_i32), Some(241_000_000));
        length(Variant::from(241_000_000.4_f64), Some(241_000_000));
        length(Variant::from("241000000"), Some(241_000_000));
        length(Variant::from(" 2.41e8 "), Some(241_000_000));
        length(Variant::from(vec![7_i64]), Some(7));
        length(Variant::from(-1_i64), None);
        length(Variant::from(u64::MAX), None);
        length(Variant::from(f64::NAN), None);
        length(Variant::from(f64::INFINITY), None);
        length(Variant::from(1e300_f64), None);
        length(Variant::from("long"), None);
        length(Variant::from(true), None);
    }

    #[test]
    fn a_track_number_may_be_a_number_or_text() {
        track(Variant::from(3_i32), Some(3));
        track(Variant::from("3"), Some(3));
        track(Variant::from("3/12"), Some(3));
        track(Variant::from(""), None);
        track(Variant::from(-3_i32), None);
    }

    #[test]
    fn artists_may_be_one_text_or_a_list_and_lists_are_flattened() {
        artists(Variant::from("Ondes Lentes"), &["Ondes Lentes"]);
        artists(Variant::from(vec!["Ondes", "Lentes"]), &["Ondes", "Lentes"]);
        artists(Variant::from(vec![vec!["Ondes"], vec!["", "Lentes"]]), &["Ondes", "Lentes"]);
        artists(Variant::from(vec![Variant::from("Ondes"), Variant::from(5_i32)]), &["Ondes"]);
        artists(Variant::from(5_i32), &[]);
    }

    #[test]
    fn a_text_may_come_as_a_list_or_wrapped_and_empty_is_absent() {
        title(Variant::from("Harbour Lights"), Some("Harbour Lights"));
        title(Variant::from(vec!["", "Harbour Lights"]), Some("Harbour Lights"));
        title(Variant::Variant(Box::new(Variant::from("Harbour Lights"))), Some("Harbour Lights"));
        title(Variant::from("  "), None);
        title(Variant::from(5_i32), None);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut whole = "a".repeat(4095);
        let expected = whole.clone();
        whole.push('é');
        title(Variant::from(whole), Some(&expected));
        artists(Variant::from(vec!["x"; 1000]), &["x"; 32]);
    }

    #[test]
    fn the_other_fields_are_read() {
        let path = ObjectPath::try_from("/track/1").unwrap();
        check(
            vec![
                ("mpris:trackid", Variant::from(path)),
                ("xesam:album", Variant::from("Low Tide")),
                ("xesam:url", Variant::from("https://radio.example/stream")),
                ("xesam:userRating", Variant::from(1_i32)),
                ("unknown:key", Variant::from("ignored")),
            ],
            Metadata {
                track_id: Some("/track/1".to_owned()),
                album: Some("Low Tide".to_owned()),
                url: Some("https://radio.example/stream".to_owned()),
                user_rating: Some(1.0),
                ..Metadata::default()
            },
        );
        let id = Some("spotify:track:6".to_owned());
        check(
            vec![("mpris:trackid", Variant::from("spotify:track:6"))],
            Metadata { track_id: id, ..Metadata::default() },
        );
    }

    #[test]
    fn a_long_address_stays_too_long_for_the_rules() {
        let map = |length| Variant::from(HashMap::from([("xesam:url", "x".repeat(length))]));
        assert_eq!(metadata(&map(5000)).url.unwrap().len(), 5000);
        assert_eq!(metadata(&map(100_000)).url.unwrap().len(), LONGEST_URL);
    }

    #[test]
    fn what_is_no_map_says_nothing() {
        assert_eq!(metadata(&Variant::from("a title")), Metadata::default());
        assert_eq!(metadata(&Variant::from(HashMap::from([(1_i32, "one")]))), Metadata::default());
    }

    #[test]
    fn only_what_surely_plays_is_playing() {
        assert_eq!(playback(&Variant::from("Playing")), Playback::Playing);
        assert_eq!(playback(&Variant::from("paused")), Playback::Paused);
        assert_eq!(playback(&Variant::from("Buffering")), Playback::Stopped);
        assert_eq!(playback(&Variant::from(1_i32)), Playback::Stopped);
    }
}
