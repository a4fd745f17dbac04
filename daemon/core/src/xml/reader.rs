//! Reads one stream: bytes in, whole stanzas out, with a bound on everything the peer can make us hold.
//! What a stanza means, and closing after a [`Fault`], is the caller's.

use std::fmt;

use rxml::error::EndOrError;
use rxml::{Event, Options, Parse, Parser, WithOptions};

use super::element::{Element, Node};

/// The longest attribute value, name or single reference the parser takes, in bytes.
pub const TOKEN_BYTES: usize = 64 * 1024;

/// How much the parser gets at once. It hands out text at the end of each portion, so that more bytes than this
/// without an event can only be a tag.
const PORTION_BYTES: usize = 16 * 1024;

/// What one stream may contain. Sizes are in bytes as they came over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of elements in a stanza, its own included.
    pub depth: usize,
    /// Elements in a stanza, its own included.
    pub elements: usize,
    /// Attributes of one element, namespace declarations aside (those are bounded by `tag_bytes`).
    pub attributes: usize,
    /// A local name.
    pub name_bytes: usize,
    /// A start tag, with all its attributes and namespace declarations.
    pub tag_bytes: usize,
    /// A stanza, or the stream's header with what stands before it.
    pub stanza_bytes: usize,
}

impl Limits {
    /// For a peer that has not shown who it is.
    pub const BEFORE_LOGIN: Self = Self {
        depth: 64,
        elements: 10_000,
        attributes: 64,
        name_bytes: 256,
        tag_bytes: TOKEN_BYTES + 2 * PORTION_BYTES,
        stanza_bytes: 64 * 1024,
    };

    /// For the account's own server; contacts' stanzas come through it.
    pub const AFTER_LOGIN: Self = Self { stanza_bytes: 1024 * 1024, ..Self::BEFORE_LOGIN };

    /// For the same while the roster is awaited, which comes as one stanza: 10,000 contacts in several groups.
    pub const ROSTER: Self = Self { stanza_bytes: 4 * 1024 * 1024, elements: 60_000, ..Self::AFTER_LOGIN };
}

/// What a stream is made of (RFC 6120 section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The peer's stream header: the root element's name and attributes.
    Open(Element),
    /// A whole first-level element.
    Element(Element),
    /// The root's end tag: the peer sends nothing more.
    Close,
}

/// Why the stream cannot be read any further. Its stream error condition is
/// [`Condition::from`](crate::stream::error::Condition).
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// Not XML, or XML that streams must not use.
    #[error("{0}")]
    Xml(rxml::Error),
    /// Character data beside the stanzas.
    #[error("text between stanzas")]
    StrayText,
    /// One of the [`Limits`], by name.
    #[error("too much: {0}")]
    Limit(&'static str),
}

/// An incremental reader of one XML stream. After a fault it only repeats the fault.
pub struct Reader {
    parser: Parser,
    limits: Limits,
    started: bool,
    /// The stanza being read, outermost element first, each without the one that follows it here.
    open: Vec<Element>,
    elements: usize,
    /// Bytes of the current stanza that events have accounted for.
    stanza_bytes: usize,
    /// Bytes the parser took and gave no event for yet.
    pending_bytes: usize,
    fault: Option<Fault>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("started", &self.started)
            .field("depth", &self.open.len())
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// A reader at the start of a stream.
    pub fn new(limits: Limits) -> Self {
        let options = Options { max_token_length: TOKEN_BYTES, ..Options::default() };
        let mut parser = Parser::with_options(options);
        parser.set_text_buffering(false);
        Self {
            parser,
            limits,
            started: false,
            open: Vec::new(),
            elements: 0,
            stanza_bytes: 0,
            pending_bytes: 0,
            fault: None,
        }
    }

    /// Other limits from the next byte on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether all that was read is whole: no stanza and no tag is open. It is not so before the header.
    pub fn is_between_stanzas(&self) -> bool {
        self.started && self.fault.is_none() && self.open.is_empty() && self.stanza_bytes + self.pending_bytes == 0
    }

