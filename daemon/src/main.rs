//! .
#[allow(dead_code)]
mod bus;
#[allow(dead_code)]
mod players;
fn main() {}
