//! What the black-box tests drive `xmppd` and `xmppctl` with: real servers, a real bus, real players, a contact that
//! is not ours, and the faults between them.
//!
//! Every value here that starts a program ends it, and what that program started, when it is dropped. The tests
//! themselves are in `tests/tests`.

pub mod account;
pub mod browser;
pub mod bus;
pub mod certificate;
pub mod compositor;
pub mod contact;
pub mod cost;
pub mod daemon;
pub mod injected;
pub mod missing;
pub mod netns;
pub mod player;
pub mod process;
pub mod profanity;
pub mod random;
pub mod readme;
pub mod relay;
pub mod schema;
pub mod screen;
pub mod scripted_server;
pub mod server;
pub mod service;
pub mod small_disk;
pub mod talk;
pub mod trips;
pub mod user_manager;
pub mod verona;
pub mod wait;
pub mod web;
