//! The template language for the tune's text: names in braces, alternatives, optional groups. A template is parsed
//! once and can then always be rendered. Where the text goes is left to [`crate::presence`].
//!
//! ```text
//! {title}            the title, or nothing          names: artist title album track player url length
//! {title|url|"?"}    the first that there is
//! [ by {artist}]     the part, if every name in it has a value; groups may stand in groups
//! \{ \[ \" \\        the character itself
//! ```

mod parse;

use std::borrow::Cow;
use std::time::Duration;

pub use parse::{MAX_DEPTH, MAX_LEN, TemplateError, TemplateFault};

use crate::text;
use crate::tune::Track;

/// No more than so many bytes are written before the cut; what the cut leaves is always less.
const ENOUGH: usize = 8 * 1024;

/// A template that is known to be well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// The text for this track, one clean line cut between graphemes to 256 code points. Nothing when the template
    /// has names and none of them has a value, or when no text is left.
    pub fn render(&self, track: &Track, player: Option<&str>) -> Option<String> {
        let values = Values { track, player };
        let mut written = Written::default();
        written.parts(&self.parts, &values);
        let tells = written.found || !has_places(&self.parts);
        if tells { text::line(&written.text, text::STATUS) } else { None }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Vec<Source>),
    Group(Vec<Part>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Name(Name),
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Artist,
    Title,
    Album,
    Track,
    Player,
    Url,
    Length,
}

fn has_places(parts: &[Part]) -> bool {
    parts.iter().any(|part| match part {
        Part::Text(_) => false,
        Part::Place(_) => true,
        Part::Group(parts) => has_places(parts),
    })
}

struct Values<'a> {
    track: &'a Track,
    player: Option<&'a str>,
}

impl<'a> Values<'a> {
    fn first(&self, sources: &'a [Source]) -> Option<Cow<'a, str>> {
        sources.iter().find_map(|source| match source {
            Source::Text(text) => Some(text.into()),
            Source::Name(name) => self.of(*name),
        })
    }

    fn of(&self, name: Name) -> Option<Cow<'a, str>> {
        let text = match name {
            Name::Artist => &self.track.artist,
            Name::Title => &self.track.title,
            Name::Album => &self.track.source,
            Name::Track => &self.track.track,
            Name::Url => &self.track.uri,
            Name::Player => return self.player.map(Cow::from),
            Name::Length => return self.track.length.map(|length| clock(length).into()),
        };
        text.as_deref().map(Cow::from)
    }
}

/// `4:01`, or `1:04:01` from an hour on.
fn clock(length: Duration) -> String {
    let seconds = length.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[derive(Default)]
struct Written {
    text: String,
    found: bool,
}

impl Written {
    fn parts<'a>(&mut self, parts: &'a [Part], values: &Values<'a>) {
        for part in parts {
            if self.text.len() > ENOUGH {
                return;
            }
            match part {
                Part::Text(text) => self.text.push_str(text),
                Part::Place(sources) => {
                    if let Some(value) = values.first(sources) {
                        self.text.push_str(&value);
                        self.found = true;
                    }
                }
                Part::Group(parts) => {
                    if is_complete(parts, values) {
                        self.parts(parts, values);
                    }
                }
            }
        }
    }
}

fn is_complete<'a>(group: &'a [Part], values: &Values<'a>) -> bool {
    group.iter().all(|part| match part {
        Part::Text(_) | Part::Group(_) => true,
        Part::Place(sources) => values.first(sources).is_some(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lights() -> Track {
        Track {
            artist: Some("Ondes Lentes".to_owned()),
            title: Some("Harbour Lights".to_owned()),
            length: Some(Duration::from_secs(241)),
            ..Track::default()
        }
    }

    #[test]
    fn a_template_renders_what_there_is() {
        let check = |template: &str, expected: Option<&str>| {
            let template: Template = template.parse().expect("a template");
            assert_eq!(template.render(&lights(), Some("mpv")).as_deref(), expected, "{template:?}");
        };
        check("♪ {artist} – {title}", Some("♪ Ondes Lentes – Harbour Lights"));
        check("{title} ({length}, {player})", Some("Harbour Lights (4:01, mpv)"));
        check("{title}[ from {album}]", Some("Harbour Lights"));
        check("{title}[ by {artist}]", Some("Harbour Lights by Ondes Lentes"));
        check("{title}[ by {artist}[ on {album}]!]", Some("Harbour Lights by Ondes Lentes!"));
        check("{title}[ on {album}[ by {artist}]]", Some("Harbour Lights"));
        check("{title}[ (live)]", Some("Harbour Lights (live)"));
        check("{album|title}", Some("Harbour Lights"));
        check(r#"{album | url | "?"}"#, Some("?"));
        check(r#"{title}[ from {album|"no \"album\""}]"#, Some(r#"Harbour Lights from no "album""#));
        check(r"\{title\} \[{title}\] \\", Some(r"{title} [Harbour Lights] \"));
        check("listening to music", Some("listening to music"));
        check("  {title}\n{artist} ", Some("Harbour Lights Ondes Lentes"));
        check("♪ {album} – {url}", None);
        check("[{album}]", None);
        check("", None);
    }

    #[test]
    fn a_length_reads_like_a_clock() {
        let check = |seconds, expected: &str| assert_eq!(clock(Duration::from_secs(seconds)), expected);
        check(0, "0:00");
        check(59, "0:59");
        check(3599, "59:59");
        check(3661, "1:01:01");
    }

    #[test]
    fn the_whole_is_cut_between_graphemes() {
        let template: Template = "{title}".repeat(146).parse().expect("a template");
        let track = Track { title: Some("👩‍👩‍👧".repeat(100_000)), ..Track::default() };
        let text = template.render(&track, None).expect("a text");
        assert_eq!(text, "👩‍👩‍👧".repeat(256 / 5));
    }

    proptest! {
        #[test]
        fn no_text_upsets_the_parser_or_the_renderer(source in r#"([\[\]{}|"\\ a]|title|album|\PC){0,40}"#) {
            if let Ok(template) = source.parse::<Template>() {
                let text = template.render(&lights(), None);
                prop_assert!(text.is_none_or(|text| text.chars().count() <= 256));
            }
        }
    }
}