    /// Reads up to the end of the next frame and cuts what it took off `bytes`; `None` once all is taken and no
    /// frame is complete. The header's and a stanza's last byte is the last one taken.
    pub fn feed(&mut self, bytes: &mut &[u8]) -> Result<Option<Frame>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let outcome = self.advance(bytes);
        if let Err(fault) = outcome {
            self.fault = Some(fault);
            self.open = Vec::new();
        }
        outcome
    }

    fn advance(&mut self, bytes: &mut &[u8]) -> Result<Option<Frame>, Fault> {
        if !self.started && self.stanza_bytes + self.pending_bytes == 0 {
            // What follows the element that ended the stream before this one.
            *bytes = bytes.trim_ascii_start();
        }
        loop {
            let (portion, _) = bytes.split_at(bytes.len().min(PORTION_BYTES));
            let mut rest = portion;
            let outcome = self.parser.parse(&mut rest, false);
            let taken = portion.len() - rest.len();
            *bytes = &bytes[taken..];
            self.pending_bytes += taken;
            match outcome {
                Ok(Some(event)) => {
                    self.account(event.metrics().len())?;
                    if let Some(frame) = self.take(event)? {
                        return Ok(Some(frame));
                    }
                }
                Ok(None) => return Ok(None),
                Err(EndOrError::NeedMoreData) => {
                    self.account(0)?;
                    if bytes.is_empty() {
                        return Ok(None);
                    }
                }
                Err(EndOrError::Error(error)) => return Err(Fault::Xml(error)),
            }
        }
    }

    fn account(&mut self, event_bytes: usize) -> Result<(), Fault> {
        self.pending_bytes = self.pending_bytes.saturating_sub(event_bytes);
        self.stanza_bytes += event_bytes;
        within(self.pending_bytes, self.limits.tag_bytes, "bytes in a tag")?;
        within(self.stanza_bytes + self.pending_bytes, self.limits.stanza_bytes, "bytes in a stanza")
    }

    fn take(&mut self, event: Event) -> Result<Option<Frame>, Fault> {
        match event {
            Event::XmlDeclaration(..) => Ok(None),
            Event::StartElement(_, (namespace, name), attributes) => {
                self.start(Element::from_parts(namespace, name, attributes))
            }
            Event::Text(_, text) => self.text(text).map(|()| None),
            Event::EndElement(_) => Ok(self.end()),
        }
    }

    fn start(&mut self, element: Element) -> Result<Option<Frame>, Fault> {
        self.elements += 1;
        within(self.elements, self.limits.elements, "elements in a stanza")?;
        within(self.open.len() + 1, self.limits.depth, "levels of elements")?;
        within(element.attributes().len(), self.limits.attributes, "attributes of an element")?;
        let names = element.attributes().map(|(_, name, _)| name.len());
        let longest = names.chain([element.name().len()]).max().unwrap_or(0);
        within(longest, self.limits.name_bytes, "bytes in a name")?;
        if self.started {
            self.open.push(element);
            return Ok(None);
        }
        self.started = true;
        self.reset();
        Ok(Some(Frame::Open(element)))
    }

    fn text(&mut self, text: String) -> Result<(), Fault> {
        match self.open.last_mut() {
            Some(element) => element.push(Node::Text(text)),
            None if text.bytes().all(|byte| byte.is_ascii_whitespace()) => self.reset(),
            None => return Err(Fault::StrayText),
        }
        Ok(())
    }

    fn end(&mut self) -> Option<Frame> {
        let Some(element) = self.open.pop().map(Element::complete) else { return Some(Frame::Close) };
        if let Some(parent) = self.open.last_mut() {
            parent.push(Node::Element(element));
            return None;
        }
        self.reset();
        Some(Frame::Element(element))
    }

    fn reset(&mut self) {
        self.elements = 0;
        self.stanza_bytes = 0;
    }
}

fn within(count: usize, limit: usize, what: &'static str) -> Result<(), Fault> {
    if count > limit { Err(Fault::Limit(what)) } else { Ok(()) }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
