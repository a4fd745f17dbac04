//! Tunes in the words of MPRIS metadata (`xesam:` and `mpris:` keys), both ways.

use std::collections::HashMap;

use xmppd_proto::{Tune, request::TuneSet};
use zbus::Variant;

use crate::bus::value::{integer, text, texts};

/// An `a{sv}`.
pub(super) type Map = HashMap<String, Variant<'static>>;

/// A tune as a caller gave it. Types are repaired as those of players are; unknown keys are ignored, as players send
/// many.
pub(super) fn read(map: &HashMap<String, Variant<'_>>) -> TuneSet {
    let one = |key: &str| map.get(key).and_then(text);
    let whole = |key: &str| map.get(key).and_then(integer).filter(|number| *number > 0);
    let artists = map.get("xesam:artist").map(texts).unwrap_or_default();
    TuneSet {
        for_ms: None,
        artist: (!artists.is_empty()).then(|| artists.join(", ")),
        title: one("xesam:title"),
        source: one("xesam:album"),
        track: whole("xesam:trackNumber").map(|number| number.to_string()),
        length_ms: whole("mpris:length").and_then(|micros| u64::try_from(micros / 1000).ok()),
        uri: one("xesam:url"),
    }
}

/// A tune as it is shown; empty without one.
pub(super) fn write(tune: Option<&Tune>) -> Map {
    let mut map = Map::new();
    let Some(tune) = tune else { return map };
    let mut put = |key: &str, value: Option<Variant<'static>>| {
        map.extend(value.map(|value| (key.to_owned(), value)));
    };
    let text = |text: &Option<String>| text.clone().map(Variant::from);
    put("xesam:title", text(&tune.title));
    put("xesam:artist", tune.artist.clone().map(|artist| Variant::from(vec![artist])));
    put("xesam:album", text(&tune.source));
    put("xesam:trackNumber", tune.track.as_ref().and_then(|track| track.parse::<i32>().ok()).map(Variant::from));
    let micros = tune.length_ms.and_then(|length| i64::try_from(length).ok()?.checked_mul(1000));
    put("mpris:length", micros.map(Variant::from));
    put("xesam:url", text(&tune.uri));
    put("xesam:userRating", tune.rating.map(|rating| Variant::from(f64::from(rating) / 10.0)));
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tune_reads_back_as_it_was_written() {
        let tune = Tune {
            artist: Some("Ondes Lentes".to_owned()),
            title: Some("Harbour Lights".to_owned()),
            source: Some("Low Tide".to_owned()),
            track: Some("3".to_owned()),
            length_ms: Some(241_000),
            uri: Some("https://radio.example/3".to_owned()),
            rating: Some(8),
        };
        let map = write(Some(&tune));
        assert_eq!(map["mpris:length"], Variant::from(241_000_000_i64));
        assert_eq!(map["xesam:userRating"], Variant::from(0.8));
        let read = read(&map);
        assert_eq!((read.artist, read.title, read.source), (tune.artist, tune.title, tune.source));
        assert_eq!((read.track, read.length_ms, read.uri), (tune.track, tune.length_ms, tune.uri));
    }

    #[test]
    fn no_tune_is_an_empty_map_and_an_empty_map_is_no_tune() {
        assert!(write(None).is_empty());
        assert!(write(Some(&Tune::default())).is_empty());
        assert_eq!(read(&HashMap::new()), TuneSet::default());
    }

    #[test]
    fn a_length_that_fits_nowhere_is_left_out() {
        let tune = Tune { length_ms: Some(u64::MAX), ..Tune::default() };
        assert!(write(Some(&tune)).is_empty());
        assert_eq!(read(&HashMap::from([("mpris:length".to_owned(), Variant::from(-1_i64))])), TuneSet::default());
    }
}
