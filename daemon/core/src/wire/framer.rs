//! Bytes of one direction into whole elements. It reads beside the account's own reader and decides nothing: where a new
//! document begins it sees by itself, what it cannot read it hands on unread.

use crate::xml::{Element, Frame, Limits, Reader, ns};

/// How a document begins that starts anew on the same connection.
const DECLARATION: &[u8] = b"<?xml";

/// One thing that crossed the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A stream's start, a whole first-level element, or a stream's end.
    Frame(Frame),
    /// Bytes that are no XML, or that follow such on the same connection.
    Unreadable(Vec<u8>),
}

/// Reads one direction of a connection.
#[derive(Debug)]
pub struct Framer {
    state: State,
    /// Whether something stands unread before the next frame.
    is_between: bool,
}

#[derive(Debug)]
enum State {
    /// In step with the peer.
    Reading(Box<Reader>),
    /// Somewhere inside a stream; where an element begins is not known.
    Astray,
    /// Something came that is no XML.
    Lost,
}

impl Framer {
    /// At the first byte of a connection.
    pub fn start() -> Self {
        Self { state: State::Reading(Box::new(Reader::new(Limits::AFTER_LOGIN))), is_between: true }
    }

    /// Inside a stream, between two of its elements.
    pub fn between() -> Self {
        let mut framer = Self::start();
        let opening = format!("<stream:stream xmlns='{}' xmlns:stream='{}'>", ns::CLIENT, ns::STREAM);
        framer.feed(opening.as_bytes(), |_| {});
        framer
    }

    /// Inside a stream, at a place that is not known: nothing is told until a connection starts, or until somebody who
    /// knows says that this is [`between`](Self::between) two elements.
    pub const fn astray() -> Self {
        Self { state: State::Astray, is_between: false }
    }

    /// Whether it has to be told where it is.
    pub const fn is_astray(&self) -> bool {
        matches!(self.state, State::Astray)
    }

    /// Takes bytes in and tells each piece that they complete.
    pub fn feed(&mut self, mut bytes: &[u8], mut tell: impl FnMut(Piece)) {
        while !bytes.is_empty() {
            if self.is_between && bytes.starts_with(DECLARATION) {
                *self = Self::start();
            }
            let reader = match &mut self.state {
                State::Reading(reader) => reader,
                State::Astray => return,
                State::Lost => return tell(Piece::Unreadable(bytes.to_vec())),
            };
            let before = bytes;
            match reader.feed(&mut bytes) {
                // What does not open as a stream could hold anything anywhere: it is not told apart any further.
                Ok(Some(Frame::Open(header))) if !header.is("stream", ns::STREAM) => {
                    self.state = State::Lost;
                    return tell(Piece::Unreadable(before.to_vec()));
                }
                Ok(Some(frame)) => {
                    self.is_between = true;
                    if ends_document(&frame) {
                        *self = Self::start();
                    }
                    tell(Piece::Frame(frame));
                }
                Ok(None) => {
                    self.is_between &= before.trim_ascii().is_empty();
                    return;
                }
                Err(_) => {
                    self.state = State::Lost;
                    return tell(Piece::Unreadable(before.to_vec()));
                }
            }
        }
    }
}

/// Whether the peer's next bytes belong to another document (RFC 6120 sections 5.4.3.3 and 6.4.6).
fn ends_document(frame: &Frame) -> bool {
    let is_end = |element: &Element| element.is("proceed", ns::TLS) || element.is("success", ns::SASL);
    match frame {
        Frame::Element(element) => is_end(element),
        Frame::Open(_) | Frame::Close => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::header::Opening;

    fn told(framer: &mut Framer, text: &str, portion: usize) -> Vec<String> {
        let mut told = Vec::new();
        for part in text.as_bytes().chunks(portion) {
            framer.feed(part, |piece| told.push(piece.text()));
        }
        told
    }

    fn check(framer: fn() -> Framer, text: &str, expected: &[&str]) {
        for portion in [1, 3, text.len()] {
            assert_eq!(told(&mut framer(), text, portion), expected, "{portion}: {text}");
        }
    }

    #[test]
    fn elements_are_whole_however_they_came() {
        let text = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' id=\"7\" \
                    xmlns:stream='http://etherx.jabber.org/streams'>\n<presence><show>dnd</show></presence> <r \
                    xmlns='urn:xmpp:sm:3'/></stream:stream>";
        let frames = [
            "<stream:stream id='7'>",
            "<presence><show>dnd</show></presence>",
            "<r xmlns='urn:xmpp:sm:3'/>",
            "</stream:stream>",
        ];
        check(Framer::start, text, &frames);
    }

    #[test]
    fn what_does_not_open_as_a_stream_is_not_told_apart() {
        let mut said = Vec::new();
        let text = "<message><reactions><reaction>x</reaction></reactions></message>";
        Framer::start().feed(text.as_bytes(), |piece| said.push(piece));
        assert_eq!(said, [Piece::Unreadable(text.into())]);
    }

    #[test]
    fn the_server_s_next_document_is_seen() {
        let header = "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>";
        for end in [
            "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
            "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
        ] {
            check(Framer::start, &format!("{header}{end}\n{header}"), &["<stream:stream>", end, "<stream:stream>"]);
        }
    }

    #[test]
    fn our_own_next_document_is_seen() {
        let mut framer = Framer::start();
        let opening = Opening { to: "verona.example", from: None, lang: "en" }.to_text();
        let expected = "<stream:stream xml:lang='en' to='verona.example' version='1.0'>";
        let seen = |text: String| text.split(' ').map(str::to_owned).collect::<std::collections::BTreeSet<_>>().len();
        for _ in 0..3 {
            let found = told(&mut framer, &opening, usize::MAX);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(seen(found.concat()), seen(expected.to_owned()), "{found:?}");
            assert_eq!(told(&mut framer, "<a xmlns='urn:a'/>", 2), ["<a xmlns='urn:a'/>"]);
        }
    }

    #[test]
    fn inside_a_stream_it_must_be_told_where_it_is() {
        check(Framer::between, "<iq type='get'/>", &["<iq type='get'/>"]);
        check(Framer::astray, "body>secret</body></message><presence/>", &[]);
        assert!(Framer::astray().is_astray() && !Framer::start().is_astray() && !Framer::between().is_astray());
    }

    #[test]
    fn what_is_no_xml_is_handed_on_unread_and_so_is_all_behind_it() {
        let mut framer = Framer::between();
        let found = told(&mut framer, "<a/><b></c>secret", usize::MAX);
        assert_eq!(found, ["<a/>", "<b></c>secret"]);
        assert_eq!(told(&mut framer, "<d/>", usize::MAX), ["<d/>"]);
        framer.feed(b"<d/>", |piece| assert_eq!(piece, Piece::Unreadable(b"<d/>".to_vec())));
    }
}
