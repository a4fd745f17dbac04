//! What a player or a plug-in posts of itself, read from the fields of a form or of a flattened JSON object. Where they
//! come from is the shell's; what becomes of it is decided as for every other player.

use std::time::Duration;

use super::decision::Playback;
use crate::tune::Metadata;

/// The name of the one player that posts are from, for the rules and for people.
pub const POSTED: &str = "webhook";
/// More fields than this are not looked at.
const MAX_FIELDS: usize = 256;
/// How much longer than its length a song may take.
const GRACE: Duration = Duration::from_secs(30);
/// A length above this is taken for none.
const LONGEST: f64 = 1e6;
/// What a song's fields may stand in: `Song[0][Title]`, or `song.title` of a JSON object.
const CONTAINERS: [&str; 4] = ["song", "track", "tune", "metadata"];

/// What was posted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Post {
    /// What the player does.
    pub playback: Option<Playback>,
    /// What it plays; nothing when the post says nothing of it.
    pub metadata: Option<Metadata>,
    /// What it calls itself.
    pub player: Option<String>,
    /// How long the post may be believed at most, where its song's length tells.
    pub lasts: Option<Duration>,
}

/// Why fields are no post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PostError {
    /// The word for what the player does is not known.
    #[error("state is none of playing, paused, stopped")]
    State,
    /// Nothing in it is known.
    #[error("no field is known here: title, artist, album, track, length, url, player, state")]
    Unknown,
}

impl Post {
    /// Reads fields by name and value. Names are compared without case, `_` and `-`; of two fields of one name the first
    /// holds, but artists are collected. Titles that are there and empty mean that nothing plays.
    ///
    /// # Errors
    /// When no field is known, or the state is not.
    pub fn read(fields: &[(String, String)]) -> Result<Self, PostError> {
        let mut read = Reading::default();
        for (name, value) in fields.iter().take(MAX_FIELDS) {
            read.take(&key(name), value.trim())?;
        }
        read.post()
    }
}

#[derive(Default)]
struct Reading {
    metadata: Metadata,
    song: bool,
    known: bool,
    playback: Option<Playback>,
    player: Option<String>,
}

impl Reading {
    fn take(&mut self, key: &str, value: &str) -> Result<(), PostError> {
        let text = Some(value.to_owned()).filter(|value| !value.is_empty());
        let song = &mut self.metadata;
        match key {
            "title" | "name" => first(&mut song.title, text),
            "artist" | "artists" | "performer" => song.artists.extend(text),
            "album" | "source" => first(&mut song.album, text),
            "track" | "tracknumber" => first(&mut song.track_number, value.parse().ok()),
            "length" | "duration" => first(&mut song.length_micros, seconds(value).and_then(micros)),
            "lengthms" | "durationms" => {
                first(&mut song.length_micros, value.parse().ok().and_then(|millis: f64| micros(millis / 1e3)));
            }
            "url" | "uri" => first(&mut song.url, text),
            "player" | "client" => {
                first(&mut self.player, text);
                self.known = true;
                return Ok(());
            }
            "state" | "status" | "playing" => {
                let state = playback(value).ok_or(PostError::State)?;
                first(&mut self.playback, Some(state));
                self.known = true;
                return Ok(());
            }
            _ => return Ok(()),
        }
        self.known = true;
        self.song = true;
        Ok(())
    }

    fn post(self) -> Result<Post, PostError> {
        if !self.known {
            return Err(PostError::Unknown);
        }
        let nameless = self.metadata.title.is_none() && self.metadata.url.is_none();
        let playback = match self.playback {
            None if self.song && nameless => Some(Playback::Stopped),
            None if self.song => Some(Playback::Playing),
            said => said,
        };
        let length = self.metadata.length_micros.and_then(|micros| u64::try_from(micros).ok());
        let lasts = length.filter(|_| playback == Some(Playback::Playing));
        Ok(Post {
            playback,
            metadata: (self.song && !nameless).then_some(self.metadata),
            player: self.player,
            lasts: lasts.map(|micros| Duration::from_micros(micros).saturating_add(GRACE)),
        })
    }
}

fn first<T>(slot: &mut Option<T>, value: Option<T>) {
    if slot.is_none() {
        *slot = value;
    }
}

/// The last part of a field's name, where it is a song's or stands alone: `title` for `Song[0][Title]`, `song.title` and
/// `TITLE`; nothing for the fields of a second song.
fn key(name: &str) -> String {
    let mut parts: Vec<String> = name
        .split(['[', ']', '.'])
        .map(|part| part.to_lowercase().replace(['_', '-'], ""))
        .filter(|part| !part.is_empty())
        .collect();
    if parts.len() > 1 && parts.first().is_some_and(|first| CONTAINERS.contains(&first.as_str())) {
        parts.remove(0);
        if parts.first().is_some_and(|index| index == "0") {
            parts.remove(0);
        }
    }
    // A list's places: `artist[]` has none, `artist[1]` one.
    if let [_, place] = parts.as_slice()
        && place.bytes().all(|byte| byte.is_ascii_digit())
    {
        parts.truncate(1);
    }
    match parts.as_slice() {
        [key] => key.clone(),
        _ => String::new(),
    }
}

