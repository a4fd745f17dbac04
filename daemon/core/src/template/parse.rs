//! From the text of a template to its parts. Rendering them is [`super`]'s.

use std::iter::Peekable;
use std::str::{Chars, FromStr};

use super::{Name, Part, Source, Template};

/// How many code points a template may have.
pub const MAX_LEN: usize = 1024;
/// How deep groups may stand in each other.
pub const MAX_DEPTH: usize = 8;

/// Why a text is no template, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("character {at}: {fault}")]
pub struct TemplateError {
    /// The code point at which it goes wrong, counted from 1.
    pub at: usize,
    /// What is wrong there.
    pub fault: TemplateFault,
}

/// What can be wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// The name means nothing.
    #[error("there is no name {0:?}, only artist, title, album, track, player, url and length")]
    UnknownName(String),
    /// What this character opens is not closed.
    #[error("this {0} is never closed")]
    Unclosed(char),
    /// This character needs something before it, or a backslash to stand for itself.
    #[error("unexpected {0} (write \\{0} for the character itself)")]
    Stray(char),
    /// A name or a text in double quotes has to stand here.
    #[error("expected a name or a text in double quotes")]
    NoName,
    /// More than [`MAX_LEN`] code points.
    #[error("longer than 1024 characters")]
    TooLong,
    /// More than [`MAX_DEPTH`] groups in each other.
    #[error("more than 8 groups in each other")]
    TooDeep,
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(source: &str) -> Result<Self, TemplateError> {
        if source.chars().nth(MAX_LEN).is_some() {
            return Err(TemplateError { at: MAX_LEN + 1, fault: TemplateFault::TooLong });
        }
        let mut parser = Parser { rest: source.chars().peekable(), at: 1 };
        let parts = parser.parts(0)?;
        match parser.rest.peek().copied() {
            Some(stray) => Err(parser.error(TemplateFault::Stray(stray))),
            None => Ok(Self { parts }),
        }
    }
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    at: usize,
}

impl Parser<'_> {
    /// Everything up to the end or the `]` of the group around it, which is left for the caller.
    fn parts(&mut self, depth: usize) -> Result<Vec<Part>, TemplateError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        while let Some(&next) = self.rest.peek() {
            match next {
                ']' => break,
                '}' => return Err(self.error(TemplateFault::Stray('}'))),
                '[' | '{' => {
                    push_text(&mut parts, &mut text);
                    parts.push(if next == '[' { self.group(depth + 1)? } else { self.place()? });
                }
                _ => text.push(self.character()?),
            }
        }
        push_text(&mut parts, &mut text);
        Ok(parts)
    }

    fn group(&mut self, depth: usize) -> Result<Part, TemplateError> {
        let opened = self.error(TemplateFault::Unclosed('['));
        if depth > MAX_DEPTH {
            return Err(self.error(TemplateFault::TooDeep));
        }
        self.advance();
        let parts = self.parts(depth)?;
        self.advance().ok_or(opened)?;
        Ok(Part::Group(parts))
    }

    fn place(&mut self) -> Result<Part, TemplateError> {
        let opened = self.error(TemplateFault::Unclosed('{'));
        self.advance();
        let mut sources = Vec::new();
        loop {
            self.skip_blanks();
            sources.push(self.source(&opened)?);
            self.skip_blanks();
            let next = self.rest.peek().copied();
            match next {
                Some('|' | '}') => self.advance(),
                Some(stray) => return Err(self.error(TemplateFault::Stray(stray))),
                None => return Err(opened),
            };
            if next == Some('}') {
                return Ok(Part::Place(sources));
            }
        }
    }

    fn source(&mut self, opened: &TemplateError) -> Result<Source, TemplateError> {
        match self.rest.peek() {
            None => Err(opened.clone()),
            Some('"') => self.quoted().map(Source::Text),
            Some(next) if next.is_alphanumeric() => self.name().map(Source::Name),
            Some(_) => Err(self.error(TemplateFault::NoName)),
        }
    }

    fn quoted(&mut self) -> Result<String, TemplateError> {
        let opened = self.error(TemplateFault::Unclosed('"'));
        self.advance();
        let mut text = String::new();
        loop {
            match self.rest.peek() {
                None => return Err(opened),
                Some('"') => break,
                Some(_) => text.push(self.character()?),
            }
        }
        self.advance();
        Ok(text)
    }

    fn name(&mut self) -> Result<Name, TemplateError> {
        let begin = self.at;
        let mut word = String::new();
        while let Some(letter) = self.rest.next_if(|next| next.is_alphanumeric() || matches!(next, '_' | '-' | ':')) {
            self.at += 1;
            word.push(letter);
        }
        match word.as_str() {
            "artist" => Ok(Name::Artist),
            "title" => Ok(Name::Title),
            "album" => Ok(Name::Album),
            "track" => Ok(Name::Track),
            "player" => Ok(Name::Player),
            "url" => Ok(Name::Url),
            "length" => Ok(Name::Length),
            _ => Err(TemplateError { at: begin, fault: TemplateFault::UnknownName(word) }),
        }
    }

    /// The next character, or the one behind a backslash. There is a next one.
    fn character(&mut self) -> Result<char, TemplateError> {
        let alone = self.error(TemplateFault::Stray('\\'));
        match self.advance() {
            Some('\\') => self.advance().ok_or(alone),
            Some(plain) => Ok(plain),
            None => Err(alone),
        }
    }

    fn skip_blanks(&mut self) {
        while self.rest.next_if_eq(&' ').is_some() {
            self.at += 1;
        }
    }

    fn advance(&mut self) -> Option<char> {
        self.at += 1;
        self.rest.next()
    }

    fn error(&self, fault: TemplateFault) -> TemplateError {
        TemplateError { at: self.at, fault }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &mut String) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_place() {
        let check = |template: &str, expected: &str| {
            let error = template.parse::<Template>().expect_err(template);
            assert!(error.to_string().starts_with(expected), "{template}: {error}");
        };
        check("ä {name}", "character 4: there is no name \"name\", only artist,");
        check("{title", "character 1: this { is never closed");
        check("ab{", "character 3: this { is never closed");
        check("a[b[c]", "character 2: this [ is never closed");
        check("{\"a", "character 2: this \" is never closed");
        check("a]", "character 2: unexpected ] (write \\] for");
        check("a}", "character 2: unexpected }");
        check("{title artist}", "character 8: unexpected a");
        check("{}", "character 2: expected a name");
        check("{title|}", "character 8: expected a name");
        check("a\\", "character 2: unexpected \\");
        check(&"[".repeat(1000), "character 9: more than 8 groups");
        check(&"a".repeat(1025), "character 1025: longer than 1024");
    }
}
