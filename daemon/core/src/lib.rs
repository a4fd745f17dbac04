//! The deciding half of xmppd: pure state machines that turn inputs and the time into outputs.
//! Sockets, clocks, files, buses and randomness are the shell's (`xmppd`), which drives this crate.

pub mod entropy;
pub mod players;
pub mod presence;
pub mod secret;
pub mod template;
pub mod text;
pub mod time;
pub mod tune;
pub mod xml;
