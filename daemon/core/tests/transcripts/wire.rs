//! Reads what the client writes, as strictly as a server would: whole stanzas, nothing behind the end of a stream.

use xmppd_core::xml::{Element, Frame, Limits, Reader, writer};

/// One connection's outgoing half.
#[derive(Default)]
pub(crate) struct Wire {
    reader: Option<Reader>,
    closed: bool,
}

impl Wire {
    /// The frames in what was written.
    pub(crate) fn frames(&mut self, mut bytes: &[u8]) -> Result<Vec<Frame>, String> {
        let mut frames = Vec::new();
        while !bytes.is_empty() {
            if self.closed {
                return Err("it writes behind the end of its stream".into());
            }
            if bytes.starts_with(b"<?xml") {
                self.reader = Some(Reader::new(Limits::AFTER_LOGIN));
            }
            let reader = self.reader.as_mut().ok_or("it writes without a stream")?;
            let frame = reader.feed(&mut bytes).map_err(|fault| format!("it writes what is no XML: {fault}"))?;
            let frame = frame.ok_or("it writes half of something")?;
            self.closed = frame == Frame::Close;
            frames.push(frame);
        }
        Ok(frames)
    }

    /// A frame as text for people.
    pub(crate) fn text(frame: &Frame) -> String {
        match frame {
            Frame::Open(element) => format!("C: <stream:stream{}>", attributes(element)),
            Frame::Element(element) => format!("C: {}", writer::to_string(element)),
            Frame::Close => format!("C: {}", writer::CLOSE),
        }
    }
}

fn attributes(element: &Element) -> String {
    let mut text = String::new();
    for (_, name, value) in element.attributes() {
        writer::attribute(name, value, &mut text);
    }
    text
}

/// What is said as often as its name tells: `contacts N` or `messages N`.
pub(crate) fn many(name: &str) -> Option<String> {
    let (what, count) = name.split_once(' ')?;
    let say = match what {
        "contacts" => contact,
        "messages" => message,
        _ => return None,
    };
    Some((0..count.parse().ok()?).map(say).collect())
}

/// An entry of a roster.
fn contact(number: u32) -> String {
    format!(
        "<item jid='contact.number.{number}@conference.verona.example' name='Contact number {number} of Verona' \
         subscription='both'><group>Group {}</group></item>",
        number % 37
    )
}

/// A live message of Juliet's with its place in the archive.
fn message(number: u32) -> String {
    format!(
        "<message from='juliet@verona.example/balcony' type='chat'><body>Number {number}</body><stanza-id \
         xmlns='urn:xmpp:sid:0' by='romeo@verona.example' id='live-{number}'/></message>"
    )
}
