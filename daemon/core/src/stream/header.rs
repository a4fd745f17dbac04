//! Stream headers (RFC 6120 section 4.7): the one we send and what the server answers.

use crate::xml::{Element, ns, writer};

/// The header we open a stream with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening<'a> {
    /// The account's domain.
    pub to: &'a str,
    /// The account's bare JID; only once TLS is up, for before that anyone could read it (section 4.7.1).
    pub from: Option<&'a str>,
    /// The language of texts for people.
    pub lang: &'a str,
}

impl Opening<'_> {
    /// The XML declaration and the root's start tag.
    pub fn to_text(&self) -> String {
        let mut out = String::from("<?xml version='1.0'?><stream:stream");
        writer::attribute("xmlns", ns::CLIENT, &mut out);
        writer::attribute("xmlns:stream", ns::STREAM, &mut out);
        writer::attribute("to", self.to, &mut out);
        if let Some(from) = self.from {
            writer::attribute("from", from, &mut out);
        }
        writer::attribute("version", "1.0", &mut out);
        writer::attribute("xml:lang", self.lang, &mut out);
        out.push('>');
        out
    }
}

/// The header a server answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The stream's name.
    pub id: Option<String>,
    /// Who the server says it is; a claim, no more.
    pub from: Option<String>,
    /// Whether the version is 1.0 or later: older servers send no features.
    pub has_features: bool,
    /// The language of texts that name none.
    pub lang: Option<String>,
}

impl Header {
    /// Reads the root element; `None` when it does not open a stream.
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("stream", ns::STREAM) {
            return None;
        }
        let major = element.attr("version").and_then(|version| version.split('.').next());
        Some(Self {
            id: element.attr("id").map(str::to_owned),
            from: element.attr("from").map(str::to_owned),
            has_features: major.and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= 1),
            lang: element.lang().map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Frame, testing};

    fn opened(text: &str) -> Element {
        match testing::frames(text.as_bytes(), 1) {
            (mut frames, None) => match frames.pop() {
                Some(Frame::Open(element)) => element,
                other => panic!("{other:?}"),
            },
            (_, fault) => panic!("{fault:?}"),
        }
    }

    #[test]
    fn our_header_names_us_only_when_told() {
        let mut opening = Opening { to: "heron.example", from: None, lang: "en" };
        let namespaces = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
        assert_eq!(
            opening.to_text(),
            format!("<?xml version='1.0'?><stream:stream {namespaces} to='heron.example' version='1.0' xml:lang='en'>"),
        );
        opening.from = Some("o'hara@heron.example");
        let element = opened(&opening.to_text());
        assert_eq!(element.attr("from"), opening.from);
        assert!(Header::parse(&element).is_some_and(|header| header.has_features && header.id.is_none()));
    }

    #[test]
    fn the_servers_header_is_read_leniently() {
        let check = |attributes: &str, expected: Option<(Option<&str>, Option<&str>, bool)>| {
            let header = Header::parse(&opened(&format!("<s:stream {attributes}>")));
            let found = header.as_ref().map(|h| (h.id.as_deref(), h.from.as_deref(), h.has_features));
            assert_eq!(found, expected, "{attributes}");
        };
        let stream = "xmlns:s='http://etherx.jabber.org/streams'";
        check(&format!("{stream} id='a' from='b' version='1.0'"), Some((Some("a"), Some("b"), true)));
        check(&format!("{stream} xmlns='jabber:server' version='12.5'"), Some((None, None, true)));
        check(stream, Some((None, None, false)));
        check(&format!("{stream} version='0.9'"), Some((None, None, false)));
        check(&format!("{stream} version='one'"), Some((None, None, false)));
        check("xmlns:s='http://etherx.jabber.org/stream' version='1.0'", None);
    }
}
