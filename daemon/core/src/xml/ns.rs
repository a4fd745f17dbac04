//! The XML namespaces this program knows, each named once.

/// RFC 6120: the content namespace of a client's stream.
pub const CLIENT: &str = "jabber:client";
/// RFC 6120: the stream element and its features and errors.
pub const STREAM: &str = "http://etherx.jabber.org/streams";
