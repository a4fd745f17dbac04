//! XML as RFC 6120 section 11 restricts it: a small owned tree, a bounded incremental reader and a writer.
//! What elements mean is left to [`crate::stanza`] and [`crate::stream`].

mod element;
pub mod ns;
pub mod reader;
#[cfg(test)]
pub(crate) mod testing;
pub mod writer;

pub use element::{Element, Node};
pub use reader::{Fault, Frame, Limits, Reader};
