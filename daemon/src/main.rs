//! The xmppd daemon.

#[expect(dead_code, reason = "the account actor is not integrated yet")]
mod transport;

fn main() {}
