//! `xmppctl` as people and scripts run it, against a daemon of scripted lines.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod contacts;
mod endings;
mod layers;
mod messages;
mod support;
mod tunes;
mod verbs;
mod wire;
