//! The daemon's entry.

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
#[cfg(test)]
mod testing;

fn main() {}