fn playback(word: &str) -> Option<Playback> {
    match word.to_lowercase().as_str() {
        "playing" | "play" | "true" | "1" => Some(Playback::Playing),
        "paused" | "pause" => Some(Playback::Paused),
        "stopped" | "stop" | "ended" | "false" | "0" => Some(Playback::Stopped),
        _ => None,
    }
}

/// `241`, `241.6`, `4:01` or `1:04:01`.
fn seconds(text: &str) -> Option<f64> {
    text.split(':').try_fold(0.0, |sum, part| {
        let number: f64 = part.parse().ok()?;
        Some(sum * 60.0 + number)
    })
}

fn micros(seconds: f64) -> Option<i64> {
    // In this range no digit is lost that counts.
    (0.0..LONGEST).contains(&seconds).then_some((seconds * 1e6) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(fields: &[(&str, &str)]) -> Result<Post, PostError> {
        Post::read(&fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect::<Vec<_>>())
    }

    fn song(title: &str, artists: &[&str]) -> Metadata {
        let artists = artists.iter().map(|artist| artist.to_string()).collect();
        Metadata { title: Some(title.to_owned()), artists, ..Metadata::default() }
    }

    #[track_caller]
    fn plays(fields: &[(&str, &str)], expected: Metadata) {
        let post = read(fields).expect("a post");
        assert_eq!((post.playback, post.metadata), (Some(Playback::Playing), Some(expected)), "{fields:?}");
    }

    #[test]
    fn the_names_of_several_plug_ins_mean_the_same() {
        for fields in [
            [("Song[0][Title]", "Marée"), ("Song[0][Artist]", "Ada")],
            [("title", " Marée "), ("artist", "Ada")],
            [("TITLE", "Marée"), ("Artist", "Ada")],
            [("song[title]", "Marée"), ("song[artist][0]", "Ada")],
            [("track.name", "Marée"), ("track.artists[]", "Ada")],
        ] {
            plays(&fields, song("Marée", &["Ada"]));
        }
        let second = [("Song[0][Title]", "Marée"), ("Song[1][Title]", "Other"), ("SongCount", "2")];
        plays(&second, song("Marée", &[]));
        plays(
            &[("title", "A"), ("title", "B"), ("artist[0]", "Ada"), ("artist[1]", "Eve")],
            song("A", &["Ada", "Eve"]),
        );
    }

    #[test]
    fn all_that_a_song_has_is_read_and_nonsense_left_out() {
        let post = read(&[
            ("title", "Harbour Lights"),
            ("album", "Low Tide"),
            ("track_number", "3"),
            ("length", "4:01"),
            ("url", "https://music.example/harbour"),
            ("player", "foobar2000"),
            ("volume", "11"),
        ]);
        let metadata = Metadata {
            album: Some("Low Tide".to_owned()),
            track_number: Some(3),
            length_micros: Some(241_000_000),
            url: Some("https://music.example/harbour".to_owned()),
            ..song("Harbour Lights", &[])
        };
        let lasts = Some(Duration::from_secs(271));
        let player = Some("foobar2000".to_owned());
        let expected = Post { playback: Some(Playback::Playing), metadata: Some(metadata), player, lasts };
        assert_eq!(post, Ok(expected));
        for length in ["", "-1", "NaN", "inf", "1e300", "long", "1:x", "::"] {
            plays(&[("title", "A"), ("length", length), ("track", "x")], song("A", &[]));
        }
        plays(&[("title", "A"), ("length_ms", "1500")], Metadata { length_micros: Some(1_500_000), ..song("A", &[]) });
    }

    #[test]
    fn the_state_is_what_it_says_or_follows_from_the_title() {
        let check = |fields: &[(&str, &str)], expected| {
            assert_eq!(read(fields).map(|post| (post.playback, post.metadata.is_some())), expected, "{fields:?}");
        };
        check(&[("title", "A")], Ok((Some(Playback::Playing), true)));
        check(&[("title", "A"), ("state", "Paused")], Ok((Some(Playback::Paused), true)));
        check(&[("state", "stopped")], Ok((Some(Playback::Stopped), false)));
        check(&[("playing", "0")], Ok((Some(Playback::Stopped), false)));
        check(&[("state", "playing")], Ok((Some(Playback::Playing), false)));
        check(&[("title", ""), ("artist", "Ada")], Ok((Some(Playback::Stopped), false)));
        check(&[("player", "foobar2000")], Ok((None, false)));
        check(&[("title", "A"), ("state", "buffering")], Err(PostError::State));
        check(&[("volume", "11"), ("Song[1][Title]", "B")], Err(PostError::Unknown));
        check(&[], Err(PostError::Unknown));
    }

    proptest! {
        #[test]
        fn no_field_is_too_strange(fields in prop::collection::vec(("[a-zA-Z\\[\\]0.]{0,20}", ".{0,20}"), 0..20)) {
            let _ = Post::read(&fields);
        }
    }
}
