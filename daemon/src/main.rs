//! The daemon's entry.

#[allow(dead_code, unused_imports)]
mod config;
#[allow(dead_code)]
mod host;
#[allow(dead_code)]
mod lock;
#[allow(dead_code)]
mod log;
#[allow(dead_code)]
mod notify;
#[allow(dead_code)]
mod places;
#[allow(dead_code)]
mod secret;
#[allow(dead_code, unused_imports)]
mod store;
#[cfg(test)]
mod testing;

fn main() {}
