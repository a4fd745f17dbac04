//! .
#[allow(dead_code)]
mod api;
#[allow(dead_code)]
mod bus;
#[allow(dead_code)]
mod dbus;
#[allow(dead_code)]
mod players;
fn main() {}
