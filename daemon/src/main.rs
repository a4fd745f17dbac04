//! The daemon's entry.

mod account;
mod config;
mod host;
mod lock;
mod log;
mod notify;
mod places;
mod secret;
mod store;
#[cfg(test)]
mod testing;
mod transport;

fn main() {}
