//! The daemon's entry.

#[allow(dead_code)]
mod api;
#[allow(dead_code, unused_imports)]
mod rpc;

fn main() {}
