//! XML as the daemon writes it, laid out for a person. Nothing is understood here but where a tag begins and ends: the
//! daemon's markup characters stand for markup alone. Text that is no such XML comes out as it went in.

/// What each further level is moved to the right.
const INDENT: &str = "  ";

/// Whether an element is one of a contact's or the server's, rather than one of the stream's own (RFC 6120 section 8.1).
pub(crate) fn is_stanza(xml: &str) -> bool {
    let name = xml.strip_prefix('<').unwrap_or_default().split([' ', '/', '>']).next().unwrap_or_default();
    matches!(name, "message" | "presence" | "iq")
}

/// One line an element; an element that holds nothing but text stays on one.
pub(crate) fn pretty(xml: &str) -> Vec<String> {
    let parts = parts(xml);
    let mut lines = Vec::new();
    let mut depth = 0_usize;
    let mut rest = parts.as_slice();
    while let Some((part, behind)) = rest.split_first() {
        let (line, behind) = match (part, behind) {
            (Part::Open(open), [Part::Text(text), Part::Close(close), behind @ ..]) => {
                (format!("{open}{text}{close}"), behind)
            }
            (Part::Open(open), [Part::Close(close), behind @ ..]) => (format!("{open}{close}"), behind),
            (Part::Open(text) | Part::Empty(text) | Part::Text(text) | Part::Close(text), behind) => {
                ((*text).to_owned(), behind)
            }
        };
        if let Part::Close(_) = part {
            depth = depth.saturating_sub(1);
        }
        lines.push(format!("{}{line}", INDENT.repeat(depth)));
        let is_left_open = matches!(part, Part::Open(_)) && behind.len() + 1 == rest.len();
        depth += usize::from(is_left_open);
        rest = behind;
    }
    lines
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Open(&'a str),
    Close(&'a str),
    Empty(&'a str),
    Text(&'a str),
}

fn parts(xml: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = xml;
    while !rest.is_empty() {
        let end = if rest.starts_with('<') { rest.find('>').map(|end| end + 1) } else { rest.find('<') };
        let (part, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind;
        parts.push(match part {
            _ if part.starts_with("</") => Part::Close(part),
            _ if part.ends_with("/>") || part.starts_with("<!") || part.starts_with("<?") => Part::Empty(part),
            _ if part.starts_with('<') => Part::Open(part),
            _ => Part::Text(part),
        });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(xml: &str, expected: &[&str]) {
        assert_eq!(pretty(xml), expected, "{xml}");
    }

    #[test]
    fn levels_are_indented_and_text_stays_with_its_element() {
        check("<r xmlns='urn:xmpp:sm:3'/>", &["<r xmlns='urn:xmpp:sm:3'/>"]);
        check("<stream:stream to='a'>", &["<stream:stream to='a'>"]);
        check("</stream:stream>", &["</stream:stream>"]);
        check(
            "<iq id='1'><a><b>text</b><c/><d></d></a><e/></iq>",
            &["<iq id='1'>", "  <a>", "    <b>text</b>", "    <c/>", "    <d></d>", "  </a>", "  <e/>", "</iq>"],
        );
        check("<p>a<b/>c</p>", &["<p>", "  a", "  <b/>", "  c", "</p>"]);
    }

    #[test]
    fn what_is_no_xml_stays_as_it_is() {
        check("", &[]);
        check("nonsense", &["nonsense"]);
        check("<a", &["<a"]);
        check("a>b</c>", &["a>b", "</c>"]);
        check("<!-- 7 bytes that are no XML -->", &["<!-- 7 bytes that are no XML -->"]);
    }

    #[test]
    fn stanzas_are_told_from_the_stream_s_own() {
        for stanza in ["<message/>", "<iq id='1'>", "<presence>"] {
            assert!(is_stanza(stanza), "{stanza}");
        }
        for other in ["<stream:stream>", "</stream:stream>", "<messages/>", "<r xmlns='urn:xmpp:sm:3'/>", "", "iq"] {
            assert!(!is_stanza(other), "{other}");
        }
    }
}
