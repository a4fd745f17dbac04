//! The daemon's entry.

mod account;
mod api;
mod bus;
mod config;
mod dbus;
mod host;
mod hub;
mod lock;
mod log;
mod notify;
mod places;
mod players;
mod secret;
mod store;
#[cfg(test)]
mod testing;
mod transport;

fn main() {}
