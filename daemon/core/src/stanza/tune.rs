//! User tune ([XEP-0118](https://xmpp.org/extensions/xep-0118.html)): a track as the element that contacts get. What
//! may be told, and cleaning what others tell, is [`crate::tune`]'s.

use std::time::Duration;

use crate::tune::Track;
use crate::xml::{Element, ns};

/// The schema's largest length, in seconds.
const LONGEST: u64 = 65_535;

/// The element for a track, or for silence. Its children are in the schema's order, the alphabet's.
pub fn to_element(track: Option<&Track>) -> Element {
    let tune = Element::new("tune", ns::TUNE);
    let Some(track) = track else { return tune };
    let text = |name: &'static str, text: Option<String>| {
        text.filter(|text| !text.is_empty()).map(|text| Element::new(name, ns::TUNE).with_text(text))
    };
    let length = track.length.map(whole_seconds).filter(|seconds| (1..=LONGEST).contains(seconds));
    let rating = track.rating.filter(|rating| (1..=10).contains(rating));
    tune.with_children(text("artist", track.artist.clone()))
        .with_children(text("length", length.map(|seconds| seconds.to_string())))
        .with_children(text("rating", rating.map(|rating| rating.to_string())))
        .with_children(text("source", track.source.clone()))
        .with_children(text("title", track.title.clone()))
        .with_children(text("track", track.track.clone()))
        .with_children(text("uri", track.uri.clone()))
}

/// Reads a `<tune/>`: `None` for any other element, `Some(None)` for silence. Of a child that comes twice the first
/// counts; what is unreadable or empty is left out, and so is a `uri` that is not http or https. The texts are the
/// sender's, neither cleaned nor cut.
pub fn parse(element: &Element) -> Option<Option<Track>> {
    if !element.is("tune", ns::TUNE) {
        return None;
    }
    let text = |name| {
        let text = element.child_text(name, ns::TUNE)?;
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    };
    let seconds = text("length").and_then(|length| length.parse().ok());
    let track = Track {
        artist: text("artist"),
        title: text("title"),
        source: text("source"),
        track: text("track"),
        length: seconds.filter(|seconds| (1..=LONGEST).contains(seconds)).map(Duration::from_secs),
        uri: text("uri").filter(|uri| uri.starts_with("https://") || uri.starts_with("http://")),
        rating: text("rating").and_then(|rating| rating.parse().ok()).filter(|rating| (1..=10).contains(rating)),
    };
    Some((track != Track::default()).then_some(track))
}

fn whole_seconds(length: Duration) -> u64 {
    length.as_secs().saturating_add(u64::from(length.subsec_millis() >= 500))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    fn harbour() -> Track {
        Track {
            artist: Some("Ondes Lentes".to_owned()),
            title: Some("Harbour & Lights".to_owned()),
            source: Some("Low Tide".to_owned()),
            track: Some("3".to_owned()),
            length: Some(Duration::from_secs(241)),
            uri: Some("https://music.example/3".to_owned()),
            rating: Some(8),
        }
    }

    #[test]
    fn a_track_is_written_in_alphabetical_order_and_reads_back() {
        let element = to_element(Some(&harbour()));
        assert_eq!(
            writer::to_string(&element),
            "<tune xmlns='http://jabber.org/protocol/tune'><artist>Ondes Lentes</artist><length>241</length>\
             <rating>8</rating><source>Low Tide</source><title>Harbour &amp; Lights</title><track>3</track>\
             <uri>https://music.example/3</uri></tune>",
        );
        assert_eq!(parse(&element), Some(Some(harbour())));
        assert_eq!(writer::to_string(&to_element(None)), "<tune xmlns='http://jabber.org/protocol/tune'/>");
    }

    #[test]
    fn what_the_schema_cannot_hold_is_left_out() {
        let check = |length: Duration, expected: Option<&str>| {
            let track = Track { length: Some(length), ..Track::default() };
            assert_eq!(to_element(Some(&track)).child_text("length", ns::TUNE).as_deref(), expected, "{length:?}");
        };
        check(Duration::from_millis(240_500), Some("241"));
        check(Duration::from_millis(240_499), Some("240"));
        check(Duration::from_millis(499), None);
        check(Duration::from_secs(65_535), Some("65535"));
        check(Duration::from_millis(65_535_500), None);
        check(Duration::MAX, None);
        let odd = Track { rating: Some(11), title: Some(String::new()), ..Track::default() };
        assert_eq!(to_element(Some(&odd)), to_element(None));
    }

    #[test]
    fn what_contacts_send_is_read_leniently() {
        let check = |inside: &str, expected: Option<Track>| {
            let element = testing::element(&format!("<tune xmlns='http://jabber.org/protocol/tune'>{inside}</tune>"));
            assert_eq!(parse(&element), Some(expected), "{inside}");
        };
        let titled = |title: &str| Track { title: Some(title.to_owned()), ..Track::default() };
        check("", None);
        check(" \n ", None);
        check("<artist/><title> </title><length>0</length>", None);
        check(
            "<title> a\n</title><title>b</title><artist xmlns='urn:x'>c</artist><composer>d</composer>",
            Some(titled("a")),
        );
        check("<title>a</title><length>-1</length><rating>11</rating><uri>file:///home/mira</uri>", Some(titled("a")));
        check("<title>a</title><length>99999999999999999999</length><rating>x</rating>", Some(titled("a")));
        assert_eq!(parse(&Element::new("tune", ns::CLIENT)), None);
    }
}
