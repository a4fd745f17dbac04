//! Rooms on every server: in and out, each word once whatever happens, and how one is put out.

mod corrected;
mod presence;
mod refusals;
mod remarks;
mod stage;
mod survival;
mod words;
