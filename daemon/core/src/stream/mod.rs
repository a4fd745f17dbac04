//! The stream itself: its header, its features, its errors. Which step follows which is
//! [`crate::negotiation`]'s; what travels inside is in [`crate::stanza`].

pub mod error;
pub mod features;
pub mod header;
