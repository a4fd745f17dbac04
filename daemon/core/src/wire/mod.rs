//! What crosses an account's wire, made fit to be shown: bytes of either direction become whole elements ([`Framer`]),
//! secrets in them are masked, and each is written on one line. Who watches, and how much waits for whom, is the shell's.

mod framer;
mod mask;

pub use framer::{Framer, Piece};
pub use mask::MASK;

use crate::xml::{Element, Frame, writer};

impl Piece {
    /// As it is, written anew; bytes that could not be read stand as they came, as far as they are text.
    pub fn text(&self) -> String {
        match self {
            Self::Frame(frame) => frame_text(frame),
            Self::Unreadable(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    /// The same without secrets: what authenticates, tokens, passwords, and what messages say. Nothing is told of bytes
    /// that could not be read but their number.
    pub fn masked(self) -> String {
        match self {
            Self::Frame(mut frame) => {
                match &mut frame {
                    Frame::Open(element) | Frame::Element(element) => mask::mask(element),
                    Frame::Close => {}
                }
                frame_text(&frame)
            }
            Self::Unreadable(bytes) => format!("<!-- {} bytes that are no XML -->", bytes.len()),
        }
    }
}

fn frame_text(frame: &Frame) -> String {
    match frame {
        Frame::Open(root) => start_tag(root),
        Frame::Element(element) => writer::to_string(element),
        Frame::Close => writer::CLOSE.to_owned(),
    }
}

fn start_tag(root: &Element) -> String {
    // A root has no content when it opens, so it is written as an empty element.
    let mut text = writer::to_string(root);
    if text.ends_with("/>") {
        text.truncate(text.len() - 2);
        text.push('>');
    }
    text
}
