//! Now playing, from a real bus and real players to what a contact sees, on real servers.

mod carriers;
mod choosing;
mod contacts;
mod filter;
mod giants;
mod hostile;
mod latency;
mod metadata;
mod nodes;
mod page;
mod real;
mod stage;
mod strangers;
mod switching;
mod webhook;
mod wishes;
