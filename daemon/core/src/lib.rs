//! The deciding half of xmppd: pure state machines that turn inputs and the time into outputs.
//! Sockets, clocks, files, buses and randomness are the shell's (`xmppd`), which drives this crate.

pub mod account;
pub mod backoff;
mod conditions;
pub mod entropy;
pub mod identity;
pub mod idle;
pub mod loss;
pub mod management;
pub mod negotiation;
pub mod notices;
pub mod pep;
pub mod players;
pub mod presence;
pub mod requests;
pub mod sasl;
pub mod secret;
pub mod srv;
pub mod stanza;
pub mod stream;
pub mod template;
pub mod text;
pub mod time;
pub mod tune;
pub mod upload;
pub mod wire;
pub mod xml;
